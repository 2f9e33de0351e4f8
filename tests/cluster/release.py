"""A second Alex on the cluster of `k8s/up`, in a namespace of its own."""

from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chart.render import CHART
from chart.scenarios import every
from cluster.kube import OUT, FailedError, Kube, keep, run

# Small enough to stand beside the release that `k8s/up` made, on a node of two cores.
REQUESTS = """
agent: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
web: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
offline: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
livekit: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
"""
# Beside the fixed ones of the chart.
NODE_PORTS = range(31100, 31600)
# No limits and no budget: all callers of a test come from this machine and are more than anybody should be.
OPEN = """
web:
  limits: {startsPerAddress: 0, startsPerSession: 0, callsPerAddress: 0}
  budget: {callsPerDay: 0, minutesPerDay: 0}
"""
# One of each, whatever is asked of it.
STILL = "{agent: {autoscaling: {enabled: false}}, web: {autoscaling: {enabled: false}}}"


@contextlib.contextmanager
def own_namespace(alex: Kube, prefix: str = "test", *, profile: str = "restricted") -> Iterator[Kube]:
    """Make an empty namespace that insists on a profile of Pod Security; remove it, and what was installed in it.

    What goes wrong in a fixture would be gone with it: events and logs are written to tests/out/cluster before.
    """
    kube = alex.within(f"{prefix}-{uuid.uuid4().hex[:8]}")
    kube.kubectl("create", "namespace", kube.namespace)
    try:
        kube.kubectl("label", "namespace", kube.namespace, f"pod-security.kubernetes.io/enforce={profile}")
        yield kube
    except BaseException:
        keep(kube.namespace, kube)
        raise
    finally:
        remove_namespace(kube)


def install(alex: Kube, namespace: Kube, *values: str, more: str = "", chart: Path = CHART) -> None:
    """Install Alex from the images of the release that is there, one of each; `more` is a values file's text."""
    folder = OUT / namespace.namespace
    _install(namespace, values_files(alex, folder, more), values, chart)


def install_scenario(alex: Kube, namespace: Kube, name: str, *values: str) -> None:
    """Install a scenario of `ci/`, and before it what its head says; it asks for little, and callers have no limits.

    `undo_first` removes what that made outside of the namespace.
    """
    scenario = every()[name]
    folder = OUT / namespace.namespace
    files = _files(alex, folder, requests=REQUESTS, open=OPEN)
    for command in scenario.first:
        _shell(namespace, f"cd {folder}; {command}")
    own = [value.replace("NODE", node_address(alex)) for value in scenario.settings]
    _install(namespace, ["--values", str(CHART / "ci" / f"{name}-values.yaml"), *files], (*own, *values))


def undo_first(namespace: Kube, name: str) -> None:
    """Take back what the head of a scenario made in the cluster itself, should it have come so far."""
    for command in every()[name].first:
        match command.split():
            case ["kubectl", "label", "nodes", "--all", label]:
                _shell(namespace, f"kubectl label nodes --all {label.split('=')[0]}-")
            case ["kubectl", "create", "priorityclass", what, *_]:
                _shell(namespace, f"kubectl delete priorityclass {what} --ignore-not-found")


def _shell(namespace: Kube, command: str) -> None:
    """Run a command of the documentation as it stands, with the namespace as kubectl's own."""
    kubectl = f'kubectl() {{ command kubectl --context {namespace.context} --namespace {namespace.namespace} "$@"; }}'
    done = run("bash", "-c", f"{kubectl}; {command}", env=namespace.env)
    if done.code != 0:
        raise FailedError(f"{command}: {done.output}")


def values_files(alex: Kube, folder: Path, more: str = "") -> list[str]:
    """Return the options that give a release the images of the other one and a small place."""
    return _files(alex, folder, requests=REQUESTS, open=OPEN, still=STILL, more=more)


