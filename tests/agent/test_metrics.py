"""The agent's series: events move them, absurd values do not."""

from __future__ import annotations

import pytest
from alex_agent.metrics import Metrics
from prometheus_client import CollectorRegistry


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
    assert value(metrics, "alex_agent_turns_total", outcome="answered") == 1


@pytest.mark.parametrize("seconds", [-0.1, 61.0, 1e9])
def test_absurd_latency_is_counted_not_observed(seconds: float) -> None:
    """A clock that jumped must not become somebody's latency."""
    metrics = Metrics()
    metrics.take(turn(turn_seconds=seconds))

    assert value(metrics, "alex_agent_turn_latency_seconds_count") == 0
    assert value(metrics, "alex_agent_implausible_values_total") == 1


def test_outcomes_exist_before_they_happen() -> None:
    """A series is there from the start, so that its first increase can be seen."""
    text = Metrics().text().decode()

    assert 'alex_agent_calls_total{outcome="cut"} 0.0' in text
    assert 'alex_agent_provider_errors_total{provider="offline",stage="tts"} 0.0' in text
    assert 'provider="deepgram",stage="tts"' not in text


def test_an_unknown_event_is_ignored() -> None:
    """An event of a newer job does not break the parent."""
    before = Metrics()
    before.take({"kind": "of-tomorrow"})

    assert value(before, "alex_agent_turns_total", outcome="answered") == 0


def test_every_help_is_a_sentence() -> None:
    """Who reads a metric's help reads a sentence."""
    for family in Metrics().registry.collect():
        assert family.documentation.endswith("."), family.name
        assert family.name.startswith("alex_agent_")
