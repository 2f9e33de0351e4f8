"""A headless Chromium with a fake microphone, and the page it opens."""

from __future__ import annotations

import math
import random
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from chromium import chromium
from page.browser import Alex, Open, prepare, watched
from page.site_server import Site
from playwright.async_api import Browser, BrowserContext, ViewportSize

DESKTOP: ViewportSize = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record what the fake microphone hears in a loop: a second of silence, three of babble."""
    path = tmp_path_factory.mktemp("microphone") / "babble.wav"
    rate = 48_000
    samples = [0.0] * rate + babble(rate, 3.0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *(int(s * 30_000) for s in samples)))
    return path


def babble(rate: int, seconds: float) -> list[float]:
    """Make sound that passes a browser's noise suppression as a voice: harmonics of a wandering pitch, in syllables.

    A steady tone does not; Chromium takes it for noise and removes it.
    """
    choice = random.Random(7)
    sound: list[float] = []
    phase = 0.0
    while len(sound) < rate * seconds:
        pitch, length = choice.uniform(100, 190), int(rate * choice.uniform(0.12, 0.24))
        formants = [choice.uniform(300, 800), choice.uniform(900, 2300)]
        weights = [sum(math.exp(-(((k * pitch - f) / 160) ** 2)) for f in formants) + 0.05 for k in range(1, 24)]
        for i in range(length):
            phase += 2 * math.pi * pitch * (1 + 0.06 * i / length) / rate
            envelope = math.sin(math.pi * i / length) ** 0.7
            sound.append(0.18 * envelope * sum(w * math.sin(phase * (k + 1)) for k, w in enumerate(weights)))
        sound += [0.0] * int(rate * choice.choice([0.03, 0.06, 0.2]))
    return [max(-1.0, min(1.0, s)) for s in sound[: int(rate * seconds)]]


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(microphone: Path) -> AsyncIterator[Browser]:
    """Start Chromium once for all tests."""
    async with chromium(f"--use-file-for-fake-audio-capture={microphone}") as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Site]:
    """Serve the page with its strict headers."""
    site = Site()
    await site.start()
    yield site
    await site.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, site: Site) -> AsyncIterator[Open]:
    """Open the page as often as a test likes; whatever its console complains about fails the test."""
    contexts: list[BrowserContext] = []
    opened: list[Alex] = []

    async def open_(*, real: bool = False, plan: dict[str, object] | None = None, **context: Any) -> Alex:
        own = await browser.new_context(**{"viewport": DESKTOP, **context})
        contexts.append(own)
        alex = await (watched(own, site) if real else prepare(own, site, plan))
        opened.append(alex)
        await alex.page.goto(site.url)
        return alex

    yield open_
    complaints = [text for alex in opened for text in alex.complaints]
    for own in contexts:
        await own.close()

    assert complaints == []
