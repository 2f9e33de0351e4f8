"""The room API against a real LiveKit, for operators only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from livekit import api, rtc
from livekit_server import LiveKitServer
from web.conftest import ADMIN_KEY
from web.front_door import Answer, FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]
ROUTES = [
    ("GET", "/api/rooms"),
    ("POST", "/api/rooms"),
    ("GET", "/api/rooms/r"),
    ("DELETE", "/api/rooms/r"),
    ("GET", "/api/rooms/r/participants"),
    ("DELETE", "/api/rooms/r/participants/p"),
]


class Operator:
    """Somebody with the admin key."""

    def __init__(self, door: FrontDoor) -> None:
        self.door = door

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request with the key."""
        request = {} if body is None else {"json": body}
        return await self.door.ask(method, path, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, **request)


@pytest.fixture
async def operator(open_door: Open) -> Operator:
    """Give an operator of a service that lets callers name rooms."""
    return Operator(await open_door(ALEX_ADMIN_KEY=ADMIN_KEY, ALEX_CALLER_MAY="room"))


@pytest.fixture
def name() -> str:
    """Give a room name that no other test uses."""
    return f"room-{time.monotonic_ns()}"


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_no_key_no_room_api(door: FrontDoor, method: str, path: str) -> None:
    """Without a configured key the room API is not there, whatever key is sent."""
    answer = await door.ask(method, path, headers={"Authorization": "Bearer "})

    assert (answer.status, answer.kind) == (404, "no-room-api")


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", f"Basic {ADMIN_KEY}", ADMIN_KEY, f"Bearer {ADMIN_KEY}x", "Bearer \xff\xe9"],
)
async def test_wrong_key_opens_nothing(open_door: Open, method: str, path: str, authorization: str | None) -> None:
    """Without the right key every route answers 401 and how to present one."""
    door = await open_door(ALEX_ADMIN_KEY=ADMIN_KEY)
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await door.ask(method, path, headers=headers)

    assert (answer.status, answer.kind) == (401, "admin-key")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_room_lives_and_ends(operator: Operator, livekit: LiveKitServer, name: str) -> None:
    """A room is created without an agent, shown, listed and deleted, in LiveKit too."""
    created = await operator.ask("POST", "/api/rooms", {"name": name, "max_participants": 3, "metadata": "m"})
    shown = await operator.ask("GET", f"/api/rooms/{name}")
    listed = await operator.ask("GET", "/api/rooms")
    async with livekit.api() as admin:
        (room,) = (await admin.room.list_rooms(api.ListRoomsRequest(names=[name]))).rooms
        dispatches = await admin.agent_dispatch.list_dispatch(name)
    deleted = await operator.ask("DELETE", f"/api/rooms/{name}")
    gone = await operator.ask("GET", f"/api/rooms/{name}")

    assert created.status == 201
    assert created.json == shown.json
    assert (shown.json["max_participants"], shown.json["participants"], shown.json["metadata"]) == (3, 0, "m")
    assert room.empty_timeout == 300
    assert "alex" not in [dispatch.agent_name for dispatch in dispatches]
    assert name in [one["name"] for one in listed.json["rooms"]]
    assert (deleted.status, gone.status) == (204, 404)


async def test_first_token_brings_the_agent(operator: Operator, livekit: LiveKitServer, name: str) -> None:
    """A room made by hand gets its agent with the first token, and only one with all of them."""
    await operator.ask("POST", "/api/rooms", {"name": name, "max_participants": 3})
    answers = [await operator.door.token({"room_name": name}) for _ in range(3)]
    async with livekit.api() as admin:
        dispatches = await admin.agent_dispatch.list_dispatch(name)

    assert [answer.status for answer in answers] == [201] * 3
    assert [dispatch.agent_name for dispatch in dispatches].count("alex") == 1


async def test_limit_of_a_room_holds_in_livekit(operator: Operator, livekit: LiveKitServer, name: str) -> None:
    """The limit that an operator gave is LiveKit's own: even a token made elsewhere does not get past it."""
    await operator.ask("POST", "/api/rooms", {"name": name, "max_participants": 2})
    inside = [rtc.Room(), rtc.Room()]
    for number, room in enumerate(inside):
        await room.connect(livekit.url, livekit.token(name, f"caller-{number}"))
    try:
        with pytest.raises(rtc.ConnectError):
            await rtc.Room().connect(livekit.url, livekit.token(name, "one-too-many"))
        agent = rtc.Room()
        await agent.connect(livekit.url, livekit.token(name, "alex", kind="agent"))
        listed = await operator.ask("GET", f"/api/rooms/{name}/participants")
        async with asyncio.timeout(10):  # LiveKit brings the number up to date every few seconds
            while (shown := await operator.ask("GET", f"/api/rooms/{name}")).json["participants"] < 2:
                await asyncio.sleep(0.2)
        await agent.disconnect()
    finally:
        for room in inside:
            await room.disconnect()

    assert sorted((who["identity"], who["kind"]) for who in listed.json["participants"]) == [
        ("alex", "agent"),
        ("caller-0", "standard"),
        ("caller-1", "standard"),
    ]
    assert shown.json["participants"] == 2


