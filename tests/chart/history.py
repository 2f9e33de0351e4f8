"""An hour in the life of a release, as Prometheus would have scraped it, for panels that have to show something.

Everything happens that a dashboard can show: a voice becomes slow and is left for its fallback, a pod drains, another
is killed in the middle of a call, callers are turned away, an alert fires. Always the same hour: the dice are loaded.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from alex_agent.metrics import SPEECH_BUCKETS
from alex_offline.metrics import BUCKETS
from alex_web.metrics import JOIN_BUCKETS, REQUEST_BUCKETS
from chart.dashboards import SCRAPE_SECONDS, Window

# 9 to 10 o'clock in the morning of 1 January 2026, UTC.
HOUR = Window(1767258000, 1767261600)
NAMESPACE, RELEASE = "voices", "alex"
CALL_BUCKETS = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600)
# The voice is slow in these minutes, and its fallback speaks in the later ones of them.
SLOW = range(25, 45)
FALLBACK = range(32, 45)
DRAIN = range(40, 52)

Labels = tuple[tuple[str, str], ...]


def _each(label: str, *values: str) -> list[dict[str, str]]:
    return [{label: value} for value in values]


# What is there before the first call.
AGENT_COUNTERS: dict[str, list[dict[str, str]]] = {
    "alex_agent_turns_total": [
        *({"outcome": outcome, "stage": ""} for outcome in ("answered", "interrupted")),
        *({"outcome": "failed", "stage": stage} for stage in ("stt", "llm", "tts")),
    ],
    "alex_agent_fallbacks_total": _each("stage", "stt", "llm", "tts"),
    "alex_agent_calls_total": _each("outcome", "ended", "nobody_came", "too_long", "failed", "cut", "lost", "replaced"),
    "alex_agent_refused_jobs_total": _each("reason", "full", "draining", "stalled"),
    "alex_agent_provider_errors_total": [
        {"provider": provider, "stage": stage, "reason": reason}
        for provider, stage in (("elevenlabs", "tts"), ("openai", "llm"))
        for reason in ("timeout", "busy")
    ],
    "alex_agent_false_interruptions_total": [{}],
    "alex_agent_lost_events_total": [{}],
    "alex_agent_implausible_values_total": [{}],
}
WEB_COUNTERS: dict[str, list[dict[str, str]]] = {
    "alex_web_tokens_total": _each(
        "outcome",
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
    ),
    "alex_web_dispatch_total": _each("outcome", "sent", "failed", "given_up"),
    "alex_web_webhooks_total": _each(
        "event", "room_started", "room_finished", "participant_joined", "participant_left", "refused"
    ),
    "alex_web_agent_pod_misses_total": [{}],
}


class Pod:
    """The series of one pod."""

    def __init__(self, component: str, name: str) -> None:
        self._target = {
            "namespace": NAMESPACE,
            "pod": name,
            "app_kubernetes_io_instance": RELEASE,
            "app_kubernetes_io_component": component,
        }
        self.values: dict[tuple[str, Labels], float] = {}

    def add(self, name: str, amount: float = 1.0, /, **labels: str) -> None:
        """Count."""
        key = (name, self._labels(labels))
        self.values[key] = self.values.get(key, 0.0) + amount

    def set(self, name: str, value: float, /, **labels: str) -> None:
        """Measure."""
        self.values[name, self._labels(labels)] = value

    def observe(self, name: str, seconds: float, buckets: Sequence[float], /, **labels: str) -> None:
        """Observe in a histogram."""
        for edge in buckets:
            self.add(f"{name}_bucket", float(seconds <= edge), le=str(float(edge)), **labels)
        self.add(f"{name}_bucket", le="+Inf", **labels)
        self.add(f"{name}_sum", seconds, **labels)
        self.add(f"{name}_count", **labels)

    def _labels(self, labels: dict[str, str]) -> Labels:
        return tuple(sorted((self._target | labels).items()))


class Hour:
    """Three agent pods, two web pods and the built-in voice, which move minute by minute."""

    def __init__(self) -> None:
        self._dice = random.Random(9)
        self.agents = [Pod("agent", f"alex-agent-{name}") for name in ("7d9f-4kx2p", "7d9f-b8rwl", "5c66-tt9zq")]
        self.webs = [Pod("web", f"alex-web-{name}") for name in ("6b8c-2mvrn", "6b8c-x7ldh")]
        self.offline = Pod("offline", "alex-offline-5f4d-q2w8e")
        self.alerts = Pod("", "")
        self._begin()

    def pods(self) -> list[Pod]:
        """Everybody who is scraped."""
        return [*self.agents, *self.webs, self.offline, self.alerts]

    def _begin(self) -> None:
        for pods, names in ((self.agents, AGENT_COUNTERS), (self.webs, WEB_COUNTERS)):
            for pod in pods:
                for name, series in names.items():
                    for labels in series:
                        pod.add(name, 0, **labels)
        for pod in self.agents:
            for provider in ("deepgram", "openai", "elevenlabs", "offline"):
                pod.set("alex_agent_provider_refused", 0, provider=provider)
            pod.set("alex_agent_budget_usd_per_day", 8)
            pod.set("alex_agent_slots", 4)

    def move(self, minute: float) -> None:
        """Let a quarter of a minute pass."""
        busy = 5 + 3 * (20 <= minute < 50)
        for pod in self.agents[:2]:
            self._agent(pod, int(minute), busy // 2 + self._dice.choice((-1, 0, 0, 1)))
        if minute <= DRAIN[-1] + 0.5:
            self._draining(minute)
        else:
            self.agents[2].values.clear()  # it is gone, and nobody scrapes it
        for pod in self.webs:
            self._web(pod, minute, busy)
        self._offline(minute)
        self._alerts(minute)

    def _agent(self, pod: Pod, minute: int, calls: int) -> None:
        pod.set("alex_agent_active_calls", calls)
        pod.set("alex_agent_draining", 0)
        pod.set("alex_agent_drain_seconds_left", 0)
        pod.set("alex_agent_registered", 1)
        for _ in range(calls):
            if self._dice.random() < 0.6:  # a turn takes about 25 s
                self._turn(pod, minute)
        for stage, provider, model in (("stt", "deepgram", "nova-2-general"), ("tts", *self._voice(minute))):
            labels = {"stage": stage, "provider": provider, "model": model}
            seconds = calls * SCRAPE_SECONDS * (1.0 if stage == "stt" else 0.35)
            pod.add("alex_agent_usage_audio_seconds_total", seconds, **labels)
            pod.add("alex_agent_cost_usd_total", seconds * (0.0043 / 60 if stage == "stt" else 0.0), **labels)
        if self._dice.random() < 0.2:
            length = self._dice.lognormvariate(5, 0.8)
            pod.observe("alex_agent_call_seconds", length, CALL_BUCKETS)
            pod.add("alex_agent_calls_total", outcome=self._dice.choice(("ended",) * 12 + ("nobody_came", "too_long")))
        if self._dice.random() < 0.03:
            pod.add("alex_agent_refused_jobs_total", reason="full")
        if minute == 12:
            pod.add("alex_agent_lost_events_total")
            pod.add("alex_agent_implausible_values_total")

    def _voice(self, minute: int) -> tuple[str, str]:
        return ("openai", "gpt-4o-mini-tts") if minute in FALLBACK else ("elevenlabs", "eleven_turbo_v2_5")

    def _turn(self, pod: Pod, minute: int) -> None:
        roll = self._dice
        provider, model = self._voice(minute)
        slow = minute in SLOW and minute not in FALLBACK
        hear, end = roll.lognormvariate(-1.5, 0.3), roll.lognormvariate(-1.0, 0.35)
        think, speak = roll.lognormvariate(-0.9, 0.4), roll.lognormvariate(0.6 if slow else -1.4, 0.35)
        if slow and roll.random() < 0.25:
            pod.add("alex_agent_provider_errors_total", provider=provider, stage="tts", reason="timeout")
            if roll.random() < 0.3:
                pod.add("alex_agent_turns_total", outcome="failed", stage="tts")
                return
        if minute == FALLBACK[0]:
            pod.add("alex_agent_fallbacks_total", stage="tts")
        pod.observe("alex_agent_stt_latency_seconds", hear, SPEECH_BUCKETS, provider="deepgram", model="nova-2-general")
        pod.observe("alex_agent_llm_latency_seconds", think, SPEECH_BUCKETS, provider="openai", model="gpt-4o-mini")
        pod.observe("alex_agent_tts_latency_seconds", speak, SPEECH_BUCKETS, provider=provider, model=model)
        pod.observe("alex_agent_end_of_turn_delay_seconds", end, SPEECH_BUCKETS)
        # The answer is thought of while the end of the turn is being decided.
        silence = max(end, 0.1 + think) + speak + 0.08
        pod.observe("alex_agent_turn_latency_seconds", silence, SPEECH_BUCKETS)
        interrupted = roll.random() < 0.12
        pod.add("alex_agent_turns_total", outcome="interrupted" if interrupted else "answered", stage="")
        if roll.random() < 0.04:
            pod.add("alex_agent_false_interruptions_total")
        self._use(pod, provider, model)

    def _use(self, pod: Pod, voice: str, voice_model: str) -> None:
        brain = {"provider": "openai", "model": "gpt-4o-mini"}
        read, characters = self._dice.randrange(900, 2200), self._dice.randrange(60, 260)
        cached, written = read * 2 // 3, characters // 4
        pod.add("alex_agent_usage_input_tokens_total", read, **brain)
        pod.add("alex_agent_usage_cached_tokens_total", cached, **brain)
        pod.add("alex_agent_usage_output_tokens_total", written, **brain)
        dollars = (read - cached) * 0.15e-6 + cached * 0.075e-6 + written * 0.6e-6
        pod.add("alex_agent_cost_usd_total", dollars, stage="llm", **brain)
        pod.add("alex_agent_usage_characters_total", characters, provider=voice, model=voice_model)
        price = 50e-6 if voice == "elevenlabs" else 12e-6
        pod.add("alex_agent_cost_usd_total", characters * price, stage="tts", provider=voice, model=voice_model)

    def _draining(self, minute: float) -> None:
        """Let the pod of the rollout before wait for its last call, lose it, and be gone."""
        pod = self.agents[2]
        draining = minute >= DRAIN[0]
        pod.set("alex_agent_active_calls", 2 if minute < DRAIN[-1] else 0)
        pod.set("alex_agent_draining", float(draining))
        pod.set("alex_agent_drain_seconds_left", max(0.0, 600 - 60 * (minute - DRAIN[0])) if draining else 0)
        pod.set("alex_agent_registered", float(minute < DRAIN[-1]))
        if minute == DRAIN[-1]:
            pod.add("alex_agent_calls_total", outcome="cut")
            pod.add("alex_agent_calls_total", outcome="replaced")
            pod.add("alex_agent_refused_jobs_total", reason="draining")
        if minute == 18:
            pod.add("alex_agent_calls_total", outcome="lost")

    def _web(self, pod: Pod, minute: float, busy: int) -> None:
        taking = 2 if minute >= DRAIN[0] else 3
        active = min(busy, 4 * taking)
        full = 46 <= minute < 48
        values = {
            "active_calls": active,
            "slots": 4 * taking,
            "free_slots": 0 if full else 4 * taking - active,
            "reserved_slots": self._dice.choice((0, 0, 0, 1)),
            "agent_pods": taking,
            "draining_agent_pods": float(DRAIN[0] <= minute < DRAIN[-1]),
            "wanted_agent_pods": -(-(busy + 2) // 4) + full,
            "livekit_reachable": 1,
            # Of a day in whose afternoon this hour is.
            "spent_calls": 180 + int(minute),
            "spent_minutes": 640 + 6 * minute,
            "spent_usd": 38 + 0.12 * minute,
            "closed": 0,
        }
        for name, value in values.items():
            pod.set(f"alex_web_{name}", value)
        if full and minute % 1 == 0:
            pod.add("alex_web_tokens_total", outcome="full")
            pod.observe("alex_web_request_seconds", 0.03, REQUEST_BUCKETS, route="token", status="5xx")
        if self._dice.random() < 0.12:
            pod.add("alex_web_tokens_total", outcome="issued")
            pod.add("alex_web_dispatch_total", outcome="sent")
            for event in ("room_started", "participant_joined", "participant_left", "room_finished"):
                pod.add("alex_web_webhooks_total", event=event)
            pod.observe("alex_web_agent_join_seconds", self._dice.lognormvariate(-0.4, 0.3), JOIN_BUCKETS)
            for route, middle in (("page", -5.0), ("static", -5.5), ("token", -3.0)):
                seconds = self._dice.lognormvariate(middle, 0.5)
                pod.observe("alex_web_request_seconds", seconds, REQUEST_BUCKETS, route=route, status="2xx")
        if minute in {18.25, DRAIN[-1] + 0.25} and pod is self.webs[0]:
            pod.observe("alex_web_takeover_seconds", 2.2, JOIN_BUCKETS)
            pod.add("alex_web_agent_pod_misses_total", 3)
        elif "alex_web_takeover_seconds_count" not in {name for name, _ in pod.values}:
            pod.observe("alex_web_takeover_seconds", 2.9, JOIN_BUCKETS)

    def _offline(self, minute: float) -> None:
        pod = self.offline
        pod.set("alex_offline_ready", 1)
        for provider, seconds in (("deepgram", 0.3), ("openai", 0.25), ("speech", 0.4), ("elevenlabs", 0.35)):
            pod.set("alex_offline_active_streams", float(self._dice.random() < 0.3), provider=provider)
            pod.add("alex_offline_requests_total", self._dice.randrange(2), provider=provider)
            pod.add("alex_offline_refused_total", float(minute % 20 == 0), provider=provider, reason="busy")
            pod.add("alex_offline_failures_total", float(minute == 30), provider=provider)
            for stage, times in (("first", 1), ("total", 4)):
                spread = seconds * times * self._dice.uniform(0.7, 1.5)
                pod.observe("alex_offline_stage_seconds", spread, BUCKETS, provider=provider, stage=stage)

    def _alerts(self, minute: float) -> None:
        firing = {
            ("AlexStageSlow", "warning", "elevenlabs", "tts"): minute in SLOW or int(minute) in SLOW,
            ("AlexFallbackInUse", "warning", "", "tts"): int(minute) in FALLBACK,
            ("AlexCallsCut", "critical", "", ""): minute >= DRAIN[-1],
        }
        self.alerts.values.clear()
        if minute > 58:
            self.alerts.set("ALERTS", 1, alertname="AlexTurnsSlow", alertstate="pending", severity="warning")
        for (name, severity, provider, stage), fires in firing.items():
            if fires:
                labels = {"provider": provider, "stage": stage}
                said = {key: value for key, value in labels.items() if value}
                self.alerts.set("ALERTS", 1, alertname=name, alertstate="firing", severity=severity, **said)


def openmetrics() -> str:
    """Write the hour as OpenMetrics with times, each series in one piece."""
    hour = Hour()
    lines: dict[tuple[str, Labels], list[str]] = {}
    for number in range(-4, HOUR.seconds // SCRAPE_SECONDS + 1):
        hour.move(number * SCRAPE_SECONDS / 60)
        at = int(HOUR.start) + number * SCRAPE_SECONDS
        for pod in hour.pods():
            for key, value in pod.values.items():
                lines.setdefault(key, []).append(f"{value:.10g} {at}")
    return "".join(_written(lines))


def _written(lines: dict[tuple[str, Labels], list[str]]) -> Iterator[str]:
    for name, labels in sorted(lines):
        series = name + "{" + ",".join(f'{key}="{value}"' for key, value in labels if value) + "}"
        for line in lines[name, labels]:
            yield f"{series} {line}\n"
    yield "# EOF\n"
