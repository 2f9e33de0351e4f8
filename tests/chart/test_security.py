from __future__ import annotations

from typing import Any

import pytest
from chart.render import Object, render, scenarios

SCENARIOS = scenarios()
# What Pod Security "restricted" allows: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
HOST = {"hostNetwork", "hostPID", "hostIPC", "hostUsers"}


def containers(pod: Object) -> list[dict[str, Any]]:
    return [*pod["containers"], *pod.get("initContainers", [])]


@pytest.fixture(params=SCENARIOS, name="pods")
def _pods(request: pytest.FixtureRequest) -> dict[str, Object]:
    return render(SCENARIOS[request.param]).pods()


def test_every_pod_meets_restricted(pods: dict[str, Object]) -> None:
    """Each pod of each scenario passes Pod Security `restricted`, rule by rule."""
    assert pods
    for name, pod in pods.items():
        whole = pod["securityContext"]
        assert not HOST & pod.keys(), name
        assert whole["runAsNonRoot"] is True, name
        assert whole["runAsUser"] > 0, name
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for volume in pod["volumes"]:
            assert set(volume) - {"name"} <= VOLUMES, name
        for container in containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert not {"privileged", "procMount", "runAsUser", "runAsNonRoot"} & own.keys(), name
            assert all("hostPort" not in port for port in container.get("ports", [])), name


def test_every_root_is_read_only(pods: dict[str, Object]) -> None:
    """Nothing can be written outside the mounted temporary folder, and that has a size."""
    for name, pod in pods.items():
        empty = [volume for volume in pod["volumes"] if "emptyDir" in volume]
        assert [volume["name"] for volume in empty] == ["tmp"], name
        assert all("sizeLimit" in volume["emptyDir"] for volume in empty), name
        for container in containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
            assert writable == ["/tmp"], name


def tokens(pod: Object) -> list[dict[str, Any]]:
    """List the tokens of the Kubernetes API that a pod mounts by itself."""
    sources = [source for volume in pod["volumes"] for source in volume.get("projected", {}).get("sources", [])]
    return [source["serviceAccountToken"] for source in sources if "serviceAccountToken" in source]


def test_only_the_agent_talks_to_the_api_server(pods: dict[str, Object]) -> None:
    """No pod is given a token of the Kubernetes API by default, and only the agent mounts one, which is short-lived."""
    for name, pod in pods.items():
        assert pod["automountServiceAccountToken"] is False, name
        given = [{"path": "token", "expirationSeconds": 600}] if name.endswith("-agent") else []
        assert tokens(pod) == given, name


def test_no_pod_inherits_the_names_of_services(pods: dict[str, Object]) -> None:
    """Service links are off, for they would inject ALEX_WEB_PORT and LIVEKIT_PORT among our own settings."""
    for name, pod in pods.items():
        assert pod["enableServiceLinks"] is False, name


def test_every_container_says_what_it_needs(pods: dict[str, Object]) -> None:
    """Each container reserves CPU and memory and limits memory, but not CPU, for then voices would stutter."""
    for name, pod in pods.items():
        for container in containers(pod):
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
            assert set(container["resources"]["limits"]) == {"memory"}, name


def test_only_web_waits_before_it_stops(pods: dict[str, Object]) -> None:
    """No pod with calls has a preStop hook: a signal from one beside Kubernetes' own would cut every call."""
    for name, pod in pods.items():
        assert name.endswith("-web") or all("lifecycle" not in container for container in containers(pod)), name


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_service_accounts_bring_no_token(scenario: str) -> None:
    """Every account of the release has no token of its own, and whatever makes pods has an account."""
    objects = render(SCENARIOS[scenario])
    accounts = objects.of("ServiceAccount")

    assert accounts
    for account in accounts.values():
        assert account["automountServiceAccountToken"] is False
    for name, thing in (objects.of("Deployment") | objects.of("StatefulSet")).items():
        assert thing["spec"]["template"]["spec"]["serviceAccountName"] == name
        assert name in accounts


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_key_is_written_outside_a_secret(scenario: str) -> None:
    """A key that was given as a value appears in a Secret and nowhere else."""
    values = SCENARIOS[scenario] or {}
    keys = [values.get("livekit", {}).get("apiSecret"), values.get("web", {}).get("adminKey")]
    sign_in = values.get("web", {}).get("signIn", {})
    keys += [values.get("livekit", {}).get("second", {}).get("apiSecret")]
    keys += [sign_in.get("accessCode"), sign_in.get("captcha", {}).get("secret")]
    keys += [values.get("offline", {}).get("apiKey"), values.get("redis", {}).get("password")]
    keys += [provider.get("apiKey") for provider in values.get("providers", {}).values()]
    objects = render(values)
    others = str([thing for (kind, _), thing in objects.items() if kind != "Secret"])

    for key in filter(None, keys):
        assert key not in others
