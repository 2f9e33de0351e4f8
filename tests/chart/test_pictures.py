"""The pictures of the dashboards: drawn by a real Prometheus' answers about an hour that is made up."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from bench import svg
from bench.drawing import panel
from bench.pictures import Prometheus, draw, draw_panel, fetch, panels_without_data, queries_without_data
from bench.shown import Curve, Panel, Shown
from chart import prometheus
from chart.dashboards import UIDS, Window, load, metrics, panels
from chart.history import HOUR, Hour, openmetrics
from chart.test_dashboards import SAMPLES
from stack import ROOT

# Panels that have nothing to show in good times say so in their own words; all others always have a number.
QUIET = {
    "Alerts",
    "Alerts over time",
    "Seconds left to draining pods",
    "Errors of providers",
    "Failed turns by stage",
}
NIGHT = Window(HOUR.start - 7200, HOUR.start - 3600)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", name="url")
def _url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus.remembering(openmetrics(), tmp_path_factory.mktemp("prometheus")) as url:
        yield url


def words(picture: str) -> list[str]:
    """Give everything that is written in a picture."""
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]


def named(title: str) -> Panel:
    """Find a panel of any dashboard by its title."""
    return next(found for uid in UIDS for found in panels(load(uid)) if found["title"] == title)


def test_the_hour_holds_nothing_that_alex_does_not_count() -> None:
    """The made-up hour has only series that the programs have."""
    hour = Hour()
    for minute in range(61):
        hour.move(minute)
    names = {name for pod in hour.pods() for name, _ in pod.values}

    assert names - {"ALERTS"} <= SAMPLES.keys()


@pytest.mark.parametrize("uid", UIDS)
def test_every_query_has_an_answer(url: str, uid: str) -> None:
    """In an hour in which everything happens, each query of each panel returns a number."""
    assert queries_without_data(url, load(uid), HOUR) == []
    assert panels_without_data(url, load(uid), HOUR) == []


def test_a_panel_without_data_is_told(url: str) -> None:
    """A query that nothing answers is found, and a panel when none of its queries has an answer."""
    dashboard = load("alex-well")
    calls = next(found for found in panels(dashboard) if found["title"] == "Calls and slots")
    calls["targets"][0]["expr"] = "sum(alex_agent_calls_of_yesterday)"

    assert queries_without_data(url, dashboard, HOUR) == [("Calls and slots", "sum(alex_agent_calls_of_yesterday)")]
    assert panels_without_data(url, dashboard, HOUR) == []
    calls["targets"] = calls["targets"][:1]
    assert panels_without_data(url, dashboard, HOUR) == [calls]


@pytest.mark.parametrize("uid", UIDS)
def test_panel_that_may_be_empty_says_so(url: str, uid: str) -> None:
    """Where nothing was scraped, each panel says in words that there is nothing, or counts none."""
    for settings in panels_without_data(url, load(uid), NIGHT):
        text = draw_panel(Prometheus(url), load(uid), settings, NIGHT)
        known = settings["fieldConfig"]["defaults"]

        assert known.get("noValue", "no data") in words(text)
        assert settings["title"] not in QUIET or "noValue" in known


@pytest.mark.parametrize("uid", UIDS)
def test_an_hour_without_events_can_be_drawn(uid: str) -> None:
    """Where every number is zero, each kind of panel draws something and none divides by it."""
    shown = Shown(
        0, 3600, 60, [Curve("calls", [(60.0, 0.0), (120.0, 0.0)], {"le": "1.0"})], ["pod"], [["alex-agent-1"]]
    )
    for settings in panels(load(uid)):
        assert len(list(panel(settings, shown, svg.Box(0, 0, 300, 200)))) > 2


@pytest.mark.parametrize("uid", UIDS)
def test_dashboard_is_one_picture(url: str, uid: str) -> None:
    """A dashboard is drawn with each of its headings and titles, and says where its numbers come from."""
    dashboard = load(uid)
    written = words(draw(Prometheus(url), dashboard, HOUR))

    assert written[0] == dashboard["title"]
    for settings in dashboard["panels"]:
        assert settings["title"].split()[0] in " ".join(written)
    assert written[-1] == f"Drawn from the dashboard's own queries ({uid}), 01 January 2026, 09:00 to 10:00 UTC"
    assert "no data" not in written


@pytest.mark.parametrize("uid", UIDS)
def test_nothing_leaves_the_sheet(url: str, uid: str) -> None:
    """Words and shapes stay on the sheet, also in panels that are drawn by themselves."""
    dashboard = load(uid)
    pictures = [draw_panel(Prometheus(url), dashboard, settings, HOUR) for settings in panels(dashboard)]
    for picture in [*pictures, draw(Prometheus(url), dashboard, HOUR)]:
        root = ET.fromstring(picture)
        width, height = (float(root.attrib[side]) for side in ("width", "height"))
        for text in root.iter(f"{SVG}text"):
            wide = svg.wide(text.text or "", float(text.get("font-size", svg.FONT)))
            left = float(text.attrib["x"]) - wide * {"middle": 0.5, "end": 1}.get(text.get("text-anchor", ""), 0)
            assert 0 <= left <= left + wide <= width + 1, text.text
            assert 0 < float(text.attrib["y"]) < height
        for rect in list(root.iter(f"{SVG}rect"))[1:]:
            x, y, w, h = (float(rect.attrib[side]) for side in ("x", "y", "width", "height"))
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height
        for path in root.iter(f"{SVG}path"):
            assert all(0 <= float(x) <= width for x in re.findall(r"[ML]([-\d.]+) ", path.attrib["d"]))


@pytest.mark.parametrize(
    ("title", "figure"),
    [
        ("Calls cut or lost", "2"),
        ("Callers turned away", "4"),
        ("Media server answers", "yes"),
        ("Alerts that fire", "1"),
        ("Pods draining", "0"),
        ("Built-in voice ready", "100 %"),
    ],
)
def test_figures_are_what_happened(url: str, title: str, figure: str) -> None:
    """What a panel shows is what happened in the hour, in the panel's unit and words."""
    assert figure in words(draw_panel(Prometheus(url), load("alex-well"), named(title), HOUR))


