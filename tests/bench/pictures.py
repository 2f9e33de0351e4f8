"""Draw the dashboards from their own queries, as Grafana would show them, for readers who have no Grafana at hand.

    tests/run pictures --prometheus http://localhost:9090 --out charts/alex/docs     # each dashboard as one SVG
    tests/run pictures --prometheus URL --out DIR --panels       # each panel as one SVG as well
    tests/run pictures --prometheus URL --out DIR --minutes 30 --until 2026-01-01T10:00:00Z

The last line is the result: pictures that were drawn, and panels that had nothing to show.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.drawing import panel
from bench.shown import Curve, Panel, Shown
from bench.svg import Box, heading, picture
from chart.dashboards import ALL, UIDS, Dashboard, Window, load, panels, step, substitute

# A dashboard is 24 columns wide; a row is as high as Grafana's.
COLUMNS, WIDTH, ROW, GAP = 24, 900.0, 38.0, 6.0
PANEL_HEIGHT = {"stat": 170.0, "table": 260.0}
OTHER_HEIGHT = 340.0
ANSWER_SECONDS = 30.0
NOTE = "Drawn from the dashboard's own queries"


class Prometheus:
    """What a Prometheus says over its HTTP API."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def now(self, query: str, at: float) -> Iterator[Curve]:
        """Ask for the values at one moment."""
        for found in self._ask("query", query=query, time=at):
            yield _curve(found["metric"], [found["value"]])

    def over_time(self, query: str, window: Window, seconds: int) -> Iterator[Curve]:
        """Ask for the values at every step of a time."""
        # Steps at round moments, as Grafana's, so that a picture does not depend on the second in which it is drawn.
        start = math.ceil(window.start / seconds) * seconds
        if start > window.end:
            return  # no such moment lies in so short a time
        for found in self._ask("query_range", query=query, start=start, end=window.end, step=seconds):
            yield _curve(found["metric"], found["values"])

    def _ask(self, what: str, **question: Any) -> list[dict[str, Any]]:
        data = urllib.parse.urlencode(question).encode()
        request = urllib.request.Request(f"{self._url}/api/v1/{what}", data=data)
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


def _curve(labels: dict[str, str], values: list[tuple[float, str]]) -> Curve:
    points = [(at, float(value)) for at, value in values]
    return Curve("", [(at, value) for at, value in points if math.isfinite(value)], labels)


def ask(prometheus: Prometheus, target: dict[str, Any], window: Window, seconds: int) -> list[Curve]:
    """Ask one query of a panel, and name the answers as its legend does."""
    query = substitute(target["expr"], window, seconds)
    now = target["instant"]
    found = prometheus.now(query, window.end) if now else prometheus.over_time(query, window, seconds)
    return [
        Curve(_legend(target["legendFormat"], curve.labels), curve.points, curve.labels)
        for curve in found
        if curve.points
    ]


def fetch(prometheus: Prometheus, settings: Panel, window: Window) -> Shown:
    """Ask everything that a panel asks."""
    seconds = step(settings, window)
    shown = Shown(window.start, window.end, seconds)
    for target in settings["targets"]:
        found = ask(prometheus, target, window, seconds)
        if target["format"] == "table":
            _tabulate(shown, target["refId"], found, alone=len(settings["targets"]) == 1)
        else:
            shown.curves.extend(found)
    return _arranged(settings, shown) if shown.rows else shown


def panels_without_data(url: str, dashboard: Dashboard, window: Window | None = None) -> list[Panel]:
    """List the panels none of whose queries returns a number, by default in the last hour."""
    prometheus, window = Prometheus(url), window or last(60)
    return [settings for settings in panels(dashboard) if fetch(prometheus, settings, window).empty]


def queries_without_data(url: str, dashboard: Dashboard, window: Window | None = None) -> list[tuple[str, str]]:
    """List each query that returns no number, with the title of its panel: stricter than `panels_without_data`."""
    prometheus, window = Prometheus(url), window or last(60)
    return [
        (settings["title"], target["expr"])
        for settings in panels(dashboard)
        for target in settings["targets"]
        if not ask(prometheus, target, window, step(settings, window))
    ]


def last(minutes: float) -> Window:
    """Give the time up to now."""
    now = time.time()
    return Window(now - minutes * 60, now)


def draw(prometheus: Prometheus, dashboard: Dashboard, window: Window) -> str:
    """Draw a whole dashboard as it lies on the screen."""
    parts: list[str] = [heading(dashboard["title"], Box(GAP, 0, WIDTH, 26))]
    bottom = 0.0
    for settings in dashboard["panels"]:
        place = settings["gridPos"]
        wide = (WIDTH - GAP) / COLUMNS
        box = Box(GAP + place["x"] * wide, 30 + place["y"] * ROW, place["w"] * wide - GAP, place["h"] * ROW - GAP)
        if settings["type"] == "row":
            parts.append(heading(settings["title"], box))
        else:
            parts.extend(panel(settings, fetch(prometheus, settings, window), box))
        bottom = max(bottom, box.y + box.h)
    return picture(dashboard["title"], _note(dashboard, window), WIDTH, bottom, parts)


