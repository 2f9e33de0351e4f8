"""What the tests of the images share: the checkout, its commands, and an image as Kubernetes would run it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = ("agent", "web", "offline", "caller")
# Where each program's lock and code lie in the checkout.
HOMES = {"agent": "agent", "web": "web", "offline": "images/offline", "caller": "images/caller"}


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    output: str


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None, timeout: float = 900) -> Result:
    """Run a command to its end; output is both streams in the order they were written. Seconds."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(os.environ if env is None else env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Result(done.returncode, done.stdout)


def checkout(target: Path) -> Path:
    """Copy what images are made from, so that a test may change it."""
    shutil.copytree(ROOT / "images", target / "images")
    for home in ("agent", "web"):
        shutil.copytree(ROOT / home, target / home)
    shutil.copy(ROOT / "LICENSE", target)
    for folder in ("k8s", "charts"):
        (target / folder).symlink_to(ROOT / folder)
    return target


class Docker:
    """A Docker whose engine answers and does nothing: none can run everywhere, and what it is asked is what matters."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "docker-calls"
        self._answers = folder / "docker-answers"
        self._answers.mkdir()
        self._log.touch()
        program = folder / "docker-bin/docker"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$*" >>{self._log}\n[ ! -f {self._answers}/"$1" ] || . {self._answers}/"$1"\n'
        )
        program.chmod(0o755)
        path = f"{program.parent}:{os.environ['PATH']}"
        self.env = {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(folder / "docker-cache")}

    def says(self, command: str, words: str, code: int = 0) -> None:
        """From now on, answer one of its commands with these words and this exit code."""
        (self._answers / command).write_text(f"echo {shlex.quote(words)}\nexit {code}\n")

    def calls(self, command: str) -> list[str]:
        """Return how one of its commands was called, in order."""
        return [line for line in self._log.read_text().splitlines() if line.startswith(f"{command} ")]


def requirements(lock: Path) -> dict[str, str]:
    """Return the version that a lock pins for each package."""
    pins = {}
    for line in lock.read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            name, _, version = line.partition("==")
            pins[name] = version.removesuffix(" \\")
    return pins


# Runs in namespaces of its own: the image's root read-only, a memory-backed /tmp, no network, the image's user,
# no way to more rights.
ENTER = """
set -e
root=$1 hidden=$2; shift 2
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
[ -z "$hidden" ] || mount -t tmpfs tmpfs "$root/$hidden"
mount -o remount,bind,ro "$root"
ip link set lo up
exec setpriv --no-new-privs chroot --userspec=10001:10001 "$root" "$@"
"""


@dataclass(frozen=True)
class Image:
    """A built image, unpacked."""

    name: str
    root: Path
    user: str
    environment: tuple[str, ...]
    entrypoint: tuple[str, ...]
    ports: frozenset[str]
    layers: tuple[str, ...]

    def run(
        self, command: Sequence[str] | None = None, env: Sequence[str] = (), hidden: str = "", timeout: float = 120
    ) -> Result:
        """Run the image's own program or another command in it, cut off from every network.

        `hidden` is a folder of the image that is empty this time. The root is read-only, /tmp is writable.
        """
        inside = ["/usr/bin/env", "-i", "--chdir=/app", *self.environment, *env, *(command or self.entrypoint)]
        apart: list[str | Path] = ["unshare", "--mount", "--net", "bash", "-c", ENTER, "enter", self.root, hidden]
        return run(*apart, *inside, timeout=timeout)

    def megabytes(self, folder: str) -> int:
        """Return what a folder of the image weighs."""
        return int(run("du", "-sm", self.root / folder).output.split()[0])


def buildah(*arguments: str | Path) -> str:
    """Run buildah as images/build does; raises with its output when it fails."""
    done = run("buildah", "--storage-driver", "overlay", *arguments)
    if done.code != 0:
        raise AssertionError(done.output)
    return done.output.strip()


def unpack(name: str, reference: str) -> tuple[Image, str]:
    """Mount an image of buildah's storage; the second result is the container to remove afterwards."""
    container = buildah("from", f"localhost/{reference}")
    config = json.loads(buildah("inspect", "--type", "image", f"localhost/{reference}"))["OCIv1"]
    settings = config["config"]
    image = Image(
        name=name,
        root=Path(buildah("mount", container)),
        user=settings["User"],
        environment=tuple(settings["Env"]),
        entrypoint=tuple(settings["Entrypoint"]),
        ports=frozenset(settings.get("ExposedPorts", {})),
        layers=tuple(config["rootfs"]["diff_ids"]),
    )
    return image, container
