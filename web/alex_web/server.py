"""Two servers in one process, and an end that lets every request finish."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket

import structlog
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from quart import Quart

from alex_web import __version__, connections
from alex_web.app import create_app
from alex_web.ops import create_ops
from alex_web.service import Service
from alex_web.settings import Settings

log = structlog.get_logger("alex.web")

# The slowest request waits for LiveKit three times (a named room: look, list, create), 5 s each.
GRACEFUL_SECONDS = 20
# Longer than the usual proxy keeps idle connections (60 s), so that the proxy closes first and never races us.
KEEP_ALIVE_SECONDS = 75
# A request of ours is a short line and a few headers; a cookie of another service on the host may ride along.
LARGEST_HEAD_BYTES = 16 * 1024

EXIT_CANNOT_LISTEN = 1


async def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)  # a second one is harmless
    try:
        http = _listen(settings.http_host, settings.http_port, "ALEX_HTTP_PORT")
        ops = _listen(settings.ops_host, settings.ops_port, "ALEX_OPS_PORT")
    except OSError:
        return EXIT_CANNOT_LISTEN
    connections.install()
    app = create_app(settings)
    service: Service = app.extensions["alex"]
    log.info("listening", version=__version__, http=http.getsockname()[1], ops=ops.getsockname()[1])
    http_done = asyncio.Event()

    async def _http() -> None:
        try:
            await _run(app, http, stop)
        finally:
            http_done.set()

    async def _mark() -> None:
        await stop.wait()
        service.stopping = True
        log.info("stopping")

    async with asyncio.TaskGroup() as group:
        marking = group.create_task(_mark())
        group.create_task(_http())
        # Ops last: probes and metrics are answered until no request is left.
        group.create_task(_run(create_ops(service), ops, http_done))
        await http_done.wait()
        marking.cancel()
    log.info("stopped")
    return 0


def _listen(host: str, port: int, variable: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        log.error("cannot_listen", host=host, port=port, error=error.strerror, check=variable)
        raise
    return listener


async def _run(app: Quart, listener: socket.socket, stop: asyncio.Event) -> None:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.graceful_timeout = GRACEFUL_SECONDS
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.h11_max_incomplete_size = LARGEST_HEAD_BYTES
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")  # else it writes lines of its own, beside our JSON
    await hypercorn_serve(app, config, shutdown_trigger=stop.wait)
