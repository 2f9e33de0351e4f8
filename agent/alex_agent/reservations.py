"""Slots promised to rooms whose job is on its way.

The promise lives in the pod that will keep it, so that any number of web replicas agree: whoever asks second is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

# A room that nobody joins closes 20 s after it was made, and its agent leaves: no promise is worth more than this.
LONGEST_SECONDS = 60.0


class Reservations:
    """Rooms with a promised slot, each until it is kept, taken back or has run out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def make(self, room: str, seconds: float) -> None:
        """Promise a slot to a room for `seconds`, at most `LONGEST_SECONDS`."""
        self._until[room] = self._clock() + min(seconds, LONGEST_SECONDS)

    def end(self, room: str) -> bool:
        """Forget a promise; tell whether there was one."""
        return self._until.pop(room, None) is not None

    def open(self, kept: Iterable[str] = ()) -> list[str]:
        """List the promises that still stand, without those of the rooms in `kept`; safe from any thread."""
        now, kept = self._clock(), frozenset(kept)
        return [room for room, until in list(self._until.items()) if until > now and room not in kept]

    def tidy(self, kept: Iterable[str]) -> None:
        """Forget promises that were kept or ran out."""
        standing = set(self.open(kept))
        for room in [room for room in self._until if room not in standing]:
            del self._until[room]
