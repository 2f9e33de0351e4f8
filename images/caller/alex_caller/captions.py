"""What both sides said, as text: the captions that arrive on the room's `lk.transcription` streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from livekit import rtc

TOPIC = "lk.transcription"


@dataclass
class Segment:
    """One utterance as far as it is known; moments are on the clock (`time.monotonic`)."""

    mine: bool
    began: float
    text: str = ""
    final: bool = False


@dataclass
class Captions:
    """Collects captions by segment.

    A caller's segment arrives as a series of streams with one id, each replacing the one before; an agent's as one
    stream that grows while Alex speaks and says at its end whether it was finished.
    """

    is_mine: Callable[[str], bool]  # tells by the identity a stream is sent for
    _segments: dict[str, Segment] = field(default_factory=dict)
    _reading: set[asyncio.Task[None]] = field(default_factory=set)

    def attach(self, room: rtc.Room) -> None:
        """Listen to a room; before it is joined, so that nothing is missed."""
        room.register_text_stream_handler(TOPIC, self._opened)

    def said(self, *, mine: bool, since: float) -> str:
        """Everything one side said in segments that began after a moment, in order."""
        return " ".join(s.text.strip() for s in self._after(mine, since) if s.text.strip())

    def settled(self, *, mine: bool, since: float) -> bool:
        """Whether that side's segments since then exist and are all final."""
        segments = self._after(mine, since)
        return bool(segments) and all(s.final for s in segments)

    async def close(self) -> None:
        """Stop reading."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    def _after(self, mine: bool, since: float) -> list[Segment]:
        return [s for s in self._segments.values() if s.mine is mine and s.began >= since]

    def _opened(self, reader: rtc.TextStreamReader, identity: str) -> None:
        task = asyncio.create_task(self._read(reader, identity))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        attributes = reader.info.attributes or {}
        key = attributes.get("lk.segment_id") or reader.info.stream_id
        segment = self._segments.setdefault(key, Segment(self.is_mine(identity), time.monotonic()))
        text = ""
        try:
            async for piece in reader:
                text += piece
                if not segment.final:
                    segment.text = text
        except rtc.StreamError:
            return  # whoever spoke is gone: what there is stays, unfinished
        finally:
            reader.close()
        # The attributes at the end count: an agent knows only then that it was not interrupted by a crash.
        if (reader.info.attributes or {}).get("lk.transcription_final") == "true":
            segment.text, segment.final = text, True
