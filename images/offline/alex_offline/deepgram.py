"""Deepgram's wire: live WebSocket and batch POST of `/v1/listen`, and the project list keys are checked with."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from aiohttp import web

from alex_offline.admission import BusyError
from alex_offline.audio import read_wav, slices, to_pcm
from alex_offline.engine import Heard
from alex_offline.exchange import CutError
from alex_offline.listening import alternative, now, parse, words_of
from alex_offline.live import Live
from alex_offline.service import SERVICE, Service, drop

if TYPE_CHECKING:
    from alex_offline.exchange import Exchange

# Eight minutes of 16 kHz speech: more is not a sentence.
BATCH_BYTES = 16 * 1024 * 1024
# One second of a file, then the other streams get their turn.
BATCH_PIECES = 20


def routes() -> list[web.AbstractRouteDef]:
    """List the endpoints."""
    return [
        web.get("/v1/listen", listen),
        web.post("/v1/listen", transcribe),
        web.get("/v1/projects", projects),
    ]


def error(status: int, code: str, message: str) -> web.Response:
    """Deepgram's error body."""
    request_id = str(uuid.uuid4())
    body = {"err_code": code, "err_msg": message, "request_id": request_id}
    return web.json_response(body, status=status, headers={"dg-request-id": request_id, "dg-error": message})


async def _refusal(request: web.Request, exchange: Exchange) -> web.Response | None:
    """Find the answer to somebody who may not come in, or None."""
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
                for number, piece in enumerate(slices(pcm, rate)):
                    hearing.feed(piece)
                    if number % BATCH_PIECES == 0:
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
    words = [word for piece in heard for word in words_of(piece, query)]
    return web.json_response(
        {
            "metadata": {
                "request_id": str(uuid.uuid4()),
                "created": now(),
                "duration": round(len(samples) / rate, 3),
                "channels": 1,
                "models": [query.model],
            },
            "results": {"channels": [{"alternatives": [alternative(" ".join(p.text for p in heard), words)]}]},
        }
    )


async def listen(request: web.Request) -> web.StreamResponse:
    """Serve a live stream."""
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
