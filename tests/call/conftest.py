"""Whole stacks on loopback, one for each way to run Alex; started once, shared by the tests of a module."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from stack import NAMES, Stack, free_port, hosted_settings, running

# What holds a line for a caller who may come back would hold up the next test, and the end.
ALONE_SECONDS = "3"

# Modules of more than a minute and a half by their length: whoever shares them out has no long one left at the end.
LONGEST = ("failures", "takeover", "latency", "stack", "jobs", "talk")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first."""
    last = len(LONGEST)
    order = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, last) if item.path.parent.name == "call" else last)


@pytest.fixture(name="local", scope="session")
def _local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Alex as installed with no values: real speech recognition, language and synthesis."""
    with running(tmp_path_factory.mktemp("local"), {"agent": {"ALEX_ALONE_SECONDS": ALONE_SECONDS}}) as stack:
        yield stack


@pytest.fixture(name="hosted", scope="session")
def _hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Alex with keys: the vendors are a scripted stand-in on their wire protocols, the offline voice is behind them."""
    folder = tmp_path_factory.mktemp("hosted")
    ports = {name: free_port() for name in NAMES}
    env = hosted_settings(ports, ALEX_SLOTS="2", ALEX_ALONE_SECONDS=ALONE_SECONDS)
    names = ("livekit", "vendors", "offline", "agent", "web")
    with running(folder, env, ports, names) as started:
        yield started


@contextlib.contextmanager
def script(stack: Stack, **parts: Any) -> Iterator[None]:
    """Let the vendors follow this script and forget it afterwards."""
    put(stack, parts)
    try:
        yield
    finally:
        put(stack, {})


def put(stack: Stack, document: dict[str, Any]) -> None:
    """Replace the vendors' script."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{stack.ports['vendors_ops']}/script",
        json.dumps(document).encode(),
        {"Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        assert response.status < 300