async def test_participant_is_sent_home(operator: Operator, livekit: LiveKitServer, name: str) -> None:
    """An operator removes one participant, once."""
    await operator.ask("POST", "/api/rooms", {"name": name})
    room = rtc.Room()
    await room.connect(livekit.url, livekit.token(name, "caller-1"))
    removed = await operator.ask("DELETE", f"/api/rooms/{name}/participants/caller-1")
    again = await operator.ask("DELETE", f"/api/rooms/{name}/participants/caller-1")
    listed = await operator.ask("GET", f"/api/rooms/{name}/participants")
    await room.disconnect()

    assert (removed.status, again.status) == (204, 404)
    assert listed.json["participants"] == []


async def test_room_gets_a_name(operator: Operator) -> None:
    """A room without a name gets one that cannot be guessed, and the usual limit."""
    created = await operator.ask("POST", "/api/rooms")

    assert created.status == 201
    assert len(created.json["name"].removeprefix("call-")) == 24
    assert created.json["max_participants"] == 1
    await operator.ask("DELETE", f"/api/rooms/{created.json['name']}")


async def test_existing_room_is_not_made_again(operator: Operator, name: str) -> None:
    """Creating a room that exists is refused: its settings would not change."""
    await operator.ask("POST", "/api/rooms", {"name": name})
    again = await operator.ask("POST", "/api/rooms", {"name": name, "max_participants": 5})

    assert (again.status, again.kind) == (409, "room-exists")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"max_participants": 0}, "max_participants: Input should be greater than or equal to 1"),
        ({"max_participants": 101}, "max_participants: Input should be less than or equal to 100"),
        ({"max_participants": "3"}, "max_participants: Input should be a valid integer"),
        ({"max_participants": 1.5}, "max_participants"),
        ({"empty_timeout_seconds": 0}, "empty_timeout_seconds"),
        ({"name": "x" * 10_000}, "name: must be 1 to 128"),
        ({"metadata": "x" * 3000}, "metadata"),
        ({"agents": []}, "agents: Extra inputs"),
    ],
)
async def test_unacceptable_room_is_named(operator: Operator, body: object, says: str) -> None:
    """Limits and names out of range are refused with the field and the rule."""
    answer = await operator.ask("POST", "/api/rooms", body)

    assert answer.status == 400
    assert says in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/rooms/{}"),
        ("DELETE", "/api/rooms/{}"),
        ("GET", "/api/rooms/{}/participants"),
        ("DELETE", "/api/rooms/{}/participants/p"),
        ("DELETE", "/api/rooms/r/participants/{}"),
    ],
)
@pytest.mark.parametrize("bad", ["x" * 10_000, "a%20b", "%2e%2e", "a%00", "r%C3%B6om", "a%0a"])
async def test_impossible_name_in_address_is_refused(operator: Operator, method: str, path: str, bad: str) -> None:
    """What no room and no participant can be called is refused before LiveKit hears of it."""
    assert (await operator.ask(method, path.format(bad))).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/rooms/nobody"),
        ("DELETE", "/api/rooms/nobody"),
        ("GET", "/api/rooms/nobody/participants"),
        ("DELETE", "/api/rooms/nobody/participants/p"),
    ],
)
async def test_unknown_room_is_not_found(operator: Operator, method: str, path: str) -> None:
    """What LiveKit does not know is 404, for reading and for deleting."""
    assert (await operator.ask(method, path)).status == 404


async def test_unreachable_livekit_is_a_problem(open_door: Open) -> None:
    """When LiveKit is down, operators hear the same as callers."""
    operator = Operator(await open_door(ALEX_ADMIN_KEY=ADMIN_KEY, LIVEKIT_URL="ws://127.0.0.1:1"))
    answer = await operator.ask("GET", "/api/rooms")

    assert (answer.status, answer.kind) == (503, "livekit-unreachable")
