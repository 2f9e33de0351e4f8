"""What Alex says can be said: short, plain, without signs."""

from __future__ import annotations

import re

import pytest
from alex_offline.mind import Mind, knowledge, manner, model
from alex_offline.mind.normalise import plain
from alex_offline.mind.patterns import Patterns

_SIGNS = re.compile(r"[*_#`~|<>\[\]{}^\\/@$%&+=\"()]|https?:|\b(?:e\.g|i\.e|etc)\b|[^\x00-\x7f]")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("**Sure!** Here's 5 km", "Sure! Here's five kilometers"),
        ("1. First\n2. Second", "First Second"),
        ("It costs 50% \U0001f600", "It costs 50 percent".replace("50", "fifty")),
        ("See https://example.org now", "See now"),
    ],
)
def test_clean_takes_out_what_a_voice_stumbles_over(raw: str, clean: str) -> None:
    """Markup, links, emoji and unit signs are gone or words."""
    assert manner.clean(raw) == clean


def test_short_keeps_two_whole_sentences() -> None:
    """A third sentence and a cut one are dropped."""
    assert manner.short("One is here. Two is here. Three is here.") == "One is here. Two is here."
    assert manner.short("One is here. And two is cu") == "One is here."
    assert manner.short("nothing whole") == ""


@pytest.mark.parametrize(
    "text",
    [
        "My name is Bob. Nice to meet you.",
        "I was born in Texas.",
        "As an AI language model I cannot.",
        "You should take a pill.",
        "",
    ],
)
def test_unfit_replies_of_the_model_are_dropped(text: str) -> None:
    """Another name, a life of its own, medicine and nothing at all are not said."""
    assert model.fit(text, "I like the sea") == ""


def test_fit_replies_of_the_model_are_kept() -> None:
    """A short kind sentence passes."""
    assert model.fit("That sounds lovely. Enjoy it.", "I like the sea") == "That sounds lovely. Enjoy it."


def test_everything_in_the_tables_can_be_spoken() -> None:
    """No answer is too long to be heard, has signs in it, or lacks its end."""
    for entry in knowledge.load().entries:
        for said in (*entry.say, *((entry.why,) if entry.why else ())):
            assert len(said) <= manner.MOST_LETTERS, said
            assert not _SIGNS.search(said), said
            assert not re.search(r"\d", said), said
            assert said[-1] in ".!?", said
            assert len(manner.sentences(said)) <= 3, said


def test_no_question_is_in_the_tables_twice() -> None:
    """A question has one answer."""
    seen: dict[str, str] = {}
    for entry in knowledge.load().entries:
        for ask in entry.ask:
            assert seen.setdefault(ask, entry.topic) == entry.topic, ask


def test_every_question_in_the_tables_finds_its_answer(mind: Mind) -> None:
    """What stands in a table is found when asked in just those words."""
    know = knowledge.load()
    lost = [ask for entry in know.entries for ask in entry.ask if know.find(plain(ask)) is not entry]

    assert len(lost) <= len(know.entries) * 0.02, lost


def test_patterns_compile() -> None:
    """Every file of patterns can be read."""
    for name in ("limits.toml", "shapes.toml"):
        assert Patterns(name)
