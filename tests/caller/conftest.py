"""A livekit-server for all tests of the caller, and a house for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from caller.house import House, livekit, open_house
from stack import Stack


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run a real livekit-server on loopback."""
    stack = livekit(tmp_path_factory.mktemp("livekit"))
    yield stack
    stack.stop()


@pytest.fixture
async def house(media: Stack) -> AsyncIterator[House]:
    """Serve a token endpoint whose rooms an agent joins."""
    async with open_house(media.livekit_url) as house:
        yield house
