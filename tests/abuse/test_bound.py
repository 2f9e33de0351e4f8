"""What a client that never behaves can cost in a day, held against what the chart prints for it."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from alex_agent.assistant import instructions
from alex_agent.pace import Most
from alex_agent.pipeline import LONGEST_ANSWER_TOKENS
from alex_web import livekit as livekit_module
from chart.render import Object, defaults, merge, notes, put, render, scenarios
from web.agent_pod import AgentPod
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]

HOSTED = scenarios()["hosted-keys"]
# Begins at midnight UTC.
DAY_SECONDS, MIDNIGHT = 86_400, 20_000 * 86_400.0
# Web ends a call so much after its agent should have; and a fraction of the longest call, so that calls end when they
# must and no later.
OVERTIME_SECONDS, STEP_SECONDS = 90, 205
LIMITS = ("ALEX_WINDOW", "ALEX_STARTS", "ALEX_CALLS_PER_A", "ALEX_MOST", "ALEX_CALLS_PER_D", "ALEX_MINUTES", "ALEX_USD")


def printed(values: dict[str, Any], who: str) -> tuple[int, float]:
    """Read the minutes and the dollars of the worst day in the notes of an install."""
    found = re.search(rf"{who}: +\d+ calls at once and (\d+) minutes: \$([\d.]+)", notes(values))
    assert found is not None
    return int(found[1]), float(found[2])


def dearest_minute(instructions_bytes: int) -> float:
    """Price the first minute of a call that does all it may, by the chart's list prices."""
    most, prices = Most(), {price["model"]: price for price in defaults()["agent"]["prices"]}
    voice, mind = prices["eleven_turbo_v2_5"], prices["gpt-4o-mini"]
    chars = most.spoken_chars_at_once + most.spoken_chars_per_minute
    bytes_ = most.thought_bytes_at_once + most.thought_bytes_per_minute  # no token is less than a byte
    answers = most.thought_bytes_per_minute / instructions_bytes
    return float(
        prices["nova-2-general"]["usdPerAudioMinute"]
        + chars * voice["usdPerMillionCharacters"] / 1e6
        + bytes_ * mind["usdPerMillionInputTokens"] / 1e6
        + answers * LONGEST_ANSWER_TOKENS * mind["usdPerMillionOutputTokens"] / 1e6
    )


def test_no_minute_is_dearer_than_the_chart_says() -> None:
    """What an agent lets a call use costs what the values say a minute can cost, and not far less."""
    said = defaults()["web"]["budget"]["usdPerMinute"]

    assert 0.7 * said < dearest_minute(len(instructions(None).encode())) <= said


def environment(values: dict[str, Any]) -> dict[str, str]:
    """Give the limits as web is told them by the chart, with one replica that has all of them."""
    pod: Object = render(values).pods()["alex-web"]
    told = {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"]}
    return {name: value for name, value in told.items() if name.startswith(LIMITS)}


class Clock:
    """The time of a day that passes as fast as it can."""

    def __init__(self) -> None:
        self.now = MIDNIGHT

    def time(self) -> float:
        """Give the time, for whoever asks."""
        return self.now


class Villain:
    """Asks for a call whenever it has a chance, from so many addresses, and never hangs up."""

    def __init__(
        self, door: FrontDoor, pod: AgentPod, clock: Clock, addresses: list[str], longest_seconds: int
    ) -> None:
        self._door, self._pod, self._clock = door, pod, clock
        self._addresses, self._longest = addresses, longest_seconds
        self._until: dict[str, float] = {}
        self.minutes = 0.0
        self.refusals: set[str] = set()

    async def live(self, seconds: float) -> None:
        """Call and call again for so long."""
        client = self._door.app.test_client()
        end = self._clock.now + seconds
        while self._clock.now < end:
            await self._door.service._look()
            for address in self._addresses:
                while True:
                    answer = await client.post("/api/token", scope_base={"client": (address, 1)})
                    if answer.status_code != 201:
                        self.refusals.add((await answer.get_json(force=True))["type"].rpartition(":")[2])
                        break
            # Whoever has a promise is in a call at once.
            for room in self._pod.reserved:
                self._until[room] = self._clock.now + self._longest
            self._pod.reserved = []
            self._pod.rooms = list(self._until)
            await self._door.service._look()
            step = min(STEP_SECONDS, end - self._clock.now)
            self._clock.now += step
            self.minutes += len(self._until) * step / 60
            self._until = {room: until for room, until in self._until.items() if until > self._clock.now}
            await self._door.service._look()  # the minutes were spent while they talked
            self._pod.rooms = list(self._until)


@pytest.mark.parametrize(
    ("who", "addresses"),
    [("from one address", ["203.0.113.7"]), ("in all", [f"203.0.113.{number}" for number in range(1, 5)])],
)
async def test_a_day_costs_no_more_than_the_chart_says(
    open_door: Open, pod: AgentPod, monkeypatch: pytest.MonkeyPatch, who: str, addresses: list[str]
) -> None:
    """A client that calls whenever it can and never hangs up stays within the bound, and comes close to it."""
    clock = Clock()
    villain = await rise(open_door, pod, monkeypatch, clock, HOSTED, addresses)
    await villain.live(DAY_SECONDS)
    minutes, usd = printed(HOSTED, who)
    price = usd / minutes

    assert villain.minutes <= minutes
    assert villain.minutes * price <= usd + 0.01
    assert villain.minutes >= minutes * 0.6  # it tried, and the bound is no fairy tale
    assert "closed" in villain.refusals


async def test_without_a_budget_a_day_costs_more(
    open_door: Open, pod: AgentPod, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is the budget's doing: without one the same client is far beyond it at noon."""
    clock = Clock()
    free = merge(HOSTED, put("web.budget", {"minutesPerDay": 0, "callsPerDay": 0}))
    villain = await rise(open_door, pod, monkeypatch, clock, free, ["203.0.113.7"])
    await villain.live(DAY_SECONDS / 2)

    assert villain.minutes > 3 * printed(HOSTED, "from one address")[0]
    assert villain.minutes <= printed(free, "from one address")[0]


async def rise(
    open_door: Open,
    pod: AgentPod,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    values: dict[str, Any],
    addresses: list[str],
) -> Villain:
    """Open the door of a release at midnight, and let somebody come."""
    agent = merge({"slots": 4, "maxCallSeconds": 3600}, values.get("agent", {}))
    pod.slots = agent["slots"] * 10

    async def create_room(*_: Any, **__: Any) -> None:
        """LiveKit has no part in this."""

    async def no_rooms(*_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(livekit_module.LiveKit, "create_room", create_room)
    monkeypatch.setattr(livekit_module.LiveKit, "rooms", no_rooms)
    monkeypatch.setattr(time, "time", clock.time)
    door = await open_door(**environment(values))
    for loop in door.service._loops:  # only the villain's day passes
        loop.cancel()
    return Villain(door, pod, clock, addresses, agent["maxCallSeconds"] + OVERTIME_SECONDS)
