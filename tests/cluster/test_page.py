"""A person at the page that `k8s/up` printed: Chromium through a real kubectl port-forward."""

from __future__ import annotations

import asyncio
import contextlib
import urllib.request
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import pytest_asyncio
from alex_caller.speech import Voice
from chromium import chromium
from cluster.kube import Kube, eventually, target
from playwright.async_api import Browser, Page, expect
from playwright.async_api import Error as NotOpenError
from playwright.async_api import TimeoutError as NotThereError

RATE_HZ = 24_000
OPEN_ATTEMPTS = 20


@pytest.fixture(name="question")
def recorded_question(tmp_path: Path) -> Path:
    """Return what the fake microphone hears: silence while Alex greets, a question, silence again."""
    samples = Voice().say("What is the capital of Japan?").samples
    silence = np.zeros(RATE_HZ, dtype=np.float32)
    sound = np.concatenate([*[silence] * 8, samples, *[silence] * 20])
    path = tmp_path / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((sound * 32_767).astype("<i2").tobytes())
    return path


@pytest_asyncio.fixture(name="browser")
async def _browser(question: Path) -> AsyncIterator[Browser]:
    """Return a Chromium whose microphone plays the question."""
    async with chromium(f"--use-file-for-fake-audio-capture={question}") as browser:
        yield browser


async def opened(page: Page, url: str) -> None:
    """Open the page; the forward may just be moving to another pod, and for a second nothing listens."""
    for attempt in range(OPEN_ATTEMPTS):
        try:
            await page.goto(url)
            break
        except NotOpenError:
            if attempt == OPEN_ATTEMPTS - 1:
                raise
            await asyncio.sleep(1)


async def test_a_person_talks_through_the_port_forward(alex: Kube, browser: Browser) -> None:
    """Pressing the button at the printed address gives a spoken conversation with captions."""
    page = await browser.new_page()
    await opened(page, f"http://localhost:{target()['page_port']}")
    await page.get_by_role("button", name="Talk to Alex").click()
    # A test before this one replaced the web pod: the forward may move while the page loads. The page says so, and a
    # person does what it offers.
    again = page.get_by_role("button", name="Try again")
    for _ in range(5):
        with contextlib.suppress(NotThereError):
            await again.wait_for(timeout=4_000)
            await again.click()
            continue
        break
    captions = page.locator("#captions")

    await expect(captions).to_contain_text("Alex", timeout=30_000)
    await expect(captions).to_contain_text("Tokyo", timeout=60_000)
    await page.get_by_role("button", name="Hang up").click()


def test_the_forward_follows_the_page_and_leaves_nothing(alex: Kube) -> None:
    """When its pod is replaced the page is back at the same address, and no kubectl stays that nobody would end."""
    [old] = [pod["metadata"]["name"] for pod in alex.pods("web")]
    alex.kubectl("delete", "pod", old, "--timeout=120s")
    url = f"http://localhost:{target()['page_port']}"

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(url, timeout=5).status == 200)
        return False

    eventually("the page is back", answers, 120)
    orphans = [
        process.info["cmdline"]
        for process in psutil.process_iter(["ppid", "cmdline"])
        if process.info["ppid"] == 1 and {"port-forward", "wait"} & set(process.info["cmdline"] or ())
    ]
    assert orphans == []
