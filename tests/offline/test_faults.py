"""Every fault of a script reaches the caller of the real plugin as the plugin's own error, and the ledger as a fact."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError
from offline.plugins import ONCE, asked, ears, mind, second_voice, think, voice
from offline.program import Program, moment
from offline.voice import feed, say

Use = Callable[[Program, aiohttp.ClientSession], Awaitable[None]]


async def use_deepgram(program: Program, http: aiohttp.ClientSession, *, key: str = "the-right-key") -> None:
    """Speak a sentence and wait for its end."""
    stream = ears(program, http, key=key).stream(conn_options=ONCE)
    speaking = asyncio.create_task(feed(stream, say("Tell me a story about the sea, please.")))
    try:
        async with asyncio.timeout(4):
            async for event in stream:
                if event.type.value == "end_of_speech":
                    return
    finally:
        speaking.cancel()
        await stream.aclose()


async def use_openai(program: Program, http: aiohttp.ClientSession, *, key: str = "the-right-key") -> None:
    """Ask something."""
    async with asyncio.timeout(8):
        text, _, _ = await think(mind(program, key=key).chat(chat_ctx=asked("Hello?"), conn_options=ONCE))
    assert text


async def use_speech(program: Program, http: aiohttp.ClientSession, *, key: str = "the-right-key") -> None:
    """Have two sentences said by OpenAI."""
    async with asyncio.timeout(8):
        async for _ in second_voice(program, key=key).synthesize("One sentence. Another one.", conn_options=ONCE):
            pass


async def use_elevenlabs(program: Program, http: aiohttp.ClientSession, *, key: str = "the-right-key") -> None:
    """Have a long sentence said by ElevenLabs."""
    plugin = voice(program, http, key=key)
    stream = plugin.stream(conn_options=ONCE)
    stream.push_text("This sentence is long enough to be cut in its middle by anybody.")
    stream.end_input()
    try:
        async with asyncio.timeout(8):
            async for _ in stream:
                pass
    finally:
        await stream.aclose()
        await plugin.aclose()


USES: dict[str, Use] = {
    "deepgram": use_deepgram,
    "openai": use_openai,
    "speech": use_speech,
    "elevenlabs": use_elevenlabs,
}


@pytest.mark.parametrize("provider", USES)
async def test_nothing_fails_without_a_fault(provider: str, scripted: Program, http: aiohttp.ClientSession) -> None:
    """The uses below succeed when the script has no fault: their errors are the faults' doing."""
    await USES[provider](scripted, http)


@pytest.mark.parametrize("provider", USES)
@pytest.mark.parametrize(("kind", "status"), [("refuse", 401), ("busy", 429), ("error", 500)])
async def test_a_refusal_carries_the_vendors_status(
    kind: str, status: int, provider: str, scripted: Program, http: aiohttp.ClientSession
) -> None:
    """401, 429 and 500 come out of the plugin as APIStatusError with that code."""
    scripted.follow(faults=[{"provider": provider, "kind": kind}])

    with pytest.raises(APIError) as failed:
        await USES[provider](scripted, http)

    cause: BaseException | None = failed.value
    codes = []
    while cause is not None:
        codes += [cause.status_code] if isinstance(cause, APIStatusError) else []
        cause = cause.__cause__
    assert status in codes


@pytest.mark.parametrize("provider", USES)
async def test_a_wrong_key_is_refused(provider: str, scripted: Program, http: aiohttp.ClientSession) -> None:
    """A key that is not the program's gets 401 without any script, and is counted."""
    name = f'alex_offline_refused_total{{provider="{provider}",reason="key"}}'
    before = scripted.figure(name)

    with pytest.raises(APIError):
        await USES[provider](scripted, http, key="wrong")  # type: ignore[call-arg]

    assert scripted.figure(name) == before + 1


@pytest.mark.parametrize("provider", USES)
async def test_a_cut_is_a_connection_error(provider: str, scripted: Program, http: aiohttp.ClientSession) -> None:
    """A connection dropped after the first result is an error of the plugin, never an end."""
    scripted.follow(faults=[{"provider": provider, "kind": "cut", "after": 1}])

    with pytest.raises(APIError):
        await USES[provider](scripted, http)

    assert scripted.ledger(provider)[0]["outcome"] == "cut"


