"""The chart and the images of an earlier version of Alex, from the history of this checkout."""

from __future__ import annotations

import re
from pathlib import Path

from cluster.kube import ROOT, FailedError, run, target

# The last one with keys in the environment and without NetworkPolicies. Once there are releases, the newest of them.
COMMIT = "e408c0ebc734f5c926cdca411e0faeb3e3ff5556"
TAG = "earlier"


def checkout(folder: Path) -> Path:
    """Unpack the earlier version into a folder; a clone without history fetches what it lacks.

    Raises:
        FailedError: neither this clone nor where it came from has that version.

    """
    git = ("git", "-C", str(ROOT))
    if run(*git, "cat-file", "-e", f"{COMMIT}^{{commit}}").code != 0:
        _done(*git, "fetch", "--quiet", "--depth=1", "origin", COMMIT)
    folder.mkdir(parents=True, exist_ok=True)
    _done("bash", "-c", f"set -o pipefail; {' '.join(git)} archive {COMMIT} | tar -x -C {folder}")
    return folder


def images(earlier: Path) -> str:
    """Build its images, put them onto the node, and return their tag."""
    made = target()["made"]
    python = ["--python", "localhost/python-base:bookworm"] if made == "local" else []
    built = re.findall(r"^(alex-[a-z]+:[0-9a-f]+)", _done(earlier / "images" / "build", *python), re.MULTILINE)
    assert len(built) == 4, built
    if made == "local":
        _done(ROOT / "k8s" / "local" / "load", "--tag", TAG, *built)
    else:
        for image in built:
            name = f"{image.partition(':')[0]}:{TAG}"
            _done("docker", "tag", image, name)
            _done("kind", "load", "docker-image", "--name", "alex", name)
    return TAG


def _done(*command: str | Path) -> str:
    """Run a command that gives way to the callers of other tests, who need a core when they speak."""
    done = run("nice", *command, timeout=900)
    if done.code != 0:
        raise FailedError(f"{command[0]}: {done.output}")
    return done.output
