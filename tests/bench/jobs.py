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
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import jwt
import psutil
from livekit import api

sys.path.insert(0, str(Path(__file__).parents[1]))

from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, take_token
from alex_caller.presence import CallError
from alex_caller.speech import Clip, Voice
from bench.traces import OURS, PROGRAMS, Left, Traces, files, gauges, main_process, session, total, unix_sockets
from stack import SECRET, Stack, running

# Web looks for a forgotten caller every five seconds and gives an agent three to come; the machine may be busy.
PATIENCE_SECONDS = 40.0
# A job ends in about a second; one that does not end is shut down by the SDK within 30.
SLOTS_BACK_SECONDS = 60.0
# LiveKit and web keep idle connections for 75 s; a room that nobody closed stays for 20.
QUIET_SECONDS = 100.0
# For the last of the warm-up to end.
REST_SECONDS = 3.0
STOP_SECONDS = 40.0
LONGEST_SECONDS = 4 * 3600.0

KINDS = ("start", "greeting", "talking", "closing")
CALLS = ("sees", "hears", "listens", "speaks")
WEIGHTS = (10, 6, 2, 2)

# How far into each part of a call a kill may come.
START_SECONDS = 0.4
GREETING_SECONDS = 1.5
TALKING_SECONDS = 2.0
CLOSING_SECONDS = 0.3


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    times: int
    killed: int
    slots: int = 4
    seed: int = 1
    seconds: float = LONGEST_SECONDS
    quiet_seconds: float = QUIET_SECONDS


@dataclass
class Ledger:
    """What the agent's log says about jobs; it is read on as it grows."""

    log: Path
    asked: set[str] = field(default_factory=set)
    processes: dict[str, int] = field(default_factory=dict)
    said_goodbye: set[str] = field(default_factory=set)
    killed: set[str] = field(default_factory=set)
    idle_killed: int = 0
    _read: int = 0

    def read(self) -> None:
        """Take in what was written since the last time."""
        with self.log.open("rb") as log:
            log.seek(self._read)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                with contextlib.suppress(ValueError):
                    self._take(json.loads(line))

    def _take(self, event: dict[str, str]) -> None:
        what, job = event["event"], event.get("job_id")
        if what.startswith("process exited with non-zero exit code"):
            self.killed |= {job} if job else set()
            self.idle_killed += not job
        elif job and what == "received job request":
            self.asked.add(job)
        elif job and "pid" in event:
            self.processes[job] = int(event["pid"])
            if what == "call_ended":
                self.said_goodbye.add(job)


def room_of(invitation: Invitation) -> str:
    """Read a room's name in the token for it."""
    return str(jwt.decode(invitation.token, options={"verify_signature": False})["video"]["room"])


