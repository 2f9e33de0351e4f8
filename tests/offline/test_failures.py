"""What happens when a model breaks in the middle of a request, and when a client falls silent."""

# ruff: noqa: ARG002 - the broken engine has the engine's shape and uses none of it
from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from alex_offline import live
from alex_offline.app import create_app
from alex_offline.engine import Call, Heard, Started, Text
from alex_offline.exchange import Exchange
from alex_offline.metrics import Metrics
from alex_offline.script import Script
from alex_offline.scripted import ScriptedEngine
from alex_offline.scripted_hearing import ScriptedHearing
from alex_offline.segments import Segments
from alex_offline.settings import Settings
from livekit.agents import APIError
from livekit.plugins import deepgram, elevenlabs, openai
from offline.plugins import ONCE, asked, think
from offline.voice import hear, say

SECRET = "what the caller said"


class BrokenEngine(ScriptedEngine):
    """An engine whose models break: `pieces` is how much they still say before."""

    pieces = 0

    async def start(self) -> None:
        """Load nothing."""
        self._problem = None

    async def think(
        self, exchange: Exchange, messages: list[dict[str, Any]], tools: list[dict[str, Any]]
    ) -> AsyncGenerator[Text | Call]:
        """Break."""
        for _ in range(self.pieces):
            yield Text("word ")
        raise RuntimeError(SECRET)

    def listen(self, exchange: Exchange, rate: int, channels: int, endpointing: float | None) -> BrokenHearing:
        """Break later."""
        return BrokenHearing(exchange, Segments(rate, channels, endpointing), ("word",))

    async def speak(self, exchange: Exchange, text: str, speed: float = 1.0) -> AsyncIterator[bytes]:
        """Break."""
        for _ in range(self.pieces):
            yield bytes(4800)
        raise RuntimeError(SECRET)


class BrokenHearing(ScriptedHearing):
    """An ear that breaks at the first sound."""

    async def events(self) -> AsyncIterator[Started | Heard]:
        """Break."""
        async for event in super().events():
            yield event
            raise RuntimeError(SECRET)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def broken(metrics: Metrics) -> AsyncIterator[tuple[TestServer, BrokenEngine]]:
    """Serve the wires in this process, with a broken engine behind them."""
    engine = BrokenEngine(Script(), metrics)
    await engine.start()
    server = TestServer(create_app(Settings(), engine, metrics))
    await server.start_server()
    yield server, engine
    await server.close()
    await engine.aclose()


def failures(metrics: Metrics, provider: str) -> float | None:
    """Read the count of failures."""
    return metrics.registry.get_sample_value("alex_offline_failures_total", {"provider": provider})


@pytest.mark.parametrize("pieces", [0, 2])
async def test_a_mind_that_breaks_is_an_error_of_the_plugin(
    pieces: int, broken: tuple[TestServer, BrokenEngine], metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before and after the first word the plugin gets an error, the failure is counted, and nothing said is logged."""
    server, engine = broken
    engine.pieces = pieces
    plugin = openai.LLM(model="gpt-4o-mini", api_key="any", base_url=str(server.make_url("/v1")))

    with pytest.raises(APIError):
        await think(plugin.chat(chat_ctx=asked("Hello?"), conn_options=ONCE))

    assert failures(metrics, "openai") == 1
    captured = capsys.readouterr()
    assert SECRET not in captured.out + captured.err


@pytest.mark.parametrize("pieces", [0, 2])
async def test_a_voice_that_breaks_is_an_error_of_the_plugin(
    pieces: int, broken: tuple[TestServer, BrokenEngine], metrics: Metrics, http: aiohttp.ClientSession
) -> None:
    """OpenAI's and ElevenLabs' plugins are told; neither waits for its timeout."""
    server, engine = broken
    engine.pieces = pieces
    base = str(server.make_url("/v1"))
    second = openai.TTS(model="gpt-4o-mini-tts", voice="nova", api_key="any", base_url=base, response_format="pcm")
    with pytest.raises(APIError):
        async for _ in second.synthesize("Hello there.", conn_options=ONCE):
            pass
    first = elevenlabs.TTS(api_key="any", base_url=base, encoding="pcm_24000", http_session=http)
    stream = first.stream(conn_options=ONCE)
    stream.push_text("Hello there.")
    stream.end_input()
    with pytest.raises(APIError):
        async for _ in stream:
            pass
    await first.aclose()

    assert failures(metrics, "speech") == 1
    assert failures(metrics, "elevenlabs") == 1


async def test_an_ear_that_breaks_is_an_error_of_the_plugin(
    broken: tuple[TestServer, BrokenEngine], metrics: Metrics, http: aiohttp.ClientSession
) -> None:
    """Deepgram's plugin sees the connection drop at once, and the failure is counted."""
    server, _ = broken
    plugin = deepgram.STT(api_key="any", base_url=str(server.make_url("/v1/listen")), http_session=http)

    with pytest.raises(APIError):
        await hear(plugin.stream(conn_options=ONCE), [say("Hello there, can you hear me?")])

    assert failures(metrics, "deepgram") == 1


async def test_a_silent_stream_is_closed(
    broken: tuple[TestServer, BrokenEngine], http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without audio and KeepAlive the stream is closed with Deepgram's NET-0001; a KeepAlive puts that off."""
    monkeypatch.setattr(live, "SILENT_SECONDS", 0.5)
    server, _ = broken
    url = server.make_url("/v1/listen?encoding=linear16&sample_rate=16000")
    async with http.ws_connect(url, headers={"Authorization": "Token any"}) as socket:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await socket.receive(timeout=0.3)
            await socket.send_json({"type": "KeepAlive"})
        message = await socket.receive(timeout=5)

    assert message.type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == 1011
    assert "NET-0001" in str(message.extra)
