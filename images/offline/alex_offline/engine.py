"""What an engine can do. The wire modules know nothing else of it, so both engines speak the same protocols."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from alex_offline.exchange import Exchange
    from alex_offline.metrics import Part, Provider


@dataclass(frozen=True)
class Word:
    """One recognised word; start and end are seconds since the stream began."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class Started:
    """The caller began to speak, at that many seconds of the stream."""

    at: float


@dataclass(frozen=True)
class Heard:
    """What was understood between two points of the stream, in seconds; an interim one may still change."""

    text: str
    start: float
    end: float
    final: bool
    ended: bool = False
    """The caller stopped speaking: the endpoint, not just a stable piece."""
    asked: bool = False
    """The client asked for it with Finalize."""
    words: tuple[Word, ...] = field(default=())


@dataclass(frozen=True)
class Text:
    """The next piece of a reply."""

    text: str


@dataclass(frozen=True)
class Call:
    """A tool the client shall run; arguments is a JSON object as text."""

    name: str
    arguments: str


class Hearing(Protocol):
    """One stream of speech being recognised."""

    @property
    def position(self) -> float:
        """Seconds of audio received."""

    def feed(self, pcm: bytes) -> None:
        """Take linear 16-bit PCM in the stream's own rate and channels; never blocks."""

    def events(self) -> AsyncIterator[Started | Heard]:
        """Yield what was understood, as it is; ends after `close`."""

    def finalize(self) -> None:
        """Turn what was heard so far into a final result."""

    def close(self) -> None:
        """No more audio will come: finish what is under way, then end the events."""

    async def aclose(self) -> None:
        """Stop at once and free what the stream holds."""


class Engine(Protocol):
    """Speech to text, language and text to speech."""

    @property
    def problem(self) -> str | None:
        """Why it cannot serve yet, or None when it is loaded and warm."""

    async def start(self) -> None:
        """Load and warm the models; raises when they are missing."""

    async def aclose(self) -> None:
        """Free the models."""

    def exchange(self, provider: Provider, room: str | None, *, part: Part = "call") -> Exchange:
        """Open one request; part says what kind of request it is."""

    def listen(self, exchange: Exchange, rate: int, channels: int, endpointing: float | None) -> Hearing:
        """Recognise a stream; endpointing is the silence in seconds that ends an utterance, None never ends one."""

    def think(
        self, exchange: Exchange, messages: list[dict[str, Any]], tools: list[dict[str, Any]]
    ) -> AsyncGenerator[Text | Call]:
        """Reply to an OpenAI-shaped conversation, piece by piece."""

    def speak(self, exchange: Exchange, text: str, speed: float = 1.0) -> AsyncIterator[bytes]:
        """Say it: 16-bit mono PCM at 24 kHz, sentence by sentence."""
