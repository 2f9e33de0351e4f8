"""The scenarios of `ci/`: whom each is for, what has to be there before, and whether it can be tried at home."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from chart.recipes import CHAPTERS, PAGE, page
from chart.render import ROOT, Objects, merge, put, render
from chart.scenarios import Scenario, every

SCENARIOS = every()
# Kinds that Kubernetes itself serves; a scenario with others needs something beside it.
OWN = r"^(v1|(apps|policy|batch|autoscaling)/v\d|[a-z.]+\.k8s\.io/v\d)$"
NOT_THERE = ("gateway.networking.k8s.io",)
BY_OTHERS = {"kube-root-ca.crt"}  # Kubernetes puts it into every namespace


@pytest.fixture(params=SCENARIOS, name="scenario")
def _scenario(request: pytest.FixtureRequest) -> Scenario:
    return SCENARIOS[request.param]


def test_each_says_for_whom_it_is(scenario: Scenario) -> None:
    """A scenario begins with sentences, and ends them with whether the local cluster takes it, or why not."""
    assert re.match(r"[A-Z].{30,}\.$", scenario.prose)
    assert re.match(r"(yes$|yes, with \S+=\S+$|no, for .{10,}\.$)", scenario.local)


def test_what_is_installable_needs_nothing_that_is_not_there(scenario: Scenario) -> None:
    """A scenario for the local cluster has kinds of Kubernetes' own, no load balancer, and commands without gaps."""
    if not scenario.installable:
        return
    values = merge(scenario.values, yaml.safe_load((ROOT / "k8s/local-values.yaml").read_text()))
    for setting in scenario.settings:
        path, value = setting.replace("NODE", "10.213.0.2").split("=", 1)
        values = merge(values, put(path, value))
    objects = render(values)

    assert all(re.match(OWN, thing["apiVersion"]) for thing in objects.values())
    assert not [thing for thing in objects.values() if thing["apiVersion"].startswith(NOT_THERE)]
    assert all(service["spec"].get("type") != "LoadBalancer" for service in objects.of("Service").values())
    assert "…" not in " ".join(scenario.first)
    assert "203.0.113." not in str(objects.values())


def named(objects: Objects) -> set[str]:
    """Name what pods need and the release does not make: Secrets, ConfigMaps and PriorityClasses."""
    found: set[str] = set()

    def walk(thing: Any) -> None:
        if isinstance(thing, dict):
            for key in ("secret", "configMap"):
                if isinstance(thing.get(key), dict):
                    found.add(thing[key].get("secretName") or thing[key]["name"])
            walk(list(thing.values()))
        elif isinstance(thing, list):
            for each in thing:
                walk(each)

    for pod in objects.pods().values():
        walk(pod)
        found |= {pod["priorityClassName"]} if "priorityClassName" in pod else set()
        found |= {secret["name"] for secret in pod.get("imagePullSecrets", [])}
    made = {name for kind, name in objects if kind in {"Secret", "ConfigMap"}}
    made |= {certificate["spec"]["secretName"] for certificate in objects.of("Certificate").values()}
    return found - made - BY_OTHERS


def test_what_has_to_be_there_is_made_first(scenario: Scenario) -> None:
    """The commands before the install make exactly what its pods need and the release does not make."""
    makes = r"kubectl create (?:secret (?:generic|tls|docker-registry)|configmap|priorityclass) (\S+)"
    made = {name for command in scenario.first for name in re.findall(makes, command)}
    for command in scenario.first:
        for path in re.findall(r"kubectl apply --filename (\S+)", command):
            made |= {thing["metadata"]["name"] for thing in yaml.safe_load_all((ROOT / path).read_text())}

    assert named(render(scenario.values)) == made


def test_the_secret_of_a_vault_has_every_key_that_is_mounted() -> None:
    """What External Secrets writes has each key under the name by which a pod mounts it, and no other."""
    beside = yaml.safe_load((ROOT / "charts/alex/ci/external-secrets.yaml").read_text())
    pods = render(SCENARIOS["external-secrets"].values).pods().values()
    sources = [
        source for pod in pods for volume in pod["volumes"] for source in volume.get("projected", {}).get("sources", [])
    ]
    mounted = {item["key"] for source in sources for item in source.get("secret", {}).get("items", [])}

    assert {entry["secretKey"] for entry in beside["spec"]["data"]} == mounted


def test_scenarios_can_be_combined() -> None:
    """Production takes the hosted voice, figures and KEDA on top, as it says."""
    values: dict[str, Any] = {}
    for name in ("production", "hosted-existing-secret", "monitoring", "keda"):
        values = merge(values, SCENARIOS[name].values)
    objects = render(values)

    assert objects.of("PodMonitor")
    assert objects.of("ScaledObject")
    assert objects.of("NetworkPolicy")


def test_what_was_scanned_is_what_runs() -> None:
    """With digests and a registry of one's own no image is named by a tag, and all come from there with its login."""
    for name, pod in render(SCENARIOS["air-gapped"].values).pods().items():
        [container] = pod["containers"]
        assert re.match(r"registry\.example\.com/voice/[a-z-]+@sha256:[0-9a-f]{64}$", container["image"]), name
        assert pod["imagePullSecrets"] == [{"name": "registry"}], name


def test_the_smallest_has_no_right_and_nothing_that_scales() -> None:
    """The smallest installation has no autoscaler and no Role, and reserves at most 1.6 GiB and half a core."""
    objects = render(SCENARIOS["small"].values)
    makers = objects.of("Deployment").values()
    requests = [thing["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] for thing in makers]

    assert not {kind for kind, _ in objects} & {"HorizontalPodAutoscaler", "Role", "ValidatingAdmissionPolicy"}
    assert sum(int(request["cpu"].removesuffix("m")) for request in requests) <= 500
    assert sum(int(request["memory"].removesuffix("Mi")) for request in requests) <= 1640


def test_pods_are_placed_as_the_cluster_wants() -> None:
    """Priority, spread, tolerations, owners, variables and volumes arrive in the pods that they were given to."""
    pods = render(SCENARIOS["shared-cluster"].values).pods()
    agent = pods["alex-agent"]
    [container] = agent["containers"]

    assert agent["priorityClassName"] == pods["alex-livekit"]["priorityClassName"] == "calls"
    assert [spread["topologyKey"] for spread in agent["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    for spread in agent["topologySpreadConstraints"]:
        assert spread["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "agent"
    assert {"name": "SSL_CERT_FILE", "value": "/etc/company/ca.crt"} in container["env"]
    assert "company-ca" in {mount["name"] for mount in container["volumeMounts"]}
    assert pods["alex-web"]["topologySpreadConstraints"][0]["topologyKey"] == "kubernetes.io/hostname"


def test_the_page_of_recipes_is_fresh() -> None:
    """RECIPES.md shows every scenario but that of the tests; `python tests/chart/recipes.py` rewrites it."""
    assert {name for recipes in CHAPTERS.values() for name in recipes} == SCENARIOS.keys() - {"full"}
    assert PAGE.read_text() == page()
