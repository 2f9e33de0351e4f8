"""How much one address and one browser may have, alone and with other replicas."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis_server import RedisServer
from web.agent_pod import AgentPod
from web.front_door import Answer, FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]


async def start(door: FrontDoor, address: str, **request: Any) -> Answer:
    """Ask for a token as a program without cookies at an address."""
    return await door.token(scope_base={"client": (address, 4711)}, **request)


async def test_an_address_begins_so_many_calls(open_door: Open, pod: AgentPod) -> None:
    """After as many starts as an address may have it is told how long to wait; other addresses are not concerned."""
    door = await open_door(ALEX_STARTS_PER_ADDRESS=3)
    answers = [await start(door, "203.0.113.7") for _ in range(3)]
    refused = await start(door, "203.0.113.7")
    other = await start(door, "203.0.113.8")

    assert [answer.status for answer in answers] == [201] * 3
    assert (refused.status, refused.kind) == (429, "too-many-starts")
    assert 590 <= int(refused.headers["Retry-After"]) <= 600
    assert "web.limits.startsPerAddress" in refused.json["detail"]
    assert other.status == 201


async def test_an_office_can_talk_with_the_defaults(open_door: Open, pod: AgentPod) -> None:
    """Twenty people behind one address, each with a browser of its own, talk at once under the chart's numbers."""
    pod.slots = 30
    office = {"ALEX_STARTS_PER_ADDRESS": 120, "ALEX_STARTS_PER_SESSION": 30, "ALEX_CALLS_PER_ADDRESS": 20}
    door = await open_door(**office, ALEX_WEB_REPLICAS=3)
    answers = [await start(door, "203.0.113.7") for _ in range(20)]

    assert {answer.status for answer in answers} == {201}


async def test_a_network_of_ipv6_is_one_address(open_door: Open) -> None:
    """Another address of the same /64 has no starts of its own; another /64 has."""
    door = await open_door(ALEX_STARTS_PER_ADDRESS=2)
    answers = [await start(door, f"2001:db8::{n:x}:1") for n in range(3)]

    assert [answer.status for answer in answers] == [201, 201, 429]
    assert (await start(door, "2001:db8:0:1::1")).status == 201


async def test_a_browser_begins_so_many_calls(open_door: Open) -> None:
    """A browser that comes back with its cookie has starts of its own; the cookie says nothing, and stays here."""
    door = await open_door(ALEX_STARTS_PER_SESSION=2)
    first = await start(door, "203.0.113.7", headers={"Origin": "https://localhost"})
    cookie, _, rules = first.headers["Set-Cookie"].partition(";")
    mine = [await start(door, "203.0.113.7", headers={"Cookie": cookie}) for _ in range(2)]
    other = await start(door, "203.0.113.7")

    assert [answer.status for answer in mine] == [201, 429]
    assert "browser" in mine[1].json["detail"]
    assert other.status == 201
    assert {rule.strip() for rule in rules.split(";")} == {"HttpOnly", "Path=/api", "SameSite=Strict", "Secure"}
    assert "Set-Cookie" not in mine[0].headers


@pytest.mark.parametrize("cookie", ["", "x", "../../etc", "a" * 22 + "\u20ac", "a" * 9000])
async def test_a_made_up_cookie_is_a_new_browser(open_door: Open, cookie: str) -> None:
    """Whatever is no number of ours is replaced by one, and its address is counted all the same."""
    door = await open_door(ALEX_STARTS_PER_ADDRESS=1)
    headers = {"Cookie": f"alex_session={cookie}"}
    first, second = [await start(door, "203.0.113.7", headers=headers) for _ in range(2)]

    assert (first.status, second.status) == (201, 429)
    assert first.headers["Set-Cookie"].startswith("alex_session=")


async def test_refused_callers_cost_no_start(open_door: Open, pod: AgentPod) -> None:
    """Who waits for a free line and asks again and again is let in when there is one."""
    pod.slots = 0
    door = await open_door(ALEX_STARTS_PER_ADDRESS=2)
    waiting = [await start(door, "203.0.113.7") for _ in range(10)]
    pod.slots = 4
    await asyncio.sleep(1)

    assert {answer.kind for answer in waiting} == {"full"}
    assert (await start(door, "203.0.113.7")).status == 201


