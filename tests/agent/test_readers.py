"""A pod on its way out keeps its last figures until everybody who reads has them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from alex_agent import ops, readers
from alex_agent.metrics import Metrics
from alex_agent.readers import Readers


async def test_nobody_is_waited_for_where_nobody_reads() -> None:
    """Without a Prometheus a pod goes at once."""
    await asyncio.wait_for(Readers().all_again(60), 1)


async def test_every_reader_is_waited_for() -> None:
    """With two of them the pod stays until the slower one has come, and no longer."""
    found = Readers()
    found.note("10.0.0.1")
    found.note("10.0.0.2")

    waiting = asyncio.create_task(found.all_again(60))
    await asyncio.sleep(0.05)
    found.note("10.0.0.1")
    found.note("10.0.0.1")
    await asyncio.sleep(0.05)
    assert not waiting.done()
    found.note("10.0.0.2")

    await asyncio.wait_for(waiting, 1)


async def test_the_wait_has_an_end() -> None:
    """A reader that does not come again holds nobody up for longer than is allowed."""
    found = Readers()
    found.note("10.0.0.1")

    await asyncio.wait_for(found.all_again(0.05), 1)


async def test_who_has_gone_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that has not come for long is no reader any more."""
    found = Readers()
    found.note("10.0.0.1")
    monkeypatch.setattr(readers, "GONE_SECONDS", 0.0)

    await asyncio.wait_for(found.all_again(60), 1)


async def test_the_synthetic_caller_is_no_reader() -> None:
    """Who looks once for its own call holds no pod up; who asks as anybody else does."""
    metrics = Metrics()
    idle: Any = SimpleNamespace(report=dict)
    runner, port = await ops.serve("127.0.0.1", 0, idle, metrics, lambda: None, lambda _: False)
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            await http.get("/metrics", headers={"User-Agent": "alex-caller"})
            await asyncio.wait_for(metrics.readers.all_again(60), 1)

            await http.get("/metrics")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(metrics.readers.all_again(60), 0.1)
    finally:
        await runner.cleanup()
