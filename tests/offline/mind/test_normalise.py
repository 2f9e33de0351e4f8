"""What a recogniser writes becomes plain words."""

from __future__ import annotations

import pytest
from alex_offline.mind.normalise import hear, stem


@pytest.mark.parametrize(
    ("raw", "core"),
    [
        ("Hey Alex, um, what's the capital of France please?", "what is the capital of france"),
        ("Could you tell me what time it is?", "what time it is"),
        ("Whats 5x3", "what is 5 x 3"),
        ("I was wondering if you know how to boil an egg", "how to boil an egg"),
        ("the the weather", "the weather"),
        ("7:30 p.m.", "7:30 pm"),
        ("1,000 plus 20%", "1000 plus 20 percent"),
        ("", ""),
        ("...", ""),
    ],
)
def test_hear_leaves_what_is_asked(raw: str, core: str) -> None:
    """Politeness, fillers, punctuation and stutters are gone from the core."""
    assert hear(raw).core == core


def test_hear_keeps_a_request_to_be_reminded() -> None:
    """`Remind me to` is a wish and stays, while `remind me what` is only framing."""
    assert hear("Remind me to call Mum").core.startswith("remind me to")
    assert hear("Remind me what a noun is").core.startswith("what")


@pytest.mark.parametrize(
    ("one", "other"),
    [("boiling", "boils"), ("children", "child"), ("biggest", "big"), ("cities", "city"), ("films", "movie")],
)
def test_stem_brings_forms_together(one: str, other: str) -> None:
    """Forms of a word have one stem."""
    assert stem(one) == stem(other)
