"""The pictures in the documentation show what is there now."""

from __future__ import annotations

import csv
import re

import pytest
from bench import ramp
from bench.pictures import Prometheus, draw
from chart.dashboards import UIDS, Window, load
from stack import ROOT

DOCS = ROOT / "charts/alex/docs"
REDRAW = "`tests/run pictures --prometheus URL --out charts/alex/docs`, on a Prometheus that has seen some calls"
# Of a dashboard the headings, and of each panel its frame and its title: all that does not depend on what was measured.
STEADY = re.compile(
    r'^(?:<rect .* rx="3"/>|<text x="\S+" y="\S+" font-weight="bold"(?: font-size="14")?>.*)$', re.MULTILINE
)


@pytest.mark.parametrize("uid", UIDS)
def test_picture_of_a_dashboard_is_current(uid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every panel of a dashboard is in its picture, in its place and under its title, and no other is."""
    monkeypatch.setattr(Prometheus, "_ask", lambda *_, **__: [])  # what was measured then does not matter
    now = STEADY.findall(draw(Prometheus("http://nowhere"), load(uid), Window(0, 3600)))
    shown = STEADY.findall((DOCS / f"{uid}.svg").read_text())

    assert now
    assert shown == now, f"{uid}.svg shows another dashboard than {uid}.json. Draw it again: {REDRAW}"


def test_picture_of_the_ramp_is_of_its_table() -> None:
    """The picture of calls and agents is what would be drawn of the measurement beside it."""
    rows = csv.DictReader((DOCS / "ramp.csv").open())
    samples = [
        ramp.Sample(
            second=float(row["second"]),
            wanted=int(row["wanted"]) if row["wanted"] else None,
            **{name: int(row[name]) for name in ("asked", "active", "desired", "ready", "refused")},
        )
        for row in rows
    ]

    assert ramp.table(samples) == (DOCS / "ramp.csv").read_text()
    assert ramp.picture(samples) == (DOCS / "ramp.svg").read_text(), (
        "ramp.svg was not drawn from ramp.csv. Measure and draw both: `tests/run ramp --out charts/alex/docs`"
    )
