"""Alex as `k8s/up` leaves it, and a namespace for tests that break things. What a failure looked like is kept.

Several processes may run tests of this suite at a time; lanes.py says what goes one after the other.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Generator, Iterator
from dataclasses import asdict

import pytest
from cluster.kube import ROOT, FailedError, Kube, Result, hang_up, keep, run, target
from cluster.monitoring import monitoring
from cluster.release import all_removed, own_namespace


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Result:
    """Run `k8s/up` as its user does, once for all lanes. Our own node also enforces policies."""
    done = tmp_path_factory.getbasetemp().parent / f"up-{testrun_uid}.json"
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return Result(**json.loads(done.read_text()))
        result = run(ROOT / "k8s" / "up", timeout=1500)
        if result.code != 0:
            raise FailedError(f"k8s/up: {result.output}")
        if target()["made"] == "local":
            enforced = run(ROOT / "k8s" / "local" / "policies", "up", timeout=1500)
            assert enforced.code == 0, enforced.output
        done.write_text(json.dumps(asdict(result)))
        return result


@pytest.fixture(scope="session")
def alex(up: Result) -> Iterator[Kube]:
    """Return the namespace in which Alex runs."""
    yield Kube.of_up()
    try:
        all_removed()
    finally:
        hang_up()


@pytest.fixture(scope="session")
def prometheus(alex: Kube) -> Iterator[Kube]:
    """Run Prometheus and prometheus-adapter; return their namespace."""
    with monitoring(alex) as kube:
        yield kube


@pytest.fixture
def namespace(alex: Kube, request: pytest.FixtureRequest) -> Iterator[Kube]:
    """Return an empty namespace that insists on restricted pods, and remove it."""
    with own_namespace(alex) as fresh:
        request.node.stash[NAMESPACE] = fresh
        yield fresh


NAMESPACE = pytest.StashKey[Kube]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write events and logs of the namespaces a failed test used to tests/out/cluster."""
    report = yield
    if report.when != "teardown" and report.failed and isinstance(item, pytest.Function):
        used = [item.stash.get(NAMESPACE, None), *item.funcargs.values()]
        used += [getattr(found, "kube", None) for found in used]
        kept = keep(item.name, *(kube for kube in used if isinstance(kube, Kube)))
        report.sections.append(("cluster", f"events and logs: {kept}"))
    return report
