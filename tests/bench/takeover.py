"""How soon a caller whose agent dies hears another one: on the cluster of `k8s/up`, with real calls.

    tests/run takeover --times 20            # each kind of death so often; the last line is the result
    tests/run takeover --times 5 --kind pod

A call is made, something is said that is worth remembering, then the process of the call (`job`), the agent's main
process (`main`) is killed, or its pod deleted without grace (`pod`). The recording says when a voice is heard again; at
the end the caller asks for what only the agent before has heard. Kubernetes is given two agent pods.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))

from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, TokenError, take_token
from alex_caller.presence import CallError
from alex_caller.speech import Clip, Voice
from cluster.kube import ROOT, Kube, eventually, run, target
from cluster.release import holders

KINDS = ("job", "main", "pod")

# After this the attempt counts as failed; nobody holds a silent line for longer.
LONGEST_SECONDS = 30.0

# Runs in the agent's container: the moment of death comes from the same clock as everybody else's.
KILL = """
import psutil, sys, time
family = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"][-2:] == ["-m", "alex_agent"]]
(main,) = [p for p in family if p.parent() not in family]
jobs = [p for p in main.children(recursive=True) if p.net_connections("udp")]
victim = main if sys.argv[1] == "main" else jobs[0]
print(time.time(), flush=True)
victim.kill()
"""


@dataclass(frozen=True)
class Death:
    """One death: how long no voice was heard, and whether the next agent knew what was said; None was never heard."""

    kind: str
    seconds: float | None
    remembered: bool = False


def holder(kube: Kube) -> str:
    """Name the agent pod that has the call; an agent whose caller never came must have gone first."""
    eventually("there is this one call", lambda: len(holders(kube)) == 1, 60)
    return holders(kube)[0]


def kill(kube: Kube, kind: str) -> float:
    """End the agent of the call; return when, as seconds of the wall clock."""
    name = holder(kube)
    if kind == "pod":
        began = time.time()
        kube.kubectl("delete", "pod", name, "--grace-period=0", "--force", "--wait=false")
        return began
    told = kube.try_kubectl("exec", name, "--", "python", "-c", KILL, kind).output  # its container may end with it
    return float(told.split()[0])


async def invited(url: str) -> Invitation:
    """Get a token; the port-forward of the page may just be moving to another web pod."""
    deadline = time.monotonic() + LONGEST_SECONDS
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                return await take_token(http, url, LONGEST_SECONDS)
            except TokenError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def calling(url: str) -> AsyncIterator[Call]:
    """Be in a call; kubectl may just be opening the port-forward of the media server again."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        limits = Limits(agent_away=LONGEST_SECONDS, answer=LONGEST_SECONDS)
        call = Call(await invited(url), limits=limits)
        try:
            await call.__aenter__()
            break
        except CallError as error:
            if error.code != "no_livekit" or time.monotonic() > deadline:
                raise
            await asyncio.sleep(1)
    try:
        yield call
    finally:
        await call.hang_up()


async def die(kube: Kube, kind: str, sentences: Sequence[Clip]) -> Death:
    """Make a call, let its agent die, and see what the caller hears."""
    await asyncio.to_thread(eventually, "two agent pods take calls", lambda: len(kube.ready("agent")) > 1, 120)
    try:
        async with calling(f"http://localhost:{target()['page_port']}") as call:
            await call.greeting()
            await call.ask(sentences[0])
            at = await asyncio.to_thread(kill, kube, kind)
            seconds = await call.heard_again(call.now - (time.time() - at))
            turn = await call.ask(sentences[1])
            return Death(kind, seconds, "bruno" in turn.answer.lower())
    except CallError as error:
        sys.stdout.write(f"{kind}: {error!r}\n")
        return Death(kind, None)


def result(deaths: Sequence[Death]) -> str:
    """Sum up in one line."""
    heard = sorted(death.seconds for death in deaths if death.seconds is not None)
    p50 = statistics.median(heard) if heard else float("nan")
    p95 = heard[min(len(heard) - 1, round(0.95 * len(heard)))] if heard else float("nan")
    remembered = sum(death.remembered for death in deaths)
    return (
        f"kills={len(deaths)} spoke_again={len(heard)} remembered={remembered} "
        f"p50_s={p50:.2f} p95_s={p95:.2f} longest_s={max(heard, default=float('nan')):.2f}"
    )


async def measure(kube: Kube, times: int, kinds: Sequence[str]) -> list[Death]:
    """Let agents die, the kinds in turn."""
    voice = Voice()
    sentences = [voice.say("My dog is called Bruno."), voice.say("What is my dog called?")]
    deaths = []
    for _ in range(times):
        for kind in kinds:
            death = await die(kube, kind, sentences)
            heard = "nothing was heard" if death.seconds is None else f"{death.seconds:.2f} s"
            sys.stdout.write(f"{kind}: {heard}, remembered: {death.remembered}\n")
            sys.stdout.flush()
            deaths.append(death)
    return deaths


def main() -> int:
    """Run from the command line; 0 when a voice was heard after every death."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="how often each kind of death")
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this kind; may be repeated")
    options = parser.parse_args()
    up = run(ROOT / "k8s" / "up", timeout=1500)
    if up.code != 0:
        sys.stdout.write(up.output)
        return 1
    kube = Kube.of_up()
    kinds = options.kind or KINDS
    kube.kubectl("scale", "deployment/alex-agent", "--replicas=2")
    try:
        deaths = asyncio.run(measure(kube, options.times, kinds))
    finally:
        kube.kubectl("scale", "deployment/alex-agent", "--replicas=1")
    for kind in kinds:
        sys.stdout.write(f"{kind}: {result([death for death in deaths if death.kind == kind])}\n")
    sys.stdout.write(result(deaths) + "\n")
    return 0 if all(death.seconds is not None for death in deaths) else 1


if __name__ == "__main__":
    sys.exit(main())
