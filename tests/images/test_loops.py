"""Tiltfile and skaffold.yaml: all they name exists. The tools themselves run in `cluster`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from images.house import NAMES, ROOT, run

# What the cluster and the chart tell the Tiltfile.
VERSION = '{"serverVersion": {"gitVersion": "v1.34.4"}}'
CALLER = {"kind": "Pod", "metadata": {"name": "alex-caller", "labels": {"a": "b"}}, "spec": {"restartPolicy": "Never"}}


def load(context: str) -> dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]]:
    """Execute the Tiltfile, whose Starlark is also Python, and return the calls of each of Tilt's functions."""
    calls: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {}

    def record(name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            calls.setdefault(name, []).append((args, named))
            return args[0] if args else None

        return call

    functions = ["version_settings", "allow_k8s_contexts", "custom_build", "k8s_yaml", "blob", "helm", "k8s_resource"]
    functions += ["local_resource", "port_forward", "link", "sync", "run", "encode_yaml", "encode_yaml_stream"]
    scope = {name: record(name) for name in functions}
    scope["TRIGGER_MODE_MANUAL"] = "manual"
    scope["config"] = SimpleNamespace(define_string_list=record("define"), parse=dict, tilt_subcommand="up")
    scope["decode_json"] = json.loads
    scope["decode_yaml_stream"] = lambda _: [CALLER, {"kind": "Deployment", "metadata": {"name": "alex-agent"}}]
    scope["k8s_context"] = lambda: context
    scope["read_file"] = lambda path: (ROOT / path).read_text()
    scope["read_yaml"] = lambda path: yaml.safe_load((ROOT / path).read_text())
    scope["read_yaml_stream"] = lambda path: list(yaml.safe_load_all((ROOT / path).read_text()))
    scope["listdir"] = lambda path: [str(found) for found in sorted((ROOT / path).iterdir())]
    scope["local"] = lambda command, **_: VERSION if "kubectl" in command else run("bash", "-c", command).output
    scope["os"] = os
    scope["__builtins__"] = {"str": str, "list": list}  # Starlark has no import, no open and no class
    exec(compile((ROOT / "Tiltfile").read_text(), "Tiltfile", "exec"), scope)
    return calls


@pytest.fixture(params=["alex-local", "kind-alex"])
def tilt(request: pytest.FixtureRequest) -> dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]]:
    """Return what the Tiltfile asks for on each kind of cluster."""
    return load(request.param)


def skaffold() -> dict[str, Any]:
    """Return skaffold.yaml."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    return loaded


def patches(profile: str) -> dict[str, Any]:
    """Return what a profile of skaffold.yaml puts where."""
    [found] = [one for one in skaffold()["profiles"] if one["name"] == profile]
    return {patch["path"]: patch["value"] for patch in found["patches"]}


def inputs(name: str) -> set[str]:
    """Return what goes into an image."""
    lines = (ROOT / f"images/{name}/Dockerfile.dockerignore").read_text().splitlines()
    return {line[1:] for line in lines if line.startswith("!")} | {f"images/{name}/Dockerfile"}


def values() -> dict[str, Any]:
    """Return the chart's values."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "charts/alex/values.yaml").read_text())
    return loaded


def test_tilt_builds_what_its_pods_run(tilt: Any) -> None:
    """Each pod of ours has its image, built again when something changes that goes into it."""
    builds = {args[0]: (args[1], named) for args, named in tilt["custom_build"]}

    assert set(builds) == {f"alex-{name}" for name in NAMES}
    for image, (command, named) in builds.items():
        name = image.removeprefix("alex-")
        assert f"images/build --only {name} " in command
        assert '"$EXPECTED_TAG"' in command
        assert inputs(name) <= set(named["deps"])
        for program in re.findall(r"(?:^|[ (\"])((?:images|k8s)/\S+)", command):
            assert (ROOT / program).exists()


