"""What decides which pod goes, and how it goes: real job processes, a real caller, a real livekit-server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit import api, rtc
from stack import NAMES, SECRET, Stack, free_port, running

DRAIN_SECONDS = 4


@pytest.fixture(name="stack")
def _stack(tmp_path: Path) -> Iterator[Stack]:
    env = {
        "offline": {"ALEX_OFFLINE_ENGINE": "scripted"},
        "agent": {"ALEX_SLOTS": "2", "ALEX_DRAIN_SECONDS": str(DRAIN_SECONDS), "ALEX_ALONE_SECONDS": "60"},
    }
    ports = {name: free_port() for name in NAMES}
    with running(tmp_path, env, ports, ("livekit", "offline", "agent")) as stack:
        yield stack


def metrics(stack: Stack) -> dict[str, float]:
    """Read every series of the agent; nothing when it does not answer any more."""
    status, text = stack.ops("agent", "/metrics")
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in lines} if status == 200 else {}


async def until(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "the condition never came true"
        await asyncio.sleep(0.05)


async def dial(stack: Stack, name: str) -> rtc.Room:
    """Join a room that asks for Alex, and wait for its greeting to begin."""
    async with api.LiveKitAPI(stack.livekit_url, "devkey", SECRET) as lk:
        dispatch = [api.RoomAgentDispatch(agent_name="alex")]
        await lk.room.create_room(api.CreateRoomRequest(name=name, empty_timeout=60, agents=dispatch))
    room = rtc.Room()
    heard = asyncio.Event()
    room.on("track_subscribed", lambda *_: heard.set())
    grants = api.VideoGrants(room_join=True, room=name)
    token = api.AccessToken("devkey", SECRET).with_identity("caller").with_grants(grants).to_jwt()
    await room.connect(stack.livekit_url, token)
    await asyncio.wait_for(heard.wait(), 30)
    return room


async def test_drain_is_visible_and_a_cut_call_is_counted(stack: Stack) -> None:
    """While a pod drains its metrics tell the time and the calls that are left; one cut at the bound counts as cut."""
    room = await dial(stack, "cut")
    program = stack.programs["agent"]
    before = metrics(stack)
    assert before["alex_agent_active_calls"] == 1
    assert before["alex_agent_draining"] == before["alex_agent_drain_seconds_left"] == 0

    assert program.process
    program.process.terminate()
    await until(lambda: metrics(stack)["alex_agent_draining"] == 1)
    first = metrics(stack)
    await asyncio.sleep(1.5)
    second = metrics(stack)
    assert DRAIN_SECONDS >= first["alex_agent_drain_seconds_left"] > second["alex_agent_drain_seconds_left"] > 0
    assert first["alex_agent_active_calls"] == second["alex_agent_active_calls"] == 1

    last: dict[str, float] = {}

    def cut() -> bool:
        last.update(metrics(stack))
        return last['alex_agent_calls_total{outcome="cut"}'] == 1

    await until(cut, 60)
    assert last['alex_agent_calls_total{outcome="failed"}'] == 0
    assert last["alex_agent_draining"] == 1
    assert last["alex_agent_drain_seconds_left"] == 0
    assert last["alex_agent_lost_events_total"] == 0
    # Prometheus looks every few seconds: the pod stays until it was looked at once more, and then goes.
    await asyncio.sleep(3)
    with contextlib.suppress(OSError):
        metrics(stack)
    await until(lambda: program.process is None or program.process.poll() is not None, 20)
    await room.disconnect()
    stack.programs.pop("agent").stop()


async def test_busy_pod_stays_ready_when_livekit_is_gone(stack: Stack) -> None:
    """A pod with a call is ready while LiveKit is away, so that scale-in takes others; with its last call that ends."""
    room = await dial(stack, "lost")
    stack.programs.pop("livekit").stop(signal.SIGKILL)
    await until(lambda: metrics(stack)["alex_agent_registered"] == 0)
    ready, busy = stack.ops("agent", "/readyz")[0], metrics(stack)["alex_agent_active_calls"]
    await until(lambda: metrics(stack)["alex_agent_active_calls"] == 0, 90)

    assert (ready, busy) == (200, 1)
    status, reason = stack.ops("agent", "/readyz")
    assert status == 503
    assert "LIVEKIT_URL" in reason
    await room.disconnect()
