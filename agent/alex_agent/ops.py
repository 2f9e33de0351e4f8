"""The ops port: is it alive, is it ready, what does it count, how many calls does it hold, and for whom is a slot."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alex_agent.capacity import Capacity
from alex_agent.metrics import Metrics
from alex_agent.reservations import LONGEST_SECONDS

STATUS = {"made": 201, "there": 200, "full": 409}

# A reservation is a room's name and a number.
LARGEST_BODY_BYTES = 4096


class Wish(BaseModel):
    """A slot that web wants for a room."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    room: str = Field(min_length=1, max_length=256)
    seconds: float = Field(gt=0, le=LONGEST_SECONDS)


async def serve(
    host: str,
    port: int,
    capacity: Capacity,
    metrics: Metrics,
    unready: Callable[[], str | None],
    may_reserve: Callable[[str], bool],
) -> tuple[web.AppRunner, int]:
    """Start the ops server.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        capacity: what `/capacity` reports.
        metrics: what `/metrics` renders.
        unready: why the pod cannot take a call now, or None when it can.
        may_reserve: whether an `Authorization` header gives the right to promise slots.

    Returns:
        The runner, whose `cleanup()` stops the server, and the port it listens on.

    """

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="the event loop turns\n")

    async def readyz(_: web.Request) -> web.Response:
        reason = unready()
        return web.Response(status=503 if reason else 200, text=f"{reason or 'registered with LiveKit'}\n")

    async def render(request: web.Request) -> web.Response:
        capacity.report()  # brings the gauges up to date
        metrics.readers.note(request.remote or "", request.headers.get("User-Agent", ""))
        body, content_type = metrics.text(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def report(_: web.Request) -> web.Response:
        return web.json_response(capacity.report())

    async def reserve(request: web.Request) -> web.Response:
        _authorize(request)
        try:
            wish = Wish.model_validate_json(await request.read())
        except ValidationError as error:
            raise web.HTTPBadRequest(text=f"not a reservation: {error.error_count()} problems\n") from None
        outcome = capacity.reserve(wish.room, wish.seconds)
        return web.json_response(capacity.report(), status=STATUS[outcome])

    async def release(request: web.Request) -> web.Response:
        _authorize(request)
        there = capacity.release(request.match_info["room"])
        return web.json_response(capacity.report(), status=200 if there else 404)

    def _authorize(request: web.Request) -> None:
        if not may_reserve(request.headers.get("Authorization", "")):
            raise web.HTTPUnauthorized(text="only web promises slots, with a token of the shared LiveKit secret\n")

    app = web.Application(client_max_size=LARGEST_BODY_BYTES)
    app.add_routes(
        [
            web.get("/livez", livez),
            web.get("/readyz", readyz),
            web.get("/metrics", render),
            web.get("/capacity", report),
            web.post("/reservations", reserve),
            web.delete("/reservations/{room}", release),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    return runner, int(runner.addresses[0][1])
