"""All `alex_web_*` series, and the verbs that move them. Labels come from small fixed sets."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

TOKEN_OUTCOMES = (
    "issued",
    "invalid",
    "forbidden",
    "signed_out",
    "full",
    "no_agents",
    "room_full",
    "limited",
    "closed",
    "livekit",
    "failed",
)
DISPATCH_OUTCOMES = ("sent", "failed", "given_up")
ROUTES = ("page", "static", "token", "hangup", "rooms", "webhook", "openapi", "none")
STATUSES = ("2xx", "3xx", "4xx", "5xx")
WEBHOOKS = (
    "room_started",
    "room_finished",
    "participant_joined",
    "participant_left",
    "participant_connection_aborted",
    "track_published",
    "track_unpublished",
    "other",
    "refused",
)

# The page is read from memory (milliseconds); a token takes one call to LiveKit; past 5 s a caller has left.
REQUEST_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# An agent is normally there in 0.7 s; past 20 s the empty room closes.
JOIN_BUCKETS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0)


class Metrics:
    """Web's series in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter that no query of ours reads
        self.registry = registry = CollectorRegistry()
        self._tokens = Counter(
            "alex_web_tokens_total", "Token requests by how they ended.", ["outcome"], registry=registry
        )
        self._dispatches = Counter(
            "alex_web_dispatch_total", "Agents asked for by how LiveKit took it.", ["outcome"], registry=registry
        )
        self._webhooks = Counter(
            "alex_web_webhooks_total", "Webhooks of LiveKit by event.", ["event"], registry=registry
        )
        self._requests = Histogram(
            "alex_web_request_seconds",
            "Seconds from the head of a request to the end of its answer.",
            ["route", "status"],
            buckets=REQUEST_BUCKETS,
            registry=registry,
        )
        self._joins = Histogram(
            "alex_web_agent_join_seconds",
            "Seconds from the creation of a room to its agent in it, as LiveKit's webhooks tell.",
            buckets=JOIN_BUCKETS,
            registry=registry,
        )
        self._mended = Histogram(
            "alex_web_takeover_seconds",
            "Seconds from the news that a caller has no agent to another agent with the call.",
            buckets=JOIN_BUCKETS,
            registry=registry,
        )
        self.active = Gauge("alex_web_active_calls", "Calls on agent pods that take calls.", registry=registry)
        self.slots = Gauge("alex_web_slots", "Slots of agent pods that take calls.", registry=registry)
        self.free = Gauge("alex_web_free_slots", "Slots for which a token can be given now.", registry=registry)
        self.reserved = Gauge(
            "alex_web_reserved_slots", "Tokens given out whose call is on no agent pod yet.", registry=registry
        )
        self.pods = Gauge("alex_web_agent_pods", "Agent pods that take calls.", registry=registry)
        self.draining = Gauge(
            "alex_web_draining_agent_pods", "Agent pods that wait for their last call.", registry=registry
        )
        self.wanted = Gauge(
            "alex_web_wanted_agent_pods",
            "Agent pods that take calls which there should be; NaN while unknown, and autoscalers should hold.",
            registry=registry,
        )
        self.wanted.set(math.nan)  # 0 until the first look would be a lie that an autoscaler acts upon
        self._misses = Counter(
            "alex_web_agent_pod_misses_total", "Times an agent pod did not answer in time.", registry=registry
        )
        self.spent_calls = Gauge(
            "alex_web_spent_calls", "Calls since midnight UTC, of all web pods.", registry=registry
        )
        self.spent_minutes = Gauge(
            "alex_web_spent_minutes",
            "Minutes of calls since midnight UTC, each call a minute at least.",
            registry=registry,
        )
        self.spent_usd = Gauge(
            "alex_web_spent_usd",
            "US dollars that calls have cost since midnight UTC, by the price table of the values.",
            registry=registry,
        )
        self.closed = Gauge(
            "alex_web_closed", "1 while the day's budget is spent and no call may begin.", registry=registry
        )
        self._overdue = Counter(
            "alex_web_overdue_calls_total",
            "Calls that web ended because they lasted longer than allowed and their agent had not.",
            registry=registry,
        )
        self.livekit = Gauge("alex_web_livekit_reachable", "1 while LiveKit answers web.", registry=registry)
        # A series that appears with its first failure cannot be alerted on before it.
        for counter, values in (
            (self._tokens, TOKEN_OUTCOMES),
            (self._dispatches, DISPATCH_OUTCOMES),
            (self._webhooks, WEBHOOKS),
        ):
            for value in values:
                counter.labels(value)
        for route in ROUTES:
            for status in STATUSES:
                self._requests.labels(route, status)

    def token(self, outcome: str) -> None:
        """Count a token request."""
        self._tokens.labels(outcome if outcome in TOKEN_OUTCOMES else "failed").inc()

    def dispatched(self, outcome: str) -> None:
        """Count an agent that was asked for."""
        self._dispatches.labels(outcome).inc()

    def webhook(self, event: str) -> None:
        """Count a webhook; events of later LiveKit versions count as other."""
        self._webhooks.labels(event if event in WEBHOOKS else "other").inc()

    def agent_joined(self, seconds: float) -> None:
        """Observe how long a room waited for its agent."""
        self._joins.observe(seconds)

    def mended(self, seconds: float) -> None:
        """Observe how long a caller was without an agent after we knew of it."""
        self._mended.observe(seconds)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Observe a request."""
        self._requests.labels(route if route in ROUTES else "none", f"{status // 100}xx").observe(seconds)

    def overdue(self) -> None:
        """Count a call that web ended because it had lasted too long."""
        self._overdue.inc()

    def missed(self) -> None:
        """Count an agent pod that did not answer in time."""
        self._misses.inc()

    def text(self) -> bytes:
        """Render the registry in Prometheus' text format."""
        return generate_latest(self.registry)
