"""Requests that want more than they may: each is refused with the right code, by web as it runs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from abuse.door import ADMIN_KEY, Door, somewhere, status_of
from livekit import api
from stack import SECRET
from web.agent_pod import AgentPod

Front = Callable[..., Door]

EVERYTHING = {"ALEX_CALLER_MAY": "name,identity,room,metadata,attributes"}
HEAD = b"POST /api/token HTTP/1.1\r\nHost: alex\r\nContent-Type: application/json\r\n"


def minimal(claims: dict[str, Any]) -> bool:
    """Tell whether a token grants one caller in one room what a call needs, and nothing else."""
    video = dict(claims["video"])
    return bool(video.pop("room")) and video == {
        "roomJoin": True,
        "canPublish": True,
        "canPublishSources": ["microphone"],
        "canSubscribe": True,
        "canPublishData": True,
        "canUpdateOwnMetadata": False,
    }


# Pages of others


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=["foreign", "null", "lying", "prefix", "cross-site", "same-site"],
)
@pytest.mark.parametrize("path", ["/api/token", "/api/hangup"])
async def test_foreign_pages_get_nothing(front: Front, headers: dict[str, str], path: str) -> None:
    """A page of another origin, or of none, can neither begin a call nor end one."""
    answer = await front().ask("POST", path, headers, json={})

    assert answer.refusal == (403, "foreign-origin")
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "lies",
    [
        {"Access-Control-Request-Method": "POST"},
        {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
        {"Access-Control-Request-Method": "DELETE", "Sec-Fetch-Site": "same-origin"},
        {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"},
    ],
)
async def test_preflight_lies_open_nothing(front: Front, lies: dict[str, str]) -> None:
    """Whatever a preflight of a foreign page says about itself, no header lets that page in."""
    door = front(ALEX_ALLOWED_ORIGINS="https://friend.example")
    answer = await door.ask("OPTIONS", "/api/token", {"Origin": "https://evil.example", **lies})
    friend = await door.ask("OPTIONS", "/api/token", {"Origin": "https://friend.example", **lies})

    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert friend.headers.get("Access-Control-Allow-Methods") == "POST"


# Bodies


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"participant_name": "' + b"x" * 20_000 + b'"}', 413),
        (b" ", 400),
        (b"null", 400),
        (b"[]", 400),
        (b"\x00", 400),
        (b"\xff\xfe{}", 400),
        (b'{"participant_name": "\\ud800"}', 400),
        (b'{"room_config":' + b"[" * 8000 + b"]" * 8000 + b"}", 400),
        (b'{"participant_name": NaN}', 400),
        (b"{}{}", 400),
    ],
)
async def test_bodies_that_are_no_request(front: Front, body: bytes, status: int) -> None:
    """What is too large or no JSON object of ours is refused."""
    answer = await front().start(data=body, headers={"Content-Type": "application/json"})

    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_forms_are_no_json(front: Front, kind: str) -> None:
    """What a form of any page can send without a preflight is not read."""
    answer = await front().start(data=b"{}", headers={"Content-Type": kind})

    assert answer.refusal == (415, "not-json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"participant_name": "a\x00b"}, "participant_name"),
        ({"participant_name": "gp\u202eexe"}, "participant_name"),
        ({"participant_name": "a\u200bb"}, "participant_name"),
        ({"participant_name": "\u2066a\u2069"}, "participant_name"),
        ({"participant_name": "x" * 129}, "participant_name"),
        ({"room_name": "../../etc/passwd"}, "room_name"),
        ({"room_name": "a\x00b"}, "room_name"),
        ({"room_name": "😀"}, "room_name"),
        ({"room_name": "a%2fb"}, "room_name"),
        ({"room_name": "x" * 10_000}, "room_name"),
        ({"participant_identity": "alex"}, "participant_identity"),
        ({"participant_identity": "ALEX"}, "participant_identity"),
        ({"participant_identity": "\uff41\uff4c\uff45\uff58"}, "participant_identity"),
        ({"participant_identity": "agent-AJ_forged"}, "participant_identity"),
        ({"participant_attributes": {"lk.agent.state": "speaking"}}, "participant_attributes"),
        ({"participant_attributes": {"LK.agent": "x"}}, "participant_attributes"),
        ({"participant_metadata": "x" * 2049}, "participant_metadata"),
        ({"grants": {"roomAdmin": True}}, "grants"),
        ({"video": {"roomCreate": True}}, "video"),
        ({"__proto__": {"admin": True}}, "__proto__"),
    ],
)
async def test_names_that_deceive(front: Front, body: dict[str, Any], field: str) -> None:
    """Even where callers may choose everything, a name that hides, climbs, floods or is the agent's is refused."""
    answer = await front(**EVERYTHING).start(body)

    assert answer.refusal == (400, "invalid-request")
    assert field in json.loads(answer.body)["detail"]


