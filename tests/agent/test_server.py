"""The agent as a process against a real livekit-server: ready, full, draining, failing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from livekit import api
from stack import NAMES, SECRET, Stack, free_port

SLOTS = 2


@pytest.fixture(name="stack", scope="module")
def _stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), {name: free_port() for name in NAMES})
    stack.start("livekit")
    yield stack
    stack.stop()


@pytest.fixture(name="agent", scope="module")
def _agent(stack: Stack) -> Iterator[Stack]:
    temporary = stack.folder / "temporary"
    temporary.mkdir()
    stack.start("agent", {"ALEX_SLOTS": str(SLOTS), "ALEX_ALONE_SECONDS": "3", "TMPDIR": str(temporary)})
    yield stack
    stack.programs.pop("agent").stop()


def capacity(stack: Stack) -> dict[str, object]:
    found: dict[str, object] = json.loads(stack.ops("agent", "/capacity")[1])
    return found


def metric(stack: Stack, series: str) -> float:
    for line in stack.ops("agent", "/metrics")[1].splitlines():
        if line.startswith(series + " "):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no series {series}")


async def ring(stack: Stack, *rooms: str) -> None:
    """Make rooms that ask for Alex, all at once."""
    async with api.LiveKitAPI(stack.livekit_url, "devkey", SECRET) as lk:
        dispatch = [api.RoomAgentDispatch(agent_name="alex")]
        await asyncio.gather(
            *(lk.room.create_room(api.CreateRoomRequest(name=r, empty_timeout=20, agents=dispatch)) for r in rooms)
        )


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        await asyncio.sleep(0.1)


async def test_slots_hold_under_a_burst(agent: Stack) -> None:
    """Of six calls at once a pod with two slots takes two, and an abandoned call frees its slot."""
    await ring(agent, *(f"burst-{n}" for n in range(6)))
    await until(lambda: capacity(agent)["active"] == SLOTS)

    highest = 0
    for _ in range(10):
        highest = max(highest, int(str(capacity(agent)["active"])))
        await asyncio.sleep(0.1)

    assert highest == SLOTS
    assert metric(agent, 'alex_agent_refused_jobs_total{reason="full"}') >= 1
    await until(lambda: capacity(agent)["active"] == 0)
    await until(lambda: metric(agent, 'alex_agent_calls_total{outcome="nobody_came"}') == SLOTS)
    assert metric(agent, "alex_agent_lost_events_total") == 0


async def test_a_killed_job_leaves_no_file(agent: Stack) -> None:
    """The folder of a job's process goes with the process, also when it is killed; the call is counted as lost."""
    lost = metric(agent, 'alex_agent_calls_total{outcome="lost"}')
    program = agent.programs["agent"].process
    assert program is not None

    def talking() -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):  # one that has just ended: look again
            return [one for one in psutil.Process(program.pid).children(recursive=True) if one.net_connections("udp")]
        return []

    await ring(agent, "killed")
    await until(talking)
    (job,) = talking()
    (folder,) = (agent.folder / "temporary").glob(f"alex-*/{job.pid}")
    assert [*folder.iterdir()], "the SDK's folder of a job lies here"
    job.kill()
    await until(lambda: not folder.exists(), 5)

    assert metric(agent, 'alex_agent_calls_total{outcome="lost"}') == lost + 1


def test_logs_tell_no_room(agent: Stack) -> None:
    """The room's name is nowhere in what the agent logs."""
    asyncio.run(ring(agent, "room-of-secrets"))
    asyncio.run(until(lambda: capacity(agent)["active"] == 1))
    asyncio.run(until(lambda: capacity(agent)["active"] == 0))

    log = agent.programs["agent"].log.read_text()
    assert "room-of-secrets" not in log
    assert "call_ended" in log


async def test_draining_agent_is_unready_and_ends_with_its_last_call(agent: Stack) -> None:
    """SIGTERM, even twice: not ready and draining at once, no new call, exit 0 when the last call is over."""
    program = agent.programs["agent"]
    await ring(agent, "last-call")
    await until(lambda: capacity(agent)["active"] == 1)
    assert program.process is not None
    program.process.terminate()
    await until(lambda: agent.ops("agent", "/readyz")[0] == 503, 2)
    program.process.terminate()

    assert capacity(agent)["draining"] is True
    assert "draining" in agent.ops("agent", "/readyz")[1]
    assert agent.ops("agent", "/livez")[0] == 200
    await until(lambda: program.process and program.process.poll() is not None, 40)
    assert program.process.returncode == 0


def run_once(stack: Stack, name: str, env: dict[str, str]) -> tuple[int, str]:
    """Run an agent that gives up on LiveKit after one attempt instead of sixteen."""
    program = stack.python("agent", {"ALEX_OPS_PORT": "0", "ALEX_OFFLINE_URL": "http://127.0.0.1:9", **env})
    code = "import sys, alex_agent.server as s, alex_agent.__main__ as m; s.CONNECT_ATTEMPTS = 1; sys.exit(m.main())"
    program.command[1:] = ["-c", code]
    program.log = stack.folder / f"{name}.log"
    program.start()
    assert program.process is not None
    return program.process.wait(90), program.log.read_text()


def test_unreachable_livekit_exits_1(stack: Stack) -> None:
    """An agent that cannot reach LiveKit ends with 1 and names what to check."""
    code, log = run_once(stack, "unreachable", {"LIVEKIT_URL": f"ws://127.0.0.1:{free_port()}"})

    assert code == 1
    assert "check LIVEKIT_URL" in log


def test_wrong_livekit_secret_exits_1(stack: Stack) -> None:
    """An agent whose key LiveKit refuses ends with 1 and says so; neither secret nor token is told."""
    code, log = run_once(stack, "refused", {"LIVEKIT_URL": stack.livekit_url, "LIVEKIT_API_SECRET": "w" * 32})

    assert code == 1
    assert "LIVEKIT_API_SECRET" in log
    assert "WSServerHandshakeError 401" in log
    assert "w" * 32 not in log
    assert "eyJ" not in log, "a JWT begins so"


def test_bad_settings_exit_2(stack: Stack) -> None:
    """Bad settings end the program with 2 before anything else starts."""
    code, log = run_once(stack, "settings", {"ALEX_SLOTS": "0"})

    assert code == 2
    assert "ALEX_SLOTS (chart value agent.slots)" in log


def test_ready_only_when_registered(stack: Stack, tmp_path: Path) -> None:
    """An agent without LiveKit is alive, not ready, and says why."""
    lonely = Stack(tmp_path, {**stack.ports, "agent_ops": free_port()})
    program = lonely.python(
        "agent", {"LIVEKIT_URL": "ws://127.0.0.1:9", "ALEX_OPS_PORT": str(lonely.ports["agent_ops"])}
    )
    program.start()
    try:
        asyncio.run(until(lambda: lonely.ops("agent", "/livez")[0] == 200))

        status, reason = lonely.ops("agent", "/readyz")
        assert status == 503
        assert "LIVEKIT_URL" in reason
    finally:
        program.stop()
