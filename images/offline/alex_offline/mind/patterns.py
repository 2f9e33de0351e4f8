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
        return self._first(moment, [rule for rule in self._rules if rule.topic == "emergency"])

    def answer(self, moment: Moment) -> Answer | None:
        """Answer with the first rule that fits."""
        return self._first(moment, self._rules)

    def _first(self, moment: Moment, rules: list[_Rule]) -> Answer | None:
        text = moment.core
        for rule in rules:
            if rule.hears.search(text) and not (rule.but_not and rule.but_not.search(text)):
                return Answer(moment.pick(rule.topic, rule.say), rule.topic, {"why": rule.why})
        return None
