"""Read Grafana's dashboards as Grafana would, and write them in one form.

`python tests/chart/dashboards.py` rewrites the files in that form after an edit by hand or an export; a test compares.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

FOLDER = Path(__file__).parents[2] / "charts" / "alex" / "dashboards"
UIDS = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
# What Grafana takes for a data source in which nobody wrote another scrape interval.
SCRAPE_SECONDS = 15
# Everything, which is what a dashboard shows until somebody chooses.
ALL = ".*"

Dashboard: TypeAlias = dict[str, Any]
Panel: TypeAlias = dict[str, Any]
_UNITS = {"s": 1, "m": 60, "h": 3600}
_METRIC = re.compile(r"\b(?:alex[_:][a-z0-9_:]+|[A-Za-z_:][A-Za-z0-9_:]*(?=\{))")


@dataclass(frozen=True)
class Window:
    """The time a dashboard shows, in seconds since 1970, and whose series."""

    start: float
    end: float
    namespace: str = ALL
    release: str = ALL

    @property
    def seconds(self) -> int:
        """How long it is."""
        return round(self.end - self.start)


def load(uid: str) -> Dashboard:
    """Read one dashboard by its uid, which is the name of its file."""
    found: Dashboard = json.loads((FOLDER / f"{uid}.json").read_text())
    return found


def text(dashboard: Dashboard) -> str:
    """Write a dashboard in the one form: keys in order, two spaces, letters as they are."""
    return json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def panels(dashboard: Dashboard) -> Iterator[Panel]:
    """Walk everything that draws something, also inside a row that is closed."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def expressions(dashboard: Dashboard) -> Iterator[tuple[Panel, str]]:
    """Walk every query with its panel."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel, target["expr"]


def metrics(expression: str) -> set[str]:
    """Name the metrics that a query reads."""
    return set(_METRIC.findall(expression))


def step(panel: Panel, window: Window, points: int = 240) -> int:
    """Say how many seconds lie between two points: as Grafana does for a panel so many points wide."""
    least = panel.get("interval", f"{SCRAPE_SECONDS}s")
    return max(round(window.seconds / points), int(least[:-1]) * _UNITS[least[-1]], SCRAPE_SECONDS)


def substitute(expression: str, window: Window, step_seconds: int = SCRAPE_SECONDS) -> str:
    """Replace Grafana's variables in a query by what Grafana would write."""
    rate = max(step_seconds + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)
    values = {
        "__rate_interval": f"{rate}s",
        "__range": f"{window.seconds}s",
        "namespace": window.namespace,
        "release": window.release,
    }
    return re.sub(r"\$(\w+)", lambda found: values[found[1]], expression)


def main() -> None:
    """Rewrite every file in the one form."""
    for uid in UIDS:
        path = FOLDER / f"{uid}.json"
        path.write_text(text(json.loads(path.read_text())))
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
