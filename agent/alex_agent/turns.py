"""Watches a session and tells of each turn, each request and each error what happened and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from livekit.agents import AgentSession, APIConnectionError, APIStatusError, APITimeoutError
from livekit.agents.metrics import LLMMetrics, STTMetrics, TTSMetrics

from alex_agent.channel import Sender
from alex_agent.pipeline import Member, Pipeline
from alex_agent.prices import Usage
from alex_agent.providers import Link, Stage
from alex_agent.silence import Silence

log = structlog.get_logger(__name__)

# What the SDK calls the errors of the three stages.
STAGES: dict[str, Stage] = {"stt_error": "stt", "llm_error": "llm", "tts_error": "tts"}


# The figures of a turn, in the order in which they are told.
DURATIONS = ("turn_seconds", "end_of_turn_seconds", "stt_seconds", "llm_seconds", "tts_seconds")


@dataclass(frozen=True)
class Request:
    """One request to an engine: when it began, its first word or sound, its end (seconds of the wall clock)."""

    link: Link
    began: float
    first: float | None
    ended: float
    cancelled: bool


@dataclass(frozen=True)
class Turn:
    """One thing said by the caller and Alex's answer. Durations are seconds, None where there was nothing to measure.

    The moments (`caller_began` and so on) are seconds of the wall clock. Where a duration begins with the end of the
    caller's words, or ends with the answer, it is the caller's last sound and Alex's first.
    """

    number: int
    outcome: str
    stage: str = ""  # where a failed turn failed
    turn_seconds: float | None = None
    end_of_turn_seconds: float | None = None
    stt_seconds: float | None = None
    llm_seconds: float | None = None
    tts_seconds: float | None = None
    caller_began: float | None = None
    caller_ended: float | None = None
    alex_began: float | None = None
    alex_ended: float | None = None
    requests: tuple[Request, ...] = field(default=(), repr=False)

    def figures(self) -> dict[str, Any]:
        """Give what operators and callers read: number, outcome and durations to the millisecond."""
        facts: dict[str, Any] = {"number": self.number, "outcome": self.outcome}
        if self.stage:
            facts["stage"] = self.stage
        for name in DURATIONS:
            if (value := getattr(self, name)) is not None:
                facts[name] = round(value, 3)
        return facts


class Turns:
    """The turns of one call.

    A turn opens with what the caller said and closes with Alex's answer. The SDK hands over the answer when it was
    *played*, so a turn that fails or is cut has none and is closed by what comes next.
    """

    def __init__(
        self,
        sender: Sender,
        pipeline: Pipeline,
        silence: Silence,
        tell: Callable[[Turn], None],
        trace: str | None = None,
    ) -> None:
        self._sender = sender
        self._silence = silence
        self._trace = trace
        self._tell = tell
        self._heard: dict[str, Any] | None = None
        self._transcribed_at: float | None = None
        self._failed: Stage | None = None
        self._requests: list[Request] = []
        # Who answered last in each stage: with a fallback in use the first choice's name would be a lie.
        self._served: dict[str, Link] = {}
        self.count = 0
        for member in pipeline.members:
            self._served.setdefault(member.link.stage, member.link)
            self._watch(member)

    def _watch(self, member: Member) -> None:
        link = member.link
        names = {"stage": link.stage, "provider": link.provider}

        def served(metrics: Any) -> None:
            if self._served[link.stage] != link:
                self._served[link.stage] = link
                self._sender.send("fallback", stage=link.stage)
                log.warning("provider_changed", **names)
            if facts := used(metrics).facts():
                self._sender.send("usage", model=link.model, **names, **facts)
            if link.stage != "stt":  # ears stream all the time: there is no request of a turn
                self._requests.append(_request(link, metrics))

        def failed(event: Any) -> None:
            self._sender.send("error", reason=reason(event.error), **names)
            log.warning("provider_failed", reason=reason(event.error), **names)

        member.engine.on("metrics_collected", served)
        member.engine.on("error", failed)

    def follow(self, session: AgentSession[None]) -> None:
        """Subscribe to the session; call it before the session starts."""
        session.on("user_input_transcribed", self._on_transcribed)
        session.on("conversation_item_added", self._on_item)
        session.on("error", self._on_error)
        session.on("agent_false_interruption", self._on_false_interruption)

    def _on_item(self, event: Any) -> None:
        item = event.item
        if item.type != "message":  # a hand-over between agents is an item, too
            return
        if item.role == "user":
            self.close()
            self._heard = self._as_heard(dict(item.metrics))
        elif item.role == "assistant" and self._heard is not None:
            self._report("interrupted" if item.interrupted else "answered", self._as_said(dict(item.metrics)))

    def _on_transcribed(self, event: Any) -> None:
        if event.is_final:
            self._transcribed_at = event.created_at

    def _as_heard(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """Date the end of the caller's words by their last sound, and what is counted from it."""
        transcribed, self._transcribed_at = self._transcribed_at, None
        began, ended = metrics.get("started_speaking_at"), metrics.get("stopped_speaking_at")
        if began is None or ended is None or (sounded := self._silence.last_sound(began, ended)) is None:
            return metrics
        metrics["stopped_speaking_at"] = sounded
        if "end_of_turn_delay" in metrics:
            metrics["end_of_turn_delay"] += ended - sounded
        # The SDK says 0 for words that were there before its detector believed in the end.
        if transcribed is not None and "transcription_delay" in metrics:
            metrics["transcription_delay"] = max(transcribed - sounded, 0.0)
        return metrics

    def _as_said(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """Date the answer by its first sound, and the whole gap by both."""
        if (began := metrics.get("started_speaking_at")) is not None:
            began = metrics["started_speaking_at"] = began + self._silence.lead
            ended = (self._heard or {}).get("stopped_speaking_at")
            if "e2e_latency" in metrics and ended is not None:
                metrics["e2e_latency"] = began - ended
        return metrics

    def _on_error(self, event: Any) -> None:
        if not getattr(event.error, "recoverable", True):
            self._failed = STAGES.get(event.error.type)

    def _on_false_interruption(self, _: Any) -> None:
        self._sender.send("false_interruption")

    def close(self) -> None:
        """Report a turn that got no answer."""
        if self._heard is not None:
            self._report("failed" if self._failed else "interrupted", {})
        self._failed = None

    def _report(self, outcome: str, said: dict[str, Any]) -> None:
        heard = self._heard or {}
        self.count += 1
        turn = Turn(
            number=self.count,
            outcome=outcome,
            stage=(self._failed or "") if outcome == "failed" else "",
            turn_seconds=said.get("e2e_latency"),
            end_of_turn_seconds=heard.get("end_of_turn_delay"),
            stt_seconds=heard.get("transcription_delay"),
            llm_seconds=said.get("llm_node_ttft"),
            tts_seconds=said.get("tts_node_ttfb"),
            caller_began=heard.get("started_speaking_at"),
            caller_ended=heard.get("stopped_speaking_at"),
            alex_began=said.get("started_speaking_at"),
            alex_ended=said.get("stopped_speaking_at"),
            requests=tuple(self._requests),
        )
        self._heard, self._failed = None, None
        self._requests.clear()
        log.info("turn", **turn.figures())
        self._tell(turn)
        self._sender.send("turn", **self._facts(turn), **({"trace": self._trace} if self._trace else {}))

    def _facts(self, turn: Turn) -> dict[str, Any]:
        """Give the parent what it counts: each stage with the names of who served it."""
        facts: dict[str, Any] = {
            "outcome": turn.outcome,
            "failed_stage": turn.stage,
            "end_of_turn_seconds": turn.end_of_turn_seconds,
            "turn_seconds": turn.turn_seconds,
        }
        for stage, seconds in (("stt", turn.stt_seconds), ("llm", turn.llm_seconds), ("tts", turn.tts_seconds)):
            if seconds is not None:
                link = self._served[stage]
                facts[stage] = {"provider": link.provider, "model": link.model, "seconds": seconds}
        return facts


def used(metrics: Any) -> Usage:
    """Read the usage from what an engine tells after a request.

    Attempts that nobody heard are in it, such as an answer begun before the caller had finished, or the probe that
    looks whether a voice is back: the vendor bills them, too.
    """
    if isinstance(metrics, LLMMetrics):
        return Usage(metrics.prompt_tokens, metrics.prompt_cached_tokens, metrics.completion_tokens)
    if isinstance(metrics, TTSMetrics):
        return Usage(
            input_tokens=metrics.input_tokens,
            output_tokens=metrics.output_tokens,
            characters=metrics.characters_count,
            audio_seconds=metrics.audio_duration,
        )
    if isinstance(metrics, STTMetrics):
        return Usage(
            input_tokens=metrics.input_tokens, output_tokens=metrics.output_tokens, audio_seconds=metrics.audio_duration
        )
    return Usage()


def reason(error: Any) -> str:
    """Say in one word of a small set what was wrong with a provider: `metrics.REASONS`."""
    if isinstance(error, APIStatusError):
        status = error.status_code
        if status in (401, 403):
            return "refused"
        if status == 429:  # noqa: PLR2004 - Too Many Requests (RFC 6585 §4)
            return "busy"
        if 400 <= status < 500:  # noqa: PLR2004 - ours to mend
            return "request"
        # A WebSocket that is closed without a goodbye has a close code (RFC 6455 §7.4), no HTTP status.
        return "connection" if 1000 <= status < 5000 else "server"  # noqa: PLR2004
    if isinstance(error, APITimeoutError):  # one kind of connection error
        return "timeout"
    return "connection" if isinstance(error, APIConnectionError) else "other"


def _request(link: Link, metrics: Any) -> Request:
    ended = metrics.timestamp or time.time()
    began = ended - metrics.duration
    first = metrics.ttft if link.stage == "llm" else metrics.ttfb
    return Request(link, began, began + first if first >= 0 else None, ended, metrics.cancelled)
