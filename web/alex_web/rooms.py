"""The room API, for operators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

from livekit import api
from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Response, request
from quart_schema import document_request, document_response, security_scheme, tag

from alex_web import guard
from alex_web.livekit import not_found
from alex_web.names import NAME_RULE, Metadata, RoomName, is_name, new_room
from alex_web.problems import Problem, ProblemBody, invalid
from alex_web.service import Service

# LiveKit's own default: a room that was made by hand may wait for its first caller for a while.
DEFAULT_EMPTY_SECONDS = 300
LONGEST_EMPTY_SECONDS = 86_400
MOST_PARTICIPANTS = 100

# By number: a later LiveKit may send one that we have no name for.
KINDS = {number: name.lower() for name, number in api.ParticipantInfo.Kind.items()}
STATES = {number: name.lower() for name, number in api.ParticipantInfo.State.items()}


class NewRoom(BaseModel):
    """A room to create. Its agent comes with the first token for it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: RoomName | None = Field(None, description="a name that cannot be guessed, if left out")
    max_participants: int | None = Field(
        None, ge=1, le=MOST_PARTICIPANTS, description="callers at once; the chart value web.maxParticipants if left out"
    )
    empty_timeout_seconds: int = Field(
        DEFAULT_EMPTY_SECONDS, ge=1, le=LONGEST_EMPTY_SECONDS, description="closes after this long without a caller"
    )
    metadata: Metadata = ""


class Room(BaseModel):
    """A room as LiveKit knows it."""

    name: str
    max_participants: int = Field(description="callers at once; 0 is no limit")
    participants: int = Field(description="callers, without agents; up to five seconds old")
    created_at: datetime
    metadata: str


class Rooms(BaseModel):
    """All rooms."""

    rooms: list[Room]


class Participant(BaseModel):
    """Somebody in a room."""

    identity: str
    name: str
    kind: str = Field(description="standard for callers, agent for Alex")
    state: str
    joined_at: datetime


class Participants(BaseModel):
    """Everybody in a room."""

    participants: list[Participant]


V = TypeVar("V", bound=Callable[..., Any])


def _operators(view: V) -> V:
    """Document what all routes share."""
    view = security_scheme([{"admin": []}])(tag(["rooms"])(view))
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ):
        view = document_response(ProblemBody, status)(view)
    return view


def blueprint(service: Service) -> Blueprint:  # noqa: C901 - one closure per route, none of them branches
    """Make the routes; without an admin key they all answer 404."""
    routes = Blueprint("rooms", __name__, url_prefix="/api/rooms")
    livekit = service.livekit

    @routes.before_request
    async def _operators_only() -> None:
        key = service.settings.secret("admin_key")
        address = guard.address(service.settings.trusted_proxies)
        if key:
            await service.limits.refuse_guesser(address)
        try:
            guard.require_admin(key)
        except Problem as problem:
            if problem.status == HTTPStatus.UNAUTHORIZED and "Authorization" in request.headers:
                await service.limits.count_guess(address)
            raise

    @routes.get("")
    @document_response(Rooms)
    @_operators
    async def list_rooms() -> Response:
        """List all rooms."""
        return _json(Rooms(rooms=[_room(room) for room in await livekit.rooms()]))

    @routes.post("")
    @document_request(NewRoom)
    @document_response(Room, 201)
    @document_response(ProblemBody, 408)
    @document_response(ProblemBody, 409)
    @document_response(ProblemBody, 413)
    @document_response(ProblemBody, 415)
    @_operators
    async def create_room() -> Response:
        """Create a room that waits for its first caller."""
        wanted = await guard.read_json(NewRoom)
        if wanted.name and await livekit.room(wanted.name) is not None:
            raise Problem(
                HTTPStatus.CONFLICT, "room-exists", "The room exists", "Choose another name or delete it first."
            )
        room = await livekit.create_room(
            wanted.name or new_room(),
            max_participants=wanted.max_participants or service.settings.max_participants,
            agent=False,
            empty_seconds=wanted.empty_timeout_seconds,
            metadata=wanted.metadata,
        )
        return _json(_room(room), HTTPStatus.CREATED)

    @routes.get("/<room>")
    @document_response(Room)
    @_operators
    async def get_room(room: str) -> Response:
        """Show a room."""
        found = await livekit.room(_checked(room))
        if found is None:
            raise not_found()
        return _json(_room(found))

    @routes.delete("/<room>")
    @_operators
    async def delete_room(room: str) -> Response:
        """Close a room and send everybody in it home."""
        await livekit.delete_room(_checked(room))
        return Response(b"", HTTPStatus.NO_CONTENT)

    @routes.get("/<room>/participants")
    @document_response(Participants)
    @_operators
    async def list_participants(room: str) -> Response:
        """List who is in a room, agents too."""
        if await livekit.room(_checked(room)) is None:
            raise not_found()
        return _json(Participants(participants=[_participant(who) for who in await livekit.participants(room)]))

    @routes.delete("/<room>/participants/<identity>")
    @_operators
    async def remove_participant(room: str, identity: str) -> Response:
        """Send one participant home."""
        await livekit.remove_participant(_checked(room), _checked(identity))
        return Response(b"", HTTPStatus.NO_CONTENT)

    return routes


def _checked(name: str) -> str:
    # What no room can be called, no room is called: LiveKit need not be asked about 10 kB of it.
    if not is_name(name):
        raise invalid(f"the name in the address {NAME_RULE}")
    return name


def _json(body: BaseModel, status: int = HTTPStatus.OK) -> Response:
    return Response(body.model_dump_json(), status, content_type="application/json")


def _room(room: api.Room) -> Room:
    return Room(
        name=room.name,
        max_participants=room.max_participants,
        participants=room.num_participants,
        created_at=datetime.fromtimestamp(room.creation_time, UTC),
        metadata=room.metadata,
    )


def _participant(who: api.ParticipantInfo) -> Participant:
    return Participant(
        identity=who.identity,
        name=who.name,
        kind=KINDS.get(who.kind, "other"),
        state=STATES.get(who.state, "other"),
        joined_at=datetime.fromtimestamp(who.joined_at, UTC),
    )
