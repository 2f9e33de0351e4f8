"""Requests that nobody would think of: none is a fault of ours, and each refusal is a problem in plain words."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from abuse.door import ADMIN_KEY
from abuse.test_requests import minimal
from web.agent_pod import AgentPod
from web.front_door import SECRET, FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]

SEED = 20_261_124
REQUESTS = 10_000
# What the day may take is another test's.
NO_BUDGET = {"ALEX_CALLS_PER_DAY": 0, "ALEX_MINUTES_PER_DAY": 0}
FIELDS = [
    "room_name",
    "participant_identity",
    "participant_name",
    "participant_metadata",
    "participant_attributes",
    "room_config",
    "roomName",
    "video",
    "__proto__",
    "",
]
SCRAPS = [
    "alex",
    "x",
    "../",
    "\x00",
    "\u202e",
    "\u200b",
    "👩‍🚀",
    "é",
    "e\u0301",
    "%00",
    '"',
    "\\",
    "\n",
    " ",
    "<b>",
    "lk.",
    "\ufeff",
    "\U0010ffff",
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"]
HEADERS = {
    "Origin": ["null", "http://localhost", "https://evil.example", "", "x" * 500, "http://["],
    "Sec-Fetch-Site": ["same-origin", "cross-site", "none", "no"],
    "X-Forwarded-For": ["198.51.100.1", ", ,", "::1", "x" * 300],
    "Authorization": ["Bearer", "Bearer x", "Basic eDp4", "eyJhbGciOiJub25lIn0.e30.", "\u00e9"],
    "Cookie": ["alex_session=x", "alex_session=" + "a" * 22, ";;=", "=\x01"],
    "X-HTTP-Method-Override": ["DELETE"],
    "Accept": ["text/html", "*"],
    "Accept-Encoding": ["gzip;q=x", "gzip"],
    "Range": ["bytes=0-1"],
    "If-None-Match": ["*", "x"],
    "X-Captcha-Token": ["x"],
}
BODIES = [
    b"",
    b" ",
    b"null",
    b"0",
    b"[]",
    b'"a"',
    b"{",
    b"\xff",
    b"\x00",
    b'{"room_name":"\\ud800"}',
    b'{"room_name":"a","room_name":"b"}',
    b'{"room_config":' + b"[" * 8000 + b"]" * 8000 + b"}",
    b'{"participant_metadata":1e999}',
    b'{"participant_name":NaN}',
    b"{" * 8000,
    b"9" * 16_000,
    b"9" * 17_000,
]
TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "APPLICATION/JSON",
    "text/json",
    "application/json,x",
    "",
]


def anything(dice: random.Random, depth: int = 0) -> Any:
    """Make up a JSON value."""
    kind = dice.randrange(9 if depth < 3 else 6)
    if kind < 4:
        return "".join(dice.choices(SCRAPS, k=dice.choice([0, 1, 2, 5, 130])))
    if kind == 4:
        return dice.choice([None, True, False])
    if kind == 5:
        return dice.choice([0, -1, 1.5, 2**63, 2**2000, 1e308])
    if kind == 6:
        return [anything(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {dice.choice(FIELDS + SCRAPS): anything(dice, depth + 1) for _ in range(dice.randrange(5))}


def token_request(dice: random.Random) -> tuple[bytes, str]:
    """Make up a body for a token and the type it says it has."""
    if dice.random() < 0.15:
        body = dice.choice(BODIES)
    else:
        fields = dice.sample(FIELDS, dice.choice([0, 1, 1, 1, 2, 3]))
        body = json.dumps({field: anything(dice) for field in fields}).encode("utf-8", "surrogatepass")
    return body, "application/json" if dice.random() < 0.9 else dice.choice(TYPES)


def headers(dice: random.Random) -> dict[str, str]:
    """Make up what a client says about itself."""
    chosen = dice.sample(sorted(HEADERS), dice.choice([0, 0, 1, 2, 3]))
    return {name: dice.choice(HEADERS[name]) for name in chosen}


def path(dice: random.Random) -> str:
    """Make up an address, most of them near to real ones."""
    words = [
        "api",
        "token",
        "hangup",
        "livekit",
        "rooms",
        "participants",
        "static",
        "openapi.json",
        "..",
        "%00",
        "\u202e",
        "x" * 300,
    ]
    return "/" + "/".join(dice.choice(words) for _ in range(dice.choice([1, 2, 2, 3, 4, 5])))


async def test_with_every_line_taken_nobody_gets_in(open_door: Open, pod: AgentPod) -> None:
    """Two thousand random requests, with every line taken, get 4xx or "full"."""
    dice = random.Random(SEED)
    pod.slots = 0
    door = await open_door(ALEX_CALLER_MAY="name,identity,room,metadata,attributes")
    client = door.app.test_client()
    seen: set[tuple[int, str]] = set()
    for _ in range(2_000):
        body, kind = token_request(dice)
        response = await client.post("/api/token", data=body, headers={"Content-Type": kind})
        problem = json.loads(await response.get_data(as_text=True))
        seen.add((response.status_code, problem["type"].rpartition(":")[2]))

    assert seen == {
        (400, "invalid-request"),
        (403, "not-yours-to-choose"),
        (413, "blank"),
        (415, "not-json"),
        (503, "full"),
    }


async def test_random_requests_get_no_fault_and_no_grant(open_door: Open, pod: AgentPod) -> None:
    """Of ten thousand random requests none is a fault of ours, and no token grants more than a call needs."""
    dice = random.Random(SEED)
    pod.slots = 10 * REQUESTS
    door = await open_door(
        ALEX_CALLER_MAY="name,identity,room,metadata,attributes", ALEX_ADMIN_KEY=ADMIN_KEY, **NO_BUDGET
    )
    client = door.app.test_client()
    seen: dict[tuple[str, int], int] = {}
    for number in range(REQUESTS):
        pod.reserved.clear()  # whoever had a token is gone
        if dice.random() < 0.5:
            where, method = "/api/token", "POST"
            body, kind = token_request(dice)
        else:
            where, method = path(dice), dice.choice(METHODS)
            body, kind = dice.choice([b"", token_request(dice)[0]]), "application/json"
        response = await client.open(  # type: ignore[call-arg]  # its protocol wants every argument
            where,
            method=method,
            data=body,
            headers={"Content-Type": kind, **headers(dice)},
            scope_base={"client": (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 1)},
        )
        said = await response.get_data(as_text=False)
        seen[where if where == "/api/token" else "other", response.status_code] = number

        assert response.status_code < 500, (method, where, body, said)
        if response.status_code >= 400:
            problem = json.loads(said)
            assert problem["status"] == response.status_code
            assert len(said) < 2_000
        elif (method, where) == ("POST", "/api/token") and response.status_code == 201:
            assert minimal(jwt.decode(json.loads(said)["participant_token"], SECRET, algorithms=["HS256"]))

    assert {status for where, status in seen if where == "/api/token"} >= {
        201,
        400,
        403,
        413,
        415,
    }  # the dice reached all
    assert {status for where, status in seen if where == "other"} >= {200, 401, 404, 405}
