"""The real ElevenLabs plugin, and ElevenLabs' own messages, against the scripted program."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import numpy as np
import pytest
from offline.plugins import KEY, RACHEL, voice
from offline.program import Program
from offline.voice import RATE, collect, resample, understand

HEADERS = {"xi-api-key": KEY}
LIVE = f"/v1/text-to-speech/{RACHEL}/multi-stream-input?model_id=eleven_turbo_v2_5&output_format=pcm_24000"


async def receive(socket: aiohttp.ClientWebSocketResponse, *, finals: int = 1) -> list[dict[str, Any]]:
    """Messages until that many contexts are final."""
    messages: list[dict[str, Any]] = []
    while sum(message.get("isFinal") is True for message in messages) < finals:
        messages.append(await socket.receive_json(timeout=10))
    return messages


def audio(messages: list[dict[str, Any]], context: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Decode the samples of one context at 16 kHz."""
    parts = [base64.b64decode(m["audio"]) for m in messages if m.get("audio") and m["contextId"] == context]
    samples = np.frombuffer(b"".join(parts), dtype="<i2").astype(np.float32) / 32768
    return resample(samples, 24_000, RATE).astype(np.float32)


@pytest.mark.parametrize("encoding", ["pcm_24000", "pcm_16000", "mp3_22050_32", "mp3_44100_128"])
async def test_speech_is_heard_as_it_was_written(encoding: str, scripted: Program, http: aiohttp.ClientSession) -> None:
    """Two turns on one socket of the plugin come through word by word, in every format."""
    plugin = voice(scripted, http, encoding=encoding)
    for text in ("I like to talk with you.", "Tell me more about it."):
        stream = plugin.stream()
        stream.push_text(text)
        stream.end_input()

        async def frames(stream: Any = stream) -> Any:
            async for item in stream:
                yield item.frame

        expected = text.lower().rstrip(".")
        assert understand(await collect(frames())) == expected
    await plugin.aclose()

    assert len(scripted.ledger("elevenlabs", part="opening")) == 1
    assert [entry["outcome"] for entry in scripted.ledger("elevenlabs")] == ["done", "done"]


async def test_the_first_sentence_sounds_while_the_second_is_written(
    scripted: Program, http: aiohttp.ClientSession
) -> None:
    """Audio comes before the input ends."""
    plugin = voice(scripted, http)
    stream = plugin.stream()
    # The plugin's tokenizer hands a sentence over when it sees the next one begin.
    stream.push_text("This is the first sentence, and it is a long one. This is the beginning of ")

    item = await stream.__anext__()

    assert item.frame.duration > 0
    stream.end_input()
    await stream.aclose()
    await plugin.aclose()


async def test_whole_texts_are_said_over_http(scripted: Program, http: aiohttp.ClientSession) -> None:
    """The plugin's one-shot synthesis comes through too."""
    plugin = voice(scripted, http)

    async def frames() -> Any:
        async for item in plugin.synthesize("We can meet on Monday."):
            yield item.frame

    assert understand(await collect(frames())) == "we can meet on monday"
    await plugin.aclose()


async def test_letters_are_timed_along_the_audio(scripted: Program, http: aiohttp.ClientSession) -> None:
    """The alignment spells the text, never goes back, and ends with the audio."""
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        await socket.send_json({"text": " ", "context_id": "a", "voice_settings": {}})
        await socket.send_json({"text": "Good morning. ", "context_id": "a", "flush": True})
        await socket.send_json({"text": "How are you? ", "context_id": "a", "flush": True})
        await socket.send_json({"context_id": "a", "close_context": True})
        messages = await receive(socket)

    aligned = [m["normalizedAlignment"] for m in messages if m.get("normalizedAlignment")]
    starts = [start for part in aligned for start in part["charStartTimesMs"]]
    assert "".join(char for part in aligned for char in part["chars"]) == "Good morning. How are you? "
    assert starts == sorted(starts)
    length = len(audio(messages, "a")) / RATE * 1000
    assert length * 0.8 < starts[-1] <= length


