"""What every pod of Alex is held to, as checks of rendered objects: for all scenarios, and for weakened ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chart.render import Object, Objects

# What Pod Security "restricted" allows: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
HOST = {"hostNetwork", "hostPID", "hostIPC", "hostUsers"}


def containers(pod: Object) -> list[dict[str, Any]]:
    """Give all containers of a pod."""
    return [*pod["containers"], *pod.get("initContainers", [])]


def restricted(objects: Objects) -> None:
    """Pass Pod Security `restricted`, rule by rule; a LiveKit may be put into the network of its node."""
    for name, pod in objects.pods().items():
        whole = pod["securityContext"]
        opted = {"hostNetwork"} if _host_network(objects, name) else set()
        assert HOST & pod.keys() == opted, name
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


def _host_network(objects: Objects, name: str) -> bool:
    """Tell whether a pod is a LiveKit of which the release says everywhere that it is in the network of its node."""
    service = objects.get(("Service", name), {}).get("spec", {})
    ports = [port["name"] for port in service.get("ports", [])]
    return name.endswith("-livekit") and service.get("type") == "ClusterIP" and ports == ["signal"]


def read_only(objects: Objects) -> None:
    """Write nothing outside the temporary folder, which has a size; a configuration is written before, once."""
    for name, pod in objects.pods().items():
        empty = {volume["name"]: volume["emptyDir"] for volume in pod["volumes"] if "emptyDir" in volume}
        assert set(empty) == ({"config", "tmp"} if "initContainers" in pod else {"tmp"}), name
        assert all("sizeLimit" in volume for volume in empty.values()), name
        for container in containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            writable = [mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
            assert writable == (["tmp"] if container in pod["containers"] else ["config"]), name


def keys(objects: Objects) -> None:
    """Read keys from files that are in memory: no environment, and so no argument, has anything of a Secret."""
    for name, pod in objects.pods().items():
        for container in containers(pod):
            assert "envFrom" not in container, name
            sources = [entry["valueFrom"] for entry in container.get("env", []) if "valueFrom" in entry]
            assert all("fieldRef" in source for source in sources), name
        written = [
            volume["emptyDir"] for volume in pod["volumes"] if volume["name"] == "config" and "emptyDir" in volume
        ]
        assert all(volume.get("medium") == "Memory" for volume in written), name


def tokens(objects: Objects) -> None:
    """Have no token of the Kubernetes API by default; only the agent mounts one, which is short-lived."""
    for name, pod in objects.pods().items():
        assert pod["automountServiceAccountToken"] is False, name
        sources = [source for volume in pod["volumes"] for source in volume.get("projected", {}).get("sources", [])]
        mounted = [source["serviceAccountToken"] for source in sources if "serviceAccountToken" in source]
        wanted = name.endswith("-agent") and ("Role", name) in objects
        assert mounted == ([{"path": "token", "expirationSeconds": 600}] if wanted else []), name


def service_links(objects: Objects) -> None:
    """Inherit no names of Services, for they would inject ALEX_WEB_PORT and LIVEKIT_PORT among our own settings."""
    for name, pod in objects.pods().items():
        assert pod["enableServiceLinks"] is False, name


def needs(objects: Objects) -> None:
    """Reserve CPU and memory and limit memory, but not CPU, for then voices would stutter."""
    for name, pod in objects.pods().items():
        for container in containers(pod):
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
            assert set(container["resources"]["limits"]) == {"memory"}, name


def ends(objects: Objects) -> None:
    """Have no preStop hook but in web: a signal from one beside Kubernetes' own would cut every call."""
    for name, pod in objects.pods().items():
        assert name.endswith("-web") or all("lifecycle" not in container for container in containers(pod)), name


def accounts(objects: Objects) -> None:
    """Have an account of its own for every component, and no token with any of them."""
    found = objects.of("ServiceAccount")
    assert found
    for account in found.values():
        assert account["automountServiceAccountToken"] is False
    for name, pod in objects.pods().items():
        assert pod["serviceAccountName"] == name
        assert name in found


def probes(objects: Objects) -> None:
    """Be asked whether it lives and whether it is ready, by different questions or with different patience."""
    for name, thing in objects.makers().items():
        for container in thing["spec"]["template"]["spec"]["containers"]:
            assert container["livenessProbe"] != container["readinessProbe"], name
            patience = container["livenessProbe"]
            assert patience["failureThreshold"] * patience["periodSeconds"] >= 60, name


def disruptions(objects: Objects) -> None:
    """Let go of one pod at a time where several share the work of calls."""
    budgets = [budget["spec"] for budget in objects.of("PodDisruptionBudget").values()]
    for name, thing in objects.makers().items():
        labels = thing["spec"]["template"]["metadata"]["labels"]
        own = [budget for budget in budgets if budget["selector"]["matchLabels"].items() <= labels.items()]
        several = name.endswith(("-agent", "-web")) or thing["spec"].get("replicas", 1) > 1
        assert [budget["maxUnavailable"] for budget in own] == ([1] if several else []), name


def policies(objects: Objects) -> None:
    """Have one NetworkPolicy for every pod, for both ways, as soon as there is any."""
    rules = [policy["spec"] for policy in objects.of("NetworkPolicy").values()]
    made = [thing["spec"]["template"] for thing in objects.makers().values()] + list(objects.of("Pod").values())
    for pod in made if rules else []:
        if pod["spec"].get("hostNetwork"):
            continue
        labels = pod["metadata"]["labels"]
        own = [rule for rule in rules if rule["podSelector"]["matchLabels"].items() <= labels.items()]
        assert [rule["policyTypes"] for rule in own] == [["Ingress", "Egress"]], labels


def images(objects: Objects) -> None:
    """Run a named version: a digest, or a tag that is not `latest`."""
    for name, pod in objects.pods().items():
        for container in containers(pod):
            last = container["image"].rsplit("/", 1)[-1]
            assert "@sha256:" in last or (":" in last and not last.endswith(":latest")), name


CHECKS: list[Callable[[Objects], None]] = [
    restricted, read_only, keys, tokens, service_links, needs, ends, accounts, probes, disruptions, policies, images,
]  # fmt: skip
