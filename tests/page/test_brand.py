"""An operator's own name, words, colours and links are the page's own, and can be read."""

from __future__ import annotations

import pytest
from alex_web.brand import Brand
from page.browser import Open
from page.site_server import Site
from page.test_look import assert_readable
from page.test_pictures import OUT, assert_accessible
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

BRAND = Brand(
    name="Juno",
    maker="Example & Söhne",
    greeting="Ask me about your order <today>.",
    accent="#0a5bd6",
    background="#e8f0ff",
    background_dark="#0c1626",
    links={"imprint": "https://example.com/imprint", "Our <shop>": "https://shop.example.com/?a=1&b=2"},
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_brand_is_everywhere(open_page: Open, site: Site, scheme: str) -> None:
    """The page carries the brand's name, first words, colours and links, under the same strict policy."""
    site.brand = BRAND
    alex = await open_page(color_scheme=scheme)
    await expect(alex.heading).to_have_text("Hi, I'm Juno.")
    await expect(alex.hint).to_have_text("Ask me about your order <today>.")
    await expect(alex.page).to_have_title("Talk to Juno")
    await expect(alex.page.locator(".wordmark")).to_have_text("Juno by Example & Söhne")
    await expect(alex.page.get_by_role("link", name="Imprint")).to_have_attribute("href", "https://example.com/imprint")
    link = alex.page.get_by_role("link", name="Our <shop>")
    await expect(link).to_have_attribute("href", "https://shop.example.com/?a=1&b=2")
    ground = await alex.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(232, 240, 255)", "dark": "rgb(12, 22, 38)"}[scheme]
    await assert_accessible(alex)
    OUT.mkdir(parents=True, exist_ok=True)
    await alex.page.screenshot(path=OUT / f"brand-{scheme}.png")
    await alex.page.get_by_label("Language of this page").select_option("de")
    await expect(alex.heading).to_have_text("Hallo, ich bin Juno.")
    await expect(alex.page.get_by_role("link", name="Impressum")).to_be_visible()
    await alex.button("Mit Juno sprechen").click()
    await alex.page.wait_for_selector('[data-phase="waiting"]')

    await expect(alex.heading).to_have_text("Rufe Juno an…")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "colors",
    [
        {"accent": "#ffff00", "background": "#ffffff", "background_dark": "#000000"},
        {"accent": "#7f7f7f", "background": "#7f7f7f", "background_dark": "#7f7f7f"},
        {"accent": "#000000", "accent_dark": "#101010", "background": "#00aa00", "background_dark": "#ffffff"},
    ],
    ids=["glaring", "grey", "swapped"],
)
async def test_any_colour_can_be_read(open_page: Open, site: Site, colors: dict[str, str], scheme: str) -> None:
    """Whatever colours an operator asks for, text has AA contrast: what cannot be read is corrected."""
    site.brand = Brand.model_validate(colors)
    alex = await open_page(color_scheme=scheme)
    await assert_readable(alex)
    await alex.button("Talk to Alex").hover()
    await assert_readable(alex)
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['Hello, I am Alex.'])")

    await assert_readable(alex)