def draw_panel(prometheus: Prometheus, dashboard: Dashboard, settings: Panel, window: Window) -> str:
    """Draw one panel by itself, as wide as a page."""
    box = Box(GAP, GAP, WIDTH - 2 * GAP, PANEL_HEIGHT.get(settings["type"], OTHER_HEIGHT))
    parts = list(panel(settings, fetch(prometheus, settings, window), box))
    return picture(f"{dashboard['title']}: {settings['title']}", _note(dashboard, window), WIDTH, box.h + GAP, parts)


def draw_all(url: str, folder: Path, window: Window) -> None:
    """Draw each dashboard into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for uid in UIDS:
        (folder / f"{uid}.svg").write_text(draw(Prometheus(url), load(uid), window))


def file_name(settings: Panel) -> str:
    """Make a name for the file of a panel."""
    return re.sub(r"[^a-z0-9]+", "-", settings["title"].lower()).strip("-") + ".svg"


def _note(dashboard: Dashboard, window: Window) -> str:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (window.start, window.end))
    return f"{NOTE} ({dashboard['uid']}), {start:%d %B %Y, %H:%M} to {end:%H:%M} UTC"


def _legend(form: str, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), form).strip()


def _tabulate(shown: Shown, letter: str, found: list[Curve], *, alone: bool) -> None:
    """Lay the answers of one query beside those of the others: a row for each set of labels."""
    value = "Value" if alone else f"Value #{letter}"
    rows = [dict(zip(shown.columns, row, strict=True)) for row in shown.rows]
    for curve in found:
        row = next((row for row in rows if _same(row, curve.labels)), None)
        if row is None:
            row = dict(curve.labels)
            rows.append(row)
        row[value] = curve.points[-1][1]
    columns = list(dict.fromkeys([*shown.columns, *(key for row in rows for key in row)]))
    shown.columns[:] = columns
    shown.rows[:] = [[row.get(column) for column in columns] for row in rows]


def _same(row: dict[str, Any], labels: dict[str, str]) -> bool:
    return {key: value for key, value in row.items() if not key.startswith("Value") and value is not None} == labels


def _arranged(settings: Panel, shown: Shown) -> Shown:
    """Hide, rename and order columns as the panel's transformations do, and sort."""
    [told] = [one["options"] for one in settings["transformations"] if one["id"] == "organize"]
    names, order = told["renameByName"], told["indexByName"]
    kept = sorted((c for c in shown.columns if c not in told["excludeByName"]), key=lambda c: order.get(c, len(order)))
    rows = [[row[shown.columns.index(column)] for column in kept] for row in shown.rows]
    columns = [names.get(column, column) for column in kept]
    for rule in settings["options"]["sortBy"]:
        place = columns.index(rule["displayName"])
        known = [row for row in rows if row[place] is not None]
        known.sort(key=itemgetter(place), reverse=rule["desc"])
        rows = known + [row for row in rows if row[place] is None]
    return Shown(shown.start, shown.end, shown.step, columns=columns, rows=rows)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", required=True, help="address of the Prometheus that scrapes Alex")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--dashboard", choices=UIDS, action="append", help="only this one; can be given again")
    parser.add_argument("--panels", action="store_true", help="draw each panel by itself as well")
    parser.add_argument("--minutes", type=float, default=60.0, help="how much time a picture shows")
    parser.add_argument("--until", type=datetime.fromisoformat, help="its end; without it, now")
    parser.add_argument("--namespace", default=ALL, help="only this namespace")
    parser.add_argument("--release", default=ALL, help="only this release")
    options = parser.parse_args()
    end = options.until.timestamp() if options.until else time.time()
    window = Window(end - options.minutes * 60, end, options.namespace, options.release)
    prometheus = Prometheus(options.prometheus)
    drawn, silent = 0, 0
    options.out.mkdir(parents=True, exist_ok=True)
    for uid in options.dashboard or UIDS:
        dashboard = load(uid)
        (options.out / f"{uid}.svg").write_text(draw(prometheus, dashboard, window))
        drawn += 1
        if options.panels:
            (options.out / uid).mkdir(exist_ok=True)
            for settings in panels(dashboard):
                text = draw_panel(prometheus, dashboard, settings, window)
                (options.out / uid / file_name(settings)).write_text(text)
                drawn += 1
        for settings in panels_without_data(options.prometheus, dashboard, window):
            sys.stdout.write(f"nothing to show: {dashboard['title']}: {settings['title']}\n")
            silent += 1
    sys.stdout.write(f"pictures={drawn} panels_without_data={silent}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
