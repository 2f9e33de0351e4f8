"""No more streams than the settings allow: the next one is refused in the vendor's own words, and room comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit.agents import APIError, APIStatusError
from offline.plugins import ONCE, RACHEL, ears, voice
from offline.program import Program
from offline.voice import feed, say

KEY = "any"
DEEPGRAM = {"Authorization": f"Token {KEY}"}
OPENAI = {"Authorization": f"Bearer {KEY}"}
ELEVENLABS = {"xi-api-key": KEY}
LISTEN = "/v1/listen?encoding=linear16&sample_rate=16000&channels=1"
SPEAK = f"/v1/text-to-speech/{RACHEL}/multi-stream-input?output_format=pcm_24000"
CHAT: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
SPEECH = {"model": "tts-1", "voice": "nova", "input": "Hello there.", "response_format": "pcm"}


@pytest.fixture(scope="module")
def narrow() -> Iterator[Program]:
    """Start a program with room for two of each, and no key of its own."""
    streams = {f"ALEX_OFFLINE_{kind}_STREAMS": "2" for kind in ("STT", "SPEECH", "LANGUAGE")}
    with Program(ALEX_OFFLINE_ENGINE="scripted", **streams) as program:
        program.wait_ready()
        yield program


async def test_a_third_recognition_is_deepgrams_429(narrow: Program, http: aiohttp.ClientSession) -> None:
    """Two live streams run; the third handshake gets TOO_MANY_REQUESTS, and a place is free when one ends."""
    active = 'alex_offline_active_streams{provider="deepgram"}'
    first = await http.ws_connect(narrow.url + LISTEN, headers=DEEPGRAM)
    second = await http.ws_connect(narrow.url + LISTEN, headers=DEEPGRAM)
    async with http.get(narrow.url + LISTEN, headers={**DEEPGRAM, **_upgrade()}) as response:
        assert response.status == 429
        assert (await response.json())["err_code"] == "TOO_MANY_REQUESTS"
    stream = ears(narrow, http, key=KEY).stream(conn_options=ONCE)
    with pytest.raises(APIError):
        async for _ in stream:
            pass
    assert narrow.figure('alex_offline_refused_total{provider="deepgram",reason="busy"}') == 2
    await first.close()
    async with asyncio.timeout(10):
        while narrow.figure(active) == 2:  # the service gives the place back a moment after the goodbye
            await asyncio.sleep(0.05)
    third = await http.ws_connect(narrow.url + LISTEN, headers=DEEPGRAM)

    assert narrow.figure(active) == 2
    await second.close()
    await third.close()


def _upgrade() -> dict[str, str]:
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }


@pytest.mark.parametrize(("path", "request_body"), [("chat/completions", CHAT), ("audio/speech", SPEECH)])
async def test_a_third_request_is_openais_429(
    path: str, request_body: dict[str, Any], narrow: Program, http: aiohttp.ClientSession
) -> None:
    """Of five requests at once two are served and three get rate_limit_exceeded."""
    provider = "openai" if "chat" in path else "speech"
    narrow.follow(delays={provider: {"first_ms": 500}})

    async def ask() -> tuple[int, str | None]:
        async with http.post(f"{narrow.url}/v1/{path}", json=request_body, headers=OPENAI) as response:
            if response.status == 200:
                return 200, None
            return response.status, (await response.json())["error"]["code"]

    answers = await asyncio.gather(*(ask() for _ in range(5)))

    assert sorted(answers, key=str) == [(200, None)] * 2 + [(429, "rate_limit_exceeded")] * 3
    narrow.follow()
    assert await ask() == (200, None)


async def test_a_third_utterance_is_elevenlabs_429(narrow: Program, http: aiohttp.ClientSession) -> None:
    """Idle sockets take no room; two open contexts do: a third is refused on its socket, a new socket with 429."""
    narrow.follow()
    idle = await http.ws_connect(narrow.url + SPEAK, headers=ELEVENLABS)
    busy = await http.ws_connect(narrow.url + SPEAK, headers=ELEVENLABS)
    for name in ("a", "b"):
        await busy.send_json({"text": "Wait for it ", "context_id": name})
    await asyncio.sleep(0.2)

    await idle.send_json({"text": "Me too. ", "context_id": "c", "flush": True})
    refused = await idle.receive_json(timeout=5)
    with pytest.raises(aiohttp.WSServerHandshakeError) as handshake:
        await http.ws_connect(narrow.url + SPEAK, headers=ELEVENLABS)
    plugin = voice(narrow, http, key=KEY)
    stream = plugin.stream(conn_options=ONCE)
    stream.push_text("Hello there. ")
    stream.end_input()
    with pytest.raises(APIStatusError) as failed:
        await stream.__anext__()

    assert (refused["contextId"], refused["error"]) == ("c", "too_many_concurrent_requests")
    assert handshake.value.status == 429
    assert failed.value.status_code == 429
    await stream.aclose()
    await plugin.aclose()
    await busy.close()
    await asyncio.sleep(0.2)
    await idle.send_json({"text": "And now? ", "context_id": "d", "flush": True})
    assert (await idle.receive_json(timeout=5))["audio"]
    await idle.close()


async def test_a_client_that_hangs_up_frees_its_stream(narrow: Program, http: aiohttp.ClientSession) -> None:
    """A dropped chat request gives its place back at once."""
    narrow.follow(faults=[{"provider": "openai", "kind": "hang", "times": 2}])
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await http.post(
                f"{narrow.url}/v1/chat/completions",
                json=CHAT,
                headers=OPENAI,
                timeout=aiohttp.ClientTimeout(total=0.3),
            )
    await asyncio.sleep(0.2)

    async with http.post(f"{narrow.url}/v1/chat/completions", json=CHAT, headers=OPENAI) as response:
        assert response.status == 200
    assert [entry["outcome"] for entry in narrow.ledger("openai")] == ["gone", "gone", "done"]


async def test_any_key_is_accepted_unless_one_is_set(narrow: Program, http: aiohttp.ClientSession) -> None:
    """Without ALEX_OFFLINE_KEY every key opens the door, and no key does not."""
    async with http.get(f"{narrow.url}/v1/projects", headers=DEEPGRAM) as response:
        assert response.status == 200
    for headers in ({}, {"Authorization": "Token "}, {"Authorization": "Basic any"}):
        async with http.get(f"{narrow.url}/v1/projects", headers=headers) as response:
            assert response.status == 401


async def test_many_calls_at_once_are_cheap(shared: Program, http: aiohttp.ClientSession) -> None:
    """Thirty live streams of real-time speech cost the scripted engine less than a core."""
    shared.follow(transcripts=["Yes."])
    audio = say("This is what every caller says, at about the same time.", tail=1.5)
    streams = [ears(shared, http).stream() for _ in range(30)]
    before, began = _cpu(shared), asyncio.get_running_loop().time()

    await asyncio.gather(*(feed(stream, audio, pace=1.0) for stream in streams))

    used, wall = _cpu(shared) - before, asyncio.get_running_loop().time() - began
    for stream in streams:
        await stream.aclose()
    finals = [e for entry in shared.ledger("deepgram") for e in entry["events"] if e["what"] == "first"]
    assert len(finals) == 30
    assert used / wall < 0.9


def _cpu(program: Program) -> float:
    """Sum the processor seconds the program has used."""
    fields = Path(f"/proc/{program.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
