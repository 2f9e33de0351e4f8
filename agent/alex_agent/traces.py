"""One OpenTelemetry trace for each call, one span for each turn and its parts; nothing while no endpoint is set.

The SDK's own spans are not used: they carry what was said. Ours have figures and names of models, nothing else.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, format_trace_id, set_span_in_context

from alex_agent.turns import Request, Turn

log = structlog.get_logger(__name__)

# A receiver that is away must not hold a slot: what is not sent by then is lost.
EXPORT_SECONDS = 2.0

# The same for each attempt of the exporter, which else tries for 10 s.
ATTEMPT_SECONDS = 1.5


class Trace:
    """The trace of one call. Sending happens in a thread of its own; only `close` waits, and not for long."""

    def __init__(self, endpoint: str, service: str, call: str) -> None:
        # Not the global provider, which the SDK would take for its own spans.
        self._provider = TracerProvider(resource=Resource.create({"service.name": service}))
        exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=ATTEMPT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer: Tracer = self._provider.get_tracer("alex_agent")  # type: ignore[assignment]
        self._root = self._span("call", None, time.time(), {"call": call})

    @property
    def id(self) -> str:
        """The trace's id, as every tool shows it."""
        return format_trace_id(self._root.get_span_context().trace_id)

    def turn(self, turn: Turn) -> None:
        """Add a turn, whose parts lie where they were on the clock."""
        began = _first(turn.caller_began, turn.caller_ended, turn.alex_began)
        if began is None:
            return
        ended = turn.alex_ended or turn.alex_began or time.time()
        facts = {f"alex.{name}": value for name, value in turn.figures().items()}
        span = self._span("turn", self._root, began, facts)
        if turn.outcome == "failed":
            span.set_status(Status(StatusCode.ERROR, f"no answer: {turn.stage}"))
        if turn.caller_began is not None and turn.caller_ended is not None:
            self._part("caller speaks", span, turn.caller_began, turn.caller_ended)
        if turn.caller_ended is not None:
            if turn.stt_seconds is not None:
                self._part("stt", span, turn.caller_ended, turn.caller_ended + turn.stt_seconds)
            if turn.end_of_turn_seconds is not None:
                self._part("end of turn", span, turn.caller_ended, turn.caller_ended + turn.end_of_turn_seconds)
        for request in turn.requests:
            self._request(request, span)
        if turn.alex_began is not None and turn.alex_ended is not None:
            self._part("alex speaks", span, turn.alex_began, turn.alex_ended)
        span.end(_nanoseconds(ended))

    def close(self, outcome: str) -> None:
        """End the trace and send what is left; blocks for up to `EXPORT_SECONDS`, so call it from a thread."""
        self._root.set_attribute("alex.outcome", outcome)
        self._root.end()
        if not self._provider.force_flush(int(EXPORT_SECONDS * 1000)):
            log.warning("trace_not_sent", hint="check ALEX_OTLP_ENDPOINT (chart value tracing.otlpEndpoint)")
        self._provider.shutdown()

    def _request(self, request: Request, parent: Span) -> None:
        facts = {
            "alex.provider": request.link.provider,
            "alex.model": request.link.model,
            "alex.cancelled": request.cancelled,
        }
        span = self._span(request.link.stage, parent, request.began, facts, SpanKind.CLIENT)
        if request.first is not None:
            span.add_event("first", timestamp=_nanoseconds(request.first))
        span.end(_nanoseconds(request.ended))

    def _part(self, name: str, parent: Span, began: float, ended: float) -> None:
        self._span(name, parent, began, {}).end(_nanoseconds(ended))

    def _span(
        self, name: str, parent: Span | None, began: float, facts: dict[str, Any], kind: SpanKind = SpanKind.INTERNAL
    ) -> Span:
        context = set_span_in_context(parent) if parent is not None else None
        span = self._tracer.start_span(
            name, context=context, kind=kind, attributes=facts, start_time=_nanoseconds(began)
        )
        assert isinstance(span, Span)  # noqa: S101 - a sampler that drops nothing gives no other
        return span


def _first(*moments: float | None) -> float | None:
    return next((moment for moment in moments if moment is not None), None)


def _nanoseconds(moment: float) -> int:
    return int(moment * 1e9)