async def test_an_emoji_is_a_name(front: Front) -> None:
    """Four bytes for one character are no attack: people are called as they like, and get no more for it."""
    answer = await front().start({"participant_name": "Zoë 👩‍🚀 \U0001d49c"})

    assert answer.status == 201
    assert answer.claims["name"] == "Zoë 👩‍🚀 \U0001d49c"
    assert minimal(answer.claims)


@pytest.mark.parametrize(
    "body",
    [
        {"participant_metadata": '{"roomAdmin": true}'},
        {"participant_attributes": {"roomAdmin": "true"}},
        {"participant_identity": "admin"},
        {"room_name": "somebody-elses"},
        {"room_config": {"agents": [{"agent_name": "mine"}]}},
        {"room_config": {"max_participants": 100}},
    ],
)
async def test_smuggled_grants(front: Front, body: dict[str, Any]) -> None:
    """By default nothing can be chosen but a name; where it can, the token grants not a bit more."""
    refused = await front().start(body)
    allowed = await front(**EVERYTHING).start(body)

    assert refused.refusal == (403, "not-yours-to-choose")
    if "room_config" in body:
        assert allowed.status == 403
    else:
        assert minimal(allowed.claims)


# Connections


async def test_a_body_that_never_ends_is_cut(front: Front) -> None:
    """A flood in chunks is refused at the limit, not when it ends."""
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    answer = await front().raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 64, seconds=5)

    assert status_of(answer) in {0, 413}


async def test_a_body_that_drips_is_not_waited_for(front: Front) -> None:
    """A body that comes a byte at a time is given up after ten seconds."""
    began = time.monotonic()
    head = HEAD + b"Content-Length: 1000\r\nConnection: close\r\n\r\n"
    answer = await front().raw(head, *[b"{"] * 9, pause=1.0, seconds=25)

    assert status_of(answer) == 408
    assert time.monotonic() - began < 25


