"""The page with a keyboard alone, with a screen reader, and on every screen. With a stand-in room."""

from __future__ import annotations

import pytest
from page.browser import Open
from page.states import TURN
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_screen_reader_hears_turning_points_only(open_page: Open) -> None:
    """The live region speaks when the call changes, and stays quiet while Alex listens, thinks and speaks."""
    alex = await open_page()
    await alex.page.evaluate(
        """() => {
          globalThis.said = [];
          const region = document.querySelector('[role=status]');
          new MutationObserver(() => said.push(region.textContent)).observe(region, {childList: true});
        }"""
    )
    await alex.connected()
    await expect(alex.page.get_by_role("status")).to_have_text("Alex is on the line.")
    for state in ["thinking", "speaking", "listening"] * 3:
        await alex.standin("(s, state) => s.state(state)", state)
        await alex.page.wait_for_timeout(60)
    await alex.page.wait_for_timeout(400)
    said = await alex.page.evaluate("() => said")

    assert said[-1] == "Alex is on the line."
    assert len(said) <= 2


async def test_keyboard_alone(open_page: Open) -> None:
    """A whole call works with Tab, Enter and Space, and the focus is never lost."""
    alex = await open_page()
    keyboard = alex.page.keyboard
    await keyboard.press("Tab")
    await expect(alex.page.get_by_label("Language of this page")).to_be_focused()
    await keyboard.press("Tab")
    await expect(alex.button("Sound and microphone")).to_be_focused()
    await keyboard.press("Tab")
    await expect(alex.button("Talk to Alex")).to_be_focused()
    await keyboard.press("Enter")
    await alex.page.wait_for_selector('[data-phase="waiting"]')
    await alex.standin("s => s.joins('listening')")
    await expect(alex.page.locator("#stage")).to_be_focused()
    await keyboard.press("Tab")
    await expect(alex.button("Mute me")).to_be_focused()
    await keyboard.press("Space")
    await expect(alex.heading).to_have_text("You are muted")
    for _ in range(3):
        await keyboard.press("Tab")
    await expect(alex.button("Hang up")).to_be_focused()
    await keyboard.press("Enter")
    await expect(alex.heading).to_have_text("Bye for now!")
    await keyboard.press("Tab")

    await expect(alex.button("Talk again")).to_be_focused()


@pytest.mark.parametrize(
    ("width", "height"), [(320, 568), (390, 844), (844, 390), (640, 400), (820, 1180), (1280, 800)]
)
async def test_fits_every_screen(open_page: Open, width: int, height: int) -> None:
    """Nothing is cut off from a small phone to a desktop, lying down, and at 200 % zoom (640 by 400)."""
    alex = await open_page(viewport={"width": width, "height": height})
    too_wide = "() => document.documentElement.scrollWidth - innerWidth"
    assert await alex.page.evaluate(too_wide) <= 0
    await expect(alex.button("Talk to Alex")).to_be_in_viewport(ratio=1)
    await expect(alex.button("Type instead")).to_be_in_viewport(ratio=1)
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['Donaudampfschifffahrtsgesellschaftskapitän '.repeat(5)])")
    await alex.standin(f"s => s.turn({TURN})")
    await alex.page.get_by_text("How quick was that?").click()
    for control in ("Mute me", "Mute Alex", "Hang up", "Send"):
        await expect(alex.button(control)).to_be_in_viewport(ratio=1)

        await alex.button(control).click(trial=True)  # nothing lies over it
    assert await alex.page.evaluate(too_wide) <= 0
    await alex.button("Mute me").click()
    await expect(alex.button("Hang up")).to_be_in_viewport(ratio=1)

    await alex.button("Hang up").click(trial=True)


async def test_panel_keeps_the_keyboard(open_page: Open) -> None:
    """The dialog takes the focus, keeps it, gives it back on Escape, and every part of it has a name."""
    alex = await open_page()
    opener = alex.button("Sound and microphone")
    await opener.focus()
    await alex.page.keyboard.press("Enter")
    panel = alex.page.get_by_role("dialog", name="Sound and microphone")
    await expect(panel).to_be_visible()
    for _ in range(9):
        await alex.page.keyboard.press("Tab")
        inside = "() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        assert await alex.page.evaluate(inside)
    await alex.page.keyboard.press("Escape")

    await expect(panel).to_be_hidden()
    await expect(opener).to_be_focused()


@pytest.mark.parametrize(("width", "height"), [(320, 568), (640, 400)])
async def test_panel_fits(open_page: Open, width: int, height: int) -> None:
    """The dialog fits a small phone and a window at 200 %, if need be by scrolling up and down, never sideways."""
    alex = await open_page(viewport={"width": width, "height": height}, locale="de-DE")
    await alex.button("Ton und Mikrofon").click()
    done = alex.button("Fertig")
    await done.scroll_into_view_if_needed()
    await expect(done).to_be_in_viewport(ratio=1)

    panel = alex.page.locator("#panel")
    assert await panel.evaluate("p => p.scrollWidth - p.clientWidth") <= 0


async def test_text_twice_as_large(open_page: Open) -> None:
    """With letters of twice the size everything is there, nothing is cut off sideways, and buttons can be pressed."""
    alex = await open_page(viewport={"width": 1280, "height": 800})
    await alex.page.evaluate(
        "() => { const s = new CSSStyleSheet(); s.replaceSync('html { font-size: 200% }');"
        " document.adoptedStyleSheets = [s] }"
    )
    await alex.connected()
    for control in ("Mute me", "Mute Alex", "Hang up", "Send"):
        await alex.button(control).scroll_into_view_if_needed()
        await alex.button(control).click(trial=True)

    assert await alex.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
