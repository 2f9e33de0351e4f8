"""Measure memory and CPU of Alex as plain processes: at rest, and for each call more.

    python tests/bench/footprint.py [--calls N] [--engine local|scripted] [--redis]

Memory is PSS from /proc (shared pages counted once over all who share them), CPU is user + system time as a share of
one core over the calls. The synthetic caller runs on the same machine and has a row of its own: its memory is what was
resident at its highest, its CPU that of its whole life. Then web alone, with as many agent pods as the chart allows:
what it costs to look at them twice a second, and to give a token. Another load on the machine changes little of it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.pods import pods
from bench.processes import cpu_seconds, family, memory_mib
from stack import Outcome, Stack, free_port, running

# Long enough for a few turns, short enough that a person waits for it.
CALL_SECONDS = 30
QUESTIONS = ("What is your name?", "What is twelve times three?", "Tell me a joke.")
PODS = 10
TOKENS = 30


@dataclass(frozen=True)
class Row:
    """What one program takes: MiB at rest and in calls, shares of a core at rest and for each call more."""

    rest_mib: float
    calls_mib: float
    rest_cores: float
    call_cores: float


def pids(stack: Stack, name: str) -> list[int]:
    """Find the processes of a program."""
    process = stack.programs[name].process
    return family(process.pid) if process else []


def measure(stack: Stack, others: dict[str, int], calls: int, lasting: int) -> dict[str, Row]:
    """Watch all programs, and `others` by their process, at rest and for so many seconds while calls run."""
    outcomes: list[Outcome] = []

    def processes() -> dict[str, list[int]]:
        return {n: pids(stack, n) for n in stack.programs} | {n: family(pid) for n, pid in others.items()}

    def used() -> dict[str, float]:
        return {n: cpu_seconds(found) for n, found in processes().items()}

    time.sleep(5)
    started, before = time.monotonic(), used()
    time.sleep(lasting / 3)
    seconds = time.monotonic() - started
    rest_cores = {n: (now - before[n]) / seconds for n, now in used().items()}
    rest = {n: memory_mib(found) for n, found in processes().items()}
    asks = ["--hold", str(lasting), "--calls", str(calls), "--answer-wait", "30"]
    for question in QUESTIONS:
        asks += ["--ask", question, "--expect", "."]
    caller = threading.Thread(target=lambda: outcomes.append(stack.call(*asks)))
    started, before, ended = time.monotonic(), used(), _children()
    caller.start()
    time.sleep(lasting)
    seconds = time.monotonic() - started
    cores = {n: (now - before[n]) / seconds for n, now in used().items()}
    during = {n: memory_mib(found) for n, found in processes().items()}
    caller.join()
    if outcomes[0].code:
        sys.exit(f"the calls failed, so the figures mean nothing:\n{outcomes[0].printed}")
    rows = {n: Row(rest[n], during[n], rest_cores[n], (cores[n] - rest_cores[n]) / calls) for n in rest}
    whole = time.monotonic() - started
    rows["caller"] = Row(0, _peak_mib(), 0, (_children() - ended) / whole / calls)
    return rows


def _children() -> float:
    """Give the CPU seconds of the child processes that have ended: of callers alone, for all others still run."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _peak_mib() -> float:
    """Give the most memory that one of them had resident."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def web_alone(folder: Path, lasting: float) -> str:
    """Measure web with many agent pods for so many seconds, and what a token costs it."""
    with pods(PODS) as addresses:
        env = {"web": {"ALEX_AGENT_PODS": ",".join(addresses)}}
        with running(folder, env, names=("livekit", "web")) as stack:
            time.sleep(5)
            started, before = time.monotonic(), cpu_seconds(pids(stack, "web"))
            time.sleep(lasting)
            rest = (cpu_seconds(pids(stack, "web")) - before) / (time.monotonic() - started)
            started, before = time.monotonic(), cpu_seconds(pids(stack, "web"))
            for _ in range(TOKENS):
                asked = urllib.request.Request(f"{stack.url}/api/token", b"{}", {"Content-Type": "application/json"})
                with urllib.request.urlopen(asked, timeout=30) as answer:
                    json.load(answer)
            used = cpu_seconds(pids(stack, "web")) - before - rest * (time.monotonic() - started)
            memory = memory_mib(pids(stack, "web"))
    token = 1000 * used / TOKENS
    return f"web alone: pods={PODS} rest_cores={rest:.3f} token_cpu_ms={token:.0f} memory_mib={memory:.0f}\n"


@contextlib.contextmanager
def redis(wanted: bool) -> Iterator[tuple[dict[str, int], dict[str, dict[str, str]]]]:
    """Run a Redis if it is wanted: its process, and what livekit and web have to know of it."""
    if not wanted:
        yield {}, {}
        return
    address = f"127.0.0.1:{free_port()}"
    words = ["redis-server", "--port", address.split(":")[1], "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield {"redis": process.pid}, {"livekit": {"REDIS_HOST": address}, "web": {"ALEX_REDIS_ADDRESS": address}}
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Print the table, and the line about web."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=CALL_SECONDS, help="how long to look at calls; at rest a third")
    parser.add_argument("--engine", choices=("local", "scripted"), default="local")
    parser.add_argument("--redis", action="store_true", help="count and find each other in a Redis, and measure it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, redis(options.redis) as (others, env):
        with running(Path(folder), {"offline": {"ALEX_OFFLINE_ENGINE": options.engine}, **env}) as stack:
            rows = measure(stack, others, options.calls, options.seconds)
        alone = web_alone(Path(folder), options.seconds / 3)
    sys.stdout.write(f"engine {options.engine}, {options.calls} calls, CPU over {options.seconds} s\n")
    columns = ("at rest MiB", "in calls MiB", "MiB a call", "% core at rest", "% core a call")
    sys.stdout.write(f"{'program':10}" + "".join(f"{column:>15}" for column in columns) + "\n")
    for name, row in rows.items():
        more = (row.calls_mib - row.rest_mib) / options.calls
        figures = (row.rest_mib, row.calls_mib, more, 100 * row.rest_cores, 100 * row.call_cores)
        sys.stdout.write(f"{name:10}" + "".join(f"{figure:15.1f}" for figure in figures) + "\n")
    sys.stdout.write(alone)


if __name__ == "__main__":
    main()
