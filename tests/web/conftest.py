"""What web's tests share: agent pods, a real LiveKit, and the app in front of both."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from alex_web.app import create_app
from alex_web.settings import Settings
from livekit_server import LiveKitServer, livekit
from redis_server import redis
from stack import NO_LIMITS
from web.agent_pod import AgentPod
from web.front_door import FrontDoor

__all__ = ["livekit", "redis"]

ADMIN_KEY = "an-admin-key-of-some-length"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for name in list(os.environ):
        if name.startswith(("ALEX_", "LIVEKIT_")):
            monkeypatch.delenv(name)


@pytest.fixture
async def pod() -> AsyncIterator[AgentPod]:
    """Give an idle agent pod with four slots."""
    pod = AgentPod()
    await pod.start()
    yield pod
    await pod.die()


@pytest.fixture
async def open_door(livekit: LiveKitServer, pod: AgentPod) -> AsyncIterator[Callable[..., Awaitable[FrontDoor]]]:
    """Open doors: apps on the real LiveKit and the pod, with settings as given."""
    async with AsyncExitStack() as exits:

        async def opened(**changes: object) -> FrontDoor:
            usual = {"LIVEKIT_URL": livekit.url, "ALEX_AGENT_PODS": pod.target, **NO_LIMITS}
            values: dict[str, object] = {**usual, **changes}
            app = create_app(Settings.model_validate(values))
            started = app.test_app()
            await started.startup()
            exits.push_async_callback(started.shutdown)
            return FrontDoor(app)

        yield opened


@pytest.fixture
async def door(open_door: Callable[..., Awaitable[FrontDoor]]) -> FrontDoor:
    """Give an app with the default settings."""
    return await open_door()
