"""Fifty everyday questions get an answer that fits."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from alex_offline.mind import Mind
from alex_offline.mind.manner import MOST_LETTERS
from offline.mind.talking import converse

QUESTIONS = tomllib.loads((Path(__file__).parent / "fifty.toml").read_text(encoding="utf-8"))["ask"]
_ENOUGH = 48  # of fifty


def test_the_table_has_fifty_questions() -> None:
    """It is what its name says."""
    assert len(QUESTIONS) == 50


def test_nearly_all_answers_fit_and_all_can_be_heard(mind: Mind) -> None:
    """At least forty eight fit, and every one is short and without signs."""
    unfit = []
    for question in QUESTIONS:
        answer = converse(mind, [*question.get("before", []), question["say"]])[-1]
        if not re.search(question["fits"], answer, re.IGNORECASE):
            unfit.append((question["say"], answer))

        assert 0 < len(answer) <= MOST_LETTERS
        assert not re.search(r"[*_#`<>{}\[\]]", answer)

    assert len(QUESTIONS) - len(unfit) >= _ENOUGH, unfit


def test_answers_fit_without_punctuation_and_case(mind: Mind) -> None:
    """A recogniser that writes neither costs no answer."""
    unfit = []
    for question in QUESTIONS:
        turns = [re.sub(r"[^\w\s']", "", turn).lower() for turn in [*question.get("before", []), question["say"]]]
        answer = converse(mind, turns)[-1]
        if not re.search(question["fits"], answer, re.IGNORECASE):
            unfit.append((question["say"], answer))

    assert len(QUESTIONS) - len(unfit) >= _ENOUGH, unfit
