"""What a day may cost: calls, minutes and money, and a door that closes politely when it is spent.

Every replica looks at all agent pods and so counts the same by itself. With a Redis the count outlives a replica; one
that starts without begins at zero. Calls that are on when the budget is spent go on to their end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from http import HTTPStatus

from alex_web.metrics import Metrics
from alex_web.pods import Pods
from alex_web.problems import Problem
from alex_web.settings import Settings
from alex_web.shared import Shared

DAY_SECONDS = 86_400
# A room without a call for this long is over; a call whose agent died is back sooner, and is the same call.
FORGET_SECONDS = 60.0
# A call counts as a minute at least: its greeting and first answer are said without a pause.
SHORTEST_SECONDS = 60.0


@dataclass(frozen=True)
class Room:
    """A call of today."""

    seen: float  # when it was last there
    seconds: float = 0.0


@dataclass(frozen=True)
class Spent:
    """What was spent today."""

    calls: float = 0.0
    minutes: float = 0.0
    usd: float = 0.0

    def at_least(self, other: Spent) -> Spent:
        """Take the larger of each: who missed something knows less."""
        return Spent(*(max(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))


class Budget:
    """Counts what calls take of a day, which begins at midnight UTC."""

    def __init__(
        self,
        settings: Settings,
        pods: Pods,
        shared: Shared,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._most = Spent(settings.calls_per_day, settings.minutes_per_day, settings.usd_per_day)
        self._pods = pods
        self._shared = shared
        self._metrics = metrics
        self._clock = clock
        self._day = int(clock() // DAY_SECONDS)
        self._looked_at: float | None = None
        self._rooms: dict[str, Room] = {}
        self._paid: dict[str, float] | None = None  # by agent pod, what it had spent when we last looked
        self.spent = Spent()

    def look(self) -> None:
        """Count what happened since the last look."""
        now = self._clock()
        self._begin_day(now)
        pods = self._pods.alive()
        rooms = self._pods.rooms()
        passed = 0.0 if self._looked_at is None else max(now - self._looked_at, 0.0)
        self._looked_at = now
        calls, seconds = self._talked(rooms, now, passed)
        told = {pod.instance: pod.spent_usd for pod in pods}
        paid = told if self._paid is None else self._paid  # it may have spent for days; one that comes later has not
        usd = sum(max(sum_ - paid.get(pod, 0.0), 0.0) for pod, sum_ in told.items())
        self._paid = {**paid, **told}
        self.spent = Spent(
            calls=self.spent.calls + calls,
            minutes=self.spent.minutes + seconds / 60,
            usd=self.spent.usd + usd,
        )
        self._show()

    def _talked(self, names: frozenset[str], now: float, passed: float) -> tuple[int, float]:
        """Count the calls that began, and the seconds that calls took, since the last look."""
        began, seconds = 0, 0.0
        for name in names:
            before = self._rooms.get(name)
            if before is None and self._paid is None:
                before = Room(now, SHORTEST_SECONDS)  # it began under other eyes
            elif before is None:
                before = Room(now)
                began += 1
                seconds += SHORTEST_SECONDS
            after = self._rooms[name] = Room(now, before.seconds + passed)
            seconds += max(after.seconds, SHORTEST_SECONDS) - max(before.seconds, SHORTEST_SECONDS)
        self._rooms = {name: room for name, room in self._rooms.items() if room.seen >= now - FORGET_SECONDS}
        return began, seconds

    def refuse_spent(self) -> None:
        """Refuse another call when the day's budget is spent.

        Raises:
            Problem: 503 with the seconds until the next day.

        """
        self._begin_day(self._clock())
        if self._is_spent():
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "closed",
                "Alex has talked enough for today",
                "What the operator allows for a day is spent (web.budget). It begins again at midnight UTC.",
                retry_after_seconds=max(math.ceil((self._day + 1) * DAY_SECONDS - self._clock()), 1),
            )

    async def share(self) -> None:
        """Exchange the count with the other replicas, and with what was before we started."""
        redis, day, mine = self._shared.redis, self._day, self.spent
        if redis is None:
            return
        key = f"{self._shared.prefix}/spent/{day}"

        async def exchange() -> Spent:
            told = await redis.hmget(key, KNOWN)
            theirs = Spent(*(float(value or 0) for value in told))
            ours = mine.at_least(theirs)
            if ours != theirs:
                await redis.hset(key, mapping={name: repr(value) for name, value in asdict(ours).items()})
                await redis.expire(key, 2 * DAY_SECONDS)
            return ours

        agreed = await self._shared.ask(exchange)
        if agreed is not None and day == self._day:
            self.spent = self.spent.at_least(agreed)
            self._show()

    def _begin_day(self, now: float) -> None:
        day = int(now // DAY_SECONDS)
        if day > self._day:  # a clock that is set back does not give a second day
            self._day = day
            self.spent = Spent()

    def _is_spent(self) -> bool:
        return any(0 < getattr(self._most, f.name) <= getattr(self.spent, f.name) for f in fields(Spent))

    def _show(self) -> None:
        self._metrics.spent_calls.set(self.spent.calls)
        self._metrics.spent_minutes.set(self.spent.minutes)
        self._metrics.spent_usd.set(self.spent.usd)
        self._metrics.closed.set(self._is_spent())


KNOWN = [f.name for f in fields(Spent)]
