"""The cluster of `k8s/up` as tests see it: kubectl, helm and the scripts of k8s/, one call each."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alex"
RUN = CACHE / "run"
OUT = ROOT / "tests" / "out" / "cluster"


class FailedError(AssertionError):
    """A command that had to succeed did not; the message is what it said."""


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    output: str  # both streams, in the order they were written
    seconds: float


def run(*command: str | Path, stdin: str = "", timeout: float = 300, env: dict[str, str] | None = None) -> Result:
    """Run a command to its end."""
    began = time.monotonic()
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Result(done.returncode, done.stdout, time.monotonic() - began)


def target() -> dict[str, str]:
    """Read what `k8s/up` wrote down about the cluster it chose (shell assignments)."""
    names = ("context", "namespace", "made", "page_port")
    script = f". {RUN}/target; " + "; ".join(f'echo "${name}"' for name in names)
    values = run("bash", "-c", script).output.splitlines()
    return dict(zip(names, values, strict=True))


_passing_on: list[subprocess.Popen[str]] = []


@atexit.register
def hang_up() -> None:
    """End what passes requests on; pytest, which may leave without `atexit`, does it in a fixture."""
    _passed_on.cache_clear()
    while _passing_on:
        process = _passing_on.pop()
        process.terminate()
        process.wait()


@functools.cache
def _passed_on(context: str, path: str, kubeconfig: str) -> str:
    """Let kubectl pass requests on to the API server until `hang_up`; return its address."""
    process = subprocess.Popen(
        ["kubectl", "--context", context, "proxy", "--port=0"],
        env={**os.environ, "PATH": path, "KUBECONFIG": kubeconfig},
        stdout=subprocess.PIPE,
        text=True,
    )
    _passing_on.append(process)
    assert process.stdout is not None
    return f"http://{process.stdout.readline().split()[-1]}"


@dataclass(frozen=True)
class Kube:
    """One namespace of the cluster."""

    namespace: str
    context: str
    env: dict[str, str] = field(repr=False)

    @classmethod
    def of_up(cls) -> Kube:
        """Return the namespace in which `k8s/up` installed Alex."""
        chosen = target()
        env = dict(os.environ)
        if chosen["made"]:
            env["KUBECONFIG"] = str(RUN / "kubeconfig")
        folders = [str(path) for path in sorted((CACHE / "tools").glob("*")) if path.is_dir()]
        env["PATH"] = ":".join([*folders, env["PATH"]])
        return cls(chosen["namespace"], chosen["context"], env)

    def within(self, namespace: str) -> Kube:
        """Return the same cluster, another namespace."""
        return Kube(namespace, self.context, self.env)

    def try_kubectl(self, *words: str, stdin: str = "", timeout: float = 120) -> Result:
        """Run kubectl in this namespace, whatever comes of it."""
        command = ("kubectl", "--context", self.context, "--namespace", self.namespace, *words)
        return run(*command, stdin=stdin, timeout=timeout, env=self.env)

    def kubectl(self, *words: str, stdin: str = "", timeout: float = 120) -> str:
        """Run kubectl in this namespace and return what it printed.

        Raises:
            FailedError: it ended with an error.

        """
        result = self.try_kubectl(*words, stdin=stdin, timeout=timeout)
        if result.code != 0:
            raise FailedError(f"kubectl {' '.join(words)}: {result.output}")
        return result.output

    def try_helm(self, *words: str, timeout: float = 400) -> Result:
        """Run helm in this namespace, whatever comes of it."""
        command = ("helm", "--kube-context", self.context, "--namespace", self.namespace, *words)
        return run(*command, timeout=timeout, env=self.env)

    def helm(self, *words: str, timeout: float = 400) -> str:
        """Run helm in this namespace and return what it printed.

        Raises:
            FailedError: it ended with an error.

        """
        result = self.try_helm(*words, timeout=timeout)
        if result.code != 0:
            raise FailedError(f"helm {' '.join(words)}: {result.output}")
        return result.output

    @property
    def server(self) -> str:
        """Where plain HTTP reaches the API server with the rights of the context."""
        return _passed_on(self.context, self.env["PATH"], self.env.get("KUBECONFIG", ""))

    def api(self, path: str, **options: str) -> Any:
        """Return what the API server answers at a path, as parsed JSON.

        A kubectl for each look is an eighth of a second of one core; `eventually` looks twice a second.

        Raises:
            FailedError: it answers with an error, or not at all.

        """
        try:
            with urlopen(f"{self.server}{path}?{urlencode(options)}", timeout=60) as answer:
                return json.load(answer)
        except (URLError, TimeoutError) as error:
            raise FailedError(f"{path}: {error}") from error

    def path(self, what: str, group: str = "/api/v1") -> str:
        """Return where the API server has something of this namespace."""
        return f"{group}/namespaces/{self.namespace}/{what}"

    def ops(self, pod: str, path: str) -> str:
        """Return the path at which the API server passes on to the ops port of a pod."""
        return self.path(f"pods/{pod}:9090/proxy{path}")

    def get(self, *words: str) -> Any:
        """Return objects of the API as parsed JSON."""
        return json.loads(self.kubectl("get", *words, "--output", "json"))

    def items(self, *words: str) -> list[dict[str, Any]]:
        """Return a list of objects."""
        found: list[dict[str, Any]] = self.get(*words)["items"]
        return found

    def pods(self, component: str = "") -> list[dict[str, Any]]:
        """Return the pods of the release that are not on their way out, of one component or of all four."""
        wanted = "app.kubernetes.io/instance=alex" + (f",app.kubernetes.io/component={component}" if component else "")
        found = self.api(
            self.path("pods"),
            labelSelector=wanted,
            fieldSelector="status.phase!=Succeeded,status.phase!=Failed",
        )
        return [pod for pod in found["items"] if "deletionTimestamp" not in pod["metadata"]]

    def ready(self, component: str) -> list[str]:
        """Name the pods of a component that are ready."""
        return [
            pod["metadata"]["name"]
            for pod in self.pods(component)
            if any(status.get("ready") for status in pod["status"].get("containerStatuses", []))
        ]

    def settled(self, seconds: int = 240) -> None:
        """Wait until every Deployment of the release has rolled out."""
        for item in self.items("deployments"):
            self.kubectl(
                "rollout",
                "status",
                f"deployment/{item['metadata']['name']}",
                f"--timeout={seconds}s",
                timeout=seconds + 30,
            )

    def everything(self) -> set[str]:
        """Return the name of every object in the namespace but events, which the cluster itself forgets in time."""
        kinds = self.kubectl("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
        kept = sorted(kind for kind in kinds if not kind.startswith("events"))
        lines = self.kubectl("get", ",".join(kept), "--output", "name", "--ignore-not-found").splitlines()
        return {line for line in lines if " " not in line}  # the others are warnings about old kinds

    def told(self, *, logs: bool = True) -> str:
        """Describe the namespace for somebody who has to find out why a test failed."""
        parts = [
            self.try_kubectl("get", "pods", "--output", "wide").output,
            self.try_kubectl("get", "events", "--sort-by", ".lastTimestamp").output,
        ]
        for pod in self.items("pods") if logs else []:
            name = pod["metadata"]["name"]
            parts.append(
                f"--- logs of {name}\n" + self.try_kubectl("logs", name, "--all-containers", "--tail=200").output
            )
            parts.append(self.try_kubectl("logs", name, "--all-containers", "--previous", "--tail=20").output)
        return "\n".join(parts)


def keep(name: str, *namespaces: Kube) -> Path:
    """Write what the namespaces tell to a file of that name, which is returned."""
    OUT.mkdir(parents=True, exist_ok=True)
    file = OUT / f"{name}.txt"
    file.write_text("\n".join(kube.told() for kube in namespaces))
    return file


def eventually(what: str, holds: Callable[[], bool], seconds: float = 60) -> None:
    """Look twice a second until something holds.

    Raises:
        FailedError: it did not, in that time.

    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise FailedError(f"not within {seconds:g} s: {what}")
        time.sleep(0.5)


def call(*arguments: str, timeout: float = 180) -> Result:
    """Make a call in the cluster with `k8s/call`."""
    return run(ROOT / "k8s" / "call", *arguments, timeout=timeout)
