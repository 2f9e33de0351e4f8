from __future__ import annotations

import copy
import subprocess
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from chart import crds, keda
from chart.render import CHART, KUBERNETES, ROOT, helm, render, scenarios

SCENARIOS = scenarios()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_object_is_one_that_kubernetes_knows(scenario: str) -> None:
    """Each rendered object follows the schema of its kind, with no field that Kubernetes would drop."""
    objects = render(SCENARIOS[scenario])

    assert objects
    for thing in objects.values():
        if thing["apiVersion"].startswith("keda.sh/"):
            keda.validate(thing)
        elif crds.known(thing):
            crds.validate(thing)
        else:
            kubernetes_validate.validate(thing, KUBERNETES.rsplit(".", 1)[0], strict=True)


def test_monitoring_for_development_is_known_to_kubernetes() -> None:
    """What `tilt up` installs beside Alex follows the schemas, too."""
    for thing in yaml.safe_load_all((ROOT / "k8s/monitoring/development.yaml").read_text()):
        kubernetes_validate.validate(thing, KUBERNETES.rsplit(".", 1)[0], strict=True)


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
    several = {"templates/livekit/statefulset.yaml", "templates/livekit/pdb.yaml"}  # of the Deployment of one node

    assert written - {"templates/validate.yaml"} - instead - several == rendered("full")
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
