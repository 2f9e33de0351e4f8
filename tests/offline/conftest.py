"""The scripted program, one for all tests that share its settings; every test puts its own script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from offline.program import Program


@pytest.fixture(scope="session")
def shared() -> Iterator[Program]:
    """One scripted program with room for many."""
    streams = {f"ALEX_OFFLINE_{kind}_STREAMS": "40" for kind in ("STT", "SPEECH", "LANGUAGE")}
    with Program(ALEX_OFFLINE_ENGINE="scripted", ALEX_OFFLINE_KEY="the-right-key", **streams) as program:
        program.wait_ready()
        yield program


@pytest.fixture
def scripted(shared: Program) -> Program:
    """Give the shared program, with an empty ledger and a script without faults."""
    shared.follow()
    return shared


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Give the session the plugins are given outside a job."""
    async with aiohttp.ClientSession() as session:
        yield session
