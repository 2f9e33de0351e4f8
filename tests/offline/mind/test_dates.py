"""Time and dates on Tuesday, November 24, 2026, five past four in the afternoon."""

from __future__ import annotations

import pytest
from alex_offline.mind import dates
from offline.mind.talking import Say


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("what time is it", "four oh five in the afternoon"),
        ("what time is it in Tokyo", "in tokyo it is one oh five"),
        ("what day is it", "tuesday"),
        ("what day is tomorrow", "wednesday"),
        ("what is the date today", "november twenty fourth"),
        ("what was yesterday's date", "november twenty third"),
        ("what year is it", "twenty twenty six"),
        ("which month is it", "november"),
        ("is it the weekend", "no"),
        ("how many days until christmas", "thirty one days"),
        ("how many weeks until easter", "seventeen weeks"),
        ("when is thanksgiving", "november twenty sixth"),
        ("what day of the week is july fourth 2027", "sunday"),
        ("what day was july fourth seventeen seventy six", "thursday"),
        ("how many days are in february", "twenty eight"),
        ("how many days between march first and april fifteenth", "forty five"),
        ("was 2024 a leap year", "yes"),
        ("what comes after wednesday", "thursday"),
        ("what time will it be in three hours", "seven oh five in the evening"),
        ("how long until six pm", "one hour and fifty five minutes"),
        ("how old am i if i was born in 1990", "thirty six"),
        ("how many days are left in this month", "six days"),
        ("what is the date next monday", "november thirtieth"),
    ],
)
def test_questions(say: Say, asked: str, part: str) -> None:
    """A question about time is answered from the clock."""
    assert part in say(asked).lower()


@pytest.mark.parametrize(
    ("turns", "part"),
    [
        (["what day is it", "and tomorrow"], "wednesday"),
        (["what time is it", "how about in London"], "in london"),
        (["what is the date", "and the day after tomorrow"], "november twenty sixth"),
    ],
)
def test_follow_ups(say: Say, turns: list[str], part: str) -> None:
    """A short follow-up asks the same of another day or place."""
    assert part in say(*turns).lower()


@pytest.mark.parametrize(
    "text",
    ["It is Tuesday, 24 November 2026, 16:05 (UTC).", "2026-11-24T16:05:09+00:00", "November 24, 2026 4:05 PM"],
)
def test_read_time_understands_tools(text: str) -> None:
    """A tool may answer in a sentence or with a timestamp."""
    found = dates.read_time(text)

    assert found is not None
    assert (found.month, found.day, found.hour, found.minute) == (11, 24, 16, 5)


def test_read_time_refuses_what_is_no_time() -> None:
    """An error message of a tool is no time."""
    assert dates.read_time("There is no time zone 'Mars'.") is None
    assert dates.read_time("31 February 2026, 10:00") is None


def test_every_zone_exists() -> None:
    """The table of places names only zones that the standard library has."""
    from zoneinfo import available_timezones  # noqa: PLC0415

    from alex_offline.mind import knowledge  # noqa: PLC0415

    assert not set(knowledge.table("zones")) - available_timezones()
