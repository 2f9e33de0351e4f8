"""How many calls this pod holds, and the gate that never lets in one more."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from livekit.agents import AgentServer, JobRequest

    from alex_agent.metrics import Metrics

log = structlog.get_logger(__name__)

# LiveKit drops a job for good when every worker's last report is at least its `agents.target_load` (0.7 unless
# configured), and a report is up to 2.5 s old. So even a full pod stays below: it is asked, says no, and the next
# one is asked, while a slot that has just become free is never overlooked.
HIGHEST_LOAD = 0.65

# One fixed identity: when a second agent ever enters a room, LiveKit itself puts the older one out.
IDENTITY = "alex"


class Capacity:
    """Slots of this pod.

    The load alone does not hold a limit: offers that arrive together are all judged by the same stale load. The
    gate in `request` counts what was accepted but has not started yet.
    """

    def __init__(self, server: AgentServer, slots: int, metrics: Metrics) -> None:
        self.instance = uuid.uuid4().hex
        self._server = server
        self._slots = slots
        self._metrics = metrics
        self._accepting = 0
        metrics.slots.set(slots)

    async def request(self, request: JobRequest) -> None:
        """Accept the job if a slot is free, else let LiveKit ask the next pod."""
        draining = self._server.draining
        if draining or self._taken() >= self._slots:
            reason = "draining" if draining else "full"
            self._metrics.refused(reason)
            log.info("job_refused", reason=reason)
            await request.reject(terminate=False)
            return
        self._accepting += 1
        try:
            await request.accept(identity=IDENTITY, name="Alex")
        finally:
            self._accepting -= 1

    def load(self, _: AgentServer) -> float:
        """Tell LiveKit how full this pod is; called from a thread and must never raise."""
        return HIGHEST_LOAD * min(1.0, self._taken() / self._slots)

    def report(self) -> dict[str, Any]:
        """Describe the pod for `/capacity`: what web admits against and what shows which calls are alive."""
        calls = [{"room": job.job.room.name} for job in self._jobs()]
        active = len(calls) + self._accepting
        self._metrics.active.set(len(calls))
        self._metrics.draining.set(self._server.draining)
        return {
            "instance": self.instance,
            "active": active,
            "slots": self._slots,
            "draining": self._server.draining,
            "calls": calls,
        }

    def _taken(self) -> int:
        return len(self._jobs()) + self._accepting

    def _jobs(self) -> list[Any]:
        try:
            return self._server.active_jobs
        except AttributeError:  # the process pool exists only once the server runs
            return []
