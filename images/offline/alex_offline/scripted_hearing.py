"""A stream of the scripted engine: loudness finds the utterances, the script says what they were."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from alex_offline.engine import Heard, Started
from alex_offline.words import spread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from alex_offline.exchange import Exchange
    from alex_offline.segments import Segments

# An interim every half second of speech, two words longer each time: about the pace of speech.
INTERIM_SECONDS = 0.5
INTERIM_WORDS = 2
# A word of the script is at least this long, however short the sound was.
SHORTEST_WORD_SECONDS = 0.05


class ScriptedHearing:
    """One stream: loudness finds the utterances, the script says what they were."""

    def __init__(self, exchange: Exchange, segments: Segments, lines: tuple[str, ...]) -> None:
        self._exchange = exchange
        self._segments = segments
        self._lines = lines
        self._count = 0
        self._interims = 0
        self._events: asyncio.Queue[Started | Heard | None] = asyncio.Queue()

    @property
    def position(self) -> float:
        """Seconds of audio received."""
        return self._segments.position

    def feed(self, pcm: bytes) -> None:
        """Look for the edges of speech and, every half second of it, let a longer interim out."""
        was = self._segments.open
        self._segments.feed(pcm)
        if self._segments.open and not was:
            self._interims = 0
            self._exchange.mark("speech_started")
            self._events.put_nowait(Started(self._segments.start))
        if self._segments.open:
            due = int((self._segments.position - self._segments.start) / INTERIM_SECONDS)
            if due > self._interims:
                self._interims = due
                self._put(final=False)
        if self._segments.ended:
            self._finish(ended=True, asked=False)

    def finalize(self) -> None:
        """End the open utterance here."""
        if self._segments.open:
            self._finish(ended=True, asked=True)

    def close(self) -> None:
        """End the open utterance and the stream here."""
        if self._segments.open:
            self._finish(ended=True, asked=False)
        self._events.put_nowait(None)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _finish(self, *, ended: bool, asked: bool) -> None:
        self._exchange.again(self._segments.quiet)
        self._exchange.mark("speech_ended")
        self._put(final=True, ended=ended, asked=asked)
        self._count += 1
        self._segments.take()

    def _put(self, *, final: bool, ended: bool = False, asked: bool = False) -> None:
        if not self._lines:
            return
        words = self._lines[self._count % len(self._lines)].split()
        shown = words if final else words[: INTERIM_WORDS * self._interims]
        start, end = self._segments.start, self._segments.end
        timed = spread(shown, start, max(end, start + SHORTEST_WORD_SECONDS * len(shown)))
        self._events.put_nowait(Heard(" ".join(shown), start, end, final, ended, asked, timed))

    async def events(self) -> AsyncIterator[Started | Heard]:
        """Late by the script's first_ms after each end of speech."""
        while (event := await self._events.get()) is not None:
            if isinstance(event, Heard):
                await (self._exchange.before_first() if event.final else self._exchange.before_piece())
                self._exchange.mark("first" if event.final else "interim", text=event.text)
            yield event
