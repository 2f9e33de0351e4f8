"""The program: the vendors' endpoints on one port, operations on another."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from alex_offline import chat, contexts, deepgram, elevenlabs, openai, saying
from alex_offline.admission import Gate, Keys
from alex_offline.metrics import Metrics, Provider
from alex_offline.ops import create_ops
from alex_offline.script import Script
from alex_offline.scripted import ScriptedEngine
from alex_offline.service import SERVICE, Service, drop, failed

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from alex_offline.engine import Engine
    from alex_offline.settings import Settings

log = structlog.get_logger()

# Speakers get this long to make a pause when the program stops; nobody talks longer without a breath.
PAUSE_SECONDS = 20.0
# And then answers this long to end; Kubernetes gives both 60 s.
SHUTDOWN_SECONDS = 5.0
BODY_BYTES = deepgram.BATCH_BYTES


def create_engine(settings: Settings, metrics: Metrics) -> Engine:
    """Build the engine the settings ask for, not started; raises ValueError when its script is wrong."""
    if settings.offline_engine == "scripted":
        text = settings.offline_script_file.read_text(encoding="utf-8") if settings.offline_script_file else "{}"
        return ScriptedEngine(Script.model_validate_json(text), metrics)
    from alex_offline.local import LocalEngine  # noqa: PLC0415 - the models' libraries are not needed to follow a script

    return LocalEngine(settings, metrics)


def create_app(settings: Settings, engine: Engine, metrics: Metrics) -> web.Application:
    """Build the vendors' endpoints."""
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[_loaded])
    app[SERVICE] = Service(
        engine=engine,
        keys=Keys(settings.key()),
        hearing=Gate(settings.offline_stt_streams, metrics),
        speech=Gate(settings.offline_speech_streams, metrics),
        language=Gate(settings.offline_language_streams, metrics),
        metrics=metrics,
    )
    for wire in (deepgram, openai, chat, saying, elevenlabs, contexts):
        app.add_routes(wire.routes())
    app.router.add_get("/v1/models", _models)
    return app


async def _models(request: web.Request) -> web.Response:
    """Two vendors share this path; the header their key comes in tells them apart."""
    if "xi-api-key" in request.headers:
        return await elevenlabs.models(request)
    return await openai.models(request)


@web.middleware
async def _loaded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serve nobody before the models are warm, and let nothing said reach a log when a request breaks."""
    if request.app[SERVICE].engine.problem is not None:
        return web.json_response({"error": {"message": "The models are still loading."}}, status=503)
    try:
        return await handler(request)
    except (web.HTTPException, ConnectionError):
        raise
    except Exception as problem:  # noqa: BLE001 - aiohttp would log its text, which may hold what somebody said
        failed(request.app[SERVICE], _provider(request.path), problem)
        if request.writer.output_size > 0:
            # A stream that has begun can only be cut.
            drop(request)
        return web.json_response({"error": {"message": "Internal error.", "type": "server_error"}}, status=500)


def _provider(path: str) -> Provider:
    """Tell whose endpoint this is."""
    if path.startswith(("/v1/listen", "/v1/projects")):
        return "deepgram"
    if path.startswith(("/v1/chat", "/v1/models")):
        return "openai"
    return "speech" if path.startswith("/v1/audio") else "elevenlabs"


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; 2 when the script is wrong, 1 when a port is taken or the models do not load."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = Metrics()
    try:
        engine = create_engine(settings, metrics)
    except ValueError as problem:
        log.error("script_invalid", setting="ALEX_OFFLINE_SCRIPT_FILE", value="offline.script", problem=str(problem))
        return 2
    except ImportError as problem:
        _not_loaded(problem)
        return 1
    runners: list[web.AppRunner] = []
    try:
        await _listen(runners, settings, engine, metrics)
        code = await _run(settings, engine, metrics, stop)
        await _leave(runners[-1])
    except OSError as problem:
        log.error("port_taken", settings="ALEX_HTTP_PORT, ALEX_OPS_PORT", problem=problem.strerror)
        return 1
    else:
        return code
    finally:
        metrics.ready.set(0)
        for runner in runners:
            await runner.cleanup()
        await engine.aclose()


async def _leave(runner: web.AppRunner) -> None:
    """Let nobody in any more, and each live stream end in a pause: aiohttp's own shutdown drops what is still said."""
    service = runner.app[SERVICE]
    service.leaving.set()
    for site in list(runner.sites):
        await site.stop()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(service.hearing.empty.wait(), PAUSE_SECONDS)


def _not_loaded(problem: Exception) -> None:
    advice = "the models belong to the image: build it again with images/build"
    log.error("models_not_loaded", error=type(problem).__name__, problem=str(problem), advice=advice)


async def _listen(runners: list[web.AppRunner], settings: Settings, engine: Engine, metrics: Metrics) -> None:
    """Open both ports, operations first, so that probes can follow the loading; raises OSError."""
    for app, host, port, name in (
        (create_ops(engine, metrics), settings.ops_host, settings.ops_port, "ops"),
        (create_app(settings, engine, metrics), settings.http_host, settings.http_port, "http"),
    ):
        # A client that hangs up ends its handler, or a model would think on for nobody. No access log: it would name
        # rooms and queries.
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        log.info("listening", port=runner.addresses[0][1], endpoint=name)


async def _run(settings: Settings, engine: Engine, metrics: Metrics, stop: asyncio.Event) -> int:
    """Load the engine, then wait for the signal to stop."""
    stopping = asyncio.create_task(stop.wait())
    loading = asyncio.create_task(engine.start())
    try:
        await asyncio.wait({stopping, loading}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            loading.result()
            metrics.ready.set(1)
            log.info("ready", engine=settings.offline_engine)
            await stopping
        log.info("stopping")
    except Exception as problem:  # noqa: BLE001 - three libraries, each with errors of its own
        _not_loaded(problem)
        return 1
    finally:
        for task in (stopping, loading):
            task.cancel()
    return 0
