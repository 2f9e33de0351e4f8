"""What an operator may make of the page by values: its name, its first words, its colours and its links."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from alex_web.names import INVISIBLE

Theme = Literal["light", "dark"]

# Contrast that WCAG AA asks for: of text with its ground, and of a button with what is around it.
TEXT_CONTRAST = 4.5
SHAPE_CONTRAST = 3.0

# The page's own colours that a brand's must go with, as css/tokens.css has them; a test compares the two.
PAPER = {"light": "#fff4e6", "dark": "#1d1528"}
INK = {"light": "#38220f", "dark": "#fdf1e3"}
SOFT_INK = {"light": "#745842", "dark": "#cdb9c4"}
ACCENT = {"light": "#b9431a", "dark": "#ffab63"}

WHITE, BLACK = "#ffffff", "#000000"
# Where a colour goes when it cannot be read: the ground away from its text, the shape towards it.
FAR = {"light": WHITE, "dark": BLACK}
STEPS = 50

# Of sRGB: darker than this, a channel's value and its light are in proportion.
LINEAR_UP_TO = 0.04045


def _color(value: str) -> str:
    if value and not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError('must be a colour in six hexadecimal digits, such as "#0a7d6c", or empty')
    return value.lower()


def _line(value: str) -> str:
    value = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(char) in INVISIBLE for char in value):
        raise ValueError("must be one line without invisible characters")
    return value


def _link(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or re.search(r"[\s\"<>]", value):
        raise ValueError("must be a complete address that begins with https://")
    return value


Color = Annotated[str, AfterValidator(_color)]
Line = Annotated[str, AfterValidator(_line)]
Label = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_line)]
Link = Annotated[str, Field(max_length=500), AfterValidator(_link)]


class Brand(BaseModel):
    """An operator's own page; every field has a chart value of its name under `web.brand`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: Line = Field("Alex", min_length=1, max_length=24)
    maker: Line = Field("Stremini AI", max_length=40)
    greeting: Line = Field("", max_length=160)
    accent: Color = ""
    accent_dark: Color = ""
    background: Color = ""
    background_dark: Color = ""
    links: dict[Label, Link] = Field({}, max_length=6)

    def filled(self, text: str) -> str:
        """Put the names into a sentence."""
        return text.replace("{name}", self.name).replace("{maker}", self.maker)

    def paper(self, theme: Theme) -> str:
        """Give the ground of the page, as light or as dark as its text needs it."""
        wanted = self.background if theme == "light" else self.background_dark
        return _until(
            wanted or PAPER[theme],
            FAR[theme],
            lambda paper: (
                contrast(SOFT_INK[theme], _card(paper, theme)) >= TEXT_CONTRAST
                and contrast(SOFT_INK[theme], paper) >= TEXT_CONTRAST
            ),
        )

    def accent_of(self, theme: Theme) -> str:
        """Give the colour of what can be pressed, so that it stands out from the ground."""
        wanted = self.accent if theme == "light" else self.accent_dark or self.accent
        paper = self.paper(theme)
        return _until(
            wanted or ACCENT[theme],
            BLACK if theme == "light" else WHITE,
            lambda accent: contrast(accent, paper) >= SHAPE_CONTRAST,
        )

    def corrections(self) -> dict[str, tuple[str, str]]:
        """List the colours that could not be read as they were given: what was wanted, and what the page takes."""
        taken = {
            "accent": (self.accent, self.accent_of("light")),
            "accentDark": (self.accent_dark, self.accent_of("dark")),
            "background": (self.background, self.paper("light")),
            "backgroundDark": (self.background_dark, self.paper("dark")),
        }
        return {name: (wanted, got) for name, (wanted, got) in taken.items() if wanted and wanted != got}

    def css(self) -> str:
        """Write the style sheet that puts the brand's colours in the place of the page's own."""
        light, dark = self._colors("light"), self._colors("dark")
        return "".join(
            [
                f":root {{ {light} }}\n" if light else "",
                f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n" if dark else "",
            ]
        )

    def _colors(self, theme: Theme) -> str:
        colors: dict[str, str] = {}
        if self.background if theme == "light" else self.background_dark:
            paper = self.paper(theme)
            colors |= {
                "paper": paper,
                "card": _card(paper, theme),
                "line": mixed(paper, INK[theme], 0.15),
            }
        if self.accent or (theme == "dark" and self.accent_dark):
            accent = self.accent_of(theme)
            ink = max(WHITE, BLACK, key=lambda ink: contrast(ink, accent))  # one of them always reads
            away = BLACK if ink == WHITE else WHITE
            colors |= {"accent": accent, "accent-ink": ink, "accent-deep": mixed(accent, away, 0.18)}
        return " ".join(f"--{name}: {color};" for name, color in colors.items())


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, 1 to 21, as WCAG reckons it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """Give a colour with a share of another in it."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _card(paper: str, theme: Theme) -> str:
    return mixed(paper, WHITE, 0.7 if theme == "light" else 0.06)


def _until(color: str, goal: str, good: Callable[[str], bool]) -> str:
    """Move a colour towards another, no further than it must."""
    return next(c for step in range(STEPS + 1) if good(c := mixed(color, goal, step / STEPS)) or step == STEPS)


def _luminance(color: str) -> float:
    linear = [
        c / 12.92 if c <= LINEAR_UP_TO else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(color))
    ]
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _channels(color: str) -> list[int]:
    return [int(color[at : at + 2], 16) for at in (1, 3, 5)]
