"""OpenAI's speech endpoint, as bytes or as server-sent events."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from aiohttp import web

from alex_offline.admission import BusyError
from alex_offline.audio import SPEECH_RATE, Mp3, wav_header
from alex_offline.exchange import CutError
from alex_offline.openai import BadRequestError, busy, event, events, read_body, refusal, refuse_body, tokens
from alex_offline.service import SERVICE, drop, identifier, room_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from alex_offline.exchange import Exchange

FORMATS = ("mp3", "wav", "pcm")
LONGEST_INPUT = 4096
SPEEDS = (0.25, 4.0)
# OpenAI bills speech at about twenty tokens a second.
TOKENS_PER_SECOND = 20


def routes() -> list[web.AbstractRouteDef]:
    """List the endpoint."""
    return [web.post("/v1/audio/speech", speech)]


async def speech(request: web.Request) -> web.StreamResponse:
    """Say a text."""
    service = request.app[SERVICE]
    exchange = service.engine.exchange("speech", room_of(request))
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    try:
        body = await read_body(request)
        text, form, speed = _speech(body)
    except BadRequestError as problem:
        return refuse_body(request, exchange, problem)
    try:
        with service.speech.stream(exchange):
            await exchange.before_first()
            pieces = service.engine.speak(exchange, text, speed)
            if body.get("stream_format") == "sse" and not body["model"].startswith("tts-1"):
                return await _speak_events(request, exchange, form, text, pieces)
            return await _speak_bytes(request, exchange, form, pieces)
    except BusyError:
        exchange.end("busy")
        return busy()
    except CutError:
        exchange.end("cut")
        drop(request)
        return web.Response()
    finally:
        exchange.end("gone")


def _speech(body: dict[str, Any]) -> tuple[str, str, float]:
    text, form, speed = body.get("input"), body.get("response_format", "mp3"), body.get("speed", 1.0)
    if not isinstance(text, str) or not text:
        raise BadRequestError("Invalid 'input': expected a non-empty string.", "input")
    if len(text) > LONGEST_INPUT:
        raise BadRequestError(f"Invalid 'input': string too long, at most {LONGEST_INPUT} characters.", "input")
    if not isinstance(body.get("voice"), str) or not body["voice"]:
        raise BadRequestError("Invalid 'voice': expected a string.", "voice")
    if form not in FORMATS:
        raise BadRequestError(f"Invalid 'response_format': use one of {', '.join(FORMATS)}.", "response_format")
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise BadRequestError("Invalid 'speed': use 0.25 to 4.0.", "speed")
    return text, form, float(speed)


async def _shaped(
    exchange: Exchange, form: str, pieces: AsyncIterator[bytes], count: list[int]
) -> AsyncIterator[bytes]:
    """Yield the pieces in the asked format; count[0] becomes the bytes of PCM."""
    encoder = Mp3(SPEECH_RATE, 128) if form == "mp3" else None
    if form == "wav":
        yield wav_header()
    async for pcm in pieces:
        if count[0]:
            await exchange.before_piece()
        count[0] += len(pcm)
        data = await asyncio.to_thread(encoder.encode, pcm) if encoder else pcm
        exchange.mark("first")
        if data:
            yield data
    if encoder is not None:
        yield encoder.finish()
    exchange.mark("last")


async def _speak_bytes(
    request: web.Request, exchange: Exchange, form: str, pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    kind = {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm"}[form]
    response = web.StreamResponse(headers={"Content-Type": kind, "x-request-id": identifier("req_")})
    await response.prepare(request)
    async for data in _shaped(exchange, form, pieces, [0]):
        await response.write(data)
    await response.write_eof()
    exchange.end("done")
    return response


async def _speak_events(
    request: web.Request, exchange: Exchange, form: str, text: str, pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    response = await events(request)
    count = [0]
    async for data in _shaped(exchange, form, pieces, count):
        await event(response, {"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
    spoken = round(count[0] / 2 / SPEECH_RATE * TOKENS_PER_SECOND)
    asked = tokens(text)
    usage = {"input_tokens": asked, "output_tokens": spoken, "total_tokens": asked + spoken}
    await event(response, {"type": "speech.audio.done", "usage": usage})
    await response.write_eof()
    exchange.end("done")
    return response
