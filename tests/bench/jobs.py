"""What many calls leave behind: after the last one every gauge, process, file and socket is counted, on loopback.

    tests/run jobs --times 1000 --killed 100      # the last line is the result
    tests/run jobs --times 40 --killed 6 --slots 2 --seed 7

Calls come in waves as wide as the agent has slots; each wave must give all of its slots back before the next begins.
Most callers are mute: they see the agent, or hear the greeting, and hang up; one in ten says a sentence. Of some calls
the job's process is killed at a random moment: while it starts, in the greeting, in the call or while it closes. What
is there before and after is compared once a few calls have warmed everything up.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.crowd import Crowd, Ledger, say
from bench.traces import OURS, PROGRAMS, Left, Traces, files, gauges, main_process, session, total, unix_sockets
from stack import Stack, running

# LiveKit and web keep idle connections for 75 s; a room that nobody closed stays for 20.
QUIET_SECONDS = 100.0
# For the last of the warm-up to end.
REST_SECONDS = 3.0
# A drain without calls takes a second or two.
STOP_SECONDS = 40.0
# Nothing here takes longer, even where many share two cores.
LONGEST_SECONDS = 4 * 3600.0

# Callers who were not served on a machine that is too busy; more, and what is left says nothing about calls.
MOST_FAILED = 0.05


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    times: int
    killed: int
    slots: int = 4
    seed: int = 1
    seconds: float = LONGEST_SECONDS
    quiet_seconds: float = QUIET_SECONDS


@dataclass(frozen=True)
class Result:
    """What was done and what is left of it."""

    jobs: int
    killed: int
    left: Left

    def line(self) -> str:
        """Sum up in one line."""
        left = self.left
        return (
            f"jobs={self.jobs} killed={self.killed} gauges_left={len(left.gauges)} "
            f"processes_left={len(left.processes)} files_left={len(left.files)} sockets_left={len(left.sockets)}"
        )


def books(stack: Stack, ledger: Ledger) -> list[str]:
    """Tell where the counters do not add up: each job that was taken is counted once, by how its call ended."""
    jobs = len(ledger.asked) - total(stack, "agent", "alex_agent_refused_jobs_total")
    ended = total(stack, "agent", "alex_agent_calls_total")
    lost = total(stack, "agent", "alex_agent_calls_total", outcome="lost")
    killed = len(ledger.killed - ledger.said_goodbye)
    return [
        *([f"{jobs} jobs were taken, {ended} calls are counted"] if ended != jobs else []),
        *([f"{killed} jobs died without a word, {lost} calls count as lost"] if lost != killed else []),
    ]


async def crowd(stack: Stack, folder: Path, plan: Plan) -> Result:
    """Let the callers call, and compare."""
    crowd = Crowd(stack, plan.slots, plan.seed)
    # Caches fill, pools start their threads, LiveKit opens its connections.
    await crowd.calls(2 * plan.slots, 1, LONGEST_SECONDS)
    await asyncio.sleep(REST_SECONDS)
    before = Traces.of(stack, folder)
    began = time.monotonic()
    made = await crowd.calls(plan.times, plan.killed, plan.seconds)
    seconds = time.monotonic() - began
    quiet = time.monotonic() + plan.quiet_seconds
    while True:
        now = Traces.of(stack, folder)
        left = now.left(before, gauges(stack), plan.slots)
        if not left.all() or time.monotonic() > quiet:
            break
        await asyncio.sleep(1)
    crowd.ledger.read()
    left.gauges.extend(books(stack, crowd.ledger))
    failed = crowd.trouble.total()
    if failed > MOST_FAILED * made:
        left.gauges.append(f"{failed} of {made} calls failed")
    say(f"{made} calls in {seconds:.0f} s, {len(crowd.ledger.asked)} jobs with the warm-up; kills: {dict(crowd.kinds)}")
    say(f"calls that failed: {dict(crowd.trouble)}")
    say(f"hit: {len(crowd.ledger.killed)} jobs and {crowd.ledger.idle_killed} processes that waited for one")
    for name in PROGRAMS:
        say(f"memory of {name}: {before.memory_mb[name]:.0f} MB before, {now.memory_mb[name]:.0f} MB after")
    say(f"descriptors: { ({name: dict(kinds) for name, kinds in now.descriptors.items()}) }")
    say(f"gauges that are not zero: { ({name: value for name, value in gauges(stack).items() if value}) }")
    return Result(len(crowd.ledger.asked), len(crowd.ledger.killed), left)


def measure(plan: Plan, logs: Path) -> Result:
    """Run Alex, let it be called, stop it, and look for what is left."""
    logging.getLogger("livekit").setLevel(logging.CRITICAL)  # the media library complains of rooms that vanish
    with tempfile.TemporaryDirectory(prefix="alex-jobs-") as name:
        folder = Path(name)
        places = {}
        for program in OURS:
            (folder / program).mkdir()
            places[program] = {"TMPDIR": str(folder / program), "HOME": str(folder / program)}
        # Scripted streams cost nothing, and a successor comes before its predecessor's streams are gone.
        streams = {f"ALEX_OFFLINE_{kind}_STREAMS": str(2 * plan.slots) for kind in ("STT", "SPEECH", "LANGUAGE")}
        places["offline"] |= {"ALEX_OFFLINE_ENGINE": "scripted", **streams}
        places["agent"] |= {"ALEX_SLOTS": str(plan.slots)}
        at_first = files(folder)
        with running(logs, places) as stack:
            leaders = {program: main_process(stack, program).pid for program in PROGRAMS}
            result = asyncio.run(crowd(stack, folder, plan))
            for program in reversed(PROGRAMS):
                if (code := stack.programs[program].end(seconds=STOP_SECONDS)) != 0:
                    result.left.processes.append(f"{program} ended with {code}")
            time.sleep(1)  # helpers of a process notice its end by a closed pipe
            for program, leader in leaders.items():
                result.left.processes.extend(f"{program}: process {pid} after the end" for pid in session(leader))
        result.left.files.extend(f"{path} after the end" for path in files(folder) - at_first)
        result.left.sockets.extend(f"{path} after the end" for path in unix_sockets(folder))
    return result


def main() -> int:
    """Run from the command line; 0 when nothing is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40, help="calls")
    parser.add_argument("--killed", type=int, default=6, help="jobs that are killed")
    parser.add_argument("--slots", type=int, default=4, help="calls at once")
    parser.add_argument("--seed", type=int, default=1, help="of all choices")
    parser.add_argument("--minutes", type=float, default=LONGEST_SECONDS / 60, help="no call begins after so many")
    parser.add_argument("--logs", type=Path, help="a new folder that keeps the programs' logs")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it started ends with it
    with contextlib.ExitStack() as stack:
        logs = options.logs or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        logs.mkdir(exist_ok=options.logs is None)
        plan = Plan(options.times, options.killed, options.slots, options.seed, 60 * options.minutes)
        result = measure(plan, logs)
    for line in result.left.all():
        say(f"left: {line}")
    say(result.line())
    return 1 if result.left.all() else 0


if __name__ == "__main__":
    sys.exit(main())
