"""`k8s/up --context`: a cluster that was there before, with Alex added to it and taken away again."""

from __future__ import annotations

from pathlib import Path

import pytest
from cluster.kube import ROOT, RUN, Kube, run
from cluster.release import values_files


@pytest.fixture(name="elsewhere")
def another_machine(alex: Kube, tmp_path: Path) -> dict[str, str]:
    """Return the environment of somebody with an empty cache, whose kubeconfig leads to this cluster."""
    return {**alex.env, "XDG_CACHE_HOME": str(tmp_path), "KUBECONFIG": str(RUN / "kubeconfig")}


def test_context_without_values_is_told_about_images(alex: Kube, elsewhere: dict[str, str]) -> None:
    """A cluster that must pull the images is not tried without saying from where; the message names the command."""
    told = run(ROOT / "k8s" / "up", "--context", alex.context, "--namespace", "given", env=elsewhere)

    assert told.code == 1
    assert "images/push" in told.output


def test_given_cluster_gets_alex_and_nothing_else(alex: Kube, elsewhere: dict[str, str], tmp_path: Path) -> None:
    """`k8s/up` installs Alex in the context it is given, and `k8s/down` removes that release, not the cluster."""
    given = alex.within("given")
    command: list[str | Path] = [ROOT / "k8s" / "up", "--context", alex.context, "--namespace", "given"]

    up = run(*command, *values_files(alex, tmp_path / "values"), env=elsewhere, timeout=600)
    ready = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in given.pods()}
    down = run(ROOT / "k8s" / "down", env=elsewhere, timeout=400)

    # The ports of the page belong to the Alex of the other tests, which is the last thing `k8s/up` looks at.
    assert "Port 7880 of this machine is taken" in up.output
    assert ready == {"agent", "web", "offline", "livekit"}
    assert down.code == 0, down.output
    assert alex.try_kubectl("get", "namespace", "given").code != 0
    assert alex.pods("agent")
