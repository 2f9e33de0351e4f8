"""OpenAI's wire: chat completions, models and speech."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiohttp import web

from alex_offline.admission import BusyError
from alex_offline.audio import SPEECH_RATE, Mp3, wav_header
from alex_offline.engine import Call, Text
from alex_offline.exchange import CutError
from alex_offline.service import SERVICE, drop, identifier, room_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from alex_offline.exchange import Exchange

MODELS = ("gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini-tts", "tts-1", "tts-1-hd")
# 2023-11-14, a date like any other; clients only sort by it.
CREATED = 1_700_000_000
SPEECH_FORMATS = ("mp3", "wav", "pcm")
LONGEST_INPUT = 4096
SPEEDS = (0.25, 4.0)
# English text holds about four characters a token.
CHARACTERS_PER_TOKEN = 4
# OpenAI bills speech at about twenty tokens a second.
SPEECH_TOKENS_PER_SECOND = 20
OK = 200


class BadRequestError(ValueError):
    """The request makes no sense; param names the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


def routes() -> list[web.AbstractRouteDef]:
    """The endpoints."""
    return [
        web.post("/v1/chat/completions", chat),
        web.post("/v1/audio/speech", speech),
        web.get("/v1/models/{model}", model),
    ]


def error(status: int, kind: str, message: str, *, code: str | None = None, param: str | None = None) -> web.Response:
    """OpenAI's error body."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return web.json_response(body, status=status, headers={"x-request-id": identifier("req_")})


async def refusal(request: web.Request, exchange: Exchange) -> web.Response | None:
    """The answer to somebody who may not come in, or None."""
    service = request.app[SERVICE]
    await exchange.accept()
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if exchange.refusal == "key" or scheme.lower() != "bearer" or not service.keys.accepts(key.strip()):
        service.metrics.refused.labels(exchange.provider, "key").inc()
        exchange.end("refused")
        return error(401, "invalid_request_error", "Incorrect API key provided.", code="invalid_api_key")
    if exchange.refusal == "error":
        exchange.end("error")
        return error(500, "server_error", "The server had an error while processing your request.")
    return None


def _busy() -> web.Response:
    return error(429, "requests", "Rate limit reached: every stream is in use.", code="rate_limit_exceeded")


async def models(request: web.Request) -> web.Response:
    """Every model a client may name."""
    exchange = request.app[SERVICE].engine.exchange("openai", room_of(request), part="check")
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    if exchange.refusal == "busy":
        exchange.end("busy")
        return _busy()
    exchange.end("done")
    return web.json_response({"object": "list", "data": [_model(name) for name in MODELS]})


async def model(request: web.Request) -> web.Response:
    """One model."""
    exchange = request.app[SERVICE].engine.exchange("openai", room_of(request), part="check")
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    exchange.end("done")
    name = request.match_info["model"]
    if name not in MODELS:
        message = f"The model '{name}' does not exist"
        return error(404, "invalid_request_error", message, code="model_not_found", param="model")
    return web.json_response(_model(name))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "alex-offline"}


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise BadRequestError("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise BadRequestError("The body must be a JSON object.")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise BadRequestError("you must provide a model parameter", "model")
    return body


def _refuse_body(request: web.Request, exchange: Exchange, problem: BadRequestError) -> web.Response:
    request.app[SERVICE].metrics.refused.labels(exchange.provider, "request").inc()
    exchange.end("refused")
    return error(400, "invalid_request_error", str(problem), param=problem.param)


async def chat(request: web.Request) -> web.StreamResponse:
    """Think and answer, whole or as it comes."""
    service = request.app[SERVICE]
    exchange = service.engine.exchange("openai", room_of(request))
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    try:
        body = await _body(request)
        messages = _messages(body)
        tools = _tools(body)
    except BadRequestError as problem:
        return _refuse_body(request, exchange, problem)
    try:
        with service.language.stream(exchange):
            answer = Answer(request, body, exchange)
            return await answer.run(service.engine.think(exchange, messages, tools))
    except BusyError:
        exchange.end("busy")
        return _busy()
    except CutError:
        exchange.end("cut")
        drop(request)
        return web.Response()
    finally:
        exchange.end("gone")


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequestError("Invalid 'messages': expected a non-empty array.", "messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadRequestError(f"Invalid 'messages[{index}]': expected an object with a role.", "messages")
    return messages


def _tools(body: dict[str, Any]) -> list[dict[str, Any]]:
    tools = body.get("tools") or []
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise BadRequestError("Invalid 'tools': expected an array of objects.", "tools")
    return [] if body.get("tool_choice") == "none" else tools


class Answer:
    """One completion, streamed or whole."""

    def __init__(self, request: web.Request, body: dict[str, Any], exchange: Exchange) -> None:
        self._request = request
        self._exchange = exchange
        self._model = body["model"]
        self._stream = body.get("stream") is True
        options = body.get("stream_options")
        self._count = isinstance(options, dict) and options.get("include_usage") is True
        self._id = identifier("chatcmpl-")
        self._created = int(time.time())
        self._text: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._prompt = tokens(json.dumps(body.get("messages"))) + tokens(json.dumps(body.get("tools") or ""))

    async def run(self, pieces: AsyncGenerator[Text | Call]) -> web.StreamResponse:
        """Answer the request; raises CutError when the script wants it dropped."""
        response: web.StreamResponse | None = None
        await self._exchange.before_first()
        if self._stream:
            response = await _events(self._request)
            await self._send(response, {"role": "assistant", "content": ""})
        # Closed at once when the client goes, so that the model does not think on for nobody.
        async with aclosing(pieces):
            async for piece in pieces:
                if self._text or self._calls:
                    await self._exchange.before_piece()
                self._exchange.mark("first")
                delta = self._take(piece)
                if response is not None:
                    await self._send(response, delta)
        reason = "tool_calls" if self._calls else "stop"
        self._exchange.mark("last", text="".join(self._text))
        if response is None:
            self._exchange.end("done")
            return self._whole(reason)
        await self._send(response, {}, reason)
        if self._count:
            await _event(response, {**self._frame(), "choices": [], "usage": self._usage()})
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        self._exchange.end("done")
        return response

    def _take(self, piece: Text | Call) -> dict[str, Any]:
        if isinstance(piece, Text):
            self._text.append(piece.text)
            return {"content": piece.text}
        function = {"name": piece.name, "arguments": piece.arguments}
        call = {"id": identifier("call_"), "type": "function", "function": function}
        self._calls.append(call)
        return {"tool_calls": [{"index": len(self._calls) - 1, **call}]}

    def _frame(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "system_fingerprint": "alex-offline",
        }

    async def _send(self, response: web.StreamResponse, delta: dict[str, Any], reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        frame = {**self._frame(), "choices": [choice]}
        await _event(response, {**frame, "usage": None} if self._count else frame)

    def _usage(self) -> dict[str, Any]:
        written = tokens("".join(self._text)) + sum(tokens(json.dumps(call["function"])) for call in self._calls)
        return {
            "prompt_tokens": self._prompt,
            "completion_tokens": written,
            "total_tokens": self._prompt + written,
            "prompt_tokens_details": {"cached_tokens": 0},
        }

    def _whole(self, reason: str) -> web.Response:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._text) or None, "refusal": None}
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        body = {**self._frame(), "object": "chat.completion", "choices": [choice], "usage": self._usage()}
        return web.json_response(body, headers={"x-request-id": identifier("req_")})


def tokens(text: str) -> int:
    """Roughly how many tokens the text is."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


