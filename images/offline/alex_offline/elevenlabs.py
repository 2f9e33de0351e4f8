"""ElevenLabs' wire over HTTP: voices, models, the user keys are checked with, and one text said at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from alex_offline.admission import BusyError
from alex_offline.audio import Mp3, change_rate
from alex_offline.exchange import CutError
from alex_offline.service import SERVICE, drop, identifier

if TYPE_CHECKING:
    from alex_offline.exchange import Exchange

VOICES = {
    "21m00Tcm4TlvDq8ikWAM": "Rachel",
    "hpp4J3VqNfWAUOO0d1Us": "Bella",
    "EXAVITQu4vr4xnSDxMaL": "Sarah",
}
"""The voices that exist: Rachel, the LiveKit plugin's default and one more. All of them sound alike here."""

MODELS = ("eleven_turbo_v2_5", "eleven_flash_v2_5", "eleven_turbo_v2", "eleven_flash_v2", "eleven_multilingual_v2")
FORMAT = re.compile(
    r"pcm_(?P<pcm>8000|16000|22050|24000|44100|48000)|mp3_(?P<rate>22050|24000|44100)_(?P<kbits>\d{2,3})"
)
DEFAULT_FORMAT = "mp3_44100_128"
KILOBITS = (32, 48, 64, 96, 128, 192)
LONGEST_TEXT = 40_000
STATUS = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


def routes() -> list[web.AbstractRouteDef]:
    """List the endpoints."""
    return [
        web.get("/v1/user", user),
        web.get("/v1/voices", voices),
        web.get("/v1/voices/{voice}", voice),
        web.post("/v1/text-to-speech/{voice}", speak),
        web.post("/v1/text-to-speech/{voice}/stream", speak),
    ]


class Shape:
    """Turns 24 kHz PCM into one of ElevenLabs' output formats, in pieces."""

    def __init__(self, form: str) -> None:
        """`form` is like pcm_24000 or mp3_22050_32; raises ValueError for any other."""
        match = FORMAT.fullmatch(form)
        if match is None or (match["kbits"] and int(match["kbits"]) not in KILOBITS):
            raise ValueError(f"Output format {form[:40]!r} is not supported.")
        self._rate = int(match["pcm"] or match["rate"])
        self._mp3 = Mp3(self._rate, int(match["kbits"])) if match["kbits"] else None
        self.content_type = "audio/mpeg" if self._mp3 else "audio/pcm"

    def encode(self, pcm: bytes) -> bytes:
        """Encode the next piece; may be empty while the encoder collects a frame."""
        return self._mp3.encode(pcm) if self._mp3 else change_rate(pcm, self._rate)

    def finish(self) -> bytes:
        """Return what the encoder still holds."""
        return self._mp3.finish() if self._mp3 else b""


def error(status: int, code: str, message: str) -> web.Response:
    """ElevenLabs' error body."""
    body = {"detail": {"status": code, "message": message}}
    return web.json_response(body, status=status, headers={"x-trace-id": identifier()})


async def refusal(request: web.Request, exchange: Exchange) -> web.Response | None:
    """Find the answer to somebody who may not come in, or None."""
    service = request.app[SERVICE]
    await exchange.accept()
    key = request.headers.get("xi-api-key") or request.query.get("xi_api_key", "")
    if exchange.refusal == "key" or not service.keys.accepts(key):
        service.metrics.refused.labels("elevenlabs", "key").inc()
        exchange.end("refused")
        return error(401, "invalid_api_key", "Invalid API key")
    if exchange.refusal == "error":
        exchange.end("error")
        return error(500, "internal_server_error", "An internal server error occurred.")
    if exchange.refusal == "busy":
        service.speech.refuse("elevenlabs")
        exchange.end("busy")
        return busy()
    return None


def busy() -> web.Response:
    """Every stream is in use."""
    message = "Too many concurrent requests. Your current subscription has a maximum of concurrent requests."
    return error(429, "too_many_concurrent_requests", message)


def unknown(request: web.Request, exchange: Exchange) -> web.Response | None:
    """Find the answer when nobody has this voice, or None."""
    name = request.match_info["voice"]
    if name in VOICES:
        return None
    request.app[SERVICE].metrics.refused.labels("elevenlabs", "voice").inc()
    exchange.end("refused")
    return error(404, "voice_not_found", f"A voice with the voice_id {name[:64]} was not found.")


async def _look(request: web.Request, body: Any) -> web.Response:
    exchange = request.app[SERVICE].engine.exchange("elevenlabs", None, part="check")
    if (refused := await refusal(request, exchange)) is not None:
        return refused
    if "voice" in request.match_info and (refused := unknown(request, exchange)) is not None:
        return refused
    exchange.end("done")
    return web.json_response(body)


async def user(request: web.Request) -> web.Response:
    """Whose key this is."""
    return await _look(request, {"user_id": "alex-offline", "subscription": {"tier": "offline", "status": "active"}})


async def models(request: web.Request) -> web.Response:
    """Every model a client may name."""
    names = [{"model_id": name, "name": name, "can_do_text_to_speech": True} for name in MODELS]
    return await _look(request, names)


async def voices(request: web.Request) -> web.Response:
    """Every voice."""
    return await _look(request, {"voices": [_voice(name) for name in VOICES]})


async def voice(request: web.Request) -> web.Response:
    """One voice."""
    return await _look(request, _voice(request.match_info["voice"]))


def _voice(name: str) -> dict[str, Any]:
    return {"voice_id": name, "name": VOICES.get(name), "category": "premade", "labels": {}, "settings": None}


async def speak(request: web.Request) -> web.StreamResponse:
    """Say one text."""
    service = request.app[SERVICE]
    exchange = service.engine.exchange("elevenlabs", None)
    if (refused := await refusal(request, exchange) or unknown(request, exchange)) is not None:
        return refused
    try:
        text = await _text(request)
        shape = Shape(request.query.get("output_format", DEFAULT_FORMAT))
    except ValueError as problem:
        service.metrics.refused.labels("elevenlabs", "request").inc()
        exchange.end("refused")
        return error(400, "invalid_request", str(problem))
    try:
        with service.speech.stream(exchange):
            await exchange.before_first()
            response = web.StreamResponse(headers={"Content-Type": shape.content_type, "request-id": identifier()})
            await response.prepare(request)
            count = 0
            async for pcm in service.engine.speak(exchange, text):
                if count:
                    await exchange.before_piece()
                count += 1
                exchange.mark("first")
                await response.write(shape.encode(pcm))
            await response.write(shape.finish())
            await response.write_eof()
            exchange.mark("last")
            exchange.end("done")
            return response
    except BusyError:
        exchange.end("busy")
        return busy()
    except CutError:
        exchange.end("cut")
        drop(request)
        return web.Response()
    finally:
        exchange.end("gone")


async def _text(request: web.Request) -> str:
    try:
        body = await request.json()
    except ValueError:
        raise ValueError("The body is not JSON.") from None
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise ValueError("A non-empty text is required.")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"The text is longer than {LONGEST_TEXT} characters.")
    return text
