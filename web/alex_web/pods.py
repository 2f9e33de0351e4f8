"""The agent pods as their own `/capacity` tells, read twice a second, and the slots they promise."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import aiohttp
import structlog
from pydantic import BaseModel, Field, ValidationError

from alex_web.metrics import Metrics

log = structlog.get_logger("alex.web")

Promise = Literal["made", "there", "full", "refused"]
Look = Literal["answer", "silence", "slowness", "end"]

# The answer is a few hundred bytes from memory: a pod that needs longer is in trouble or far away.
ANSWER_SECONDS = 0.5
# A promise changes something, so its answer is worth waiting for: a slot that we do not know of is nobody's.
PROMISE_SECONDS = 2.0
# Looks in a row without an answer: one may be a busy node, three at which not even a connection was made are not. While
# no pod at all answers they do not count: then we are slow or cut off, there is nobody to send, and the calls may well
# go on.
MOST_MISSES = 3
# The same where connections are made: the process is there and gets no time, but its calls are processes of their own
# and mostly go on. On two cores with a load of 30 pods were silent for four seconds, and callers lost a living agent. A
# call that stood still ends itself after five (`alex_agent.stillness`), which has to be before anybody is sent.
MOST_SLOW = 12
# What we know of a pod is worth nothing after this, should we ourselves have stood still.
FORGET_SECONDS = 3.0
# A pod reports a lost call for ten seconds; after twice that nobody can take it for a new one.
REMEMBER_LOST_SECONDS = 20.0
# A real answer for 100 calls is about 10 kB.
LARGEST_ANSWER_BYTES = 256 * 1024


class _Call(BaseModel):
    room: str


class _Lost(BaseModel):
    id: str
    room: str


class _Answer(BaseModel):
    instance: str
    active: int = Field(ge=0)
    slots: int = Field(ge=0)
    draining: bool
    registered: bool = True
    calls: list[_Call]
    reserved: list[_Call] = []
    lost: list[_Lost] = []
    spent_usd: float = Field(0.0, ge=0)


@dataclass(frozen=True)
class Pod:
    """An agent pod as it was when it last answered."""

    address: tuple[str, int]
    instance: str
    active: int
    slots: int
    draining: bool
    registered: bool
    """Whether LiveKit offers it jobs: not before it has started, and not while it looks for LiveKit again."""
    rooms: frozenset[str]
    reserved: frozenset[str]
    seen_at: float
    """`time.monotonic()` of the answer."""
    spent_usd: float = 0.0
    """What its calls have cost since it started, by the operator's table of prices."""

    @property
    def takes_calls(self) -> bool:
        """Whether LiveKit sends it another call."""
        return self.registered and not self.draining

    @property
    def free(self) -> int:
        """Slots that hold no call and are promised to none."""
        return max(self.slots - self.active - len(self.reserved), 0) if self.takes_calls else 0


