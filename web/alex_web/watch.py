"""Sees to it that no caller is left alone: where there is a caller and no agent, another agent is sent.

LiveKit sends an agent once. If none is free at that moment nobody ever comes, and if one dies LiveKit needs 13 to 21 s
to notice and sends no other. Here a dead job is known within half a second (its pod says so), a dead pod within two;
one that is only slow is left alone for longer.
"""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus

import structlog
from livekit import api

from alex_web.admission import Admission
from alex_web.livekit import LiveKit, is_caller
from alex_web.metrics import Metrics
from alex_web.names import AGENT_IDENTITY, is_call_room
from alex_web.pods import Pods
from alex_web.problems import Problem

log = structlog.get_logger("alex.web")

# Seconds before each try. A slot may become free, a pod may start: a quarter of a minute in all; the page waits 30 s.
# The first come at once, because LiveKit may have chosen a pod that stands still.
PAUSES = (0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
# As long as the right to send an agent is ours. If we stop, another replica goes on after it.
LEASE_SECONDS = 10.0
# A job is accepted within half a second. LiveKit may have offered it to a pod that stands still, and waits ten seconds
# for that one; asked again, it may choose another.
ARRIVAL_SECONDS = 1.5
# A room gets its agent within a second; one that is still alone after this was forgotten.
GRACE_SECONDS = 3.0
# Between looks at all rooms, which find what no pod and no webhook told. LiveKit is asked one question for each.
PATROL_SECONDS = 5.0
STEP_SECONDS = 0.1
# The agent counts from its first word, and says goodbye: by then it has long hung up.
OVERTIME_SECONDS = 60.0
# Between the last word to the caller and the end of the room: for the word to arrive.
FAREWELL_SECONDS = 1.0


class Watch:
    """Sends agents into rooms that have lost theirs. One try at a time for each room, one replica at a time."""

    def __init__(
        self, pods: Pods, admission: Admission, livekit: LiveKit, metrics: Metrics, max_call_seconds: float
    ) -> None:
        self._longest_seconds = max_call_seconds + OVERTIME_SECONDS
        self._pods = pods
        self._admission = admission
        self._livekit = livekit
        self._metrics = metrics
        self._mending: dict[str, asyncio.Task[None]] = {}
        self._alone_since: dict[str, float] = {}

    def look(self) -> None:
        """Take up what the pods have lost since the last look."""
        for room in self._pods.take_lost():
            self._mend(room, lost=True)

    async def patrol(self) -> None:
        """Look at every room for one that has a caller and no agent."""
        try:
            rooms = await self._livekit.rooms()
        except Problem:
            return  # it is logged, and without LiveKit there is nothing to send anybody into
        for found in rooms:
            await self._end_overdue(found)
        served = self._pods.rooms() | self._pods.promised()
        alone = {room.name for room in rooms if room.num_participants and room.name not in served}
        now = time.monotonic()
        self._alone_since = {room: self._alone_since.get(room, now) for room in alone}
        for room, since in self._alone_since.items():
            if now - since >= GRACE_SECONDS and await self._is_ours(room):
                self._mend(room, lost=False)

    def caller_joined(self, room: str) -> None:
        """Note that a caller came: an agent should be there soon."""
        self._alone_since.setdefault(room, time.monotonic())

    def agent_left(self, room: str) -> None:
        """Note that LiveKit saw an agent leave; if the room stays open, its caller is alone."""
        if room not in self._pods.rooms():
            self._mend(room, lost=False)

    async def close(self) -> None:
        """Stop everything that is under way."""
        tasks = list(self._mending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _mend(self, room: str, *, lost: bool) -> None:
        if room not in self._mending:
            task = self._mending[room] = asyncio.create_task(self._until_mended(room, lost=lost))
            task.add_done_callback(lambda ended: self._mended(room, ended))

    def _mended(self, room: str, task: asyncio.Task[None]) -> None:
        self._mending.pop(room, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("takeover_failed", error=type(error).__name__)

    async def _until_mended(self, room: str, *, lost: bool) -> None:
        began = time.monotonic()
        ours_until = began
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                if not await self._is_alone(room, lost=lost):
                    return
                if time.monotonic() >= ours_until:
                    if not await self._admission.lease(room, LEASE_SECONDS):
                        continue  # no slot, or another replica is at it
                    ours_until = time.monotonic() + LEASE_SECONDS
                if lost:
                    # One that was only slow finds itself outside.
                    await self._livekit.put_out(room, AGENT_IDENTITY)
                    lost = False  # whoever is in the room from now on is a successor
                await self._livekit.dispatch(room)
            except Problem:
                continue  # logged where it happened
            if await self._arrived(room):
                self._metrics.mended(time.monotonic() - began)
                log.info("agent_sent_again", seconds=round(time.monotonic() - began, 2))
                return
        await self._give_up(room)

    async def _is_alone(self, room: str, *, lost: bool) -> bool:
        """Tell whether there is a caller without an agent; the one of a lost call may still seem to be there."""
        if room in self._pods.rooms():
            return False
        try:
            there = await self._livekit.participants(room)
        except Problem as problem:
            if problem.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        agent = any(who.identity == AGENT_IDENTITY for who in there)
        return any(is_caller(who) for who in there) and (lost or not agent)

    async def _arrived(self, room: str) -> bool:
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while time.monotonic() < deadline:
            if room in self._pods.rooms():
                return True
            await asyncio.sleep(STEP_SECONDS)
        return False

    async def _give_up(self, room: str) -> None:
        """Tell the caller that nobody will come, and close the room."""
        log.error("no_agent_for_caller", hint="all agent pods are full, or none runs: see /api/capacity")
        self._metrics.dispatched("given_up")
        try:
            if await self._is_alone(room, lost=False):
                await self._livekit.say_busy(room)
                await asyncio.sleep(FAREWELL_SECONDS)
                await self._livekit.delete_room(room)
        except Problem:
            return  # the room is gone, or LiveKit is; either is logged

    async def _end_overdue(self, room: api.Room) -> None:
        """Close the room of a call that has lasted longer than any may, should its agent not have done so."""
        latest = time.time() - self._longest_seconds
        # A room may have waited for its first caller; one that is too young as a room is too young as a call.
        if not room.num_participants or room.creation_time > latest or not await self._is_ours(room.name):
            return
        try:
            there = await self._livekit.participants(room.name)
            if min((who.joined_at for who in there), default=latest + 1) <= latest or is_call_room(room.name):
                log.warning("call_overdue", hint="its agent should have ended it; web closed the room")
                self._metrics.overdue()
                await self._livekit.delete_room(room.name)
        except Problem:
            return  # the room is gone, or LiveKit is; either is logged

    async def _is_ours(self, room: str) -> bool:
        """Tell whether an agent of ours was ever sent here: others may use the same LiveKit."""
        try:
            return await self._livekit.has_agent(room)
        except Problem:
            return False
