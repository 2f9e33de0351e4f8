"""Rules, their cases, the runbook and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart.render import CHART, ROOT, at, defaults, render
from docs.metrics_table import registries
from prometheus_client import CollectorRegistry
from rules import promtool

FILE = CHART / "rules" / "alex.yaml"
CASES = sorted(Path(__file__).parent.glob("*.yaml"))
GROUPS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text())["groups"]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
RECORDS = {rule["record"]: rule for group in GROUPS for rule in group["rules"] if "record" in rule}
RUNBOOK = (CHART / "RUNBOOK.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", RUNBOOK, re.DOTALL | re.MULTILINE))

REGISTRIES: list[CollectorRegistry] = [*registries().values()]
# What Prometheus gives each series of a pod, by the scrape job or the PodMonitor.
TARGET = {"namespace", "pod", "app_kubernetes_io_instance", "app_kubernetes_io_component"}


def series() -> dict[str, set[str]]:
    """Give the name of each series that the programs emit, with the labels of its own."""
    found: dict[str, set[str]] = {}
    for registry in REGISTRIES:
        for collector, names in registry._collector_to_names.items():
            labels: Any = getattr(collector, "_labelnames", ())
            for name in names:
                found[name] = {*labels} | ({"le"} if name.endswith("_bucket") else set())
    return found


def label_values() -> dict[tuple[str, str], set[str]]:
    """Give the values that a label of a series has from the start; unknown for those that come with use."""
    found: dict[tuple[str, str], set[str]] = {}
    for registry in REGISTRIES:
        for metric in registry.collect():
            for sample in metric.samples:
                for label, value in sample.labels.items():
                    found.setdefault((sample.name, label), set()).add(value)
    return found


KNOWN = series()
VALUES = label_values()


def cases() -> list[dict[str, Any]]:
    return [case for path in CASES for case in yaml.safe_load(path.read_text())["tests"]]


def selectors(text: str) -> list[tuple[str, str]]:
    """List the series that a text selects, with what stands in the braces."""
    return re.findall(r"\b(alex_\w+|alex:[\w:]+)(?:\{([^}]*)\})?", text)


def queries() -> list[str]:
    return [query.strip() for query in re.findall(r"```promql\n(.*?)```", RUNBOOK, re.DOTALL)]


EXPRESSIONS = {name: rule["expr"] for name, rule in {**ALERTS, **RECORDS}.items()} | {q: q for q in queries()}


def test_rules_are_rules() -> None:
    """Prometheus takes the file as it is, and its linter has nothing to say."""
    assert promtool.of_rules(FILE) == ""


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases_pass(path: Path) -> None:
    """Each alert fires when it should and is quiet when it should be, and each recorded figure is the right one."""
    assert promtool.complaints("test", "rules", path) == ""


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    """No alert is without proof that it fires, nor without a near miss."""
    fires: set[str] = set()
    quiet: set[str] = set()
    for case in cases():
        looks = case.get("alert_rule_test", [])
        for name in {look["alertname"] for look in looks}:
            fired = any(look["exp_alerts"] for look in looks if look["alertname"] == name)
            (fires if fired else quiet).add(name)

    assert {name for name in ALERTS if name not in fires} == set(), "never seen to fire"
    assert {name for name in ALERTS if name not in quiet} == set(), "never seen to be quiet"


def test_every_recorded_figure_has_a_case() -> None:
    """Each recording rule is compared with an exact value."""
    looked_at = " ".join(look["expr"] for case in cases() for look in case.get("promql_expr_test", []))

    assert [name for name in RECORDS if name not in looked_at] == []


def test_no_alert_fires_at_once(tmp_path: Path) -> None:
    """Without its patience each alert would fire in a case where it must not: the cases would tell."""
    hasty = tmp_path / "rules.yaml"
    hasty.write_text(re.sub(r"\bfor: \w+", "for: 0s", FILE.read_text()))
    told = "".join(promtool.of_cases(path, hasty, tmp_path) for path in CASES)

    assert {name for name in ALERTS if f"alertname: {name}," not in told} == set()


def test_every_alert_says_what_callers_feel() -> None:
    """Each alert has patience, a severity, a summary with its value, a description and its section of the runbook."""
    for name, rule in ALERTS.items():
        assert rule.keys() >= {"expr", "for", "labels", "annotations"}, name
        assert rule["labels"].keys() == {"severity"}, name
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, name
        notes = rule["annotations"]
        assert notes.keys() == {"summary", "description", "runbook_url"}, name
        assert re.search(r"\b(caller|Caller|Nobody)", notes["summary"]), name
        # That nothing is there has no size.
        assert "$value" in notes["summary"] or name == "AlexDown", name
        assert "{{ $labels.namespace }}/{{ $labels.app_kubernetes_io_instance }}" in notes["description"], name
        assert notes["runbook_url"] == f"charts/alex/RUNBOOK.md#{name.lower()}", name


def test_every_figure_is_of_one_release() -> None:
    """Whatever is added up is added up within a release, and every selector has the place for a release's name."""
    for name, rule in {**ALERTS, **RECORDS}.items():
        for kept in re.findall(r"\bby \(([^)]*)\)", rule["expr"]):
            assert kept.startswith("namespace, app_kubernetes_io_instance"), name
        for metric, braces in selectors(rule["expr"]):
            assert braces.startswith('namespace!=""'), f"{name}: {metric}"


