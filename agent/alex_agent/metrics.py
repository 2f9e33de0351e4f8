"""All `alex_agent_*` series, and the verbs that move them.

The registry lives in the parent process; jobs report through `channel`. Labels come from small fixed sets, never
from a room, an identity, a job or an address.
"""

from __future__ import annotations

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

STAGES = ("stt", "llm", "tts")
PROVIDERS = {"deepgram": ("stt",), "openai": ("llm", "tts"), "elevenlabs": ("tts",), "offline": STAGES}
TURN_OUTCOMES = ("answered", "interrupted", "failed")
CALL_OUTCOMES = ("ended", "nobody_came", "too_long", "failed", "cut", "lost", "replaced")
REFUSALS = ("full", "draining", "stalled")

# Speech: below 100 ms nobody notices, at 800 ms a pause is felt, past 3 s people ask "hello?"; 10 s is a failure.
SPEECH_BUCKETS = (
    0.05,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.65,
    0.8,
    1.0,
    1.3,
    1.6,
    2.0,
    2.5,
    3.0,
    4.0,
    6.0,
    10.0,
)

# Anything beyond is a broken clock, not a caller's experience: counted, never observed.
LONGEST_PLAUSIBLE_SECONDS = 60.0


class Metrics:
    """The agent's series in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter that no query of ours reads
        self.registry = registry = CollectorRegistry()

        def histogram(name: str, help_: str, *labels: str) -> Histogram:
            return Histogram(name, help_, labels, buckets=SPEECH_BUCKETS, registry=registry)

        self._latency = {
            "stt": histogram(
                "alex_agent_stt_latency_seconds",
                "Seconds from the end of the caller's speech to its final transcript.",
                "provider",
                "model",
            ),
            "llm": histogram(
                "alex_agent_llm_latency_seconds",
                "Seconds from the request to the first token of the answer.",
                "provider",
                "model",
            ),
            "tts": histogram(
                "alex_agent_tts_latency_seconds",
                "Seconds from the first text to the first audio of the answer.",
                "provider",
                "model",
            ),
        }
        self._end_of_turn = histogram(
            "alex_agent_end_of_turn_delay_seconds",
            "Seconds from the end of the caller's speech to the decision that the turn is over.",
        )
        self._turn = histogram(
            "alex_agent_turn_latency_seconds",
            "Seconds from the end of the caller's speech to the first audio of the answer.",
        )
        self._turns = Counter("alex_agent_turns_total", "Turns by how they ended.", ["outcome"], registry=registry)
        self._calls = Counter("alex_agent_calls_total", "Calls by how they ended.", ["outcome"], registry=registry)
        self._refused = Counter(
            "alex_agent_refused_jobs_total",
            "Jobs this pod refused, so that LiveKit asks the next one.",
            ["reason"],
            registry=registry,
        )
        self._errors = Counter(
            "alex_agent_provider_errors_total",
            "Errors of speech and language providers by stage.",
            ["provider", "stage"],
            registry=registry,
        )
        self._fallbacks = Counter(
            "alex_agent_fallbacks_total",
            "Times a stage left its first provider for the next one.",
            ["stage"],
            registry=registry,
        )
        self._refused_keys = Gauge(
            "alex_agent_provider_refused",
            "1 while the provider refuses the key or model it was given at start.",
            ["provider"],
            registry=registry,
        )
        self._lost = Counter(
            "alex_agent_lost_events_total",
            "Events of calls that never reached the parent.",
            registry=registry,
        )
        self._implausible = Counter(
            "alex_agent_implausible_values_total",
            "Latencies that were negative or absurd and therefore not observed.",
            registry=registry,
        )
        self.active = Gauge("alex_agent_active_calls", "Calls on this pod now.", registry=registry)
        self.slots = Gauge("alex_agent_slots", "Calls this pod takes at once.", registry=registry)
        self.draining = Gauge(
            "alex_agent_draining",
            "1 while the pod takes no new call and waits for its last one.",
            registry=registry,
        )
        self.drain_seconds_left = Gauge(
            "alex_agent_drain_seconds_left",
            "Seconds until the calls of a draining pod are cut, 0 while it is not draining.",
            registry=registry,
        )
        self.registered = Gauge(
            "alex_agent_registered", "1 while the pod is registered with LiveKit.", registry=registry
        )
        # A series that appears with its first failure cannot be alerted on before it.
        for counter, values in (
            (self._turns, TURN_OUTCOMES),
            (self._calls, CALL_OUTCOMES),
            (self._refused, REFUSALS),
            (self._fallbacks, STAGES),
        ):
            for value in values:
                counter.labels(value)
        for provider, stages in PROVIDERS.items():
            self._refused_keys.labels(provider)
            for stage in stages:
                self._errors.labels(provider, stage)

    def refused(self, reason: str) -> None:
        """Count a job that was passed on to the next pod."""
        self._refused.labels(reason).inc()

    def provider_refused(self, provider: str) -> None:
        """Mark a provider whose key or model was refused at start."""
        self._refused_keys.labels(provider).set(1)

    def call_lost(self) -> None:
        """Count a call whose job died without a word."""
        self._calls.labels("lost").inc()

    def drain_begins(self, seconds: float) -> None:
        """Count down from now: calls that are still on when `seconds` are over are cut."""
        end = time.monotonic() + seconds
        self.drain_seconds_left.set_function(lambda: max(0.0, end - time.monotonic()))

    def calls_cut(self) -> int:
        """Tell how many calls were ended because the pod had to go."""
        return int(self.registry.get_sample_value("alex_agent_calls_total", {"outcome": "cut"}) or 0)

    def lost(self, events: int) -> None:
        """Count events that never came."""
        self._lost.inc(events)

    def take(self, event: dict[str, Any]) -> None:
        """Move the series that an event of a job concerns; an unknown kind is ignored for a rolling upgrade's sake."""
        kind = event["kind"]
        if kind == "turn":
            self._take_turn(event)
        elif kind == "call":
            self._calls.labels(event["outcome"]).inc()
        elif kind == "error":
            self._errors.labels(event["provider"], event["stage"]).inc()
        elif kind == "fallback":
            self._fallbacks.labels(event["stage"]).inc()

    def _take_turn(self, event: dict[str, Any]) -> None:
        self._turns.labels(event["outcome"]).inc()
        for stage in STAGES:
            if (measured := event.get(stage)) is not None:
                labels = (measured["provider"], measured["model"])
                self._observe(self._latency[stage].labels(*labels), measured["seconds"])
        self._observe(self._end_of_turn, event.get("end_of_turn_seconds"))
        self._observe(self._turn, event.get("turn_seconds"))

    def _observe(self, histogram: Histogram, seconds: float | None) -> None:
        if seconds is None:
            return
        if 0 <= seconds <= LONGEST_PLAUSIBLE_SECONDS:
            histogram.observe(seconds)
        else:
            self._implausible.inc()

    def text(self) -> bytes:
        """Render the registry in Prometheus' text format."""
        return generate_latest(self.registry)
