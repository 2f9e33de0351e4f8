"""What operators see is what happened: real calls in a real Prometheus, beside the ledger of what was injected."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alex_caller.speech import Clip, Voice
from cluster.kube import FailedError, Kube, eventually
from cluster.observed import House, observed, talk

CALLS, LINES = 8, 4
TURNS = 2

# Known, and far enough from each other and from nothing that one cannot be taken for another.
DELAYS_MS = {"deepgram": 150, "openai": 450, "elevenlabs": 300}
STAGES = {"stt": "deepgram", "llm": "openai", "tts": "elevenlabs"}
MODELS = ("nova-2-general", "gpt-4o-mini", "eleven_turbo_v2_5")
# What the way to the provider and back adds at most on two busy cores; 0.04 to 0.4 s were seen.
ADDED_SECONDS = 0.6


async def crowd(url: str, clip: Clip) -> None:
    """Make all calls, a few at a time."""
    waiting = list(range(CALLS))

    async def line() -> None:
        while waiting:
            waiting.pop()
            await talk(url, clip, TURNS)

    await asyncio.gather(*(line() for _ in range(LINES)))


@pytest.fixture(name="told", scope="module")
def _told(alex: Kube, prometheus: Kube) -> Iterator[House]:
    """Call a release whose providers are late by known times, while a pod is deleted and the others are rolled."""
    delays = {provider: {"first_ms": late} for provider, late in DELAYS_MS.items()}
    script = {"seed": 7, "delays": delays, "replies": [{"say": "I am Alex. It is nice to meet you."}]}
    prices = [{"provider": "offline", "model": model, "usdPerAudioMinute": 0.6} for model in MODELS]
    with observed(alex, prometheus, script, {"prices": prices, "budgetUsdPerDay": 5}) as house:
        call_it(house)
        yield house


def call_it(house: House) -> None:
    """Make the calls, and see all of them arrive."""
    clip = Voice().say("What is your name?")
    with ThreadPoolExecutor(1) as lines:
        calls = lines.submit(lambda: asyncio.run(crowd(house.url, clip)))
        time.sleep(15)
        house.kube.kubectl("delete", "pod", house.kube.ready("agent")[0], "--wait=false")
        time.sleep(15)
        house.kube.kubectl("rollout", "restart", "deployment/alex-agent")
        calls.result(900)
    arrive(house, "alex_agent_turns_total", CALLS * TURNS)
    arrive(house, "alex_agent_calls_total", CALLS)


def arrive(house: House, series: str, count: int) -> None:
    """Wait until so many are in Prometheus; a failure says which pod told how many of what."""
    try:
        eventually(f"{count} of {series} are in Prometheus", lambda: house.total(series) >= count, 90)
    except FailedError as error:
        found = house.ask(f'max_over_time({series}{{namespace="{house.kube.namespace}"}}[1h]) > 0')
        told = [(one["metric"]["pod"], one["metric"]["outcome"], one["value"][1]) for one in found]
        raise FailedError(f"{error}: {told}") from None


def test_every_turn_is_counted_once(told: House) -> None:
    """Through the deletion of a pod and a rollout no turn, no call and no event is lost or counted twice."""
    assert told.total("alex_agent_turns_total") == CALLS * TURNS
    # A caller who hangs up at Alex's last sound may be ahead of the news that it was the last.
    assert told.total("alex_agent_turns_total", outcome="answered") >= CALLS * TURNS - CALLS
    assert told.total("alex_agent_turns_total", outcome="failed") == 0
    assert told.total("alex_agent_calls_total", outcome="ended") == CALLS
    assert told.total("alex_agent_lost_events_total") == 0
    assert told.total("alex_agent_implausible_values_total") == 0
    for stage in STAGES:
        counted = told.total(f"alex_agent_{stage}_latency_seconds_count")
        assert CALLS * TURNS - CALLS <= counted <= CALLS * TURNS, stage


@pytest.mark.parametrize("stage", list(STAGES))
def test_each_stage_is_as_late_as_its_provider(
    told: House, stage: str, record_property: Callable[[str, object], None]
) -> None:
    """A stage takes what was injected, never less, and where a core was free not much more."""
    series = f"alex_agent_{stage}_latency_seconds"
    mean = told.total(f"{series}_sum") / told.total(f"{series}_count")
    quick = told.quartile(series)
    entries = told.ledger(STAGES[stage])
    late = statistics.mean(entry["delays_ms"]["first"] for entry in entries if "first" in entry["delays_ms"]) / 1000
    # Speech recognition first waits whether the caller goes on: what a vendor calls endpointing.
    injected = late + (0.45 if stage == "stt" else 0.0)

    record_property("milliseconds", f"{stage}: injected {injected * 1000:.0f}, {mean * 1000:.0f}, {quick * 1000:.0f}")
    assert injected - 0.05 < mean, (injected, mean)
    assert quick < injected + ADDED_SECONDS, (injected, quick)


def test_money_is_usage_times_price(told: House) -> None:
    """Each minute of speech, heard or made, costs what the table of prices says."""
    minutes = told.total("alex_agent_usage_audio_seconds_total") / 60

    assert minutes > 0
    assert told.total("alex_agent_cost_usd_total") == pytest.approx(minutes * 0.6, rel=0.01)
