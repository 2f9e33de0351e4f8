from __future__ import annotations

import copy
import subprocess
from typing import Any

import jsonschema
import pytest
import yaml
from chart import keda, kinds
from chart.render import CHART, KUBERNETES, ROOT, helm, render, scenarios

SCENARIOS = scenarios()
# The oldest that takes the chart as it is, the one of `k8s/up`, and the newest whose schemas there are.
VERSIONS = ("1.30", KUBERNETES.rsplit(".", 1)[0], "1.37")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_object_is_one_that_kubernetes_knows(scenario: str, version: str) -> None:
    """Each rendered object follows the schema of its kind, with no field that Kubernetes would drop."""
    objects = render(SCENARIOS[scenario], kubernetes=f"{version}.0")

    assert objects
    for thing in objects.values():
        kinds.validate(thing, version)


def test_what_a_recipe_brings_beside_the_chart_is_known() -> None:
    """The objects that lie beside the scenarios follow their definitions as well."""
    beside = [path for path in (CHART / "ci").glob("*.yaml") if not path.name.endswith("-values.yaml")]

    assert beside
    for path in beside:
        for thing in yaml.safe_load_all(path.read_text()):
            kinds.validate(thing, VERSIONS[-1])


def test_monitoring_for_development_is_known_to_kubernetes() -> None:
    """What `tilt up` installs beside Alex follows the schemas, too."""
    for thing in yaml.safe_load_all((ROOT / "k8s/monitoring/development.yaml").read_text()):
        kinds.validate(thing, KUBERNETES.rsplit(".", 1)[0])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.pollInterval", 15),
        ("spec.minReplicaCount", "2"),
        ("spec.scaleTargetRef.name", None),
        ("spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.after", 300),
        ("spec.triggers.0.metricType", 1),
        ("spec.triggers.0.metadata.valueLocations", "wanted"),
        ("spec.triggers.0.metadata.url", None),
        ("spec.triggers.0.metadata.format", "toml"),
        ("spec.triggers.0.type", "metrics"),
    ],
)
def test_keda_check_sees_mistakes(path: str, value: object) -> None:
    """The check of the ScaledObject refuses unknown fields, wrong types and what is missing, down to the trigger."""
    thing = copy.deepcopy(render(SCENARIOS["keda"])["ScaledObject", "alex-agent"])
    *parents, last = path.split(".")
    inner: Any = thing
    for key in parents:
        inner = inner[int(key) if key.isdigit() else key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value

    with pytest.raises(jsonschema.ValidationError):
        keda.validate(thing)


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        ("Deployment", "alex-web", "spec.template.spec.securityContexts", {}),
        ("NetworkPolicy", "alex-agent", "spec.ingress", {}),
        ("HTTPRoute", "alex-web", "spec.hostname", "alex.example.com"),
        ("Certificate", "alex-livekit-turn", "spec.issuerRef", None),
    ],
)
def test_check_of_kinds_sees_mistakes(kind: str, name: str, path: str, value: object) -> None:
    """The check refuses unknown fields, wrong types and what is missing, whoever defines the kind."""
    holder = {"HTTPRoute": "gateway", "Certificate": "turn"}.get(kind, "production")
    thing = copy.deepcopy(render(SCENARIOS[holder])[kind, name])
    *parents, last = path.split(".")
    inner: Any = thing
    for key in parents:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value

    with pytest.raises(jsonschema.ValidationError):
        kinds.validate(thing, VERSIONS[0])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_lint_is_clean(scenario: str) -> None:
    """`helm lint --strict` has nothing to say about a scenario."""
    command = [helm(), "lint", str(CHART), "--strict", "--quiet", "--kube-version", KUBERNETES]
    done = subprocess.run(
        [*command, "--values", str(CHART / "ci" / f"{scenario}-values.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr


def test_full_scenario_renders_every_template() -> None:
    """No template is left out of the scenario that switches everything on, but what stands in place of another."""
    written = {str(path.relative_to(CHART)) for path in (CHART / "templates").rglob("*.yaml")}
    instead = {"templates/agent/scaledobject.yaml"}  # of the autoscaler of the other engines
    gateway = {"templates/web/httproute.yaml"}  # of two Ingresses
    several = {"templates/livekit/statefulset.yaml", "templates/livekit/pdb.yaml"}  # of the Deployment of one node

    assert written - {"templates/validate.yaml"} - instead - several - gateway == rendered("full")
    assert gateway <= rendered("gateway")
    assert instead <= rendered("keda")
    assert several <= rendered("nodes")


def rendered(scenario: str) -> set[str]:
    """Name the templates that give an object in a scenario."""
    command = [helm(), "template", "alex", str(CHART), "--kube-version", KUBERNETES]
    done = subprocess.run(
        [*command, "--values", str(CHART / "ci" / f"{scenario}-values.yaml")],
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.removeprefix("# Source: alex/") for line in done.stdout.splitlines() if line.startswith("# Source:")}


def test_old_kubernetes_is_refused() -> None:
    """A cluster that is too old for the chart is told so, not given half of it."""
    done = subprocess.run(
        [helm(), "template", "alex", str(CHART), "--kube-version", "1.26.0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "1.27" in done.stderr
