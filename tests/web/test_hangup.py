"""A page that goes away ends its call with the token it was joined with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from alex_web.names import AGENT_IDENTITY
from livekit import api, rtc
from livekit_server import LiveKitServer
from web.front_door import SECRET, FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]


async def identities(livekit: LiveKitServer, room: str) -> set[str]:
    """Say who is in a room, as the server sees it."""
    async with livekit.api() as admin:
        listed = await admin.room.list_participants(api.ListParticipantsRequest(room=room))
    return {who.identity for who in listed.participants}


async def test_caller_is_sent_home(door: FrontDoor, livekit: LiveKitServer) -> None:
    """The holder of the token leaves its room at once; a second time nothing is left to do."""
    given = await door.token()
    caller = rtc.Room()
    gone = asyncio.Event()
    caller.on("disconnected", lambda _: gone.set())
    await caller.connect(livekit.url, given.json["participant_token"])
    assert await identities(livekit, given.room) == {given.claims["sub"]}

    first = await door.ask("POST", "/api/hangup", json={"participant_token": given.json["participant_token"]})
    await asyncio.wait_for(gone.wait(), 5)
    again = await door.ask("POST", "/api/hangup", json={"participant_token": given.json["participant_token"]})

    assert (first.status, again.status) == (204, 204)
    assert await identities(livekit, given.room) == set()


@pytest.mark.parametrize(("ago", "status"), [(timedelta(hours=2), 204), (timedelta(days=2), 401)])
async def test_token_is_good_for_as_long_as_a_call(door: FrontDoor, ago: timedelta, status: int) -> None:
    """A token that may no longer be used to join still ends its call, but not for ever."""
    grants = api.VideoGrants(room_join=True, room="long-ago")
    token = api.AccessToken("devkey", SECRET).with_identity("caller").with_grants(grants).with_ttl(-ago).to_jwt()
    answer = await door.ask("POST", "/api/hangup", json={"participant_token": token})

    assert answer.status == status


def other(secret: str = SECRET, key: str = "devkey", **grants: object) -> str:
    """Sign a token that is not one of ours."""
    wanted = api.VideoGrants(**{"room_join": True, "room": "r", **grants})  # type: ignore[arg-type]
    return api.AccessToken(key, secret).with_identity(AGENT_IDENTITY).with_grants(wanted).to_jwt()


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not.a.token",
        "ä",
        other(secret="another-secret-of-at-least-32-characters"),
        other(key="another"),
        other(room_join=False, room_admin=True),
    ],
)
async def test_no_token_of_ours_ends_nothing(door: FrontDoor, token: str) -> None:
    """Whatever we did not sign for a caller is refused, and the refusal does not repeat it."""
    answer = await door.ask("POST", "/api/hangup", json={"participant_token": token})

    assert (answer.status, answer.kind) == (401, "not-our-token")
    assert not token or token not in answer.body.decode()


@pytest.mark.parametrize("body", [{}, {"participant_token": 7}, {"participant_token": "x" * 13_000}, {"token": "x"}])
async def test_body_must_be_a_token(door: FrontDoor, body: object) -> None:
    """Anything else in the body is a problem in plain words."""
    answer = await door.ask("POST", "/api/hangup", json=body)

    assert (answer.status, answer.kind) == (400, "invalid-request")


async def test_foreign_pages_end_no_call(door: FrontDoor) -> None:
    """A page of another origin is refused before its token is looked at."""
    answer = await door.ask(
        "POST", "/api/hangup", json={"participant_token": "x"}, headers={"Origin": "https://evil.example"}
    )

    assert (answer.status, answer.kind) == (403, "foreign-origin")
