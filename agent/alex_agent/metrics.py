"""All `alex_agent_*` series, and the verbs that move them.

The registry lives in the parent process; jobs report through `channel`. Labels come from small fixed sets, never
from a room, an identity, a job or an address.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from alex_agent.prices import Price, Usage
from alex_agent.providers import Link
from alex_agent.readers import Readers

STAGES = ("stt", "llm", "tts")
PROVIDERS = {"deepgram": ("stt",), "openai": ("llm", "tts"), "elevenlabs": ("tts",), "offline": STAGES}
TURN_OUTCOMES = ("answered", "interrupted", "failed")
REASONS = ("refused", "busy", "timeout", "connection", "server", "request", "other")
CALL_OUTCOMES = ("ended", "nobody_came", "too_long", "failed", "cut", "lost", "replaced")
REFUSALS = ("full", "draining", "stalled")

# Speech: below 100 ms nobody notices, at 800 ms a pause is felt, past 3 s people ask "hello?"; 10 s is a failure.
SPEECH_BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0)

# A wrong number, a question, a talk, and the longest call that `agent.maxCallSeconds` allows by default.
CALL_BUCKETS = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)

# Anything beyond is a broken clock, not a caller's experience: counted, never observed.
LONGEST_PLAUSIBLE_SECONDS = 60.0


class Metrics:
    """The agent's series in a registry of their own."""

    def __init__(self, prices: Iterable[Price] = (), budget_usd_per_day: float = 0.0) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter that no query of ours reads
        self.registry = registry = CollectorRegistry()
        self.has_told = False  # whether any call moved a series
        self.readers = Readers()

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
        self._turns = Counter(
            "alex_agent_turns_total",
            "Turns by how they ended, and the stage at which a failed one failed.",
            ["outcome", "stage"],
            registry=registry,
        )
        self._false_interruptions = Counter(
            "alex_agent_false_interruptions_total",
            "Times Alex stopped for a sound that was no interruption, and went on.",
            registry=registry,
        )
        self._calls = Counter("alex_agent_calls_total", "Calls by how they ended.", ["outcome"], registry=registry)
        self._call_seconds = Histogram(
            "alex_agent_call_seconds",
            "Seconds from Alex's answer to the end of the call.",
            buckets=CALL_BUCKETS,
            registry=registry,
        )
        self._refused = Counter(
            "alex_agent_refused_jobs_total",
            "Jobs this pod refused, so that LiveKit asks the next one.",
            ["reason"],
            registry=registry,
        )
        self._errors = Counter(
            "alex_agent_provider_errors_total",
            "Errors of speech and language providers, each attempt counted, by stage and by what was wrong.",
            ["provider", "stage", "reason"],
            registry=registry,
        )
        self._fallbacks = Counter(
            "alex_agent_fallbacks_total",
            "Times a stage left its first provider for the next one.",
            ["stage"],
            registry=registry,
        )
        self._usage = Usages(registry, prices)
        if budget_usd_per_day:
            Gauge(
                "alex_agent_budget_usd_per_day",
                "US dollars a day that all agent pods together may cost, as the operator wishes.",
                registry=registry,
            ).set(budget_usd_per_day)
        self._refused_keys = Gauge(
            "alex_agent_provider_refused",
            "1 while the provider refuses the key or model it was given at start.",
            ["provider"],
            registry=registry,
        )
        self._lost = Counter(
            "alex_agent_lost_events_total", "Events of calls that never reached the parent.", registry=registry
        )
        self._implausible = Counter(
            "alex_agent_implausible_values_total",
            "Latencies that were negative or absurd and therefore not observed.",
            registry=registry,
        )
        self.active = Gauge("alex_agent_active_calls", "Calls on this pod now.", registry=registry)
        self.slots = Gauge("alex_agent_slots", "Calls this pod takes at once.", registry=registry)
        self.draining = Gauge(
            "alex_agent_draining", "1 while the pod takes no new call and waits for its last one.", registry=registry
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
        for counter, values in ((self._calls, CALL_OUTCOMES), (self._refused, REFUSALS), (self._fallbacks, STAGES)):
            for value in values:
                counter.labels(value)
        for outcome in TURN_OUTCOMES:
            for stage in STAGES if outcome == "failed" else ("",):
                self._turns.labels(outcome, stage)
        for provider, stages in PROVIDERS.items():
            self._refused_keys.labels(provider)
            for stage in stages:
                for reason in REASONS:
                    self._errors.labels(provider, stage, reason)

    def expect(self, links: Iterable[Link]) -> None:
        """Begin the series of these links at nothing.

        What a counter has at its first scrape is no increase: Prometheus would miss the first turn of every pod.
        """
        for link in links:
            self._latency[link.stage].labels(link.provider, link.model)
            self._usage.expect(link)

    @property
    def spent_usd(self) -> float:
        """What calls have cost since the start, by the table of prices."""
        return self._usage.spent_usd

    def refused(self, reason: str) -> None:
        """Count a job that was passed on to the next pod."""
        self._refused.labels(reason).inc()

    def provider_refused(self, provider: str) -> None:
        """Mark a provider whose key or model was refused at start."""
        self._refused_keys.labels(provider).set(1)

    def call_lost(self) -> None:
        """Count a call whose job died without a word."""
        self.has_told = True
        self._calls.labels("lost").inc()

    def drain_begins(self, seconds: float) -> None:
        """Count down from now: calls that are still on when `seconds` are over are cut."""
        end = time.monotonic() + seconds
        self.drain_seconds_left.set_function(lambda: max(0.0, end - time.monotonic()))

    def lost(self, events: int) -> None:
        """Count events that never came."""
        self._lost.inc(events)

    def take(self, event: dict[str, Any]) -> None:
        """Move the series that an event of a job concerns; an unknown kind is ignored for a rolling upgrade's sake."""
        self.has_told = True
        kind = event["kind"]
        if kind == "turn":
            self._take_turn(event)
        elif kind == "call":
            self._calls.labels(event["outcome"]).inc()
            if (seconds := event.get("seconds")) is not None:
                self._call_seconds.observe(seconds)
        elif kind == "usage":
            self._usage.take(event)
        elif kind == "error":
            self._errors.labels(event["provider"], event["stage"], event.get("reason", "other")).inc()
        elif kind == "false_interruption":
            self._false_interruptions.inc()
        elif kind == "fallback":
            self._fallbacks.labels(event["stage"]).inc()

    def _take_turn(self, event: dict[str, Any]) -> None:
        failed = event["outcome"] == "failed"
        # A session that breaks between two turns names no stage; the mind is what answers.
        self._turns.labels(event["outcome"], (event.get("failed_stage") or "llm") if failed else "").inc()
        for stage in STAGES:
            if (measured := event.get(stage)) is not None:
                labels = (measured["provider"], measured["model"])
                self._observe(self._latency[stage].labels(*labels), measured["seconds"])
        self._observe(self._end_of_turn, event.get("end_of_turn_seconds"))
        self._observe(self._turn, event.get("turn_seconds"), event.get("trace"))

    def _observe(self, histogram: Histogram, seconds: float | None, trace: str | None = None) -> None:
        if seconds is None:
            return
        if 0 <= seconds <= LONGEST_PLAUSIBLE_SECONDS:
            histogram.observe(seconds, {"trace_id": trace} if trace else None)
        else:
            self._implausible.inc()

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """Render the registry in the format that a reader's `Accept` header wants; give it with its content type.

        Only OpenMetrics has exemplars: the trace of a turn beside its latency.
        """
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type


class Usages:
    """What was used of whom, and what it cost."""

    def __init__(self, registry: CollectorRegistry, prices: Iterable[Price]) -> None:
        self._prices = {(price.provider, price.model): price for price in prices}

        def counter(name: str, help_: str, *labels: str) -> Counter:
            return Counter(name, help_, [*labels, "provider", "model"], registry=registry)

        self._input = counter("alex_agent_usage_input_tokens_total", "Tokens given to a model, cached ones included.")
        self._cached = counter("alex_agent_usage_cached_tokens_total", "Tokens given to a model that it had cached.")
        self._output = counter("alex_agent_usage_output_tokens_total", "Tokens made by a model.")
        self._characters = counter("alex_agent_usage_characters_total", "Characters given to a voice.")
        self._audio = counter(
            "alex_agent_usage_audio_seconds_total", "Seconds of speech heard (stt) and made (tts).", "stage"
        )
        self.spent_usd = 0.0
        self._cost = counter("alex_agent_cost_usd_total", "US dollars by the price table of the values.", "stage")

    def expect(self, link: Link) -> None:
        """Begin the series that a link moves at nothing."""
        if link.stage == "llm":
            for counter in (self._input, self._cached, self._output):
                counter.labels(link.provider, link.model)
        else:
            self._audio.labels(link.stage, link.provider, link.model)
        if link.stage == "tts":
            self._characters.labels(link.provider, link.model)
        if (link.provider, link.model) in self._prices:
            self._cost.labels(link.stage, link.provider, link.model)

    def take(self, event: dict[str, Any]) -> None:
        """Count one request."""
        usage = Usage(**{field.name: event[field.name] for field in fields(Usage) if field.name in event})
        stage, provider, model = event["stage"], event["provider"], event["model"]
        for counter, amount in (
            (self._input, usage.input_tokens),
            (self._cached, usage.cached_tokens),
            (self._output, usage.output_tokens),
            (self._characters, usage.characters),
        ):
            if amount:
                counter.labels(provider, model).inc(amount)
        if usage.audio_seconds:
            self._audio.labels(stage, provider, model).inc(usage.audio_seconds)
        if (price := self._prices.get((provider, model))) is not None:
            usd = price.of(usage)
            self._cost.labels(stage, provider, model).inc(usd)
            self.spent_usd += usd
