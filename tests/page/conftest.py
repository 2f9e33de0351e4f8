"""A headless Chromium with a fake microphone, and the page it opens."""

from __future__ import annotations

import math
import os
import shutil
import struct
import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Locator, Page, ViewportSize, async_playwright

sys.path.insert(0, str(Path(__file__).parent))

from site_server import Site  # noqa: E402

STANDIN = Path(__file__).with_name("standin.js")
SDK = "**/static/vendor/livekit-client-*.umd.js"

DESKTOP: ViewportSize = {"width": 1280, "height": 800}


@dataclass
class Alex:
    """An open page: what a person sees on it, and the stand-in behind it."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    @property
    def heading(self) -> Locator:
        return self.page.locator("#heading")

    @property
    def hint(self) -> Locator:
        return self.page.locator("#hint")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def standin(self, script: str, argument: object = None) -> Any:
        """Run `s => …` with the stand-in as `s`."""
        return await self.page.evaluate(f"([a]) => (({script})(globalThis.standin, a))", [argument])

    async def connected(self, mood: str = "listening") -> None:
        """Be in a call with the stand-in's Alex."""
        await self.button("Talk to Alex").click()
        await self.page.wait_for_selector('[data-phase="waiting"]')
        await self.standin("(s, mood) => s.joins(mood)", mood)


Open = Callable[..., Awaitable[Alex]]


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record what the fake microphone says in a loop: two seconds of silence, three of a voice-like tone."""
    path = tmp_path_factory.mktemp("microphone") / "tone.wav"
    rate = 48_000
    samples = [0] * (2 * rate) + [
        int(9000 * math.sin(2 * math.pi * 220 * i / rate) * (0.6 + 0.4 * math.sin(2 * math.pi * 4 * i / rate)))
        for i in range(3 * rate)
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(microphone: Path) -> AsyncIterator[Browser]:
    """Start Chromium once for all tests."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.fail("Chromium is missing: install it (Debian: apt-get install chromium) or set CHROMIUM to its path")
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(
            executable_path=chromium,
            headless=True,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )


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
        page = await own.new_page()
        alex = Alex(page, site)
        opened.append(alex)
        page.on("console", lambda m: alex.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: alex.complaints.append(str(error)))
        if not real:
            await page.add_init_script(f"globalThis.standinPlan = {plan_of(plan)}")
            await page.route(SDK, lambda route: route.fulfill(path=STANDIN, content_type="text/javascript"))
        await page.goto(site.url)
        return alex

    yield open_
    complaints = [text for alex in opened for text in alex.complaints]
    for own in contexts:
        await own.close()

    assert complaints == []


def plan_of(plan: dict[str, object] | None) -> str:
    """Write the stand-in's plan as JavaScript."""
    import json

    return json.dumps(plan or {})
