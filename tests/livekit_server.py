"""A real livekit-server on loopback for suites that need rooms but not the whole of Alex.

Import the fixture into a suite's conftest: `from livekit_server import livekit` (each import is one server a session).
"""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stack
from livekit import api

KEY = "devkey"


@dataclass(frozen=True)
class LiveKitServer:
    """Where the server is, and a program to stop and start it."""

    url: str
    program: stack.Program
    key: str = KEY
    secret: str = stack.SECRET

    def api(self) -> api.LiveKitAPI:
        """Make an administrator's client; close it with `async with`."""
        return api.LiveKitAPI(self.url, self.key, self.secret)

    def token(self, room: str, identity: str, *, kind: str = "standard") -> str:
        """Sign a join token that no program of ours was asked for."""
        grants = api.VideoGrants(room_join=True, room=room)
        token = api.AccessToken(self.key, self.secret).with_identity(identity).with_grants(grants)
        return token.with_kind(kind).with_ttl(timedelta(minutes=1)).to_jwt()  # type: ignore[arg-type]


@contextlib.contextmanager
def running(folder: Path, config: Mapping[str, Any] | None = None) -> Iterator[LiveKitServer]:
    """Run a server on free ports, with the keys of `config` on top of the configuration of `stack`."""
    whole = stack.Stack(folder, {name: stack.free_port() for name in stack.NAMES})
    program = whole.livekit()
    path = folder / "livekit.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | dict(config or {})))
    program.start()
    try:
        program.wait_ready()
        yield LiveKitServer(whole.livekit_url.replace("localhost", "127.0.0.1"), program)
    finally:
        program.stop(signal.SIGKILL)  # asked politely, it waits for its rooms to empty


@pytest.fixture(scope="session")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    """Give one server for the session; rooms of a test have names of its own."""
    with running(tmp_path_factory.mktemp("livekit")) as server:
        yield server
