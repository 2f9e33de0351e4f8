"""LiveKit's room API, with its failures as problems."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import structlog
from livekit import api

from alex_web.metrics import Metrics
from alex_web.names import AGENT_IDENTITY
from alex_web.problems import Problem
from alex_web.settings import Settings

log = structlog.get_logger("alex.web")
T = TypeVar("T")

# LiveKit answers in milliseconds, and within seconds while its Redis restarts; a browser on the other end waits 15 s.
ANSWER_SECONDS = 10.0

# Long enough for a caller to come back after a broken connection.
DEPARTURE_SECONDS = 20

# What the page listens to.
BUSY_TOPIC = "alex.busy"

# A room that cannot exist: asking for it proves address and key, and costs nothing.
PROBE_ROOM = "-"

CHECK = {
    "livekit_unreachable": "LIVEKIT_URL (chart value livekit.url), and that LiveKit runs there",
    "livekit_refuses_key": "LIVEKIT_API_KEY and LIVEKIT_API_SECRET (chart values livekit.apiKey and livekit.apiSecret)",
}


class LiveKit:
    """A client of one LiveKit server."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._api: api.LiveKitAPI | None = None
        self._reached_at: float | None = None
        self.trouble = "LiveKit has not been asked yet"

    async def close(self) -> None:
        """Close all connections."""
        if self._api is not None:
            await self._api.aclose()

    def silent_seconds(self) -> float:
        """Tell how long ago LiveKit last answered; infinite before it first did."""
        return float("inf") if self._reached_at is None else time.monotonic() - self._reached_at

    async def probe(self) -> None:
        """Ask LiveKit for something harmless, for readiness' sake; never raises."""
        try:
            await self._call(self._client().room.list_rooms(api.ListRoomsRequest(names=[PROBE_ROOM])))
        except Problem:
            return

    async def create_room(
        self, name: str, *, max_participants: int, agent: bool, empty_seconds: int = 0, metadata: str = ""
    ) -> api.Room:
        """Create a room, with its agent on the way if `agent`. An existing room stays as it is, and gets no other."""
        request = api.CreateRoomRequest(
            name=name,
            empty_timeout=empty_seconds or self._settings.room_empty_seconds,
            departure_timeout=DEPARTURE_SECONDS,
            max_participants=max_participants,
            metadata=metadata,
            agents=[api.RoomAgentDispatch(agent_name=self._settings.agent_name)] if agent else [],
        )
        return await self._dispatching(self._client().room.create_room(request), counts=agent)

    async def dispatch(self, room: str) -> None:
        """Send an agent into a room that exists."""
        request = api.CreateAgentDispatchRequest(agent_name=self._settings.agent_name, room=room)
        await self._dispatching(self._client().agent_dispatch.create_dispatch(request), counts=True)

    async def has_agent(self, room: str) -> bool:
        """Tell whether our agent was ever sent into the room."""
        dispatches = await self._call(self._client().agent_dispatch.list_dispatch(room))
        return any(dispatch.agent_name == self._settings.agent_name for dispatch in dispatches)

    async def room(self, name: str) -> api.Room | None:
        """Find a room by its exact name."""
        answer = await self._call(self._client().room.list_rooms(api.ListRoomsRequest(names=[name])))
        return next(iter(answer.rooms), None)

    async def rooms(self) -> list[api.Room]:
        """List all rooms."""
        answer = await self._call(self._client().room.list_rooms(api.ListRoomsRequest()))
        return list(answer.rooms)

    async def delete_room(self, name: str) -> None:
        """Close a room and send everybody home; a problem 404 if there is none."""
        await self._call(self._client().room.delete_room(api.DeleteRoomRequest(room=name)))

    async def participants(self, room: str) -> list[api.ParticipantInfo]:
        """List who is in a room, agents too."""
        answer = await self._call(self._client().room.list_participants(api.ListParticipantsRequest(room=room)))
        return list(answer.participants)

    async def say_busy(self, room: str) -> None:
        """Tell the callers in a room, as their page understands it, that no agent is coming."""
        request = api.SendDataRequest(room=room, kind=api.DataPacket.Kind.RELIABLE, topic=BUSY_TOPIC)
        await self._call(self._client().room.send_data(request))

    async def remove_participant(self, room: str, identity: str) -> None:
        """Send one participant home; a problem 404 if it is not there."""
        request = api.RoomParticipantIdentity(room=room, identity=identity)
        await self._call(self._client().room.remove_participant(request))

    async def put_out(self, room: str, identity: str) -> None:
        """Send one participant home, if it is still there."""
        try:
            await self.remove_participant(room, identity)
        except Problem as problem:
            if problem.status != HTTPStatus.NOT_FOUND:
                raise

    def _client(self) -> api.LiveKitAPI:
        if self._api is None:
            self._api = api.LiveKitAPI(
                self._settings.livekit_url,
                self._settings.secret("livekit_api_key"),
                self._settings.secret("livekit_api_secret"),
            )
        return self._api

    async def _dispatching(self, answer: Awaitable[T], *, counts: bool) -> T:
        try:
            result = await self._call(answer)
        except Problem:
            if counts:
                self._metrics.dispatched("failed")
            raise
        if counts:
            self._metrics.dispatched("sent")
        return result

    async def _call(self, answer: Awaitable[T]) -> T:
        try:
            # The SDK hands `timeout=None` to each request, which switches the session's own timeout off.
            async with asyncio.timeout(ANSWER_SECONDS):
                result = await answer
        except api.ServerError as error:
            if error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                # It answers, but not us: no call can be made until somebody changes the key.
                raise self._down("refuses our key", "livekit_refuses_key", error.code) from None
            self._reached()
            if error.code == api.ServerErrorCode.NOT_FOUND:
                raise not_found() from None
            log.error("livekit_error", code=error.code, status=error.status)
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "livekit-error",
                "The media server could not do this",
                "LiveKit answered with an error. The log of alex-web has an event livekit_error with its code.",
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise self._down("cannot be reached", "livekit_unreachable", type(error).__name__) from None
        self._reached()
        return result

    def _reached(self) -> None:
        if self.trouble:
            log.info("livekit_reached")
        self.trouble = ""
        self._reached_at = time.monotonic()
        self._metrics.livekit.set(1)

    def _down(self, what: str, event: str, error: str) -> Problem:
        self.trouble = f"LiveKit {what} ({error})"
        self._metrics.livekit.set(0)
        log.error(event, error=error, check=CHECK[event])
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            event.replace("_", "-"),
            "The media server cannot be used",
            f"LiveKit {what}. The log of alex-web has an event {event} that says what to check.",
        )


def not_found() -> Problem:
    """Make the problem of a room or participant that is not there."""
    return Problem(
        HTTPStatus.NOT_FOUND, "not-in-livekit", "There is no such room or participant", "LiveKit does not know it."
    )


def is_caller(participant: api.ParticipantInfo) -> bool:
    """Tell callers from agents and other machinery, as LiveKit does when it holds a room's limit."""
    return (
        participant.kind in {api.ParticipantInfo.Kind.STANDARD, api.ParticipantInfo.Kind.SIP}
        and participant.identity != AGENT_IDENTITY
    )
