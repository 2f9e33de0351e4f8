"""A release whose agents follow the calls, and callers who stay on the line; for the tests and `bench/ramp.py`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import aiohttp
from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, TokenError, take_token
from alex_caller.presence import CallError
from cluster.kube import Kube
from cluster.release import install, node_ports, own_namespace, page

# Long enough for a pod to be added and to start on a busy machine.
PATIENCE_SECONDS = 180.0
AGAIN_SECONDS = 2.0

T = TypeVar("T")


@dataclass(frozen=True)
class Fleet:
    """A release with the engine `prometheus` in a namespace of its own, reached through ports of the node."""

    kube: Kube
    url: str

    def scaling(self) -> tuple[bool, str]:
        """Return whether the autoscaler can work, and its reason."""
        path = self.kube.path("horizontalpodautoscalers/alex-agent", "/apis/autoscaling/v2")
        conditions = self.kube.api(path)["status"].get("conditions", [])
        [active] = [found for found in conditions if found["type"] == "ScalingActive"] or [{"status": "", "reason": ""}]
        return active["status"] == "True", active["reason"]


@contextlib.contextmanager
def fleet(alex: Kube, *values: str) -> Iterator[Fleet]:
    """Install a release that follows the calls, with scripted voices; and remove it."""
    with own_namespace(alex) as kube:
        install(
            alex,
            kube,
            "agent.autoscaling.enabled=true",
            "agent.autoscaling.engine=prometheus",
            "agent.aloneSeconds=5",  # a caller who hangs up gives the slot back sooner
            "offline.engine=scripted",
            # Each call listens from its first second, also to a caller without a microphone; one that is refused ends.
            "offline.sttStreams=50",
            "offline.speechStreams=50",
            *values,
            more=json.dumps(node_ports(alex)),
        )
        kube.settled()
        yield Fleet(kube, page(kube))


class Line:
    """One caller without a microphone, who stays until told to hang up."""

    def __init__(self, url: str) -> None:
        self.refused = 0  # tokens that were asked for in vain
        self.cut: str | None = None  # why the call ended before its time
        self._url = url
        self._talking = threading.Event()
        self._hang_up = asyncio.Event()

    @property
    def talking(self) -> bool:
        """Whether Alex is in the call now."""
        return self._talking.is_set() and self.cut is None

    async def stay(self) -> None:
        """Get a token, join, wait for Alex, and stay."""
        try:
            async with Call(await self._invited(), limits=Limits(agent=60.0), microphone=False) as call:
                await call.agent()
                self._talking.set()
                while not self._hang_up.is_set():
                    await call.hold(0.2)
        except (CallError, TokenError) as error:
            self.cut = str(error)
        finally:
            self._talking.clear()

    def leave(self) -> None:
        """End the call; in the thread of the callers."""
        self._hang_up.set()

    async def _invited(self) -> Invitation:
        deadline = time.monotonic() + PATIENCE_SECONDS
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    return await take_token(http, self._url, 0.0)
                except TokenError:
                    self.refused += 1
                    if time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(AGAIN_SECONDS)


class Callers:
    """Calls that go on in a thread of their own while somebody watches the cluster."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="callers")
        self._calls: dict[Line, asyncio.Task[None]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._everybody_leaves())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self) -> Line:
        """Start a call; returns at once."""
        return self._do(self._start())

    def hang_up(self, line: Line) -> None:
        """End a call; returns when it has ended."""
        self._do(self._end(line))

    async def _start(self) -> Line:
        line = Line(self._url)
        self._calls[line] = asyncio.create_task(line.stay())
        return line

    async def _end(self, line: Line) -> None:
        line.leave()
        await self._calls.pop(line)

    async def _everybody_leaves(self) -> None:
        for line in self._calls:
            line.leave()
        _, stuck = await asyncio.wait(self._calls.values(), timeout=20) if self._calls else (set(), set())
        for call in stuck:
            call.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
