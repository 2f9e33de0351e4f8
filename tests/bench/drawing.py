"""Draw a panel of a dashboard as SVG on a white ground: its frame, its title and what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench import svg
from bench.plots import Plot, chart, heatmap, line
from bench.shown import Panel, Shown, overrides, worded
from bench.svg import CALM, FONT, GRID, INK, Box

TITLE_LINE = 15
# The largest figure that is still a figure and not a poster.
FIGURE = 30.0
# A bar with its name above it, and a row of a table.
BAR, ROW = 52.0, 22.0


def panel(settings: Panel, shown: Shown, box: Box) -> Iterator[str]:
    """Draw a panel with its frame and its title."""
    yield f'<rect {svg.corners(box)} fill="{svg.PAPER}" stroke="{GRID}" rx="3"/>'
    title = svg.wrapped(settings["title"], box.w - 16, 2)
    for number, words in enumerate(title):
        yield svg.text(words, box.x + 8, box.y + 17 + TITLE_LINE * number, weight="bold")
    lines = 2 if settings["type"] == "stat" else len(title)  # figures side by side stand on one line
    inner = box.inside(8, 12 + TITLE_LINE * lines, 8, 8)
    draw = {"timeseries": chart, "stat": _figures, "bargauge": _gauge, "heatmap": heatmap, "table": _table}
    if shown.empty:
        yield svg.middle(settings["fieldConfig"]["defaults"].get("noValue", "no data"), inner)
    else:
        yield from draw[settings["type"]](settings, shown, inner)


def _figures(settings: Panel, shown: Shown, box: Box) -> Iterator[str]:
    """Draw one large figure, or several side by side with their names."""
    options = settings["options"]
    wide = box.w / len(shown.curves)
    for number, curve in enumerate(shown.curves):
        own = Box(box.x + number * wide, box.y, wide, box.h)
        words, colour = worded(settings, curve.name, curve.points[-1][1])
        if options["graphMode"] == "area" and len(curve.points) > 1:
            yield from _past(curve.points, shown, own.inside(0, own.h * 0.62, 0, 0), colour)
        size = min(FIGURE, own.h * 0.5, (own.w - 8) / svg.wide(words, 1) / svg.BOLD)
        named = "name" in options["textMode"]
        x, y = own.x + own.w / 2, own.y + own.h * (0.6 if named else 0.45)
        yield svg.text(words, x, y, anchor="middle", colour=colour, size=size, weight="bold")
        if named:
            yield svg.text(svg.cut(curve.name, own.w), x, own.y + own.h * 0.2, anchor="middle", colour=CALM)


def _past(points: list[tuple[float, float]], shown: Shown, box: Box, colour: str) -> Iterator[str]:
    """Draw below a figure how it came to be."""
    plot = Plot(box, shown, max(value for _, value in points) or 1.0)
    path = line(points, plot.x, plot.y)
    ground = f"V{plot.y(0)}H{plot.x(points[0][0])}Z"
    yield f'<path d="{path}{ground}" fill="{colour}" fill-opacity="0.12"/>'
    yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-opacity="0.6"/>'


def _gauge(settings: Panel, shown: Shown, box: Box) -> Iterator[str]:
    """Draw a bar for each series, its name above it and its value at its end."""
    top = max(curve.points[-1][1] for curve in shown.curves) or 1.0
    high = min(box.h / len(shown.curves), BAR)
    for number, curve in enumerate(shown.curves):
        value = curve.points[-1][1]
        words, colour = worded(settings, curve.name, value)
        bar = Box(box.x, box.y + number * high, box.w, high).inside(0, 18, 70, 8)
        full = Box(bar.x, bar.y, value / top * bar.w, bar.h)
        yield svg.text(svg.cut(curve.name, box.w), box.x, bar.y - 5)
        yield f'<rect {svg.corners(bar)} fill="{GRID}"/><rect {svg.corners(full)} fill="{colour}"/>'
        yield svg.text(words, box.x + box.w, bar.y + bar.h / 2 + 4, anchor="end", colour=colour, weight="bold")


def _table(settings: Panel, shown: Shown, box: Box) -> Iterator[str]:
    """Draw rows under their columns."""
    cells = [[_cell(settings, *pair) for pair in zip(shown.columns, row, strict=True)] for row in shown.rows]
    needs = [
        max(svg.wide(column) * svg.BOLD, *(svg.wide(row[number][0]) for row in cells)) + FONT
        for number, column in enumerate(shown.columns)
    ]
    widths = [need * min(box.w / sum(needs), 1.6) for need in needs]
    places = [box.x + sum(widths[:number]) for number in range(len(widths))]
    for x, width, column in zip(places, widths, shown.columns, strict=True):
        yield svg.text(svg.cut(column, width / svg.BOLD), x, box.y + 13, colour=CALM, weight="bold")
    for number, row in enumerate(cells[: int(box.h / ROW) - 1]):
        y = box.y + ROW * (number + 1)
        yield f'<path d="M{svg.number(box.x)} {svg.number(y)}h{svg.number(box.w)}" stroke="{GRID}"/>'
        for x, width, (words, colour) in zip(places, widths, row, strict=True):
            yield svg.text(svg.cut(words, width), x, y + 15, colour=colour)


def _cell(settings: Panel, column: str, value: Any) -> tuple[str, str]:
    if value is None:
        return "", INK
    words, colour = worded(settings, column, value)
    return words, colour if "mappings" in overrides(settings, column) else INK
