"""Who may still come in: free slots, less those promised to callers who are on their way.

The promises live in the agent pods, so that any number of web replicas agree. What is known here is half a second old:
it decides which pod is asked, never who gets the last slot.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Iterable
from http import HTTPStatus

from pydantic import BaseModel, Field

from alex_web.metrics import Metrics
from alex_web.pods import Pod, Pods
from alex_web.problems import Problem
from alex_web.settings import Settings

# The room closes 20 s after it was made if nobody comes: after that the slot is free whatever happened.
PROMISE_SECONDS = 25.0
# Calls last minutes, so the next free slot is anybody's guess; this keeps a waiting page from hammering.
RETRY_FULL_SECONDS = 5
# About what a worker needs from its start to its registration.
RETRY_NO_AGENTS_SECONDS = 5


class Capacity(BaseModel):
    """The sum over agent pods. Draining pods take no call and count only as `draining`."""

    active: int = Field(description="calls on pods that take calls")
    slots: int = Field(description="calls those pods can hold")
    reserved: int = Field(description="slots promised to a call that is on no pod yet")
    free: int = Field(description="tokens that can be given out now")
    pods: int = Field(description="pods that take calls")
    draining: int = Field(description="pods that wait for their last call")
    wanted: int | None = Field(
        description="pods that take calls which there should be: ceil((active + those on their way + buffer) / "
        "calls per pod); null while pods have not told, because a small number would send busy ones home"
    )


class Admission:
    """Gets slots promised to rooms, by the pods that have them."""

    def __init__(self, pods: Pods, metrics: Metrics, settings: Settings) -> None:
        self._pods = pods
        self._metrics = metrics
        self._calls_per_pod = settings.calls_per_pod
        self._buffer_calls = settings.buffer_calls
        self._releases: set[asyncio.Task[None]] = set()

    async def reserve(self, room: str) -> Pod:
        """Get a slot promised to a room, by the pod that has most of them.

        Raises:
            Problem: 503 with `Retry-After` when there is no free slot or no agent pod.

        """
        if not any(pod.takes_calls for pod in self._pods.alive()):
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "no-agents",
                "No agent is running",
                "No agent pod takes calls at the moment. If this lasts, look at the agent pods and their logs.",
                retry_after_seconds=RETRY_NO_AGENTS_SECONDS,
            )
        for pod in sorted(self._free(), key=lambda pod: pod.free, reverse=True):
            promise = await self._pods.reserve(pod, room, PROMISE_SECONDS)
            if promise in {"made", "there"}:
                self._show(self.capacity())
                return pod
            if promise == "refused":
                raise Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "agents-refuse-key",
                    "The agents do not know this service",
                    "An agent pod refused our signature. Web and agents need the same LiveKit key and secret.",
                )
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "full",
            "Everybody is busy",
            "Every line is taken at the moment. Please try again in a few seconds.",
            retry_after_seconds=RETRY_FULL_SECONDS,
        )

    async def lease(self, room: str, seconds: float) -> bool:
        """Get the right to send an agent into a room, and a slot for it; False when there is none, or another has it.

        All replicas ask the pods in one order, so the first promise is the one they all find.
        """
        if room in self._pods.promised():
            return False
        for pod in sorted(self._free(), key=lambda pod: hashlib.sha256(f"{room} {pod.instance}".encode()).digest()):
            promise = await self._pods.reserve(pod, room, seconds)
            if promise != "full":
                return promise == "made"
        return False

    async def release(self, pod: Pod, room: str) -> None:
        """Take a promise back; the room never came to be."""
        await self._pods.release(pod, room)

    def settle(self) -> None:
        """Give back promises of one pod that another has kept. To be called after each look."""
        held = self._pods.rooms()
        for pod in self._pods.alive():
            for room in pod.reserved & held:
                task = asyncio.create_task(self._pods.release(pod, room))
                self._releases.add(task)
                task.add_done_callback(self._releases.discard)
        self._show(self.capacity())

    def capacity(self) -> Capacity:
        """Add up what is known now."""
        pods = self._pods.alive()
        taking = [pod for pod in pods if not pod.draining]
        return Capacity(
            active=sum(pod.active for pod in taking),
            slots=sum(pod.slots for pod in taking),
            reserved=sum(len(pod.reserved) for pod in taking),
            # By pod, so that one that holds more than its slots does not eat another's.
            free=sum(pod.free for pod in taking),
            pods=len(taking),
            draining=len(pods) - len(taking),
            wanted=self._wanted(taking),
        )

    def _wanted(self, taking: list[Pod]) -> int | None:
        silent = self._pods.silent()
        if not taking or silent is None:
            return None
        counted = [*taking, *(pod for pod in silent if not pod.draining)]
        # A promise is a call on its way: pods for it should start now, not when it has come. LiveKit may have sent it
        # to another pod than the one that promised, which for a moment holds its promise still.
        here = frozenset[str]().union(*(pod.rooms for pod in counted))
        coming = frozenset[str]().union(*(pod.reserved for pod in counted)) - here
        calls = sum(pod.active for pod in counted) + len(coming)
        return math.ceil((calls + self._buffer_calls) / self._calls_per_pod)

    def _free(self) -> Iterable[Pod]:
        return [pod for pod in self._pods.alive() if pod.free]

    def _show(self, capacity: Capacity) -> None:
        self._metrics.active.set(capacity.active)
        self._metrics.slots.set(capacity.slots)
        self._metrics.reserved.set(capacity.reserved)
        self._metrics.free.set(capacity.free)
        self._metrics.pods.set(capacity.pods)
        self._metrics.draining.set(capacity.draining)
        self._metrics.wanted.set(math.nan if capacity.wanted is None else capacity.wanted)
