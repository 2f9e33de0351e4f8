"""The ops port: is it alive, is it ready, what does it count, how many calls does it hold."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from alex_agent.capacity import Capacity
from alex_agent.metrics import Metrics


async def serve(
    host: str, port: int, capacity: Capacity, metrics: Metrics, unready: Callable[[], str | None]
) -> tuple[web.AppRunner, int]:
    """Start the ops server.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        capacity: what `/capacity` reports.
        metrics: what `/metrics` renders.
        unready: why the pod cannot take a call now, or None when it can.

    Returns:
        The runner, whose `cleanup()` stops the server, and the port it listens on.

    """

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="the event loop turns\n")

    async def readyz(_: web.Request) -> web.Response:
        reason = unready()
        return web.Response(status=503 if reason else 200, text=f"{reason or 'registered with LiveKit'}\n")

    async def render(_: web.Request) -> web.Response:
        capacity.report()  # brings the gauges up to date
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def report(_: web.Request) -> web.Response:
        return web.json_response(capacity.report())

    app = web.Application()
    app.add_routes(
        [
            web.get("/livez", livez),
            web.get("/readyz", readyz),
            web.get("/metrics", render),
            web.get("/capacity", report),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    return runner, int(runner.addresses[0][1])
