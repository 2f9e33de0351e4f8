"""The agent's series: events move them, absurd values do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alex_agent.metrics import PROVIDERS, Metrics
from alex_agent.prices import Price
from alex_agent.providers import Link
from prometheus_client import CollectorRegistry

# A pod with all four providers; Prometheus holds some millions in a few GiB.
MOST_SERIES = 500


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    registry: CollectorRegistry = metrics.registry
    return registry.get_sample_value(name, labels)


def turn(**facts: object) -> dict[str, object]:
    return {"kind": "turn", "outcome": "answered", **facts}


def test_a_turn_moves_every_stage() -> None:
    """One answered turn is observed once in each stage and in the whole."""
    metrics = Metrics()
    stage = {"provider": "offline", "model": "nova-2-general", "seconds": 0.2}
    metrics.take(turn(stt=stage, llm=stage, tts=stage, end_of_turn_seconds=0.4, turn_seconds=0.9))

    for name in ("stt", "llm", "tts"):
        series = f"alex_agent_{name}_latency_seconds"
        assert value(metrics, f"{series}_count", provider="offline", model="nova-2-general") == 1
        assert value(metrics, f"{series}_sum", provider="offline", model="nova-2-general") == pytest.approx(0.2)
    assert value(metrics, "alex_agent_turn_latency_seconds_sum") == pytest.approx(0.9)
    assert value(metrics, "alex_agent_end_of_turn_delay_seconds_sum") == pytest.approx(0.4)
    assert value(metrics, "alex_agent_turns_total", outcome="answered", stage="") == 1


@pytest.mark.parametrize("seconds", [-0.1, 61.0, 1e9])
def test_absurd_latency_is_counted_not_observed(seconds: float) -> None:
    """A clock that jumped must not become somebody's latency."""
    metrics = Metrics()
    metrics.take(turn(turn_seconds=seconds))

    assert value(metrics, "alex_agent_turn_latency_seconds_count") == 0
    assert value(metrics, "alex_agent_implausible_values_total") == 1


def test_outcomes_exist_before_they_happen() -> None:
    """A series is there from the start, so that its first increase can be seen."""
    text = Metrics().text()[0].decode()

    assert 'alex_agent_calls_total{outcome="cut"} 0.0' in text
    assert 'alex_agent_provider_errors_total{provider="offline",reason="busy",stage="tts"} 0.0' in text
    assert 'alex_agent_turns_total{outcome="failed",stage="llm"} 0.0' in text
    assert 'provider="deepgram",reason="busy",stage="tts"' not in text
    assert 'outcome="answered",stage="llm"' not in text


def test_the_first_turn_of_a_pod_is_an_increase() -> None:
    """What is used and how late it is begins at nothing for each provider that may serve, before anybody calls."""
    link = Link("tts", "elevenlabs", "elevenlabs", "", "", "a-model")
    price = {"provider": "elevenlabs", "model": "a-model", "usdPerMillionCharacters": 50.0}
    metrics = Metrics([Price.model_validate(price)])
    metrics.expect([link, replace(link, stage="llm", provider="openai"), replace(link, stage="stt")])
    before = {(s.name, *sorted(s.labels.items())) for family in metrics.registry.collect() for s in family.samples}
    names = {"provider": "elevenlabs", "model": "a-model"}
    for facts in ({"characters": 10, "audio_seconds": 2.0}, {}):
        metrics.take({"kind": "usage", "stage": "tts", **names, **facts})
    metrics.take({"kind": "usage", "stage": "stt", **names, "audio_seconds": 2.0})
    metrics.take({"kind": "usage", "stage": "llm", "provider": "openai", "model": "a-model", "input_tokens": 7})
    metrics.take(turn(tts={**names, "seconds": 0.2}))

    assert value(metrics, "alex_agent_usage_characters_total", **names) == 10
    assert value(metrics, "alex_agent_cost_usd_total", stage="tts", **names) == pytest.approx(0.0005)
    after = {(s.name, *sorted(s.labels.items())) for family in metrics.registry.collect() for s in family.samples}
    assert after == before


def test_an_unknown_event_is_ignored() -> None:
    """An event of a newer job does not break the parent."""
    before = Metrics()
    before.take({"kind": "of-tomorrow"})

    assert value(before, "alex_agent_turns_total", outcome="answered", stage="") == 0


def test_every_help_is_a_sentence() -> None:
    """Who reads a metric's help reads a sentence."""
    for family in Metrics().registry.collect():
        assert family.documentation.endswith("."), family.name
        assert family.name.startswith("alex_agent_")


