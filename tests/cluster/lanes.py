"""Which modules of this suite go one after the other, where several processes share its tests out.

What they need is in namespaces of their own, so most modules mind nobody. A lane is for those that share something.
"""

from __future__ import annotations

from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

LANES = {
    # These change the release of `k8s/up`, or load images that `k8s/up` forgets again.
    **dict.fromkeys(
        ("bad_input", "context", "deletion_cost", "install", "page", "skaffold", "takeover", "tilt", "upgrade"), "up"
    ),
    # One Prometheus is all that Kubernetes asks for a metric; and beside chaos no latency is what it should be.
    **dict.fromkeys(("alerts", "autoscaling", "chaos", "metrics"), "prometheus"),
    # Ports of the node that their values name.
    **dict.fromkeys(("production", "scenarios"), "ports"),
}


class Lanes(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Give a lane to one process at a time."""

    def _split_scope(self, nodeid: str) -> str:
        module = PurePath(nodeid.partition("::")[0]).stem.removeprefix("test_")
        return LANES.get(module, module)
