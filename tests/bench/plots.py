"""Draw numbers over time: as lines, as bars, stacked or not, and as a map of colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from bench import svg
from bench.shown import Curve, Panel, Shown, overrides
from bench.svg import CALM, FONT, GRID, Box

# For lines that have no colour of their own.
PALETTE = ("#1971c2", "#e8590c", "#2b8a3e", "#7b4fb5", "#c98a00", "#0c8599", "#c2255c", "#616e7c", "#5c940d", "#862e9c")
MINUTE, DAY = 60, 86400
TIMES = [n * MINUTE for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)] + [n * DAY for n in (1, 2, 7)]
# Room around a plot: for half of its highest figure, the last time, and the times below it.
TOP, RIGHT, BOTTOM = 6, 20, 26
# A line of the legend, and what stands beside a name in it.
LINE, MARK = 17, 34
# Figures on the axis this far apart are read without crowding.
APART_UP, APART_ACROSS = 42, 60

Shape: TypeAlias = list[tuple[float, float, float]]
"""Of each moment: the time, and from which value to which something is drawn."""


@dataclass(frozen=True)
class Style:
    """How a curve looks."""

    colour: str
    bars: bool
    stacked: bool
    fill: float
    dashed: bool
    steps: bool


@dataclass(frozen=True)
class Plot:
    """Where a moment and a value lie in the picture."""

    box: Box
    shown: Shown
    top: float

    def x(self, at: float) -> str:
        """Place a moment."""
        share = (at - self.shown.start) / (self.shown.end - self.shown.start)
        return svg.number(self.box.x + share * self.box.w)

    def y(self, value: float) -> str:
        """Place a value."""
        return svg.number(self.box.y + self.box.h * (1 - value / self.top))


def chart(settings: Panel, shown: Shown, box: Box) -> Iterator[str]:
    """Draw curves over time."""
    styles = [_style(settings, curve.name, number) for number, curve in enumerate(shown.curves)]
    rows = _legend_rows(settings, shown, styles, box)
    yield from _legend(rows, box)
    shapes = list(_stacked(shown, styles))
    known = settings["fieldConfig"]["defaults"]
    inner = box.inside(0, TOP, 0, len(rows) * LINE + BOTTOM)
    ticks = _ticks(max(high for shape in shapes for _, _, high in shape), inner.h / APART_UP, known)
    words = [svg.say(tick, known["unit"], _places(ticks, known["unit"])) for tick in ticks]
    left = max(svg.wide(word, FONT - 1) for word in words) + 8
    plot = Plot(inner.inside(left, 0, RIGHT, 0), shown, ticks[-1])
    yield from _axes(plot, [(plot.y(tick), word) for tick, word in zip(ticks, words, strict=True)])
    # What is stacked lies behind what is not.
    for shape, style in sorted(zip(shapes, styles, strict=True), key=lambda pair: not pair[1].stacked):
        yield from (_bars if style.bars else _lines)(shape, style, plot)


def heatmap(settings: Panel, shown: Shown, box: Box) -> Iterator[str]:
    """Draw a histogram over time: a row for each bucket, the darker the more."""
    rows = list(_buckets(shown))
    used = [number for number, (_, cells) in enumerate(rows) if any(value for _, value in cells)]
    if not used:
        yield svg.middle(settings["fieldConfig"]["defaults"]["noValue"], box)
        return
    below = rows[used[0] - 1][0] if used[0] else 0.0
    rows = rows[used[0] : used[-1] + 1]
    most = max(value for _, cells in rows for _, value in cells)
    unit = settings["options"]["yAxis"]["unit"]
    plot = Plot(box.inside(58, TOP, RIGHT, 40), shown, len(rows))
    edges = [below, *(edge for edge, _ in rows)]
    every = math.ceil(18 / (plot.box.h / len(rows)))
    words = [svg.say(edge, unit) if math.isfinite(edge) else "more" for edge in edges]
    yield from _axes(plot, [(plot.y(number), word) for number, word in enumerate(words) if number % every == 0])
    for number, (_, cells) in enumerate(rows):
        yield from _cells(cells, number, most, plot)
    for number in range(10):
        square = Box(plot.box.x + 12 * number, box.y + box.h - 12, 12, 8)
        yield f'<rect {svg.corners(square)} fill="{_heat((number + 1) / 10)}"/>'
    yield svg.text(f"few to {most:.0f}", plot.box.x + 128, box.y + box.h - 4, colour=CALM, size=FONT - 1)


def _style(settings: Panel, name: str, number: int) -> Style:
    """Read how a curve is to look: the panel's settings, and what it says about curves of this name."""
    custom = settings["fieldConfig"]["defaults"]["custom"]
    found = {f"custom.{key}": value for key, value in custom.items()} | overrides(settings, name)
    fixed = found.get("color", {}).get("fixedColor")
    return Style(
        colour=svg.colour(fixed) if fixed else PALETTE[number % len(PALETTE)],
        bars=found["custom.drawStyle"] == "bars",
        stacked=found["custom.stacking"]["mode"] == "normal",
        fill=round(found["custom.fillOpacity"] / 100, 2),
        dashed=found.get("custom.lineStyle", {}).get("fill") == "dash",
        steps=found.get("custom.lineInterpolation") == "stepAfter",
    )


