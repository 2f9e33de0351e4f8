"""How the page is made: light, still, readable in light and dark, calm on request, and clean under its policy."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from page.browser import Alex, Open
from page.site_server import STATIC, Site, problem
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Contrast of each text with what is really behind it, by painting both; large text needs 3, the rest 4.5 (WCAG AA).
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const paint = (...colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => rgb.map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({visibilityProperty: true})) continue;
    if (element.closest('noscript, .unseen, .signal-words, :disabled, option')) continue;
    const style = getComputedStyle(element);
    const behind = [];
    let opacity = 1;
    for (let e = element; e; e = e.parentElement) {
      behind.unshift(getComputedStyle(e).backgroundColor);
      opacity *= Number(getComputedStyle(e).opacity);
    }
    const ground = paint(...behind);
    canvas.globalAlpha = opacity;
    canvas.fillStyle = style.color;
    canvas.fillRect(0, 0, 1, 1);
    canvas.globalAlpha = 1;
    const text = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    const [light, dark] = [luminance(text), luminance(ground)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (light + 0.05) / (dark + 0.05);
    found.push({text: walker.currentNode.data.trim().slice(0, 40), ratio, needs: large ? 3 : 4.5});
  }
  return found;
}"""


async def assert_readable(alex: Alex) -> None:
    """Check the contrast of everything that can be read now."""
    await alex.page.wait_for_timeout(300)  # let colours finish fading
    found = await alex.page.evaluate(CONTRAST)

    assert len(found) >= 3
    assert [f for f in found if f["ratio"] < f["needs"]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_contrast(open_page: Open, site: Site, scheme: str) -> None:
    """Every text in every kind of state has AA contrast, in light and dark."""
    alex = await open_page(color_scheme=scheme)
    await assert_readable(alex)
    await alex.button("Talk to Alex").hover()
    await assert_readable(alex)
    await alex.connected()
    await alex.standin("s => s.caption('alex', 'a', ['Hello, I am Alex.'])")
    await alex.standin("s => s.caption('you', 'u', ['What is the'], {ends: 'open'})")
    await assert_readable(alex)
    await alex.button("Mute me").click()
    await assert_readable(alex)
    await alex.button("Hang up").hover()
    await assert_readable(alex)
    await alex.standin("s => s.emit('Disconnected', undefined)")
    await assert_readable(alex)


async def test_window_stands_still_while_a_call_is_made(open_page: Open) -> None:
    """From the first click to the wait for Alex nothing jumps."""
    for viewport in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}, {"width": 320, "height": 568}):
        alex = await open_page(viewport=viewport, plan={"microphone": "asking"})
        window = alex.page.locator("#avatar")
        before = await window.bounding_box()
        await alex.button("Talk to Alex").click()
        await expect(alex.heading).to_have_text("May I hear you?")

        assert await window.bounding_box() == before


async def test_less_motion_on_request(open_page: Open) -> None:
    """With reduced motion nothing in the avatar runs by itself, and it still shows who speaks."""
    alex = await open_page(reduced_motion="reduce")
    await alex.connected("thinking")
    await expect(alex.heading).to_have_text("Thinking")
    await alex.page.wait_for_timeout(1500)
    running = "() => document.getAnimations().filter((a) => a.playState === 'running').length"
    rays = "() => [...document.querySelectorAll('.ray')].map((r) => r.x2.baseVal.value.toFixed(0)).join()"
    assert await alex.page.evaluate(running) == 0
    first = await alex.page.evaluate(rays)
    await alex.page.wait_for_timeout(700)

    assert await alex.page.evaluate(rays) == first


async def test_policy_is_enough_and_never_violated(open_page: Open, site: Site) -> None:
    """A call, its end and a refusal need nothing that the strict policy forbids."""
    alex = await open_page()
    await alex.page.evaluate(
        "() => { globalThis.broken = [];"
        " addEventListener('securitypolicyviolation', (e) => broken.push(e.violatedDirective)) }"
    )
    await alex.connected("speaking")
    await alex.standin("s => { s.voice(); s.caption('alex', 'a', ['Hello.']) }")
    await alex.page.get_by_label("Volume").fill("40")
    await alex.button("Hang up").click()
    site.answers = [problem(403, "no")]
    await alex.button("Talk again").click()
    await expect(alex.heading).to_have_text("This call is not allowed")

    assert await alex.page.evaluate("() => broken") == []
    alex.complaints.clear()  # Chromium logs the 403 itself


async def test_page_works_before_the_sdk_is_there(open_page: Open) -> None:
    """The button answers at once on a slow line: the SDK comes behind everything that can be seen."""
    alex = await open_page(plan={"microphone": "asking"})
    await alex.page.route("**/static/vendor/**", lambda _: None)  # never answers
    await alex.page.reload(wait_until="commit")
    await alex.button("Talk to Alex").click()

    await expect(alex.heading).to_have_text("May I hear you?")


class Markup(HTMLParser):
    """What the page's policy would refuse, and what a screen reader would miss."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect inline styles, handlers and scripts, and ids."""
        names = dict(attrs)
        if tag == "style" or "style" in names or any(n.startswith("on") for n in names):
            self.refused.append(self.get_starttag_text() or tag)
        if tag == "script" and "src" not in names:  # no data either: what the page needs it finds in its attributes
            self.refused.append("inline script")
        if names.get("id"):
            self.ids.append(str(names["id"]))


async def test_markup_is_clean() -> None:
    """No inline style, handler or script; each id once; the vendored SDK and font carry their licences."""
    markup = Markup()
    markup.feed((STATIC / "index.html").read_text())

    assert markup.refused == []
    assert sorted(set(markup.ids)) == sorted(markup.ids)
    for licence in ("vendor/livekit-client-2.23.0.LICENSE", "fonts/bricolage-grotesque-5.3.0.LICENSE"):
        assert (STATIC / licence).stat().st_size > 1000
