"""How a caller gets a call: a slot, a room with its agent, a token."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator
from http import HTTPStatus

from livekit import api

from alex_web.admission import Admission
from alex_web.budget import Budget
from alex_web.crowd import Crowd
from alex_web.limits import Caller, Limits
from alex_web.livekit import LiveKit, is_caller
from alex_web.metrics import Metrics
from alex_web.names import new_identity
from alex_web.problems import Problem
from alex_web.settings import Settings
from alex_web.tokens import HangUp, TokenAnswer, TokenRequest, holder, mint, refuse_forbidden

# Problem kind → outcome of alex_web_tokens_total.
OUTCOMES = {
    "invalid-request": "invalid",
    "not-json": "invalid",
    "not-yours-to-choose": "forbidden",
    "foreign-origin": "forbidden",
    "full": "full",
    "no-agents": "no_agents",
    "room-full": "room_full",
    "identity-taken": "room_full",
    "too-many-starts": "limited",
    "too-many-calls": "limited",
    "closed": "closed",
    "too-many-guesses": "limited",
    "signed-out": "signed_out",
    "captcha": "forbidden",
    "livekit-unreachable": "livekit",
    "livekit-refuses-key": "livekit",
    "livekit-error": "livekit",
    "agents-refuse-key": "failed",
}


class Calls:
    """Begins and ends calls."""

    def __init__(
        self,
        settings: Settings,
        admission: Admission,
        crowd: Crowd,
        limits: Limits,
        budget: Budget,
        livekit: LiveKit,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._crowd = crowd
        self._limits = limits
        self._budget = budget
        self._livekit = livekit
        self._metrics = metrics
        # Two callers who ask for the same new room at once must not bring two agents.
        self._doors: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def invite(self, request: TokenRequest, caller: Caller) -> TokenAnswer:
        """Make a call for a caller, or let it join the room it may name.

        Raises:
            Problem: 403 for what callers may not choose, 409 for a full room or a taken identity, 429 with
                `Retry-After` for more calls than there may be from one place, 503 with it when no slot is free or the
                day's budget is spent, 503 without when LiveKit cannot be used.

        """
        refuse_forbidden(request, self._settings.caller_may)
        self._budget.refuse_spent()
        await self._limits.refuse_eager(caller)
        identity = request.participant_identity or new_identity()
        if request.room_name:
            door = self._doors.setdefault(request.room_name, asyncio.Lock())
            async with door:
                await self._open(request.room_name, identity, caller)
            room = request.room_name
        else:
            room = self._crowd.room(caller.address)
            await self._create(room, caller)
        answer = mint(self._settings, request, room, identity)
        self._metrics.token("issued")
        return answer

    async def hang_up(self, request: HangUp) -> None:
        """Send the holder of a token home, if it is still there.

        Raises:
            Problem: 401 for a token that is not ours, 503 when LiveKit cannot be used.

        """
        room, identity = holder(self._settings, request.participant_token)
        await self._livekit.put_out(room, identity)

    async def _open(self, name: str, identity: str, caller: Caller) -> None:
        room = await self._livekit.room(name)
        if room is None:
            await self._create(name, caller)
            self._crowd.name(name, caller.address)
            return
        await self._refuse_crowd(room, identity)
        if await self._livekit.has_agent(name):
            await self._limits.count_start(caller)
            return
        async with self._promised(name, caller):
            await self._livekit.dispatch(name)
        self._crowd.name(name, caller.address)

    async def _create(self, name: str, caller: Caller) -> None:
        async with self._promised(name, caller):
            await self._livekit.create_room(name, max_participants=self._settings.max_participants, agent=True)

    @contextlib.asynccontextmanager
    async def _promised(self, name: str, caller: Caller) -> AsyncIterator[None]:
        self._crowd.refuse_more(caller.address)
        pod = await self._admission.reserve(name)
        try:
            # Once more: with the promise came what the pod promised to others meanwhile.
            self._crowd.refuse_more(caller.address, name)
            await self._limits.count_start(caller)
            yield
        except Problem:
            await self._admission.release(pod, name)
            raise
        # A caller who hangs up meanwhile (cancellation) keeps the slot until the promise runs out: the agent may be
        # on its way.

    async def _refuse_crowd(self, room: api.Room, identity: str) -> None:
        callers = [who.identity for who in await self._livekit.participants(room.name) if is_caller(who)]
        if identity in callers:
            raise Problem(
                HTTPStatus.CONFLICT,
                "identity-taken",
                "Somebody in the room has this identity",
                "LiveKit would send the other one home. Choose another participant_identity or leave it out.",
            )
        # LiveKit holds the limit too; being told here is kinder than being refused there.
        if room.max_participants and len(callers) >= room.max_participants:
            raise Problem(
                HTTPStatus.CONFLICT,
                "room-full",
                "The room is full",
                f"At most {room.max_participants} callers can be in this room at once.",
            )
