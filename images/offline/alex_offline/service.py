"""What the three wires share."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

if TYPE_CHECKING:
    from alex_offline.admission import Gate, Keys
    from alex_offline.engine import Engine
    from alex_offline.metrics import Metrics, Provider


log = structlog.get_logger()


@dataclass(frozen=True)
class Service:
    """The engine behind the wires and the bounds around it."""

    engine: Engine
    keys: Keys
    hearing: Gate
    speech: Gate
    language: Gate
    metrics: Metrics
    # Set when the program stops.
    leaving: asyncio.Event = field(default_factory=asyncio.Event)


SERVICE: web.AppKey[Service] = web.AppKey("service", Service)


def room_of(request: web.Request) -> str | None:
    """Name the room a call belongs to, where the vendor's request says it."""
    return request.headers.get("X-LiveKit-Room-ID")


def identifier(prefix: str = "") -> str:
    """Make a fresh request id."""
    return prefix + secrets.token_hex(12)


def failed(service: Service, provider: Provider, problem: Exception) -> None:
    """Count and log what broke; the text of the problem may hold what somebody said, its type does not."""
    service.metrics.failures.labels(provider).inc()
    log.error("request_failed", provider=provider, error=type(problem).__name__)


def drop(request: web.Request) -> None:
    """Cut the connection without a goodbye."""
    if request.transport is not None:
        request.transport.abort()
