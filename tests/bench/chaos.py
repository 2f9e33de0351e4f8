"""Calls go on while their pods are moved about: on the cluster of `k8s/up`, in a namespace of its own.

    tests/run chaos --events 200 --seed 7            # the last line is the result
    tests/run chaos --events 40 --seed 7 --plain     # the same on a plain Deployment, which must cut calls

Lines call, hold and call again without a pause, while one thing after the other happens to the agent pods: a scale-in,
a rollout, an eviction, the deletion of an idle pod and of a busy one, each as often as the others, in a seeded order.
Every event leaves the calls their time (`agent.drainSeconds`); what kills without a warning is `tests/run takeover`.

The plain arm has the same images and settings in a Deployment as `kubectl create deployment` makes it: 30 s of grace,
the default strategy, no probes, no disruption budget, no deletion cost.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.quiet_call import Ended, quiet_call
from cluster.kube import ROOT, FailedError, Kube, eventually, run
from cluster.release import calls, install, node_ports, own_namespace, page

KINDS = ("scale-in", "rollout", "eviction", "idle pod deleted", "busy pod deleted")

LINES = 6
FEWEST_PODS, MOST_PODS = 2, 4
SLOTS = 4
# Longer than the 30 s a plain Deployment gives, and short enough that many calls see their end.
SHORTEST_CALL_SECONDS, LONGEST_CALL_SECONDS = 15.0, 50.0
# Pods that say they are ready before they are, as in the plain arm, take a while.
BEGIN_SECONDS = 180.0
PAUSE_SECONDS = (2.0, 6.0)
# A draining pod keeps its memory until its last call ends; beyond this the machine, not Alex, would be tested.
MOST_PODS_AT_ONCE = 9

VALUES = {
    "agent": {
        "slots": SLOTS,
        "replicas": 3,
        "drainSeconds": 300,
        "maxCallSeconds": 300,
        "autoscaling": {"enabled": False},
    },
    # As many streams as calls, also of those that drain.
    "offline": {"engine": "scripted", "sttStreams": 64, "speechStreams": 64, "languageStreams": 64},
}


@dataclass
class Fleet:
    """The agent pods of one release, and what can happen to them."""

    kube: Kube
    plain: bool
    dice: random.Random
    replicas: int = 3
    rollouts: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def happen(self, kind: str) -> None:
        """Let one thing happen to the pods, and do not wait for its end.

        Raises:
            FailedError: Kubernetes refused it.

        """
        eventually("most drains have ended", lambda: len(self._all()) <= MOST_PODS_AT_ONCE, 240)
        {
            "scale-in": self._scale_in,
            "rollout": self._roll_out,
            "eviction": self._evict,
            "idle pod deleted": lambda: self._delete(min),
            "busy pod deleted": lambda: self._delete(max),
        }[kind]()
        self.done[kind] += 1

    def be_plain(self) -> None:
        """Put a plain Deployment in the place of the chart's."""
        before = self.kube.get("deployment", "alex-agent")
        template = before["spec"]["template"]
        [container] = template["spec"]["containers"]
        kept = ("name", "image", "imagePullPolicy", "env", "ports", "volumeMounts", "resources", "securityContext")
        spec = {
            "securityContext": template["spec"]["securityContext"],
            "containers": [{key: container[key] for key in kept if key in container}],
            "volumes": template["spec"].get("volumes", []),
            "enableServiceLinks": False,
        }
        plain = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "alex-agent"},
            "spec": {
                "replicas": self.replicas,
                "selector": before["spec"]["selector"],
                "template": {"metadata": {"labels": template["metadata"]["labels"]}, "spec": spec},
            },
        }
        self.kube.kubectl("delete", "deployment/alex-agent", "poddisruptionbudget/alex-agent", "--timeout=120s")
        self.kube.kubectl("create", "--filename=-", stdin=json.dumps(plain))

    def _all(self) -> list[dict[str, Any]]:
        told = self.kube.api(self.kube.path("pods"), labelSelector="app.kubernetes.io/component=agent")
        found: list[dict[str, Any]] = told["items"]
        return found

    def _pick(self, choice: Callable[..., Any]) -> str:
        held: dict[str, int] = {}

        def somebody_answers() -> bool:
            held.update(calls(self.kube))
            return bool(held)

        eventually("a pod answers", somebody_answers, 120)
        return str(choice(sorted(held), key=lambda name: held[name]))

    def _scale(self, replicas: int) -> None:
        self.replicas = replicas
        self.kube.kubectl("scale", "deployment/alex-agent", f"--replicas={replicas}")

    def _scale_in(self) -> None:
        if self.replicas == FEWEST_PODS:
            self._scale(MOST_PODS)
            eventually("the fleet has grown", lambda: len(calls(self.kube)) == MOST_PODS, 180)
        self._scale(self.replicas - 1)

    def _roll_out(self) -> None:
        self.rollouts += 1
        if self.plain:
            stamp = {"metadata": {"annotations": {"example.com/rollout": str(self.rollouts)}}}
            patch = json.dumps({"spec": {"template": stamp}})
            self.kube.kubectl("patch", "deployment/alex-agent", "--patch", patch)
            return
        settings = (f"agent.replicas={self.replicas}", f"agent.greeting=Hello number {self.rollouts}.")
        words = [word for setting in settings for word in ("--set", setting)]
        self.kube.helm("upgrade", "alex", str(ROOT / "charts" / "alex"), "--reuse-values", *words)

    def _evict(self) -> None:
        name = self.dice.choice(sorted(calls(self.kube)) or [self._pick(min)])
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        path = self.kube.path(f"pods/{name}/eviction")

        def granted() -> bool:
            # A budget says no while another pod is on its way; a node drain asks again as well.
            told = self.kube.try_kubectl("create", "--raw", path, "--filename=-", stdin=json.dumps(eviction))
            if told.code and "disruption budget" not in told.output and "NotFound" not in told.output:
                raise FailedError(f"eviction: {told.output}")
            return told.code == 0 or "NotFound" in told.output

        eventually("the budget lets the pod go", granted, 240)

    def _delete(self, choice: Callable[..., Any]) -> None:
        self.kube.kubectl("delete", "pod", self._pick(choice), "--wait=false")