async def test_an_address_has_so_many_calls_at_once(open_door: Open, pod: AgentPod) -> None:
    """The next call of an address waits for the end of one; replicas count alike, also one that has just started."""
    pod.slots = 9
    door = await open_door(ALEX_CALLS_PER_ADDRESS=3)
    first = [await start(door, "203.0.113.7") for _ in range(3)]
    pod.rooms, pod.reserved = pod.reserved, []
    refused = await start(door, "203.0.113.7")
    elsewhere = await start(await open_door(ALEX_CALLS_PER_ADDRESS=3), "203.0.113.7")
    other = await start(door, "203.0.113.8")
    pod.rooms.pop()
    await asyncio.sleep(1)

    assert [answer.status for answer in first] == [201] * 3
    assert (refused.status, refused.kind) == (elsewhere.status, elsewhere.kind) == (429, "too-many-calls")
    assert refused.headers["Retry-After"] == "30"
    assert other.status == 201
    assert (await start(door, "203.0.113.7")).status == 201


async def test_a_rush_from_one_address_gets_no_more(open_door: Open, pod: AgentPod) -> None:
    """Sixty requests at the same moment get as many calls as an address may have; the rest give their promise back."""
    pod.slots = 40
    door = await open_door(ALEX_CALLS_PER_ADDRESS=5)
    client = door.app.test_client()
    answers = await asyncio.gather(
        *(client.post("/api/token", scope_base={"client": ("203.0.113.7", 1)}) for _ in range(60))
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 55
    assert len(pod.reserved) == 5


async def test_named_rooms_count_too(open_door: Open, pod: AgentPod) -> None:
    """A caller who may choose names of rooms has no more of them for that."""
    door = await open_door(ALEX_CALLS_PER_ADDRESS=2, ALEX_CALLER_MAY="room")
    names = [f"mine-{time.monotonic_ns()}-{n}" for n in range(3)]
    answers = [await start(door, "203.0.113.7", body={"room_name": name}) for name in names]

    assert [answer.status for answer in answers] == [201, 201, 429]


async def test_all_calls_have_a_limit(open_door: Open, pod: AgentPod) -> None:
    """As many calls are on as the operator allows, though slots are free."""
    door = await open_door(ALEX_MOST_CALLS=2)
    answers = [await start(door, f"203.0.113.{n}") for n in range(3)]

    assert [answer.status for answer in answers] == [201, 201, 503]
    assert answers[2].kind == "full"
    assert answers[2].headers["Retry-After"] == "30"


async def test_limits_are_counted_as_such(open_door: Open) -> None:
    """A refusal by a limit has an outcome of its own."""
    door = await open_door(ALEX_STARTS_PER_ADDRESS=1)
    for _ in range(3):
        await start(door, "203.0.113.7")

    assert 'alex_web_tokens_total{outcome="limited"} 2.0' in door.service.metrics.text().decode()


# Several replicas


async def test_replicas_share_a_limit(open_door: Open, pod: AgentPod) -> None:
    """Three replicas that cannot count together never let in more than one limit allows."""
    pod.slots = 20
    doors = [await open_door(ALEX_STARTS_PER_ADDRESS=7, ALEX_WEB_REPLICAS=3) for _ in range(3)]
    answers = [await start(doors[n % 3], "203.0.113.7") for n in range(12)]

    assert sum(answer.status == 201 for answer in answers) == 6  # a third of seven is two
    assert {answer.status for answer in answers} == {201, 429}


async def test_replicas_count_together_in_redis(open_door: Open, pod: AgentPod, redis: RedisServer) -> None:
    """With a Redis the whole limit is there for every replica, once; without it again, each holds its share."""
    pod.slots = 20
    limits = {"ALEX_STARTS_PER_ADDRESS": 6, "ALEX_WEB_REPLICAS": 3, "ALEX_REDIS_ADDRESS": redis.address}
    doors = [await open_door(**limits, ALEX_REDIS_PASSWORD=redis.password) for _ in range(2)]
    together = [await start(doors[0], "203.0.113.7") for _ in range(5)]
    other = [await start(doors[1], "203.0.113.7") for _ in range(2)]
    redis.stop()
    alone = [await start(doors[1], "203.0.113.9") for _ in range(3)]

    assert [answer.status for answer in together] == [201] * 5
    assert [answer.status for answer in other] == [201, 429]
    assert 1 <= int(other[1].headers["Retry-After"]) <= 600
    assert [answer.status for answer in alone] == [201, 201, 429]
