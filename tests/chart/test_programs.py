"""The chart and the programs tell the same story: same variables, same ranges, same defaults."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from alex_caller.__main__ import _parser
from chart.render import Object, at, defaults, render, scenarios
from pydantic_settings import BaseSettings

SCENARIOS = scenarios()
# Variables for Python itself, of the chart and of a scenario.
NOT_OURS = {"TMPDIR", "SSL_CERT_FILE"}
# Variables that Kubernetes itself sets in every container.
KUBERNETES = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
# Where the chart has to differ from a laptop: ports and addresses of a pod.
DERIVED = {"LIVEKIT_URL", "LIVEKIT_API_KEY", "ALEX_OFFLINE_URL", "ALEX_PUBLIC_LIVEKIT_URL", "ALEX_AGENT_PODS"}
# A laptop has one LiveKit.
DERIVED |= {"ALEX_ROOM_EMPTY_SECONDS"}
# And one web.
DERIVED |= {"ALEX_WEB_REPLICAS"}
# A laptop is no pod that somebody could delete.
DERIVED |= {"ALEX_DELETION_COST", "KUBERNETES_SERVICE_PORT"}


def settings_of(component: str) -> type[BaseSettings]:
    found: type[BaseSettings] = importlib.import_module(f"alex_{component}.settings").Settings
    return found


def variables(component: str) -> dict[str, Any]:
    """Give each environment variable of a program with its field."""
    settings = settings_of(component)
    prefix = str(settings.model_config.get("env_prefix", ""))
    return {
        str(field.validation_alias or prefix + name.upper()): field for name, field in settings.model_fields.items()
    }


def values_of(component: str) -> dict[str, str]:
    """Give the chart value that a program names beside each variable."""
    module = importlib.import_module(f"alex_{component}.settings")
    if table := getattr(module, "CHART_VALUES", None):
        return {f"ALEX_{name.upper()}": value for name, value in table.items() if value != "set by the chart"}
    return {name: str(field.json_schema_extra["chart"]) for name, field in variables(component).items()}


def container(scenario: str, component: str) -> tuple[Object, Object] | None:
    objects = render(SCENARIOS[scenario])
    if ("Deployment", f"alex-{component}") not in objects:
        return None
    pod = objects["Deployment", f"alex-{component}"]["spec"]["template"]["spec"]
    return pod, pod["containers"][0]


@pytest.mark.parametrize("component", ["agent", "web", "offline"])
def test_chart_sets_exactly_what_the_program_reads(component: str) -> None:
    """Every setting of a program can be reached from the chart, and the chart sets none that nobody reads."""
    read = set(variables(component)) - set(KUBERNETES)
    written: set[str] = set()
    for scenario in SCENARIOS:
        if found := container(scenario, component):
            written |= {entry["name"] for entry in found[1]["env"]}
    known = {name if name in read else name.removesuffix("_FILE") for name in written - NOT_OURS}
    # A key that can be given by file is set, whether or not its plain variable is.
    reachable = known | {f"{name}_FILE" for name in known if f"{name}_FILE" in read}
    reachable |= {name.removesuffix("_FILE") for name in known}

    assert known <= read
    assert read <= reachable


@pytest.mark.parametrize("component", ["agent", "web", "offline"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_program_accepts_what_the_chart_sets(
    component: str, scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each program's own settings accept the environment and the mounted files of each scenario."""
    found = container(scenario, component)
    if found is None:
        assert component == "offline"
        return
    pod, program = found
    folders = {mount["name"]: Path(mount["mountPath"]) for mount in program["volumeMounts"]}
    for volume in [each for each in pod["volumes"] if folders[each["name"]].is_relative_to("/etc/alex")]:
        folder = tmp_path / folders[volume["name"]].relative_to("/")
        folder.mkdir(parents=True, exist_ok=True)
        for source in volume.get("projected", {}).get("sources", []):
            for item in source.get("secret", {}).get("items", []):
                (folder / item["path"]).write_text(f"{item['path']}-".ljust(40, "k"))  # no two keys are the same
        if "configMap" in volume:
            data = render(SCENARIOS[scenario])["ConfigMap", volume["configMap"]["name"]]["data"]
            for name, text in data.items():
                (folder / name).write_text(text)
    for name in variables(component):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    for entry in program["env"]:
        value = entry.get("value", "a-field-of-the-pod")
        monkeypatch.setenv(entry["name"], f"{tmp_path}{value}" if value.startswith("/etc/alex/") else value)

    module = importlib.import_module(f"alex_{component}.settings")
    settings = getattr(module, "read", None) or module.load

    assert settings()


@pytest.mark.parametrize("component", ["agent", "web", "offline"])
def test_values_that_a_program_names_exist(component: str) -> None:
    """An error of a program sends the operator to a value that the chart has."""
    for variable, path in values_of(component).items():
        try:
            at(defaults(), path)
        except KeyError:
            pytest.fail(f"{variable} names the chart value {path}, which does not exist")


@pytest.mark.parametrize("component", ["agent", "web", "offline"])
def test_defaults_are_the_same_with_and_without_kubernetes(component: str) -> None:
    """A number or a word that has a default in the program has the same one in the chart."""
    compared = 0
    for variable, field in variables(component).items():
        path = values_of(component).get(variable)
        if path is None or variable in DERIVED or field.default is None:
            continue
        chosen = at(defaults(), path)
        if isinstance(chosen, dict) or chosen == "":  # derived, or the program's own default
            continue
        if isinstance(chosen, list) and any(isinstance(row, dict) for row in chosen):  # a table, no number or word
            continue
        ours = set(chosen) if isinstance(chosen, list) else chosen
        theirs = set(field.default) if isinstance(chosen, list) else field.default
        assert ours == theirs, f"{variable} and {path}"
        compared += 1

    assert compared >= 5


def test_caller_accepts_what_helm_test_says() -> None:
    """The caller's own command line takes the arguments of the test pod."""
    for scenario in SCENARIOS.values():
        arguments = render(scenario)["Pod", "alex-caller"]["spec"]["containers"][0]["args"]

        assert _parser().parse_args(arguments).asks
