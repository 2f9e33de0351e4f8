"""An agent pod as web sees it: a real HTTP server with `/capacity`, which can be full, drain, hang, babble or die."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import uuid
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web
from alex_agent.guard import may_reserve
from stack import SECRET


@dataclass
class AgentPod:
    """A pod on a loopback address; change its fields and it answers differently."""

    slots: int = 4
    rooms: list[str] = field(default_factory=list)
    draining: bool = False
    registered: bool = True
    mood: Literal["fine", "slow", "broken", "babbling"] = "fine"
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    host: str = "127.0.0.1"
    port: int = 0
    reserved: list[str] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    spent_usd: float = 0.0
    asked: int = 0
    secret: str = SECRET
    also: list[tuple[str, str]] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _hole: list[socket.socket] = field(default_factory=list)

    @property
    def target(self) -> str:
        """Give the pod as ALEX_AGENT_PODS names it."""
        return f"{self.host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/capacity", self._capacity)
        app.router.add_post("/reservations", self._reserve)
        app.router.add_delete("/reservations/{room}", self._release)
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
        for one in self._hole:
            one.close()
        self._hole = []

    async def vanish(self) -> None:
        """Be an address behind which nobody is any more: a connection is neither made nor refused."""
        await self.die()
        hole = socket.create_server((self.host, self.port), backlog=0)
        self._hole = [hole]
        for _ in range(4):  # nobody takes them, and the kernel then lets no other in
            knock = socket.socket()
            knock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                knock.connect((self.host, self.port))
            self._hole.append(knock)

    async def _capacity(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.mood == "slow":
            await asyncio.sleep(30)
        if self.mood == "broken":
            raise web.HTTPInternalServerError
        if self.mood == "babbling":
            return web.json_response({"instance": self.instance, "active": -1, "slots": "many"})
        return web.json_response(self._report())

    async def _reserve(self, request: web.Request) -> web.Response:
        if not may_reserve(request.headers["Authorization"], [("devkey", self.secret), *self.also]):
            raise web.HTTPUnauthorized
        room = (await request.json())["room"]
        status = 201
        if room in [*self.rooms, *self.reserved]:
            status = 200
        elif self.draining or len(self.rooms) + len(self.reserved) >= self.slots:
            status = 409
        else:
            self.reserved.append(room)
        return web.json_response(self._report(), status=status)

    async def _release(self, request: web.Request) -> web.Response:
        room = request.match_info["room"]
        self.released.append(room)
        self.reserved = [other for other in self.reserved if other != room]
        return web.json_response(self._report())

    def _report(self) -> dict[str, object]:
        return {
            "instance": self.instance,
            "active": len(self.rooms),
            "slots": self.slots,
            "draining": self.draining,
            "registered": self.registered,
            "calls": [{"room": room} for room in self.rooms],
            "reserved": [{"room": room} for room in self.reserved if room not in self.rooms],
            "lost": [{"id": job, "room": room} for job, room in self.lost],
            "spent_usd": self.spent_usd,
        }
