"""Answers known by a pattern: what Alex cannot know or must not judge, and small talk by its shape."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import knowledge
from .reply import Answer

if TYPE_CHECKING:
    from .talk import Moment


@dataclass(frozen=True)
class _Rule:
    topic: str
    hears: re.Pattern[str]
    but_not: re.Pattern[str] | None
    say: tuple[str, ...]
    why: str


class Patterns:
    """The patterns of one file in `data`, in the order they stand there."""

    def __init__(self, name: str) -> None:
        self._rules = [
            _Rule(
                topic,
                re.compile("|".join(f"(?:{pattern})" for pattern in body["hears"])),
                re.compile(body["not"]) if "not" in body else None,
                tuple(body["say"]),
                body.get("why", ""),
            )
            for topic, body in knowledge.read(name).items()
        ]

    def emergency(self, moment: Moment) -> Answer | None:
        """Answer an emergency, before anything else is tried."""
        return next((said for said in self._answers(moment) if said.topic == "emergency"), None)

    def answer(self, moment: Moment) -> Answer | None:
        """Answer with the first rule that fits."""
        return next(iter(self._answers(moment)), None)

    def _answers(self, moment: Moment) -> list[Answer]:
        text = moment.core
        return [
            Answer(moment.pick(rule.topic, rule.say), rule.topic, {"why": rule.why})
            for rule in self._rules
            if rule.hears.search(text) and not (rule.but_not and rule.but_not.search(text))
        ]