@pytest.mark.parametrize("provider", ["openai", "elevenlabs"])
async def test_a_hang_is_given_up_by_the_plugin(provider: str, scripted: Program, http: aiohttp.ClientSession) -> None:
    """A vendor that accepts and then says nothing runs into the plugin's timeout, and leaves no stream behind."""
    scripted.follow(faults=[{"provider": provider, "kind": "hang"}])
    began = asyncio.get_running_loop().time()

    with pytest.raises((APITimeoutError, APIConnectionError, APIStatusError)):
        await USES[provider](scripted, http)

    assert 1.5 < asyncio.get_running_loop().time() - began < 20
    await asyncio.sleep(0.3)
    assert scripted.figure(f'alex_offline_active_streams{{provider="{provider}"}}') == 0
    assert scripted.ledger(provider)[0]["outcome"] == "gone"


async def test_a_deaf_recogniser_stays_deaf(scripted: Program, http: aiohttp.ClientSession) -> None:
    """A hanging Deepgram accepts audio and never answers; nothing but the agent's own patience ends that."""
    scripted.follow(faults=[{"provider": "deepgram", "kind": "hang"}])

    with pytest.raises(TimeoutError):
        await use_deepgram(scripted, http)


async def test_faults_hit_the_requests_they_are_meant_for(scripted: Program, http: aiohttp.ClientSession) -> None:
    """`skip` lets requests pass and `times` stops the fault again."""
    scripted.follow(faults=[{"provider": "openai", "kind": "busy", "skip": 1, "times": 2}])
    outcomes = []
    for _ in range(5):
        try:
            await use_openai(scripted, http)
            outcomes.append("done")
        except APIError:
            outcomes.append("busy")

    assert outcomes == ["done", "busy", "busy", "done", "done"]
    assert [entry["outcome"] for entry in scripted.ledger("openai")] == outcomes


async def test_checks_have_faults_of_their_own(scripted: Program, http: aiohttp.ClientSession) -> None:
    """A fault on `check` refuses the key look-up and nothing else."""
    scripted.follow(faults=[{"provider": "openai", "kind": "refuse", "on": "check"}])
    headers = {"Authorization": "Bearer the-right-key"}
    async with http.get(f"{scripted.url}/v1/models", headers=headers) as response:
        assert response.status == 401

    await use_openai(scripted, http)


async def test_a_fault_hits_one_room_only(scripted: Program, http: aiohttp.ClientSession) -> None:
    """A fault with a room leaves every other room alone."""
    scripted.follow(faults=[{"provider": "openai", "kind": "error", "room": "RM_bad"}])
    request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]}
    statuses = {}
    for room in ("RM_good", "RM_bad"):
        headers = {"Authorization": "Bearer the-right-key", "X-LiveKit-Room-ID": room}
        async with http.post(f"{scripted.url}/v1/chat/completions", json=request, headers=headers) as response:
            statuses[room] = response.status

    assert statuses == {"RM_good": 200, "RM_bad": 500}


@pytest.mark.parametrize("provider", USES)
async def test_delays_are_kept_and_written_down(provider: str, scripted: Program, http: aiohttp.ClientSession) -> None:
    """The first result is as late as the script says, within 150 ms, and the ledger holds the planned delay."""
    delays = {provider: {"accept_ms": 100, "first_ms": 400, "jitter_ms": 50}}
    scripted.follow(seed=3, delays=delays)

    await USES[provider](scripted, http)

    entry = scripted.ledger(provider)[0]
    planned = entry["delays_ms"]["first"] / 1000
    since = {"deepgram": "speech_ended", "elevenlabs": "asked"}.get(provider, "request")
    waited = moment(entry, "first") - moment(entry, since)
    expected = planned + (entry["delays_ms"]["accept"] / 1000 if since == "request" else 0)
    assert 0.4 <= planned <= 0.45
    assert expected - 0.01 <= waited < expected + 0.15


async def test_the_same_seed_gives_the_same_delays(scripted: Program, http: aiohttp.ClientSession) -> None:
    """Jitter repeats with the seed, and changes with it."""

    async def run(seed: int) -> list[dict[str, float]]:
        scripted.follow(seed=seed, delays={"openai": {"first_ms": 5, "jitter_ms": 40}})
        for _ in range(3):
            await use_openai(scripted, http)
        return [entry["delays_ms"] for entry in scripted.ledger("openai")]

    first, again, other = await run(1), await run(1), await run(2)

    assert first == again
    assert first != other


def test_a_wrong_script_is_refused_and_the_old_one_kept(scripted: Program) -> None:
    """PUT /script names the mistake with 400 and changes nothing."""
    before = scripted.ask("/script")[1]
    mistakes: list[object] = [{"replies": [{"when": "(", "say": "x"}]}, {"fault": []}, {"delays": {"bing": {}}}]
    for wrong in mistakes:
        status, answer = scripted.ask("/script", method="PUT", body=wrong)

        assert status == 400
        assert answer["errors"]
    assert scripted.ask("/script")[1] == before
