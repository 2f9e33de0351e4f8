"""`helm uninstall` leaves nothing behind."""

from __future__ import annotations

from cluster.kube import ROOT, Kube, eventually

# Small enough to stand beside the release that `k8s/up` made, on a node of two cores.
SMALL = [
    "agent.autoscaling.enabled=false",
    "web.autoscaling.enabled=false",
    *(f"{name}.resources.requests.cpu=10m" for name in ("agent", "web", "offline", "livekit")),
    *(f"{name}.resources.requests.memory=64Mi" for name in ("agent", "web", "offline", "livekit")),
]
# Cluster-wide kinds a chart could leave something in.
CLUSTER_WIDE = (
    "clusterroles,clusterrolebindings,persistentvolumes,priorityclasses,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions"
)


def install(alex: Kube, namespace: Kube, *values: str) -> None:
    """Install Alex a second time, from the same images, in a namespace of its own."""
    images = alex.helm("get", "values", "alex", "--output", "yaml")
    settings = [word for value in (*SMALL, *values) for word in ("--set", value)]
    namespace.helm("install", "alex", str(ROOT / "charts" / "alex"), "--values", write(namespace, images), *settings)


def write(namespace: Kube, values: str) -> str:
    """Keep the values of the release in a file, as helm wants them."""
    folder = ROOT / "tests" / "out" / "cluster"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{namespace.namespace}.yaml"
    path.write_text(values)
    return str(path)


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
