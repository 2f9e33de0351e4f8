"""What Alex cannot know or must not judge, and says so: emergencies, weather, news, prices, medicine, law."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import knowledge
from .reply import Answer

if TYPE_CHECKING:
    from .talk import Moment


@dataclass(frozen=True)
class _Limit:
    topic: str
    hears: re.Pattern[str]
    but_not: re.Pattern[str] | None
    say: tuple[str, ...]
    why: str


class Limits:
    """The patterns of `data/limits.toml`."""

    def __init__(self) -> None:
        self._limits = [
            _Limit(
                topic,
                re.compile("|".join(f"(?:{pattern})" for pattern in body["hears"])),
                re.compile(body["not"]) if "not" in body else None,
                tuple(body["say"]),
                body.get("why", ""),
            )
            for topic, body in knowledge.read("limits.toml").items()
        ]

    def emergency(self, moment: Moment) -> Answer | None:
        """Answer an emergency, before anything else is tried."""
        return next((said for said in self._answers(moment) if said.topic == "emergency"), None)

    def answer(self, moment: Moment) -> Answer | None:
        """Answer what cannot be known from here."""
        return next(iter(self._answers(moment)), None)

    def _answers(self, moment: Moment) -> list[Answer]:
        text = moment.core
        return [
            Answer(moment.pick(limit.topic, limit.say), limit.topic, {"why": limit.why})
            for limit in self._limits
            if limit.hears.search(text) and not (limit.but_not and limit.but_not.search(text))
        ]
