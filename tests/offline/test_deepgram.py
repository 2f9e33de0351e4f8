"""The real Deepgram plugin, and Deepgram's own messages, against the scripted program."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import wave

import aiohttp
import pytest
from livekit import rtc
from livekit.agents import stt
from offline.plugins import KEY, ears
from offline.program import Program, moment
from offline.voice import RATE, finals, hear, interims, pcm, say

LIVE = "/v1/listen?model=nova-2-general&encoding=linear16&sample_rate=16000&channels=1"
HEADERS = {"Authorization": f"Token {KEY}"}


async def test_utterances_hear_their_transcripts_in_order(scripted: Program, http: aiohttp.ClientSession) -> None:
    """The nth utterance of a stream is the nth transcript, with interims before it and an end of speech after."""
    scripted.follow(transcripts=["What is your name?", "And how old are you?"])
    stream = ears(scripted, http).stream()

    events = await hear(stream, [say("This is some sound that is long enough."), say("And this is some more of it.")])

    assert finals(events) == ["What is your name?", "And how old are you?"]
    assert interims(events)
    kinds = [event.type for event in events if event.type is not stt.SpeechEventType.RECOGNITION_USAGE]
    assert kinds[0] is stt.SpeechEventType.START_OF_SPEECH
    assert kinds[-1] is stt.SpeechEventType.END_OF_SPEECH
    words = next(e for e in events if e.type is stt.SpeechEventType.FINAL_TRANSCRIPT).alternatives[0].words
    assert [str(word) for word in words or []] == ["What", "is", "your", "name?"]
    starts = [float(str(word.start_time)) for word in words or []]
    assert starts == sorted(starts)
    assert 0.3 < starts[0] < 1.0


async def test_streams_have_scripts_of_their_own(scripted: Program, http: aiohttp.ClientSession) -> None:
    """The nth stream follows the nth list of `streams`, later ones the common transcripts."""
    scripted.follow(streams=[["First."], ["Second."]], transcripts=["Any."])

    heard = [finals(await hear(ears(scripted, http).stream(), [say("A few words.")], pace=8)) for _ in range(3)]

    assert heard == [["First."], ["Second."], ["Any."]]


async def test_the_final_comes_soon_after_speech_ends(scripted: Program, http: aiohttp.ClientSession) -> None:
    """At the pace of speech, the final result follows the last sound within 0.6 s."""
    scripted.follow(transcripts=["Hello."])
    audio = say("Hello there.", tail=1.5)

    await hear(ears(scripted, http).stream(), [audio], pace=1.0)

    entry = scripted.ledger("deepgram")[0]
    spoken = len(audio) / 2 / RATE - 0.5 - 1.5
    assert moment(entry, "speech_ended") - moment(entry, "speech_started") < spoken + 0.6


async def test_silence_says_nothing(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Silence and faint noise are no utterance."""
    import numpy as np  # noqa: PLC0415 - only here

    noise = np.random.default_rng(1).standard_normal(RATE * 2) * 0.002
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        await socket.send_bytes(pcm(np.zeros(RATE)) + pcm(noise))
        await socket.send_json({"type": "CloseStream"})
        message = await socket.receive_json(timeout=5)

    assert message["type"] == "Metadata"
    assert scripted.ledger("deepgram")[0]["outcome"] == "done"


