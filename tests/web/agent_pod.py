"""An agent pod as web sees it: a real HTTP server with `/capacity`, which can be full, drain, hang, babble or die."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web


@dataclass
class AgentPod:
    """A pod on a loopback address; change its fields and it answers differently."""

    slots: int = 4
    rooms: list[str] = field(default_factory=list)
    draining: bool = False
    mood: Literal["fine", "slow", "broken", "babbling"] = "fine"
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    host: str = "127.0.0.1"
    port: int = 0
    asked: int = 0
    _runner: web.AppRunner | None = None

    @property
    def target(self) -> str:
        """Give the pod as ALEX_AGENT_PODS names it."""
        return f"{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/capacity", self._capacity)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def die(self) -> None:
        """Stop listening, as a killed pod does."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _capacity(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.mood == "slow":
            await asyncio.sleep(30)
        if self.mood == "broken":
            raise web.HTTPInternalServerError
        if self.mood == "babbling":
            return web.json_response({"instance": self.instance, "active": -1, "slots": "many"})
        return web.json_response(
            {
                "instance": self.instance,
                "active": len(self.rooms),
                "slots": self.slots,
                "draining": self.draining,
                "calls": [{"room": room} for room in self.rooms],
            }
        )
