"""Operations: health, metrics, and for the scripted engine its script and ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError

from alex_offline.script import Script
from alex_offline.scripted import ScriptedEngine

if TYPE_CHECKING:
    from alex_offline.engine import Engine
    from alex_offline.metrics import Metrics


def create_ops(engine: Engine, metrics: Metrics) -> web.Application:
    """Build the operations port; script and ledger exist for the scripted engine only."""

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        problem = engine.problem
        return web.Response(text="ok\n") if problem is None else web.Response(text=f"{problem}\n", status=503)

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", figures)])
    if isinstance(engine, ScriptedEngine):
        _scripted(app, engine)
    return app


def _scripted(app: web.Application, engine: ScriptedEngine) -> None:
    async def get_script(_: web.Request) -> web.Response:
        return web.json_response(engine.script.model_dump(mode="json"))

    async def put_script(request: web.Request) -> web.Response:
        try:
            engine.put(Script.model_validate_json(await request.read()))
        except ValidationError as problem:
            mistakes = problem.errors(include_url=False, include_context=False, include_input=False)
            return web.json_response({"errors": mistakes}, status=400)
        return await get_script(request)

    async def get_ledger(request: web.Request) -> web.Response:
        return web.json_response(engine.ledger.dump(request.query.get("provider"), request.query.get("room")))

    async def delete_ledger(_: web.Request) -> web.Response:
        engine.ledger.clear()
        return web.Response(status=204)

    app.add_routes(
        [
            web.get("/script", get_script),
            web.put("/script", put_script),
            web.get("/ledger", get_ledger),
            web.delete("/ledger", delete_ledger),
        ]
    )
