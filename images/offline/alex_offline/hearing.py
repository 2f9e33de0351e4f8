"""One caller being understood: loudness finds the utterance, the model says what it was."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alex_offline.audio import HEARING_RATE, resample
from alex_offline.engine import Heard, Started
from alex_offline.recogniser import FINAL, INTERIM, Recogniser
from alex_offline.words import spread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from alex_offline.exchange import Exchange
    from alex_offline.segments import Segments

# The silence that ends an utterance, at least: voices pause up to 300 ms at a comma, and the model understands a
# sentence better than its halves. LiveKit's own voice detection takes 550 ms, so nobody waits for this.
ENDPOINT_SECONDS = 0.45
# After this much silence the utterance is probably over: understand it now, and have the text when it really is.
GUESS_SECONDS = 0.15
# The model makes things up from less than a second of speech.
FIRST_INTERIM_SECONDS = 1.0
INTERIM_SECONDS = 0.6


@dataclass(frozen=True)
class _Pending:
    """A final result that is being worked out."""

    text: asyncio.Future[str]
    start: float
    end: float
    asked: bool


class LocalHearing:
    """One stream of one caller."""

    def __init__(self, exchange: Exchange, segments: Segments, recogniser: Recogniser) -> None:
        self._exchange = exchange
        self._segments = segments
        self._recogniser = recogniser
        self._events: asyncio.Queue[Started | Heard | _Pending | None] = asyncio.Queue()
        self._guess: tuple[float, asyncio.Future[str]] | None = None
        self._interim: asyncio.Future[str] | None = None
        self._interim_at = 0.0
        self._utterance = 0

    @property
    def position(self) -> float:
        """Seconds of audio received."""
        return self._segments.position

    def feed(self, pcm: bytes) -> None:
        """Take audio; starts recognition where it is due and never waits for it."""
        segments = self._segments
        was = segments.open
        segments.feed(pcm)
        if not segments.open:
            return
        if not was:
            self._utterance += 1
            self._interim_at = segments.start + FIRST_INTERIM_SECONDS
            self._events.put_nowait(Started(segments.start))
        if self._guess is not None and self._guess[0] != segments.end:
            # The caller went on: that was a pause, not the end.
            self._forget_guess()
        if segments.ended:
            self._finish(asked=False)
        elif segments.quiet >= GUESS_SECONDS:
            if self._guess is None:
                self._guess = (segments.end, self._ask(FINAL))
        elif segments.position >= self._interim_at and self._has_time():
            self._interim_at = segments.position + INTERIM_SECONDS
            self._interim = self._ask(INTERIM)
            utterance, start, end = self._utterance, segments.start, segments.position
            self._interim.add_done_callback(lambda done: self._put_interim(done, utterance, start, end))

    def finalize(self) -> None:
        """End the open utterance here."""
        if self._segments.open:
            self._finish(asked=True)

    def close(self) -> None:
        """End the open utterance and the stream here."""
        if self._segments.open:
            self._finish(asked=False)
        self._events.put_nowait(None)

    async def aclose(self) -> None:
        """Give up what is being worked out."""
        self._forget_guess()
        if self._interim is not None:
            self._interim.cancel()
        while not self._events.empty():
            event = self._events.get_nowait()
            if isinstance(event, _Pending):
                event.text.cancel()

    async def events(self) -> AsyncIterator[Started | Heard]:
        """In the order it was said."""
        while (event := await self._events.get()) is not None:
            if not isinstance(event, _Pending):
                yield event
                continue
            text = await event.text
            self._exchange.mark("first")
            yield _heard(text, event.start, event.end, asked=event.asked)

    def _has_time(self) -> bool:
        """Tell whether an interim result would keep nobody from a final one."""
        return self._recogniser.idle and (self._interim is None or self._interim.done())

    def _ask(self, urgency: int) -> asyncio.Future[str]:
        samples = resample(self._segments.audio(), self._segments.rate, HEARING_RATE)
        return self._recogniser.recognise(samples, urgency)

    def _finish(self, *, asked: bool) -> None:
        segments = self._segments
        if self._interim is not None:
            self._interim.cancel()
        text = self._guess[1] if self._guess is not None else self._ask(FINAL)
        self._guess = None
        self._exchange.again(segments.quiet)
        self._events.put_nowait(_Pending(text, segments.start, segments.end, asked))
        self._utterance += 1
        segments.take()

    def _put_interim(self, done: asyncio.Future[str], utterance: int, start: float, end: float) -> None:
        if done.cancelled() or done.exception() is not None or utterance != self._utterance or not done.result():
            return
        self._events.put_nowait(_heard(done.result(), start, end, final=False))

    def _forget_guess(self) -> None:
        if self._guess is not None:
            self._guess[1].cancel()
            self._guess = None


def _heard(text: str, start: float, end: float, *, final: bool = True, asked: bool = False) -> Heard:
    end = max(end, start)
    return Heard(text, start, end, final, ended=final, asked=asked, words=spread(text.split(), start, end))
