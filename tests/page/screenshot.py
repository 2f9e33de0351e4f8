"""The README's picture of the page: how it is taken, and whether one shows what another shows.

Nothing in it depends on the moment or the machine: the clock stands still, motion is off, the sound is written down
below. What is left is how a Chromium draws its letters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO

from page.browser import Alex, prepare
from page.site_server import Site
from page.states import TURN
from PIL import Image, ImageChops, ImageFilter, ImageStat
from PIL.PngImagePlugin import PngInfo
from playwright.async_api import Browser, Page, Route
from stack import ROOT

PICTURE = ROOT / ".github/page.png"
WIDTH, HEIGHT = 1280, 832

OPENED, CALLED = "2026-01-01T12:00:00Z", "2026-01-01T12:01:00Z"
CALL_MS = 24_000

# What the page hears: nothing from the microphone, which is the first to be measured (stage.js), and a vowel from Alex.
SOUND = """() => {
  const order = new WeakMap();
  let analysers = 0;
  const create = AudioContext.prototype.createAnalyser;
  AudioContext.prototype.createAnalyser = function () {
    const made = create.call(this);
    order.set(made, analysers++);
    return made;
  };
  const speaks = (analyser) => order.get(analyser) > 0;
  AnalyserNode.prototype.getFloatTimeDomainData = function (wave) {
    wave.forEach((_, i) => { wave[i] = speaks(this) ? 0.14 * Math.sin(i) : 0; });
  };
  AnalyserNode.prototype.getByteFrequencyData = function (spectrum) {
    spectrum.forEach((_, i) => { spectrum[i] = speaks(this) ? 150 + 60 * Math.cos(i * 1.7) : 0; });
  };
}"""

# In order, each when the one before it can be seen: the follow-up, and a caller who takes the word.
TALK = (
    "s => s.caption('alex', 'a1', ['Hi, I am Alex. How can I help you today?'])",
    "s => s.caption('you', 'u1', ['What is twelve times three?'], {final: true})",
    "s => s.caption('alex', 'a2', ['Twelve times three is thirty six.'])",
    "s => s.caption('you', 'u2', ['Tell me about the Nile.'], {final: true})",
    "s => s.caption('alex', 'a3', ['The Nile is the longest river in'])",
    "s => { s.caption('you', 'u3', ['Wait. Divided by two, I mean.'], {final: true}); s.state('listening') }",
    "s => { s.state('speaking'); s.caption('alex', 'a4', ['Thirty six divided by two is'], {ends: 'open'}) }",
)

# Compared is the mean colour of so many pixels to each side: a letter drawn a little otherwise changes it little.
# Measured, of 255: letters on whole pixels only change a place by 11 at most, a graphics card by 5, and all places by
# 0.1 in the mean. A paler button changes a place by 13, a line that is a pixel larger or 4 pixels lower by 19, what is
# gone by 47 and more; a ground that is 3 % darker changes all by 7.
BLUR = 8
MOST, MEAN = 12, 1.0


@dataclass(frozen=True)
class Difference:
    """How one picture differs from another: by its words and controls, in its worst place, and all over."""

    words: bool
    most: float
    mean: float

    @property
    def is_seen(self) -> bool:
        """Whether it is more than another Chromium's letters make."""
        return self.words or self.most > MOST or self.mean > MEAN


def difference(one: bytes, other: bytes) -> Difference:
    """Compare two pictures."""
    with Image.open(BytesIO(one)) as first, Image.open(BytesIO(other)) as second:
        told = first.info.get("Description") != second.info.get("Description")
        if first.size != second.size:
            return Difference(told, 255, 255)
        blurred = [picture.convert("RGB").filter(ImageFilter.BoxBlur(BLUR)) for picture in (first, second)]
    found = ImageStat.Stat(ImageChops.difference(*blurred))
    return Difference(told, max(high for _, high in found.extrema), sum(found.mean) / len(found.mean))


async def take(browser: Browser, site: Site) -> bytes:
    """Make the call of the picture and take it."""
    async with scene(browser, site) as page:
        return await picture(page)


@asynccontextmanager
async def scene(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """Open the page and come to the moment that is shown."""
    own = await browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        device_scale_factor=1,
        color_scheme="light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    try:
        alex = await prepare(own, site)
        await talk(alex)
        yield alex.page
    finally:
        await own.close()


async def talk(alex: Alex) -> None:
    """Come to the moment that is shown."""
    page = alex.page
    await page.add_init_script(f"({SOUND})()")
    await page.route("**/*.css", with_our_letters)
    await page.clock.install(time=OPENED)
    await page.goto(alex.site.url)
    await page.evaluate("() => document.fonts.ready")
    await page.clock.pause_at(CALLED)
    await alex.connected("speaking")
    await alex.standin("s => { s.voice(); s.quality('excellent') }")
    for number, said in enumerate(TALK, 1):
        await alex.standin(said)
        await page.locator(".line").nth(number - 1).wait_for()
    await alex.standin(f"s => s.turn({TURN})")
    await page.get_by_text("How quick was that?").wait_for()
    await page.clock.run_for(CALL_MS)


async def with_our_letters(route: Route) -> None:
    """Wait for our letters: a first visit, which this always is, would rather go without them than see them late."""
    answer = await route.fetch()
    await route.fulfill(
        response=answer, body=(await answer.text()).replace("font-display: optional", "font-display: block")
    )


async def picture(page: Page) -> bytes:
    """Take a PNG, and keep in it what a screen reader finds on the page."""
    told = PngInfo()
    told.add_itxt("Description", await page.locator("body").aria_snapshot())
    out = BytesIO()
    with Image.open(BytesIO(await page.screenshot(animations="disabled"))) as image:
        image.convert("RGB").save(out, "PNG", pnginfo=told)
    return out.getvalue()
