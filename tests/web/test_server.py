"""The whole program as a process: ready, measured, discreet, and finished with its requests before it ends."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest
import stack
from aiohttp import web
from livekit_server import LiveKitServer, running
from web.agent_pod import AgentPod
from web.conftest import ADMIN_KEY


@pytest.fixture
def alex(tmp_path: Path) -> Iterator[stack.Stack]:
    """Give free ports; what a test starts ends with it."""
    whole = stack.Stack(tmp_path, {name: stack.free_port() for name in stack.NAMES})
    yield whole
    whole.stop()


def environment(livekit_url: str, pod: AgentPod) -> dict[str, str]:
    """Give the settings of a web process."""
    return {"LIVEKIT_URL": livekit_url, "ALEX_AGENT_PODS": pod.target, "ALEX_ADMIN_KEY": ADMIN_KEY}


async def ops(alex: stack.Stack, path: str) -> tuple[int, str]:
    """Ask the ops port without holding up the pod that lives in this process."""
    return await asyncio.to_thread(alex.ops, "web", path)


def sockets(process: psutil.Process, port: int) -> list[str]:
    """Give the states of a process's connections to a port that it listens on."""
    lines = process.net_connections("inet")
    return [line.status for line in lines if line.laddr.port == port and line.status != psutil.CONN_LISTEN]


async def post(alex: stack.Stack, **request: object) -> tuple[int, bytes]:
    """Ask for a token over the network."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{alex.url}/api/token", **request) as response,  # type: ignore[arg-type]
    ):
        return response.status, await response.read()


async def test_a_client_that_leaves_leaves_no_socket(alex: stack.Stack, livekit: LiveKitServer, pod: AgentPod) -> None:
    """A connection that its client closes is closed at once, also while the answer is on its way."""
    program = await asyncio.to_thread(alex.start, "web", environment(livekit.url, pod))
    assert program.process is not None
    process = psutil.Process(program.process.pid)
    async with aiohttp.ClientSession() as http:
        async with http.get(alex.url) as response:
            await response.read()
        await asyncio.sleep(0.2)
        kept = sockets(process, alex.ports["web"])
    reader, writer = await asyncio.open_connection("127.0.0.1", alex.ports["web"])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await asyncio.sleep(0.5)

    assert kept == ["ESTABLISHED"], "a client that stays is not sent away"
    assert answer.startswith(b"HTTP/1.1 200")
    assert sockets(process, alex.ports["web"]) == []


async def test_process_serves_and_tells(alex: stack.Stack, livekit: LiveKitServer, pod: AgentPod) -> None:
    """A started process is ready, gives tokens, counts them, and says nothing private in its log."""
    await asyncio.to_thread(alex.start, "web", environment(livekit.url, pod))
    status, body = await post(alex, json={"participant_name": "Zoraya"})
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{alex.url}/api/rooms/room-of-zoraya", headers={"Authorization": f"Bearer {ADMIN_KEY}"}) as response,
    ):
        assert response.status == 404
    pod.rooms.append("room-of-zoraya")
    await asyncio.sleep(1.5)  # one look a second
    alive, ready, metrics, capacity = [
        await ops(alex, path) for path in ("/livez", "/readyz", "/metrics", "/api/capacity")
    ]
    log = alex.programs["web"].log.read_text()
    events = alex.programs["web"].events()

    assert status == 201
    assert alive[0] == ready[0] == 200
    assert capacity == (200, '{"active":1,"slots":4,"reserved":1,"free":2,"pods":1,"draining":0,"wanted":1}')
    assert 'alex_web_tokens_total{outcome="issued"} 1.0' in metrics[1]
    assert 'alex_web_request_seconds_count{route="token",status="2xx"} 1.0' in metrics[1]
    assert "alex_web_free_slots 2.0" in metrics[1]
    assert "alex_web_wanted_agent_pods 1.0" in metrics[1]
    assert "alex_web_livekit_reachable 1.0" in metrics[1]
    assert len(events) == len(log.splitlines())  # JSON lines, every one of them
    assert {"listening", "livekit_reached", "request"} <= {event["event"] for event in events}
    for private in ("oraya", "call-", "caller-", "eyJ", ADMIN_KEY, "127.0.0.1", body.decode()[60:90]):
        assert private not in log.partition("\n")[2]


async def test_unready_says_why(alex: stack.Stack, pod: AgentPod) -> None:
    """Without a LiveKit the process lives, is not ready, and says what to check; the page is served all the same."""
    program = alex.python(
        "web",
        {
            **environment("ws://127.0.0.1:1", pod),
            "ALEX_HTTP_PORT": str(alex.ports["web"]),
            "ALEX_OPS_PORT": str(alex.ports["web_ops"]),
        },
    )
    alex.programs["web"] = program
    program.start()
    async with asyncio.timeout(60):
        while (await ops(alex, "/livez"))[0] != 200 or not program.events()[1:]:
            await asyncio.sleep(0.1)
    status, why = await ops(alex, "/readyz")

    assert status == 503
    assert "LiveKit cannot be reached" in why
    assert "LIVEKIT_URL" in why
    assert "livekit.url" in next(e["check"] for e in program.events() if e["event"] == "livekit_unreachable")
    assert (await asyncio.to_thread(stack.get, alex.url))[0] == 200


async def test_ready_again_when_livekit_is(alex: stack.Stack, pod: AgentPod, tmp_path: Path) -> None:
    """A restart of LiveKit leaves web ready; meanwhile callers hear what is wrong, afterwards they get tokens."""
    with running(tmp_path) as livekit:
        await asyncio.to_thread(alex.start, "web", environment(livekit.url, pod))
        await asyncio.to_thread(livekit.program.stop, signal.SIGKILL)
        down, body = await post(alex)
        ready = await ops(alex, "/readyz")
        livekit.program.start()
        await asyncio.to_thread(livekit.program.wait_ready)
        up, _ = await post(alex)

    assert (down, up, ready[0]) == (503, 201, 200)
    assert b"livekit-unreachable" in body


async def test_requests_finish_before_the_end(alex: stack.Stack, pod: AgentPod) -> None:
    """SIGTERM, even twice, ends the process only after the request that waits for LiveKit has its answer."""

    async def slow(request: web.Request) -> web.Response:
        if request.path.endswith("CreateRoom"):
            await asyncio.sleep(2)
        return web.Response(content_type="application/protobuf")

    app = web.Application()
    app.router.add_post("/{path:.*}", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        program = await asyncio.to_thread(alex.start, "web", environment(url, pod))
        request = asyncio.create_task(post(alex))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        assert program.process is not None
        for _ in range(2):
            program.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
        stopping = await ops(alex, "/readyz")
        code = await asyncio.to_thread(program.process.wait, 30)
        seconds = time.monotonic() - began
    finally:
        await runner.cleanup()

    assert (await request)[0] == 201
    assert stopping == (503, "stopping\n")
    assert code == 0
    assert 0.8 < seconds < 15


async def test_idle_connections_hold_up_no_end(alex: stack.Stack, livekit: LiveKitServer, pod: AgentPod) -> None:
    """A proxy's open but idle connection does not keep the process from ending."""
    program = await asyncio.to_thread(alex.start, "web", environment(livekit.url, pod))
    async with aiohttp.ClientSession() as http:
        async with http.get(alex.url) as response:
            await response.read()
        began = time.monotonic()
        code = await asyncio.to_thread(program.stop)

    assert code == 0
    assert time.monotonic() - began < 10


