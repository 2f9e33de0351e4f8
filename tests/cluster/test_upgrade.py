"""`helm upgrade` of a release in use."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from cluster.kube import ROOT, Kube, call, eventually
from cluster.test_install import identity, secrets

GREETING = "Welcome back from the upgrade."


@pytest.fixture
def upgraded(alex: Kube) -> Iterator[None]:
    """Put the release back to what it was."""
    yield
    upgrade(alex, "agent.greeting=")
    alex.settled()


def upgrade(alex: Kube, *values: str) -> None:
    """Upgrade in place, keeping every other value."""
    settings = [word for value in values for word in ("--set-string", value)]
    alex.helm("upgrade", "alex", str(ROOT / "charts" / "alex"), "--reuse-values", *settings)


def test_upgrade_without_a_change_restarts_nothing(alex: Kube) -> None:
    """An upgrade to the same values keeps every pod and the secrets the chart has generated."""
    pods, kept = identity(alex), secrets(alex)

    upgrade(alex)
    alex.settled()

    assert identity(alex) == pods
    assert secrets(alex) == kept


@pytest.mark.usefixtures("upgraded")
def test_upgrade_does_not_cut_the_call_it_finds(alex: Kube) -> None:
    """A call that is on when the agent is upgraded goes on to its end, and the next one is with the new agent."""
    [before] = alex.pods("agent")
    words = ["--ask", "What is your name?", "--expect", "alex", "--hold", "25"]
    ongoing = subprocess.Popen(
        [ROOT / "k8s" / "call", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    eventually("the call has begun", lambda: "joined" in call_log(alex), 60)

    upgrade(alex, f"agent.greeting={GREETING}")
    alex.settled()
    said, _ = ongoing.communicate(timeout=180)
    later = call("--ask", "What is your name?", "--expect", "alex")

    assert ongoing.returncode == 0, said
    assert "PASS" in said
    assert before["metadata"]["name"] not in {pod["metadata"]["name"] for pod in alex.pods("agent")}
    assert later.code == 0, later.output
    assert GREETING in " ".join(later.output.split())


def call_log(alex: Kube) -> str:
    """Return what the callers that run now have said so far."""
    pods = alex.kubectl("get", "pods", "--output", "name").split()
    return "".join(alex.try_kubectl("logs", pod).output for pod in pods if pod.startswith("pod/alex-call-"))
