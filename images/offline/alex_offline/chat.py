"""OpenAI's chat completions, streamed or whole."""

from __future__ import annotations

import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from aiohttp import web

from alex_offline.admission import BusyError
from alex_offline.engine import Call, Text
from alex_offline.exchange import CutError
from alex_offline.openai import BadRequestError, busy, event, events, read_body, refusal, refuse_body, tokens
from alex_offline.service import SERVICE, drop, identifier, room_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from alex_offline.exchange import Exchange


def routes() -> list[web.AbstractRouteDef]:
    """List the endpoint."""
    return [web.post("/v1/chat/completions", chat)]


async def chat(request: web.Request) -> web.StreamResponse:
    """Think and answer, whole or as it comes."""
    service = request.app[SERVICE]
    exchange = service.engine.exchange("openai", room_of(request))
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    try:
        body = await read_body(request)
        messages = _messages(body)
        tools = _tools(body)
    except BadRequestError as problem:
        return refuse_body(request, exchange, problem)
    try:
        with service.language.stream(exchange):
            answer = Answer(request, body, exchange)
            return await answer.run(service.engine.think(exchange, messages, tools))
    except BusyError:
        exchange.end("busy")
        return busy()
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
            response = await events(self._request)
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
            await event(response, {**self._frame(), "choices": [], "usage": self._usage()})
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
        await event(response, {**frame, "usage": None} if self._count else frame)

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
