from __future__ import annotations

import subprocess

import kubernetes_validate
import pytest
from chart.render import CHART, KUBERNETES, helm, render, scenarios

SCENARIOS = scenarios()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_object_is_one_that_kubernetes_knows(scenario: str) -> None:
    """Each rendered object follows the schema of its kind, with no field that Kubernetes would drop."""
    objects = render(SCENARIOS[scenario])

    assert objects
    for thing in objects.values():
        kubernetes_validate.validate(thing, KUBERNETES.rsplit(".", 1)[0], strict=True)


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
    """No template is left out of the scenario that switches everything on."""
    command = [helm(), "template", "alex", str(CHART), "--kube-version", KUBERNETES]
    done = subprocess.run(
        [*command, "--values", str(CHART / "ci" / "full-values.yaml")], capture_output=True, text=True, check=True
    )
    rendered = {
        line.removeprefix("# Source: alex/") for line in done.stdout.splitlines() if line.startswith("# Source:")
    }
    written = {str(path.relative_to(CHART)) for path in (CHART / "templates").rglob("*.yaml")}

    assert written - {"templates/validate.yaml"} == rendered


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
