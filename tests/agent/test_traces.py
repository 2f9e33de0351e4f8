"""The trace of a call, as a collector receives it over OTLP."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from alex_agent.providers import Link
from alex_agent.traces import EXPORT_SECONDS, Trace
from alex_agent.turns import Request, Turn
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

MIND = Link("llm", "openai", "openai", "", "", "gpt-4o-mini")
TURN = Turn(
    number=1,
    outcome="answered",
    turn_seconds=0.9,
    end_of_turn_seconds=0.4,
    stt_seconds=0.2,
    llm_seconds=0.3,
    caller_began=1000.0,
    caller_ended=1002.0,
    alex_began=1002.9,
    alex_ended=1005.0,
    requests=(Request(MIND, 1001.9, 1002.2, 1002.8, cancelled=False),),
)


class Collector:
    """Takes traces as OpenTelemetry's collector does: protobuf over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Answer `POST /v1/traces`."""
        assert request.content_type == "application/x-protobuf"
        for resource in ExportTraceServiceRequest.FromString(await request.read()).resource_spans:
            self.services |= {a.value.string_value for a in resource.resource.attributes if a.key == "service.name"}
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response(content_type="application/x-protobuf")

    def named(self, name: str) -> Span:
        """Give the only span of a name."""
        [span] = [span for span in self.spans if span.name == name]
        return span


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    it = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", it.take)
    async with TestServer(app) as server:
        it.url = str(server.make_url("")).rstrip("/")
        yield it


def seconds(span: Span) -> tuple[float, float]:
    return span.start_time_unix_nano / 1e9, span.end_time_unix_nano / 1e9


async def test_a_call_is_one_trace(collector: Collector) -> None:
    """The call is the root, its turns are below it, and the parts of a turn lie where they were on the clock."""
    trace = Trace(collector.url, "alex", "AJ_1")
    trace.turn(TURN)
    await asyncio.to_thread(trace.close, "ended")

    root, turn, mind = collector.named("call"), collector.named("turn"), collector.named("llm")
    assert {span.trace_id.hex() for span in collector.spans} == {trace.id}
    assert collector.services == {"alex"}
    assert root.parent_span_id == b""
    assert turn.parent_span_id == root.span_id
    assert mind.parent_span_id == turn.span_id
    assert seconds(turn) == pytest.approx((1000.0, 1005.0))
    assert seconds(mind) == pytest.approx((1001.9, 1002.8))
    assert mind.events[0].time_unix_nano / 1e9 == pytest.approx(1002.2)
    assert seconds(collector.named("stt")) == pytest.approx((1002.0, 1002.2))
    assert seconds(collector.named("end of turn")) == pytest.approx((1002.0, 1002.4))
    assert seconds(collector.named("alex speaks")) == pytest.approx((1002.9, 1005.0))
    facts = {a.key: a.value for a in turn.attributes}
    assert facts["alex.turn_seconds"].double_value == 0.9
    assert {a.key: a.value.string_value for a in root.attributes}["alex.outcome"] == "ended"


async def test_a_failed_turn_is_an_error(collector: Collector) -> None:
    """A turn without an answer stands out, with the stage that failed and without the parts that never were."""
    trace = Trace(collector.url, "alex", "AJ_1")
    trace.turn(Turn(number=1, outcome="failed", stage="llm", caller_began=1000.0, caller_ended=1002.0))
    await asyncio.to_thread(trace.close, "ended")

    turn = collector.named("turn")
    assert turn.status.code == turn.status.STATUS_CODE_ERROR
    assert "llm" in turn.status.message
    assert {span.name for span in collector.spans} == {"call", "turn", "caller speaks"}


@pytest.mark.parametrize("listens", [False, True])
async def test_a_collector_that_is_away_holds_no_slot(*, listens: bool) -> None:
    """Nobody listens, or takes the call and says nothing: it ends all the same, within seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not listens:
            server.close()
        trace = Trace(f"http://127.0.0.1:{port}", "alex", "AJ_1")
        trace.turn(TURN)
        began = time.monotonic()
        await asyncio.to_thread(trace.close, "ended")

    assert time.monotonic() - began < EXPORT_SECONDS + 10


def test_a_typed_turn_has_no_voice() -> None:
    """A caller who types has no moments of speech: there is nothing to draw, and nothing breaks."""
    trace = Trace("http://127.0.0.1:9", "alex", "AJ_1")
    trace.turn(Turn(number=1, outcome="failed"))
    trace.close("ended")

    assert int(trace.id, 16) > 0
