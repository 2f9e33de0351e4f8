"""Pods come and go, calls stay; `tests/run chaos` does the same for longer."""

from __future__ import annotations

from bench.chaos import KINDS, chaos
from cluster.kube import Kube


def test_no_call_is_cut_while_pods_come_and_go(alex: Kube) -> None:
    """Scale-ins, rollouts, evictions and deletions of idle and busy pods, two of each: every call reaches its end."""
    fleet, ended = chaos(alex, events=10, seed=7)

    assert {kind: fleet.done[kind] for kind in KINDS} == dict.fromkeys(KINDS, 2)
    assert [call for call in ended if call.outcome == "cut"] == []
    assert sum(call.outcome == "answered" for call in ended) > 3


def test_a_plain_deployment_cuts_calls(alex: Kube) -> None:
    """The same on a Deployment without Alex's care: calls are cut, so the test above can fail."""
    _, ended = chaos(alex, events=5, seed=7, plain=True)

    assert "cut" in {call.outcome for call in ended}
