"""No caller is left alone: real rooms in which an agent is missing, and pods that tell what they have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from alex_web import watch as watch_module
from alex_web.service import Service
from livekit import api, rtc
from livekit_server import LiveKitServer
from web.agent_pod import AgentPod
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the order of things as it is and make its pauses short."""
    monkeypatch.setattr(watch_module, "PAUSES", (0.0, 0.2, 0.2))
    monkeypatch.setattr(watch_module, "ARRIVAL_SECONDS", 0.7)
    monkeypatch.setattr(watch_module, "LEASE_SECONDS", 0.2)
    monkeypatch.setattr(watch_module, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(watch_module, "FAREWELL_SECONDS", 0.3)


class Caller:
    """Somebody in a room who waits for an agent."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.told: list[str] = []
        self.gone = asyncio.Event()
        self.room.on("data_received", lambda packet: self.told.append(f"{packet.participant}: {packet.topic}"))
        self.room.on("disconnected", lambda _: self.gone.set())


@pytest.fixture
async def call(door: FrontDoor, livekit: LiveKitServer) -> AsyncIterator[Caller]:
    """Put a caller with a token into its room; the agent that was sent there never comes, for there is none."""
    caller = Caller()
    answer = await door.token()
    await caller.room.connect(livekit.url, answer.json["participant_token"])
    yield caller
    await caller.room.disconnect()


async def dispatches(livekit: LiveKitServer, room: str) -> int:
    """Count how often our agent was sent into a room."""
    async with livekit.api() as admin:
        return sum(sent.agent_name == "alex" for sent in await admin.agent_dispatch.list_dispatch(room))


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        await asyncio.sleep(0.05)


def value(service: Service, series: str) -> float:
    """Read one of web's series."""
    (line,) = [line for line in service.metrics.text().decode().splitlines() if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


async def test_forgotten_caller_gets_an_agent(
    door: FrontDoor, livekit: LiveKitServer, pod: AgentPod, call: Caller
) -> None:
    """A caller whose agent never came is found by looking, and another one is sent, once it is there no more."""
    room = call.room.name
    assert await dispatches(livekit, room) == 1
    pod.reserved.clear()  # as if the promise had run out
    await door.service.pods.look()
    await listed(livekit, room)
    await door.service.watch.patrol()  # unless the program's own came before it
    await until(lambda: room in pod.reserved)
    pod.rooms.append(room)
    await until(lambda: value(door.service, "alex_web_takeover_seconds_count") == 1)
    await door.service.watch.patrol()

    assert await dispatches(livekit, room) == 2


async def listed(livekit: LiveKitServer, room: str) -> None:
    """Wait until LiveKit's list of rooms counts the caller; it is a few seconds behind."""
    async with livekit.api() as admin, asyncio.timeout(10):
        while not (await admin.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms[0].num_participants:
            await asyncio.sleep(0.1)


async def test_caller_without_any_agent_is_told(
    door: FrontDoor, livekit: LiveKitServer, pod: AgentPod, call: Caller
) -> None:
    """When nobody can be sent, the caller hears of it from the server itself, and the room closes."""
    room = call.room.name
    pod.slots = 0
    pod.reserved.clear()
    await door.service.pods.look()
    door.service.watch.agent_left(room)
    await asyncio.wait_for(call.gone.wait(), 10)

    assert call.told == ["None: alex.busy"]
    assert value(door.service, 'alex_web_dispatch_total{outcome="given_up"}') == 1


async def test_caller_whose_pod_drains_before_the_call_is_not_forgotten(
    door: FrontDoor, livekit: LiveKitServer, pod: AgentPod, call: Caller
) -> None:
    """The pod that promised the slot has begun to drain, so its job never comes: the caller is looked after at once."""
    room = call.room.name
    assert pod.reserved == [room]
    pod.draining = True
    await door.service.pods.look()
    await listed(livekit, room)
    await door.service.watch.patrol()
    await asyncio.wait_for(call.gone.wait(), 10)

    assert call.told == ["None: alex.busy"]


async def test_silent_agent_is_put_out_before_another_comes(
    door: FrontDoor, livekit: LiveKitServer, pod: AgentPod, call: Caller
) -> None:
    """The agent of a lost call is removed from the room first: should it only have been slow, it is outside."""
    room = call.room.name
    pod.reserved.clear()
    agent = rtc.Room()
    reasons: list[int] = []
    agent.on("disconnected", reasons.append)
    await agent.connect(livekit.url, livekit.token(room, "alex", kind="agent"))
    pod.lost.append(("job", room))
    await until(lambda: reasons)
    await until(lambda: room in pod.reserved)
    pod.rooms.append(room)
    await until(lambda: value(door.service, "alex_web_takeover_seconds_count") == 1)

    assert reasons == [rtc.DisconnectReason.PARTICIPANT_REMOVED]
    assert await dispatches(livekit, room) == 2


async def test_agent_that_serves_is_left_in_peace(
    door: FrontDoor, livekit: LiveKitServer, pod: AgentPod, call: Caller
) -> None:
    """A caller with an agent that no pod tells of (agents may be elsewhere) gets no second one."""
    room = call.room.name
    pod.reserved.clear()
    agent = rtc.Room()
    await agent.connect(livekit.url, livekit.token(room, "alex", kind="agent"))
    await listed(livekit, room)
    await door.service.watch.patrol()
    await asyncio.sleep(1)
    sent = await dispatches(livekit, room)
    await agent.disconnect()

    assert sent == 1


async def test_rooms_of_others_are_left_in_peace(door: FrontDoor, livekit: LiveKitServer) -> None:
    """Others may use the same LiveKit: a room that was never sent an agent of ours is not ours to look after."""
    name = f"theirs-{time.monotonic_ns()}"
    async with livekit.api() as admin:
        await admin.room.create_room(api.CreateRoomRequest(name=name, empty_timeout=30))
    somebody = rtc.Room()
    await somebody.connect(livekit.url, livekit.token(name, "somebody"))
    await listed(livekit, name)
    await door.service.watch.patrol()
    await asyncio.sleep(1)
    sent = await dispatches(livekit, name)
    await somebody.disconnect()

    assert sent == 0


async def test_replicas_send_one_agent(
    open_door: Open,
    livekit: LiveKitServer,
    pod: AgentPod,
    door: FrontDoor,
    call: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three replicas hear of the same lost call at once: one of them sends one agent."""
    # On a busy machine those without the lease must not give up before the agent of the first is there.
    monkeypatch.setattr(watch_module, "PAUSES", (0.0, 0.2, 0.2, 1.0, 2.0, 4.0))
    monkeypatch.setattr(watch_module, "ARRIVAL_SECONDS", 5.0)
    monkeypatch.setattr(watch_module, "LEASE_SECONDS", 10.0)
    room = call.room.name
    pod.reserved.clear()
    others = [await open_door() for _ in range(2)]
    pod.lost.append(("job", room))
    await until(lambda: room in pod.reserved)
    await asyncio.sleep(0.1)
    pod.rooms.append(room)
    await until(lambda: all(not replica.service.watch._mending for replica in [door, *others]))

    assert await dispatches(livekit, room) == 2


async def test_caller_who_left_is_not_called_back(
    door: FrontDoor, livekit: LiveKitServer, pod: AgentPod, call: Caller
) -> None:
    """A call that is lost after its caller left needs no agent."""
    room = call.room.name
    pod.reserved.clear()
    await call.room.disconnect()
    pod.lost.append(("job", room))
    await asyncio.sleep(1.5)

    assert pod.reserved == []
    assert await dispatches(livekit, room) == 1


# Calls that last too long


async def test_an_overdue_call_is_ended(
    open_door: Open, livekit: LiveKitServer, pod: AgentPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that its agent does not end in time is ended by web, by closing its room; a younger one goes on."""
    monkeypatch.setattr(watch_module, "OVERTIME_SECONDS", -8.0)
    door = await open_door(ALEX_MAX_CALL_SECONDS=10)
    caller = Caller()
    given = await door.token()
    await caller.room.connect(livekit.url, given.json["participant_token"])
    pod.rooms, pod.reserved = [given.room], []
    await door.service.watch.patrol()
    young = not caller.gone.is_set()
    async with asyncio.timeout(20):
        while not caller.gone.is_set():
            await door.service.watch.patrol()
            await asyncio.sleep(0.3)

    assert young
    assert "alex_web_overdue_calls_total 1.0" in door.service.metrics.text().decode()


async def test_a_room_that_waited_is_not_overdue(
    open_door: Open, livekit: LiveKitServer, pod: AgentPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room that an operator made long ago has its call counted from when its people came."""
    monkeypatch.setattr(watch_module, "OVERTIME_SECONDS", -7.0)
    door = await open_door(ALEX_MAX_CALL_SECONDS=10, ALEX_CALLER_MAY="room")
    name = f"waiting-{time.monotonic_ns()}"
    await door.service.livekit.create_room(name, max_participants=1, agent=True)
    await asyncio.sleep(3.5)
    caller = Caller()
    given = await door.token({"room_name": name})
    await caller.room.connect(livekit.url, given.json["participant_token"])
    await door.service.watch.patrol()
    await asyncio.sleep(0.5)

    assert not caller.gone.is_set()
    await caller.room.disconnect()
