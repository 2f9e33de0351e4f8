"""Ways to talk with a mind in a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from alex_offline.mind import Mind, Text, ToolCall

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("get_time_and_date", "end_call")]

Say = Callable[..., str]


def converse(mind: Mind, turns: Sequence[str], prompt: str = "") -> list[str]:
    """Say the turns one after the other, with no tools; return every answer."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": prompt}] if prompt else []
    answers = []
    for turn in turns:
        messages.append({"role": "user", "content": turn})
        answers.append("".join(part.text for part in mind.reply(messages, []) if isinstance(part, Text)))
        messages.append({"role": "assistant", "content": answers[-1]})
    return answers


def call(mind: Mind, messages: list[dict[str, Any]]) -> tuple[str, list[ToolCall]]:
    """Reply once with both tools offered; return the text and the calls."""
    replies = list(mind.reply(messages, TOOLS))
    text = "".join(part.text for part in replies if isinstance(part, Text))
    return text, [part for part in replies if isinstance(part, ToolCall)]