def test_tilt_puts_saved_code_where_the_program_runs(tilt: Any) -> None:
    """A saved file of agent or web goes to the copy of its package that `k8s/live` runs."""
    live = {args[0]: named for args, named in tilt["custom_build"] if "live_update" in named}
    copies = dict(args for args, _ in tilt["sync"])

    assert set(live) == {"alex-agent", "alex-web"}
    assert copies == {f"{name}/alex_{name}": f"/tmp/app/alex_{name}" for name in ("agent", "web")}
    assert "cd /tmp/app" in (ROOT / "k8s/live").read_text()
    for image, named in live.items():
        assert named["entrypoint"][-1] == image.replace("-", "_")
    assert [path for _, named in tilt["run"] for path in named["trigger"] if not (ROOT / path).exists()] == []


def test_tilt_has_a_button_for_each_thing_done_by_hand(tilt: Any) -> None:
    """A call, the drain of a pod and the suites wait for somebody who asks for them, and suites are those there are."""
    by_hand = {args[0]: args[1] for args, named in tilt["local_resource"] if named.get("auto_init") is False}
    [call] = [named for args, named in tilt["k8s_resource"] if args[0] == "alex-caller"]
    suites = re.search(r"^suites=\((.*)\)$", (ROOT / "tests/run").read_text(), re.MULTILINE)

    assert call["auto_init"] is False
    assert "component=agent" in by_hand.pop("drain-agent")
    assert suites
    assert {command.removeprefix("tests/run ") for command in by_hand.values()} <= set(suites[1].split())


def test_tilt_loads_images_only_into_the_node_without_docker() -> None:
    """On kind Tilt itself brings images to the node; the local node gets them from buildah."""
    for context, loads in (("alex-local", True), ("kind-alex", False)):
        for args, named in load(context)["custom_build"]:
            assert ("k8s/local/load" in args[1]) == named["disable_push"] == named["skips_local_docker"] == loads


def test_tilt_uses_files_that_exist(tilt: Any) -> None:
    """Chart and values are there, and the values are those that Skaffold uses."""
    ((chart,), named) = tilt["helm"][0]

    assert (ROOT / chart / "Chart.yaml").exists()
    assert [path for path in named["values"] if not (ROOT / path).exists()] == []
    assert named["values"][0] in patches("local")["/manifests/helm/releases/0/valuesFiles"]
    assert yaml.safe_load(tilt["blob"][0][0][0])["metadata"]["name"] == named["namespace"]


def test_tilt_shows_the_dashboards(tilt: Any) -> None:
    """Prometheus gets the scrape job and the rules, Grafana the dashboards, each from the file that others use, too."""
    [_, [installed]] = [args for args, _ in tilt["encode_yaml_stream"]]
    maps = {args[0]["metadata"]["name"]: args[0]["data"] for args, _ in tilt["encode_yaml"]}
    deployments = {thing["metadata"]["name"]: thing for thing in installed if thing["kind"] == "Deployment"}
    there = {thing["metadata"]["name"] for thing in installed if thing["kind"] == "ConfigMap"} | set(maps)
    used = {
        volume["configMap"]["name"]
        for thing in deployments.values()
        for volume in thing["spec"]["template"]["spec"]["volumes"]
        if "configMap" in volume
    }
    named = {args[0] for args, _ in tilt["k8s_resource"] if args[0] in {"prometheus-server", "grafana"}}

    assert set(maps["alex-dashboards"]) == {path.name for path in (ROOT / "charts/alex/dashboards").glob("*.json")}
    assert yaml.safe_load(maps["alex"]["scrape.yaml"])["scrape_configs"][0]["job_name"] == "alex"
    assert yaml.safe_load(maps["alex"]["rules.yaml"])["groups"]
    assert used <= there
    assert named == set(deployments)


