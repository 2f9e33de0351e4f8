"""What the fleet looks like, looked at every second: calls, wanted pods, pods."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path

from cluster.kube import FailedError, Kube, eventually
from cluster.release import agents, capacity


@dataclass(frozen=True)
class Sample:
    """One look; `at` is seconds since the first."""

    at: float
    calls: int
    promised: int
    pods: int
    wanted: int | None
    asked: int
    ready: int


class Watch:
    """Looks every second while it is entered, and keeps what it saw as a table."""

    def __init__(self, kube: Kube, file: Path) -> None:
        self.samples: list[Sample] = []
        self._kube = kube
        self._file = file
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> list[Sample]:
        self._thread.start()
        eventually("the first look", lambda: bool(self.samples))
        return self.samples

    def _look(self) -> None:
        while not self._over.wait(1.0):
            try:
                told, (asked, ready) = capacity(self._kube), agents(self._kube)
            except FailedError:  # between two web pods nobody answers
                continue
            at = round(time.monotonic() - self._began, 1)
            calls, promised, pods = told["active"], told["reserved"], told["pods"]
            self.samples.append(Sample(at, calls, promised, pods, told["wanted"], asked, ready))

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("w", newline="") as text:
            table = csv.DictWriter(text, [field.name for field in fields(Sample)])
            table.writeheader()
            table.writerows(asdict(sample) for sample in self.samples)


@dataclass(frozen=True)
class Raise:
    """A moment from which more pods were wanted, and after how many seconds they were asked for, and ready."""

    sample: Sample
    asked_seconds: float
    ready_seconds: float


def raises(samples: list[Sample]) -> Iterator[Raise]:
    """Give every one."""
    for before, sample in pairwise(samples):
        if sample.wanted is not None and before.wanted is not None and sample.wanted > before.wanted:
            later = [other for other in samples if other.at >= sample.at]
            asked = (other.at for other in later if other.asked >= sample.wanted)
            ready = (other.at for other in later if other.ready >= sample.wanted)
            never = float("inf")
            yield Raise(sample, next(asked, never) - sample.at, next(ready, never) - sample.at)


def lowerings(samples: list[Sample]) -> list[Sample]:
    """Give every look that found fewer pods asked for than the one before."""
    return [sample for before, sample in pairwise(samples) if sample.asked < before.asked]
