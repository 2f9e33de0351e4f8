"""A real Chromium for suites that look at the page, with a microphone that nobody has to allow."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

# Of each window Chromium makes two renderers for what an address bar nobody sees would suggest: half of a second of a
# core. Playwright's own list is replaced by this one; of it is kept what would look for others on the network.
WITHOUT = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "MediaRouter",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
)
OPTIONS = (
    "--no-sandbox",
    "--disable-background-networking",
    f"--disable-features={','.join(WITHOUT)}",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


@asynccontextmanager
async def chromium(*options: str) -> AsyncIterator[Browser]:
    """Start Chromium, with more options than all tests need, and end it."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("Chromium is missing: install it (Debian: apt-get install chromium) or set CHROMIUM to its path")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*OPTIONS, *options])
        try:
            yield browser
        finally:
            await browser.close()