def test_the_node_that_can_pull_nothing_builds_its_prometheus() -> None:
    """On the local node there is no Grafana, and Prometheus has the image that is made for it."""
    tilt = load("alex-local")
    [_, [installed]] = [args for args, _ in tilt["encode_yaml_stream"]]
    [deployment] = [thing for thing in installed if thing["kind"] == "Deployment"]
    [load_it] = [args[1] for args, _ in tilt["local_resource"] if args[0] == "prometheus-image"]
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]

    assert re.fullmatch(r"localhost/prometheus:v[\d.]+", image)
    assert load_it.endswith(f" {image}'")


def test_tilt_touches_no_other_cluster(tilt: Any) -> None:
    """Only the clusters made for it are allowed, and they are called as k8s/ calls them."""
    allowed = tilt["allow_k8s_contexts"][0][0][0]
    kind = yaml.safe_load((ROOT / "k8s/kind.yaml").read_text())["name"]
    local = re.search(r"^local_context=(\S+)$", (ROOT / "k8s/lib.sh").read_text(), re.MULTILINE)

    assert local
    assert set(allowed) == {local[1], f"kind-{kind}"}


def test_skaffold_builds_all_images_with_the_builder() -> None:
    """Each image is built and pushed by images/build, again when something changes that goes into it."""
    artifacts = {artifact["image"]: artifact["custom"] for artifact in skaffold()["build"]["artifacts"]}

    assert set(artifacts) == {f"alex-{name}" for name in NAMES}
    for image, custom in artifacts.items():
        name = image.removeprefix("alex-")
        assert custom["buildCommand"] == f'images/build --only {name} --push "$IMAGE"'
        watched = [Path(path) for path in custom["dependencies"]["paths"]]
        assert [path for path in watched if not (ROOT / path).exists()] == []
        unwatched = [one for one in inputs(name) if not any(Path(one).is_relative_to(path) for path in watched)]
        assert unwatched == []


def test_skaffold_sets_values_that_the_chart_has() -> None:
    """Release, chart, values and ports are those of the chart."""
    (release,) = skaffold()["manifests"]["helm"]["releases"]

    assert (ROOT / release["chartPath"] / "Chart.yaml").exists()
    for key, template in release["setValueTemplates"].items():
        group, name = key.split(".")
        assert name in values()[group]
        assert "IMAGE_" in template
    forwarded = {(one["resourceName"], one["port"], one["localPort"]) for one in skaffold()["portForward"]}
    assert forwarded == {("alex-web", 8080, 8080), ("alex-livekit", 7880, 7880), ("alex-livekit", 7881, 7881)}


def test_skaffold_tags_all_images_alike() -> None:
    """The one tag that the chart has comes from the builder, as that of images/push does."""
    template = skaffold()["build"]["tagPolicy"]["envTemplate"]["template"]

    assert template == '{{cmd "images/build" "--print-tag"}}'
    assert "--print-tag)" in (ROOT / "images/push").read_text()


def test_skaffold_profile_for_the_local_node_pulls_for_it() -> None:
    """Each image is pushed and pulled under its own name; values are there, and Kubernetes is that of the node."""
    local = patches("local")
    artifacts = skaffold()["build"]["artifacts"]
    version = re.search(r"^kubernetes_version=(\S+)$", (ROOT / "k8s/lib.sh").read_text(), re.MULTILINE)

    for number, artifact in enumerate(artifacts):
        name = artifact["image"].removeprefix("alex-")
        assert local[f"/build/artifacts/{number}/custom/buildCommand"] == f'k8s/local/push {name} "$IMAGE"'
    assert [path for path in local["/manifests/helm/releases/0/valuesFiles"] if not (ROOT / path).exists()] == []
    assert version
    assert local["/manifests/helm/flags"] == {"template": ["--kube-version", version[1]]}


def test_published_keys_stay_on_the_local_node() -> None:
    """Only the profile for the local node has the values of development, whose keys everybody can read."""
    release = skaffold()["manifests"]["helm"]["releases"][0]

    assert "valuesFiles" not in release
    assert patches("cloud") == {"/manifests/helm/releases/0/valuesFiles": ["{{.ALEX_VALUES}}"]}