def _stacked(shown: Shown, styles: Sequence[Style]) -> Iterator[Shape]:
    """Give each curve its place: on top of those before it, or on the ground."""
    ground: dict[float, float] = {}
    for curve, style in zip(shown.curves, styles, strict=True):
        shape = []
        for at, value in curve.points:
            low = ground.get(at, 0.0) if style.stacked else 0.0
            shape.append((at, low, low + value))
            if style.stacked:
                ground[at] = low + value
        yield shape


def _bars(shape: Shape, style: Style, plot: Plot) -> Iterator[str]:
    wide = 0.8 * plot.shown.step
    path = "".join(
        f"M{plot.x(max(at - wide, plot.shown.start))} {plot.y(low)}V{plot.y(high)}H{plot.x(at)}V{plot.y(low)}Z"
        for at, low, high in shape
        if high > low and at > plot.shown.start
    )
    if path:
        yield f'<path d="{path}" fill="{style.colour}"/>'


def _lines(shape: Shape, style: Style, plot: Plot) -> Iterator[str]:
    dash = ' stroke-dasharray="6 4"' if style.dashed else ""
    for piece in _pieces(shape, 1.5 * plot.shown.step):
        above = line([(at, high) for at, _, high in piece], plot.x, plot.y, steps=style.steps)
        if style.fill:
            below = line([(at, low) for at, low, _ in reversed(piece)], plot.x, plot.y).replace("M", "L", 1)
            yield f'<path d="{above}{below}Z" fill="{style.colour}" fill-opacity="{style.fill}"/>'
        yield f'<path d="{above}" fill="none" stroke="{style.colour}" stroke-width="1.8"{dash}/>'
        if len(piece) == 1:
            at, _, high = piece[0]
            yield f'<circle cx="{plot.x(at)}" cy="{plot.y(high)}" r="2.5" fill="{style.colour}"/>'


def line(
    points: Sequence[tuple[float, float]], x: Callable[[float], str], y: Callable[[float], str], *, steps: bool = False
) -> str:
    """Write points as the path of a line."""
    (at, value), *others = points
    path = f"M{x(at)} {y(value)}"
    for at, value in others:
        path += f"H{x(at)}V{y(value)}" if steps else f"L{x(at)} {y(value)}"
    return path


def _pieces(shape: Shape, longest: float) -> Iterator[Shape]:
    """Break a curve where it has gaps."""
    piece: Shape = []
    for point in shape:
        if piece and point[0] - piece[-1][0] > longest:
            yield piece
            piece = []
        piece.append(point)
    if piece:
        yield piece


def _legend_rows(settings: Panel, shown: Shown, styles: Sequence[Style], box: Box) -> list[list[tuple[str, str]]]:
    """Lay the names of curves, with their figures where the panel wants some, into lines."""
    known, calcs = settings["fieldConfig"]["defaults"], settings["options"]["legend"]["calcs"]
    rows: list[list[tuple[str, str]]] = [[]]
    room = box.w
    for curve, style in zip(shown.curves, styles, strict=True):
        name = curve.name
        for calc in calcs:
            word, value = _reduced(curve, calc)
            name += f", {word} {svg.say(value, known['unit'], known.get('decimals'))}"
        if rows[-1] and svg.wide(name) + MARK > room:
            rows.append([])
            room = box.w
        rows[-1].append((name, style.colour))
        room -= svg.wide(name) + MARK
    most = max(1, int(box.h * 0.4 / LINE))
    hidden = sum(map(len, rows[most:]))
    rows = rows[:most]
    if hidden:
        rows[-1] = [*rows[-1][:-1], (f"and {hidden + 1} more", CALM)]
    return rows


