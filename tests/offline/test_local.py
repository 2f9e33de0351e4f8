"""The local engine with its real models behind the real plugins: what is said is understood, answered and spoken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import function_tool
from offline.plugins import asked, ears, mind, think, voice
from offline.program import Program, spawn
from offline.voice import RATE, collect, finals, hear, interims, pcm, plain, resample, say, understand

SENTENCES = (
    "What are your opening hours?",
    "Tell me what the weather is like in Berlin today.",
    "What is seven times eight?",
    "I would like to know the time, please.",
)
HEADERS = {"Authorization": "Token any"}
LISTEN = "/v1/listen?encoding=linear16&sample_rate=16000&channels=1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home and a place for temporary files."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def local(home: Path) -> Iterator[Program]:
    """Start the program as a laptop would, with its default engine."""
    with Program(HOME=str(home), TMPDIR=str(home)) as program:
        assert program.ask("/readyz")[0] == 503
        program.wait_ready()
        yield program


def test_nothing_is_collected(home: Path, local: Program) -> None:
    """The models' runtime writes no telemetry, neither beside temporary files nor into the user's cache."""
    assert local.ask("/readyz")[0] == 200
    assert [*home.rglob("*")] == []


@pytest.mark.parametrize("sentence", SENTENCES)
async def test_a_sentence_is_understood(sentence: str, local: Program, http: aiohttp.ClientSession) -> None:
    """At the pace of speech, the final result has the right words; a longer sentence has interims before."""
    events = await hear(ears(local, http).stream(), [say(sentence, tail=1.5)], pace=1.0)

    assert plain(" ".join(finals(events))) == plain(sentence)
    if len(say(sentence)) / 2 / RATE > 4:
        assert plain(interims(events)[0]).split()[0] == plain(sentence).split()[0]


async def test_callers_at_once_hear_their_own_words(local: Program, http: aiohttp.ClientSession) -> None:
    """Four callers who speak at the same time are not mixed up."""
    streams = [ears(local, http).stream() for _ in SENTENCES]
    heard = await asyncio.gather(
        *(hear(stream, [say(text, tail=1.5)], pace=1.0) for stream, text in zip(streams, SENTENCES, strict=True))
    )

    assert [plain(" ".join(finals(events))) for events in heard] == [plain(text) for text in SENTENCES]


async def test_two_sentences_are_two_results(local: Program, http: aiohttp.ClientSession) -> None:
    """A second sentence on the same stream is understood as well as the first."""
    events = await hear(ears(local, http).stream(), [say(SENTENCES[0]), say(SENTENCES[2], tail=1.5)], pace=2.0)

    assert [plain(text) for text in finals(events)] == [plain(SENTENCES[0]), plain(SENTENCES[2])]


async def test_noise_has_no_words(local: Program, http: aiohttp.ClientSession) -> None:
    """A sudden hiss between silences may open an utterance, but nothing is understood in it."""
    hiss = np.random.default_rng(2).standard_normal(RATE * 2) * 0.03
    async with http.ws_connect(local.url + LISTEN, headers=HEADERS) as socket:
        await socket.send_bytes(bytes(RATE) + pcm(hiss) + bytes(RATE * 4))
        await socket.send_json({"type": "CloseStream"})
        words = []
        while (message := await socket.receive_json(timeout=20))["type"] != "Metadata":
            words.append(message["channel"]["alternatives"][0]["transcript"])

    assert "".join(words) == ""


async def test_what_it_says_it_understands(local: Program, http: aiohttp.ClientSession) -> None:
    """Speech in ElevenLabs' shape, fed back in Deepgram's, has the words it was made from."""
    plugin = voice(local, http)

    async def frames() -> Any:
        async for item in plugin.synthesize("I like the elephant and the mountain lion."):
            yield item.frame

    samples = await collect(frames())
    await plugin.aclose()
    padded = np.concatenate([np.zeros(RATE // 2), resample(samples, RATE, RATE), np.zeros(RATE)])
    events = await hear(ears(local, http).stream(), [pcm(padded)], pace=2.0)

    assert plain(finals(events)[0]) == "i like the elephant and the mountain lion"
    assert understand(samples) == "i like the elephant and the mountain lion"
    assert 0.3 < np.abs(samples).max() < 1.0


async def test_a_question_is_answered(local: Program) -> None:
    """The mind's answer streams through the plugin with its usage."""
    text, calls, usage = await think(mind(local).chat(chat_ctx=asked("What is seven times eight?")))

    assert "fifty six" in plain(text).replace("fiftysix", "fifty six").replace("56", "fifty six")
    assert calls == []
    assert usage is not None
    assert usage.completion_tokens > 0


async def test_a_goodbye_calls_the_tool_that_ends_the_call(local: Program) -> None:
    """The mind asks for the tool it is offered, as OpenAI would."""

    @function_tool
    async def end_call() -> None:
        """End the call."""

    context = asked("Thank you, goodbye.")
    _, calls, _ = await think(mind(local).chat(chat_ctx=context, tools=[end_call]))

    assert [call.name for call in calls] == ["end_call"]


async def test_a_file_is_understood(local: Program, http: aiohttp.ClientSession) -> None:
    """A whole recording becomes its words, in the shape of Deepgram's batch answer."""
    audio = say(SENTENCES[1])
    event = await ears(local, http).recognize(buffer=rtc.AudioFrame(audio, RATE, 1, len(audio) // 2))

    assert plain(event.alternatives[0].text) == plain(SENTENCES[1])


async def test_the_loop_stays_free_while_the_models_work(local: Program, http: aiohttp.ClientSession) -> None:
    """While callers speak and an answer is written, nine of ten liveness checks answer within a second."""

    async def watch() -> list[float]:
        waits = []
        while not busy.done():
            began = time.monotonic()
            async with http.get(f"{local.ops}/livez") as response:
                assert response.status == 200
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
        return waits

    streams = [ears(local, http).stream() for _ in range(3)]
    busy = asyncio.gather(
        *(hear(stream, [say(SENTENCES[1], tail=1.5)], pace=1.0) for stream in streams),
        think(mind(local).chat(chat_ctx=asked("Tell me a little story about a dog who likes the rain."))),
    )

    waits = await watch()
    await busy
    assert len(waits) > 20
    assert np.quantile(waits, 0.9) < 1


def test_the_script_belongs_to_the_scripted_engine(local: Program) -> None:
    """The local engine has no script and no ledger to ask for."""
    assert local.ask("/script")[0] == 404
    assert local.ask("/ledger")[0] == 404


async def test_nobody_is_served_before_the_models_are_loaded(http: aiohttp.ClientSession) -> None:
    """While it loads, the vendors' endpoints and /readyz answer 503, /livez 200."""
    with Program() as program:
        statuses = [program.ask("/livez")[0], program.ask("/readyz")[0]]
        async with http.get(f"{program.url}/v1/projects", headers=HEADERS) as response:
            statuses.append(response.status)

    assert statuses == [200, 503, 503]


@pytest.mark.parametrize("missing", ["moonshine_voice", "hibari"])
def test_an_image_without_models_says_so(missing: str, tmp_path: Path) -> None:
    """Without a model the program ends with 1 and tells to build the image again."""
    (tmp_path / f"{missing}.py").write_text("raise ImportError('no such model here')\n")
    house = Path(__file__).parents[2] / "images/offline"
    process = spawn(PYTHONPATH=f"{tmp_path}:{house}")
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "models_not_loaded" in said
    assert "images/build" in said
