"""What the chart brings for Prometheus and Grafana, on a cluster with the Prometheus Operator and without."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from chart import crds
from chart.render import CHART, ROOT, Object, merge, put, render, scenarios
from rules import promtool

POD_MONITOR, RULE = "monitoring.coreos.com/v1/PodMonitor", "monitoring.coreos.com/v1/PrometheusRule"
OPERATOR = (POD_MONITOR, RULE)
KINDS = ("PodMonitor", "PrometheusRule")
SCRAPED = ("alex-agent", "alex-web", "alex-offline", "alex-livekit")
MARKS = {"prometheus.io/scrape", "prometheus.io/port", "prometheus.io/path"}
ON = scenarios()["monitoring"]
CASES = [path for path in sorted((ROOT / "tests/rules").glob("*.yaml")) if path.stem != "neighbours"]


def templates(objects: Any) -> dict[str, Object]:
    """Give the pod template of each Deployment and StatefulSet by name."""
    makers = {**objects.of("Deployment"), **objects.of("StatefulSet")}
    return {name: thing["spec"]["template"] for name, thing in makers.items()}


def marks(objects: Any) -> dict[str, dict[str, str]]:
    """Give what each pod says about its figures by annotations, if it says anything."""
    found = {
        name: {key: value for key, value in pod["metadata"]["annotations"].items() if key in MARKS}
        for name, pod in templates(objects).items()
        if "annotations" in pod["metadata"]
    }
    return {name: said for name, said in found.items() if said}


def rule_file(folder: Path, objects: Any, name: str = "alex") -> Path:
    """Write the rules of a rendered PrometheusRule as Prometheus gets them from the operator."""
    path = folder / "rendered.yaml"
    path.write_text(yaml.safe_dump(objects["PrometheusRule", name]["spec"]))
    return path


@pytest.fixture(name="with_dashboard")
def chart_with_a_dashboard(tmp_path: Path) -> Path:
    """Return the chart with one dashboard of which the text is known."""
    chart = tmp_path / "alex"
    shutil.copytree(CHART, chart, ignore=shutil.ignore_patterns("dashboards"))
    (chart / "dashboards").mkdir()
    (chart / "dashboards/alex-well.json").write_text('{\n  "uid": "alex-well",\n  "title": "{{ not for helm }}"\n}\n')
    return chart


def test_pods_tell_where_their_figures_are_where_no_operator_is() -> None:
    """On a cluster without the operator nothing of its API is rendered, and each pod is annotated with its own port."""
    objects = render()
    told = marks(objects)

    assert [objects.of(kind) for kind in KINDS] == [{}, {}]
    assert told.keys() == set(SCRAPED)
    for name, said in told.items():
        ports = {port["name"]: port["containerPort"] for port in objects.pods()[name]["containers"][0]["ports"]}
        assert said["prometheus.io/scrape"] == "true"
        assert said["prometheus.io/path"] == "/metrics"
        assert int(said["prometheus.io/port"]) == ports["metrics" if name == "alex-livekit" else "ops"]


def test_operator_is_used_where_it_is() -> None:
    """On a cluster with the operator its objects are rendered unasked, and no pod is annotated and counted twice."""
    objects = render(apis=OPERATOR)

    assert [list(objects.of(kind)) for kind in KINDS] == [["alex"], ["alex"]]
    assert marks(objects) == {}


@pytest.mark.parametrize(("api", "kind"), list(zip(OPERATOR, KINDS, strict=True)))
def test_each_object_asks_for_its_own_api(api: str, kind: str) -> None:
    """A cluster that has one of the two APIs gets that one."""
    objects = render(apis=(api,))

    assert [each for each in KINDS if objects.of(each)] == [kind]
    assert bool(marks(objects)) == (kind != "PodMonitor")


@pytest.mark.parametrize(("part", "kind"), [("podMonitor", "PodMonitor"), ("rules", "PrometheusRule")])
def test_operators_word_goes_before_what_the_cluster_has(part: str, kind: str) -> None:
    """True renders without the API, as GitOps tools need it, and false renders nothing with it."""
    switch = f"monitoring.{part}.enabled"

    assert render(put(switch, True)).of(kind)
    assert not render(put(switch, False), apis=OPERATOR).of(kind)


def test_annotations_can_be_had_otherwise() -> None:
    """They are left out when told so; with false for the PodMonitor they are back although the operator is there."""
    assert marks(render(put("monitoring.annotations.enabled", False))) == {}
    assert marks(render(put("monitoring.podMonitor.enabled", False), apis=OPERATOR)).keys() == set(SCRAPED)
    assert marks(render(put("monitoring.annotations.enabled", True))).keys() == set(SCRAPED)


def test_annotations_of_ones_own_win() -> None:
    """An annotation of the values is not written a second time beside the chart's."""
    own = {"prometheus.io/scrape": "false", "example.com/owner": "voice"}
    objects = render({part: {"podAnnotations": own} for part in ("agent", "web", "offline", "livekit")})

    for name in SCRAPED:
        annotations = templates(objects)[name]["metadata"]["annotations"]
        assert annotations.items() >= own.items()
        assert annotations["prometheus.io/path"] == "/metrics"


