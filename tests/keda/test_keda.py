"""Agents that follow their calls through a real KEDA, with real calls, on the local cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest
from cluster.kube import ROOT, Kube, eventually
from cluster.release import agents, capacity, install, upgrade
from keda.watching import Raise, Sample, Watch, lowerings, raises

SLOTS, BUFFER, MOST = 2, 1, 3
LULL_SECONDS = 20  # a test has no five minutes; a machine under load may have a moment in which pods are silent
VALUES = (
    "agent.autoscaling.enabled=true",
    "agent.autoscaling.engine=keda",
    f"agent.slots={SLOTS}",
    f"agent.autoscaling.callsPerPod={SLOTS}",
    f"agent.autoscaling.bufferCalls={BUFFER}",
    f"agent.autoscaling.maxReplicas={MOST}",
    f"agent.autoscaling.scaleDownAfterSeconds={LULL_SECONDS}",
    "offline.engine=scripted",
    f"offline.sttStreams={SLOTS * MOST}",  # one for each call: a fifth would be told that nobody hears it
)
# The autoscaler of the local cluster looks every 5 s; the rest is this machine's affair.
SOON_SECONDS = 30
# A pod on a machine with two cores and other work.
READY_SECONDS = 300
# Eight looks of the autoscaler after the lull, each of which would act.
HELD_SECONDS = LULL_SECONDS + 40
# Between two pods that are taken away: a policy of the chart.
MINUTE_SECONDS = 60
# After the last pod has gone, the call that is left would be cut within this if it were on it.
CALL_GOES_ON_SECONDS = 10
OUT = ROOT / "tests" / "out" / "keda"


class Calls:
    """Callers in the network of the node; the calls that are on, and those that were cut."""

    def __init__(self, kube: Kube) -> None:
        web, livekit = (kube.get("service", name)["spec"]["clusterIP"] for name in ("alex-web", "alex-livekit"))
        program = [sys.executable, str(Path(__file__).with_name("callers.py"))]
        self._process = subprocess.Popen(
            ["nsenter", "--net=/run/netns/alex", *program, f"http://{web}:8080", f"ws://{livekit}:7880"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "images" / "caller")},
        )

    def be(self, number: int) -> int:
        """Be in so many calls; none may be refused. Return how many were cut so far."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        assert told, "a call was refused or did not come about: see what the callers said"
        return int(told)

    def end(self) -> None:
        """Hang up and end the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)


@pytest.fixture
def release(keda: Kube, alex: Kube, namespace: Kube) -> Kube:
    """Install Alex with the engine `keda` and its own scripted voice."""
    install(alex, namespace, *VALUES)
    namespace.settled()
    return namespace


@pytest.fixture
def calls(release: Kube) -> Iterator[Calls]:
    """Give callers; they hang up with the test."""
    callers = Calls(release)
    yield callers
    callers.end()


def settled(kube: Kube, number: int) -> None:
    """Wait until there are so many agent pods, and web knows them."""
    eventually(f"{number} agent pods are ready", lambda: agents(kube) == (number, number), READY_SECONDS)
    eventually("web has found them", lambda: capacity(kube)["pods"] == number, 60)


def test_pods_follow_the_calls_up_and_down(release: Kube, calls: Calls) -> None:
    """Pods are as many as the formula says: more at once, fewer one a minute; no call is refused or cut."""
    settled(release, 1)
    with Watch(release, OUT / "pods.csv") as samples:
        for number, wanted in ((1, 1), (2, 2), (4, 3), (5, 3)):
            calls.be(number)
            settled(release, wanted)
        time.sleep(MINUTE_SECONDS)  # the autoscaler may take back at once what it added within a minute
        calls.be(1)
        eventually("one pod is asked for", lambda: agents(release)[0] == 1, 240)
        time.sleep(CALL_GOES_ON_SECONDS)
        cut = calls.be(1)
    up, down = list(raises(samples)), lowerings(samples)
    report(up, down, cut)

    assert cut == 0
    # Calm: every pod that there is has told web.
    calm = [sample for sample in samples if sample.pods == sample.ready == sample.asked]
    assert {sample.wanted for sample in calm} == {1, 2, 3}
    for sample in calm:
        # A promise that another pod than LiveKit's choice made is given back within a second, and is not counted.
        expected = {ceil((sample.calls + coming + BUFFER) / SLOTS) for coming in range(sample.promised + 1)}
        assert sample.wanted in expected, sample
    assert {2, 3} <= {moment.sample.wanted for moment in up}
    assert max(moment.asked_seconds for moment in up) < SOON_SECONDS
    assert down[-1].asked == 1
    assert min(later.at - sooner.at for sooner, later in pairwise(down)) > MINUTE_SECONDS - 10


def test_unknown_is_no_reason_to_send_pods_home(release: Kube, calls: Calls) -> None:
    """A web that has just started and finds no agent wants no number, and the pods stay; they go when it knows."""
    settled(release, 1)
    calls.be(2)
    settled(release, 2)
    release.kubectl("delete", "service", "alex-agent")
    release.kubectl("rollout", "restart", "deployment/alex-web")
    # The old web pod knows all agents and tells KEDA until it is gone.
    web = ("pods", "--selector", "app.kubernetes.io/component=web")
    eventually("a new web pod is alone", lambda: len(release.items(*web)) == 1 and unknown(release), 120)
    calls.be(0)
    with Watch(release, OUT / "unknown.csv") as samples:
        time.sleep(HELD_SECONDS)
    [scaler] = release.items("horizontalpodautoscalers")
    conditions = {each["type"]: each["status"] for each in scaler["status"]["conditions"]}
    upgrade(release)  # brings the Service back

    assert {(sample.wanted, sample.asked) for sample in samples} == {(None, 2)}
    assert conditions["ScalingActive"] == "False"  # it has no number to act upon
    eventually("a pod goes, now that web knows", lambda: agents(release)[0] == 1, 120)
    assert capacity(release)["wanted"] == 1


def unknown(kube: Kube) -> bool:
    return capacity(kube)["wanted"] is None


def report(up: Sequence[Raise], down: Sequence[Sample], cut: int) -> None:
    """Say in one line for each change how soon it came, and sum up."""
    for moment in up:
        sample = moment.sample
        sys.stdout.write(
            f"calls={sample.calls} wanted={sample.wanted} "
            f"asked_after_s={moment.asked_seconds:.1f} ready_after_s={moment.ready_seconds:.1f}\n"
        )
    for sample in down:
        sys.stdout.write(f"calls={sample.calls} wanted={sample.wanted} asked={sample.asked} at_s={sample.at:.1f}\n")
    longest = max(moment.asked_seconds for moment in up)
    sys.stdout.write(f"raises={len(up)} longest_s={longest:.1f} lowerings={len(down)} cut={cut}\n")
