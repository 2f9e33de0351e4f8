"""Every state, on a phone in the light and a desktop in the dark: the right words, no rule of axe broken, a picture.

The pictures are in tests/out/page, for whoever changes the page to look at.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alex_web.page import words_of
from page.browser import Alex, Open
from page.site_server import STATIC, Site
from page.states import STATES, State
from playwright.async_api import ViewportSize, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

OUT = Path(__file__).parents[1] / "out" / "page"
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
ENGLISH = words_of((STATIC / "lang/en.js").read_text())

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


def words(state: State) -> dict[str, Any]:
    """Give the heading and the hint of a state."""
    kind, name = state.words.split(".")
    found: dict[str, Any] = ENGLISH[kind][name]
    return found


async def assert_accessible(alex: Alex, *rules: str) -> None:
    """Let axe look at the page, with all its rules or some."""
    if not await alex.page.evaluate("() => 'axe' in globalThis"):
        await alex.page.evaluate(AXE)
    found = await alex.page.evaluate(
        """async (rules) => (await axe.run(rules.length ? { runOnly: rules } : {})).violations
          .map((v) => [v.id, v.help, v.nodes.map((n) => n.html.slice(0, 120))])""",
        list(rules),
    )

    assert found == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
async def test_state(open_page: Open, site: Site, state: State) -> None:
    """The state can be reached, says what lang/ has for it, and is accessible, wide and narrow, light and dark."""
    if state.answers:
        site.answers = list(state.answers)
    alex = await open_page(plan=state.plan, viewport=PHONE, color_scheme="light", reduced_motion="reduce")
    await state.reach(alex)
    wanted = words(state)["heading"].replace("{name}", "Alex")
    await expect(alex.heading).to_have_text(wanted)
    OUT.mkdir(parents=True, exist_ok=True)
    await alex.page.screenshot(path=OUT / f"{state.name}-phone.png")
    await assert_accessible(alex)
    await alex.page.emulate_media(color_scheme="dark")
    await alex.page.set_viewport_size(DESKTOP)
    await alex.page.screenshot(path=OUT / f"{state.name}-desktop.png")
    await assert_accessible(alex, "color-contrast")  # what else there is has not changed

    alex.complaints.clear()  # Chromium logs refusals itself; other tests look at the console


async def test_axe_finds_what_is_wrong(open_page: Open) -> None:
    """The test above can fail: a button without a name and pale text are found."""
    alex = await open_page()
    await alex.page.evaluate(
        "() => { document.querySelector('.tool').removeAttribute('aria-label');"
        " document.getElementById('hint').style.color = '#e0c0a0' }"
    )
    for rules, found in ((), "button-name"), (("color-contrast",), "color-contrast"):
        with pytest.raises(AssertionError, match=found):
            await assert_accessible(alex, *rules)


async def test_every_state_is_looked_at() -> None:
    """Each heading that lang/ has belongs to a state above, and each problem of problems.js has words."""
    codes = re.findall(r"^  '?([a-z-]+)'?: \[", (STATIC / "js/problems.js").read_text(), re.MULTILINE)

    assert sorted(ENGLISH["problems"]) == sorted(codes)
    assert {state.words for state in STATES} == {f"states.{name}" for name in ENGLISH["states"]} | {
        f"problems.{name}" for name in ENGLISH["problems"]
    }
