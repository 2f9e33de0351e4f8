"""Whole kinds of questions fit, not only the sentences somebody once asked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from alex_offline.mind import Mind, kinds, knowledge
from offline.mind.talking import converse

CLASSES = tomllib.loads((Path(__file__).parent / "classes.toml").read_text(encoding="utf-8"))
_SIGNS = re.compile(r"[^\x00-\x7f]|\d|[*_#`<>{}\[\]]")


@pytest.mark.parametrize("name", CLASSES)
def test_every_sentence_of_a_kind_fits(mind: Mind, name: str) -> None:
    """All sentences of a kind get an answer of the right kind."""
    unfit = []
    for *turns, fits in CLASSES[name]:
        answer = converse(mind, turns)[-1]
        if not re.search(fits, answer, re.IGNORECASE):
            unfit.append((turns[-1], answer))

    assert not unfit


def test_not_known_says_what_alex_is_good_for(mind: Mind) -> None:
    """An honest no comes with a way on, whichever of its forms it takes."""
    asked = ("Who was the mayor of Springfield in 1950?", "Who invented the zipper lock?", "How old is the town hall?")
    for answer in converse(mind, asked):
        assert re.search(r"do not know|more than I know", answer)
        assert re.search(r"everyday|daily", answer)


def test_kinds_of_questions_are_told_apart() -> None:
    """Why, when, where and what one can do have different kinds, and only some answer each other."""
    assert kinds.kind("why do we yawn") == kinds.kind("what causes rain") == "why"
    assert kinds.kind("how do i boil an egg") == kinds.kind("what helps with a cold") == "do"
    assert kinds.fits("do", frozenset(["what"]))
    assert not kinds.fits("why", frozenset(["do", ""]))
    assert not kinds.fits("when", frozenset(["what"]))


def test_tales_can_be_spoken() -> None:
    """Every story, joke, poem and fact is short enough and without signs."""
    for tales in knowledge.read("tales.toml").values():
        for text in tales.values():
            assert len(text) <= 240, text
            assert not _SIGNS.search(text), text
            assert text[-1] in ".!?", text
