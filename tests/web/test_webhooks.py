"""Webhooks: LiveKit's own are believed, all others refused."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta

import pytest
from livekit import api
from web.front_door import SECRET, FrontDoor

EVENT = {
    "event": "participant_joined",
    "room": {"name": "r", "creationTimeMs": "1000000"},
    "participant": {"identity": "alex", "kind": "AGENT", "joinedAtMs": "1000700"},
    "id": "EV_1",
}


def sign(
    body: bytes, *, secret: str = SECRET, key: str = "devkey", seconds: int = 60, hashed: bytes | None = None
) -> str:
    """Sign a body as LiveKit does."""
    digest = base64.b64encode(hashlib.sha256(body if hashed is None else hashed).digest()).decode()
    return api.AccessToken(key, secret).with_sha256(digest).with_ttl(timedelta(seconds=seconds)).to_jwt()


async def send(door: FrontDoor, body: bytes, authorization: str | None) -> int:
    """Send an event."""
    headers = {"Content-Type": "application/webhook+json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    return (await door.ask("POST", "/api/livekit", data=body, headers=headers)).status


def value(door: FrontDoor, series: str) -> float:
    """Read one series."""
    for line in door.service.metrics.text().decode().splitlines():
        if line.startswith(f"{series} "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(series)


async def test_signed_event_is_counted(door: FrontDoor) -> None:
    """An event that LiveKit signed is counted, and tells how long the room waited for its agent."""
    body = json.dumps(EVENT).encode()
    status = await send(door, body, sign(body))

    assert status == 204
    assert value(door, 'alex_web_webhooks_total{event="participant_joined"}') == 1
    assert value(door, "alex_web_agent_join_seconds_count") == 1
    assert value(door, "alex_web_agent_join_seconds_sum") == pytest.approx(0.7)


async def test_event_of_a_later_livekit_is_counted_as_other(door: FrontDoor) -> None:
    """An unknown event makes no new series."""
    body = json.dumps({"event": "room_levitated", "news": 1}).encode()
    status = await send(door, body, sign(body))

    assert status == 204
    assert value(door, 'alex_web_webhooks_total{event="other"}') == 1


@pytest.mark.parametrize(
    "forgery",
    [
        "unsigned",
        "empty",
        "rubbish",
        "other secret",
        "other key",
        "other body",
        "expired",
        "no hash",
        "not an event",
        "bytes",
    ],
)
async def test_forged_event_is_refused(door: FrontDoor, forgery: str) -> None:
    """An event without a right and fresh signature over its very bytes is refused and counted."""
    body = {"not an event": b"[1]", "bytes": b"\xff"}.get(forgery, json.dumps(EVENT).encode())
    authorization = {
        "unsigned": None,
        "empty": "",
        "rubbish": "a.b.c",
        "other secret": sign(body, secret="x" * 32),
        "other key": sign(body, key="otherkey"),
        "other body": sign(body, hashed=b"{}"),
        "expired": sign(body, seconds=-3600),
        "no hash": api.AccessToken("devkey", SECRET).to_jwt(),
        "not an event": sign(body),
        "bytes": sign(body),
    }[forgery]

    assert await send(door, body, authorization) == 401
    assert value(door, 'alex_web_webhooks_total{event="refused"}') == 1
    assert value(door, "alex_web_agent_join_seconds_count") == 0


async def test_event_may_be_larger_than_a_request(door: FrontDoor) -> None:
    """An event with much metadata is taken, beyond the limit for callers, up to a limit of its own."""
    large, huge = (json.dumps({**EVENT, "id": "x" * size}).encode() for size in (60_000, 300_000))

    assert await send(door, large, sign(large)) == 204
    assert (await door.app.test_client().post("/api/livekit", data=huge)).status_code == 413
