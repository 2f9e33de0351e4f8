"""Calls through a real livekit-server, with an agent whose delays are known."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, take_token
from alex_caller.presence import CallError
from alex_caller.speech import Clip
from caller.house import Habits, House, voice

QUESTION = Clip("What is your name?", voice(1.0, pitch=200))
LIMITS = Limits(join=10, agent=10, greeting=10, answer=10, reply=10)


async def invite(house: House) -> Invitation:
    """Take a token."""
    async with aiohttp.ClientSession() as http:
        return await take_token(http, house.url, 5)


async def test_ask_measures_the_silence_that_was_there(house: House) -> None:
    """Whatever the agent's delay, the gap is the true one plus the same short way through the network."""
    ways = []
    for delay in (0.5, 1.3):
        house.habits = Habits(delay_seconds=delay)
        async with Call(await invite(house), limits=LIMITS) as call:
            await call.greeting()
            turn = await call.ask(QUESTION)
        # The agent's mouth and this ear share one clock, so the truth is known to the frame.
        truth = house.agents[-1].answered_at[-1] - call.started - turn.gap.speech_end
        assert turn.gap.seconds is not None
        assert truth >= delay
        ways.append(turn.gap.seconds - truth)

    # An encoder, a server and a jitter buffer lie between them: 70 ms on a quiet machine, 500 on a full one.
    assert all(0.02 < way < 0.7 for way in ways), ways


async def test_ask_collects_what_both_sides_said(house: House) -> None:
    """Greeting, my words and the answer arrive as captions, each with the turn it belongs to."""
    house.habits = Habits(answers=("My name is Alex.", "I am well."))
    async with Call(await invite(house), limits=LIMITS) as call:
        onset, greeting = await call.greeting()
        first, second = await call.ask(QUESTION), await call.ask(QUESTION)

    assert greeting == "Hi there, I am Alex."
    assert 0.0 < onset < 3.0
    assert (first.heard, first.answer) == ("What is your name?", "My name is Alex.")
    assert second.answer == "I am well."
    assert not second.ended_by_alex


async def test_ask_of_an_agent_without_states(house: House) -> None:
    """An agent that publishes no state is waited for by its silence alone."""
    house.habits = Habits(publishes_state=False)
    async with Call(await invite(house), limits=LIMITS) as call:
        await call.greeting()
        turn = await call.ask(QUESTION)

        assert turn.answer == "My name is Alex."
        assert call.state is None


async def test_hang_up_leaves_the_room_at_once(house: House) -> None:
    """Hanging up tells the room, so that the agent's slot is free at once."""
    async with Call(await invite(house), limits=LIMITS) as call:
        await call.greeting()
    hung_up = time.monotonic()
    await asyncio.wait_for(house.agents[0].caller_left.wait(), 20)

    assert time.monotonic() - hung_up < 10  # LiveKit itself needs 13 s to miss somebody who said nothing
    assert [event.name for event in call.events] == ["connected", "agent_joined"]
    await call.hang_up()


async def test_agent_that_never_comes(house: House) -> None:
    """A call without an agent ends by itself and says so."""
    house.habits = None
    async with Call(await invite(house), limits=Limits(agent=1)) as call:
        with pytest.raises(CallError, match="no agent joined the call within 1 s") as caught:
            await call.greeting()

    assert caught.value.code == "no_agent"


async def test_hold_notices_that_the_agent_left(house: House) -> None:
    """A silent call whose agent goes is cut, and when is known."""
    async with Call(await invite(house), limits=LIMITS) as call:
        await call.greeting()
        holding = asyncio.create_task(call.hold(30))
        await asyncio.sleep(0.5)
        await house.agents[0].leave()
        with pytest.raises(CallError, match="Alex left after"):
            await asyncio.wait_for(holding, 5)

        assert [event.name for event in call.events][-1] == "agent_left"


async def test_hold_survives_an_agent_that_is_replaced(house: House) -> None:
    """With patience for it, a successor in the same room goes on with the call, and its voice is on the recording."""
    async with Call(await invite(house), limits=Limits(agent_away=10)) as call:
        await call.greeting()
        holding = asyncio.create_task(call.hold(4))
        await house.agents[0].leave()
        await house.send_agent(house.rooms[-1])
        await holding
        turn = await call.ask(QUESTION)

        assert turn.answer == "My name is Alex."
        assert [event.name for event in call.events] == ["connected", "agent_joined", "agent_left", "agent_joined"]
        assert len(call.recording.theirs) == 2


async def test_hold_without_a_microphone(house: House) -> None:
    """A caller that only listens publishes nothing and is still told when its call is cut."""
    house.habits = Habits(greets=False)
    call = Call(await invite(house), limits=LIMITS, microphone=False)
    async with call:
        await call.agent()
        await call.hold(0.3)
        with pytest.raises(ValueError, match="no microphone"):
            await call.ask(QUESTION)
        await house.cut()
        with pytest.raises(CallError, match=r"cut after .*: room deleted"):
            await call.hold(10)

    assert call.recording.mine == []


async def test_type_reaches_the_agent(house: House) -> None:
    """A typed message arrives on the stream a page would use."""
    got: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with Call(await invite(house), limits=LIMITS) as call:
        await call.agent()

        async def read(reader: object) -> None:
            got.set_result(await reader.read_all())  # type: ignore[attr-defined]

        reading: list[asyncio.Task[None]] = []
        house.agents[0].room.register_text_stream_handler(
            "lk.chat", lambda reader, _: reading.append(asyncio.create_task(read(reader)))
        )
        await call.type("hello in writing")

        assert await asyncio.wait_for(got, 5) == "hello in writing"


async def test_join_where_no_livekit_is() -> None:
    """A media server that is not there is named, without the token."""
    invitation = Invitation("ws://127.0.0.1:1", "s3cret-token")
    with pytest.raises(CallError, match=r"LiveKit at ws://127.0.0.1:1 ") as caught:
        async with Call(invitation, limits=Limits(join=20)):
            pass

    assert caught.value.code == "no_livekit"
    assert "s3cret" not in str(caught.value)


async def test_join_with_a_refused_token(house: House) -> None:
    """A token LiveKit does not accept is a clear refusal, without the token."""
    invitation = Invitation(house.livekit_url, "s3cret-token")
    with pytest.raises(CallError, match="LiveKit at") as caught:
        async with Call(invitation, limits=LIMITS):
            pass

    assert caught.value.code == "no_livekit"
    assert "s3cret" not in str(caught.value)
