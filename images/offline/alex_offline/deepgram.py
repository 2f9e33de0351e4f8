"""Deepgram's wire: the live WebSocket and the batch POST of `/v1/listen`, and the project list keys are checked with."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from alex_offline.admission import BusyError
from alex_offline.audio import read_wav, to_pcm
from alex_offline.engine import Heard, Started
from alex_offline.exchange import CutError
from alex_offline.service import SERVICE, Service, drop

if TYPE_CHECKING:
    from multidict import MultiMapping

    from alex_offline.engine import Hearing
    from alex_offline.exchange import Exchange

log = structlog.get_logger()

# Deepgram closes a stream that sent neither audio nor KeepAlive for ten to twelve seconds.
SILENT_SECONDS = 12.0
# Deepgram's default when the query does not say.
ENDPOINTING_MS = 10
RATES = range(8000, 48001)
CHANNELS = range(1, 3)
# Eight minutes of 16 kHz speech: more is not a sentence.
BATCH_BYTES = 16 * 1024 * 1024
BATCH_CHUNK = 8000
TRUE, FALSE = "true", "false"


def routes() -> list[web.AbstractRouteDef]:
    """The endpoints."""
    return [
        web.get("/v1/listen", listen),
        web.post("/v1/listen", transcribe),
        web.get("/v1/projects", projects),
    ]


@dataclass(frozen=True)
class Query:
    """The query parameters that change what is answered."""

    model: str
    rate: int
    channels: int
    interim: bool
    vad_events: bool
    punctuate: bool
    endpointing: float | None
    """Seconds of silence, None for never."""
    utterance_end: float | None
    """Seconds of silence after the last word until UtteranceEnd, None for never."""


def parse(query: MultiMapping[str], *, live: bool) -> Query:
    """Read and check the query; raises ValueError with Deepgram's kind of sentence."""
    encoding = query.get("encoding")
    if live and encoding is not None and encoding != "linear16":
        raise ValueError("Failed to deserialize query parameters: unsupported encoding, use linear16.")
    endpointing = query.get("endpointing", str(ENDPOINTING_MS))
    end_ms = query.get("utterance_end_ms")
    if (
        end_ms is not None
        and _number(query, "utterance_end_ms", 1000, range(1000, 5001))
        and not _flag(query, "interim_results", default=False)
    ):
        raise ValueError("utterance_end_ms needs interim_results=true.")
    return Query(
        model=query.get("model", "nova-2-general"),
        rate=_number(query, "sample_rate", 16000, RATES) if encoding or not live else 16000,
        channels=_number(query, "channels", 1, CHANNELS),
        interim=_flag(query, "interim_results", default=False),
        vad_events=_flag(query, "vad_events", default=False),
        punctuate=_flag(query, "punctuate", default=False) or _flag(query, "smart_format", default=False),
        endpointing=None
        if endpointing.lower() == FALSE
        else _number(query, "endpointing", ENDPOINTING_MS, range(10_001)) / 1000
        if endpointing.lower() != TRUE
        else ENDPOINTING_MS / 1000,
        utterance_end=None if end_ms is None else int(end_ms) / 1000,
    )


def _flag(query: MultiMapping[str], name: str, *, default: bool) -> bool:
    value = query.get(name, TRUE if default else FALSE).lower()
    if value not in {TRUE, FALSE}:
        raise ValueError(f"Failed to deserialize query parameters: {name}: provided string was not `true` or `false`.")
    return value == TRUE


def _number(query: MultiMapping[str], name: str, default: int, allowed: range) -> int:
    try:
        value = int(query.get(name, default))
    except ValueError:
        raise ValueError(f"Failed to deserialize query parameters: {name}: invalid digit found in string.") from None
    if value not in allowed:
        raise ValueError(f"Invalid query parameter {name}: use {allowed.start} to {allowed.stop - 1}.")
    return value


def error(status: int, code: str, message: str) -> web.Response:
    """Deepgram's error body."""
    request_id = str(uuid.uuid4())
    body = {"err_code": code, "err_msg": message, "request_id": request_id}
    return web.json_response(body, status=status, headers={"dg-request-id": request_id, "dg-error": message})


