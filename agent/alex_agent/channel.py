"""A one-way street from job processes to the parent: one small datagram for each event.

A job is a process of its own, so a counter it moves is gone when it ends, and Prometheus' multiprocess files
lose and leak them. The parent keeps the only registry; a job sends what happened and never waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]

# Linux' default for a Unix datagram is 208 kB in all; an event is a few hundred bytes.
LARGEST_EVENT_BYTES = 8192


class Sender:
    """The job's end. Sending never blocks and never fails the call; what the parent misses shows as a gap."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._source = os.getpid()
        self._numbers = itertools.count()

    def send(self, kind: str, **facts: Any) -> None:
        """Send one event; a full queue or a parent that is gone loses it, and only it."""
        event = {"kind": kind, "source": self._source, "number": next(self._numbers), **facts}
        with contextlib.suppress(OSError):
            self._socket.sendto(json.dumps(event).encode(), self._path)

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


class Receiver(asyncio.DatagramProtocol):
    """The parent's end: hands each event to `handle` and counts the numbers that never came through `lost`."""

    def __init__(self, handle: Callable[[Event], None], lost: Callable[[int], None]) -> None:
        self._handle = handle
        self._lost = lost
        self._expected: dict[int, int] = {}
        self._transport: asyncio.BaseTransport | None = None

    async def open(self, path: Path) -> None:
        """Listen on the socket file `path`; it must not exist yet."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, family=socket.AF_UNIX, local_addr=str(path)
        )

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Take one event; a datagram that is none counts as lost."""
        del addr
        try:
            event: Event = json.loads(data)
            source, number = int(event["source"]), int(event["number"])
        except (ValueError, KeyError, TypeError):
            self._lost(1)
            return
        gap = number - self._expected.get(source, 0)
        if gap > 0:
            self._lost(gap)
        self._expected[source] = number + 1
        if event["kind"] == "end":
            del self._expected[source]
        self._handle(event)

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()
