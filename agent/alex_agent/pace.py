"""How fast a call may use what costs money, so that no caller can make a minute of it dearer than an operator is told.

A caller who types or interrupts all the time would pay for answers that nobody hears. People never notice: they listen.
`web.budget.usdPerMinute` of the chart is what these numbers come to with the chart's prices.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass

import structlog
from aiolimiter import AsyncLimiter
from livekit.agents import AgentSession, ChatContext, ChatMessage, FunctionCall, FunctionCallOutput
from livekit.agents.llm import ChatItem
from livekit.agents.voice.room_io import TextInputEvent, TextInputOptions

log = structlog.get_logger(__name__)

MINUTE_SECONDS = 60.0


@dataclass(frozen=True)
class Most:
    """What a call may use."""

    # A voice reads 900 to 1000 characters a minute aloud, so who listens to all of an answer never waits for the next.
    spoken_chars_per_minute: float = 1000.0
    # What is ready at once: three answers that are interrupted soon after they begin.
    spoken_chars_at_once: float = 600.0
    # A language model is paid by token, which is one byte at least. 18 answers with all of the history: two for each
    # turn of people who talk fast, because one is begun before they have finished.
    thought_bytes_per_minute: float = 240_000.0
    thought_bytes_at_once: float = 60_000.0
    # A quarter of an hour of talk without a pause; what is older is forgotten.
    history_bytes: int = 12_000
    # Nobody types a message in less than three seconds for long.
    typed_per_minute: float = 20.0
    # The field of the page takes no more.
    typed_chars: int = 500


class Pace:
    """Lets words and thoughts of one call through, as fast as they may go."""

    def __init__(self, most: Most | None = None) -> None:
        self._most = most or Most()
        self._spoken = _bucket(self._most.spoken_chars_at_once, self._most.spoken_chars_per_minute)
        self._thought = _bucket(self._most.thought_bytes_at_once, self._most.thought_bytes_per_minute)
        self._typed = AsyncLimiter(self._most.typed_per_minute, MINUTE_SECONDS)

    async def speak(self, text: AsyncIterable[str]) -> AsyncGenerator[str]:
        """Pass words on to a voice that is paid by the character, no faster than they can be listened to."""
        longest = int(self._most.spoken_chars_at_once)
        async for words in text:
            for begin in range(0, len(words), longest):
                piece = words[begin : begin + longest]
                await self._spoken.acquire(len(piece))
                yield piece

    async def think(self, conversation: ChatContext) -> ChatContext:
        """Wait until the model may be asked again; give the part of the conversation that it is asked with."""
        recent = self._recent(conversation)
        asked = sum(_bytes(item) for item in recent.items)
        await self._thought.acquire(min(asked, self._most.thought_bytes_at_once))
        return recent

    async def read(self, session: AgentSession[None], typed: TextInputEvent) -> None:
        """Answer what a caller typed, if a person can have typed it.

        What is too long or too much is dropped: the page lets nobody do it.
        """
        if len(typed.text) > self._most.typed_chars or not self._typed.has_capacity():
            log.warning("typed_text_refused", chars=len(typed.text))
            return
        await self._typed.acquire()
        answer = TextInputOptions().text_input_cb(session, typed)
        if answer is not None:
            await answer

    def _recent(self, conversation: ChatContext) -> ChatContext:
        """Leave out what is too old."""
        newest, size = 0, 0
        for item in reversed(conversation.items):
            size += _bytes(item)
            if size > self._most.history_bytes:
                break
            newest += 1
        # The instructions stay, and what was said last, however long.
        return conversation.copy().truncate(max_items=max(newest, 1))


def _bytes(item: ChatItem) -> int:
    """Count what a language model is sent of an item, in UTF-8."""
    if isinstance(item, ChatMessage):
        text = item.raw_text_content or ""
    elif isinstance(item, FunctionCall):
        text = item.name + item.arguments
    elif isinstance(item, FunctionCallOutput):
        text = item.output
    else:  # a change of agent or of instructions is not sent
        text = ""
    return len(text.encode())


def _bucket(at_once: float, per_minute: float) -> AsyncLimiter:
    return AsyncLimiter(at_once, at_once / per_minute * MINUTE_SECONDS)