def _files(alex: Kube, folder: Path, **parts: str) -> list[str]:
    """Write values files, the images of the other release first, and return the options that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"images": alex.helm("get", "values", "alex", "--output", "yaml"), **parts}
    for name, text in parts.items():
        (folder / f"{name}.yaml").write_text(text)
    return [word for name in parts for word in ("--values", str(folder / f"{name}.yaml"))]


def _install(namespace: Kube, files: list[str], values: tuple[str, ...], chart: Path = CHART) -> None:
    settings = [word for value in values for word in ("--set", value)]
    namespace.helm("install", "alex", str(chart), *files, *settings)


def node_ports(alex: Kube) -> dict[str, Any]:
    """Give values by which a release is reached at the node's address, on ports that no other has."""
    taken = {
        port.get("nodePort")
        for service in alex.items("services", "--all-namespaces")
        for port in service["spec"]["ports"]
    }
    free = random.sample([port for port in NODE_PORTS if port not in taken], 3)
    ports = dict(zip(("signal", "tcp", "udp"), free, strict=True))
    return {
        "web": {"service": {"type": "NodePort"}},
        "livekit": {
            "exposure": "address",
            "address": node_address(alex),
            "service": {"type": "NodePort", "nodePorts": ports},
        },
    }


def page(kube: Kube) -> str:
    """Return the address of the page of a release with node ports."""
    [port] = kube.get("service/alex-web")["spec"]["ports"]
    return f"http://{node_address(kube)}:{port['nodePort']}"


def upgrade(kube: Kube, *values: str) -> None:
    """Upgrade in place to the chart of this checkout, keeping every other value that was given."""
    settings = [word for value in values for word in ("--set-string", value)]
    kube.helm("upgrade", "alex", str(CHART), "--reset-then-reuse-values", *settings)


def node_address(alex: Kube) -> str:
    """Return the address at which the node ports of the first node are."""
    [node, *_] = alex.items("nodes")
    [address] = [found["address"] for found in node["status"]["addresses"] if found["type"] == "InternalIP"]
    return str(address)


def capacity(kube: Kube) -> dict[str, Any]:
    """Return what web says of the agents, through its ops Service."""
    told: dict[str, Any] = kube.api(kube.path("services/alex-web-ops:ops/proxy/api/capacity"))
    return told


def agents(kube: Kube) -> tuple[int, int]:
    """Return how many agent pods are asked for, and how many take calls."""
    found = kube.api(kube.path("deployments/alex-agent", "/apis/apps/v1"))
    return found["spec"]["replicas"], found["status"].get("readyReplicas", 0)


def calls(kube: Kube) -> dict[str, int]:
    """Tell how many calls each agent pod holds that answers and is not on its way out."""
    found = {}
    for pod in kube.pods("agent"):
        name = pod["metadata"]["name"]
        with contextlib.suppress(FailedError):  # it goes just now, or has only begun
            found[name] = int(kube.api(kube.ops(name, "/capacity"))["active"])
    return found


def holders(kube: Kube) -> list[str]:
    """Name the agent pods that have a call, as often as they have one."""
    return [name for name, held in calls(kube).items() for _ in range(held)]


_leaving: list[Future[None]] = []
_hands = ThreadPoolExecutor(2)


def remove_namespace(kube: Kube) -> None:
    """Uninstall what is in a namespace and remove that, should it be there; `all_removed` waits for the end of it."""
    kube.try_helm("uninstall", "alex", "--ignore-not-found")
    _leaving.append(_hands.submit(_empty, kube))


def all_removed() -> None:
    """Wait until every namespace is gone that was to be removed.

    Raises:
        FailedError: one of them does not go.

    """
    while _leaving:
        _leaving.pop().result()


def _empty(kube: Kube) -> None:
    # Those that never ran go at once: the kubelet looks at one that waits for a Secret every two minutes at worst.
    kube.kubectl("delete", "pods", "--field-selector=status.phase=Pending", "--grace-period=0", "--force")
    # Pods first: while one is there, Kubernetes looks again only after half of its grace period; an agent's is long.
    kube.kubectl("delete", "pods", "--all", "--grace-period=5", "--timeout=240s", timeout=270)
    kube.kubectl("delete", "namespace", kube.namespace, "--ignore-not-found", "--timeout=240s", timeout=270)