async def test_a_head_that_is_too_long(front: Front) -> None:
    """A header of a hundred kilobytes is refused before anybody reads it."""
    answer = await front().raw(HEAD + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n", seconds=5)

    assert status_of(answer) in {0, 400, 431}


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}",
        b"POST /api/token\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["two lengths", "two numbers", "no version", "TLS"],
)
async def test_smuggled_requests(front: Front, head: bytes) -> None:
    """A request that two readers could read in two ways is not answered with a token."""
    answer = await front().raw(head, seconds=5)

    assert status_of(answer) in {0, 400, 501}
    assert b"participant_token" not in answer


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/token", {"X-HTTP-Method-Override": "POST"}, 405),
        ("GET", "/api/token?_method=POST", {}, 405),
        ("PUT", "/api/token", {}, 405),
        ("TRACE", "/api/token", {}, 405),
        ("POST", "/api/rooms/room", {"X-HTTP-Method-Override": "DELETE", "Authorization": f"Bearer {ADMIN_KEY}"}, 405),
        ("POST", "//api/token", {}, 404),
        ("POST", "/api/token/", {}, 404),
        ("POST", "/API/TOKEN", {}, 404),
        ("GET", "/static/../settings.py", {}, 404),
        ("GET", "/static/%2e%2e/settings.py", {}, 404),
        ("GET", "/static/..%2fsettings.py", {}, 404),
        ("GET", "/static/%00", {}, 404),
        ("GET", "/metrics", {}, 404),
        ("GET", "/api/capacity", {}, 404),
    ],
)
async def test_other_ways_lead_nowhere(
    front: Front, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Overridden methods, other spellings and ways out of the folder are not there, and neither is the ops port."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"{method} {path} HTTP/1.1\r\nHost: alex\r\nConnection: close\r\n{lines}\r\n".encode()

    assert status_of(await front().raw(request)) == status


# Limits


@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_a_forged_address_does_not_help(front: Front, depth: int) -> None:
    """Behind any number of proxies, whoever makes up where they come from is counted as who they are."""
    door = front(ALEX_TRUSTED_PROXIES=str(depth), ALEX_STARTS_PER_ADDRESS="9")
    heard = [somewhere(), "10.0.0.1"][:depth]  # what the proxies append
    door.address = ", ".join(heard) or "10.9.9.9"
    if depth == 0:
        answers = [await door.start(headers={"X-Forwarded-For": somewhere()}) for _ in range(5)]
        answers += [await door.start(headers={"X-Forwarded-For": "127.0.0.2", "Forwarded": "for=127.0.0.3"})]
    else:
        answers = [await door.start(headers={"X-Forwarded-For": f"{somewhere()}, ::1"}) for _ in range(5)]

    assert [answer.status for answer in answers][:4] == [201, 201, 201, 429]
    assert answers[3].kind == "too-many-starts"


async def test_an_ipv6_network_is_one_caller(front: Front) -> None:
    """Changing addresses within one's own network gives no more calls."""
    door = front(ALEX_STARTS_PER_ADDRESS="9")
    answers = []
    for number in range(5):
        door.address = f"2001:db8:77:1:{number:x}::{number + 1:x}"
        answers.append(await door.start())

    assert [answer.status for answer in answers] == [201, 201, 201, 429, 429]


async def test_a_browser_that_forgets_is_an_address(front: Front) -> None:
    """Dropping or inventing cookies gives no more starts than the address has."""
    door = front(ALEX_STARTS_PER_ADDRESS="9")
    cookies = ["", f"alex_session={'a' * 22}", f"alex_session={'b' * 22}", f"alex_session={'c' * 22}"]
    answers = [await door.start(headers={"Cookie": cookie}) for cookie in cookies]

    assert [answer.status for answer in answers] == [201, 201, 201, 429]


async def test_a_rush_for_the_last_slot(front: Front, agents: AgentPod) -> None:
    """Of a hundred who want the last slot at the same moment one gets it, and nobody an error."""
    door = front(ALEX_CALLS_PER_ADDRESS="0", ALEX_STARTS_PER_ADDRESS="0", ALEX_STARTS_PER_SESSION="0")
    await door.start()
    before, agents.slots = agents.slots, len(agents.rooms) + len(agents.reserved) + 1
    try:
        await asyncio.sleep(1.2)  # until web has seen it
        answers = await asyncio.gather(*(door.start() for _ in range(100)))
    finally:
        agents.slots = before
        await asyncio.sleep(1.2)

    assert sorted(answer.status for answer in answers) == [201] + [503] * 99
    assert {answer.kind for answer in answers if answer.status == 503} == {"full"}


async def test_the_admin_key_cannot_be_guessed(front: Front) -> None:
    """After ten wrong keys an address is not listened to any more, whatever it then sends."""
    door = front()
    wrong = [f"Bearer {ADMIN_KEY[:n]}" for n in range(9)] + [f"Basic {ADMIN_KEY}"]
    answers = [await door.ask("GET", "/api/rooms", {"Authorization": key}) for key in wrong]
    right = await door.ask("GET", "/api/rooms", {"Authorization": f"Bearer {ADMIN_KEY}"})
    other = await front().ask("GET", "/api/rooms", {"Authorization": f"Bearer {ADMIN_KEY}"})

    assert {answer.refusal for answer in answers} == {(401, "admin-key")}
    assert right.refusal == (429, "too-many-guesses")
    assert other.status == 200


# Webhooks


def event(hashed: bytes | None = None, *, secret: str = SECRET, seconds: int = 60) -> tuple[bytes, str]:
    """Make an event and its signature."""
    body = json.dumps({"event": "participant_left", "room": {"name": "r"}}).encode()
    digest = base64.b64encode(hashlib.sha256(body if hashed is None else hashed).digest()).decode()
    token = api.AccessToken("devkey", secret).with_sha256(digest).with_ttl(timedelta(seconds=seconds)).to_jwt()
    return body, token


@pytest.mark.parametrize(
    "signature",
    [
        event(b"another body")[1],
        event(secret="another-secret-of-at-least-32-characters")[1],
        event(seconds=-3600)[1],
        event()[1].rpartition(".")[0] + ".",
        "",
        "null",
    ],
    ids=["wrong hash", "wrong secret", "an hour ago", "no signature", "none", "null"],
)
async def test_forged_events(front: Front, signature: str) -> None:
    """An event that our LiveKit did not sign, or signed for other content, is refused."""
    body, good = event()
    answer = await front().ask("POST", "/api/livekit", {"Authorization": signature}, data=body)
    believed = await front().ask("POST", "/api/livekit", {"Authorization": good}, data=body)

    assert answer.refusal == (401, "webhook-signature")
    assert believed.status == 204