async def _events(request: web.Request) -> web.StreamResponse:
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "x-request-id": identifier("req_")}
    response = web.StreamResponse(status=OK, headers=headers)
    await response.prepare(request)
    return response


async def _event(response: web.StreamResponse, body: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(body).encode() + b"\n\n")


async def speech(request: web.Request) -> web.StreamResponse:
    """Say a text."""
    service = request.app[SERVICE]
    exchange = service.engine.exchange("speech", room_of(request))
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    try:
        body = await _body(request)
        text, form, speed = _speech(body)
    except BadRequestError as problem:
        return _refuse_body(request, exchange, problem)
    try:
        with service.speech.stream(exchange):
            await exchange.before_first()
            pieces = service.engine.speak(exchange, text, speed)
            if body.get("stream_format") == "sse" and not body["model"].startswith("tts-1"):
                return await _speak_events(request, exchange, form, text, pieces)
            return await _speak_bytes(request, exchange, form, pieces)
    except BusyError:
        exchange.end("busy")
        return _busy()
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
    if form not in SPEECH_FORMATS:
        raise BadRequestError(f"Invalid 'response_format': use one of {', '.join(SPEECH_FORMATS)}.", "response_format")
    if isinstance(speed, bool) or not isinstance(speed, int | float) or not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise BadRequestError("Invalid 'speed': use 0.25 to 4.0.", "speed")
    return text, form, float(speed)


async def _shaped(
    exchange: Exchange, form: str, pieces: AsyncIterator[bytes], count: list[int]
) -> AsyncIterator[bytes]:
    """The pieces in the asked format; count[0] becomes the bytes of PCM."""
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
    response = await _events(request)
    count = [0]
    async for data in _shaped(exchange, form, pieces, count):
        await _event(response, {"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
    spoken = round(count[0] / 2 / SPEECH_RATE * SPEECH_TOKENS_PER_SECOND)
    asked = tokens(text)
    usage = {"input_tokens": asked, "output_tokens": spoken, "total_tokens": asked + spoken}
    await _event(response, {"type": "speech.audio.done", "usage": usage})
    await response.write_eof()
    exchange.end("done")
    return response
