"""Back to nothing: `k8s/down` takes away all that `k8s/up` made, and `k8s/up` brings it back."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from cluster.kube import CACHE, ROOT, RUN, Result, run


def commands() -> list[str]:
    """Return the command line of every process, except those that have just ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def traces() -> dict[str, str]:
    """Return what a local cluster would have left on this machine, by kind; nothing is an empty text."""
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f" {RUN}" in line]
    return {
        "mounts": "\n".join(mounts),
        "processes": "\n".join(command for command in commands() if str(RUN) in command),
        "namespaces": "\n".join(str(path) for path in Path("/run/netns").glob("alex*")),
        "links": "\n".join(str(path) for path in Path("/sys/class/net").glob("alex*")),
        "cgroups": "\n".join(str(path) for path in Path("/sys/fs/cgroup").glob("**/alex")),
        "state": str(RUN) if RUN.exists() else "",
    }


@pytest.fixture(scope="module")
def down() -> Result:
    """Run `k8s/down`, once, where there is something to take away."""
    if not RUN.exists():
        up = run(ROOT / "k8s" / "up", timeout=1500)
        assert up.code == 0, up.output
    assert any(traces().values()), "the test could not see what it looks for"
    return run(ROOT / "k8s" / "down", timeout=400)


def test_down_leaves_no_trace(down: Result) -> None:
    """After `k8s/down` no process, mount, network, cgroup or state is left; the programs in the cache are."""
    assert down.code == 0, down.output
    assert traces() == dict.fromkeys(traces(), "")
    assert (CACHE / "tools").exists()


@pytest.mark.usefixtures("down")
def test_down_twice_does_no_harm() -> None:
    """A second `k8s/down` finds nothing to do and is content."""
    again = run(ROOT / "k8s" / "down")

    assert again.code == 0, again.output
    assert "Nothing to remove" in again.output


@pytest.mark.usefixtures("down")
def test_up_brings_it_back_from_the_cache() -> None:
    """After a `k8s/down`, `k8s/up` builds no program and no image again, and Alex answers."""
    back = run(ROOT / "k8s" / "up", timeout=900)

    assert back.code == 0, back.output
    assert not re.search(r"(?<! are) built \(", back.output), back.output
    assert "Alex answered" in back.output
