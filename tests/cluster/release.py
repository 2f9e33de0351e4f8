"""A second Alex on the cluster of `k8s/up`, in a namespace of its own."""

from __future__ import annotations

from pathlib import Path

from cluster.kube import ROOT, Kube

# Small enough to stand beside the release that `k8s/up` made, on a node of two cores.
SMALL = """
agent: {autoscaling: {enabled: false}, resources: {requests: {cpu: 10m, memory: 64Mi}}}
web: {autoscaling: {enabled: false}, resources: {requests: {cpu: 10m, memory: 64Mi}}}
offline: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
livekit: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
"""


def make_namespace(kube: Kube) -> None:
    """Make an empty namespace that insists on restricted pods."""
    kube.kubectl("create", "namespace", kube.namespace)
    kube.kubectl("label", "namespace", kube.namespace, "pod-security.kubernetes.io/enforce=restricted")


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


def remove_namespace(kube: Kube) -> None:
    """Remove the release and its namespace."""
    kube.try_helm("uninstall", "alex", "--ignore-not-found")
    # Pods first: while one is there, Kubernetes looks again only after half of its grace period; an agent's is long.
    # One that waits for a Secret is looked at by the kubelet every two minutes at worst.
    kube.kubectl("delete", "pods", "--all", "--grace-period=5", "--timeout=240s", timeout=270)
    kube.kubectl("delete", "namespace", kube.namespace, "--timeout=240s", timeout=270)
