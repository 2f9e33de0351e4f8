"""The dashboards: what Grafana would accept, what Prometheus can answer, and what an operator can read."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from chart import dashboards, grafana, prometheus
from chart.dashboards import UIDS, Panel, Window, expressions, load, metrics, panels, substitute
from chart.render import ROOT, at, defaults
from docs.metrics_table import registries

TITLES = {
    "alex-well": "Alex: is it well",
    "alex-quick": "Alex: does it feel quick",
    "alex-cost": "Alex: what does it cost",
}
REGISTRIES = (*registries().values(),)
# What the code counts and no dashboard shows, and why.
UNSHOWN = {
    "alex_web_active_calls": "the calls of alex_agent_active_calls without those on draining pods",
    "alex_web_overdue_calls_total": "0 unless an agent does not end its calls, of which the log of web says more",
}
# What a scrape adds to every series, and what Prometheus adds by itself.
TARGET_LABELS = {"namespace", "pod", "app_kubernetes_io_instance", "app_kubernetes_io_component"}
ALERT_LABELS = {"alertname", "alertstate", "severity"}
SELECTOR = 'namespace=~"$namespace", app_kubernetes_io_instance=~"$release"}'
# A rate looks as far back as Grafana thinks right; a sum over the time shown, or over what its title says.
WINDOWS = {"rate": {"$__rate_interval"}, "increase": {"$__rate_interval", "$__range", "1h", "1d"}}
WINDOW = Window(1767258000, 1767261600)

PANELS = [(uid, panel) for uid in UIDS for panel in panels(load(uid))]


def each(found: list[tuple[str, Panel]]) -> Any:
    """Run a test for each panel, under its name."""
    return pytest.mark.parametrize(("uid", "panel"), found, ids=[f"{uid}: {panel['title']}" for uid, panel in found])


def samples() -> dict[str, dict[str, set[str]]]:
    """Give the names of everything the programs let Prometheus read, each with the values of its labels at start."""
    found: dict[str, dict[str, set[str]]] = {}
    for registry in REGISTRIES:
        for family in registry.collect():
            endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}[family.type]
            for ending in endings:
                labels = found.setdefault(family.name + ending, {})
                for sample in family.samples:
                    if sample.name == family.name + ending:
                        for label, value in sample.labels.items():
                            labels.setdefault(label, set()).add(value)
    return found


def names_of_labels() -> set[str]:
    """Name the labels of all metrics, also of those that have no series before the first call."""
    return {label for registry in REGISTRIES for metric in registry._collector_to_names for label in metric._labelnames}


SAMPLES = samples()
LABELS = names_of_labels() | TARGET_LABELS | ALERT_LABELS | {"le"}
WORDS = {value for labels in SAMPLES.values() for values in labels.values() for value in values}


def texts(panel: Panel) -> str:
    """Give everything that a panel says in prose."""
    return " ".join([panel["title"], panel["description"], panel["fieldConfig"]["defaults"].get("noValue", "")])


def test_three_dashboards_are_there() -> None:
    """The dashboards are the three of the contract, each under the name of its file, to be found by one tag."""
    assert {uid: load(uid)["title"] for uid in UIDS} == TITLES
    for uid in UIDS:
        dashboard = load(uid)

        assert dashboard["uid"] == uid
        assert dashboard["tags"] == ["alex"]
        assert dashboard["description"]


@pytest.mark.parametrize("uid", UIDS)
def test_file_is_in_the_one_form(uid: str) -> None:
    """A file is written as `python tests/chart/dashboards.py` writes it, so that a change shows as what it is."""
    assert (dashboards.FOLDER / f"{uid}.json").read_text() == dashboards.text(load(uid))


@pytest.mark.parametrize("uid", UIDS)
def test_grafana_knows_every_word_of_it(uid: str) -> None:
    """Grafana's own types take the whole file, with no field that they do not know and no value of a wrong type."""
    assert grafana.complaints(load(uid)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("gridPos", "w"), "4"),
        (("gridpos",), {}),
        (("options", "graphMode"), "areas"),
        (("targets", 0, "legendformat"), "calls"),
        (("fieldConfig", "defaults", "decimal"), 1),
        (("fieldConfig", "defaults", "thresholds", "mode"), "relative"),
    ],
)
def test_a_mistake_in_a_panel_is_found(path: tuple[Any, ...], value: Any) -> None:
    """What a dashboard could have wrong without a word from Grafana is found by its types."""
    dashboard = load("alex-well")
    node = next(panels(dashboard))
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value

    assert len(grafana.complaints(dashboard)) == 1


