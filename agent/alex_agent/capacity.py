"""How many calls this pod holds, which it has lost, and the gate that never lets in one more."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import uuid
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import structlog

from alex_agent.reservations import Reservations

if TYPE_CHECKING:
    from livekit.agents import AgentServer, JobRequest

    from alex_agent.metrics import Metrics

log = structlog.get_logger(__name__)

Promise = Literal["made", "there", "full"]

# LiveKit drops a job for good when every worker's last report is at least its `agents.target_load` (0.7 unless
# configured), and a report is up to 2.5 s old. So even a full pod stays below: it is asked, says no, and the next
# one is asked, while a slot that has just become free is never overlooked.
HIGHEST_LOAD = 0.65

# One fixed identity: when a second agent ever enters a room, LiveKit itself puts the older one out.
IDENTITY = "alex"

# Web looks twice a second; a replica that had to wait for a slow one must still hear of a lost call.
LOST_SECONDS = 10.0

# Tells a job to go although its caller stays; see `call`.
HAND_OVER = signal.SIGUSR1

# A job leaves its room within a second; the chart's grace period counts on this being short.
HAND_OVER_SECONDS = 10.0

# A loop that does not turn for this long belongs to a process that was stopped, or to a node in trouble: by then web
# has put our agents out of their rooms.
STALL_SECONDS = 2.0
TICK_SECONDS = 0.25

# Offers that waited meanwhile are all read within this.
STALE_SECONDS = 1.0

# Between two looks for the last call of a drain.
DRAIN_STEP_SECONDS = 0.1

# What a job sent before it died may still lie in the socket when its end is noticed.
LAST_WORDS_SECONDS = 0.05


class Capacity:
    """Slots of this pod.

    The load alone does not hold a limit: offers that arrive together are all judged by the same stale load. The
    gate in `request` counts what was accepted but has not started yet, and what is promised to somebody else.
    """

    def __init__(
        self, server: AgentServer, slots: int, metrics: Metrics, registered: Callable[[], bool] = lambda: True
    ) -> None:
        self.instance = uuid.uuid4().hex
        self._server = server
        self._registered = registered
        self._slots = slots
        self._metrics = metrics
        self._accepting: list[str] = []
        self._reservations = Reservations()
        self._lost: deque[tuple[float, str, str]] = deque()  # when, job, room
        self._ended: set[int] = set()
        self._ticked_at = time.monotonic()
        self._stalled_at = -STALE_SECONDS
        metrics.slots.set(slots)

    async def request(self, request: JobRequest) -> None:
        """Accept the job if a slot is free or promised to its room, else let LiveKit ask the next pod."""
        draining, room = self._server.draining, request.room.name
        promised = room in self._reservations.open()
        stalled = self._stood_still()
        if draining or stalled or (self._taken() >= self._slots and not promised):
            reason = "draining" if draining else "stalled" if stalled else "full"
            self._metrics.refused(reason)
            log.info("job_refused", reason=reason)
            await request.reject(terminate=False)
            return
        self._accepting.append(room)
        try:
            await request.accept(identity=IDENTITY, name="Alex")
            self._reservations.end(room)  # kept: should the call be lost, its next agent needs a promise of its own
        finally:
            self._accepting.remove(room)

    def reserve(self, room: str, seconds: float) -> Promise:
        """Promise a slot to a room for some seconds, once: whoever asks second for a room is told that it is there."""
        kept = self._rooms()
        self._reservations.tidy(kept)
        if room in {*kept, *self._reservations.open()}:
            return "there"
        if self._server.draining or self._taken() >= self._slots:
            return "full"
        self._reservations.make(room, seconds)
        return "made"

    def release(self, room: str) -> bool:
        """Take a promise back; tell whether there was one."""
        return self._reservations.end(room)

    def watch(self, closed: Callable[[int], None]) -> None:
        """Notice jobs that die, and tell `closed` of every process that ends; to be called once the server runs."""
        # Private, and the only place that knows at once; a contract test watches over the name.
        self._server._proc_pool.on("process_closed", partial(self._on_closed, closed))  # noqa: SLF001

    async def tick(self) -> None:
        """Notice when this process has stood still; runs for as long as the agent does."""
        while True:
            self._stood_still()
            self._ticked_at = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)

    def ended(self, process: int) -> None:
        """Note that the job of a process said its last word: what it leaves behind is in order."""
        self._ended.add(process)

    def lose(self, job: str, room: str) -> None:
        """Report a call whose caller may still be there and whose agent is not."""
        log.error("call_lost", hint="web sends another agent into its room")
        self._lost.append((time.monotonic(), job, room))

    async def drain(self, seconds: float) -> None:
        """Take no new call, and wait for the last one to end.

        Raises:
            TimeoutError: after so many seconds calls were still on.

        """
        # Not the SDK's own `drain` (livekit-agents 1.8.9): woken by the end of one job while another has ended in the
        # same moment, it asks for both over and over without letting anything else run. The pod then answers nobody
        # for the rest of its grace period, and the calls it still has are taken for lost.
        async with self._server._lock:  # noqa: SLF001 - held while the server starts
            self._server._draining = True  # noqa: SLF001
            await self._server._update_worker_status()  # noqa: SLF001
        async with asyncio.timeout(seconds):
            while self._rooms():  # noqa: ASYNC110 - the SDK has no event for it
                await asyncio.sleep(DRAIN_STEP_SECONDS)

    async def hand_over(self) -> None:
        """Ask every call to leave its room to another agent, and wait a moment for that."""
        # A job takes no message from its parent and ignores the signals that end a program.
        processes: list[Any] = list(self._server._proc_pool.processes)  # noqa: SLF001
        for process in processes:
            if process.running_job is not None and process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, HAND_OVER)
        deadline = time.monotonic() + HAND_OVER_SECONDS
        while self._jobs() and time.monotonic() < deadline:  # noqa: ASYNC110 - the SDK has no event for it
            await asyncio.sleep(0.05)

    def load(self, _: AgentServer) -> float:
        """Tell LiveKit how full this pod is; called from a thread and must never raise."""
        return HIGHEST_LOAD * min(1.0, self._taken() / self._slots)

    def report(self) -> dict[str, Any]:
        """Describe the pod for `/capacity`: what web admits against and what shows which calls are alive."""
        rooms = self._rooms()
        while self._lost and self._lost[0][0] < time.monotonic() - LOST_SECONDS:
            self._lost.popleft()
        self._metrics.active.set(len(rooms) - len(self._accepting))
        self._metrics.draining.set(self._server.draining)
        return {
            "instance": self.instance,
            "active": len(rooms),
            "slots": self._slots,
            "draining": self._server.draining,
            # Without it LiveKit offers no job, whatever is free.
            "registered": self._registered(),
            "calls": [{"room": room} for room in rooms],
            "reserved": [{"room": room} for room in self._reservations.open(rooms)],
            "lost": [{"id": job, "room": room} for _, job, room in self._lost],
            # What web holds against the day's budget.
            "spent_usd": round(self._metrics.spent_usd, 6),
        }

    def _stood_still(self) -> bool:
        """Tell whether offers that come now may have waited while nobody answered: their rooms have other agents."""
        now = time.monotonic()
        if now - self._ticked_at > STALL_SECONDS:
            self._stalled_at = now
        return now - self._stalled_at < STALE_SECONDS

    def _on_closed(self, closed: Callable[[int], None], process: Any) -> None:
        if process.pid is not None:  # None: it could not even be started
            loop = asyncio.get_running_loop()
            loop.call_later(LAST_WORDS_SECONDS, self._look_back, process.pid, process.running_job, closed)

    def _look_back(self, process: int, running: Any, closed: Callable[[int], None]) -> None:
        if process in self._ended:
            self._ended.discard(process)
        elif running is not None:
            self._metrics.call_lost()
            self.lose(running.job.id, running.job.room.name)
        closed(process)

    def _taken(self) -> int:
        rooms = self._rooms()
        return len(rooms) + len(self._reservations.open(rooms))

    def _rooms(self) -> list[str]:
        return [job.job.room.name for job in self._jobs()] + list(self._accepting)

    def _jobs(self) -> list[Any]:
        try:
            return self._server.active_jobs
        except AttributeError:  # the process pool exists only once the server runs
            return []
