"""Who may come in: keys, and a bounded number of streams of each kind."""

from __future__ import annotations

import asyncio
import hmac
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alex_offline.exchange import Exchange
    from alex_offline.metrics import Metrics, Provider


class BusyError(Exception):
    """Every stream of this kind is in use."""


class Keys:
    """One accepted key, or any non-empty one."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def accepts(self, given: str) -> bool:
        """Tell whether the caller may use the service."""
        if self._key is None:
            return bool(given)
        return hmac.compare_digest(given.encode(), self._key.encode())


class Gate:
    """At most `limit` streams at a time; the next one is refused, never queued, as the vendors do."""

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self.limit = limit
        self._metrics = metrics
        self._taken = 0
        self.empty = asyncio.Event()
        """Set while there is no stream."""
        self.empty.set()

    @property
    def full(self) -> bool:
        """True when the next stream would be refused."""
        return self._taken >= self.limit

    def refuse(self, provider: Provider) -> None:
        """Count a refusal for want of a stream."""
        self._metrics.refused.labels(provider, "busy").inc()

    @contextmanager
    def stream(self, exchange: Exchange) -> Iterator[None]:
        """Hold a stream; raises BusyError when none is free or the script says so."""
        if self.full or exchange.refusal == "busy":
            self.refuse(exchange.provider)
            raise BusyError
        self._taken += 1
        self.empty.clear()
        active = self._metrics.active.labels(exchange.provider)
        active.inc()
        self._metrics.requests.labels(exchange.provider).inc()
        try:
            yield
        finally:
            self._taken -= 1
            if not self._taken:
                self.empty.set()
            active.dec()
