"""How web sees agent pods: real HTTP servers that answer, drain, hang, babble and die."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from alex_web import pods as pods_module
from alex_web.admission import Admission
from alex_web.metrics import Metrics
from alex_web.pods import Pods
from alex_web.problems import Problem
from stack import free_port
from web.agent_pod import AgentPod

Start = Callable[..., Awaitable[AgentPod]]
Watch = Callable[..., Pods]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start pods; they die with the test."""
    started: list[AgentPod] = []

    async def _start(**fields: object) -> AgentPod:
        pod = AgentPod(**fields)  # type: ignore[arg-type]
        await pod.start()
        started.append(pod)
        return pod

    yield _start
    for pod in started:
        await pod.die()


@pytest.fixture
async def watch() -> AsyncIterator[Watch]:
    """Watch pods with a short patience."""
    async with AsyncExitStack() as exits:

        def _watch(*targets: str) -> Pods:
            pods = Pods(targets, Metrics(), answer_seconds=0.2)
            exits.push_async_callback(pods.close)
            return pods

        yield _watch


async def test_free_slots_add_up(start: Start, watch: Watch) -> None:
    """Free is the sum over pods that take calls; one with more calls than slots does not eat another's."""
    one = await start(slots=4, rooms=["a"])
    over = await start(slots=1, rooms=["b", "c"])
    pods = watch(one.target, over.target)
    await pods.look()
    capacity = Admission(pods, Metrics()).capacity()

    assert capacity.model_dump() == {"active": 3, "slots": 5, "reserved": 0, "free": 3, "pods": 2, "draining": 0}


async def test_draining_pod_gives_no_slot(start: Start, watch: Watch) -> None:
    """A draining pod is counted as draining and as nothing else."""
    staying, leaving = await start(slots=2, rooms=["a"]), await start(slots=4, rooms=["b"], draining=True)
    pods = watch(staying.target, leaving.target)
    await pods.look()
    capacity = Admission(pods, Metrics()).capacity()

    assert capacity.model_dump() == {"active": 1, "slots": 2, "reserved": 0, "free": 1, "pods": 1, "draining": 1}


async def test_every_address_of_a_host_is_a_pod(start: Start, watch: Watch) -> None:
    """A host name with several addresses, as a headless Service has, is as many pods."""
    port = free_port()
    await start(host="127.0.0.1", port=port, slots=1)
    await start(host="127.0.0.2", port=port, slots=2)
    addresses = {("127.0.0.1", port), ("127.0.0.2", port)}
    pods = watch(f"agents.test:{port}")

    async def resolve(_: str) -> set[tuple[str, int]]:
        return addresses

    pods._lookups[f"agents.test:{port}"] = asyncio.ensure_future(resolve(""))
    await pods.look()

    assert sorted(pod.slots for pod in pods.alive()) == [1, 2]


async def test_pod_with_two_addresses_counts_once(start: Start, watch: Watch) -> None:
    """A pod reached by two addresses (IPv4 and IPv6, say) is one pod."""
    port = free_port()
    await start(host="127.0.0.1", port=port, instance="same")
    await start(host="127.0.0.2", port=port, instance="same")
    pods = watch(f"127.0.0.1:{port}", f"127.0.0.2:{port}")
    await pods.look()

    assert len(pods.alive()) == 1


async def test_dead_pod_is_gone_at_once(start: Start, watch: Watch) -> None:
    """A refused connection is death: its slots are gone with the next look."""
    pod = await start()
    pods = watch(pod.target)
    await pods.look()
    await pod.die()
    await pods.look()

    assert pods.alive() == []


async def test_pod_that_leaves_dns_is_still_looked_at(start: Start, watch: Watch) -> None:
    """Absence from DNS is not death: the pod counts as long as it answers."""
    pod = await start(rooms=["a"])
    pods = watch(pod.target)
    await pods.look()
    pods._addresses.clear()
    pods._targets = ("name.invalid:1",)
    await pods.look()

    assert [found.rooms for found in pods.alive()] == [{"a"}]
    assert pod.asked == 2


@pytest.mark.parametrize("mood", ["slow", "broken", "babbling"])
async def test_silent_pod_counts_for_three_seconds(
    start: Start, watch: Watch, monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    """A pod that stops making sense keeps its last word for three seconds, then counts no more, then comes back."""
    monkeypatch.setattr(pods_module, "FORGET_SECONDS", 0.5)
    pod = await start()
    pods = watch(pod.target)
    await pods.look()
    pod.mood = mood  # type: ignore[assignment]
    await pods.look()
    soon = pods.alive()
    await asyncio.sleep(0.5)
    await pods.look()
    late = pods.alive()
    pod.mood = "fine"
    await pods.look()

    assert len(soon) == 1
    assert late == []
    assert len(pods.alive()) == 1


async def test_slow_pod_delays_nobody(start: Start, watch: Watch) -> None:
    """Pods are asked all at once: one that hangs costs its timeout and the others answer."""
    slow, fine = [await start(mood="slow") for _ in range(5)], await start()
    pods = watch(*(pod.target for pod in [*slow, fine]))
    began = time.monotonic()
    await pods.look()

    assert time.monotonic() - began < 1.0
    assert len(pods.alive()) == 1


async def test_unknown_host_is_no_pod(watch: Watch) -> None:
    """A name that does not resolve is no pod, and no error."""
    pods = watch("name.invalid:9090")
    await pods.look()

    assert pods.alive() == []


async def test_hanging_lookup_holds_up_nothing(start: Start, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that does not answer delays a look by its timeout, and is asked once, not once a second."""
    pod = await start()
    asked: list[str] = []
    real = pods_module._addresses

    async def resolve(target: str) -> set[tuple[str, int]]:
        asked.append(target)
        if target.startswith("slow"):
            await asyncio.sleep(30)
        return await real(target)

    monkeypatch.setattr(pods_module, "_addresses", resolve)
    pods = watch("slow.test:9090", pod.target)
    began = time.monotonic()
    for _ in range(3):
        await pods.look()

    assert time.monotonic() - began < 2
    assert len(pods.alive()) == 1
    assert asked.count("slow.test:9090") == 1
    assert asked.count(pod.target) == 3


async def test_promise_holds_until_the_call_shows(start: Start, watch: Watch) -> None:
    """A promised slot is taken until its call shows on a pod; then the pod's own number counts, and nothing twice."""
    pod = await start(slots=2)
    pods = watch(pod.target)
    await pods.look()
    admission = Admission(pods, Metrics())
    admission.reserve("mine")
    promised = admission.capacity().free
    pod.rooms.append("mine")
    await pods.look()
    admission.settle()
    shown = admission.capacity()
    pod.rooms.clear()
    await pods.look()
    admission.settle()

    assert promised == 1
    assert (shown.free, shown.reserved, shown.active) == (1, 0, 1)
    assert admission.capacity().free == 2


async def test_promise_runs_out(start: Start, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that nobody uses gives its slot back after 25 seconds, without a call ever showing."""
    pod = await start(slots=1)
    pods = watch(pod.target)
    await pods.look()
    admission = Admission(pods, Metrics())
    admission.reserve("mine")
    with pytest.raises(Problem):
        admission.reserve("yours")
    now = time.monotonic()
    monkeypatch.setattr("alex_web.admission.time.monotonic", lambda: now + 24.9)
    before = admission._promises["mine"] > now + 24.9
    monkeypatch.setattr("alex_web.admission.time.monotonic", lambda: now + 25.1)
    admission.settle()

    assert before
    assert admission._promises == {}
