"""Who may still come in: free slots, less those promised to callers who are on their way."""

from __future__ import annotations

import time
from http import HTTPStatus

from pydantic import BaseModel, Field

from alex_web.metrics import Metrics
from alex_web.pods import Pods
from alex_web.problems import Problem

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
    reserved: int = Field(description="tokens given out whose call is on no pod yet")
    free: int = Field(description="tokens that can be given out now")
    pods: int = Field(description="pods that take calls")
    draining: int = Field(description="pods that wait for their last call")


class Admission:
    """Promises slots to rooms. One event loop, no await between look and promise: nobody gets the last slot twice."""

    def __init__(self, pods: Pods, metrics: Metrics) -> None:
        self._pods = pods
        self._metrics = metrics
        self._promises: dict[str, float] = {}

    def reserve(self, room: str) -> None:
        """Promise a slot to a room.

        Raises:
            Problem: 503 with `Retry-After` when there is no free slot or no agent pod.

        """
        capacity = self.capacity()
        if capacity.pods == 0:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "no-agents",
                "No agent is running",
                "No agent pod takes calls at the moment. If this lasts, look at the agent pods and their logs.",
                retry_after_seconds=RETRY_NO_AGENTS_SECONDS,
            )
        if capacity.free == 0:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "full",
                "Everybody is busy",
                "Every line is taken at the moment. Please try again in a few seconds.",
                retry_after_seconds=RETRY_FULL_SECONDS,
            )
        self._promises[room] = time.monotonic() + PROMISE_SECONDS
        self._show(self.capacity())

    def release(self, room: str) -> None:
        """Take a promise back; the room never came to be."""
        self._promises.pop(room, None)

    def settle(self) -> None:
        """Drop promises that were kept (the call is on a pod) or ran out. To be called after each look."""
        held = frozenset[str]().union(*(pod.rooms for pod in self._pods.alive()))
        now = time.monotonic()
        self._promises = {room: end for room, end in self._promises.items() if end > now and room not in held}
        self._show(self.capacity())

    def capacity(self) -> Capacity:
        """Add up what is known now."""
        pods = self._pods.alive()
        taking = [pod for pod in pods if not pod.draining]
        now = time.monotonic()
        reserved = sum(end > now for end in self._promises.values())
        active = sum(pod.active for pod in taking)
        slots = sum(pod.slots for pod in taking)
        # By pod, so that one that holds more than its slots does not eat another's.
        free = sum(max(pod.slots - pod.active, 0) for pod in taking) - reserved
        return Capacity(
            active=active,
            slots=slots,
            reserved=reserved,
            free=max(free, 0),
            pods=len(taking),
            draining=len(pods) - len(taking),
        )

    def _show(self, capacity: Capacity) -> None:
        self._metrics.active.set(capacity.active)
        self._metrics.slots.set(capacity.slots)
        self._metrics.reserved.set(capacity.reserved)
        self._metrics.free.set(capacity.free)
        self._metrics.pods.set(capacity.pods)
        self._metrics.draining.set(capacity.draining)
