"""Read every variable that Alex's programs take, and write them as the tables of `charts/alex/SETTINGS.md`.

`python tests/docs/settings_table.py` rewrites the tables; a test compares them with what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.tables import between, sections

SETTINGS = Path(__file__).parents[2] / "charts" / "alex" / "SETTINGS.md"
BEGIN, END = "<!-- settings -->\n", "<!-- /settings -->\n"
PROGRAMS = ("agent", "web", "offline")


@dataclass(frozen=True)
class Variable:
    """One variable: its name, the chart value behind it, and what holds without it, when that can be written down."""

    name: str
    value: str
    otherwise: str


def variables(program: str) -> Iterator[Variable]:
    """List the variables of a program in the order of its settings."""
    module = import_module(f"alex_{program}.settings")
    values: dict[str, str] = getattr(module, "CHART_VALUES", {})
    for name, field in module.Settings.model_fields.items():
        extra = field.json_schema_extra or {}
        variable = str(field.validation_alias or f"ALEX_{name.upper()}")
        value = str(extra.get("chart") or values[name])
        if not variable.endswith("_KEY_FILE"):
            yield Variable(variable, value, _written(field.default))


def _written(default: Any) -> str:
    """Write a default as it would stand in the environment; what is a secret, a file or a whole table has none."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, str | int | float):
        return str(default)
    if isinstance(default, tuple | frozenset) and default:
        return ",".join(sorted(map(str, default)))
    return ""


def tables() -> str:
    """Write the tables as Markdown, one for each program."""

    def row(one: Variable) -> tuple[str, ...]:
        value = f"`{one.value}`" if one.value != "set by the chart" else one.value
        return f"`{one.name}`", value, f"`{one.otherwise}`" if one.otherwise else ""

    found = {program: sorted(variables(program), key=lambda one: one.name) for program in PROGRAMS}
    return sections(("variable", "chart value", "otherwise"), {name: map(row, every) for name, every in found.items()})


def with_tables(text: str) -> str:
    """Give the document with the current tables between its marks."""
    return between(text, BEGIN, END, f"\n{tables()}")


if __name__ == "__main__":
    SETTINGS.write_text(with_tables(SETTINGS.read_text()))
    sys.stdout.write(f"{sum(len(list(variables(program))) for program in PROGRAMS)} variables in {SETTINGS}\n")
