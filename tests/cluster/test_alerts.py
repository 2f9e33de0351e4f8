"""A bad quarter of an hour: trouble is made under calls, and Prometheus says so by the chart's own rules.

What the dashboards show of it is drawn into tests/out/cluster/pictures.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from alex_caller.presence import CallError
from alex_caller.speech import Clip, Voice
from bench.pictures import draw_all, panels_without_data
from chart.dashboards import UIDS, Window, load
from cluster.kube import OUT, Kube, eventually
from cluster.observed import House, calling, observed
from cluster.release import holders

# Two pods of one slot: with one caller it is well, with two there is none left. Of few words there are many turns.
SLOTS, AT_FIRST, ALL = 1, 1, 2
QUESTION = "Who are you?"
# While it is well the caller hangs up and calls again, so that calls have a length and a price.
SHORT_CALL_TURNS = 3
GOOD_SECONDS = 45
# Several releases that start at once on two cores are not well: their agents need longer than an alert waits here.
BECOMES_WELL_SECONDS = 180

REPLIES = [{"say": "I am Alex."}]
DELAYS = {"openai": {"first_ms": 400, "jitter_ms": 20}, "elevenlabs": {"first_ms": 150, "jitter_ms": 50}}
WELL = {"seed": 7, "replies": REPLIES, "delays": DELAYS}
# The mind fails at first and then needs three seconds and more; the first voice has failed, so the second one speaks.
TROUBLE = {
    "seed": 7,
    "replies": REPLIES,
    "delays": {**DELAYS, "openai": {"first_ms": 3500}},
    "faults": [{"provider": "elevenlabs", "kind": "error"}, {"provider": "openai", "kind": "error", "times": 6}],
}

# Several times the window of a rule and its wait.
SLOWEST_ALERT_SECONDS = 300

MODELS = ("nova-2-general", "gpt-4o-mini", "eleven_turbo_v2_5", "tts-1")


class Crowd:
    """Callers who talk until they are told to stop; whoever is cut off calls again."""

    def __init__(self, url: str, clip: Clip) -> None:
        self._url = url
        self._clip = clip
        self._over = threading.Event()
        self._staying = threading.Event()
        self._began = threading.Event()
        self._lines: list[threading.Thread] = []

    def grow(self, lines: int) -> None:
        """Let so many callers call at once."""
        while len(self._lines) < lines:
            line = threading.Thread(target=lambda: asyncio.run(self._talk()))
            self._lines.append(line)
            line.start()

    def next_call(self) -> None:
        """Wait until a call has just begun."""
        self._began.clear()
        assert self._began.wait(120), "nobody calls any more"

    def stay(self) -> None:
        """Let nobody hang up any more."""
        self._staying.set()

    def leave(self) -> None:
        """Let everybody hang up."""
        self._over.set()
        for line in self._lines:
            line.join(120)

    async def _talk(self) -> None:
        while not self._over.is_set():
            try:
                async with calling(self._url) as call:
                    self._began.set()
                    turns = 0
                    while not self._over.is_set() and (self._staying.is_set() or turns < SHORT_CALL_TURNS):
                        await call.ask(self._clip)
                        turns += 1
            except CallError:  # the agent was taken away
                await asyncio.sleep(1)


@pytest.fixture(name="house", scope="module")
def _house(alex: Kube, prometheus: Kube) -> Iterator[House]:
    prices = [{"provider": "offline", "model": model, "usdPerAudioMinute": 0.6} for model in MODELS]
    with observed(alex, prometheus, WELL, {"slots": SLOTS, "prices": prices, "budgetUsdPerDay": 5}) as house:
        yield house


@pytest.fixture(name="trouble", scope="module")
def _trouble(house: House) -> Iterator[House]:
    """Let callers call; after a while take pods away, let mind and voice fail, and fill all slots."""
    crowd = Crowd(house.url, Voice().say(QUESTION))
    try:
        crowd.grow(AT_FIRST)
        time.sleep(GOOD_SECONDS)
        eventually("it is well before", lambda: firing(house) == set(), BECOMES_WELL_SECONDS)
        crowd.next_call()
        take_away(house)  # it drains
        crowd.next_call()
        take_away(house, "--grace-period=0", "--force")  # its call is taken over
        house.put(TROUBLE)
        crowd.stay()
        crowd.grow(ALL)
        yield house
    finally:
        crowd.leave()


def take_away(house: House, *how: str) -> None:
    """Delete an agent pod that has a call, and wait until it is gone and another is in its place."""
    eventually("the call before has been given up", lambda: len(set(holders(house.kube))) == 1, 20)
    [pod] = set(holders(house.kube))
    house.kube.kubectl("delete", "pod", pod, "--wait=false", *how)
    house.kube.kubectl("wait", "--for=delete", f"pod/{pod}", "--timeout=180s", timeout=200)
    eventually("both agents are there", lambda: len(house.kube.ready("agent")) == 2, 120)


def firing(house: House) -> set[str]:
    """Name the alerts that fire for this release."""
    found = house.ask(f'ALERTS{{alertstate="firing", namespace="{house.kube.namespace}"}}')
    return {alert["metric"]["alertname"] for alert in found}


@pytest.mark.parametrize("alert", ["AlexNoFreeSlots", "AlexProviderFailing", "AlexTurnsSlow", "AlexStageSlow"])
def test_trouble_is_told(trouble: House, alert: str) -> None:
    """Each alert fires in a running Prometheus because what it is for has happened."""
    eventually(f"{alert} fires", lambda: alert in firing(trouble), SLOWEST_ALERT_SECONDS)


def test_every_panel_has_data(trouble: House) -> None:
    """Each panel of each dashboard shows something of calls that were really made."""
    now = time.time()
    shown = Window(now - 960, now, namespace=trouble.kube.namespace)
    # Some panels have a point every quarter of an hour: they show it at the next full one.
    later = replace(shown, end=(now // 900 + 1) * 900)
    url = trouble.prometheus
    empty = {
        uid: {p["title"] for p in panels_without_data(url, load(uid), shown)}
        & {p["title"] for p in panels_without_data(url, load(uid), later)}
        for uid in UIDS
    }
    draw_all(url, OUT / "pictures", shown)

    assert empty == {uid: set() for uid in UIDS}
