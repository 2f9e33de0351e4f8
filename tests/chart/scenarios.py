"""Read the scenarios in `charts/alex/ci/`: their values, and what their heads say to people and to tests.

A head is prose for whom the scenario is. Its last lines are for both: `# First: COMMAND` is what has to be there
before the install, and `# Local cluster: yes`, `yes, with VALUE=…` or `no, …` whether it can be installed on the
cluster of `k8s/up`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any

import yaml
from chart.render import CHART, Values

_HEAD = re.compile(r"\A(?:#.*\n)+")


@dataclass(frozen=True)
class Scenario:
    """One file of `ci/`."""

    name: str
    prose: str
    first: tuple[str, ...]
    local: str
    body: str

    @property
    def values(self) -> Values:
        """Its values."""
        loaded: dict[str, Any] = yaml.safe_load(self.body)
        return loaded

    @property
    def installable(self) -> bool:
        """Whether it can be installed on the cluster of `k8s/up`."""
        return self.local.startswith("yes")

    @property
    def settings(self) -> tuple[str, ...]:
        """What to `--set` for that; NODE stands for the address of its node."""
        return tuple(self.local.removeprefix("yes").removeprefix(", with ").split()) if self.installable else ()


@functools.cache
def every() -> dict[str, Scenario]:
    """Give each scenario by its name."""
    files = sorted((CHART / "ci").glob("*-values.yaml"))
    return {name: _read(name) for name in (file.name.removesuffix("-values.yaml") for file in files)}


def _read(name: str) -> Scenario:
    text = (CHART / "ci" / f"{name}-values.yaml").read_text()
    head = _HEAD.match(text)
    lines = [line.removeprefix("#").strip() for line in head[0].splitlines()] if head else []
    prose = [line for line in lines if not line.startswith(("First: ", "Local cluster: "))]
    first = [line.removeprefix("First: ") for line in lines if line.startswith("First: ")]
    local = [line.removeprefix("Local cluster: ") for line in lines if line.startswith("Local cluster: ")]
    return Scenario(name, " ".join(prose), tuple(first), " ".join(local), text[head.end() :] if head else text)
