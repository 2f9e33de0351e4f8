"""What programs hold while nobody calls: gauges, processes, threads, files, sockets and memory."""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from prometheus_client.parser import text_string_to_metric_families
from stack import ROOT, Stack

PROGRAMS = ("livekit", "offline", "agent", "web")
OURS = ("offline", "agent", "web")

# Everything that is not zero when nobody calls, and why; every other gauge must be.
AT_REST: dict[str, Callable[[int], float]] = {
    "alex_agent_slots": lambda slots: slots,  # what the pod could take
    "alex_agent_registered": lambda _: 1,  # LiveKit knows it
    "alex_web_slots": lambda slots: slots,
    "alex_web_free_slots": lambda slots: slots,  # all of them
    "alex_web_agent_pods": lambda _: 1,
    "alex_web_wanted_agent_pods": lambda _: 1,  # for the calls that may come
    "alex_web_livekit_reachable": lambda _: 1,
    "alex_offline_ready": lambda _: 1,  # its models are loaded
}

# Sums of the day, which calls are meant to leave behind until midnight.
OF_THE_DAY = "alex_web_spent_"

# A process that needs more than this times its memory after the warm-up leaks: caches are full by then.
MOST_GROWTH = 1.5
# Web keeps connections to the agent and to LiveKit for its next questions, LiveKit to web for its next webhooks: as
# many as were ever needed at once, and calls come as many at once as there are slots.
KEPT_OPEN = "inet stream established"
# The SDK's executor and the event loops start threads up to this many on two cores, when they first need them.
THREADS_LATER = 8


def series(stack: Stack, name: str) -> Iterator[tuple[str, str, dict[str, str], float]]:
    """Give each sample of a program: its type, name, labels and value."""
    for family in text_string_to_metric_families(stack.ops(name, "/metrics")[1]):
        for sample in family.samples:
            yield family.type, sample.name, sample.labels, sample.value


def total(stack: Stack, name: str, counter: str, **labels: str) -> int:
    """Add up a counter."""
    found = (value for _, n, had, value in series(stack, name) if n == counter and labels.items() <= had.items())
    return int(sum(found))


def gauges(stack: Stack) -> dict[str, float]:
    """Read every gauge of our programs that tells of now."""
    return {
        name + "".join(f"{{{key}={value}}}" for key, value in labels.items()): reading
        for program in OURS
        for kind, name, labels, reading in series(stack, program)
        if kind == "gauge" and not name.startswith(OF_THE_DAY)
    }


def main_process(stack: Stack, name: str) -> psutil.Process:
    """Find the process that a program was started as."""
    process = stack.programs[name].process
    assert process is not None
    return psutil.Process(process.pid)


def session(leader: int) -> set[int]:
    """List all processes of a program, also those whose parent has died: each program has a session of its own."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            # A dead one waits for the first process of this machine, which is none of ours.
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
    return found


def descriptors(process: psutil.Process) -> Counter[str]:
    """Count what a process holds open, by kind."""
    kinds: Counter[str] = Counter()
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            kinds[str(link.readlink()).partition(":")[0] if ":" in str(link.readlink()) else "file"] += 1
    kinds.pop("socket", None)
    for line in process.net_connections("all"):
        family, kind = line.family.name.removeprefix("AF_").lower(), line.type.name.removeprefix("SOCK_").lower()
        kinds[f"{family} {kind} {line.status.lower()}".removesuffix(" none")] += 1
    return kinds


def files(folder: Path) -> Counter[str]:
    """List what lies in the temporary folders of the programs, in their working folder and in shared memory."""
    found = [
        *folder.rglob("*"),
        *ROOT.iterdir(),
        # A browser of somebody else's test keeps its pictures there.
        *(path for path in Path("/dev/shm").iterdir() if not path.name.startswith(".org.chromium")),
    ]
    # The folder of the process that waits for the next call has its number for a name: another one each time.
    return Counter(re.sub(r"/\d+(?=/|$)", "/PID", str(path)) for path in found)


def unix_sockets(folder: Path) -> set[str]:
    """List the sockets that are bound to a file in a folder."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return {line.split()[-1] for line in lines if str(folder) in line}


@dataclass(frozen=True)
class Traces:
    """What there is at one moment in which nobody calls."""

    processes: dict[str, int]
    threads: dict[str, int]
    files: Counter[str]
    descriptors: dict[str, Counter[str]]
    memory_mb: dict[str, float]

    @classmethod
    def of(cls, stack: Stack, folder: Path) -> Traces:
        """Look at everything."""
        mains = {name: main_process(stack, name) for name in PROGRAMS}
        return cls(
            {name: len(session(main.pid)) for name, main in mains.items()},
            {name: mains[name].num_threads() for name in OURS},
            files(folder),
            {name: descriptors(mains[name]) for name in OURS},
            {name: main.memory_info().rss / 2**20 for name, main in mains.items()},
        )

    def left(self, before: Traces, gauges: dict[str, float], slots: int) -> Left:
        """Tell what is there now and was not before; the memory of LiveKit is not ours to judge."""
        most_mb = {name: MOST_GROWTH * before.memory_mb[name] for name in OURS}
        return Left(
            [f"{name}={value:g}" for name, value in gauges.items() if value != AT_REST.get(name, lambda _: 0)(slots)],
            [
                *_more("processes", self.processes, before.processes),
                *_more("threads", self.threads, {name: n + THREADS_LATER for name, n in before.threads.items()}),
            ],
            [f"{name} ({number} more)" for name, number in (self.files - before.files).items()],
            [
                line
                for name in OURS
                for line in _more(name, self.descriptors[name], before.descriptors[name] + Counter({KEPT_OPEN: slots}))
            ],
            _more("MB", {name: self.memory_mb[name] for name in OURS}, most_mb),
        )


@dataclass(frozen=True)
class Left:
    """What is left, a line for each."""

    gauges: list[str]
    processes: list[str]
    files: list[str]
    sockets: list[str]
    memory: list[str]

    def all(self) -> list[str]:
        """Give all lines."""
        return [*self.gauges, *self.processes, *self.files, *self.sockets, *self.memory]


def _more(what: str, now: Mapping[str, float], before: Mapping[str, float]) -> list[str]:
    return [f"{what} {name}: {n:g}, not {before.get(name, 0):g}" for name, n in now.items() if n > before.get(name, 0)]
