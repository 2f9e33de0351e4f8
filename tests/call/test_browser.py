"""A conversation in a real Chromium with a fake microphone: page, web, livekit, agent and models, all of them real."""

from __future__ import annotations

import asyncio
import json
import time
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from chromium import chromium
from hibari import Hibari
from page.console import complains
from playwright.async_api import Browser, Page, expect
from stack import Stack, get

QUESTION = "What is the capital of Japan?"
ANSWER_SECONDS = 40_000  # milliseconds; the greeting, the silence before the question and the question come first


@pytest.fixture(name="question", scope="module")
def _question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record the question as the fake microphone repeats it: six seconds of silence, speech, fifteen of silence."""
    voice = Hibari()
    speech = np.concatenate(list(voice.stream(QUESTION)))
    silence = np.zeros(24_000, dtype=np.float32)
    sound = np.concatenate([*[silence] * 6, speech / np.abs(speech).max() * 0.7, *[silence] * 15])
    path = tmp_path_factory.mktemp("microphone") / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes((sound * 32_767).astype("<i2").tobytes())
    return path


@pytest_asyncio.fixture(name="chromium")
async def _chromium(question: Path) -> AsyncIterator[Browser]:
    async with chromium(f"--use-file-for-fake-audio-capture={question}") as browser:
        yield browser


async def open_page(browser: Browser, stack: Stack) -> tuple[Page, list[str]]:
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if complains(line) else None)
    await page.goto(stack.url)
    return page, complaints


def active(stack: Stack) -> int:
    return int(json.loads(get(f"http://127.0.0.1:{stack.ports['agent_ops']}/capacity")[1])["active"])


async def until(page: Page, condition: Callable[[], Any], seconds: int) -> None:
    for _ in range(seconds * 5):
        if condition():
            return
        await page.wait_for_timeout(200)
    raise AssertionError("the condition never came true")


async def test_a_person_talks_with_alex(local: Stack, chromium: Browser) -> None:
    """Open the page, press the button, ask aloud, hear and read the answer, hang up: the slot is free again."""
    page, complaints = await open_page(chromium, local)
    await page.get_by_role("button", name="Talk to Alex").click()
    captions = page.locator("#captions")
    await expect(captions).to_contain_text("Alex", timeout=20_000)
    assert active(local) == 1
    await expect(captions).to_contain_text("Tokyo", timeout=ANSWER_SECONDS)
    await expect(captions).to_contain_text("Japan")
    heard = await page.evaluate(
        "() => [...document.querySelectorAll('audio')].map(a => [a.paused, a.currentTime, a.srcObject?.active])"
    )

    assert any(not paused and time > 1 and live for paused, time, live in heard), heard
    await page.get_by_role("button", name="Hang up").click()
    await until(page, lambda: active(local) == 0, 20)
    assert complaints == []


async def test_a_person_types_to_alex(local: Stack, chromium: Browser) -> None:
    """What is typed is answered aloud and in the captions."""
    page, complaints = await open_page(chromium, local)
    await page.get_by_role("button", name="Talk to Alex").click()
    await expect(page.locator("#captions")).to_contain_text("Alex", timeout=20_000)
    await page.locator("#field").fill("What is two plus two?")
    await page.locator("#field").press("Enter")
    await expect(page.locator("#captions")).to_contain_text("four", timeout=20_000)
    await page.get_by_role("button", name="Hang up").click()

    await until(page, lambda: active(local) == 0, 20)
    assert complaints == []


async def test_closing_the_page_frees_the_slot(local: Stack, chromium: Browser) -> None:
    """A person who closes the window gives the line back at once, also when the page can say no more to the server."""
    page, _ = await open_page(chromium, local)
    await page.get_by_role("button", name="Talk to Alex").click()
    await expect(page.locator("#captions")).to_contain_text("Alex", timeout=20_000)
    assert active(local) == 1
    await page.evaluate("() => { WebSocket.prototype.send = () => {}; }")
    await page.close(run_before_unload=True)
    deadline = time.monotonic() + 10  # without the beacon LiveKit needs 15 s to miss the caller, and the agent 15 more
    while active(local) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)

    assert active(local) == 0
