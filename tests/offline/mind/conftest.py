"""A mind whose clock stands still, and a way to talk with it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from alex_offline.mind import Mind, knowledge
from offline.mind.talking import Say, converse

NOW = datetime(2026, 11, 24, 16, 5, tzinfo=UTC)  # a Tuesday afternoon


@pytest.fixture(name="mind", scope="session")
def fixture_mind() -> Mind:
    """Return a mind without the small model, whose answers are the same every time."""
    return Mind(knowledge.load(), None, lambda: NOW)


@pytest.fixture(name="whole_mind", scope="session")
def fixture_whole_mind() -> Mind:
    """Return the mind as it is deployed, with the small model."""
    return Mind.load(timezone="Europe/Berlin")


@pytest.fixture(name="say")
def fixture_say(mind: Mind) -> Say:
    """Return a function that says some turns in one call and gives back the last answer."""

    def say(*turns: str, prompt: str = "") -> str:
        return converse(mind, turns, prompt)[-1]

    return say
