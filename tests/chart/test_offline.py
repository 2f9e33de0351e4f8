from __future__ import annotations

from typing import Any

import pytest
from chart.render import merge, render, scenarios

HOSTED = scenarios()["hosted-keys"]


def runs(values: dict[str, Any]) -> bool:
    return ("Deployment", "alex-offline") in render(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, True),
        ({"offline": {"fallback": "none"}}, True),
        (HOSTED, True),
        (merge(HOSTED, {"offline": {"fallback": "all"}}), True),
        (merge(HOSTED, {"offline": {"fallback": "none"}}), False),
        ({"offline": {"enabled": False, "url": "http://alex-offline.voice:8080"}}, False),
    ],
)
def test_it_runs_wherever_a_call_can_need_it(values: dict[str, Any], expected: bool) -> None:
    """The built-in voice is there for the offline voice and behind the hosted one, and nowhere else."""
    objects = render(values)

    assert runs(values) is expected
    assert any(name == "alex-offline" for _, name in objects) is expected


def test_agents_find_it_or_the_one_they_are_given() -> None:
    """Agents speak to the release's own Service, or to the address of another release's, or to none."""

    def url(values: dict[str, Any]) -> str | None:
        container = render(values)["Deployment", "alex-agent"]["spec"]["template"]["spec"]["containers"][0]
        return {entry["name"]: entry.get("value") for entry in container["env"]}.get("ALEX_OFFLINE_URL")

    assert url({}) == "http://alex-offline:8080"
    assert url({"offline": {"enabled": False, "url": "http://other:8080"}}) == "http://other:8080"
    assert url(merge(HOSTED, {"offline": {"fallback": "none"}})) is None


def test_it_is_started_when_its_models_are_loaded() -> None:
    """No caller is sent to a pod whose models are still loading, and a slow disk has three minutes."""
    container = render()["Deployment", "alex-offline"]["spec"]["template"]["spec"]["containers"][0]

    assert container["startupProbe"]["httpGet"] == {"path": "/readyz", "port": "ops"}
    assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] >= 180
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "ops"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "ops"}


def test_a_script_is_mounted_for_the_scripted_engine() -> None:
    """A script is a file beside the program, and changing it replaces the pod."""
    script = '{"replies": [{"say": "I am Alex."}]}'
    plain = render({"offline": {"engine": "scripted"}})
    scripted = render({"offline": {"engine": "scripted", "script": script}})

    def template(objects: Any) -> dict[str, Any]:
        return dict(objects["Deployment", "alex-offline"]["spec"]["template"])

    env = {entry["name"]: entry.get("value") for entry in template(scripted)["spec"]["containers"][0]["env"]}
    assert ("ConfigMap", "alex-offline") not in plain
    assert scripted["ConfigMap", "alex-offline"]["data"] == {"script.json": script}
    assert env["ALEX_OFFLINE_SCRIPT_FILE"] == "/etc/alex/script/script.json"
    assert env["ALEX_OFFLINE_ENGINE"] == "scripted"
    assert template(plain)["metadata"]["annotations"] != template(scripted)["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("offline", "secret"),
    [({"apiKey": "a-key-of-sixteen-characters"}, "alex-offline"), ({"existingSecret": "shared"}, "shared")],
)
def test_its_key_is_mounted_on_both_sides(offline: dict[str, str], secret: str) -> None:
    """A key of its own is given to the built-in voice and to the agents that have to show it."""
    objects = render({"offline": offline})

    for name in ("alex-offline", "alex-agent"):
        pod = objects["Deployment", name]["spec"]["template"]["spec"]
        env = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
        sources = next(volume for volume in pod["volumes"] if volume["name"] == "keys")["projected"]["sources"]
        held = {item["path"]: source["secret"]["name"] for source in sources for item in source["secret"]["items"]}
        assert env["ALEX_OFFLINE_KEY_FILE"] == "/etc/alex/keys/ALEX_OFFLINE_KEY"
        assert held["ALEX_OFFLINE_KEY"] == secret
    assert (("Secret", "alex-offline") in objects) == (secret == "alex-offline")


def test_replicas_and_streams_are_the_operators() -> None:
    """How many pods there are, and how many callers each hears, speaks and thinks for, is what the values say."""
    values = {"offline": {"replicas": 3, "sttStreams": 6, "speechStreams": 12, "languageStreams": 1}}
    deployment = render(values)["Deployment", "alex-offline"]["spec"]
    env = {entry["name"]: entry.get("value") for entry in deployment["template"]["spec"]["containers"][0]["env"]}

    assert deployment["replicas"] == 3
    assert env["ALEX_OFFLINE_STT_STREAMS"] == "6"
    assert env["ALEX_OFFLINE_SPEECH_STREAMS"] == "12"
    assert env["ALEX_OFFLINE_LANGUAGE_STREAMS"] == "1"
