"""How web sees agent pods: real HTTP servers that answer, drain, hang, babble and die."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import structlog
from alex_web import pods as pods_module
from alex_web.admission import Admission
from alex_web.metrics import Metrics
from alex_web.pods import MOST_MISSES, MOST_SLOW, Pods
from alex_web.problems import Problem
from alex_web.settings import Settings
from alex_web.tokens import badge
from stack import free_port
from web.agent_pod import AgentPod

Start = Callable[..., Awaitable[AgentPod]]
Watch = Callable[..., Pods]
SETTINGS = Settings.model_validate({})
BADGE = badge(SETTINGS)


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
            pods = Pods(targets, Metrics(), BADGE, answer_seconds=0.2)
            exits.push_async_callback(pods.close)
            return pods

        yield _watch


async def test_free_slots_add_up(start: Start, watch: Watch) -> None:
    """Free is the sum over pods that take calls; one with more calls than slots does not eat another's."""
    one = await start(slots=4, rooms=["a"])
    over = await start(slots=1, rooms=["b", "c"])
    pods = watch(one.target, over.target)
    await pods.look()
    capacity = Admission(pods, Metrics(), SETTINGS).capacity()

    told = {"active": 3, "slots": 5, "reserved": 0, "free": 3, "pods": 2, "draining": 0}
    assert told.items() <= capacity.model_dump().items()


async def test_draining_pod_gives_no_slot(start: Start, watch: Watch) -> None:
    """A draining pod is counted as draining and as nothing else."""
    staying, leaving = await start(slots=2, rooms=["a"]), await start(slots=4, rooms=["b"], draining=True)
    pods = watch(staying.target, leaving.target)
    await pods.look()
    capacity = Admission(pods, Metrics(), SETTINGS).capacity()

    told = {"active": 1, "slots": 2, "reserved": 0, "free": 1, "pods": 1, "draining": 1}
    assert told.items() <= capacity.model_dump().items()


@pytest.mark.parametrize(
    ("calls", "coming", "wanted"),
    [(0, 0, 1), (2, 0, 1), (3, 0, 2), (2, 1, 2), (6, 0, 2), (5, 2, 3), (14, 0, 4)],
)
async def test_wanted_pods_follow_the_calls(start: Start, watch: Watch, calls: int, coming: int, wanted: int) -> None:
    """Wanted are pods for all calls, those on their way and the buffer: four calls to a pod and a buffer of two."""
    rooms, promised = [f"call-{n}" for n in range(calls)], [f"promise-{n}" for n in range(coming)]
    one = await start(slots=20, rooms=rooms, reserved=promised)
    leaving = await start(slots=20, rooms=[f"old-{n}" for n in range(9)], draining=True)
    pods, metrics = watch(one.target, leaving.target), Metrics()
    await pods.look()
    admission = Admission(pods, metrics, SETTINGS)
    admission.settle()

    assert admission.capacity().wanted == wanted
    assert f"alex_web_wanted_agent_pods {wanted:.1f}\n" in metrics.text().decode()


async def test_a_call_that_came_elsewhere_is_wanted_once(start: Start, watch: Watch) -> None:
    """A call on another pod than the one that promised is one; one that a draining pod hands over is on its way."""
    one = await start(rooms=["a", "b"], reserved=["c", "d"])
    other, leaving = await start(rooms=["c"]), await start(rooms=["d"], draining=True)
    pods = watch(one.target, other.target, leaving.target)
    await pods.look()
    settings = Settings.model_validate({"ALEX_CALLS_PER_POD": 1, "ALEX_BUFFER_CALLS": 0})

    assert Admission(pods, Metrics(), settings).capacity().wanted == 4


async def test_wanted_is_rounded_up_by_the_settings(start: Start, watch: Watch) -> None:
    """Calls for each pod and the buffer are settings: 7 calls and a buffer of 3, two to a pod, want 5."""
    pods = watch((await start(slots=8, rooms=[f"call-{n}" for n in range(7)])).target)
    await pods.look()
    settings = Settings.model_validate({"ALEX_CALLS_PER_POD": 2, "ALEX_BUFFER_CALLS": 3})

    assert Admission(pods, Metrics(), settings).capacity().wanted == 5


