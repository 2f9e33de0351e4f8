"""The parts of web, wired once, and the two loops that keep them up to date."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

import structlog

from alex_web.admission import Admission
from alex_web.budget import Budget
from alex_web.calls import Calls
from alex_web.crowd import Crowd
from alex_web.limits import Limits
from alex_web.livekit import LiveKit
from alex_web.metrics import Metrics
from alex_web.pods import Pods
from alex_web.settings import Settings
from alex_web.shared import Shared
from alex_web.signin import SignIn
from alex_web.tokens import badge
from alex_web.watch import PATROL_SECONDS, Watch

log = structlog.get_logger("alex.web")

# The looks decide how soon a caller whose agent died hears another one; each is one small request to each agent pod.
LOOK_SECONDS = 0.5
PROBE_SECONDS = 5.0
# A replica that ends may take so much of the day's count with it, where there is a Redis.
SHARE_SECONDS = 5.0
# A restart of LiveKit takes seconds, and a page that says "server trouble" is better than none: stay ready through it.
SILENT_SECONDS = 60.0


class Service:
    """Everything behind the HTTP surface."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.livekit = LiveKit(settings, self.metrics)
        self.pods = Pods(settings.agent_pods, self.metrics, badge(settings))
        self.admission = Admission(self.pods, self.metrics, settings)
        self.shared = Shared(settings)
        self.limits = Limits(settings, self.shared)
        self.sign_in = SignIn(settings, self.limits)
        self.budget = Budget(settings, self.pods, self.shared, self.metrics, time.time)
        crowd = Crowd(settings, self.pods)
        self.calls = Calls(settings, self.admission, crowd, self.limits, self.budget, self.livekit, self.metrics)
        self.watch = Watch(self.pods, self.admission, self.livekit, self.metrics, settings.max_call_seconds)
        self.stopping = False
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to watch agent pods and LiveKit."""
        await self.budget.share()
        await self._look()
        self._loops = [
            asyncio.create_task(_every(LOOK_SECONDS, self._look)),
            asyncio.create_task(_every(PROBE_SECONDS, self.livekit.probe)),
            asyncio.create_task(_every(PATROL_SECONDS, self.watch.patrol)),
            asyncio.create_task(_every(SHARE_SECONDS, self.budget.share)),
        ]

    async def close(self) -> None:
        """Stop watching and close all connections."""
        for loop in self._loops:
            loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loop
        await self.watch.close()
        await self.pods.close()
        await self.livekit.close()
        await self.shared.close()

    def unready(self) -> str | None:
        """Say why no request should come here, or None when it should."""
        if self.stopping:
            return "stopping"
        if self.livekit.silent_seconds() > SILENT_SECONDS:
            return f"{self.livekit.trouble}: see the log, and check LIVEKIT_URL and the LiveKit keys"
        return None

    async def _look(self) -> None:
        await self.pods.look()
        self.admission.settle()
        self.watch.look()
        self.budget.look()


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        began = time.monotonic()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - a watch that dies unseen would freeze what everybody decides by
            log.error("watch_failed", error=type(error).__name__)
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
