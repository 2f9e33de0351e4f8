"""KEDA itself on the cluster of `k8s/up`, for as long as this suite runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cluster.conftest import alex, namespace, pytest_runtest_makereport, up
from cluster.kube import ROOT, FailedError, Kube, run

__all__ = ["alex", "namespace", "pytest_runtest_makereport", "up"]


@pytest.fixture(scope="session")
def keda(alex: Kube) -> Iterator[Kube]:
    """Install KEDA, as built from its own module, and remove it; return its namespace."""
    script = ROOT / "k8s" / "local" / "keda"
    installed = run(script, "up", timeout=3000)
    if installed.code != 0:
        raise FailedError(f"k8s/local/keda up: {installed.output}")
    yield alex.within("keda")
    removed = run(script, "down", timeout=600)
    if removed.code != 0:
        raise FailedError(f"k8s/local/keda down: {removed.output}")
