"""What a test of the page holds in its hands: an open page, and what a person sees on it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from page.console import complains
from page.site_server import Site
from playwright.async_api import BrowserContext, Locator, Page

STANDIN = Path(__file__).with_name("standin.js")
SDK = "**/static/vendor/livekit-client-*.umd.js"


@dataclass
class Alex:
    """An open page, the site it came from, and what its console complained about."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    @property
    def heading(self) -> Locator:
        """The large line that says what happens."""
        return self.page.locator("#heading")

    @property
    def hint(self) -> Locator:
        """The line under it that says what to do."""
        return self.page.locator("#hint")

    def button(self, name: str) -> Locator:
        """Find a button by the name a screen reader gives it."""
        return self.page.get_by_role("button", name=name, exact=True)

    async def standin(self, script: str, argument: object = None) -> Any:
        """Run `s => …` with the stand-in as `s`."""
        return await self.page.evaluate(f"([a]) => (({script})(globalThis.standin, a))", [argument])

    async def connected(self, mood: str = "listening") -> None:
        """Be in a call with the stand-in's Alex."""
        await self.button("Talk to Alex").click()
        await self.page.wait_for_selector('[data-phase="waiting"]')
        await self.standin("(s, mood) => s.joins(mood)", mood)


async def prepare(context: BrowserContext, site: Site, plan: dict[str, object] | None = None) -> Alex:
    """Make a page with the stand-in in the place of the SDK, for whoever opens it."""
    alex = await watched(context, site)
    await alex.page.add_init_script(f"globalThis.standinPlan = {json.dumps(plan or {})}")
    await alex.page.route(SDK, lambda route: route.fulfill(path=STANDIN, content_type="text/javascript"))
    return alex


async def watched(context: BrowserContext, site: Site) -> Alex:
    """Make a page that remembers what its console complains about."""
    alex = Alex(await context.new_page(), site)
    alex.page.on("pageerror", lambda error: alex.complaints.append(str(error)))
    alex.page.on("console", lambda line: alex.complaints.append(line.text) if complains(line) else None)
    return alex


Open = Callable[..., Awaitable[Alex]]
