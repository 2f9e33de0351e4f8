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
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]

# The socket's name in the folder that the parent makes for itself and its jobs.
CHANNEL = "events"

# A call sends a few events a turn: this many means a parent that has stood still for minutes.
MOST_WAITING = 256

RETRY_SECONDS = 0.05
LAST_WORDS_SECONDS = 0.5


def scratch(folder: Path, process: int) -> Path:
    """Name the folder of a job process for what it writes; it belongs to the parent, who outlives it."""
    return folder / str(process)


class Sender:
    """The job's end. Sending never blocks and never fails the call.

    The kernel queues as few as ten datagrams (`net.unix.max_dgram_qlen`), so a parent that is busy for a moment
    finds the rest here. What does not fit here either is lost, and the parent sees the gap in the numbers.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._source = os.getpid()
        self._numbers = itertools.count()
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._retry: asyncio.TimerHandle | None = None

    def send(self, kind: str, **facts: Any) -> None:
        """Send one event, now or within the next moments."""
        event = {"kind": kind, "source": self._source, "number": next(self._numbers), **facts}
        self._waiting.append(json.dumps(event).encode())
        self._flush()

    def _flush(self) -> None:
        self._retry = None
        while self._waiting:
            try:
                self._socket.sendto(self._waiting[0], self._path)
            except BlockingIOError:
                with contextlib.suppress(RuntimeError):  # no loop: the next event tries again
                    self._retry = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._flush)
                return
            except OSError:  # the parent is gone, and its registry with it
                self._waiting.clear()
                return
            self._waiting.popleft()

    def close(self) -> None:
        """Send what waits, for a moment at most, and give the socket back."""
        if self._retry is not None:
            self._retry.cancel()
        self._socket.settimeout(LAST_WORDS_SECONDS)  # only now may it block: the call is over
        with contextlib.suppress(OSError):
            while self._waiting:
                self._socket.sendto(self._waiting[0], self._path)
                self._waiting.popleft()
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

    def forget(self, source: int) -> None:
        """Expect nothing more of a process that has ended; one that was killed has sent no end."""
        self._expected.pop(source, None)

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()