def _legend(rows: list[list[tuple[str, str]]], box: Box) -> Iterator[str]:
    for number, row in enumerate(rows):
        x, y = box.x, box.y + box.h - (len(rows) - number) * LINE + 12
        for name, colour in row:
            yield f'<rect {svg.corners(Box(x, y - 5, 14, 3))} fill="{colour}"/>'
            yield svg.text(svg.cut(name, box.w - MARK), x + 19, y)
            x += svg.wide(name) + MARK


def _reduced(curve: Curve, calc: str) -> tuple[str, float]:
    values = [value for _, value in curve.points]
    return {"lastNotNull": ("last", values[-1]), "max": ("max", max(values))}[calc]


def _axes(plot: Plot, ticks: list[tuple[str, str]]) -> Iterator[str]:
    box, shown = plot.box, plot.shown
    for y, words in ticks:
        yield f'<path d="M{svg.number(box.x)} {y}h{svg.number(box.w)}" stroke="{GRID}"/>'
        yield svg.text(words, box.x - 6, float(y) + 4, anchor="end", colour=CALM, size=FONT - 1)
    most = max(2.0, box.w / APART_ACROSS)
    apart = next((seconds for seconds in TIMES if (shown.end - shown.start) / seconds <= most), TIMES[-1])
    for number in range(math.ceil(shown.start / apart), math.floor(shown.end / apart) + 1):
        words = datetime.fromtimestamp(number * apart, UTC).strftime("%d %b" if apart >= DAY else "%H:%M")
        x = float(plot.x(number * apart))
        yield svg.text(words, x, box.y + box.h + 16, anchor="middle", colour=CALM, size=FONT - 1)


def _ticks(top: float, most: float, known: dict[str, Any]) -> list[float]:
    """Choose round numbers from zero to the highest value or just above."""
    top = top or 1.0
    least = top / max(most, 2)
    size = 10 ** math.floor(math.log10(least))
    step = next(size * n for n in (1, 2, 2.5, 5, 10) if size * n >= least)
    if known["unit"] == "s" and least > MINUTE / 2:
        step = next((seconds for seconds in TIMES if seconds >= least), step)
    elif known["unit"] == "short" and known.get("decimals") == 0:
        step = max(1.0, math.ceil(step))
    return [number * step for number in range(math.ceil(top / step - 1e-9) + 1)]


def _places(ticks: list[float], unit: str) -> int | None:
    """Give the decimals with which every figure of an axis is written; None where they differ."""
    if unit == "s" and ticks[-1] >= 2 * MINUTE:
        return None
    step = ticks[1] * (100 if unit == "percentunit" else 1)
    first = -math.floor(math.log10(step) + 1e-9)
    places = max(0, first + (round(step * 10.0**first, 6) != round(step * 10.0**first)))
    return max(places, 2) if places and unit == "currencyUSD" else places


def _buckets(shown: Shown) -> Iterator[tuple[float, list[tuple[float, float]]]]:
    """Give each bucket's upper edge and what it alone holds: Prometheus' buckets hold those below them as well."""
    below: dict[float, float] = {}
    for curve in sorted(shown.curves, key=lambda curve: float(curve.labels["le"])):
        yield float(curve.labels["le"]), [(at, max(value - below.get(at, 0.0), 0.0)) for at, value in curve.points]
        below = dict(curve.points)


def _cells(cells: list[tuple[float, float]], row: int, most: float, plot: Plot) -> Iterator[str]:
    y, high = float(plot.y(row + 1)), plot.box.h / plot.top
    for at, value in cells:
        if value > 0 and at > plot.shown.start:
            left, right = float(plot.x(max(at - plot.shown.step, plot.shown.start))), float(plot.x(at))
            yield f'<rect {svg.corners(Box(left, y, right - left - 0.5, high - 0.5))} fill="{_heat(value / most)}"/>'


def _heat(share: float) -> str:
    """Give a colour between a pale and a dark orange; few must be seen beside many, hence the root."""
    pale, dark = (255, 236, 217), (140, 45, 4)
    part = math.sqrt(share)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(pale, dark, strict=True))