@pytest.mark.parametrize("scenario", ["monitoring", "full", "nodes"])
def test_pod_monitor_finds_exactly_the_pods_with_figures(scenario: str) -> None:
    """Selector and port names lead to one port of agent, web, offline and each livekit, and to nothing of Redis."""
    objects = render(scenarios()[scenario], apis=OPERATOR)
    [monitor] = objects.of("PodMonitor").values()
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    names = [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]]
    found = {
        name: [port["name"] for port in pod["spec"]["containers"][0].get("ports", []) if port["name"] in names]
        for name, pod in templates(objects).items()
        if pod["metadata"]["labels"].items() >= wanted
    }

    assert {name: ports for name, ports in found.items() if ports} == {
        name: ["metrics" if name == "alex-livekit" else "ops"] for name in SCRAPED
    }
    assert {endpoint["path"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} == {"/metrics"}


def test_somebody_elses_livekit_is_not_scraped() -> None:
    """Without a server of its own the release has one endpoint, that of its programs."""
    [monitor] = render(scenarios()["remote-livekit"], apis=OPERATOR).of("PodMonitor").values()

    assert [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]] == ["ops"]


def test_both_ways_of_scraping_give_the_same_labels() -> None:
    """The PodMonitor copies those labels of the pods that the scrape job of k8s/monitoring makes target labels of."""
    values = yaml.safe_load((ROOT / "k8s/monitoring/prometheus-values.yaml").read_text())
    [job] = yaml.safe_load(values["extraScrapeConfigs"])
    made = {rule["target_label"] for rule in job["relabel_configs"] if "target_label" in rule}
    spec = render(ON)["PodMonitor", "alex"]["spec"]
    copied = spec["podTargetLabels"]

    # The operator adds the first two by itself.
    assert {"namespace", "pod"} | {re.sub(r"\W", "_", label) for label in copied} == made
    for name in SCRAPED:
        assert templates(render(ON))[name]["metadata"]["labels"].keys() >= set(copied)


@pytest.mark.parametrize(("seconds", "patience"), [(1, 1), (2, 1), (5, 4), (15, 10), (30, 10)])
def test_prometheus_never_waits_longer_than_its_interval(seconds: int, patience: int) -> None:
    """The operator refuses a timeout above the interval; at most it is Prometheus' own ten seconds."""
    spec = render(merge(ON, put("monitoring.podMonitor.intervalSeconds", seconds)))["PodMonitor", "alex"]["spec"]

    for endpoint in spec["podMetricsEndpoints"]:
        assert (endpoint["interval"], endpoint["scrapeTimeout"]) == (f"{seconds}s", f"{patience}s")


def test_objects_carry_the_labels_by_which_they_are_selected() -> None:
    """The labels of the values stand on the objects beside the chart's own."""
    objects = render(ON)

    for kind in KINDS:
        assert objects[kind, "alex"]["metadata"]["labels"]["release"] == "kube-prometheus-stack"
        assert objects[kind, "alex"]["metadata"]["labels"]["app.kubernetes.io/part-of"] == "alex"


@pytest.mark.parametrize("kind", KINDS)
def test_check_of_the_operators_definitions_sees_mistakes(kind: str) -> None:
    """What the operator does not know is refused by the check that all scenarios pass."""
    thing = json.loads(json.dumps(render(ON)[kind, "alex"]))
    thing["spec"]["podMetricEndpoints" if kind == "PodMonitor" else "group"] = []

    with pytest.raises(jsonschema.ValidationError):
        crds.validate(thing)


def test_rendered_rules_are_rules(tmp_path: Path) -> None:
    """Prometheus takes what the operator would hand it."""
    assert promtool.of_rules(rule_file(tmp_path, render(ON))) == ""


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_rendered_rules_fire_like_the_file(cases: Path, tmp_path: Path) -> None:
    """The rules of the release alex in the namespace alex pass the cases of the file they come from."""
    rules = rule_file(tmp_path, render(put("monitoring.rules.enabled", True), namespace="alex"))

    assert promtool.of_cases(cases, rules, tmp_path) == ""


