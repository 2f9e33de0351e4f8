"""Many callers of one Alex on loopback, and the hand that kills some of their jobs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import jwt
import psutil
from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, take_token
from alex_caller.presence import CallError
from alex_caller.speech import Clip, Voice
from bench.traces import main_process
from livekit import api
from stack import SECRET, Stack

# Web looks for a forgotten caller every five seconds and gives an agent three to come; the machine may be busy.
PATIENCE_SECONDS = 40.0
# A job ends within a second; one that does not is ended by the SDK within 30.
SLOTS_BACK_SECONDS = 60.0

# What callers do, and how many of twenty do it.
CALLS = {"sees": 10, "hears": 6, "listens": 2, "speaks": 2}

# The parts of a call in which its job may be killed, and how far into each.
DEATHS = {"start": 0.4, "greeting": 1.5, "talking": 2.0, "closing": 0.3}


def say(line: str) -> None:
    """Tell a person."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@dataclass
class Ledger:
    """What the agent's log says about jobs, read on as it grows: no metric tells which process has which."""

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
                kinds = [self._random.choice([*DEATHS]) for _ in range(min(deaths, missing))]
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
        kind = self._random.choices([*CALLS], [*CALLS.values()])[0] if death != "talking" else "speaks"
        lag, stays = self._random.random(), self._random.random() < 0.5
        killer = asyncio.create_task(self._kill_at_start(lag)) if death == "start" else None
        limits = Limits(agent_away=PATIENCE_SECONDS, agent=PATIENCE_SECONDS, greeting=PATIENCE_SECONDS, answer=15.0)
        try:
            invitation = await take_token(http, self.stack.url, PATIENCE_SECONDS)
            async with Call(invitation, limits=limits, microphone=kind == "speaks") as call:
                await call.agent()
                if death == "greeting":
                    await asyncio.sleep(lag * DEATHS["greeting"])
                    if await self._kill(livekit, invitation, death) and stays:
                        await self._succeeded(call)
                    return
                hit = await self._talk(call, livekit, invitation, kind, lag if death == "talking" else None)
                if hit and stays:
                    await self._succeeded(call)
            if death == "closing":
                await asyncio.sleep(lag * DEATHS["closing"])
                await self._kill(livekit, invitation, death)
        except CallError as error:
            self.trouble[error.code] += 1
            say(f"a caller who {kind}, of a job killed at {death}: {error}")
        finally:
            if killer is not None:
                await killer

    async def _talk(
        self, call: Call, livekit: api.LiveKitAPI, invitation: Invitation, kind: str, dies_at: float | None
    ) -> bool:
        """Be the caller for as long as it wants to talk; tell whether its job was killed meanwhile."""
        if kind == "hears":
            await call._until(lambda: call.recording.sounded_since(0.0), PATIENCE_SECONDS, "no_greeting", "no greeting")
        elif kind in {"listens", "speaks"}:
            await call.greeting()
        if kind == "speaks":
            asking = asyncio.create_task(call.ask(self._sentence))
            if dies_at is not None:
                await asyncio.sleep(dies_at * DEATHS["talking"])
                hit = await self._kill(livekit, invitation, "talking")
                await asyncio.gather(asking, return_exceptions=True)  # what was asked may have died with the agent
                return hit
            await asking
        return False

    async def _succeeded(self, call: Call) -> None:
        """Stay until another agent is there."""
        await call._until(
            lambda: [event.name for event in call.events].count("agent_joined") > 1,
            PATIENCE_SECONDS,
            "no_successor",
            "no other agent",
        )

    async def _kill_at_start(self, lag: float) -> None:
        """Kill the process that has or gets the next job: one that is in no room yet."""
        await asyncio.sleep(lag * DEATHS["start"])
        waiting = [process for process in self._agent.children(recursive=True) if self._is_waiting(process)]
        if waiting:
            self._end(self._random.choice(waiting).pid, "start")

    def _is_waiting(self, process: psutil.Process) -> bool:
        try:
            return (
                process.name().startswith("python")
                and process.ppid() != self._agent.pid
                and not any(line.status == psutil.CONN_ESTABLISHED for line in process.net_connections("inet"))
            )
        except psutil.NoSuchProcess:  # it ended while it was looked at
            return False

    async def _kill(self, livekit: api.LiveKitAPI, invitation: Invitation, kind: str) -> bool:
        """Kill the process of a call; tell whether it was there, and known by then."""
        room = room_of(invitation)
        self.ledger.read()
        try:
            dispatches = await livekit.agent_dispatch.list_dispatch(room)
        except api.ServerError:
            return False  # the room is closed: the call ended before
        jobs = [job.id for dispatch in dispatches for job in dispatch.state.jobs]
        known = [self.ledger.processes[job] for job in jobs if job in self.ledger.processes]
        hit = [self._end(process, kind) for process in known]  # each of them
        return any(hit)

    def _end(self, process: int, kind: str) -> bool:
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(process) == self._agent.pid:  # its number may be another's by now
                os.kill(process, signal.SIGKILL)
                self.kinds[kind] += 1
                return True
        return False

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
