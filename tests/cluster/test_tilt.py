"""Tilt itself on the cluster of `k8s/up`: green with a call, red with the reason, and gone without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.kube import ROOT, Kube, Result, eventually, run
from cluster.lanes import images_kept

TILT = ROOT / "k8s" / "local" / "tilt"
# Python itself does not start with it, so the chart has nothing to refuse.
BROKEN = "agent: {extraEnv: [{name: PYTHONHOME, value: /nowhere}]}"


def tilt_ci(*arguments: str | Path) -> Result:
    """Run `tilt ci` to its end, without its page."""
    return run(TILT, "ci", "--port", "0", "--timeout", "8m", *arguments, timeout=600)


def namespaces(alex: Kube) -> set[str]:
    """Name the namespaces that there are."""
    return {item["metadata"]["name"] for item in alex.items("namespaces")}


@pytest.fixture(name="kube", scope="module")
def _kube(alex: Kube) -> Iterator[Kube]:
    """Return the namespace of the Tiltfile; whatever is left of it in the end is removed."""
    kube = alex.within("alex-dev")
    with images_kept():
        yield kube
    run(TILT, "down", "--delete-namespaces", timeout=300)


def test_ci_is_red_when_the_agent_cannot_start(kube: Kube, tmp_path: Path) -> None:
    """`tilt ci` ends with an error as soon as the agent has crashed again, and shows its last words."""
    values = tmp_path / "values.yaml"
    values.write_text(BROKEN)

    ended = tilt_ci("--", "--values", values)

    assert ended.code == 1, ended.output[-4000:]
    assert "does not start. Its last words:" in ended.output
    assert "Fatal Python error" in ended.output
    assert "SUCCESS" not in ended.output


def test_ci_is_green_once_alex_has_answered(kube: Kube) -> None:
    """`tilt ci` builds, installs and makes a call in which Alex says its name."""
    ended = tilt_ci()

    assert ended.code == 0, ended.output[-4000:]
    assert "SUCCESS" in ended.output
    assert "PASS: 1 of 1 calls" in ended.output
    assert "My name is Alex." in ended.output


def test_down_leaves_nothing(alex: Kube, kube: Kube) -> None:
    """`tilt down` takes away everything that the Tiltfile installed, also what is in no namespace."""
    done = run(TILT, "down", timeout=300)
    # A namespace with pods in it is looked at again only after half of their grace period; an agent's is long.
    kube.try_kubectl("wait", "--for=delete", "pods", "--all", "--timeout=60s")
    gone = run(TILT, "down", "--delete-namespaces", timeout=300)

    assert done.code == gone.code == 0, done.output + gone.output
    eventually("both namespaces are gone", lambda: not {"alex-dev", "monitoring"} & namespaces(alex), 120)
    kinds = "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings"
    left = alex.kubectl("get", kinds, "--output", "name").split()
    # The Prometheus of other tests is that of the Tiltfile under names of its own.
    assert [name for name in left if "alex-dev" in name and "/test-" not in name] == []
