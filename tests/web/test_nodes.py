"""Two LiveKit nodes with a real Redis: why rooms may stay empty for as long as a call where there are several nodes."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import livekit_server
import pytest
import stack
from livekit import api, rtc
from livekit_server import LiveKitServer

# A room older than its patience, in a moment instead of the twenty seconds that a room of one node has.
PATIENCE_SECONDS = 4
CALL_SECONDS = 3720


@pytest.fixture(name="redis")
def _redis(tmp_path: Path) -> Iterator[int]:
    """Run a Redis without a disk; give its port."""
    port = stack.free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(tmp_path)]
    process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, "Redis does not answer"
        time.sleep(0.1)
    yield port
    process.terminate()
    process.wait(10)


@pytest.fixture(name="nodes")
def _nodes(redis: int, tmp_path: Path) -> Iterator[dict[str, LiveKitServer]]:
    """Run two LiveKit servers that know each other, by the names they have in Redis."""
    config = {"redis": {"address": f"127.0.0.1:{redis}"}, "logging": {"json": True}}
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with livekit_server.running(folders[0], config) as first, livekit_server.running(folders[1], config) as second:
        yield {str(node(server)): server for server in (first, second)}


def node(server: LiveKitServer) -> object:
    """Give the name of a server among the nodes."""
    return next(line["nodeID"] for line in server.program.events() if "nodeID" in line)


async def test_a_room_waits_for_its_caller_on_another_node(nodes: dict[str, LiveKitServer]) -> None:
    """When a node dies and the agent is back first, the room stays if it may be empty for longer than it is old."""
    (dying, first), (_, second) = nodes.items()
    async with first.api() as admin:
        for name, seconds in (("short", PATIENCE_SECONDS), ("long", CALL_SECONDS)):
            await admin.room.create_room(api.CreateRoomRequest(name=name, empty_timeout=seconds, node_id=dying))
    await asyncio.sleep(PATIENCE_SECONDS - 1)
    first.program.stop(signal.SIGKILL)
    await asyncio.sleep(6)  # a node counts as alive for five seconds after its last word

    agents = {name: rtc.Room() for name in ("short", "long")}
    for name, agent in agents.items():
        await agent.connect(second.url, second.token(name, "alex", kind="agent"))
    await asyncio.sleep(3)  # LiveKit looks for empty rooms every second
    async with second.api() as admin:
        left = [room.name for room in (await admin.room.list_rooms(api.ListRoomsRequest())).rooms]
    for agent in agents.values():
        await agent.disconnect()

    assert left == ["long"]
