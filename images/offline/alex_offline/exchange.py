"""The course of one vendor request: its times, and the faults a script has in store for it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from alex_offline.metrics import Metrics, Provider

Refusal = Literal["key", "busy", "error"]
Outcome = Literal["done", "refused", "busy", "cut", "gone", "error"]


class CutError(Exception):
    """The script wants the connection dropped here, without a goodbye."""


class Exchange:
    """One request as the wire modules see it. This one has no faults and no delays; a script's has both."""

    def __init__(self, provider: Provider, room: str | None, metrics: Metrics) -> None:
        self.provider = provider
        self.room = room
        self._metrics = metrics
        self._began = time.monotonic()
        self._first = False

    @property
    def refusal(self) -> Refusal | None:
        """What the vendor shall answer instead of serving."""
        return None

    async def accept(self) -> None:
        """Wait as long as the vendor takes to answer at all. May raise CutError."""

    async def before_first(self) -> None:
        """Wait as long as the vendor takes to its first result. May raise CutError."""

    async def before_piece(self) -> None:
        """Wait as long as the vendor takes between two results. May raise CutError."""

    def again(self, ago: float = 0.0) -> None:
        """Start the clock of the next utterance or context on this connection, which began that many seconds ago."""
        self._began = time.monotonic() - ago
        self._first = False

    def mark(self, what: str, *, text: str | None = None) -> None:
        """Something happened; `first` and `last` are measured from the beginning."""
        del text
        if what == "first" and not self._first:
            self._first = True
            self._metrics.stage.labels(self.provider, "first").observe(time.monotonic() - self._began)
        elif what == "last":
            self._metrics.stage.labels(self.provider, "total").observe(time.monotonic() - self._began)

    def end(self, outcome: Outcome) -> None:
        """Close the request."""


async def forever() -> None:
    """Say nothing until the client gives up and the task is cancelled."""
    await asyncio.Event().wait()
