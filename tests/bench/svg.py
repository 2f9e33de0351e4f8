"""The pieces of a picture: a sheet, boxes, words that fit, colours, and figures with their units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

INK, CALM, GRID, PAPER = "#1f2933", "#616e7c", "#e4e7eb", "#ffffff"
# Grafana's names, dark enough for a white ground.
COLOURS = {
    "green": "#2b8a3e", "yellow": "#c98a00", "red": "#d92d20", "blue": "#1971c2", "orange": "#e8590c",
    "purple": "#7b4fb5", "dark-red": "#8c1c13", "light-red": "#f0716c", "dark-orange": "#a34100", "text": INK,
}  # fmt: skip
FONT = 12
# How wide letters of a sans-serif font are, in parts of its height: those that are not listed are like an n.
LETTERS = dict.fromkeys("iljtfrI.,:;'|!()[] /-", 0.36) | dict.fromkeys("mwMW%@…", 0.9)
LETTER, CAPITAL, BOLD = 0.61, 0.7, 1.1


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture."""

    x: float
    y: float
    w: float
    h: float

    def inside(self, left: float, top: float, right: float, bottom: float) -> Box:
        """Give what is left within margins."""
        return Box(self.x + left, self.y + top, max(self.w - left - right, 1), max(self.h - top - bottom, 1))


def picture(title: str, note: str, width: float, height: float, parts: Sequence[str]) -> str:
    """Put parts on a sheet, with a note of where they come from at its foot."""
    size = f'viewBox="0 0 {number(width)} {number(height + 24)}" width="{number(width)}" height="{number(height + 24)}"'
    style = f'font-family="Helvetica, Arial, sans-serif" font-size="{FONT}" fill="{INK}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style} role="img">',
            f"<title>{escape(title)}</title>",
            '<rect width="100%" height="100%" fill="#f8f9fa"/>',
            *parts,
            text(note, 8, height + 15, colour=CALM, size=FONT - 1),
            "</svg>\n",
        ]
    )


def heading(title: str, box: Box) -> str:
    """Draw the heading of a row of panels."""
    return text(title, box.x, box.y + box.h - 8, size=FONT + 2, weight="bold")


def say(value: float | None, unit: str, decimals: int | None = None) -> str:
    """Write a value with its unit, as short as a person would."""
    if value is None or math.isnan(value):
        return "none"
    if unit == "s":
        return _duration(value, decimals)
    if unit == "percentunit":
        return f"{_short(100 * value, 0 if decimals is None else decimals)} %"
    if unit == "currencyUSD":
        return f"${value:.{2 if decimals is None else decimals}f}"
    return _short(value, decimals) + (unit.removeprefix("suffix:") if unit.startswith("suffix:") else "")


def _duration(seconds: float, decimals: int | None) -> str:
    if abs(seconds) < 1 and decimals != 0:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size:
            return f"{_short(seconds / size, 0 if decimals == 0 else None)} {name}"
    return f"{_short(seconds, decimals)} s"


def _short(value: float, decimals: int | None) -> str:
    for size, name in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= 10 * size:
            return _short(value / size, 1) + name
    if decimals is None:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"  # 1e+03 is no number for people
    return f"{value:.{decimals}f}"


def text(
    words: str, x: float, y: float, *, anchor: str = "", colour: str = "", size: float = FONT, weight: str = ""
) -> str:
    """Write words at a place."""
    own = {
        "text-anchor": anchor,
        "fill": colour,
        "font-weight": weight,
        "font-size": "" if size == FONT else number(size),
    }
    attributes = "".join(f' {key}="{value}"' for key, value in own.items() if value)
    return f'<text x="{number(x)}" y="{number(y)}"{attributes}>{escape(words)}</text>'


def middle(words: str, box: Box) -> str:
    """Write words where there is nothing else to see."""
    return text(words, box.x + box.w / 2, box.y + box.h / 2 + 4, anchor="middle", colour=CALM)


def colour(name: str) -> str:
    """Give one of Grafana's colours as it is on white; others are what they are."""
    return COLOURS.get(name, name)


def wrapped(words: str, width: float, most: int) -> list[str]:
    """Break words into lines; the last one is cut."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if wide(longer) * BOLD > width and lines[-1] and len(lines) < most:
            lines.append(word)
        else:
            lines[-1] = longer
    return [cut(line, width / BOLD) for line in lines]


def cut(words: str, width: float) -> str:
    """Shorten words to a width."""
    if wide(words) <= width + 1:
        return words
    while words and wide(words + "…") > width:
        words = words[:-1]
    return words.rstrip() + "…"


def wide(words: str, size: float = FONT) -> float:
    """Estimate how wide words are; a viewer has a font of its own."""
    return size * sum(LETTERS.get(letter, CAPITAL if letter.isupper() else LETTER) for letter in words)


def corners(box: Box) -> str:
    """Write a box as the attributes of a rectangle."""
    return f'x="{number(box.x)}" y="{number(box.y)}" width="{number(box.w)}" height="{number(box.h)}"'


def number(value: float) -> str:
    """Write a length or a place; a tenth of a pixel is fine enough."""
    return f"{value:.1f}".removesuffix(".0")
