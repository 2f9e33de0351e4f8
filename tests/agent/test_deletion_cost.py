"""The pod's annotations against a stand-in of the API server, over TLS: how often, in which order, what fails."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from alex_agent import deletion_cost, settings
from alex_agent.deletion_cost import COST, SAFE_TO_EVICT, Pace, Pod, UnwrittenError, follow, keep
from structlog.testing import capture_logs
from yarl import URL

# A hundredth of the real pace keeps its proportions.
PACE = Pace(look=0.01, settle=0.02, between_writes=0.2, longest_pause=0.4)
PATH = "/api/v1/namespaces/voices/pods/alex-agent-1"


@dataclass
class ApiServer:
    """Takes annotations of one pod, and notes who asked, when and for what."""

    credentials: Path
    url: URL = field(default_factory=URL)
    failing: int = 0  # so many answers are errors
    silent: bool = False  # takes what it gets and never answers
    annotations: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[float, str, str]] = field(default_factory=list)  # when, with which token, which cost

    @property
    def costs(self) -> list[str]:
        return [cost for _, _, cost in self.asked]

    async def patch(self, request: web.Request) -> web.Response:
        body = await request.json()
        annotations = body["metadata"]["annotations"]
        self.asked.append((time.monotonic(), request.headers["Authorization"], annotations[COST]))
        assert request.content_type == "application/merge-patch+json"
        if self.failing:
            self.failing -= 1
            return web.json_response({"kind": "Status", "message": "an agent may not"}, status=403)
        self.annotations |= annotations
        if self.silent:
            await asyncio.sleep(60)
        return web.json_response({"kind": "Pod"})


@pytest.fixture(name="certificate", scope="module")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=kubernetes"
    command += " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out ca.crt"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(name="server")
async def _server(certificate: Path, tmp_path: Path) -> AsyncIterator[ApiServer]:
    (tmp_path / "ca.crt").write_bytes((certificate / "ca.crt").read_bytes())
    (tmp_path / "token").write_text("first\n")
    server = ApiServer(tmp_path)
    app = web.Application()
    app.router.add_patch(PATH, server.patch)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate / "ca.crt", certificate / "key.pem")
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    server.url = URL(f"https://127.0.0.1:{runner.addresses[0][1]}{PATH}")
    yield server
    await runner.cleanup()


@dataclass
class Calls:
    """The calls of the pod, as a test wants them."""

    now: int = 0

    def __call__(self) -> int:
        return self.now


@asynccontextmanager
async def followed(server: ApiServer, calls: Calls, timeout_seconds: float = 5.0) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(follow(calls, Pod(server.url, server.credentials, timeout_seconds).write, PACE))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_start_is_written_and_rest_is_not(server: ApiServer) -> None:
    """An idle pod says so once, whatever a former life of it has left, and then nothing as long as nothing changes."""
    async with followed(server, Calls()):
        await until(lambda: server.asked)
        await asyncio.sleep(3 * PACE.between_writes)

    assert server.costs == ["0"]
    assert server.annotations == {COST: "0", SAFE_TO_EVICT: "true"}


async def test_a_call_makes_the_pod_dear_and_its_end_makes_it_cheap(server: ApiServer) -> None:
    """With a call the node must stay and others go first; without it the pod may go as before."""
    calls = Calls()
    async with followed(server, calls):
        await until(lambda: server.annotations.get(COST) == "0")
        calls.now = 1
        await until(lambda: server.annotations.get(COST) == "1")
        assert server.annotations[SAFE_TO_EVICT] == "false"
        calls.now = 0
        await until(lambda: server.annotations.get(COST) == "0")
        assert server.annotations[SAFE_TO_EVICT] == "true"


async def test_a_burst_is_one_write(server: ApiServer) -> None:
    """Calls that come in one moment are written once, with what the moment ended in."""
    calls = Calls()
    async with followed(server, calls):
        await until(lambda: server.asked)
        await asyncio.sleep(2 * PACE.between_writes)
        for now in (1, 2, 3, 4):
            calls.now = now
            await asyncio.sleep(PACE.settle / 8)
        await until(lambda: server.annotations[COST] == "4")
        await asyncio.sleep(2 * PACE.between_writes)

    assert server.costs == ["0", "4"]


async def test_a_call_that_was_none_is_not_written(server: ApiServer) -> None:
    """A number that is back before it settled is no reason to write."""
    calls = Calls()
    async with followed(server, calls):
        await until(lambda: server.asked)
        await asyncio.sleep(2 * PACE.between_writes)
        calls.now = 1
        await asyncio.sleep(PACE.look)
        calls.now = 0
        await asyncio.sleep(2 * PACE.between_writes)

    assert set(server.costs) == {"0"}


async def test_restless_pod_writes_no_more_often_than_it_may(server: ApiServer) -> None:
    """However often the number changes, writes keep their distance, and the last value is the one that stays."""
    calls = Calls()
    async with followed(server, calls):
        for now in range(100):
            calls.now = now
            await asyncio.sleep(0.01)
        await until(lambda: server.annotations.get(COST) == "99")
        await asyncio.sleep(2 * PACE.between_writes)

    times = [at for at, _, _ in server.asked]
    # Measured where they arrive, so one that was slow to arrive shortens the next distance a little.
    assert min(b - a for a, b in itertools.pairwise(times)) > PACE.between_writes * 0.8
    assert 3 <= len(times) <= 1 + (times[-1] - times[0]) / (PACE.between_writes * 0.8)
    assert server.costs[-1] == "99"


async def test_failures_are_told_once_and_mended(server: ApiServer) -> None:
    """A spell of failures is one warning with the reason; when it is over the number is written, and that is told."""
    server.failing = 3
    calls = Calls(2)
    with capture_logs() as logs:
        async with followed(server, calls):
            await until(lambda: len(logs) == 2)
            server.failing = 1
            calls.now = 3
            await until(lambda: len(logs) == 4)

    assert server.costs == ["2"] * 4 + ["3"] * 2
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [entry["event"] for entry in logs] == [
        "deletion_cost_not_written",
        "deletion_cost_written_again",
        "deletion_cost_not_written",
        "deletion_cost_written_again",
    ]
    assert warnings[0]["reason"].startswith("403 ")
    assert "an agent may not" in warnings[0]["reason"]
    assert "agent.deletionCost" in warnings[0]["hint"]
    assert "first" not in str(logs)


async def test_failures_grow_rarer(server: ApiServer) -> None:
    """A server that keeps refusing is asked less and less often, down to the longest pause."""
    server.failing = 4
    async with followed(server, Calls()):
        await until(lambda: server.annotations)

    times = [at for at, _, _ in server.asked]
    pauses = [b - a for a, b in itertools.pairwise(times)]
    assert pauses[0] < PACE.longest_pause
    assert min(pauses[1:]) > PACE.longest_pause * 0.9


async def test_an_answer_that_never_came_is_not_trusted(server: ApiServer) -> None:
    """When a write may have arrived, the next number is written even if it is the one from before."""
    calls = Calls()
    async with followed(server, calls, timeout_seconds=0.3):
        await until(lambda: server.annotations.get(COST) == "0")
        server.silent = True
        calls.now = 1
        await until(lambda: server.annotations[COST] == "1")
        calls.now = 0
        server.silent = False
        await until(lambda: server.annotations[COST] == "0")


async def test_token_is_read_each_time(server: ApiServer) -> None:
    """A token that the kubelet has renewed is used from the next write on."""
    calls = Calls()
    async with followed(server, calls):
        await until(lambda: server.asked)
        (server.credentials / "token").write_text("second\n")
        calls.now = 1
        await until(lambda: len(server.asked) == 2)

    assert [token for _, token, _ in server.asked] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda server: (server.credentials / "token").unlink(), "FileNotFoundError"),
        (lambda server: (server.credentials / "ca.crt").write_text("not one"), "SSLError"),
        (lambda server: (server.credentials / "token").write_text("se\ncret"), "the token is not one"),
        (lambda server: (server.credentials / "token").write_bytes(b"\xffsecret"), "the token is not one"),
        (lambda server: setattr(server, "url", server.url.with_port(1)), "ClientConnectorError"),
        (lambda server: setattr(server, "url", server.url.with_path("/elsewhere")), "404"),
        (lambda server: setattr(server, "url", server.url.with_host("localhost")), "ClientConnectorCertificateError"),
        (lambda server: setattr(server, "silent", True), "TimeoutError"),
    ],
)
async def test_every_failure_is_one_the_parent_survives(
    server: ApiServer, break_it: Callable[[ApiServer], object], reason: str
) -> None:
    """A missing or broken file, another certificate, silence and refusal end in one kind of error, never the token."""
    break_it(server)

    with pytest.raises(UnwrittenError, match=reason) as error:
        await Pod(server.url, server.credentials, timeout_seconds=0.5).write(1)

    assert "secret" not in str(error.value)
    assert "first" not in str(error.value)


async def test_nothing_is_done_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ALEX_DELETION_COST the task ends at once, and no pod is looked for."""
    monkeypatch.delenv("ALEX_DELETION_COST", raising=False)

    await asyncio.wait_for(keep(settings.read(), Calls()), 1)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_address_is_the_one_kubernetes_gives(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Told to, the parent writes to its own pod at the API server's address; an IPv6 address is understood."""
    for name, value in {
        "ALEX_DELETION_COST": "true",
        "ALEX_POD_NAME": "alex-agent-1",
        "ALEX_POD_NAMESPACE": "voices",
        "KUBERNETES_SERVICE_HOST": host,
        "KUBERNETES_SERVICE_PORT": str(server.url.port),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(deletion_cost, "CREDENTIALS", server.credentials)
    with capture_logs() as logs:
        task = asyncio.create_task(keep(settings.read(), Calls(1)))
        await until(lambda: server.asked or logs)
        await asyncio.sleep(0.1)
        task.cancel()

    if host == "127.0.0.1":
        assert server.annotations == {COST: "1", SAFE_TO_EVICT: "false"}
    else:  # nobody listens there
        assert f"host ::1:{server.url.port}" in logs[0]["reason"]
