"""What a panel of a dashboard has to show, and what its settings say about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bench import svg

Panel: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Curve:
    """One series of a panel: its name in the legend and its points, oldest first; where there is no number is a gap."""

    name: str
    points: list[tuple[float, float]]
    labels: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Shown:
    """A time, and the curves or the columns and rows that a panel has for it."""

    start: float
    end: float
    step: float
    curves: list[Curve] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.rows and not any(curve.points for curve in self.curves)


def overrides(settings: Panel, name: str) -> dict[str, Any]:
    """Give what a panel says about the curves or the column of a name."""
    found: dict[str, Any] = {}
    for override in settings["fieldConfig"]["overrides"]:
        wanted = override["matcher"]["options"]
        exact = override["matcher"]["id"] == "byName"
        if name == wanted if exact else re.search(wanted.strip("/"), name):
            found |= {one["id"]: one["value"] for one in override["properties"]}
    return found


def worded(settings: Panel, name: str, value: Any) -> tuple[str, str]:
    """Say a value in words and in which colour: mapped, or with its unit and as its limits say."""
    known = settings["fieldConfig"]["defaults"] | overrides(settings, name)
    for mapping in known.get("mappings", []):
        mapped = mapping["options"].get(f"{value:g}" if isinstance(value, float) else value)
        if mapped:
            return mapped["text"], svg.colour(mapped.get("color", "text"))
    if not isinstance(value, float):
        return str(value), svg.INK
    limits = known["thresholds"]["steps"]
    reached = [step["color"] for step in limits if step["value"] is None or value >= step["value"]]
    return svg.say(value, known["unit"], known.get("decimals")), svg.colour(reached[-1])
