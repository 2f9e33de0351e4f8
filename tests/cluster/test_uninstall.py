"""`helm uninstall` leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from cluster.kube import ROOT, Kube, eventually

# Small enough to stand beside the release that `k8s/up` made, on a node of two cores.
SMALL = """
agent: {autoscaling: {enabled: false}, resources: {requests: {cpu: 10m, memory: 64Mi}}}
web: {autoscaling: {enabled: false}, resources: {requests: {cpu: 10m, memory: 64Mi}}}
offline: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
livekit: {resources: {requests: {cpu: 10m, memory: 64Mi}}}
"""
# Cluster-wide kinds a chart could leave something in.
CLUSTER_WIDE = (
    "clusterroles,clusterrolebindings,persistentvolumes,priorityclasses,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions"
)


def install(alex: Kube, namespace: Kube, *values: str) -> None:
    """Install Alex a second time, from the same images, in a namespace of its own."""
    files = values_files(alex, ROOT / "tests" / "out" / "cluster" / namespace.namespace)
    settings = [word for value in values for word in ("--set", value)]
    namespace.helm("install", "alex", str(ROOT / "charts" / "alex"), *files, *settings)


def values_files(alex: Kube, folder: Path) -> list[str]:
    """Return the options that give a release the images of the other one and a small place."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "images.yaml").write_text(alex.helm("get", "values", "alex", "--output", "yaml"))
    (folder / "small.yaml").write_text(SMALL)
    return ["--values", str(folder / "images.yaml"), "--values", str(folder / "small.yaml")]


def test_uninstall_leaves_nothing_behind(alex: Kube, namespace: Kube) -> None:
    """After install and uninstall, namespace and cluster are as before: no secret, no volume, no pod."""
    before, cluster_before = namespace.everything(), cluster_wide(alex)
    install(alex, namespace)
    eventually("the web pod runs", lambda: bool(namespace.pods("web")), 60)
    during = namespace.everything()

    namespace.helm("uninstall", "alex", "--wait", "--timeout", "3m")

    assert {"secret/alex-livekit", "deployment.apps/alex-agent"} <= during - before
    eventually(f"only {before} is left", lambda: namespace.everything() == before, 120)
    assert cluster_wide(alex) == cluster_before


def cluster_wide(alex: Kube) -> set[str]:
    """Return the names of the cluster's own objects of the kinds a chart could add."""
    return set(alex.kubectl("get", CLUSTER_WIDE, "--output", "name").split())
