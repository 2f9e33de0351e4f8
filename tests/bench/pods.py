"""Agent pods that only say what they hold: many for a web to look at, without the memory of one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from aiohttp import web
from stack import free_port

SLOTS = 4


@contextlib.contextmanager
def pods(number: int) -> Iterator[list[str]]:
    """Serve so many on loopback, and give their addresses; each promises every room a slot."""
    ports = [free_port() for _ in range(number)]
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_serve(ports))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield [f"127.0.0.1:{port}" for port in ports]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _serve(ports: list[int]) -> None:
    for port in ports:
        app = web.Application()
        app["answer"] = {"instance": f"pod-{port}", "active": 0, "slots": SLOTS, "draining": False, "calls": []}
        app.router.add_get("/capacity", _capacity)
        app.router.add_post("/reservations", _reserve)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()


async def _capacity(request: web.Request) -> web.Response:
    return web.json_response(request.app["answer"])


async def _reserve(request: web.Request) -> web.Response:
    return web.json_response(request.app["answer"], status=201)