def test_a_failed_turn_names_its_stage() -> None:
    """The stage at which a turn failed is a label, and no other outcome has one."""
    metrics = Metrics()
    metrics.take({"kind": "turn", "outcome": "failed", "failed_stage": "tts"})
    metrics.take({"kind": "turn", "outcome": "interrupted", "failed_stage": ""})

    assert value(metrics, "alex_agent_turns_total", outcome="failed", stage="tts") == 1
    assert value(metrics, "alex_agent_turns_total", outcome="interrupted", stage="") == 1


def test_usage_is_counted_and_priced() -> None:
    """What a request used moves one counter a unit, and the money by the table of prices."""
    price = Price(provider="openai", model="mini", usdPerMillionInputTokens=2.0, usdPerMillionOutputTokens=8.0)
    metrics = Metrics([price])
    request = {"kind": "usage", "stage": "llm", "provider": "openai", "model": "mini"}
    metrics.take({**request, "input_tokens": 1000, "cached_tokens": 200, "output_tokens": 100})
    metrics.take({**request, "input_tokens": 1000, "output_tokens": 100})

    who = {"provider": "openai", "model": "mini"}
    assert value(metrics, "alex_agent_usage_input_tokens_total", **who) == 2000
    assert value(metrics, "alex_agent_usage_cached_tokens_total", **who) == 200
    assert value(metrics, "alex_agent_usage_output_tokens_total", **who) == 200
    assert value(metrics, "alex_agent_cost_usd_total", stage="llm", **who) == pytest.approx(0.0056)
    assert value(metrics, "alex_agent_usage_characters_total", **who) is None


def test_what_has_no_price_has_no_cost() -> None:
    """A model that the table does not know is counted in its units and not in money, not even as zero."""
    metrics = Metrics()
    metrics.take({"kind": "usage", "stage": "stt", "provider": "offline", "model": "x", "audio_seconds": 5.0})

    assert value(metrics, "alex_agent_usage_audio_seconds_total", stage="stt", provider="offline", model="x") == 5
    assert value(metrics, "alex_agent_cost_usd_total", stage="stt", provider="offline", model="x") is None


def test_a_budget_is_shown_only_when_there_is_one() -> None:
    """No budget, no series: an alert on it cannot fire."""
    assert value(Metrics(budget_usd_per_day=12.5), "alex_agent_budget_usd_per_day") == 12.5
    assert value(Metrics(), "alex_agent_budget_usd_per_day") is None


def test_calls_errors_and_noises_are_counted() -> None:
    """The length of a call, the kind of an error and a false interruption each move their own series."""
    metrics = Metrics()
    metrics.take({"kind": "call", "outcome": "ended", "seconds": 42.0})
    metrics.take({"kind": "call", "outcome": "nobody_came", "seconds": None})
    metrics.take({"kind": "error", "provider": "openai", "stage": "llm", "reason": "busy"})
    metrics.take({"kind": "false_interruption"})

    assert value(metrics, "alex_agent_call_seconds_sum") == 42.0
    assert value(metrics, "alex_agent_call_seconds_count") == 1
    assert value(metrics, "alex_agent_provider_errors_total", provider="openai", stage="llm", reason="busy") == 1
    assert value(metrics, "alex_agent_false_interruptions_total") == 1


def test_the_number_of_series_is_bounded() -> None:
    """However many calls a pod has had, with every model it can have, it shows no more series than this."""
    metrics = Metrics(budget_usd_per_day=1.0)
    for _ in range(2):
        for provider, stages in PROVIDERS.items():
            for stage in stages:
                names = {"stage": stage, "provider": provider, "model": f"{provider}-{stage}"}
                units = {"input_tokens": 1, "cached_tokens": 1, "output_tokens": 1, "characters": 1, "audio_seconds": 1}
                metrics.take({"kind": "usage", **names, **units})
                metrics.take(turn(**{stage: {**names, "seconds": 0.2}}))

    series = [line for line in metrics.text()[0].decode().splitlines() if not line.startswith("#")]
    assert len(series) < MOST_SERIES


def test_it_is_known_whether_there_is_anything_to_read() -> None:
    """A pod without a call has nothing that anybody must have read before it goes."""
    metrics = Metrics()
    assert not metrics.has_told
    metrics.take(turn(turn_seconds=0.5))
    assert metrics.has_told


def test_a_slow_turn_leads_to_its_trace() -> None:
    """Who reads OpenMetrics gets the trace of a turn beside its latency; the old format has no room for it."""
    metrics = Metrics()
    metrics.take(turn(turn_seconds=2.2, trace="0af7651916cd43dd8448eb211c80319c"))
    modern, content_type = metrics.text("application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text")
    assert b'# {trace_id="0af7651916cd43dd8448eb211c80319c"} 2.2' in modern
    assert b"trace_id" not in metrics.text("text/plain")[0]
