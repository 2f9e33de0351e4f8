"""What a day may take: counted by every replica alike, and then the door is closed until midnight UTC."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from alex_web.budget import DAY_SECONDS, Budget, Spent
from redis_server import RedisServer
from web.agent_pod import AgentPod
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]

MORNING = 20_000 * DAY_SECONDS + 6 * 3600.0


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> float:
        return self.now


def counting(door: FrontDoor, clock: Clock) -> Budget:
    """Give a door's budget another clock, and begin its day."""
    service = door.service
    budget = Budget(service.settings, service.pods, service.shared, service.metrics, clock)
    service.budget = service.calls._budget = budget
    for loop in service._loops:  # only the test looks
        loop.cancel()
    return budget


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


async def look(door: FrontDoor, clock: Clock, seconds: float) -> None:
    """Let time pass, and look."""
    clock.now += seconds
    await door.service.pods.look()
    door.service.budget.look()


async def test_minutes_are_those_of_calls(open_door: Open, pod: AgentPod, clock: Clock) -> None:
    """Minutes add up over all calls while they last, and each call counts once, also after a gap of its agent's."""
    door = await open_door()
    budget = counting(door, clock)
    for rooms in ([], ["a"], ["a", "b"], ["b"], ["a", "b"], []):
        pod.rooms = rooms
        await look(door, clock, 30)
    gone = budget.spent

    assert gone == Spent(calls=2, minutes=3.0, usd=0)


async def test_spent_minutes_close_the_door(open_door: Open, pod: AgentPod, clock: Clock) -> None:
    """When the minutes are spent a caller is told when the next day begins; then the door is open again."""
    door = await open_door(ALEX_MINUTES_PER_DAY=10)
    counting(door, clock)
    pod.rooms = ["a", "b"]
    await look(door, clock, 0)
    await look(door, clock, 4 * 60)
    before = await door.token()
    await look(door, clock, 60)
    closed = await door.token()
    text = door.service.metrics.text().decode()
    clock.now = MORNING + 18 * 3600.0
    after = await door.token()

    assert before.status == after.status == 201
    assert (closed.status, closed.kind) == (503, "closed")
    assert int(closed.headers["Retry-After"]) == 18 * 3600 - 5 * 60
    assert "web.budget" in closed.json["detail"]
    assert "alex_web_closed 1.0" in text
    assert 'alex_web_tokens_total{outcome="closed"} 1.0' in text
    assert "alex_web_spent_minutes 10.0" in text


async def test_spent_calls_close_the_door(open_door: Open, pod: AgentPod, clock: Clock) -> None:
    """After as many calls as a day may have, no other begins, though all of them have ended."""
    door = await open_door(ALEX_CALLS_PER_DAY=2)
    counting(door, clock)
    for rooms in ([], ["a"], ["b"]):
        pod.rooms = rooms
        await look(door, clock, 100)
    pod.rooms = []
    await look(door, clock, 100)

    assert (await door.token()).kind == "closed"


async def test_spent_money_closes_the_door(open_door: Open, pod: AgentPod, clock: Clock) -> None:
    """What agents say they spent counts from our first look on; what they spent before may be another day's."""
    pod.spent_usd = 50.0
    door = await open_door(ALEX_USD_PER_DAY=2.5)
    budget = counting(door, clock)
    await look(door, clock, 1)
    pod.spent_usd = 52.0
    await look(door, clock, 1)
    before, told = await door.token(), budget.spent.usd
    pod.instance, pod.spent_usd = "another", 0.5  # the first one went, another came
    await look(door, clock, 1)

    assert before.status == 201
    assert told == pytest.approx(2.0)
    assert (await door.token()).kind == "closed"


async def test_no_budget_is_none(open_door: Open, pod: AgentPod, clock: Clock) -> None:
    """Where nothing is limited nothing closes."""
    door = await open_door(ALEX_MINUTES_PER_DAY=0, ALEX_CALLS_PER_DAY=0)
    counting(door, clock)
    pod.rooms = ["a"]
    await look(door, clock, 0)
    await look(door, clock, 10 * 3600)

    assert (await door.token()).status == 201


async def test_a_clock_set_back_gives_no_second_day(open_door: Open, pod: AgentPod, clock: Clock) -> None:
    """Yesterday does not come again, and takes no minutes back."""
    door = await open_door(ALEX_MINUTES_PER_DAY=1)
    budget = counting(door, clock)
    pod.rooms = ["a"]
    await look(door, clock, 0)
    await look(door, clock, 120)
    await look(door, clock, -2 * DAY_SECONDS)

    assert budget.spent.minutes == pytest.approx(2.0)
    assert (await door.token()).kind == "closed"


async def test_redis_remembers_the_day(open_door: Open, pod: AgentPod, clock: Clock, redis: RedisServer) -> None:
    """A replica that starts later knows what was spent before it, and none counts anything twice."""
    settings: dict[str, Any] = {
        "ALEX_REDIS_ADDRESS": redis.address,
        "ALEX_REDIS_PASSWORD": redis.password,
        "ALEX_MINUTES_PER_DAY": 10,
    }
    first = await open_door(**settings)
    budget = counting(first, clock)
    pod.rooms = ["a"]
    await look(first, clock, 0)
    await look(first, clock, 540)
    await budget.share()
    second = await open_door(**settings)
    other = counting(second, clock)
    await other.share()
    knew = other.spent
    for door in (first, second):
        await door.service.pods.look()
        door.service.budget.look()
    await look(first, clock, 60)
    second.service.budget.look()
    for one in (budget, other, budget):
        await one.share()

    assert knew.minutes == pytest.approx(9.0)
    assert budget.spent.minutes == other.spent.minutes == pytest.approx(10.0)
    assert (await second.token()).kind == "closed"


def test_spent_is_the_most_that_anybody_saw() -> None:
    """Two replicas agree on the larger number of each kind."""
    assert Spent(3, 1.0, 0.5).at_least(Spent(2, 4.0, 0.5)) == Spent(3, 4.0, 0.5)
