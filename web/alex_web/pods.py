"""The agent pods as their own `/capacity` tells, read once a second."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from pydantic import BaseModel, Field, ValidationError

from alex_web.metrics import Metrics

log = structlog.get_logger("alex.web")

# The answer is a few hundred bytes from memory: a pod that needs longer is in trouble or far away.
ANSWER_SECONDS = 0.5
# Three missed answers: one may be a busy node, three are not.
FORGET_SECONDS = 3.0
# A real answer for 100 calls is about 10 kB.
LARGEST_ANSWER_BYTES = 256 * 1024


class _Call(BaseModel):
    room: str


class _Answer(BaseModel):
    instance: str
    active: int = Field(ge=0)
    slots: int = Field(ge=0)
    draining: bool
    calls: list[_Call]


@dataclass(frozen=True)
class Pod:
    """An agent pod as it was when it last answered."""

    instance: str
    active: int
    slots: int
    draining: bool
    rooms: frozenset[str]
    seen_at: float
    """`time.monotonic()` of the answer."""


class Pods:
    """Looks at every address behind the given hosts.

    An address that leaves DNS is looked at until it no longer answers: absence from DNS is not death. A refused
    connection is; silence counts after `FORGET_SECONDS`.
    """

    def __init__(self, targets: tuple[str, ...], metrics: Metrics, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._targets = targets
        self._metrics = metrics
        self._timeout = aiohttp.ClientTimeout(total=answer_seconds)
        self._answer_seconds = answer_seconds
        self._pods: dict[tuple[str, int], Pod] = {}
        self._addresses: dict[str, set[tuple[str, int]]] = {}
        self._lookups: dict[str, asyncio.Task[set[tuple[str, int]]]] = {}
        self._troubled: set[str | tuple[str, int]] = set()
        self._http: aiohttp.ClientSession | None = None

    async def look(self) -> None:
        """Look at every pod once, all at the same time; takes at most two of `answer_seconds`."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        await asyncio.gather(*(self._resolve(target) for target in self._targets))
        known = set(self._pods).union(*self._addresses.values())
        await asyncio.gather(*(self._ask(self._http, address) for address in known))

    def alive(self) -> list[Pod]:
        """Give the pods that answered lately, each once even if it has several addresses."""
        horizon = time.monotonic() - FORGET_SECONDS
        return list({pod.instance: pod for pod in self._pods.values() if pod.seen_at >= horizon}.values())

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

    async def _ask(self, http: aiohttp.ClientSession, address: tuple[str, int]) -> None:
        host, port = address
        url = f"http://[{host}]:{port}/capacity" if ":" in host else f"http://{host}:{port}/capacity"
        try:
            async with http.get(url, allow_redirects=False) as response:
                response.raise_for_status()
                answer = _Answer.model_validate_json(await response.content.read(LARGEST_ANSWER_BYTES))
        except aiohttp.ClientConnectorError:
            self._forget(address)
        except (aiohttp.ClientError, TimeoutError, ValidationError) as error:
            self._metrics.missed()
            self._trouble(address, "agent_pod_silent", error=type(error).__name__)
            pod = self._pods.get(address)
            if pod is not None and pod.seen_at < time.monotonic() - FORGET_SECONDS:
                self._forget(address)
        else:
            self._troubled.discard(address)
            self._pods[address] = Pod(
                instance=answer.instance,
                active=answer.active,
                slots=answer.slots,
                draining=answer.draining,
                rooms=frozenset(call.room for call in answer.calls),
                seen_at=time.monotonic(),
            )

    def _trouble(self, about: str | tuple[str, int], event: str, **facts: str) -> None:
        # Once for each spell of trouble: a line a second would bury the reason.
        if about not in self._troubled:
            self._troubled.add(about)
            log.warning(event, **facts)

    def _forget(self, address: tuple[str, int]) -> None:
        self._troubled.discard(address)
        if self._pods.pop(address, None) is not None:
            log.info("agent_pod_gone")


async def _addresses(target: str) -> set[tuple[str, int]]:
    parts = urlsplit(f"//{target}")
    found: list[Any] = await asyncio.get_running_loop().getaddrinfo(
        parts.hostname, parts.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )
    return {(str(entry[4][0]), int(entry[4][1])) for entry in found}
