"""How often one address and one browser may begin a call, and how often a wrong key may be tried.

With a Redis all replicas count together. Without, or while it is away, each replica holds its share of every limit, so
that together they never let in more.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter, RateLimiter

from alex_web.problems import Problem
from alex_web.settings import Settings
from alex_web.shared import Shared

# Sixteen random characters are out of reach of any number of guesses; a code that people type is not.
MOST_GUESSES = 10
GUESS_WINDOW_SECONDS = 600


@dataclass(frozen=True)
class Caller:
    """Who asks, as far as limits go; neither is ever logged."""

    address: str
    """An IPv4 address or an IPv6 network."""
    session: str
    """A browser by its cookie, or a person by the subject of their token."""


@dataclass(frozen=True)
class _Limit:
    """One limit: the whole of it for all replicas together, and the share of one that counts alone."""

    kind: str
    value: str
    whole: RateLimitItemPerSecond
    share: RateLimitItemPerSecond


class Limits:
    """Counts starts of calls and wrong keys."""

    def __init__(self, settings: Settings, shared: Shared) -> None:
        self._shared = shared
        window = settings.window_seconds

        def limit(kind: str, amount: int, seconds: int, value: str = "") -> _Limit | None:
            if not amount:
                return None
            # A third of ten guesses would be too few for a person who types; thirty are too few for a program.
            share = amount if kind == "guess" else max(amount // settings.replicas, 1)
            whole, part = (RateLimitItemPerSecond(n, seconds, namespace=shared.prefix) for n in (amount, share))
            return _Limit(kind, value, whole, part)

        starts = (
            limit("address", settings.starts_per_address, window, "web.limits.startsPerAddress"),
            limit("session", settings.starts_per_session, window, "web.limits.startsPerSession"),
        )
        self._starts = [found for found in starts if found]
        self._guesses = limit("guess", MOST_GUESSES, GUESS_WINDOW_SECONDS)
        memory = MemoryStorage()
        self._alone: tuple[RateLimiter, RateLimiter] = MovingWindowRateLimiter(memory), FixedWindowRateLimiter(memory)
        self._together: tuple[RateLimiter, RateLimiter] | None = None
        if shared.redis is not None:
            pool: Any = shared.redis.connection_pool  # the library's types know options of a URL only
            redis = RedisStorage("async+redis://", implementation="redispy", connection_pool=pool)
            self._together = MovingWindowRateLimiter(redis), FixedWindowRateLimiter(redis)

    async def refuse_eager(self, caller: Caller) -> None:
        """Refuse a caller who has begun as many calls as it may; counts nothing.

        Raises:
            Problem: 429, with the seconds until the next one is allowed.

        """
        for limit in self._starts:
            if not await self._test(limit, getattr(caller, limit.kind), moving=True):
                raise await self._refusal(limit, getattr(caller, limit.kind))

    async def count_start(self, caller: Caller) -> None:
        """Count a call that begins now.

        Raises:
            Problem: 429, when others were quicker and there is no room for this one.

        """
        for limit in self._starts:
            if not await self._hit(limit, getattr(caller, limit.kind), moving=True):
                raise await self._refusal(limit, getattr(caller, limit.kind))

    async def refuse_guesser(self, address: str) -> None:
        """Refuse whoever has tried too many wrong keys; also the right one is then not looked at.

        Raises:
            Problem: 429, with the seconds until keys are looked at again.

        """
        if self._guesses and not await self._test(self._guesses, address, moving=False):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-guesses",
                "Too many wrong keys",
                "Too many wrong keys or codes came from this address. Wait, and then send the right one.",
                retry_after_seconds=await self._wait_seconds(self._guesses, address, moving=False),
            )

    async def count_guess(self, address: str) -> None:
        """Count a wrong key."""
        if self._guesses:
            await self._hit(self._guesses, address, moving=False)

    async def _refusal(self, limit: _Limit, who: str) -> Problem:
        minutes = math.ceil(limit.whole.get_expiry() / 60)
        return Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too-many-starts",
            "Too many calls in a short time",
            f"At most {limit.whole.amount} calls can begin within {minutes} minutes from one "
            f"{'address' if limit.kind == 'address' else 'browser'}. An operator can change {limit.value}.",
            retry_after_seconds=await self._wait_seconds(limit, who, moving=True),
        )

    async def _hit(self, limit: _Limit, who: str, *, moving: bool) -> bool:
        kind = 0 if moving else 1
        # Here too when Redis counts: should it go away, this replica's share is not a fresh one.
        alone = await self._alone[kind].hit(limit.share, limit.kind, who)
        together = self._together
        told = await self._shared.ask(lambda: together[kind].hit(limit.whole, limit.kind, who)) if together else None
        return alone if told is None else told

    async def _test(self, limit: _Limit, who: str, *, moving: bool) -> bool:
        kind, together = (0 if moving else 1), self._together
        told = await self._shared.ask(lambda: together[kind].test(limit.whole, limit.kind, who)) if together else None
        return await self._alone[kind].test(limit.share, limit.kind, who) if told is None else told

    async def _wait_seconds(self, limit: _Limit, who: str, *, moving: bool) -> int:
        kind, together = (0 if moving else 1), self._together
        stats = None
        if together:
            stats = await self._shared.ask(lambda: together[kind].get_window_stats(limit.whole, limit.kind, who))
        if stats is None:
            stats = await self._alone[kind].get_window_stats(limit.share, limit.kind, who)
        return max(math.ceil(stats.reset_time - time.time()), 1)
