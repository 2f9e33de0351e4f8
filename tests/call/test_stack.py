"""Alex without Kubernetes, started as the README says."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from stack import DEVELOPMENT_PORTS, ROOT, Stack, get


def test_the_stack_runs_without_kubernetes(tmp_path: Path) -> None:
    """`tests/run stack` ends with an address where the page is, and Ctrl-C leaves nothing behind."""
    command = ["tests/run", "stack", "--free-ports"]
    with (tmp_path / "out").open("w") as out, subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out) as process:
        try:
            stack = Stack(tmp_path, {"web": 0})
            for _ in range(1200):
                found = re.search(r"Talk to Alex: http://localhost:(\d+)", (tmp_path / "out").read_text())
                if found or process.poll() is not None:
                    break
                time.sleep(0.1)
            assert found, (tmp_path / "out").read_text()
            stack.ports["web"] = int(found[1])
            status, page = get(stack.url)
            outcome = stack.call()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)

    assert (status, "Alex" in page) == (200, True)
    assert outcome.code == 0, outcome.printed
    assert get(stack.url)[0] == 0


def test_a_taken_port_is_named() -> None:
    """Where another program has a development port, nothing is started, and the port and a way out are named."""
    port = DEVELOPMENT_PORTS["vendors"]
    with socket.socket() as other:
        with contextlib.suppress(OSError):  # then somebody has it anyway
            other.bind(("127.0.0.1", port))
            other.listen()
        done = subprocess.run(
            [sys.executable, "tests/stack.py"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    assert done.returncode == 1
    assert re.search(rf"\b{port}\b.*--free-ports", done.stderr), done.stderr


def test_the_footprint_is_measured() -> None:
    """`python tests/bench/footprint.py` prints a row for each program and a line about web, all of which can be."""
    done = subprocess.run(
        [sys.executable, "tests/bench/footprint.py", "--calls", "1", "--seconds", "12", "--engine", "scripted"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *table, web = done.stdout.splitlines()[2:]
    rows = {row.split()[0]: [float(n) for n in row.split()[1:]] for row in table}
    alone = {name: float(value) for name, value in (word.split("=") for word in web.split() if "=" in word)}

    assert set(rows) == {"livekit", "offline", "agent", "web", "caller"}
    assert all(10 < calls < 3000 for _, calls, *_ in rows.values())
    assert rows["agent"][4] > 1, "a call that costs the agent nothing was none"
    assert rows["caller"][4] > 1, "nor one that costs its caller nothing"
    assert 0 < alone["rest_cores"] < 0.5
    assert 0 < alone["token_cpu_ms"] < 500
