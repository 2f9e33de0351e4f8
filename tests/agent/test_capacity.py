"""The gate: what was accepted but has not started yet counts, whatever the load says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from alex_agent.capacity import IDENTITY, Capacity
from alex_agent.metrics import Metrics
from livekit.agents import AgentServer


class Offer:
    """A job offer that notes its answer; accepting takes a while, as the real one waits for LiveKit."""

    def __init__(self) -> None:
        self.answer: tuple[str, Any] | None = None

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
    gate._accepting = accepting

    assert gate.load(AgentServer()) == pytest.approx(load)


def test_the_sdk_still_knows_when_it_connects() -> None:
    """Readiness leans on a private name of the SDK; an upgrade that drops it fails here."""
    assert AgentServer()._connecting is False
