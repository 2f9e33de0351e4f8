"""Who reads the figures, so that a pod on its way out waits until each of them has the last ones."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time

# Of a Prometheus that looks every 30 s, the longest that the chart allows, this misses two looks: it has gone.
GONE_SECONDS = 75.0

# The synthetic caller (`alex_caller.metrics`) looks for its call and keeps nothing: no pod waits for it to come again.
VISITOR = "alex-caller"


class Readers:
    """Those who have read of late, by their address. Two copies of Prometheus beside each other are two."""

    def __init__(self) -> None:
        self._read: dict[str, float] = {}
        self._again = asyncio.Event()

    def note(self, address: str, program: str = "") -> None:
        """Somebody reads now, with a program that calls itself so."""
        if program == VISITOR:
            return
        now = time.monotonic()
        self._read = {reader: at for reader, at in self._read.items() if now - at < GONE_SECONDS} | {address: now}
        self._again.set()

    async def all_again(self, seconds: float) -> None:
        """Wait until everybody has read once more, for so long at most; not at all where nobody reads."""
        began = time.monotonic()
        waited_for = {reader for reader, at in self._read.items() if began - at < GONE_SECONDS}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(self._read.get(reader, math.inf) <= began for reader in waited_for):
                    self._again.clear()
                    await self._again.wait()
