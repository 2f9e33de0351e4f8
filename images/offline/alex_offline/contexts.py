"""ElevenLabs' multi-context WebSocket: one socket, several utterances, each with its own context."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from alex_offline import elevenlabs
from alex_offline.admission import BusyError
from alex_offline.context import Context
from alex_offline.elevenlabs import Shape
from alex_offline.service import SERVICE, drop

log = structlog.get_logger()

# ElevenLabs' own bounds: seconds a socket may be idle, and contexts open at once on one socket.
IDLE_SECONDS = 20
LONGEST_IDLE_SECONDS = 180
CONTEXTS = 5
STATUS_OF_REFUSAL = {"key": "invalid_api_key", "busy": "too_many_concurrent_requests", "error": "internal_server_error"}


def routes() -> list[web.AbstractRouteDef]:
    """List the endpoint."""
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
        idle = _idle(request)
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


def _idle(request: web.Request) -> int:
    """Read how many seconds the client wants to be quiet for; raises ValueError when the vendor would not let it."""
    try:
        idle = int(request.query.get("inactivity_timeout", IDLE_SECONDS))
    except ValueError:
        idle = 0
    if not 1 <= idle <= LONGEST_IDLE_SECONDS:
        raise ValueError(f"inactivity_timeout must be 1 to {LONGEST_IDLE_SECONDS} seconds.")
    return idle


def _packet(data: str) -> dict[str, Any] | None:
    """Read a message of the client; None when it is not one."""
    try:
        packet = json.loads(data)
    except ValueError:
        return None
    if not isinstance(packet, dict) or not isinstance(packet.get("text"), str | None):
        return None
    return packet


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
            packet = _packet(message.data)
            if packet is None:
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
        """Forget a context that is finished."""
        if self._contexts.get(name) is context:
            del self._contexts[name]

    def cut(self) -> None:
        """Drop the connection."""
        drop(self._request)
