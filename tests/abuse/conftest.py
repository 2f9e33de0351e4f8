"""What the abuse suite shares: a real LiveKit, web as processes behind so many proxies, and agent pods in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import pytest
import stack
from abuse.door import ADMIN_KEY, Door
from livekit_server import LiveKitServer, livekit
from web.agent_pod import AgentPod
from web.conftest import _clean_environment, door, open_door, pod

__all__ = ["_clean_environment", "door", "livekit", "open_door", "pod"]

# Enough for every test of the suite to get calls, and to leave them.
SLOTS = 1000


@pytest.fixture(scope="session")
def agents() -> Iterator[AgentPod]:
    """Run an agent pod with many slots, beside the tests and not in their event loops."""
    pod, loop = AgentPod(slots=SLOTS), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(pod.start(), loop).result(10)
    yield pod
    asyncio.run_coroutine_threadsafe(pod.die(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="session")
def open_web(
    tmp_path_factory: pytest.TempPathFactory, livekit: LiveKitServer, agents: AgentPod
) -> Iterator[Callable[..., str]]:
    """Start web as a process, with the chart's defaults but for what a test says; give its address."""
    running: dict[str, stack.Stack] = {}

    def opened(**env: str) -> str:
        key = str(sorted(env.items()))
        if key not in running:
            folder = tmp_path_factory.mktemp("web")
            whole = running[key] = stack.Stack(folder, {name: stack.free_port() for name in stack.NAMES})
            usual = {"LIVEKIT_URL": livekit.url, "ALEX_AGENT_PODS": agents.target, "ALEX_ADMIN_KEY": ADMIN_KEY}
            limits = {"ALEX_STARTS_PER_ADDRESS": "120", "ALEX_STARTS_PER_SESSION": "30", "ALEX_CALLS_PER_ADDRESS": "20"}
            whole.start("web", {**usual, **limits, "ALEX_WEB_REPLICAS": "3", **env})
        return running[key].url.replace("localhost", "127.0.0.1")

    yield opened
    for whole in running.values():
        whole.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that keeps no cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


@pytest.fixture
def front(open_web: Callable[..., str], http: aiohttp.ClientSession) -> Callable[..., Door]:
    """Give a door behind one proxy of ours, by default; each test comes from an address of its own."""

    def opened(**env: Any) -> Door:
        return Door(open_web(**{"ALEX_TRUSTED_PROXIES": "1", **env}), http)

    return opened
