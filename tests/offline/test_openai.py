"""The real OpenAI plugin, and OpenAI's own requests, against the scripted program."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from livekit.agents import function_tool
from offline.plugins import KEY, asked, mind, second_voice, think
from offline.program import Program
from offline.voice import collect, understand

HEADERS = {"Authorization": f"Bearer {KEY}"}
ROOM = {"X-LiveKit-Room-ID": "RM_one"}


def body(text: str = "Hello", **more: Any) -> dict[str, Any]:
    """Build a chat request."""
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}


async def chat(http: aiohttp.ClientSession, program: Program, text: str, room: str = "RM_one") -> str:
    """One reply without streaming."""
    headers = {**HEADERS, "X-LiveKit-Room-ID": room}
    async with http.post(f"{program.url}/v1/chat/completions", json=body(text), headers=headers) as response:
        assert response.status == 200
        answer = await response.json()
        return str(answer["choices"][0]["message"]["content"])


async def test_a_reply_streams_word_by_word(scripted: Program) -> None:
    """The plugin gets the reply the pattern asks for, in pieces, with its usage."""
    scripted.follow(replies=[{"when": "name", "say": "I am Alex. Who are you?"}, {"say": "What?"}])
    plugin = mind(scripted)

    pieces = [c.delta.content async for c in plugin.chat(chat_ctx=asked("Your NAME, please?")) if c.delta]
    text, _, usage = await think(plugin.chat(chat_ctx=asked("Your NAME, please?")))

    assert [piece for piece in pieces if piece] == ["I ", "am ", "Alex. ", "Who ", "are ", "you?"]
    assert text == "I am Alex. Who are you?"
    assert usage is not None
    assert usage.completion_tokens == 6
    assert usage.prompt_tokens > 5


async def test_a_reply_can_call_a_tool_and_speak_of_its_result(scripted: Program) -> None:
    """The plugin sees the call with its arguments; after the result comes `then`."""

    @function_tool
    async def get_time(zone: str) -> str:
        """Tell the time."""
        return zone

    call = {"name": "get_time", "arguments": {"zone": "UTC"}}
    scripted.follow(replies=[{"when": "time", "say": "Let me look.", "call": call, "then": "It is noon."}])
    context = asked("What time is it?")

    text, calls, _ = await think(mind(scripted).chat(chat_ctx=context, tools=[get_time]))
    messages = [
        {"role": "user", "content": "What time is it?"},
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": call}]},
        {"role": "tool", "tool_call_id": "1", "content": "12:00"},
    ]
    request = {"model": "gpt-4o-mini", "messages": messages}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{scripted.url}/v1/chat/completions", json=request, headers=HEADERS) as response,
    ):
        after = (await response.json())["choices"][0]["message"]["content"]

    assert text == "Let me look."
    assert [(c.name, json.loads(c.arguments)) for c in calls] == [("get_time", {"zone": "UTC"})]
    assert calls[0].call_id.startswith("call_")
    assert after == "It is noon."


async def test_rooms_go_through_the_lines_on_their_own(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Lines without a pattern are said in turn, counted per room, and start over."""
    scripted.follow(replies=[{"say": "One."}, {"say": "Two."}])

    said = [await chat(http, scripted, "x", room) for room in ("RM_a", "RM_b", "RM_a", "RM_a", "RM_b")]

    assert said == ["One.", "One.", "Two.", "One.", "Two."]
    assert [entry["room"] for entry in scripted.ledger("openai")] == ["RM_a", "RM_b", "RM_a", "RM_a", "RM_b"]


