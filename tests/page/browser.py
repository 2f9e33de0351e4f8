"""What a test of the page holds in its hands: an open page, and what a person sees on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from page.site_server import Site
from playwright.async_api import Locator, Page


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


Open = Callable[..., Awaitable[Alex]]