def test_rules_are_about_their_own_release() -> None:
    """Each selector of a rendered rule names the release, so that two of them do not record the same series twice."""
    objects = render(put("monitoring.rules.enabled", True), release="team-a", namespace="voices")
    groups = objects["PrometheusRule", "team-a-alex"]["spec"]["groups"]
    mine = 'namespace="voices",app_kubernetes_io_instance="team-a"'

    for rule in (rule for group in groups for rule in group["rules"]):
        found = re.findall(r"\b(?:alex_\w+|alex:[\w:]+)(\{[^}]*\})?", rule["expr"])
        assert found, rule
        assert all(braces.startswith("{" + mine) for braces in found), rule


def test_a_release_that_is_gone_is_never_forgotten(tmp_path: Path) -> None:
    """Its own AlexDown goes on after an hour, and begins where a release was never seen; a neighbour does not count."""
    rules = rule_file(tmp_path, render(put("monitoring.rules.enabled", True), namespace="alex"))
    release = 'namespace="alex",app_kubernetes_io_instance="alex"'
    alert = f'ALERTS{{alertname="AlexDown",alertstate="firing",severity="critical",{release}}}'
    neighbour = {
        "series": 'alex_web_livekit_reachable{namespace="other",app_kubernetes_io_instance="alex",pod="one"}',
        "values": "1x300",
    }
    here = {"series": f'alex_web_livekit_reachable{{{release},pod="one"}}', "values": "1x10 stale"}
    looks = [{"expr": "ALERTS", "eval_time": "3h", "exp_samples": [{"labels": alert, "value": 1}]}]
    tests = [
        {"interval": "1m", "input_series": [neighbour, here], "promql_expr_test": looks},
        {"interval": "1m", "input_series": [neighbour], "promql_expr_test": looks},
    ]
    cases = tmp_path / "gone.yaml"
    cases.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": tests}))

    assert promtool.complaints("test", "rules", cases) == ""


def test_alerts_link_the_runbook_where_it_is_read() -> None:
    """With an address of the runbook each alert links its own section there; without one it names the file."""
    for given, base in (("https://wiki.example.com/alex", None), ("", "charts/alex/RUNBOOK.md")):
        values = {"monitoring": {"rules": {"enabled": True, "runbookUrl": given}}}
        groups = render(values)["PrometheusRule", "alex"]["spec"]["groups"]
        alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
        for alert in alerts:
            assert alert["annotations"]["runbook_url"] == f"{base or given}#{alert['alert'].lower()}"


def test_dashboards_come_as_grafanas_sidecar_wants_them(with_dashboard: Path) -> None:
    """Each file is a ConfigMap with the sidecar's label, and its text is untouched; the folder is an annotation."""
    dashboards = {"enabled": True, "folder": "Voice"}
    thing = render({"monitoring": {"dashboards": dashboards}}, chart=with_dashboard)["ConfigMap", "alex-dashboard-well"]
    other = {**dashboards, "label": "dashboards.example.com/kind", "labelValue": "grafana", "folder": ""}
    changed = render({"monitoring": {"dashboards": other}}, chart=with_dashboard)["ConfigMap", "alex-dashboard-well"]

    assert thing["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert thing["metadata"]["annotations"] == {"grafana_folder": "Voice"}
    assert thing["data"] == {"alex-well.json": (with_dashboard / "dashboards/alex-well.json").read_text()}
    assert changed["metadata"]["labels"]["dashboards.example.com/kind"] == "grafana"
    assert "annotations" not in changed["metadata"]


def test_dashboards_follow_the_pod_monitor(with_dashboard: Path) -> None:
    """They come with a PodMonitor unless told otherwise, and a chart without dashboards renders all the same."""
    name = ("ConfigMap", "alex-dashboard-well")
    off = put("monitoring.dashboards.enabled", False)

    assert name in render(apis=OPERATOR, chart=with_dashboard)
    assert name in render(put("monitoring.dashboards.enabled", True), chart=with_dashboard)
    assert name not in render(chart=with_dashboard)
    assert name not in render(off, apis=OPERATOR, chart=with_dashboard)
    shutil.rmtree(with_dashboard / "dashboards")
    assert render(merge(ON, put("agent.slots", 3)), chart=with_dashboard).of("PodMonitor")
