"""Tokens in the wrong hands: what LiveKit itself, and web, make of them."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import jwt
import pytest
from abuse.door import Door
from livekit import api, rtc
from livekit_server import LiveKitServer
from stack import SECRET
from web.agent_pod import AgentPod
from web.front_door import Answer

Front = Callable[..., Door]


async def join(livekit: LiveKitServer, token: str) -> int:
    """Ask LiveKit whether it would let a token in, as the SDK does when a join fails."""
    url = livekit.url.replace("ws://", "http://") + "/rtc/validate"
    async with aiohttp.ClientSession() as http, http.get(url, params={"access_token": token}) as answer:
        return answer.status


def signed(claims: dict[str, Any], secret: str = SECRET) -> str:
    """Sign claims as they are."""
    return jwt.encode(claims, secret, algorithm="HS256")


def unsigned(claims: dict[str, Any]) -> str:
    """Make a token that says it needs no signature."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."


def moved(claims: dict[str, Any], seconds: int) -> dict[str, Any]:
    """Move the time of a token."""
    return {**claims, "nbf": claims["nbf"] + seconds, "exp": claims["exp"] + seconds}


async def given(front: Front) -> Answer:
    """Take a token."""
    answer = await front().start()
    assert answer.status == 201
    return answer


FORGERIES: dict[str, Callable[[dict[str, Any]], str]] = {
    "no algorithm": unsigned,
    "another secret": lambda claims: signed(claims, "another-secret-of-at-least-32-characters"),
    "more rights": lambda claims: unsigned({**claims, "video": {**claims["video"], "roomAdmin": True}}),
    "after its time": lambda claims: signed(moved(claims, -300)),
    "an hour slow": lambda claims: signed(moved(claims, -3600)),
    "an hour fast": lambda claims: signed(moved(claims, 3600)),
    "no room": lambda claims: signed({**claims, "video": {**claims["video"], "room": ""}}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_livekit_lets_no_forgery_in(front: Front, livekit: LiveKitServer, forgery: str) -> None:
    """A token that was changed, or whose time is not now, joins nothing; the one it was made of does."""
    answer = await given(front)

    assert await join(livekit, FORGERIES[forgery](answer.claims)) in {400, 401}
    assert await join(livekit, answer.token) == 200


async def test_an_ended_room_is_over(front: Front, livekit: LiveKitServer) -> None:
    """A token whose room was closed opens no other: only web makes rooms."""
    answer = await given(front)
    async with livekit.api() as admin:
        await admin.room.delete_room(api.DeleteRoomRequest(room=answer.claims["video"]["room"]))
    room = rtc.Room()
    with pytest.raises(rtc.ConnectError):
        await room.connect(livekit.url, answer.token)

    assert await join(livekit, answer.token) != 200


@pytest.mark.parametrize("service", ["ListRooms", "CreateRoom", "DeleteRoom", "ListParticipants", "RemoveParticipant"])
async def test_a_caller_rules_no_room(front: Front, livekit: LiveKitServer, service: str) -> None:
    """With a caller's token nobody lists, makes, closes or empties a room, neither another nor its own."""
    mine, other = [await given(front) for _ in range(2)]
    url = livekit.url.replace("ws://", "http://") + f"/twirp/livekit.RoomService/{service}"
    statuses = []
    for room in (mine.claims["video"]["room"], other.claims["video"]["room"]):
        body = {"room": room, "name": room, "identity": "alex"}
        headers = {"Authorization": f"Bearer {mine.token}"}
        async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as answer:
            statuses.append(answer.status)

    assert set(statuses) <= {401, 403}


async def test_limits_hold_in_livekit(front: Front, livekit: LiveKitServer) -> None:
    """In a room a caller can publish no picture, take no other name, and bring nobody along."""
    door = front(ALEX_CALLER_MAY="name,room")
    name = f"alone-{time.monotonic_ns()}"
    first, second = [await door.start({"room_name": name}) for _ in range(2)]
    room, crowd = rtc.Room(), rtc.Room()
    await room.connect(livekit.url, first.token)
    try:
        with pytest.raises(rtc.ConnectError):
            await crowd.connect(livekit.url, second.token)
        source = rtc.VideoSource(64, 64)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
        with pytest.raises((rtc.participant.PublishTrackError, TimeoutError)):  # noqa: PT012 - the deadline belongs to it
            async with asyncio.timeout(2):
                track = rtc.LocalVideoTrack.create_video_track("camera", source)
                await room.local_participant.publish_track(track, options)
        async with livekit.api() as admin:
            [who] = (await admin.room.list_participants(api.ListParticipantsRequest(room=name))).participants
    finally:
        await room.disconnect()

    assert not who.tracks
    assert not who.permission.can_update_metadata
    assert not who.permission.can_publish_sources or list(who.permission.can_publish_sources) == [
        api.TrackSource.MICROPHONE
    ]
    late = await door.start({"room_name": name})
    assert late.status in {201, 409}


async def test_an_identity_is_not_taken_twice(front: Front, livekit: LiveKitServer) -> None:
    """Nobody takes the place of somebody who is in the room."""
    door = front(ALEX_CALLER_MAY="identity,room", ALEX_MAX_PARTICIPANTS="3")
    body = {"room_name": f"twins-{time.monotonic_ns()}", "participant_identity": "me"}
    first = await door.start(body)
    room = rtc.Room()
    await room.connect(livekit.url, first.token)
    try:
        second = await door.start(body)
    finally:
        await room.disconnect()

    assert second.refusal == (409, "identity-taken")


@pytest.mark.parametrize("forgery", ["no algorithm", "another secret", "more rights"])
async def test_nobody_hangs_up_for_others(front: Front, agents: AgentPod, forgery: str) -> None:
    """A call is ended by its own token, not by one that says the same."""
    answer = await given(front)
    body = {"participant_token": FORGERIES[forgery](answer.claims)}
    refused = await front().ask("POST", "/api/hangup", json=body)

    assert refused.refusal == (401, "not-our-token")