async def test_wanted_is_unknown_while_no_pod_has_told(start: Start, watch: Watch) -> None:
    """Nothing known is no reason to want few pods: not before the first look, nor when every pod drains or is gone."""
    pod = await start(rooms=["a"])
    pods, metrics = watch(pod.target), Metrics()
    admission = Admission(pods, metrics, SETTINGS)
    unknown = "alex_web_wanted_agent_pods NaN\n"
    fresh = metrics.text().decode()
    await pods.look()
    admission.settle()
    known = metrics.text().decode()
    pod.draining = True
    await pods.look()
    admission.settle()
    draining, drained = admission.capacity().wanted, metrics.text().decode()
    await pod.die()
    await pods.look()
    admission.settle()

    assert unknown in fresh
    assert unknown not in known
    assert (draining, unknown in drained) == (None, True)
    assert (admission.capacity().wanted, unknown in metrics.text().decode()) == (None, True)


async def test_wanted_waits_for_a_slow_pod_after_the_start(start: Start, watch: Watch) -> None:
    """A web pod that has just started does not take a part for the whole: a busy pod may be slow to answer."""
    quick, busy = await start(rooms=["a"]), await start(rooms=["b", "c", "d"], mood="slow")
    pods = watch(quick.target, busy.target)
    admission = Admission(pods, Metrics(), SETTINGS)
    at_first = []
    for _ in range(4):
        await pods.look()
        at_first.append(admission.capacity().wanted)
    busy.mood = "fine"
    await pods.look()

    assert at_first == [None] * 4
    assert admission.capacity().wanted == 2


async def test_a_silent_pod_counts_as_it_last_was(start: Start, watch: Watch) -> None:
    """A pod that falls silent is still one of those that Kubernetes counts, and so are its calls, until it is gone."""
    pod, busy = await start(rooms=["a"]), await start(rooms=["b", "c", "d"])
    pods = watch(pod.target, busy.target)
    admission = Admission(pods, Metrics(), SETTINGS)
    await pods.look()
    busy.mood = "slow"
    told = []
    for _ in range(MOST_SLOW + 2):
        await pods.look()
        told.append((admission.capacity().pods, admission.capacity().wanted))
    await busy.die()
    await pods.look()

    assert told == [(2, 2)] * (MOST_SLOW - 1) + [(1, 2)] * 3
    assert admission.capacity().wanted == 1


async def test_a_silent_pod_that_left_dns_counts_no_more(start: Start, watch: Watch) -> None:
    """Once Kubernetes has taken a silent pod out of DNS, it is no pod, and nothing of it is wanted."""
    port = free_port()
    staying = await start(host="127.0.0.1", port=port, rooms=["a"])
    leaving = await start(host="127.0.0.2", port=port, rooms=["b", "c", "d"])
    pods = watch(f"agents.test:{port}")
    named = {("127.0.0.1", port), ("127.0.0.2", port)}
    told = []
    for mood, addresses in (("fine", named), *[("slow", named)] * 3, ("slow", {("127.0.0.1", port)})):
        leaving.mood = mood  # type: ignore[assignment]
        pods._lookups[f"agents.test:{port}"] = asyncio.ensure_future(answer(addresses))
        await pods.look()
        told.append(Admission(pods, Metrics(), SETTINGS).capacity().wanted)

    assert staying.asked == 5
    assert told == [2, 2, 2, 2, 1]


async def test_a_pod_that_has_ended_hides_no_number(start: Start, watch: Watch) -> None:
    """The address of a pod that has ended first refuses and then leads nowhere: that it is silent tells nothing new."""
    pod, ended = await start(rooms=["a"]), await start()
    pods = watch(pod.target, ended.target)
    await pods.look()
    await ended.die()
    await pods.look()
    await start(port=ended.port, mood="slow")  # takes connections and is silent, like an address without a machine
    told = []
    for _ in range(4):
        await pods.look()
        told.append(Admission(pods, Metrics(), SETTINGS).capacity().wanted)

    assert told == [1] * 4


async def answer(addresses: set[tuple[str, int]]) -> set[tuple[str, int]]:
    return addresses


