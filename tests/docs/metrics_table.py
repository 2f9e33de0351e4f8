"""Read every series that Alex's programs tell, and write them as the tables of `charts/alex/METRICS.md`.

`python tests/docs/metrics_table.py` rewrites the tables; a test compares them with what it would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from alex_agent.metrics import Metrics as AgentMetrics
from alex_agent.prices import Price
from alex_offline.metrics import Metrics as OfflineMetrics
from alex_web.metrics import Metrics as WebMetrics
from docs.tables import between, sections
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics import MetricWrapperBase

METRICS = Path(__file__).parents[2] / "charts" / "alex" / "METRICS.md"
BEGIN, END = "<!-- metrics -->\n", "<!-- /metrics -->\n"


@dataclass(frozen=True)
class Series:
    """One metric: its name as queries have it, its kind, its labels and its sentence."""

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str


def registries() -> dict[str, CollectorRegistry]:
    """Give the registry of each component with all that it can hold."""
    price = Price(provider="openai", model="any")
    return {
        "agent": AgentMetrics([price], budget_usd_per_day=1.0).registry,
        "web": WebMetrics().registry,
        "offline": OfflineMetrics().registry,
    }


def series(registry: CollectorRegistry) -> Iterator[Series]:
    """List what a registry holds, also what has no sample yet."""
    for collector in registry._collector_to_names:
        assert isinstance(collector, MetricWrapperBase)
        name = collector._name + ("_total" if isinstance(collector, Counter) else "")
        yield Series(name, collector._type, tuple(collector._labelnames), collector._documentation)


def names() -> set[str]:
    """Name every series of every component, as a query may have it."""
    found = set()
    for registry in registries().values():
        for one in series(registry):
            parts = ("_bucket", "_sum", "_count") if one.kind == "histogram" else ("",)
            found |= {one.name + part for part in parts}
    return found


def tables() -> str:
    """Write the tables as Markdown, one for each component."""

    def row(one: Series) -> tuple[str, ...]:
        return f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.sentence

    found = {name: sorted(series(registry), key=lambda one: one.name) for name, registry in registries().items()}
    return sections(
        ("series", "kind", "labels", "what it tells"), {name: map(row, every) for name, every in found.items()}
    )


def with_tables(text: str) -> str:
    """Give the document with the current tables between its marks."""
    return between(text, BEGIN, END, f"\n{tables()}")


if __name__ == "__main__":
    METRICS.write_text(with_tables(METRICS.read_text()))
    sys.stdout.write(f"{len(names())} series in {METRICS}\n")
