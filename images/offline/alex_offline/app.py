"""The program: the vendors' endpoints on one port, operations on another."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from alex_offline import contexts, deepgram, elevenlabs, openai
from alex_offline.admission import Gate, Keys
from alex_offline.metrics import Metrics
from alex_offline.ops import create_ops
from alex_offline.script import Script
from alex_offline.scripted import ScriptedEngine
from alex_offline.service import SERVICE, Service

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from alex_offline.engine import Engine
    from alex_offline.settings import Settings

log = structlog.get_logger()

# Open calls get this long to finish their sentence when the program stops.
SHUTDOWN_SECONDS = 5.0
BODY_BYTES = deepgram.BATCH_BYTES


def create_engine(settings: Settings, metrics: Metrics) -> Engine:
    """The engine the settings ask for, not started; raises ValueError when its script is wrong."""
    if settings.offline_engine == "scripted":
        text = settings.offline_script_file.read_text(encoding="utf-8") if settings.offline_script_file else "{}"
        return ScriptedEngine(Script.model_validate_json(text), metrics)
    from alex_offline.local import LocalEngine  # noqa: PLC0415 - the models' libraries are not needed to follow a script

    return LocalEngine(settings, metrics)


def create_app(settings: Settings, engine: Engine, metrics: Metrics) -> web.Application:
    """The vendors' endpoints."""
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[_loaded])
    app[SERVICE] = Service(
        engine=engine,
        keys=Keys(settings.key()),
        hearing=Gate(settings.offline_stt_streams, metrics),
        speech=Gate(settings.offline_speech_streams, metrics),
        language=Gate(settings.offline_language_streams, metrics),
        metrics=metrics,
    )
    app.add_routes([*deepgram.routes(), *openai.routes(), *elevenlabs.routes(), *contexts.routes()])
    app.router.add_get("/v1/models", _models)
    return app


async def _models(request: web.Request) -> web.Response:
    """Two vendors share this path; the header their key comes in tells them apart."""
    return await (elevenlabs if "xi-api-key" in request.headers else openai).models(request)


@web.middleware
async def _loaded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nobody is served before the models are warm."""
    if request.app[SERVICE].engine.problem is not None:
        return web.json_response({"error": {"message": "The models are still loading."}}, status=503)
    return await handler(request)


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; 1 when the engine cannot start or a port is taken."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics = Metrics()
    try:
        engine = create_engine(settings, metrics)
    except ValueError as problem:
        log.error("script_invalid", setting="ALEX_OFFLINE_SCRIPT_FILE", value="offline.script", problem=str(problem))
        return 2
    # The vendors end long streams when they stop; so does this. Access logs would name rooms and queries.
    runners = [
        web.AppRunner(
            create_app(settings, engine, metrics),
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
        ),
        web.AppRunner(create_ops(engine, metrics), access_log=None, shutdown_timeout=1.0),
    ]
    try:
        for runner, host, port, name in (
            (runners[1], settings.ops_host, settings.ops_port, "ops"),
            (runners[0], settings.http_host, settings.http_port, "http"),
        ):
            await runner.setup()
            await web.TCPSite(runner, host, port).start()
            log.info("listening", port=runner.addresses[0][1], endpoint=name)
        await engine.start()
        metrics.ready.set(1)
        log.info("ready", engine=settings.offline_engine)
        await stop.wait()
        log.info("stopping")
    except OSError as problem:
        log.error("start_failed", reason=problem.strerror or type(problem).__name__)
        return 1
    finally:
        metrics.ready.set(0)
        for runner in runners:
            await runner.cleanup()
        await engine.aclose()
    return 0
