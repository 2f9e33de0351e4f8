"""What Alex is told and what Alex can do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alex_agent.assistant import Alex, instructions, tell_time
from alex_agent.pace import Pace
from alex_agent.silence import Silence
from livekit.agents import ToolError

NOON = datetime(2026, 7, 1, 12, 5, tzinfo=UTC)


def test_time_is_told_in_the_zone_asked_for() -> None:
    """The time tool answers with weekday, date and time of the zone."""
    assert tell_time("Europe/Berlin", NOON) == "It is Wednesday, 1 July 2026, 14:05 (Europe/Berlin)."
    assert tell_time("Pacific/Kiritimati", NOON).startswith("It is Thursday, 2 July 2026, 02:05")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "\0", "x" * 10_000])
def test_unknown_zone_is_told_to_the_model(zone: str) -> None:
    """A zone that is none becomes an error that the model can act on, never a crash."""
    with pytest.raises(ToolError, match="no time zone"):
        tell_time(zone, NOON)


def test_the_operator_can_replace_the_prompt(tmp_path: Path) -> None:
    """A prompt file stands in for the built-in prompt."""
    (tmp_path / "prompt.md").write_text("You are a pirate.")

    assert instructions(tmp_path / "prompt.md") == "You are a pirate."
    assert "Stremini AI" in instructions(None)


def test_alex_offers_two_tools() -> None:
    """The model is offered the clock and the hook, and what each is for."""
    alex = Alex("", "UTC", lambda: None, Silence(), Pace())
    tools = {t.info.name: t.info.description for t in alex.tools}  # type: ignore[union-attr]

    assert set(tools) == {"get_time_and_date", "end_call"}
    assert all(tools.values())


async def test_end_call_hangs_up() -> None:
    """The hook is asked for once the model wants to end, and the model is told to say goodbye."""
    asked = []
    answer = await Alex("", "UTC", lambda: asked.append(1), Silence(), Pace()).end_call()

    assert asked == [1]
    assert "goodbye" in answer
