"""A caller who says nothing for long is hung up on; words set the clock back, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from alex_agent.idle import Idle

SECONDS = 0.3


class Session:
    """A session that says what it is told to say."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[Any], None]] = {}

    def on(self, event: str, handler: Callable[[Any], None]) -> None:
        self.handlers[event] = handler

    def heard(self, words: str) -> None:
        self.handlers["user_input_transcribed"](SimpleNamespace(transcript=words, is_final=False))

    def item(self, **facts: str) -> None:
        self.handlers["conversation_item_added"](SimpleNamespace(item=SimpleNamespace(**facts)))


async def is_hung_up_on(*said: Callable[[Session], None], seconds: float = SECONDS) -> bool:
    """Let things be said every two thirds of the time, and tell whether the caller was hung up on by then."""
    session, over = Session(), asyncio.Event()
    idle = Idle(seconds, over.set)
    idle.follow(session)
    for speak in said:
        await asyncio.sleep(SECONDS * 2 / 3)
        speak(session)
    await asyncio.sleep(SECONDS * 2 / 3)
    early = over.is_set()
    idle.close()
    await asyncio.sleep(SECONDS)
    assert over.is_set() == early, "nothing happens after the end"
    return early


@pytest.mark.parametrize(
    "said", [lambda s: s.heard("hello"), lambda s: s.item(role="user")], ids=["a word", "something typed"]
)
async def test_words_keep_the_line(said: Callable[[Session], None]) -> None:
    """Who speaks or types now and then stays."""
    assert not await is_hung_up_on(said, said, said)


@pytest.mark.parametrize(
    "said",
    [lambda _: None, lambda s: s.heard("  "), lambda s: s.item(role="assistant"), lambda s: s.item(type="handoff")],
    ids=["nothing", "noise", "Alex's own words", "a change of agent"],
)
async def test_nothing_else_does(said: Callable[[Session], None]) -> None:
    """Silence, noise and what Alex says do not count."""
    assert await is_hung_up_on(said, said)


async def test_no_limit_is_none() -> None:
    """With 0 seconds nobody is hung up on for being quiet."""
    assert not await is_hung_up_on(lambda _: None, lambda _: None, seconds=0)
