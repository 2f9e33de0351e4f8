"""Pods come and go, calls stay; `tests/run chaos` does the same for longer."""

from __future__ import annotations

from bench.chaos import KINDS, chaos
from cluster.kube import Kube

LINES = 4  # a call and its caller are 0.2 core, and others work on the machine


def test_no_call_is_cut_while_pods_come_and_go(alex: Kube) -> None:
    """A scale-in, a rollout, an eviction, the deletion of an idle and of a busy pod: every call reaches its end."""
    fleet, ended = chaos(alex, events=len(KINDS), seed=7, lines=LINES)

    assert fleet.done == dict.fromkeys(KINDS, 1)
    assert [call for call in ended if call.outcome == "cut"] == []
    assert sum(call.outcome == "answered" for call in ended) > 3


def test_a_plain_deployment_cuts_calls(alex: Kube) -> None:
    """The same on a Deployment without Alex's care: calls are cut, so the test above can fail."""
    _, ended = chaos(alex, events=len(KINDS), seed=7, plain=True, lines=LINES)

    assert "cut" in {call.outcome for call in ended}
