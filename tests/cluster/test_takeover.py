"""An agent dies in the middle of a call, on Kubernetes; `tests/run takeover` does the same many times and measures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alex_caller.speech import Voice
from bench.takeover import KINDS, die
from cluster.kube import Kube, eventually


@pytest.fixture(name="two", scope="module")
def _two_agents(alex: Kube) -> Iterator[Kube]:
    """Give the release two agent pods."""
    alex.kubectl("scale", "deployment/alex-agent", "--replicas=2")
    yield alex
    alex.kubectl("scale", "deployment/alex-agent", "--replicas=1")
    eventually("one agent pod is left", lambda: len(alex.ready("agent")) == 1 == len(alex.pods("agent")), 180)


@pytest.mark.parametrize("kind", KINDS)
async def test_another_agent_goes_on_with_the_call(two: Kube, kind: str) -> None:
    """After the death of the call's process, of the agent, or of its pod, a voice is heard that knows what was said."""
    voice = Voice()
    death = await die(two, kind, [voice.say("My dog is called Bruno."), voice.say("What is my dog called?")])

    assert death.seconds is not None, "nobody spoke again"
    assert death.remembered