def kinds(events: int, dice: random.Random) -> Iterator[str]:
    """Give so many kinds of events, each as often as the others, in no order one could rely on."""
    while events > 0:
        for kind in dice.sample(KINDS, len(KINDS))[:events]:
            events -= 1
            yield kind


async def call_again(
    url: str, dice: random.Random, ended: list[Ended], talking: asyncio.Event, closing: asyncio.Event
) -> None:
    """Make one call after the other on one line, until it is closing time; the last one is finished."""
    while not closing.is_set():
        call = await quiet_call(url, dice.uniform(SHORTEST_CALL_SECONDS, LONGEST_CALL_SECONDS), talking.set)
        ended.append(call)
        if call.outcome != "answered":
            say(f"{call.outcome} after {call.seconds:.1f} s: {call.detail}")


async def shake(fleet: Fleet, url: str, events: int, seed: int, lines: int) -> list[Ended]:
    """Let events happen to a fleet full of calls; give how every call ended."""
    ended: list[Ended] = []
    talking = [asyncio.Event() for _ in range(lines)]
    closing = asyncio.Event()
    callers = [
        asyncio.create_task(call_again(url, random.Random(f"{seed} {number}"), ended, greeted, closing))
        for number, greeted in enumerate(talking)
    ]
    try:
        # Nothing happens before there is something to lose.
        async with asyncio.timeout(BEGIN_SECONDS):
            await asyncio.gather(*(greeted.wait() for greeted in talking))
        began = time.monotonic()
        for number, kind in enumerate(kinds(events, fleet.dice), start=1):
            await asyncio.to_thread(fleet.happen, kind)
            say(f"{time.monotonic() - began:6.1f} s  event {number}: {kind}; {len(ended)} calls have ended")
            await asyncio.sleep(fleet.dice.uniform(*PAUSE_SECONDS))
    finally:
        closing.set()
        await asyncio.gather(*callers)
    return ended


@contextlib.contextmanager
def fleet_of(alex: Kube, seed: int, *, plain: bool) -> Iterator[tuple[Fleet, str]]:
    """Install Alex in a namespace of its own, for as long as this lasts; give its agents and its page."""
    with own_namespace(alex, "chaos") as kube:
        fleet = Fleet(kube, plain, random.Random(seed))
        cost = f"agent.deletionCost.enabled={str(not plain).lower()}"
        install(alex, kube, cost, more=json.dumps({**VALUES, **node_ports(alex)}))
        if plain:
            fleet.be_plain()
        kube.settled()
        yield fleet, page(kube)


def chaos(alex: Kube, events: int, seed: int, *, plain: bool = False, lines: int = LINES) -> tuple[Fleet, list[Ended]]:
    """Run one arm from its installation to its end."""
    with fleet_of(alex, seed, plain=plain) as (fleet, url):
        return fleet, asyncio.run(shake(fleet, url, events, seed, lines))


def result(fleet: Fleet, ended: Sequence[Ended]) -> str:
    """Sum up in one line."""
    outcomes = Counter(call.outcome for call in ended)
    reached = outcomes["answered"] + outcomes["cut"]
    return f"events={fleet.done.total()} calls={reached} cut={outcomes['cut']}"


def say(line: str) -> None:
    """Show how far it is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run from the command line; 0 when no call was cut, and in the plain arm when one was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20, help="how many things happen to the pods")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same order of events")
    parser.add_argument("--plain", action="store_true", help="the arm for comparison: a plain Deployment")
    options = parser.parse_args()
    up = run(ROOT / "k8s" / "up", timeout=1500)
    if up.code != 0:
        say(up.output)
        return 1
    fleet, ended = chaos(Kube.of_up(), options.events, options.seed, plain=options.plain)
    for kind, times in sorted(fleet.done.items()):
        say(f"{kind}: {times}")
    for outcome, times in sorted(Counter(call.outcome for call in ended).items()):
        say(f"calls {outcome}: {times}")
    say(result(fleet, ended))
    was_cut = any(call.outcome == "cut" for call in ended)
    return 0 if was_cut == options.plain else 1


if __name__ == "__main__":
    sys.exit(main())
