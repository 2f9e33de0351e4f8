"""Measure memory and CPU of Alex as plain processes: at rest, and for each call more.

    python tests/bench/footprint.py [--calls N] [--engine local|scripted]

Memory is PSS from /proc (shared pages counted once over all who share them), CPU is user + system time as a share of
one core over the calls. The callers run on the same machine and are not counted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from stack import Outcome, Stack, running

# Long enough for a few turns, short enough that a person waits for it.
CALL_SECONDS = 30
QUESTIONS = ("What is your name?", "What is twelve times three?", "Tell me a joke.")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """List a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def memory_mb(pids: list[int]) -> float:
    """Sum the proportional set sizes in MB."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def cpu_seconds(pids: list[int]) -> float:
    """Sum the CPU time used so far, of waited-for children, too."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(f) for f in fields[11:15])
    return total / TICKS_PER_SECOND


def pids(stack: Stack, name: str) -> list[int]:
    """Find the processes of a program."""
    process = stack.programs[name].process
    return family(process.pid) if process else []


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=2)
    parser.add_argument("--engine", choices=("local", "scripted"), default="local")
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    names = ("livekit", "offline", "agent", "web")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), {"offline": {"ALEX_OFFLINE_ENGINE": options.engine}}) as stack,
    ):
        time.sleep(5)
        rest = {n: memory_mb(pids(stack, n)) for n in names}
        asks = ["--hold", str(CALL_SECONDS), "--calls", str(options.calls), "--answer-wait", "30"]
        for question in QUESTIONS:
            asks += ["--ask", question, "--expect", "."]
        caller = threading.Thread(target=lambda: outcomes.append(stack.call(*asks)))
        before = {n: cpu_seconds(pids(stack, n)) for n in names}
        started = time.monotonic()
        caller.start()
        time.sleep(CALL_SECONDS)
        during = {n: memory_mb(pids(stack, n)) for n in names}
        used = {n: cpu_seconds(pids(stack, n)) - before[n] for n in names}
        seconds = time.monotonic() - started
        caller.join()
    if outcomes[0].code:
        sys.exit(f"the calls failed, so the figures mean nothing:\n{outcomes[0].printed}")
    sys.stdout.write(f"engine {options.engine}, {options.calls} calls, CPU over {seconds:.0f} s\n")
    sys.stdout.write(f"{'program':10}{'at rest MB':>12}{'in calls MB':>12}{'MB a call':>12}{'% core a call':>15}\n")
    for n in names:
        more = (during[n] - rest[n]) / options.calls
        share = 100 * used[n] / seconds / options.calls
        sys.stdout.write(f"{n:10}{rest[n]:12.0f}{during[n]:12.0f}{more:12.0f}{share:15.0f}\n")


if __name__ == "__main__":
    main()
