"""The gate: what was accepted but has not started yet counts, whatever the load says."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from alex_agent.capacity import IDENTITY, Capacity
from alex_agent.metrics import Metrics
from alex_agent.reservations import LONGEST_SECONDS, Reservations
from livekit.agents import AgentServer


class Offer:
    """A job offer that notes its answer; accepting takes a while, as the real one waits for LiveKit."""

    def __init__(self, room: str = "") -> None:
        self.answer: tuple[str, Any] | None = None
        self.room = SimpleNamespace(name=room)

    async def accept(self, **arguments: Any) -> None:
        await asyncio.sleep(0.05)
        self.answer = ("accept", arguments["identity"])

    async def reject(self, *, terminate: bool) -> None:
        self.answer = ("reject", terminate)


def capacity(slots: int) -> tuple[Capacity, Metrics]:
    metrics = Metrics()
    return Capacity(AgentServer(), slots, metrics), metrics


async def answers(gate: Capacity, offers: int) -> list[Any]:
    jobs = [Offer() for _ in range(offers)]
    await asyncio.gather(*(gate.request(job) for job in jobs))  # type: ignore[arg-type]
    return [job.answer for job in jobs]


async def test_offers_at_once_fill_the_slots_and_no_more() -> None:
    """Ten offers in one moment take three slots; the rest go to the next pod, not to the bin."""
    gate, metrics = capacity(3)
    given = await answers(gate, 10)

    assert given.count(("accept", IDENTITY)) == 3
    assert given.count(("reject", False)) == 7
    assert metrics.registry.get_sample_value("alex_agent_refused_jobs_total", {"reason": "full"}) == 7


async def test_a_failed_accept_frees_its_slot() -> None:
    """A job that LiveKit never assigns does not hold its slot for ever."""

    class Broken(Offer):
        async def accept(self, **_: Any) -> None:
            raise TimeoutError

    gate, _ = capacity(1)
    with pytest.raises(TimeoutError):
        await gate.request(Broken())  # type: ignore[arg-type]

    assert await answers(gate, 1) == [("accept", IDENTITY)]


@pytest.mark.parametrize(("accepting", "load"), [(0, 0.0), (1, 0.325), (2, 0.65), (3, 0.65)])
def test_load_stays_below_the_target(accepting: int, load: float) -> None:
    """LiveKit drops jobs at 0.7 and reads old reports: no pod ever reports that much, a fuller one reports more."""
    gate, _ = capacity(2)
    gate._accepting = ["room"] * accepting

    assert gate.load(AgentServer()) == pytest.approx(load)


async def test_promised_slot_waits_for_its_room() -> None:
    """A promised slot is refused to everybody but the room it was promised to."""
    gate, _ = capacity(1)
    assert gate.reserve("mine", 30) == "made"
    stranger, mine = Offer("yours"), Offer("mine")
    await gate.request(stranger)  # type: ignore[arg-type]
    await gate.request(mine)  # type: ignore[arg-type]

    assert stranger.answer == ("reject", False)
    assert mine.answer == ("accept", IDENTITY)
    assert gate.report()["reserved"] == []
    assert gate.reserve("mine", 30) == "made", "a promise that was kept does not stand in the way of a successor"


async def test_offers_that_waited_are_refused() -> None:
    """A pod that stood still takes none of the offers that waited: other agents have those calls."""
    gate, metrics = capacity(2)
    gate._ticked_at -= 5
    late = await answers(gate, 2)
    ticking = asyncio.create_task(gate.tick())
    await asyncio.sleep(1.1)
    fresh = await answers(gate, 1)
    ticking.cancel()

    assert late == [("reject", False)] * 2
    assert fresh == [("accept", IDENTITY)]
    assert metrics.registry.get_sample_value("alex_agent_refused_jobs_total", {"reason": "stalled"}) == 2


def test_promises_are_slots() -> None:
    """As many promises as slots; a room is told that it has one; a promise given back is a slot again."""
    gate, _ = capacity(2)
    first = [gate.reserve(room, 30) for room in ("a", "a", "b", "c")]
    gate.release("a")

    assert first == ["made", "there", "made", "full"]
    assert gate.reserve("c", 30) == "made"
    assert [promise["room"] for promise in gate.report()["reserved"]] == ["b", "c"]


def test_promise_runs_out() -> None:
    """A promise that nobody comes for is gone after its seconds, and no promise lasts for ever."""
    now = 0.0
    promises = Reservations(lambda: now)
    promises.make("short", 5)
    promises.make("long", 1e9)
    now = 5.1
    soon = promises.open()
    now = LONGEST_SECONDS + 0.1

    assert soon == ["long"]
    assert promises.open() == []


async def test_job_that_dies_without_a_word_is_lost() -> None:
    """A process that ends without its last event is reported as a lost call, one that said it is not."""
    gate, metrics = capacity(2)
    closed: list[int] = []
    for process in (1, 2, 3):
        job = SimpleNamespace(job=SimpleNamespace(id=f"job-{process}", room=SimpleNamespace(name=f"room-{process}")))
        gate._on_closed(closed.append, SimpleNamespace(pid=process, running_job=job if process < 3 else None))
    gate.ended(1)
    await asyncio.sleep(0.2)

    assert closed == [1, 2, 3]
    assert gate.report()["lost"] == [{"id": "job-2", "room": "room-2"}]
    assert metrics.registry.get_sample_value("alex_agent_calls_total", {"outcome": "lost"}) == 1


class Jobs(AgentServer):
    """A server whose jobs the test decides about; everything else is the SDK's."""

    def __init__(self, *jobs: str) -> None:
        super().__init__()
        self.jobs = jobs
        self._connecting = True  # no LiveKit that could be told

    @property
    def active_jobs(self) -> Any:
        return [SimpleNamespace(job=SimpleNamespace(room=SimpleNamespace(name=room))) for room in self.jobs]


async def test_a_drain_waits_for_the_last_call_and_lets_others_run() -> None:
    """From its begin on no offer is taken; it ends with the last call, and meanwhile the pod answers."""
    server = Jobs("one", "other")
    gate = Capacity(server, 4, Metrics())
    draining = asyncio.create_task(gate.drain(20))
    await asyncio.sleep(0.05)
    refused = await answers(gate, 1)
    report, over = gate.report(), draining.done()
    server.jobs = ()
    await asyncio.wait_for(draining, 5)

    assert refused == [("reject", False)]
    assert (report["draining"], report["active"], over) == (True, 2, False)


async def test_a_drain_has_an_end() -> None:
    """Calls that outlast the bound are somebody else's affair: the drain says so."""
    with pytest.raises(TimeoutError):
        await Capacity(Jobs("forever"), 4, Metrics()).drain(0.3)


def test_the_sdk_still_knows_when_it_connects() -> None:
    """Readiness and drain lean on private names of the SDK; an upgrade that drops one fails here."""
    server = AgentServer()

    assert server._connecting is False
    assert server._draining is False
    assert server._lock.locked() is False
    assert asyncio.iscoroutinefunction(server._update_worker_status)
