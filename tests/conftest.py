"""What all suites share: each folder is a suite, and its name is the marker of every test in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

# Folder → marker. `tests/run SUITE` selects by marker; a folder that is not listed fails collection.
SUITES = {
    "agent": "unit",
    "web": "unit",
    "abuse": "abuse",
    "offline": "unit",
    "caller": "unit",
    "docs": "unit",
    "k8s": "unit",
    "chart": "chart",
    "rules": "chart",
    "page": "page",
    "call": "call",
    "images": "images",
    "cluster": "cluster",
    "zero": "zero",
    "keda": "keda",
}


STATUS = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep how the tests ended, for the last word."""
    session.config.stash[STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End here: threads of LiveKit may call into a Python that is being taken apart, and abort what has passed."""
    if "livekit.rtc" in sys.modules and STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[STATUS])


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the folders of other suites: importing all of them takes longer than some suites."""
    wanted = config.option.markexpr
    if wanted not in SUITES.values() or collection_path.parent != HERE:
        return None
    return True if SUITES.get(collection_path.name, wanted) != wanted else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Share the cluster's tests out by lanes, all others as `--dist` says."""
    if config.option.markexpr != "cluster":
        return None
    from cluster.lanes import Lanes  # noqa: PLC0415 # only where several processes are asked for

    return Lanes(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that folders give."""
    for marker in sorted(set(SUITES.values())):
        config.addinivalue_line("markers", f"{marker}: see tests/README.md")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the suite of its folder."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if folder not in SUITES:
            message = f"{item.path} is in no suite: add its folder to SUITES in {__file__}"
            raise pytest.UsageError(message)
        item.add_marker(SUITES[folder])
        if isinstance(item, pytest.Function) and not item.function.__doc__:
            message = f"{item.nodeid} has no docstring: say in one sentence what holds when it passes"
            raise pytest.UsageError(message)
