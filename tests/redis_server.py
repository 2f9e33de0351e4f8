"""A real Redis on loopback, for suites in which web replicas count together.

Import the fixture into a suite's conftest: `from redis_server import redis`.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import stack

READY_SECONDS = 10.0


@dataclass(frozen=True)
class RedisServer:
    """Where it is, and its process."""

    address: str
    process: subprocess.Popen[bytes]
    password: str = "a-password-of-redis"

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """Give an empty one."""
    port = stack.free_port()
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    words += ["--requirepass", RedisServer.password]
    server = RedisServer(f"127.0.0.1:{port}", subprocess.Popen(words, stdout=subprocess.DEVNULL))
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    yield server
    server.stop()