class Crowd:
    """Callers, and the hand that kills their jobs."""

    def __init__(self, stack: Stack, slots: int, seed: int) -> None:
        self.stack = stack
        self.ledger = Ledger(stack.programs["agent"].log)
        self.trouble: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self._slots = slots
        self._random = random.Random(seed)
        self._sentence: Clip = Voice().say("What is your name?")
        self._agent = main_process(stack, "agent")

    async def calls(self, times: int, killed: int, seconds: float) -> int:
        """Make so many calls, and see so many jobs die; stop when the seconds are over. Returns how many there were."""
        made, until = 0, time.monotonic() + seconds
        async with aiohttp.ClientSession() as http, api.LiveKitAPI(self.stack.livekit_url, "devkey", SECRET) as livekit:
            target = len(self.ledger.killed) + killed
            while time.monotonic() < until and (times > 0 or len(self.ledger.killed) < target):
                wave = min(self._slots, max(times, 1))
                missing = target - len(self.ledger.killed)
                # A kill that came too late hit nobody, and one before a job was there hit nobody's: try again.
                deaths = sum(self._random.random() < missing / max(times, 1) for _ in range(wave))
                kinds = [self._random.choice(KINDS) for _ in range(min(deaths, missing))]
                plans = [*kinds, *[None] * (wave - len(kinds))]
                self._random.shuffle(plans)
                await asyncio.gather(*(self._call(http, livekit, plan) for plan in plans))
                await self._slots_back()
                self.ledger.read()
                times -= wave
                made += wave
                if made % (10 * self._slots) == 0:
                    say(f"{made} calls, {len(self.ledger.asked)} jobs, {len(self.ledger.killed)} killed")
        return made

    async def _call(self, http: aiohttp.ClientSession, livekit: api.LiveKitAPI, death: str | None) -> None:
        kind = self._random.choices(CALLS, WEIGHTS)[0] if death != "talking" else "speaks"
        lag, stays = self._random.random(), self._random.random() < 0.5
        killer = asyncio.create_task(self._kill_at_start(lag)) if death == "start" else None
        limits = Limits(agent_away=PATIENCE_SECONDS, agent=PATIENCE_SECONDS, greeting=PATIENCE_SECONDS, answer=15.0)
        try:
            invitation = await take_token(http, self.stack.url, PATIENCE_SECONDS)
            async with Call(invitation, limits=limits, microphone=kind == "speaks") as call:
                await call.agent()
                if death == "greeting":
                    await asyncio.sleep(lag * GREETING_SECONDS)
                    await self._kill(livekit, invitation, death)
                    await self._succeeded(call, stays=stays)
                    return
                await self._talk(call, livekit, invitation, kind, lag if death == "talking" else None)
                if death == "talking":
                    await self._succeeded(call, stays=stays)
            if death == "closing":
                await asyncio.sleep(lag * CLOSING_SECONDS)
                await self._kill(livekit, invitation, death)
        except CallError as error:
            self.trouble[error.code] += 1
            sys.stdout.write(f"a call of kind {kind}, killed {death}: {error}\n")
        finally:
            if killer is not None:
                await killer

    async def _talk(
        self, call: Call, livekit: api.LiveKitAPI, invitation: Invitation, kind: str, dies_at: float | None
    ) -> None:
        if kind == "hears":
            await call._until(lambda: call.recording.sounded_since(0.0), PATIENCE_SECONDS, "no_greeting", "no greeting")
        elif kind in {"listens", "speaks"}:
            await call.greeting()
        if kind == "speaks":
            asking = asyncio.create_task(call.ask(self._sentence))
            if dies_at is not None:
                await asyncio.sleep(dies_at * TALKING_SECONDS)
                await self._kill(livekit, invitation, "talking")
                await asyncio.gather(asking, return_exceptions=True)  # what was asked may have died with the agent
            else:
                await asking

    async def _succeeded(self, call: Call, *, stays: bool) -> None:
        """Hang up at once, or stay until another agent is there."""
        if stays:
            await call._until(
                lambda: [event.name for event in call.events].count("agent_joined") > 1,
                PATIENCE_SECONDS,
                "no_successor",
                "no other agent",
            )

    async def _kill_at_start(self, lag: float) -> None:
        """Kill the process that has or gets the next job: one that is in no room yet."""
        await asyncio.sleep(lag * START_SECONDS)
        waiting = [
            process
            for process in self._agent.children(recursive=True)
            if process.name().startswith("python")
            and process.ppid() != self._agent.pid
            and not any(line.status == psutil.CONN_ESTABLISHED for line in process.net_connections("inet"))
        ]
        if waiting:
            self._end(self._random.choice(waiting).pid, "start")

    async def _kill(self, livekit: api.LiveKitAPI, invitation: Invitation, kind: str) -> None:
        """Kill the process of a call, if it is still there."""
        room = room_of(invitation)
        self.ledger.read()
        try:
            dispatches = await livekit.agent_dispatch.list_dispatch(room)
        except api.ServerError:
            return  # the room is closed: the call ended before
        jobs = [job.id for dispatch in dispatches for job in dispatch.state.jobs]
        for process in (self.ledger.processes[job] for job in jobs if job in self.ledger.processes):
            self._end(process, kind)

    def _end(self, process: int, kind: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
            self.kinds[kind] += 1

    async def _slots_back(self) -> None:
        """Wait until the wave has given back its slots, to the agent and to web."""
        deadline = time.monotonic() + SLOTS_BACK_SECONDS
        while True:
            agent = json.loads(self.stack.ops("agent", "/capacity")[1])
            web = json.loads(self.stack.ops("web", "/api/capacity")[1])
            if (agent["active"], agent["reserved"], web["free"]) == (0, [], self._slots):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"slots are not given back: {agent} {web}")
            await asyncio.sleep(0.3)


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
    await crowd.calls(
        2 * plan.slots, 1, LONGEST_SECONDS
    )  # caches fill, pools start their threads, LiveKit opens its connections
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
    left.gauges.extend(f"{number} calls failed: {code}" for code, number in crowd.trouble.items())
    say(f"{made} calls in {seconds:.0f} s, {len(crowd.ledger.asked)} jobs with the warm-up; kills: {dict(crowd.kinds)}")
    say(f"hit: {len(crowd.ledger.killed)} jobs and {crowd.ledger.idle_killed} processes that waited for one")
    for name in PROGRAMS:
        say(f"memory of {name}: {before.memory_mb[name]:.0f} MB before, {now.memory_mb[name]:.0f} MB after")
    say(f"descriptors: { ({name: dict(kinds) for name, kinds in now.descriptors.items()}) }")
    say(f"gauges that are not zero: { ({name: value for name, value in gauges(stack).items() if value}) }")
    return Result(len(crowd.ledger.asked), len(crowd.ledger.killed), left)


def measure(plan: Plan, logs: Path) -> Result:
    """Run Alex, let it be called, stop it, and look for what is left."""
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
                process = stack.programs[program].process
                assert process is not None
                process.terminate()
                if process.wait(STOP_SECONDS) != 0:
                    result.left.processes.append(f"{program} ended with {process.returncode}")
            time.sleep(1)  # helpers of a process notice its end by a closed pipe
            for program, leader in leaders.items():
                result.left.processes.extend(f"{program}: process {pid} after the end" for pid in session(leader))
        result.left.files.extend(f"{path} after the end" for path in files(folder) - at_first)
        result.left.sockets.extend(f"{path} after the end" for path in unix_sockets(folder))
    return result


def say(line: str) -> None:
    """Tell a person."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


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
