"""Requests that nobody would think of: none is a fault of ours, and each refusal is a problem in plain words."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

from web.agent_pod import AgentPod
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]

SEED = 20_261_124
REQUESTS = 2_000
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


async def test_random_requests_are_answered_in_order(open_door: Open, pod: AgentPod) -> None:
    """Two thousand random requests, with every line taken, get 4xx or "full", each a problem, none a fault."""
    dice = random.Random(SEED)
    pod.slots = 0
    door = await open_door(ALEX_CALLER_MAY="name,identity,room,metadata,attributes")
    client = door.app.test_client()
    seen: dict[tuple[int, str], int] = {}
    for _ in range(REQUESTS):
        if dice.random() < 0.15:
            body = dice.choice(BODIES)
        else:
            fields = dice.sample(FIELDS, dice.choice([0, 1, 1, 1, 2, 3]))
            body = json.dumps({field: anything(dice) for field in fields}).encode("utf-8", "surrogatepass")
        kind = "application/json" if dice.random() < 0.9 else dice.choice(TYPES)
        response = await client.post("/api/token", data=body, headers={"Content-Type": kind})
        said = await response.get_data(as_text=True)
        problem = json.loads(said)
        what = (response.status_code, problem["type"].rpartition(":")[2])
        seen[what] = seen.get(what, 0) + 1

        assert what in {
            (400, "invalid-request"),
            (403, "not-yours-to-choose"),
            (413, "blank"),
            (415, "not-json"),
            (503, "full"),
        }, (body, said)
        assert len(said) < 2_000

    assert {status for status, _ in seen} >= {400, 403, 415, 503}  # the dice reached every kind
