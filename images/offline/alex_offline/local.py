"""The local engine: moonshine hears, the mind thinks, hibari speaks. Everything slow runs in a few threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog

from alex_offline import mind
from alex_offline.engine import Call, Text
from alex_offline.exchange import Exchange
from alex_offline.hearing import ENDPOINT_SECONDS, LocalHearing
from alex_offline.recogniser import Recogniser
from alex_offline.segments import Segments
from alex_offline.speech import Speech

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from alex_offline.metrics import Metrics, Part, Provider
    from alex_offline.settings import Settings

log = structlog.get_logger()

# One voice sentence takes 50 ms; two threads keep a long one from holding up another caller's.
SPEECH_THREADS = 2


class LocalEngine:
    """Small models on the CPU."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._voices = ThreadPoolExecutor(SPEECH_THREADS, "speak")
        self._thoughts = ThreadPoolExecutor(settings.offline_language_streams, "think")
        self._recogniser = Recogniser()
        self._speech = Speech(self._voices)
        self._mind: mind.Mind | None = None
        self._problem: str | None = "the models are loading"

    @property
    def problem(self) -> str | None:
        """Why it cannot serve yet."""
        return self._problem

    async def start(self) -> None:
        """Load and warm all three; raises what the models raise when they are missing."""
        loop = asyncio.get_running_loop()
        _, _, self._mind = await asyncio.gather(
            loop.run_in_executor(self._voices, self._speech.load),
            loop.run_in_executor(self._voices, self._recogniser.load),
            loop.run_in_executor(self._thoughts, mind.Mind.load, self._settings.timezone),
        )
        self._problem = None

    async def aclose(self) -> None:
        """Let go of the threads."""
        self._recogniser.close()
        self._voices.shutdown(wait=False, cancel_futures=True)
        self._thoughts.shutdown(wait=False, cancel_futures=True)

    def exchange(self, provider: Provider, room: str | None, *, part: Part = "call") -> Exchange:
        """No faults, no delays but its own."""
        del part
        return Exchange(provider, room, self._metrics)

    def listen(self, exchange: Exchange, rate: int, channels: int, endpointing: float | None) -> LocalHearing:
        """Understand a caller."""
        silence = None if endpointing is None else max(endpointing, ENDPOINT_SECONDS)
        return LocalHearing(exchange, Segments(rate, channels, silence, keep=True), self._recogniser)

    async def think(
        self, exchange: Exchange, messages: list[dict[str, Any]], tools: list[dict[str, Any]]
    ) -> AsyncGenerator[Text | Call]:
        """Yield the mind's reply as it thinks of it; when the client goes, the mind stops at the next piece."""
        del exchange
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[Text | Call | None] = asyncio.Queue()
        gone = threading.Event()
        done = loop.run_in_executor(self._thoughts, self._think, messages, tools, loop, pieces, gone)
        done.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await done
        finally:
            gone.set()
            # Its result is of no interest any more; a failure of a thought nobody waits for neither.
            done.add_done_callback(lambda future: future.cancelled() or future.exception())

    def _think(
        self,
        messages: list[dict[str, Any]],
        tools: list[dict[str, Any]],
        loop: asyncio.AbstractEventLoop,
        pieces: asyncio.Queue[Text | Call | None],
        gone: threading.Event,
    ) -> None:
        if self._mind is None:
            raise RuntimeError("the mind is not loaded")
        for reply in self._mind.reply(messages, tools):
            if gone.is_set():
                return
            piece = Text(reply.text) if isinstance(reply, mind.Text) else Call(reply.name, reply.arguments)
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

    def speak(self, exchange: Exchange, text: str, speed: float = 1.0) -> AsyncIterator[bytes]:
        """Say it with the voice."""
        del exchange
        return self._speech.say(text, speed)
