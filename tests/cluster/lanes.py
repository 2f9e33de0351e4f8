"""Which modules of this suite go one after the other, where several processes share its tests out.

What they need is in namespaces of their own, so most modules mind nobody. A lane is for those that share something;
a lock, for what they share only at times.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import PurePath

from cluster.kube import CACHE
from xdist.scheduler import LoadScopeScheduling

LANES = {
    # These change the release of `k8s/up`.
    **dict.fromkeys(("bad_input", "context", "deletion_cost", "install", "page", "takeover"), "up"),
    # They build and load the same images.
    **dict.fromkeys(("skaffold", "tilt"), "tools"),
    # One Prometheus is all that Kubernetes asks for a metric; and beside chaos no latency is what it should be.
    **dict.fromkeys(("alerts", "autoscaling", "chaos", "metrics"), "prometheus"),
    # Ports of the node that their values name.
    **dict.fromkeys(("production", "scenarios"), "ports"),
}


def images_kept() -> AbstractContextManager[None]:
    """Images may be loaded that no pod names yet: nobody runs `k8s/up`, which forgets such, at the same time."""
    return _images(fcntl.LOCK_SH)


def images_forgotten() -> AbstractContextManager[None]:
    """`k8s/up` may run: nobody is loading images at the same time."""
    return _images(fcntl.LOCK_EX)


@contextlib.contextmanager
def _images(how: int) -> Iterator[None]:
    with (CACHE / "images.lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield


class Lanes(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Give a lane to one process at a time."""

    def _split_scope(self, nodeid: str) -> str:
        module = PurePath(nodeid.partition("::")[0]).stem.removeprefix("test_")
        return LANES.get(module, module)
