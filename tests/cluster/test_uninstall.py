"""`helm uninstall` leaves nothing behind."""

from __future__ import annotations

from cluster.kube import Kube, eventually
from cluster.release import install

# Cluster-wide kinds a chart could leave something in.
CLUSTER_WIDE = (
    "clusterroles,clusterrolebindings,persistentvolumes,priorityclasses,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions"
)


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
