"""A process that stood still for too long ends before anything in it runs again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# As in a call: threads that ask nobody before they send.
PROGRAM = """
import os, threading, time
from alex_agent.stillness import Stillness

def send():
    while True:
        os.write(1, b".")
        time.sleep(0.001)

Stillness(1.0).watch()
threading.Thread(target=send, daemon=True).start()
time.sleep(60)
"""


@pytest.fixture(name="process")
def _process() -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "agent")}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        yield process
        process.kill()


def sent(process: subprocess.Popen[bytes]) -> int:
    """Tell how much was sent since this was last asked."""
    assert process.stdout is not None
    return len(process.stdout.read() or b"")


def wait_for_more(process: subprocess.Popen[bytes]) -> None:
    """Wait until something is sent."""
    deadline = time.monotonic() + 20
    while not sent(process):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stand_still(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Stop a process, forget what it sent before, and let it run again."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    sent(process)
    process.send_signal(signal.SIGCONT)


def test_who_stood_still_for_too_long_says_nothing_more(process: subprocess.Popen[bytes]) -> None:
    """The kernel ends it, and none of its threads gets a word out first."""
    wait_for_more(process)

    stand_still(process, 2.0)

    assert process.wait(20) == -signal.SIGALRM
    assert sent(process) == 0


def test_a_short_stop_is_forgiven(process: subprocess.Popen[bytes]) -> None:
    """A pause of the node is no death: the process goes on, for longer than it may stand still."""
    wait_for_more(process)

    stand_still(process, 0.3)
    time.sleep(1.5)

    assert process.poll() is None
    assert sent(process) > 0
