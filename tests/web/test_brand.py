"""What an operator may make of the page: checked, and corrected where nobody could read it."""

from __future__ import annotations

import json
import re

import pytest
from alex_web import brand as brands
from alex_web.brand import SHAPE_CONTRAST, TEXT_CONTRAST, Brand, Theme, contrast
from alex_web.page import STATIC
from alex_web.settings import Settings, SettingsError, read
from pydantic import ValidationError

COLORS = ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#7f7f7f", "#0a5bd6", "#fff4e6", "#1d1528"]
THEMES: tuple[Theme, ...] = ("light", "dark")


def test_page_without_a_brand_is_untouched() -> None:
    """Nothing set is Alex, as the style sheets have it."""
    brand = Settings().brand

    assert (brand.name, brand.maker, brand.greeting, brand.links) == ("Alex", "Stremini AI", "", {})
    assert brand.css() == ""
    assert brand.corrections() == {}


def test_colours_are_those_of_the_style_sheet() -> None:
    """What a brand is reckoned with is what the page is painted with."""
    light, dark = re.findall(r":root \{(.*?)\n *\}", (STATIC / "css/tokens.css").read_text(), re.DOTALL)
    for theme, sheet in (("light", light), ("dark", dark)):
        for name, known in (
            ("paper", brands.PAPER),
            ("ink", brands.INK),
            ("ink-soft", brands.SOFT_INK),
            ("accent", brands.ACCENT),
        ):
            assert f"--{name}: {known[theme]};" in sheet


@pytest.mark.parametrize("accent", COLORS)
@pytest.mark.parametrize("background", COLORS)
def test_every_colour_can_be_read(accent: str, background: str) -> None:
    """Text on the ground, on cards and on buttons has AA contrast, and buttons stand out, whatever was asked for."""
    brand = Brand(accent=accent, accent_dark=accent, background=background, background_dark=background)
    for theme, sheet in zip(THEMES, brand.css().split("@media"), strict=True):
        colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", sheet))
        for ground in ("paper", "card"):
            assert contrast(brands.SOFT_INK[theme], colors[ground]) >= TEXT_CONTRAST
        for ground in ("accent", "accent-deep"):
            assert contrast(colors["accent-ink"], colors[ground]) >= TEXT_CONTRAST
        assert contrast(colors["accent"], colors["paper"]) >= SHAPE_CONTRAST


def test_corrections_are_told() -> None:
    """A colour that had to be changed is named with what was wanted and what is taken; a good one is not."""
    brand = Brand(accent="#ffff00", background="#ffffff")

    assert list(brand.corrections()) == ["accent"]
    assert brand.corrections()["accent"][0] == "#ffff00"
    assert brand.paper("light") == "#ffffff"


def test_contrast_is_that_of_wcag() -> None:
    """Black on white is 21 to 1, and the best known grey of AA is just enough."""
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize(
    ("value", "field", "why"),
    [
        ({"accent": "red"}, "accent", "six hexadecimal digits"),
        ({"accent": "#12345"}, "accent", "six hexadecimal digits"),
        ({"background": "#fff; } body { display: none"}, "background", "six hexadecimal digits"),
        ({"name": ""}, "name", "at least 1 character"),
        ({"name": "A" * 25}, "name", "at most 24"),
        ({"name": "Al\u202eex"}, "name", "without invisible characters"),
        ({"greeting": "Hi\nthere"}, "greeting", "one line"),
        ({"links": {"imprint": "http://example.com"}}, "links.imprint", "begins with https://"),
        ({"links": {"imprint": "javascript:alert(1)"}}, "links.imprint", "begins with https://"),
        ({"links": {"imprint": "https://"}}, "links.imprint", "complete address"),
        ({"links": {f"l{i}": "https://a.example" for i in range(7)}}, "links", "at most 6"),
        ({"logo": "x"}, "logo", "not permitted"),
    ],
)
def test_wrong_brand_is_refused(monkeypatch: pytest.MonkeyPatch, value: object, field: str, why: str) -> None:
    """What cannot be is refused at start, with the variable, the chart value, the field and what it should be."""
    monkeypatch.setenv("ALEX_BRAND", json.dumps(value))
    with pytest.raises(SettingsError) as refused:
        read()

    assert str(refused.value).startswith(f"ALEX_BRAND (chart value web.brand): {field}: ")
    assert why in str(refused.value)


def test_brand_that_is_not_json_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A brand that cannot be parsed is named like every other wrong setting."""
    monkeypatch.setenv("ALEX_BRAND", "name: Juno")
    with pytest.raises(SettingsError, match=r"ALEX_BRAND \(chart value web.brand\): must be a JSON object"):
        read()


def test_unknown_names_do_not_pass() -> None:
    """A field is written as the chart writes it."""
    assert Brand.model_validate({"accentDark": "#AABBCC"}).accent_dark == "#aabbcc"
    with pytest.raises(ValidationError):
        Brand.model_validate({"accentdark": "#aabbcc"})