async def test_a_file_is_transcribed_at_once(scripted: Program, http: aiohttp.ClientSession) -> None:
    """The plugin's batch call gets the transcript of a whole WAV."""
    scripted.follow(transcripts=["The whole file."])
    audio = say("This is a recording.")
    frame = rtc.AudioFrame(audio, RATE, 1, len(audio) // 2)

    event = await ears(scripted, http).recognize(buffer=frame)

    assert event.alternatives[0].text == "The whole file."


async def test_finalize_ends_the_utterance_at_once(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Finalize answers with from_finalize while the caller still speaks."""
    scripted.follow(transcripts=["Half a sentence."])
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        await socket.send_bytes(say("This goes on and on and on for a while.")[: RATE * 4])
        await socket.send_json({"type": "KeepAlive"})
        await socket.send_json({"type": "Finalize"})
        message = await socket.receive_json(timeout=5)

    assert message["type"] == "Results"
    assert message["from_finalize"] is True
    assert message["is_final"] is True
    assert message["channel"]["alternatives"][0]["transcript"] == "Half a sentence."


async def test_a_stream_ends_with_its_summary(scripted: Program, http: aiohttp.ClientSession) -> None:
    """CloseStream brings the last result, then Metadata with the duration, then a normal close."""
    scripted.follow(transcripts=["Bye."])
    audio = say("Goodbye now.", tail=0.1)
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        assert socket._response.headers["dg-request-id"]
        await socket.send_bytes(audio)
        await socket.send_json({"type": "CloseStream"})
        messages = []
        while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            messages.append(json.loads(message.data))

    assert [message["type"] for message in messages] == ["Results", "Metadata"]
    assert messages[1]["duration"] == pytest.approx(len(audio) / 2 / RATE, abs=0.01)
    assert socket.close_code == 1000


async def test_an_utterance_end_follows_the_silence_it_asks_for(scripted: Program, http: aiohttp.ClientSession) -> None:
    """utterance_end_ms sends UtteranceEnd once, after that much silence behind the last word."""
    scripted.follow(transcripts=["One thing."])
    query = "&interim_results=true&vad_events=true&utterance_end_ms=1000"
    async with http.ws_connect(scripted.url + LIVE + query, headers=HEADERS) as socket:
        audio = say("One thing.", tail=3.0)
        for at in range(0, len(audio), 3200):
            await socket.send_bytes(audio[at : at + 3200])
            await asyncio.sleep(0.005)
        await socket.send_json({"type": "CloseStream"})
        kinds = []
        while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            kinds.append(json.loads(message.data)["type"])

    assert kinds[0] == "SpeechStarted"
    assert kinds.count("UtteranceEnd") == 1
    assert kinds[-1] == "Metadata"


async def test_stereo_and_other_rates_are_heard(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Two channels at 48 kHz are one utterance, timed by their own rate."""
    import numpy as np  # noqa: PLC0415 - only here

    scripted.follow(transcripts=["Both sides."])
    mono = np.frombuffer(say("Both of the sides are heard.", rate=48_000), dtype="<i2")
    path = scripted.url + "/v1/listen?encoding=linear16&sample_rate=48000&channels=2"
    async with http.ws_connect(path, headers=HEADERS) as socket:
        await socket.send_bytes(np.repeat(mono, 2).tobytes())
        await socket.send_json({"type": "CloseStream"})
        message = await socket.receive_json(timeout=5)

    assert message["channel"]["alternatives"][0]["transcript"] == "Both sides."
    assert 0.3 < message["start"] < 1.0


@pytest.mark.parametrize(
    "change",
    ["encoding=opus", "sample_rate=loud", "sample_rate=1", "channels=9", "interim_results=perhaps", "endpointing=soon"],
)
async def test_a_query_deepgram_would_refuse_is_refused(
    change: str, scripted: Program, http: aiohttp.ClientSession
) -> None:
    """A parameter out of range gets 400 in Deepgram's shape, before any socket."""
    path = "/v1/listen?encoding=linear16&" + change if "encoding" not in change else "/v1/listen?" + change
    async with http.get(scripted.url + path, headers=HEADERS) as response:
        body = await response.json()

    assert response.status == 400
    assert set(body) == {"err_code", "err_msg", "request_id"}


async def test_nonsense_on_the_socket_closes_it(scripted: Program, http: aiohttp.ClientSession) -> None:
    """A text that is no known message closes the stream with Deepgram's DATA-0000."""
    async with http.ws_connect(scripted.url + LIVE, headers=HEADERS) as socket:
        await socket.send_str("hello?")
        message = await socket.receive(timeout=5)

    assert message.type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == 1008
    assert "DATA-0000" in str(message.extra)


async def test_a_broken_file_is_refused(scripted: Program, http: aiohttp.ClientSession) -> None:
    """A batch body that is no 16-bit WAV gets 400."""
    eight_bit = io.BytesIO()
    with wave.open(eight_bit, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(8000))
    for body in (b"not a wav", eight_bit.getvalue()):
        async with http.post(scripted.url + "/v1/listen", data=body, headers=HEADERS) as response:
            assert response.status == 400


async def test_the_key_check_names_a_project(scripted: Program, http: aiohttp.ClientSession) -> None:
    """GET /v1/projects says 200 to the right key and Deepgram's 401 to a wrong one."""
    async with http.get(scripted.url + "/v1/projects", headers=HEADERS) as response:
        assert response.status == 200
        assert (await response.json())["projects"]
    async with http.get(scripted.url + "/v1/projects", headers={"Authorization": "Token wrong"}) as response:
        assert response.status == 401
        assert (await response.json())["err_code"] == "INVALID_AUTH"


async def test_a_program_that_stops_ends_streams_in_a_pause(http: aiohttp.ClientSession) -> None:
    """Who is silent is sent to another pod at once, who speaks after the sentence, of which every word is heard."""
    with Program(ALEX_OFFLINE_ENGINE="scripted", ALEX_OFFLINE_KEY=KEY) as program:
        program.wait_ready()
        program.follow(transcripts=["My dog is called Bruno."])
        url = f"{program.url}{LIVE}&vad_events=true"
        async with http.ws_connect(url, headers=HEADERS) as silent, http.ws_connect(url, headers=HEADERS) as speaking:
            audio = say("My dog is called Bruno, and he likes to run about.", tail=1.5)
            half = len(audio) // 4 * 2
            await speaking.send_bytes(audio[:half])
            assert (await speaking.receive_json(timeout=5))["type"] == "SpeechStarted"
            os.kill(program.pid, signal.SIGTERM)

            assert (await silent.receive(timeout=5)).data == aiohttp.WSCloseCode.GOING_AWAY
            await speaking.send_bytes(audio[half:])
            told = [message async for message in speaking]
            assert speaking.close_code == aiohttp.WSCloseCode.GOING_AWAY, told
        heard = [json.loads(message.data) for message in told]

    assert [one["channel"]["alternatives"][0]["transcript"] for one in heard if one.get("speech_final")] == [
        "My dog is called Bruno."
    ]
