"""How agents follow the calls: from 1 call to 12 and back, on the cluster of `k8s/up` with the engine `prometheus`.

    tests/run ramp                           # about eight minutes; the last line is the result
    tests/run ramp --out charts/alex/docs    # also as ramp.csv and ramp.svg

A release of its own, with an agent pod for each three calls and room for two more. Callers have no microphone: what
counts is who gets an agent. Every second: calls asked for and held, pods wanted (by web), asked for (by the autoscaler)
and ready. `late_s` is the longest time in which the autoscaler asked for fewer pods than were wanted.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cluster.fleet import Callers, Fleet, Line, fleet
from cluster.kube import ROOT, Kube, run
from cluster.monitoring import monitoring
from cluster.release import agents, capacity

CALLS_PER_POD = 3
SLOTS = 4
MOST_PODS = 7
HOLD_SECONDS = 30.0
# Pods go one a minute.
LONGEST_END_SECONDS = 480.0


@dataclass(frozen=True)
class Sample:
    """One look at everything."""

    second: float
    asked: int  # callers who want a call
    active: int  # calls on agent pods, as web knows them
    wanted: int | None
    desired: int
    ready: int
    refused: int  # tokens refused so far


def watch(fleet: Fleet, lines: Sequence[Line], asked: int, began: float) -> Sample:
    """Look once."""
    told, (desired, ready) = capacity(fleet.kube), agents(fleet.kube)
    refused = sum(line.refused for line in lines)
    return Sample(round(time.monotonic() - began, 1), asked, told["active"], told["wanted"], desired, ready, refused)


def ramp(fleet: Fleet, callers: Callers, most: int, every: float, lines: list[Line]) -> Iterator[Sample]:
    """Raise the calls one by one, hold them, and end them one by one, the oldest first."""
    began = time.monotonic()
    rising = [(number * every, callers.call) for number in range(most)]
    top = rising[-1][0] + HOLD_SECONDS
    falling = [(top + number * every, None) for number in range(most - 1)]
    on: list[Line] = []

    def at(moment: float, what: Callable[[], Line] | None) -> Iterator[Sample]:
        while time.monotonic() - began < moment:
            yield watch(fleet, lines, len(on), began)
            time.sleep(max(0.0, 1.0 - (time.monotonic() - began) % 1.0))
        if what:
            on.append(what())
            lines.append(on[-1])
        else:
            callers.hang_up(on.pop(0))

    for moment, what in [*rising, *falling]:
        yield from at(moment, what)
    deadline = time.monotonic() + LONGEST_END_SECONDS
    while time.monotonic() < deadline:
        sample = watch(fleet, lines, len(on), began)
        yield sample
        if sample.wanted == sample.desired == sample.ready:
            return
        time.sleep(1)


def longest(samples: Sequence[Sample], holds: Callable[[Sample], bool]) -> float:
    """Return for how many seconds in a row something held."""
    spans = [0.0]
    for late, group in itertools.groupby(samples, holds):
        seconds = [sample.second for sample in group]
        if late:
            spans.append(seconds[-1] - seconds[0])
    return max(spans)


def result(samples: Sequence[Sample], lines: Sequence[Line]) -> str:
    """Sum up in one line."""
    late = longest(samples, lambda sample: sample.desired < (sample.wanted or 0))
    return (
        f"calls_most={max(sample.active for sample in samples)} refused={samples[-1].refused} "
        f"pods_most={max(sample.ready for sample in samples)} late_s={late:.1f} "
        f"cut={sum(line.cut is not None for line in lines)}"
    )


def table(samples: Sequence[Sample]) -> str:
    """Write the samples as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Sample))
    writer.writerows(astuple(sample) for sample in samples)
    return text.getvalue()


WIDTH, HEIGHT, MARGIN = 900, 200, 40
INK, CALM = "#1f2933", "#9aa5b1"


def picture(samples: Sequence[Sample]) -> str:
    """Draw calls above and pods below, over the same time, as SVG."""
    calls = {"calls asked for": (CALM, "asked"), "calls held": ("#d9480f", "active")}
    pods = {"pods wanted": (CALM, "wanted"), "asked for": ("#1971c2", "desired"), "ready": ("#2b8a3e", "ready")}
    size = f'viewBox="0 0 {WIDTH} {2 * HEIGHT + 20}" font-family="sans-serif" font-size="12" fill="{INK}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            "<title>Calls and agent pods over time</title>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *_panel(samples, calls, 0),
            *_panel(samples, pods, HEIGHT),
            "</svg>\n",
        ]
    )


def _panel(samples: Sequence[Sample], curves: dict[str, tuple[str, str]], top: int) -> Iterator[str]:
    end = max(samples[-1].second, 1.0)
    most = max(getattr(sample, name) or 0 for sample in samples for _, name in curves.values())

    def x(second: float) -> float:
        return round(MARGIN + second / end * (WIDTH - 2 * MARGIN), 1)

    def y(value: float) -> float:
        return round(top + HEIGHT - (HEIGHT - MARGIN) * value / most, 1)

    for value in range(0, most + 1, 1 if most < 10 else 3):
        yield f'<path d="M{x(0)} {y(value)}H{x(end)}" stroke="#e4e7eb"/>'
        yield f'<text x="{MARGIN - 8}" y="{y(value) + 4}" text-anchor="end">{value}</text>'
    if top:
        for second in range(0, int(end) + 1, 60):
            yield f'<text x="{x(second)}" y="{y(0) + 16}" text-anchor="middle">{second // 60} min</text>'
    for number, (label, (colour, name)) in enumerate(curves.items()):
        known = [(sample.second, getattr(sample, name)) for sample in samples if getattr(sample, name) is not None]
        path = f"M{x(known[0][0])} {y(known[0][1])}" + "".join(f"H{x(at)}V{y(value)}" for at, value in known[1:])
        yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield f'<text x="{MARGIN + 130 * number}" y="{top + MARGIN - 16}" fill="{colour}">{label}</text>'


def main() -> int:
    """Run from the command line; 0 when nobody was refused or cut."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=12, help="most calls at the same time")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two calls that come or go")
    parser.add_argument("--out", type=Path, help="folder for ramp.csv and ramp.svg")
    options = parser.parse_args()
    up = run(ROOT / "k8s" / "up", timeout=1500)
    if up.code != 0:
        sys.stdout.write(up.output)
        return 1
    values = (f"slots={SLOTS}", f"autoscaling.callsPerPod={CALLS_PER_POD}", f"autoscaling.maxReplicas={MOST_PODS}")
    quick = "autoscaling.scaleDownAfterSeconds=30"
    alex = Kube.of_up()
    lines: list[Line] = []
    samples: list[Sample] = []
    settings = [f"agent.{value}" for value in (*values, quick)]
    with monitoring(alex), fleet(alex, *settings) as found, Callers(found.url) as callers:
        for sample in ramp(found, callers, options.calls, options.every, lines):
            samples.append(sample)
            sys.stdout.write(f"{sample}\n")
            sys.stdout.flush()
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "ramp.csv").write_text(table(samples))
        (options.out / "ramp.svg").write_text(picture(samples))
    for line in lines:
        if line.cut is not None:
            sys.stdout.write(f"cut: {line.cut}\n")
    ready = longest(samples, lambda sample: sample.ready < (sample.wanted or 0))
    sys.stdout.write(f"longest time with fewer pods ready than wanted: {ready:.1f} s\n{result(samples, lines)}\n")
    return 0 if samples[-1].refused == 0 == sum(line.cut is not None for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