async def test_the_stream_has_openais_frames(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Role first, then content, then the finish reason, then usage without choices, then [DONE]."""
    scripted.follow(replies=[{"say": "Hi there."}])
    request = body(stream=True, stream_options={"include_usage": True})
    async with http.post(f"{scripted.url}/v1/chat/completions", json=request, headers=HEADERS) as response:
        assert response.content_type == "text/event-stream"
        assert response.headers["x-request-id"]
        lines = [line.removeprefix("data: ") for line in (await response.text()).split("\n\n") if line]

    assert lines[-1] == "[DONE]"
    frames = [json.loads(line) for line in lines[:-1]]
    assert frames[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "".join(f["choices"][0]["delta"].get("content", "") for f in frames[1:-2]) == "Hi there."
    assert frames[-2]["choices"][0]["finish_reason"] == "stop"
    assert frames[-1]["choices"] == []
    assert frames[-1]["usage"]["total_tokens"] > 0
    assert len({frame["id"] for frame in frames}) == 1


async def test_usage_is_only_sent_when_asked_for(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Without stream_options no frame carries usage."""
    async with http.post(f"{scripted.url}/v1/chat/completions", json=body(stream=True), headers=HEADERS) as response:
        assert "usage" not in await response.text()


@pytest.mark.parametrize(
    ("request_body", "param"),
    [
        ({"model": "gpt-4o-mini"}, "messages"),
        ({"model": "gpt-4o-mini", "messages": []}, "messages"),
        ({"model": "gpt-4o-mini", "messages": ["hi"]}, "messages"),
        ({"messages": [{"role": "user", "content": "x"}]}, "model"),
        (body(tools="none"), "tools"),
        ([], None),
    ],
)
async def test_a_bad_chat_request_names_its_field(
    request_body: object, param: str | None, scripted: Program, http: aiohttp.ClientSession
) -> None:
    """A request OpenAI would refuse gets 400 with the field in `param`."""
    path = f"{scripted.url}/v1/chat/completions"
    async with http.post(path, json=request_body, headers=HEADERS) as response:
        error = (await response.json())["error"]

    assert response.status == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param


async def test_broken_json_is_a_bad_request(scripted: Program, http: aiohttp.ClientSession) -> None:
    """A body that is not JSON gets 400, not 500."""
    for path in ("chat/completions", "audio/speech"):
        async with http.post(f"{scripted.url}/v1/{path}", data=b"{", headers=HEADERS) as response:
            assert response.status == 400


@pytest.mark.parametrize(
    "change",
    [{"input": ""}, {"input": "x" * 5000}, {"voice": 7}, {"response_format": "flac"}, {"speed": 9}, {"speed": True}],
)
async def test_a_bad_speech_request_names_its_field(
    change: dict[str, Any], scripted: Program, http: aiohttp.ClientSession
) -> None:
    """Each field OpenAI bounds is bounded here, and named."""
    request = {"model": "gpt-4o-mini-tts", "voice": "nova", "input": "Hi.", **change}
    async with http.post(f"{scripted.url}/v1/audio/speech", json=request, headers=HEADERS) as response:
        error = (await response.json())["error"]

    assert response.status == 400
    assert error["param"] == next(iter(change))


@pytest.mark.parametrize("form", ["pcm", "wav", "mp3"])
@pytest.mark.parametrize("model", ["gpt-4o-mini-tts", "tts-1"])
async def test_speech_is_heard_as_it_was_written(form: str, model: str, scripted: Program) -> None:
    """The plugin decodes every format, as events and as bytes, and the words come through."""
    plugin = second_voice(scripted, form=form, model=model)

    frames = [item.frame async for item in plugin.synthesize("The weather is nice today.")]

    async def each() -> Any:
        for frame in frames:
            yield frame

    assert understand(await collect(each())) == "the weather is nice today"


async def test_speed_shortens_speech(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Twice the speed takes about half the time."""
    sizes = []
    for speed in (1.0, 2.0):
        request = {"model": "tts-1", "voice": "nova", "input": "This is a sentence.", "response_format": "pcm"}
        async with http.post(
            f"{scripted.url}/v1/audio/speech", json={**request, "speed": speed}, headers=HEADERS
        ) as response:
            sizes.append(len(await response.read()))

    assert 0.4 < sizes[1] / sizes[0] < 0.7


async def test_models_are_listed_and_looked_up(scripted: Program, http: aiohttp.ClientSession) -> None:
    """The list holds what the lookup finds; an unknown model is OpenAI's 404."""
    async with http.get(f"{scripted.url}/v1/models", headers=HEADERS) as response:
        names = [item["id"] for item in (await response.json())["data"]]
    async with http.get(f"{scripted.url}/v1/models/gpt-4o-mini", headers=HEADERS) as response:
        assert (await response.json())["id"] == "gpt-4o-mini"
    async with http.get(f"{scripted.url}/v1/models/gpt-9", headers=HEADERS) as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "model_not_found"

    assert "gpt-4o-mini" in names
