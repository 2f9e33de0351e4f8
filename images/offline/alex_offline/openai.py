"""What OpenAI's endpoints share: keys, errors, models and server-sent events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from alex_offline.service import SERVICE, identifier, room_of

if TYPE_CHECKING:
    from alex_offline.exchange import Exchange

MODELS = ("gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini-tts", "tts-1", "tts-1-hd")
# 2023-11-14, a date like any other; clients only sort by it.
CREATED = 1_700_000_000
# English text holds about four characters a token.
CHARACTERS_PER_TOKEN = 4


class BadRequestError(ValueError):
    """The request makes no sense; param names the field."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


def routes() -> list[web.AbstractRouteDef]:
    """List the endpoints that are not shared with another vendor."""
    return [web.get("/v1/models/{model}", model)]


def error(status: int, kind: str, message: str, *, code: str | None = None, param: str | None = None) -> web.Response:
    """OpenAI's error body."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return web.json_response(body, status=status, headers={"x-request-id": identifier("req_")})


async def refusal(request: web.Request, exchange: Exchange) -> web.Response | None:
    """Find the answer to somebody who may not come in, or None."""
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


def busy() -> web.Response:
    """Answer that every stream is in use."""
    return error(429, "requests", "Rate limit reached: every stream is in use.", code="rate_limit_exceeded")


async def models(request: web.Request) -> web.Response:
    """Every model a client may name."""
    exchange = request.app[SERVICE].engine.exchange("openai", room_of(request), part="check")
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    if exchange.refusal == "busy":
        exchange.end("busy")
        return busy()
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


async def read_body(request: web.Request) -> dict[str, Any]:
    """Read the JSON object of a request; raises BadRequestError."""
    try:
        body = await request.json()
    except ValueError:
        raise BadRequestError("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise BadRequestError("The body must be a JSON object.")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise BadRequestError("you must provide a model parameter", "model")
    return body


def refuse_body(request: web.Request, exchange: Exchange, problem: BadRequestError) -> web.Response:
    """Answer that the request makes no sense."""
    request.app[SERVICE].metrics.refused.labels(exchange.provider, "request").inc()
    exchange.end("refused")
    return error(400, "invalid_request_error", str(problem), param=problem.param)


def tokens(text: str) -> int:
    """Roughly how many tokens the text is."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


async def events(request: web.Request) -> web.StreamResponse:
    """Begin a stream of server-sent events."""
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "x-request-id": identifier("req_")}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    return response


async def event(response: web.StreamResponse, body: dict[str, Any]) -> None:
    """Send one of them."""
    await response.write(b"data: " + json.dumps(body).encode() + b"\n\n")
