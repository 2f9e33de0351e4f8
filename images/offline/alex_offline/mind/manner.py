# ruff: noqa: E501  patterns read best on one line
"""Alex's manner: short, plain sentences that a voice can say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .numbers import whole_words

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_SENTENCES = 2  # what a model says beyond this, nobody asked for
MOST_LETTERS = 240  # about sixteen seconds of speech: longer than that and a listener has forgotten the beginning

_ABBREVIATIONS = {
    r"\be\.?g\.": "for example", r"\bi\.e\.": "that is", r"\betc\.?": "and so on", r"\bMr\.": "Mister",
    r"\bMrs\.": "Missus", r"\bDr\.": "Doctor", r"\bvs\.?": "against", r"\bapprox\.?": "about", r"\bA\.?I\.(?=\s|$)": "AI",
    r"&": " and ", r"(?<=\d) ?%": " percent", r"°C?\b": " degrees", r"(?<=\d) ?km\b": " kilometers",
    r"(?<=\d) ?kg\b": " kilograms", r"\+": " plus ", r"=": " is ",
}  # fmt: skip
_MARKUP = re.compile(r"https?://\S+|[*_#`~|<>\[\]{}^\\\"\u201c\u201d]|^\s*(?:[-\u2022]|\d+[.)])\s+", re.MULTILINE)
_BEYOND_SPEECH = re.compile(r"[^\w\s.,;:!?'()/-]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")


def clean(text: str) -> str:
    """Return text without markup, signs and abbreviations a voice would stumble over."""
    text = text.replace("\u2019", "'").replace("\u2014", ", ").replace("\u2013", " to ")
    for pattern, words in _ABBREVIATIONS.items():
        text = re.sub(pattern, words, text)
    text = _BEYOND_SPEECH.sub("", _MARKUP.sub("", text))
    text = re.sub(r"\s*[()]\s*", " ", text)
    text = re.sub(r"\b\d{1,2}\b(?![:.,]\d)(?<![:.]\d)", lambda m: whole_words(int(m[0])), text)
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))
    return text[:1].upper() + text[1:]


def sentences(text: str) -> list[str]:
    """Return the sentences of a text."""
    return [part.strip() for part in _SENTENCE.split(text.strip()) if part.strip()]


def short(text: str) -> str:
    """Return the first whole sentences, at most two and within what a listener can hold; empty when none is whole."""
    kept: list[str] = []
    for sentence in sentences(text)[:MOST_SENTENCES]:
        if sentence[-1] not in ".!?" or len(" ".join([*kept, sentence])) > MOST_LETTERS:
            break
        kept.append(sentence)
    return " ".join(kept)


def pieces(text: str) -> Iterator[str]:
    """Yield a text sentence by sentence, with the space that parts them, so that speech can begin early."""
    parts = sentences(text)
    for at, part in enumerate(parts):
        yield part + (" " if at + 1 < len(parts) else "")
