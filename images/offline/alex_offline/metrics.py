"""What Prometheus may know about the program."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

Provider = Literal["deepgram", "openai", "speech", "elevenlabs"]
"""deepgram hears, openai thinks, speech is OpenAI's speech endpoint, elevenlabs speaks."""

Part = Literal["call", "check", "opening"]
"""call is served, check only looks at a key, a model or a voice, opening is a socket on which calls will follow."""

PROVIDERS: tuple[Provider, ...] = ("deepgram", "openai", "speech", "elevenlabs")
REASONS = ("key", "busy", "request", "voice")
STAGES = ("first", "total")

# Speech is felt from a tenth of a second; beyond ten the caller has hung up.
BUCKETS = (0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0)


class Metrics:
    """One registry per program, so that two programs in one test process do not share figures."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter that no query reads
        self.registry = CollectorRegistry()
        self.active = Gauge(
            "alex_offline_active_streams", "Streams being served right now.", ["provider"], registry=self.registry
        )
        self.requests = Counter(
            "alex_offline_requests_total", "Requests accepted.", ["provider"], registry=self.registry
        )
        self.refused = Counter(
            "alex_offline_refused_total",
            "Requests refused, by reason: a bad key, no free stream, a bad request or an unknown voice.",
            ["provider", "reason"],
            registry=self.registry,
        )
        self.stage = Histogram(
            "alex_offline_stage_seconds",
            "Seconds from a request (for deepgram: from the end of speech) to its first result, and to its end.",
            ["provider", "stage"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.failures = Counter(
            "alex_offline_failures_total",
            "Requests that broke inside the program.",
            ["provider"],
            registry=self.registry,
        )
        self.ready = Gauge("alex_offline_ready", "1 when the models are loaded and warm.", registry=self.registry)
        for provider in PROVIDERS:
            self.active.labels(provider)
            self.requests.labels(provider)
            self.failures.labels(provider)
            for reason in REASONS:
                self.refused.labels(provider, reason)
            for stage in STAGES:
                self.stage.labels(provider, stage)
