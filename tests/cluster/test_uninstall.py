"""`helm uninstall` leaves nothing behind."""

from __future__ import annotations

from cluster.kube import Kube, eventually
from cluster.release import install

# Helm writes the namespace of a release onto all that it makes.
OWNER = "meta.helm.sh/release-namespace"
# Cluster-wide kinds a chart could leave something in.
CLUSTER_WIDE = (
    "clusterroles,clusterrolebindings,persistentvolumes,priorityclasses,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions"
)


def test_uninstall_leaves_nothing_behind(alex: Kube, namespace: Kube) -> None:
    """After install and uninstall, namespace and cluster are as before: no secret, no volume, no pod."""
    before = namespace.everything()
    install(alex, namespace)
    namespace.settled()  # a Python that has only just begun hears no signal, and would stay for its grace period
    during, of_the_cluster = namespace.everything(), cluster_wide(namespace)

    namespace.helm("uninstall", "alex", "--wait", "--timeout", "3m")

    assert {"secret/alex-livekit", "deployment.apps/alex-agent"} <= during - before
    eventually(f"only {before} is left", lambda: namespace.everything() == before, 120)
    assert of_the_cluster
    assert cluster_wide(namespace) == set()


def cluster_wide(namespace: Kube) -> set[str]:
    """Name the cluster's own objects, of the kinds a chart could add, that are of the release in this namespace."""
    return {
        f"{thing['kind']}/{thing['metadata']['name']}"
        for thing in namespace.items(CLUSTER_WIDE)
        if thing["metadata"].get("annotations", {}).get(OWNER) == namespace.namespace
        or namespace.namespace in thing["metadata"]["name"]
    }
