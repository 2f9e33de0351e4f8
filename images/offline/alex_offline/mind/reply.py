"""What the mind gives back, and what one skill gives to the mind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Text:
    """A piece of what Alex says; pieces follow each other without anything between."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A function of the caller's side to run; `arguments` is a JSON object as text."""

    name: str
    arguments: str


Reply = Text | ToolCall


@dataclass(frozen=True)
class Answer:
    """One skill's answer to one turn.

    `topic` names the skill for follow-ups, `slots` is what such a follow-up needs. A `tool` is called after the
    text is said; the answer to its result is a new one. An `aside` leaves the topic of the talk as it was.
    """

    text: str
    topic: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    tool: ToolCall | None = None
    aside: bool = False
