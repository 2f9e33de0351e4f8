"""JSON lines on standard output; what callers say and who they are never gets that far."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

# Fields that the SDK attaches to its records and that tell who is in a call or what is said there.
PRIVATE_FIELDS = frozenset(
    {"room", "room_id", "room_name", "participant", "identity", "job_request", "job", "text", "transcript",
     "user_transcript", "token", "url", "metadata", "user_input", "message", "speech", "arguments", "output"}
)  # fmt: skip

TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")  # a JWT, as LiveKit takes it


def _without_private(_: Any, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Drop private fields; `lk.pii.*` is the SDK's own mark for words spoken.

    A trace of a job arrives inside the message, and the provider's last line may quote the caller: only the type of
    the error is kept.
    """
    head, trace, rest = str(event.get("event", "")).partition("\nTraceback")
    if trace:
        event["event"] = head
        event["error"] = rest.strip().rpartition("\n")[2].partition(":")[0]
    kept = {k: v for k, v in event.items() if k not in PRIVATE_FIELDS and not k.startswith("lk.pii")}
    return {k: TOKEN.sub("…", v) if isinstance(v, str) else _name(v) for k, v in kept.items()}


def _name(value: Any) -> Any:
    """Name an error by its type and status: it may hold the request it is about, and that a token."""
    if not isinstance(value, BaseException):
        return value
    return " ".join(str(part) for part in (type(value).__name__, getattr(value, "status", "")) if part)


class _NativeFilter(logging.Filter):
    """Keep the media library's chatter out: it puts room names and identities, in quotes, into its sentences."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name != "livekit":
            return True
        record.msg, record.args = re.sub(r'"[^"]*"', '"…"', record.getMessage()), None
        return record.levelno >= logging.WARNING


def setup(level: str, log_format: str) -> None:
    """Send structlog and the standard library's loggers through one formatter.

    Job processes forward their standard records to the parent, so both ends meet here.
    """
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_private,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    handler.addFilter(_NativeFilter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # A connection's life is told by our own events; these would repeat it at every call.
    for noisy in ("asyncio", "httpx2", "httpcore2", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    bind()


def bind() -> None:
    """Make structlog write into the standard library's loggers; a job process needs only this half."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.render_to_log_kwargs,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
