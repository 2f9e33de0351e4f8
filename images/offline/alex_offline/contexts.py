"""ElevenLabs' multi-context WebSocket: one socket, several utterances, each with its own context."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from alex_offline import elevenlabs
from alex_offline.admission import BusyError
from alex_offline.audio import SPEECH_RATE
from alex_offline.elevenlabs import Shape
from alex_offline.exchange import CutError
from alex_offline.service import SERVICE, drop, identifier

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from alex_offline.exchange import Exchange
    from alex_offline.service import Service

log = structlog.get_logger()

# ElevenLabs' own bounds: seconds a socket may be idle, and contexts open at once on one socket.
IDLE_SECONDS = 20
LONGEST_IDLE_SECONDS = 180
CONTEXTS = 5
# Half a second of audio in a message: small enough to cut in the middle of a sentence.
PIECE_BYTES = SPEECH_RATE
# Without a flush, ElevenLabs waits for about this much text before it begins.
ENOUGH_CHARACTERS = 120
SENTENCE = re.compile(r"(?<=[.!?…])[\"')\]]*\s+")
STATUS_OF_REFUSAL = {"key": "invalid_api_key", "busy": "too_many_concurrent_requests", "error": "internal_server_error"}

Send = "Callable[[dict[str, Any]], Awaitable[None]]"


def routes() -> list[web.AbstractRouteDef]:
    """The endpoint."""
    return [web.get("/v1/text-to-speech/{voice}/multi-stream-input", connect)]


async def connect(request: web.Request) -> web.StreamResponse:
    """Accept or refuse the handshake, then serve the socket."""
    service = request.app[SERVICE]
    opening = service.engine.exchange("elevenlabs", None, part="opening")
    refused = await elevenlabs.refusal(request, opening) or elevenlabs.unknown(request, opening)
    if refused is not None:
        return refused
    form = request.query.get("output_format", elevenlabs.DEFAULT_FORMAT)
    try:
        Shape(form)
        idle = int(request.query.get("inactivity_timeout", IDLE_SECONDS))
        if not 1 <= idle <= LONGEST_IDLE_SECONDS:
            raise ValueError(f"inactivity_timeout must be 1 to {LONGEST_IDLE_SECONDS} seconds.")
    except ValueError as problem:
        service.metrics.refused.labels("elevenlabs", "request").inc()
        opening.end("refused")
        return elevenlabs.error(400, "invalid_request", str(problem))
    if service.speech.full:
        service.speech.refuse("elevenlabs")
        opening.end("busy")
        return elevenlabs.busy()
    opening.end("done")
    return await Socket(request, form, idle, auto=request.query.get("auto_mode") == "true").run()


class Socket:
    """One connection and its contexts."""

    def __init__(self, request: web.Request, form: str, idle: int, *, auto: bool) -> None:
        self._request = request
        self._service = request.app[SERVICE]
        self._form = form
        self._idle = idle
        self._auto = auto
        self._contexts: dict[str, Context] = {}
        self._socket = web.WebSocketResponse(max_msg_size=1024 * 1024)

    async def run(self) -> web.WebSocketResponse:
        """Until the client goes, is idle for too long, or the script cuts it."""
        await self._socket.prepare(self._request)
        try:
            await self._read()
        except ConnectionError:
            log.debug("speech_socket_lost")
        finally:
            for context in list(self._contexts.values()):
                await context.aclose()
        return self._socket

    async def _read(self) -> None:
        while True:
            try:
                message = await self._socket.receive(timeout=self._idle)
            except TimeoutError:
                if any(context.busy for context in self._contexts.values()):
                    continue
                await self._error(None, "input_timeout_exceeded", f"No input was received for {self._idle} seconds.")
                await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"input_timeout_exceeded")
                return
            if message.type is not WSMsgType.TEXT:
                return
            try:
                packet = json.loads(message.data)
                if not isinstance(packet, dict) or not isinstance(packet.get("text", ""), str | None):
                    raise ValueError  # noqa: TRY301 - the same answer as for broken JSON
            except ValueError:
                await self._error(None, "invalid_message", "The message is not a JSON object with a text.")
                await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"invalid_message")
                return
            if packet.get("close_socket") is True:
                for context in list(self._contexts.values()):
                    context.close()
                    await context.done()
                await self._socket.close()
                return
            await self._take(packet)

    async def _take(self, packet: dict[str, Any]) -> None:
        name = str(packet.get("context_id") or packet.get("contextId") or "default")
        context = self._contexts.get(name)
        if context is None or context.closed:
            if packet.get("close_context") is True:
                return
            context = await self._open(name)
            if context is None:
                return
        context.add(packet.get("text") or "", flush=packet.get("flush") is True)
        if packet.get("close_context") is True:
            context.close()

    async def _open(self, name: str) -> Context | None:
        if sum(not context.closed for context in self._contexts.values()) >= CONTEXTS:
            await self._error(name, "max_active_contexts_exceeded", f"At most {CONTEXTS} contexts may be open.")
            return None
        exchange = self._service.engine.exchange("elevenlabs", None)
        stream = contextlib.ExitStack()
        try:
            if exchange.refusal in {"key", "error"}:
                raise BusyError  # noqa: TRY301 - the same way out
            stream.enter_context(self._service.speech.stream(exchange))
        except BusyError:
            exchange.end("busy" if exchange.refusal in {None, "busy"} else "refused")
            code = STATUS_OF_REFUSAL[exchange.refusal or "busy"]
            await self._error(name, code, "The request was refused.")
            return None
        context = Context(self, name, self._service, exchange, self._form, stream, auto=self._auto)
        self._contexts[name] = context
        return context

    async def send(self, body: dict[str, Any]) -> None:
        """Send one message; nothing when the client is gone."""
        with contextlib.suppress(ConnectionError):
            await self._socket.send_json(body)

    async def _error(self, name: str | None, code: str, message: str) -> None:
        body: dict[str, Any] = {"message": message, "error": code, "code": int(WSCloseCode.POLICY_VIOLATION)}
        await self.send(body if name is None else {"contextId": name, **body})

    def forget(self, name: str, context: Context) -> None:
        """The context is finished."""
        if self._contexts.get(name) is context:
            del self._contexts[name]

    def cut(self) -> None:
        """Drop the connection."""
        drop(self._request)


class Context:
    """One utterance: text comes in pieces, audio goes out as soon as a sentence is whole."""

    def __init__(
        self,
        socket: Socket,
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
        for sentence in SENTENCE.split(text):
            if sentence.strip():
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
        first, self._said = not getattr(self, "_said", False), True
        return first

    def _message(self, audio: bytes, alignment: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "audio": base64.b64encode(audio).decode(),
            "isFinal": None,
            "contextId": self._name,
            "alignment": alignment,
            "normalizedAlignment": alignment,
        }
