"""Every scenario of `ci/` that can run here: installed as its head says, called by `helm test`, and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from chart.scenarios import every
from cluster.conftest import NAMESPACE
from cluster.kube import Kube
from cluster.release import install_scenario, own_namespace, undo_first

# These are installed elsewhere: the first by `k8s/up`, the last for a module of its own, which has all of the second.
ELSEWHERE = {"minimal", "nodes", "production"}
HERE = [name for name, scenario in every().items() if scenario.installable and name not in ELSEWHERE]


@pytest.fixture(name="installed")
def _installed(alex: Kube, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """Install a scenario into a namespace of its own; nothing of it is left."""
    name = str(request.param)
    profile = "privileged" if name == "host-network" else "restricted"
    with own_namespace(alex, name, profile=profile) as kube, contextlib.ExitStack() as after:
        request.node.stash[NAMESPACE] = kube
        after.callback(undo_first, kube, name)
        install_scenario(alex, kube, name)
        kube.settled()
        yield kube


@pytest.mark.parametrize("installed", HERE, indirect=True)
def test_a_scenario_is_installed_called_and_removed(installed: Kube) -> None:
    """Its pods become ready, and a caller in the cluster is answered."""
    said = installed.helm("test", "alex", "--logs", "--timeout", "3m")

    assert "PASS" in said
