"""The README's picture of the page is what the page looks like now, and who changes the page is told when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from chromium import chromium
from page.screenshot import PICTURE, Difference, difference, picture, scene, take
from page.site_server import Site
from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="session")

OUT = Path(__file__).parents[1] / "out" / "page"

# What somebody may do to the look of the page and no screen reader would tell: an element, a property and its value.
LOOKS = (
    ("#microphone", "opacity", "0"),
    ("#compose button svg", "opacity", "0"),
    (".mouth", "opacity", "0"),
    (".hang-up", "background-color", "#c03028"),
    ("#hint", "font-size", "18px"),
    ("#heading", "font-weight", "600"),
    ("#hint", "transform", "translateY(4px)"),
    (".line", "border-radius", "0"),
    ("html", "filter", "brightness(0.97)"),
)
# And to what it says.
WORDS = (
    ("#hint", "e => { e.textContent = 'You can interrupt at times.' }"),
    ("#microphone", "e => { e.setAttribute('aria-label', 'Be quiet') }"),
    ("#volume", "e => { e.value = 90 }"),
    ("#dock", "e => { e.remove() }"),
)


async def test_picture_of_the_readme_is_current(browser: Browser, site: Site) -> None:
    """The picture shows the page as it is: its words and controls, and in every place its shapes and colours."""
    now = await take(browser, site)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "readme.png").write_bytes(now)
    found = difference(PICTURE.read_bytes(), now)

    assert not found.is_seen, (
        f"{PICTURE.name} shows another page: {found}. Look at tests/out/page/readme.png, and "
        "let `tests/run screenshot` take the picture anew if that is what the page should look like"
    )


async def test_other_looks_are_noticed(browser: Browser, site: Site) -> None:
    """A page whose look is changed in one place, or that is in the dark, is another picture, whatever it says."""
    async with scene(browser, site) as page:
        before = await picture(page)
        assert difference(before, await picture(page)) == Difference(words=False, most=0, mean=0)
        found = {}
        for element, name, value in LOOKS:
            changed = page.locator(element).first
            await changed.evaluate("(e, [name, value]) => e.style.setProperty(name, value)", [name, value])
            found[element, name] = difference(before, await picture(page))
            await changed.evaluate("(e, name) => e.style.removeProperty(name)", name)
        assert not difference(before, await picture(page)).is_seen  # all is as it was, so that each stood for itself
        await page.emulate_media(color_scheme="dark")
        found["html", "color-scheme"] = difference(before, await picture(page))

    assert [change for change, seen in found.items() if not seen.is_seen] == [], found
    assert [change for change, seen in found.items() if seen.words] == [], "this is of looks alone"


async def test_other_words_are_noticed(browser: Browser, site: Site) -> None:
    """A word, a name, a value or a control that is another makes another picture, however little of it is seen."""
    async with scene(browser, site) as page:
        for element, script in WORDS:
            before = await picture(page)
            await page.locator(element).evaluate(script)

            assert difference(before, await picture(page)).words, script


async def test_other_letters_are_the_same_picture(browser: Browser, site: Site) -> None:
    """What a Chromium takes that puts its letters only on whole pixels differs, and is the same picture still."""
    here = await take(browser, site)
    async with chromium("--disable-font-subpixel-positioning") as other:
        found = difference(here, await take(other, site))

    assert found.most > 0
    assert not found.is_seen, found
