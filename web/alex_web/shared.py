"""What web replicas share beside the agent pods: a Redis, where the operator has one."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from alex_web.settings import Settings

log = structlog.get_logger("alex.web")
T = TypeVar("T")

# A caller waits for it: within a cluster an answer takes a millisecond.
ANSWER_SECONDS = 1.0
# While Redis is away, only one request in so many seconds waits for it.
PAUSE_SECONDS = 5.0


class Shared:
    """A Redis that may be away, or may not be there at all: whoever uses it has another way."""

    def __init__(self, settings: Settings) -> None:
        self.redis: Redis | None = None
        # A Redis may serve others too, and several releases; their secrets differ.
        secret = settings.secret("livekit_api_secret").encode()
        self.prefix = f"alex-web-{hmac.new(secret, b'redis prefix', hashlib.sha256).hexdigest()[:12]}"
        self._away_until = 0.0
        if settings.redis_address:
            host, _, port = settings.redis_address.rpartition(":")
            self.redis = Redis(
                host=host.strip("[]"),
                port=int(port),
                password=settings.secret("redis_password") or None,
                ssl=settings.redis_tls,
                socket_timeout=ANSWER_SECONDS,
                socket_connect_timeout=ANSWER_SECONDS,
                decode_responses=False,
            )

    async def ask(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do what needs Redis; None when there is none or it does not answer."""
        if self.redis is None or time.monotonic() < self._away_until:
            return None
        try:
            result = await work()
        except (RedisError, OSError, TimeoutError) as error:
            if not self._away_until:
                log.warning("redis_away", error=type(error).__name__, hint="each web pod holds its share of the limits")
            self._away_until = time.monotonic() + PAUSE_SECONDS
            return None
        if self._away_until:
            log.info("redis_back")
            self._away_until = 0.0
        return result

    async def close(self) -> None:
        """Close all connections."""
        if self.redis is not None:
            await self.redis.aclose()