async def test_pod_that_livekit_does_not_know_yet_gives_no_slot(start: Start, watch: Watch) -> None:
    """A pod that has just started answers before it is registered: a token for its slots would be for nobody."""
    pod = await start(slots=2, registered=False)
    pods = watch(pod.target)
    await pods.look()
    admission = Admission(pods, Metrics(), SETTINGS)
    with pytest.raises(Problem, match="No agent is running"):
        await admission.reserve("mine")
    free = admission.capacity().free
    pod.registered = True
    await pods.look()

    assert free == 0
    assert admission.capacity().free == 2


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


@pytest.mark.parametrize(
    ("mood", "looks"), [("slow", MOST_SLOW), ("broken", MOST_SLOW), ("babbling", MOST_SLOW), ("away", MOST_MISSES)]
)
async def test_silent_pod_counts_for_some_looks(start: Start, watch: Watch, mood: str, looks: int) -> None:
    """A pod that makes no sense keeps its last word, longer while it takes connections; then it counts no more."""
    pod, other = await start(rooms=["mine"]), await start()
    pods = watch(pod.target, other.target)
    await pods.look()
    if mood == "away":
        await pod.vanish()
    else:
        pod.mood = mood  # type: ignore[assignment]
    for _ in range(looks - 1):
        await pods.look()
    soon = pods.rooms(), pods.take_lost()
    await pods.look()
    late = pods.rooms(), pods.take_lost()

    assert soon == ({"mine"}, set())
    assert late == (set(), {"mine"})


async def test_silent_pod_comes_back(start: Start, watch: Watch) -> None:
    """A pod that answers again counts again, and its misses begin anew."""
    pod, other = await start(rooms=["mine"]), await start()
    pods = watch(pod.target, other.target)
    for mood in ("fine", *["broken"] * (MOST_SLOW - 1), "fine", *["broken"] * (MOST_SLOW - 1)):
        pod.mood = mood  # type: ignore[assignment]
        await pods.look()

    assert pods.take_lost() == set()
    assert pods.rooms() == {"mine"}


async def test_silence_of_all_pods_is_our_own_trouble(start: Start, watch: Watch) -> None:
    """While nobody answers no call is given up; when one pod answers again, the other's silence counts from there."""
    pod, other = await start(rooms=["mine"]), await start()
    pods = watch(pod.target, other.target)
    await pods.look()
    pod.mood = other.mood = "broken"
    for _ in range(MOST_SLOW + 3):
        await pods.look()
    together = pods.take_lost()
    other.mood = "fine"
    await pods.look()
    for _ in range(MOST_SLOW - 2):
        await pods.look()
    soon = pods.take_lost()
    await pods.look()

    assert together == soon == set()
    assert pods.take_lost() == {"mine"}


async def test_slow_pod_delays_nobody(start: Start, watch: Watch) -> None:
    """Pods are asked all at once: one that hangs costs its timeout and the others answer."""
    slow, fine = [await start(mood="slow") for _ in range(5)], await start()
    pods = watch(*(pod.target for pod in [*slow, fine]))
    began = time.monotonic()
    await pods.look()

    assert time.monotonic() - began < 2.5  # what five timeouts one after another would take
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

    assert time.monotonic() - began < 10
    assert len(pods.alive()) == 1
    assert asked.count("slow.test:9090") == 1
    assert asked.count(pod.target) == 3


async def test_promise_holds_until_the_call_shows(start: Start, watch: Watch) -> None:
    """A promised slot is taken until its call shows on a pod; then the pod's own number counts, and nothing twice."""
    pod = await start(slots=2)
    pods = watch(pod.target)
    await pods.look()
    admission = Admission(pods, Metrics(), SETTINGS)
    await admission.reserve("mine")
    promised = admission.capacity().free
    pod.rooms.append("mine")
    await pods.look()
    shown = admission.capacity()

    assert promised == 1
    assert (shown.free, shown.reserved, shown.active) == (1, 0, 1)


async def test_promise_kept_by_another_pod_is_given_back(start: Start, watch: Watch) -> None:
    """LiveKit chooses the pod: when it is not the one that promised, the promise is given back at the next look."""
    one, other = await start(slots=2), await start(slots=1)
    pods = watch(one.target, other.target)
    await pods.look()
    admission = Admission(pods, Metrics(), SETTINGS)
    await admission.reserve("mine")
    other.rooms.append("mine")
    await pods.look()
    admission.settle()
    await asyncio.gather(*admission._releases)

    assert (one.released, one.reserved) == (["mine"], [])
    assert admission.capacity().free == 2


