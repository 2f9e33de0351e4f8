# ruff: noqa: E501  patterns read best on one line; numbers of letters and words are no settings
"""Measures said in two parts: one meter eighty, five foot ten, and answers in feet and inches."""

from __future__ import annotations

import re
from fractions import Fraction

from .numbers import tokens, whole_words

# What is said after a unit, with its size in that unit, when the second number has no unit of its own.
_SMALLER = {
    "meter": ("centimeters?|cm", 100), "meters": ("centimeters?|cm", 100), "foot": ("inch(?:es)?", 12), "feet": ("inch(?:es)?", 12),
    "ft": ("inch(?:es)?", 12), "stone": ("pounds?|lbs?", 14), "hour": ("minutes?", 60), "hours": ("minutes?", 60),
    "kilo": ("grams?|g", 1000), "kilos": ("grams?|g", 1000), "pound": ("ounces?|oz", 16), "pounds": ("ounces?|oz", 16),
    "minute": ("seconds?", 60), "minutes": ("seconds?", 60), "year": ("months?", 12), "years": ("months?", 12),
    "liter": ("milliliters?|ml", 1000), "liters": ("milliliters?|ml", 1000), "m": ("centimeters?|cm", 100),
}  # fmt: skip
_BOTH = re.compile(rf"#([0-9/]+) ({'|'.join(_SMALLER)}) (?:and )?#(\d+)(?: ([a-z]+))?\b")
_HALF = re.compile(r"\b(an?|one|two|three|four|five|six|seven|eight|nine|ten|\d+) ([a-z]+) and a (half|quarter)\b")
_NEXT = frozenset(["in", "to", "into", "as", "tall", "is", "how", "what", "high", "long", "and", "old"])


def joined(text: str) -> str:
    """Return the text with `one meter eighty` as one amount of its first unit."""
    text = re.sub(r"\bhalf (?:of )?an? (?=[a-z]+$|[a-z]+ (?:in|to|into|is|of)\b)", "0.5 ", text)
    text = re.sub(r"\b(?:an?) (?=and a )", "one ", _HALF.sub(r"\1 and a \3 \2", text))
    marked = " ".join(f"#{token}" if isinstance(token, Fraction) else token for token in tokens(text))
    match = _BOTH.search(marked)
    if match is None:
        return text
    names, size = _SMALLER[match[2]]
    after = match[4] or ""
    named = bool(re.fullmatch(names, after))
    if Fraction(match[3]) >= size or not (named or not after or after in _NEXT):
        return text
    amount = float(Fraction(match[1]) + Fraction(int(match[3]), size))
    said = f"{amount:.6f}".rstrip("0").rstrip(".")
    return f"{marked[: match.start()]}{said} {match[2]}{'' if named or not after else f' {after}'}{marked[match.end() :]}".replace("#", "")  # fmt: skip


def feet_and_inches(feet: Fraction) -> str:
    """Return a length in feet as feet and inches, the inches rounded."""
    whole, inches = divmod(round(feet * 12), 12)
    about = "" if feet * 12 == round(feet * 12) else "about "
    foot = f"{whole_words(whole)} {'foot' if whole == 1 else 'feet'}" if whole else ""
    inch = f"{whole_words(inches)} {'inch' if inches == 1 else 'inches'}" if inches or not whole else ""
    return about + " ".join(part for part in (foot, inch) if part)