@pytest.mark.parametrize("uid", UIDS)
def test_dashboard_carries_nothing_of_the_grafana_it_was_made_in(uid: str) -> None:
    """A dashboard names no data source, no number and no version of a Grafana, and begins with the last hour."""
    dashboard = load(uid)

    assert not {"id", "version", "iteration", "__inputs", "__requires", "__elements", "gnetId"} & dashboard.keys()
    assert dashboard["schemaVersion"] == 41
    assert (dashboard["timezone"], dashboard["refresh"]) == ("browser", "10s")
    assert dashboard["time"] == {"from": "now-1h", "to": "now"}
    for panel in panels(dashboard):
        for place in (panel, *panel["targets"]):
            assert place["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("uid", UIDS)
def test_one_chooses_prometheus_namespace_and_release(uid: str) -> None:
    """Each dashboard has the same three variables, and shows everything until somebody chooses."""
    source, namespace, release = load(uid)["templating"]["list"]

    assert (source["name"], source["type"], source["query"], source["current"]) == (
        "datasource",
        "datasource",
        "prometheus",
        {},
    )
    assert (namespace["name"], release["name"]) == ("namespace", "release")
    for variable in (namespace, release):
        assert variable["current"] == {"text": "All", "value": "$__all"}
        assert (variable["includeAll"], variable["allValue"], variable["multi"]) == (True, ".*", False)
        assert metrics(variable["query"]["query"]) <= SAMPLES.keys()


@pytest.mark.parametrize("uid", UIDS)
def test_dashboards_lead_to_each_other(uid: str) -> None:
    """From each dashboard one gets to the others with the time and release that one looks at."""
    [link] = load(uid)["links"]

    assert (link["type"], link["tags"]) == ("dashboards", ["alex"])
    assert link["includeVars"] is link["keepTime"] is True
    for panel in panels(load(uid)):
        for found in panel.get("links", []):
            assert re.match(r"/d/([a-z-]+)\?\$\{__url_time_range\}&\$\{__all_variables\}$", found["url"])[1] in UIDS  # type: ignore[index]


@pytest.mark.parametrize("uid", UIDS)
def test_panels_lie_side_by_side(uid: str) -> None:
    """No two panels overlap or share a number, every line is full, and headings go from edge to edge."""
    placed = load(uid)["panels"]
    numbers = [panel["id"] for panel in placed]
    cells = [(p["gridPos"]["x"], p["gridPos"]["y"], p["gridPos"]["w"], p["gridPos"]["h"]) for p in placed]

    assert len(set(numbers)) == len(numbers)
    for (x, y, w, h), (x2, y2, w2, h2) in combinations(cells, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
    assert sum(w * h for _, _, w, h in cells) == 24 * max(y + h for _, y, _, h in cells)
    assert placed[0]["type"] == "row"
    assert all(panel["gridPos"]["w"] == 24 for panel in placed if panel["type"] == "row")


@pytest.mark.parametrize("uid", UIDS)
def test_titles_are_unique_and_a_stat_row_comes_first(uid: str) -> None:
    """A panel can be named by its title, and the first look is at figures that are good or bad."""
    dashboard = load(uid)
    titles = [panel["title"] for panel in panels(dashboard)]

    assert len(set(titles)) == len(titles)
    assert {panel["type"] for panel in panels(dashboard) if panel["gridPos"]["y"] == 1} == {"stat"}


@each(PANELS)
def test_panel_says_what_bad_looks_like(uid: str, panel: Panel) -> None:
    """A panel says in order what it shows, what is bad, and what to do next; and what its colours mean."""
    shows, bad, after = re.fullmatch(r"(.+?) Bad: (.+?) Next: (.+)", panel["description"]).groups()  # type: ignore[union-attr]
    limits = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert all(part.strip().endswith((".", "?")) for part in (shows, bad, after))
    assert not panel["title"].endswith(".")
    if len(limits) > 1:
        for step in limits[1:] if limits[0]["color"] == "green" else limits:
            assert step["color"] in panel["description"].lower(), step


@each(PANELS)
def test_panel_has_a_unit_and_begins_at_zero(uid: str, panel: Panel) -> None:
    """Every figure has a unit and cannot be negative; a map of colours has the unit on its axis."""
    known = panel["fieldConfig"]["defaults"]

    assert known["unit"]
    assert known["min"] == 0
    if panel["type"] == "heatmap":
        assert panel["options"]["yAxis"]["unit"] == "s"
    if "_seconds" in str(panel["targets"]) and "_count{" not in str(panel["targets"]) and panel["type"] != "table":
        assert known["unit"] in {"s", "currencyUSD", "suffix: s/min"} or panel["type"] == "heatmap"


@each(PANELS)
def test_legend_is_made_of_words(uid: str, panel: Panel) -> None:
    """Every line has a legend, made of words and of labels that its query keeps."""
    letters = [target["refId"] for target in panel["targets"]]

    assert letters == [chr(65 + number) for number in range(len(letters))]
    for target in panel["targets"]:
        kept = {label for found in re.findall(r"by \(([^)]*)\)", target["expr"]) for label in found.split(", ")}
        assert target["legendFormat"] not in {"", "__auto"}
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept
        assert re.sub(r"\{\{\w+\}\}", "", target["legendFormat"]).find("_") == -1


@each([(uid, panel) for uid, panel in PANELS if panel["fieldConfig"]["overrides"]])
def test_colours_belong_to_something(uid: str, panel: Panel) -> None:
    """What a panel says about one line or column is about one that it can have."""
    renamed = {
        name
        for change in panel.get("transformations", [])
        if change["id"] == "organize"
        for name in change["options"]["renameByName"].values()
    }
    drawn = {target["legendFormat"] for target in panel["targets"]} | renamed | WORDS

    for override in panel["fieldConfig"]["overrides"]:
        named = override["matcher"]["options"]
        if override["matcher"]["id"] == "byName":
            assert named in drawn
        else:
            assert any(re.search(named.strip("/"), word) for word in drawn)


@each(PANELS)
def test_panel_sends_readers_to_places_that_exist(uid: str, panel: Panel) -> None:
    """A panel, a heading, a dashboard or a chart value that a description names is there."""
    titles = {place["title"] for name in UIDS for place in load(name)["panels"]} | {p["title"] for _, p in PANELS}
    named = re.findall(r"\"([A-Z][^\"]+)\"", texts(panel))
    values = re.findall(r"\b(?:agent|web|offline|livekit|providers)\.[a-zA-Z.]*[a-zA-Z]", texts(panel))

    assert [name for name in named if name not in titles] == []
    for path in set(values):
        at(defaults(), path)


@each(PANELS)
def test_query_reads_what_the_code_counts(uid: str, panel: Panel) -> None:
    """Every metric, label and value in a query is one that the programs have, of the chosen release."""
    for target in panel["targets"]:
        query = target["expr"]
        names = metrics(query)

        assert names - {"ALERTS"} <= SAMPLES.keys()
        assert names
        assert query.count(SELECTOR) == query.count("{") == len(re.findall(r"\w\{", query))
        for found in re.findall(r"by \(([^)]*)\)|on \(([^)]*)\)", query):
            assert set("".join(found).split(", ")) <= LABELS
        for name, matchers in re.findall(r"(alex_\w+)\{([^}]*)\}", query):
            for label, _, value in re.findall(r"(\w+)(=~?)\"([^\"$]*)\"", matchers):
                assert set(value.split("|")) <= SAMPLES[name][label], f"{name}: {label}"


@each(PANELS)
def test_windows_are_grafanas(uid: str, panel: Panel) -> None:
    """A rate looks back as far as Grafana finds right, a sum over the time shown or over what its title promises."""
    for target in panel["targets"]:
        found = re.findall(r"(\w+)\([a-z_]+\{[^}]*\}\[([^\]]+)\]\)", target["expr"])

        assert len(found) == target["expr"].count("[")
        for function, window in found:
            assert window in WINDOWS[function]
        if "$__range" in target["expr"]:
            assert target["instant"]


def test_the_waiting_in_the_text_is_the_agents() -> None:
    """How long Alex waits for the end of a turn, as a panel says, is what the agent does."""
    agent = (ROOT / "agent/alex_agent/pipeline.py").read_text()
    least, most = re.search(r'"min_delay": ([\d.]+), "max_delay": ([\d.]+)', agent).groups()  # type: ignore[union-attr]
    [panel] = [panel for _, panel in PANELS if panel["title"] == "Deciding that the caller has finished"]

    assert f"waits {least} s at least, and up to {most} s" in panel["description"]


def test_every_query_parses(tmp_path: Path) -> None:
    """Prometheus' own reader accepts every query of every panel."""
    queries = [substitute(query, WINDOW) for uid in UIDS for _, query in expressions(load(uid))]

    assert not [query for query in queries if "$" in query]
    assert prometheus.refusal(queries, tmp_path) == ""
    assert "parse error" in prometheus.refusal([*queries, "sum(rate(alex_agent_turns_total[1m])"], tmp_path)


def test_everything_that_is_counted_is_shown() -> None:
    """Each metric of the programs is on a dashboard, or a reason is written down why not."""
    shown = {name for uid in UIDS for _, query in expressions(load(uid)) for name in metrics(query)}
    bases = {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}
    counted = {re.sub(r"_(bucket|sum|count)$", "", name) for name in SAMPLES}

    assert counted - bases == UNSHOWN.keys()
