"""A conversation as the wire gives it, read into what the skills need."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .normalise import Heard, hear

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from .reply import Answer


@dataclass(frozen=True)
class Exchange:
    """One thing said by the caller and what Alex answered to it (empty when it was cut off)."""

    heard: Heard
    answer: str


@dataclass(frozen=True)
class ToolResult:
    """What a function of the caller's side gave back."""

    name: str
    content: str


@dataclass(frozen=True)
class Talk:
    """Everything said so far. `now` is None before the caller's first word."""

    prompt: str
    past: tuple[Exchange, ...]
    now: Heard | None
    results: tuple[ToolResult, ...] = ()
    request: str = ""  # an instruction that came after the last words, as an agent gives for a greeting
    opening: str = ""  # what Alex said before the caller's first word


@dataclass(frozen=True)
class State:
    """What the turns before left behind; `answer` is the last one that was more than an aside."""

    heard: Heard | None = None
    answer: Answer | None = None
    told: Mapping[str, int] = field(default_factory=dict)  # how often each topic was answered


@dataclass(frozen=True)
class Moment:
    """One turn, with all that an answer to it may depend on."""

    heard: Heard
    past: tuple[Exchange, ...]
    state: State
    prompt: str
    clock: Callable[[], datetime]
    offered: frozenset[str] = frozenset()
    opening: str = ""

    @property
    def core(self) -> str:
        """What was said, without politeness and framing."""
        return self.heard.core

    @property
    def topic(self) -> str:
        """The topic of the turn before, empty in the beginning."""
        return self.state.answer.topic if self.state.answer else ""

    def told(self, topic: str) -> int:
        """Return how often a topic was answered before in this conversation."""
        return self.state.told.get(topic, 0)

    def pick(self, topic: str, choices: Sequence[str]) -> str:
        """Return the next of several ways to say something: calls differ, a call does not repeat itself soon."""
        first = self.past[0].heard.core if self.past else self.heard.core
        return choices[(sum(first.encode()) + self.told(topic)) % len(choices)]


def read(messages: Sequence[Mapping[str, Any]]) -> Talk:
    """Return the conversation in OpenAI's chat messages; unknown roles and empty messages are passed over."""
    prompt: list[str] = []
    past: list[Exchange] = []
    results: list[ToolResult] = []
    calls: dict[str, str] = {}
    said: str | None = None
    answer: list[str] = []
    opening: list[str] = []
    request = ""
    for message in messages:
        role, text = message.get("role"), content(message)
        if role in {"system", "developer"}:
            if said is None and not past and not opening:
                prompt.append(text)
            else:
                request = text
        elif role == "user":
            if said is not None:
                past.append(Exchange(hear(said), " ".join(answer)))
            said, answer, results, request = text, [], [], ""
        elif role == "assistant":
            calls |= {c.get("id", ""): c.get("function", {}).get("name", "") for c in message.get("tool_calls") or ()}
            if text:
                (opening if said is None else answer).append(text)
                results = []
        elif role == "tool":
            results.append(ToolResult(message.get("name") or calls.get(message.get("tool_call_id", ""), ""), text))
    now = hear(said) if said is not None else None
    if now is not None and answer and not results:
        # Nothing new was said: an agent asks for one more sentence on its own.
        past.append(Exchange(now, " ".join(answer)))
        request = request or "continue"
    return Talk("\n".join(prompt), tuple(past), now, tuple(results), request, " ".join(opening))


def content(message: Mapping[str, Any]) -> str:
    """Return a message's text, also when it comes as a list of parts."""
    body = message.get("content") or ""
    if isinstance(body, str):
        return body.strip()
    parts = [part if isinstance(part, str) else part.get("text") or "" for part in body]
    return " ".join(part.strip() for part in parts if part).strip()


def result_value(text: str) -> str:
    """Return a tool's result as plain text: a JSON string or the values of a JSON object are unwrapped."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict):
        return ", ".join(str(v) for v in value.values())
    return str(value)