class Pods:
    """Looks at every address behind the given hosts.

    An address that leaves DNS is looked at until it no longer answers: absence from DNS is not death. A refused
    connection is; silence counts after `MOST_MISSES` looks in which other pods answered, after `MOST_SLOW` where
    connections are taken, or at once when DNS does not name the pod any more.
    """

    def __init__(
        self,
        targets: tuple[str, ...],
        metrics: Metrics,
        badge: Callable[[], str],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._targets = targets
        self._badge = badge
        self._metrics = metrics
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=answer_seconds, sock_read=answer_seconds)
        self._answer_seconds = answer_seconds
        self._pods: dict[tuple[str, int], Pod] = {}
        self._misses: dict[tuple[str, int], int] = {}
        self._slow: dict[tuple[str, int], int] = {}
        self._silent: dict[tuple[str, int], Pod | None] = {}
        self._refused: set[tuple[str, int]] = set()
        self._doors: dict[tuple[str, int], asyncio.Lock] = {}
        self._lost: set[str] = set()
        self._reported: dict[str, float] = {}
        self._addresses: dict[str, set[tuple[str, int]]] = {}
        self._lookups: dict[str, asyncio.Task[set[tuple[str, int]]]] = {}
        self._troubled: set[str | tuple[str, int]] = set()
        self._http: aiohttp.ClientSession | None = None

    async def look(self) -> None:
        """Look at every pod once, all at the same time; takes at most two of `answer_seconds`."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        await asyncio.gather(*(self._resolve(target) for target in self._targets))
        known = list(set(self._pods).union(*self._addresses.values()))
        found = await asyncio.gather(*(self._ask(self._http, address) for address in known))
        somebody = "answer" in found
        for address, what in zip(known, found, strict=True):
            if what in ("silence", "slowness"):
                self._missed(address, counts=somebody, connected=what == "slowness")
        self._silent = {address: pod for address, pod in self._silent.items() if not self._has_left(address)}
        self._refused = {address for address in self._refused if not self._has_left(address)}

    def alive(self) -> list[Pod]:
        """Give the pods that answered lately, each once even if it has several addresses."""
        horizon = time.monotonic() - FORGET_SECONDS
        return list({pod.instance: pod for pod in self._pods.values() if pod.seen_at >= horizon}.values())

    def silent(self) -> list[Pod] | None:
        """Give the pods that DNS names and that fell silent, as they last were; None when one of them never spoke.

        Their calls are elsewhere or will be, but Kubernetes counts these pods still.
        """
        alive = {pod.instance for pod in self.alive()}
        quiet = [pod for pod in (*self._silent.values(), *self._pods.values()) if pod and pod.instance not in alive]
        return None if None in self._silent.values() else list({pod.instance: pod for pod in quiet}.values())

    def rooms(self) -> frozenset[str]:
        """Give the rooms that have a call on a pod."""
        return frozenset[str]().union(*(pod.rooms for pod in self.alive()))

    def promised(self) -> frozenset[str]:
        """Give the rooms that have the promise of a slot; that of a pod which gets no job counts no more."""
        return frozenset[str]().union(*(pod.reserved for pod in self.alive() if pod.takes_calls))

    def take_lost(self) -> set[str]:
        """Give the rooms whose agent died since this was last asked: its job, or its pod."""
        lost, self._lost = self._lost - self.rooms(), set()
        return lost

    async def reserve(self, pod: Pod, room: str, seconds: float) -> Promise:
        """Ask a pod to promise a slot to a room."""
        # One after the other: behind the last free slot a crowd need not ask.
        async with self._doors.setdefault(pod.address, asyncio.Lock()):
            now = self._pods.get(pod.address)
            if now is None or not (now.free or room in now.reserved | now.rooms):
                return "full"
            status = await self._send("POST", pod, "/reservations", {"room": room, "seconds": seconds})
        promises: dict[int, Promise] = {
            HTTPStatus.CREATED: "made",
            HTTPStatus.OK: "there",
            HTTPStatus.UNAUTHORIZED: "refused",
        }
        return promises.get(status, "full")

    async def release(self, pod: Pod, room: str) -> None:
        """Give a promise back; a pod that does not hear it forgets the promise by itself."""
        await self._send("DELETE", pod, f"/reservations/{quote(room, safe='')}")

    async def close(self) -> None:
        """Stop all lookups and close all connections."""
        for lookup in self._lookups.values():
            lookup.cancel()
        if self._http is not None:
            await self._http.close()

    async def _resolve(self, target: str) -> None:
        # A lookup that hangs keeps its thread: never start a second one beside it.
        lookup = self._lookups.get(target)
        if lookup is None:
            lookup = self._lookups[target] = asyncio.create_task(_addresses(target))
        await asyncio.wait({lookup}, timeout=self._answer_seconds)
        if not lookup.done():
            self._trouble(target, "agent_host_lookup_slow", host=target)
            return
        del self._lookups[target]
        if (error := lookup.exception()) is not None:
            # A name that is gone, not an address that is: what we know is looked at as long as it answers.
            self._addresses.pop(target, None)
            self._trouble(target, "agent_host_unknown", host=target, error=type(error).__name__)
            return
        self._troubled.discard(target)
        self._addresses[target] = lookup.result()

    async def _ask(self, http: aiohttp.ClientSession, address: tuple[str, int]) -> Look:
        try:
            answer = await self._read(http, address)
        except aiohttp.ClientConnectorError:
            self._forget(address)
            self._refused.add(address)
            return "end"
        except (aiohttp.ClientError, TimeoutError, ValidationError) as error:
            self._trouble(address, "agent_pod_silent", error=type(error).__name__)
            return "silence" if isinstance(error, aiohttp.ConnectionTimeoutError) else "slowness"
        self._troubled.discard(address)
        self._misses.pop(address, None)
        self._slow.pop(address, None)
        self._note(address, answer)
        return "answer"

    def _missed(self, address: tuple[str, int], *, counts: bool, connected: bool) -> None:
        self._metrics.missed()
        if connected:
            self._slow[address] = self._slow.get(address, 0) + counts
        else:
            # A connection that was kept open cannot tell whether anybody is there still: the first look may go to it.
            self._misses[address] = self._misses.get(address, min(self._slow.get(address, 0), 1)) + counts
        last = self._pods.get(address) or self._silent.get(address)
        is_dead = self._misses.get(address, 0) >= MOST_MISSES or self._slow.get(address, 0) >= MOST_SLOW
        if is_dead or self._has_left(address):
            self._forget(address)
        # Nobody listened there: a pod that has ended, which DNS names a little longer, or one that is just starting.
        if address not in self._pods and address not in self._refused:
            self._silent[address] = last

    async def _read(self, http: aiohttp.ClientSession, address: tuple[str, int]) -> _Answer:
        try:
            return await self._get(http, address)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # A connection that was kept open ends with the process: only a new one tells whether the pod is there.
            return await self._get(http, address)

    async def _get(self, http: aiohttp.ClientSession, address: tuple[str, int]) -> _Answer:
        async with http.get(_url(address, "/capacity"), allow_redirects=False) as response:
            response.raise_for_status()
            return _Answer.model_validate_json(await response.content.read(LARGEST_ANSWER_BYTES))

    async def _send(self, method: str, pod: Pod, path: str, body: dict[str, object] | None = None) -> int:
        """Send a request that changes a pod's promises; 0 when it does not answer."""
        if self._http is None:
            return 0
        headers = {"Authorization": f"Bearer {self._badge()}"}
        try:
            async with self._http.request(
                method,
                _url(pod.address, path),
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=PROMISE_SECONDS),
                allow_redirects=False,
            ) as response:
                if response.status == HTTPStatus.UNAUTHORIZED:
                    self._trouble(pod.address, "agent_pod_refuses_us", check="web and agents need one LiveKit secret")
                    return response.status
                answer = _Answer.model_validate_json(await response.content.read(LARGEST_ANSWER_BYTES))
        except (aiohttp.ClientError, TimeoutError, ValidationError) as error:
            self._trouble(pod.address, "agent_pod_silent", error=type(error).__name__)
            return 0
        self._note(pod.address, answer)
        return response.status

    def _note(self, address: tuple[str, int], answer: _Answer) -> None:
        before = self._pods.get(address)
        if before is not None and before.instance != answer.instance:
            self._lost |= before.rooms  # another program at the same address: the calls of the first are gone
        self._silent.pop(address, None)
        self._refused.discard(address)
        now = time.monotonic()
        self._reported = {job: at for job, at in self._reported.items() if at > now - REMEMBER_LOST_SECONDS}
        for lost in answer.lost:
            if lost.id not in self._reported:
                self._reported[lost.id] = now
                self._lost.add(lost.room)
        self._pods[address] = Pod(
            address=address,
            instance=answer.instance,
            active=answer.active,
            slots=answer.slots,
            draining=answer.draining,
            registered=answer.registered,
            rooms=frozenset(call.room for call in answer.calls),
            reserved=frozenset(call.room for call in answer.reserved),
            seen_at=now,
            spent_usd=answer.spent_usd,
        )

    def _has_left(self, address: tuple[str, int]) -> bool:
        """Tell whether DNS knows pods and this one is none of them: with a missed answer it is gone."""
        named = set[tuple[str, int]]().union(*self._addresses.values())
        return bool(named) and address not in named

    def _trouble(self, about: str | tuple[str, int], event: str, **facts: str) -> None:
        # Once for each spell of trouble: a line a second would bury the reason.
        if about not in self._troubled:
            self._troubled.add(about)
            log.warning(event, **facts)

    def _forget(self, address: tuple[str, int]) -> None:
        self._troubled.discard(address)
        self._misses.pop(address, None)
        self._slow.pop(address, None)
        self._silent.pop(address, None)
        self._doors.pop(address, None)
        pod = self._pods.pop(address, None)
        if pod is not None:
            self._lost |= pod.rooms
            log.info("agent_pod_gone", calls=len(pod.rooms))


def _url(address: tuple[str, int], path: str) -> str:
    host, port = address
    return f"http://[{host}]:{port}{path}" if ":" in host else f"http://{host}:{port}{path}"


async def _addresses(target: str) -> set[tuple[str, int]]:
    parts = urlsplit(f"//{target}")
    found: list[Any] = await asyncio.get_running_loop().getaddrinfo(
        parts.hostname, parts.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return {(str(entry[4][0]), int(entry[4][1])) for entry in found}