def test_the_slow_stage_is_plain_to_see(url: str) -> None:
    """In the hour in which a voice was slow, that voice and no other is red among the stages."""
    picture = draw_panel(Prometheus(url), load("alex-quick"), named("Slowest turns of each stage (p95)"), HOUR)
    red = [element for element in ET.fromstring(picture).iter() if element.get("fill") == svg.colour("red")]
    names = words(picture)

    assert len(red) == 2  # the bar and its figure
    assert names[names.index(str(red[1].text)) - 1] == "speaking: elevenlabs eleven_turbo_v2_5"


def test_table_has_a_row_for_each_pod(url: str) -> None:
    """The answers of several queries stand side by side, under the names that the panel gives them."""
    shown = fetch(Prometheus(url), named("Agent pods now"), HOUR)

    assert shown.columns == ["namespace", "pod", "calls", "slots", "drains", "time left", "with LiveKit"]
    assert {row[1] for row in shown.rows} == {"alex-agent-7d9f-4kx2p", "alex-agent-7d9f-b8rwl"}
    assert all(row[3:] == [4, 0, 0, 1] for row in shown.rows)


def test_only_the_chosen_release_is_drawn(url: str) -> None:
    """Of another release or namespace there is nothing."""
    calls = named("Calls and slots")

    assert metrics(calls["targets"][0]["expr"]) == {"alex_agent_active_calls"}
    assert not fetch(Prometheus(url), calls, Window(HOUR.start, HOUR.end, "voices", "alex")).empty
    assert fetch(Prometheus(url), calls, Window(HOUR.start, HOUR.end, "voices", "other")).empty
    assert fetch(Prometheus(url), calls, Window(HOUR.start, HOUR.end, "other", "alex")).empty


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "said"),
    [
        (0.8512, "s", 2, "851 ms"),
        (1.234, "s", 2, "1.23 s"),
        (90, "s", None, "90 s"),
        (600, "s", None, "10 min"),
        (7200, "s", 0, "2 h"),
        (0, "s", None, "0 s"),
        (0.029, "percentunit", 1, "2.9 %"),
        (3.14159, "currencyUSD", None, "$3.14"),
        (0.0184, "currencyUSD", 3, "$0.018"),
        (12345, "suffix: /min", None, "12.3 k /min"),
        (4, "short", 0, "4"),
        (float("nan"), "short", 0, "none"),
    ],
)
def test_figures_are_written_for_people(value: float, unit: str, decimals: int | None, said: str) -> None:
    """A value is written with its unit and no more digits than help."""
    assert svg.say(value, unit, decimals) == said


def test_command_draws_what_it_says(url: str, tmp_path: Path) -> None:
    """The command draws dashboards and panels into a folder, and its last line counts them."""
    command = ["tests/bench/pictures.py", "--prometheus", url, "--out", str(tmp_path), "--panels"]
    options = ["--dashboard", "alex-cost", "--until", "2026-01-01T10:00:00Z"]
    done = subprocess.run([sys.executable, *command, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    count = len(list(panels(load("alex-cost"))))

    assert done.stdout.splitlines()[-1] == f"pictures={count + 1} panels_without_data=0"
    assert len(list((tmp_path / "alex-cost").glob("*.svg"))) == count
    assert words((tmp_path / "alex-cost.svg").read_text())[0] == "Alex: what does it cost"