def test_every_alert_has_its_section_in_the_runbook() -> None:
    """The runbook has one section for each alert and no other, which explains, shows a command and says what to do."""
    assert SECTIONS.keys() == ALERTS.keys()
    for name, text in SECTIONS.items():
        assert re.search(r"^\*\*Callers?\*\*", text, re.MULTILINE), name
        assert re.search(r"^\*\*Look\*\* .*?```(promql|sh)\n", text, re.DOTALL | re.MULTILINE), name
        assert re.search(r"^\*\*Do", text, re.MULTILINE), name


def test_list_of_the_runbook_is_complete() -> None:
    """The table at its top has every alert with its severity, the worst first, and each links its section."""
    rows = re.findall(r"^\| \[(\w+)\]\(#(\w+)\) \| (\w+) \|", RUNBOOK, re.MULTILINE)

    assert {name: severity for name, _, severity in rows} == {n: r["labels"]["severity"] for n, r in ALERTS.items()}
    assert [anchor for _, anchor, _ in rows] == [name.lower() for name, _, _ in rows]
    assert [severity for *_, severity in rows] == sorted(severity for *_, severity in rows)
    assert f"{len(ALERTS)} alerts" in (CHART / "README.md").read_text()


def test_links_of_the_runbook_lead_to_headings() -> None:
    """Each anchor in the runbook is a heading of it, or of the README that it names."""
    readme = (CHART / "README.md").read_text()
    for path, anchor in re.findall(r"\]\((README\.md)?#([-\w]+)\)", RUNBOOK):
        headings = re.findall(r"^#+ (.+)$", readme if path else RUNBOOK, re.MULTILINE)
        assert anchor in {re.sub(r"[^-\w ]", "", heading.lower()).replace(" ", "-") for heading in headings}, anchor


def test_queries_of_the_runbook_are_queries(tmp_path: Path) -> None:
    """Prometheus understands each query that the runbook tells people to ask."""
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries())]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "runbook", "rules": rules}]}))

    assert len(rules) > 10
    assert promtool.of_rules(path) == ""


def test_commands_of_the_runbook_name_what_is_there() -> None:
    """Each object, component, log event and value that the runbook names exists."""
    objects = render(namespace="alex")
    components = {thing["metadata"]["labels"]["app.kubernetes.io/component"] for thing in objects.values()}
    code = "".join(path.read_text() for part in ("agent", "web") for path in (ROOT / part).rglob("*.py"))
    values = re.findall(r"`((?:agent|web|livekit|offline|providers|monitoring)\.[\w.*]+)`", RUNBOOK)

    assert {("Deployment", name) for name in re.findall(r"deployment/([-\w]+)", RUNBOOK)} <= objects.keys()
    assert set(re.findall(r"component=(\w+)", RUNBOOK)) <= components
    for words in re.findall(r"\| grep (?:-\w+ )?\"?([\w|]+)\"?$", RUNBOOK, re.MULTILINE):
        if "kill" not in words:  # events of Kubernetes
            assert all(word in code for word in words.split("|")), words
    for value in values:
        parent, _, key = value.partition(".*.")
        found = at(defaults(), parent)
        assert not key or any(key in child for child in found.values()), value


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_series_that_is_asked_for_exists(name: str) -> None:
    """No rule and no query names a series, a label or a known value that the code does not have."""
    for metric, braces in selectors(EXPRESSIONS[name]):
        if metric in RECORDS:
            continue
        assert metric in KNOWN, metric
        for label, operator, text in re.findall(r"(\w+)\s*(=~|!=|=)\s*\"([^\"]*)\"", braces):
            assert label in KNOWN[metric] | TARGET, f"{metric}: {label}"
            if label not in TARGET and (known := VALUES.get((metric, label))) and operator != "!=":
                assert set(text.split("|")) <= known, f"{metric}: {text}"


def test_every_series_of_the_cases_exists() -> None:
    """The cases feed series as the code emits them, with no label of their own invention."""
    for case in cases():
        for given in case["input_series"]:
            metric, labels = re.fullmatch(r"(\w+)\{(.*)\}", given["series"]).groups()  # type: ignore[union-attr]
            named = set(re.findall(r"(\w+)=", labels))
            assert metric in KNOWN, metric
            assert named <= KNOWN[metric] | TARGET, given["series"]
            for label, value in re.findall(r"(\w+)=\"([^\"]*)\"", labels):
                assert value in VALUES.get((metric, label), {value}), given["series"]


def test_runbook_names_only_series_that_exist() -> None:
    """What the prose of the runbook calls a figure is one."""
    named = {metric for metric, _ in selectors(RUNBOOK)}

    for metric in named - RECORDS.keys():
        assert any(known in KNOWN for known in (metric, f"{metric}_count")), metric