async def test_taken_port_is_named(alex: stack.Stack, livekit: LiveKitServer, pod: AgentPod) -> None:
    """A port that somebody else has ends the process with 1 and the variable to change."""
    env = {**environment(livekit.url, pod), "ALEX_OPS_PORT": "0", "ALEX_HTTP_PORT": str(pod.port)}
    program = alex.python("web", env)
    program.start()
    assert program.process is not None
    code = await asyncio.to_thread(program.process.wait, 60)

    assert code == 1
    assert program.events()[-1]["event"] == "cannot_listen"
    assert program.events()[-1]["check"] == "ALEX_HTTP_PORT"


async def test_livekit_itself_is_believed(alex: stack.Stack, pod: AgentPod, tmp_path: Path) -> None:
    """The real server's webhook about a new room passes our check of its signature."""
    hooks = {"webhook": {"api_key": "devkey", "urls": [f"http://127.0.0.1:{alex.ports['web']}/api/livekit"]}}
    with running(tmp_path, hooks) as livekit:
        await asyncio.to_thread(alex.start, "web", environment(livekit.url, pod))
        await post(alex)
        async with asyncio.timeout(10):
            while 'webhooks_total{event="room_started"} 1.0' not in (metrics := (await ops(alex, "/metrics"))[1]):
                await asyncio.sleep(0.2)

    assert 'alex_web_webhooks_total{event="refused"} 0.0' in metrics
