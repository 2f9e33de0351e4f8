"""One ElevenLabs context: text comes in pieces, audio and the times of its letters go out."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from typing import TYPE_CHECKING, Any, Protocol

from alex_offline.audio import SPEECH_RATE
from alex_offline.elevenlabs import Shape
from alex_offline.exchange import CutError
from alex_offline.service import failed

if TYPE_CHECKING:
    from alex_offline.exchange import Exchange
    from alex_offline.service import Service

# Half a second of audio in a message: small enough to be cut in the middle of a sentence.
PIECE_BYTES = SPEECH_RATE
# Without a flush, ElevenLabs waits for about this much text before it begins.
ENOUGH_CHARACTERS = 120
SENTENCE = re.compile(r"(?<=[.!?…])[\"')\]]*\s+")


class Line(Protocol):
    """The socket a context speaks through."""

    async def send(self, body: dict[str, Any]) -> None:
        """Send one message; nothing when the client is gone."""

    def forget(self, name: str, context: Context) -> None:
        """Forget a context that is finished."""

    def cut(self) -> None:
        """Drop the connection."""


class Context:
    """One utterance: text comes in pieces, audio goes out as soon as a sentence is whole."""

    def __init__(
        self,
        socket: Line,
        name: str,
        service: Service,
        exchange: Exchange,
        form: str,
        stream: contextlib.ExitStack,
        *,
        auto: bool,
    ) -> None:
        self._socket = socket
        self._name = name
        self._service = service
        self._exchange = exchange
        self._shape = Shape(form)
        self._stream = stream
        self._auto = auto
        self._waiting = ""
        self._texts: asyncio.Queue[str | None] = asyncio.Queue()
        self._clock_ms = 0.0
        self._begun = False
        self._said = False
        self.closed = False
        self.busy = False
        self._task = asyncio.create_task(self._run())

    def add(self, text: str, *, flush: bool) -> None:
        """More text; flush wants it said now."""
        self._waiting += text
        if flush:
            self._hand_over(len(self._waiting))
        elif self._auto or len(self._waiting) >= ENOUGH_CHARACTERS:
            ends = [match.end() for match in SENTENCE.finditer(self._waiting)]
            if ends:
                self._hand_over(ends[-1])

    def _hand_over(self, count: int) -> None:
        text, self._waiting = self._waiting[:count], self._waiting[count:]
        for sentence in filter(None, map(str.strip, SENTENCE.split(text))):
            if not self._begun:
                # The client may have opened the context long before it had anything to say.
                self._begun = True
                self._exchange.again()
                self._exchange.mark("asked")
            self._texts.put_nowait(sentence)

    def close(self) -> None:
        """Say the rest and finish."""
        if not self.closed:
            self._hand_over(len(self._waiting))
            self.closed = True
            self._texts.put_nowait(None)

    async def done(self) -> None:
        """Until the last audio was sent."""
        await asyncio.wait({self._task})

    async def aclose(self) -> None:
        """Stop at once."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        try:
            while (text := await self._texts.get()) is not None:
                self.busy = True
                await self._say(text)
                self.busy = False
            if tail := self._shape.finish():
                await self._socket.send(self._message(tail, None))
            self._exchange.mark("last")
            self._exchange.end("done")
            await self._socket.send({"contextId": self._name, "isFinal": True})
        except CutError:
            self._exchange.end("cut")
            self._socket.cut()
        except Exception as problem:  # noqa: BLE001 - the client waits for this context and must be told
            failed(self._service, "elevenlabs", problem)
            self._exchange.end("error")
            error = {"error": "internal_server_error", "message": "An internal server error occurred."}
            await self._socket.send({"contextId": self._name, **error})
        finally:
            self._exchange.end("gone")
            self._stream.close()
            self._socket.forget(self._name, self)

    async def _say(self, text: str) -> None:
        pcm = b"".join([piece async for piece in self._service.engine.speak(self._exchange, text)])
        start, length = self._clock_ms, len(pcm) / 2 / SPEECH_RATE * 1000
        self._clock_ms += length
        step = length / max(1, len(text))
        sent = 0
        for at in range(0, len(pcm), PIECE_BYTES):
            piece = pcm[at : at + PIECE_BYTES]
            await (self._exchange.before_first() if self._first() else self._exchange.before_piece())
            last = at + PIECE_BYTES >= len(pcm)
            upto = len(text) if last else int((at + len(piece)) / len(pcm) * len(text))
            chars = text[sent:upto] + (" " if last else "")
            starts = [round(start + (sent + i) * step) for i in range(len(chars))]
            widths = [round(step)] * len(chars)
            sent = upto
            alignment = {"chars": list(chars), "charStartTimesMs": starts, "charDurationsMs": widths}
            data = await asyncio.to_thread(self._shape.encode, piece)
            self._exchange.mark("first")
            await self._socket.send(self._message(data, alignment if chars else None))

    def _first(self) -> bool:
        first, self._said = not self._said, True
        return first

    def _message(self, audio: bytes, alignment: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "audio": base64.b64encode(audio).decode(),
            "isFinal": None,
            "contextId": self._name,
            "alignment": alignment,
            "normalizedAlignment": alignment,
        }