async def test_full_pod_sends_to_the_next(start: Start, watch: Watch) -> None:
    """What web knows may be old: a pod that has become full says so, and the next one is asked."""
    full, free = await start(slots=3), await start(slots=1)
    pods = watch(full.target, free.target)
    await pods.look()
    full.rooms += ["a", "b", "c"]
    admission = Admission(pods, Metrics(), SETTINGS)
    await admission.reserve("mine")

    assert free.reserved == ["mine"]
    with pytest.raises(Problem, match="Everybody is busy"):
        await admission.reserve("yours")


async def test_one_lease_for_a_room(start: Start, watch: Watch) -> None:
    """Of replicas that want to send an agent into the same room one may; all ask the pods in the same order."""
    started = [await start() for _ in range(3)]
    replicas = [watch(*(pod.target for pod in started)) for _ in range(3)]
    for pods in replicas:
        await pods.look()
    for room in ("one", "two", "three", "four"):
        won = await asyncio.gather(*(Admission(pods, Metrics(), SETTINGS).lease(room, 5) for pods in replicas))

        assert sorted(won) == [False, False, True]
    assert sum(len(pod.reserved) for pod in started) == 4


async def test_promise_of_a_draining_pod_stands_in_nobodys_way(start: Start, watch: Watch) -> None:
    """A pod that promised a slot and then began to drain gets no job: another one may be asked for the same room."""
    leaving, staying = await start(), await start()
    pods = watch(leaving.target, staying.target)
    await pods.look()
    admission = Admission(pods, Metrics(), SETTINGS)
    leaving.reserved.append("mine")
    await pods.look()
    before = await admission.lease("mine", 5)
    leaving.draining = True
    await pods.look()

    assert not before
    assert await admission.lease("mine", 5)
    assert staying.reserved == ["mine"]


async def test_agent_that_takes_us_for_a_stranger_promises_nothing(start: Start) -> None:
    """A web that signs with another secret than the agents gets no slot, and says what to check."""
    pod = await start()
    pods = Pods((pod.target,), Metrics(), lambda: "not.a.token", answer_seconds=0.2)
    await pods.look()
    with structlog.testing.capture_logs() as lines, pytest.raises(Problem, match="do not know this service"):
        await Admission(pods, Metrics(), SETTINGS).reserve("mine")
    await pods.close()

    assert "LiveKit secret" in lines[0]["check"]
    assert pod.reserved == []


async def test_lost_calls_are_told_once(start: Start, watch: Watch) -> None:
    """A call that a pod reports as lost is handed on once, and not at all when another pod has it already."""
    pod, other = await start(lost=[("job-1", "mine"), ("job-2", "yours")]), await start(rooms=["yours"])
    pods = watch(pod.target, other.target)
    await pods.look()
    first = pods.take_lost()
    await pods.look()

    assert first == {"mine"}
    assert pods.take_lost() == set()


async def test_silent_pod_that_left_dns_is_gone(start: Start, watch: Watch) -> None:
    """A pod that DNS does not name any more is gone with its first missed answer; its calls are lost."""
    pod, other = await start(rooms=["mine"]), await start()
    pods = watch(pod.target, other.target)
    await pods.look()
    pod.mood = "slow"
    pods._targets = (other.target,)
    del pods._addresses[pod.target]
    await pods.look()

    assert pods.take_lost() == {"mine"}


@pytest.mark.parametrize("end", ["refuses", "vanishes", "is another"])
async def test_calls_of_a_dead_pod_are_lost(start: Start, watch: Watch, end: str) -> None:
    """Calls are lost with their pod: when it refuses connections, takes none for a while, or is another suddenly."""
    pod, other = await start(rooms=["mine", "yours"]), await start()
    pods = watch(pod.target, other.target)
    await pods.look()
    if end == "refuses":
        await pod.die()
    elif end == "vanishes":
        await pod.vanish()
        for _ in range(2):
            await pods.look()

            assert pods.take_lost() == set()
    else:
        pod.instance, pod.rooms = "another", []
    await pods.look()

    assert pods.take_lost() == {"mine", "yours"}