async def _refusal(request: web.Request, exchange: Exchange) -> web.Response | None:
    """The answer to somebody who may not come in, or None."""
    service = request.app[SERVICE]
    await exchange.accept()
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if exchange.refusal == "key" or scheme.lower() not in {"token", "bearer"} or not service.keys.accepts(key.strip()):
        service.metrics.refused.labels("deepgram", "key").inc()
        exchange.end("refused")
        return error(401, "INVALID_AUTH", "Invalid credentials.")
    if exchange.refusal == "error":
        exchange.end("error")
        return error(500, "INTERNAL_SERVER_ERROR", "Internal server error.")
    if exchange.refusal == "busy":
        exchange.end("busy")
        service.hearing.refuse("deepgram")
        return _busy()
    return None


def _busy() -> web.Response:
    return error(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later.")


def _bad(service: Service, exchange: Exchange, message: str) -> web.Response:
    service.metrics.refused.labels("deepgram", "request").inc()
    exchange.end("refused")
    return error(400, "Bad Request", f"Bad Request: {message}")


async def projects(request: web.Request) -> web.Response:
    """Whose key this is."""
    exchange = request.app[SERVICE].engine.exchange("deepgram", None, part="check")
    if (refused := await _refusal(request, exchange)) is not None:
        return refused
    exchange.end("done")
    return web.json_response({"projects": [{"project_id": "alex-offline", "name": "Alex offline"}]})


async def transcribe(request: web.Request) -> web.StreamResponse:
    """Understand a whole WAV at once."""
    service = request.app[SERVICE]
    exchange = service.engine.exchange("deepgram", None)
    if (refused := await _refusal(request, exchange)) is not None:
        return refused
    try:
        query = parse(request.query, live=False)
        samples, rate = read_wav(await request.read())
    except ValueError as problem:
        return _bad(service, exchange, str(problem))
    try:
        with service.hearing.stream(exchange):
            hearing = service.engine.listen(exchange, rate, 1, None)
            try:
                pcm = to_pcm(samples) + bytes(rate)
                for at in range(0, len(pcm), BATCH_CHUNK):
                    hearing.feed(pcm[at : at + BATCH_CHUNK])
                    await asyncio.sleep(0)
                hearing.close()
                heard = [e async for e in hearing.events() if isinstance(e, Heard) and e.final and e.text]
            finally:
                await hearing.aclose()
    except BusyError:
        exchange.end("busy")
        return _busy()
    except CutError:
        exchange.end("cut")
        drop(request)
        return web.Response()
    exchange.end("done")
    words = [word for piece in heard for word in _words(piece, query)]
    return web.json_response(
        {
            "metadata": {
                "request_id": str(uuid.uuid4()),
                "created": _now(),
                "duration": round(len(samples) / rate, 3),
                "channels": 1,
                "models": [query.model],
            },
            "results": {"channels": [{"alternatives": [_alternative(" ".join(p.text for p in heard), words)]}]},
        }
    )


async def listen(request: web.Request) -> web.StreamResponse:
    """The live stream."""
    service = request.app[SERVICE]
    exchange = service.engine.exchange("deepgram", None)
    if (refused := await _refusal(request, exchange)) is not None:
        return refused
    try:
        query = parse(request.query, live=True)
    except ValueError as problem:
        return _bad(service, exchange, str(problem))
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return _bad(service, exchange, "this is the live endpoint, open a WebSocket or POST a file.")
    try:
        with service.hearing.stream(exchange):
            return await Live(request, query, exchange).run()
    except BusyError:
        exchange.end("busy")
        return _busy()


class Live:
    """One live stream."""

    def __init__(self, request: web.Request, query: Query, exchange: Exchange) -> None:
        self._request = request
        self._query = query
        self._exchange = exchange
        self._id = str(uuid.uuid4())
        self._sum = hashlib.sha256()
        self._socket = web.WebSocketResponse(heartbeat=None, max_msg_size=4 * 1024 * 1024)
        self._last_word = 0.0
        self._utterance_due = False

    async def run(self) -> web.WebSocketResponse:
        """Until the client is done, gone or silent for too long."""
        self._socket.headers["dg-request-id"] = self._id
        await self._socket.prepare(self._request)
        engine = self._request.app[SERVICE].engine
        hearing = engine.listen(self._exchange, self._query.rate, self._query.channels, self._query.endpointing)
        answering = asyncio.create_task(self._answer(hearing))
        reading = asyncio.create_task(self._read(hearing))
        try:
            await asyncio.wait({answering, reading}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() and reading.result():
                # CloseStream: everything heard is still answered, then the summary.
                hearing.close()
                await answering
            if answering.done():
                answering.result()
                await self._goodbye(hearing)
                self._exchange.end("done")
        except CutError:
            self._exchange.end("cut")
            drop(self._request)
        except ConnectionError:
            pass
        finally:
            self._exchange.end("gone")
            for task in (answering, reading):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, CutError, ConnectionError):
                    await task
            await hearing.aclose()
        return self._socket

    async def _read(self, hearing: Hearing) -> bool:
        """Take what the client sends; True when it asked to close in order."""
        while True:
            try:
                message = await self._socket.receive(timeout=SILENT_SECONDS)
            except TimeoutError:
                why = b"NET-0001: no audio data and no text message within the timeout window."
                await self._socket.close(code=WSCloseCode.INTERNAL_ERROR, message=why)
                return False
            if message.type is WSMsgType.BINARY:
                if not message.data:
                    return True
                self._sum.update(message.data)
                hearing.feed(message.data)
                await self._utterance_end(hearing.position)
            elif message.type is WSMsgType.TEXT:
                kind = _kind(message.data)
                if kind == "CloseStream":
                    return True
                if kind == "Finalize":
                    hearing.finalize()
                elif kind != "KeepAlive":
                    why = b"DATA-0000: The payload cannot be decoded as audio or as a known message."
                    await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=why)
                    return False
            else:
                return False

    async def _answer(self, hearing: Hearing) -> None:
        async for event in hearing.events():
            if isinstance(event, Started):
                self._utterance_due = False
                if self._query.vad_events:
                    at = round(event.at, 3)
                    await self._socket.send_json({"type": "SpeechStarted", "channel": [0, 1], "timestamp": at})
            elif event.final or self._query.interim:
                await self._socket.send_json(self._results(event))
                if event.final and event.text:
                    self._last_word = event.words[-1].end if event.words else event.end
                    self._utterance_due = True
                    self._exchange.mark("last")

    def _results(self, heard: Heard) -> dict[str, Any]:
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(heard.end - heard.start, 3),
            "start": round(heard.start, 3),
            "is_final": heard.final,
            "speech_final": heard.ended,
            "from_finalize": heard.asked,
            "channel": {"alternatives": [_alternative(heard.text, _words(heard, self._query))]},
            "metadata": {
                "request_id": self._id,
                "model_info": {"name": self._query.model, "version": "offline", "arch": "moonshine"},
                "model_uuid": "00000000-0000-0000-0000-000000000000",
            },
        }

    async def _utterance_end(self, position: float) -> None:
        wait = self._query.utterance_end
        if wait is not None and self._utterance_due and position >= self._last_word + wait:
            self._utterance_due = False
            body = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(self._last_word, 3)}
            await self._socket.send_json(body)

    async def _goodbye(self, hearing: Hearing) -> None:
        await self._socket.send_json(
            {
                "type": "Metadata",
                "transaction_key": "deprecated",
                "request_id": self._id,
                "sha256": self._sum.hexdigest(),
                "created": _now(),
                "duration": round(hearing.position, 3),
                "channels": self._query.channels,
            }
        )
        await self._socket.close()


def _kind(data: str) -> str | None:
    try:
        message = json.loads(data)
    except ValueError:
        return None
    return message.get("type") if isinstance(message, dict) else None


def _alternative(text: str, words: list[dict[str, Any]]) -> dict[str, Any]:
    confidence = sum(word["confidence"] for word in words) / len(words) if words else 0.0
    return {"transcript": text, "confidence": round(confidence, 4), "words": words}


def _words(heard: Heard, query: Query) -> list[dict[str, Any]]:
    words = []
    for word in heard.words:
        item: dict[str, Any] = {
            "word": word.text.strip('.,!?;:"').lower(),
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "confidence": round(word.confidence, 4),
        }
        if query.punctuate:
            item["punctuated_word"] = word.text
        words.append(item)
    return words


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