async def test_contexts_on_one_socket_are_told_apart(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Two contexts at once are each whole and each final."""
    texts = {"a": "My cat is black.", "b": "The train is late."}
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        for name, text in texts.items():
            await socket.send_json({"text": text + " ", "context_id": name})
        for name in texts:
            await socket.send_json({"context_id": name, "close_context": True})
        messages = await receive(socket, finals=2)

    for name, text in texts.items():
        assert understand(audio(messages, name)) == text.lower().rstrip(".")


async def test_text_waits_for_its_flush(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Without auto mode, little text stays silent until it is flushed; an empty text keeps the context alive."""
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        await socket.send_json({"text": "Hello there. ", "context_id": "a"})
        await socket.send_json({"text": "", "context_id": "a"})
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.5)
        await socket.send_json({"text": "", "context_id": "a", "flush": True})

        assert (await socket.receive_json(timeout=5))["audio"]


async def test_a_sixth_context_is_refused(scripted: Program, http: aiohttp.ClientSession) -> None:
    """ElevenLabs lets five contexts be open on a socket; the next gets an error of its own."""
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        for number in range(6):
            await socket.send_json({"text": " ", "context_id": f"c{number}"})
        message = await socket.receive_json(timeout=5)

    assert message["contextId"] == "c5"
    assert message["error"] == "max_active_contexts_exceeded"


async def test_closing_the_socket_says_the_rest(scripted: Program, http: aiohttp.ClientSession) -> None:
    """close_socket finishes every context before the socket closes."""
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        await socket.send_json({"text": "See you soon. ", "context_id": "a"})
        await socket.send_json({"close_socket": True})
        messages = await receive(socket)
        last = await socket.receive(timeout=5)

    assert understand(audio(messages, "a")) == "see you soon"
    assert last.type is aiohttp.WSMsgType.CLOSE


async def test_an_idle_socket_is_closed(scripted: Program, http: aiohttp.ClientSession) -> None:
    """After inactivity_timeout seconds without a word the socket says why and closes."""
    async with http.ws_connect(scripted.url + LIVE + "&inactivity_timeout=1", headers=HEADERS) as socket:
        message = await socket.receive_json(timeout=5)
        last = await socket.receive(timeout=5)

    assert message["error"] == "input_timeout_exceeded"
    assert last.type is aiohttp.WSMsgType.CLOSE


@pytest.mark.parametrize("message", ["nonsense", "[]", '{"text": 7}'])
async def test_nonsense_on_the_socket_closes_it(message: str, scripted: Program, http: aiohttp.ClientSession) -> None:
    """A message that is no packet is answered and the socket closed."""
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        await socket.send_str(message)
        answer = await socket.receive_json(timeout=5)

    assert answer["error"] == "invalid_message"


async def test_voices_are_looked_up(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Rachel and the plugin's default exist; any other is ElevenLabs' 404 for look-up, text and socket."""
    base = f"{scripted.url}/v1"
    for name in (RACHEL, "hpp4J3VqNfWAUOO0d1Us"):
        async with http.get(f"{base}/voices/{name}", headers=HEADERS) as response:
            assert (await response.json())["voice_id"] == name
    async with http.get(f"{base}/voices/nobody", headers=HEADERS) as response:
        assert response.status == 404
        assert (await response.json())["detail"]["status"] == "voice_not_found"
    async with http.post(f"{base}/text-to-speech/nobody/stream", json={"text": "x"}, headers=HEADERS) as response:
        assert response.status == 404
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{base}/text-to-speech/nobody/multi-stream-input", headers=HEADERS)
    assert refused.value.status == 404


async def test_keys_and_models_are_checked_where_the_vendor_checks_them(
    scripted: Program, http: aiohttp.ClientSession
) -> None:
    """GET /v1/user and /v1/models answer the right key, each in ElevenLabs' shape, and refuse a wrong one."""
    for path in ("user", "models", "voices"):
        async with http.get(f"{scripted.url}/v1/{path}", headers=HEADERS) as response:
            assert response.status == 200
        async with http.get(f"{scripted.url}/v1/{path}", headers={"xi-api-key": "wrong"}) as response:
            assert response.status == 401
            assert (await response.json())["detail"]["status"] == "invalid_api_key"
    async with http.get(f"{scripted.url}/v1/models", headers=HEADERS) as response:
        assert {model["model_id"] for model in await response.json()} >= {"eleven_turbo_v2_5"}


@pytest.mark.parametrize("query", ["output_format=opus_48000_32", "output_format=mp3_22050_33", "inactivity_timeout=0"])
async def test_a_query_elevenlabs_would_refuse_is_refused(
    query: str, scripted: Program, http: aiohttp.ClientSession
) -> None:
    """An unknown format or a timeout out of range never becomes a socket."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{scripted.url}/v1/text-to-speech/{RACHEL}/multi-stream-input?{query}", headers=HEADERS)

    assert refused.value.status == 400
