"""A second Alex on the cluster of `k8s/up`, in a namespace of its own."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster.kube import ROOT, Kube

# Small enough to stand beside the release that `k8s/up` made, on a node of two cores; and without limits and a budget,
# because all callers of a test come from this machine and are more than anybody should be.
SMALL = """
agent: {autoscaling: {enabled: false}, resources: {requests: {cpu: 10m, memory: 64Mi}}}
web:
  autoscaling: {enabled: false}
  resources: {requests: {cpu: 10m, memory: 64Mi}}
  limits: {startsPerAddress: 0, startsPerSession: 0, callsPerAddress: 0}
  budget: {callsPerDay: 0, minutesPerDay: 0}
offline: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
livekit: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
"""


@contextlib.contextmanager
def own_namespace(alex: Kube, prefix: str = "test") -> Iterator[Kube]:
    """Make an empty namespace that insists on restricted pods; remove it, and what was installed in it."""
    kube = alex.within(f"{prefix}-{uuid.uuid4().hex[:8]}")
    kube.kubectl("create", "namespace", kube.namespace)
    try:
        kube.kubectl("label", "namespace", kube.namespace, "pod-security.kubernetes.io/enforce=restricted")
        yield kube
    finally:
        _remove_namespace(kube)


def install(alex: Kube, namespace: Kube, *values: str, more: str = "") -> None:
    """Install Alex from the images of the release that is there; `more` is a values file's text."""
    folder = ROOT / "tests" / "out" / "cluster" / namespace.namespace
    files = values_files(alex, folder)
    (folder / "more.yaml").write_text(more)
    settings = [word for value in values for word in ("--set", value)]
    chart = str(ROOT / "charts" / "alex")
    namespace.helm("install", "alex", chart, *files, "--values", str(folder / "more.yaml"), *settings)


def values_files(alex: Kube, folder: Path) -> list[str]:
    """Return the options that give a release the images of the other one and a small place."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "images.yaml").write_text(alex.helm("get", "values", "alex", "--output", "yaml"))
    (folder / "small.yaml").write_text(SMALL)
    return ["--values", str(folder / "images.yaml"), "--values", str(folder / "small.yaml")]


def node_address(alex: Kube) -> str:
    """Return the address at which the node ports of the first node are."""
    [node, *_] = alex.items("nodes")
    [address] = [found["address"] for found in node["status"]["addresses"] if found["type"] == "InternalIP"]
    return str(address)


def capacity(kube: Kube) -> dict[str, Any]:
    """Return what web says of the agents, through its ops Service."""
    path = f"/api/v1/namespaces/{kube.namespace}/services/alex-web-ops:ops/proxy/api/capacity"
    told: dict[str, Any] = json.loads(kube.kubectl("get", "--raw", path))
    return told


def agents(kube: Kube) -> tuple[int, int]:
    """Return how many agent pods are asked for, and how many take calls."""
    found = kube.get("deployment/alex-agent")
    return found["spec"]["replicas"], found["status"].get("readyReplicas", 0)


def _remove_namespace(kube: Kube) -> None:
    kube.try_helm("uninstall", "alex", "--ignore-not-found")
    # Pods first: while one is there, Kubernetes looks again only after half of its grace period; an agent's is long.
    # One that waits for a Secret is looked at by the kubelet every two minutes at worst.
    kube.kubectl("delete", "pods", "--all", "--grace-period=5", "--timeout=240s", timeout=270)
    kube.kubectl("delete", "namespace", kube.namespace, "--timeout=240s", timeout=270)
