"""Render the chart as a user would, and hand back objects instead of text.

Tests import `render`, `refusal` and `notes`; each distinct set of values is rendered once a session.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "alex"
# What the renders pretend to be installed on; helm's own default depends on how it was built.
KUBERNETES = "1.34.4"

Object: TypeAlias = dict[str, Any]
Values: TypeAlias = Mapping[str, Any]

# A generated secret would differ from render to render.
FIXED: Values = {"livekit": {"apiSecret": "a-secret-for-tests-of-forty-characters-1"}}


class Refused(Exception):  # noqa: N818 - a refusal is what many tests want
    """The chart would not render; the message is what the user reads."""


class Objects(dict[tuple[str, str], Object]):
    """What the chart renders, by kind and name."""

    def of(self, kind: str) -> dict[str, Object]:
        """Give all objects of a kind by name."""
        return {name: thing for (k, name), thing in self.items() if k == kind}

    def makers(self) -> dict[str, Object]:
        """Give whatever makes pods, by name."""
        return self.of("Deployment") | self.of("StatefulSet")

    def pods(self) -> dict[str, Object]:
        """Give the spec of every pod, also of those that others make, by name."""
        made = {name: thing["spec"]["template"]["spec"] for name, thing in self.makers().items()}
        return made | {name: thing["spec"] for name, thing in self.of("Pod").items()}

    def secret(self, name: str) -> dict[str, str]:
        """Give what a Secret holds."""
        return {key: base64.b64decode(value).decode() for key, value in self["Secret", name]["data"].items()}

    def configuration(self, name: str) -> dict[str, str]:
        """Give the files of LiveKit's or Redis' configuration: a Secret, or a ConfigMap where keys are in others."""
        own = ("Secret", f"{name}-config") in self
        return self.secret(f"{name}-config") if own else dict(self["ConfigMap", name]["data"])


class _Strict(yaml.SafeLoader):
    """A loader that refuses a key that is written twice, where YAML silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"written twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def helm() -> str:
    """Find helm: the variable HELM, the PATH, or the cache of `tests/run`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alex/tools"
    cached = sorted(map(str, cache.glob("helm-*/helm")))
    found = os.environ.get("HELM") or shutil.which("helm") or (cached[-1] if cached else None)
    if not found:
        raise RuntimeError("helm is missing: start the tests with tests/run, which builds it, or set HELM")
    return found


def scenarios() -> dict[str, dict[str, Any]]:
    """Give the values of each file in `ci/` by its scenario."""
    files = sorted((CHART / "ci").glob("*-values.yaml"))
    return {file.name.removesuffix("-values.yaml"): yaml.safe_load(file.read_text()) for file in files}


def render(
    values: Values | None = None,
    *,
    release: str = "alex",
    namespace: str = "default",
    apis: tuple[str, ...] = (),
    chart: Path = CHART,
    kubernetes: str = KUBERNETES,
) -> Objects:
    """Render the chart with `values` on top of its own, and a fixed secret where none is chosen.

    `apis` are what the cluster has beside Kubernetes, such as "monitoring.coreos.com/v1/PodMonitor".
    """
    chosen = (values or {}).get("livekit", {})
    fixed = {} if chosen.get("apiSecret") or chosen.get("existingSecret") else FIXED
    given = json.dumps(merge(values or {}, fixed), sort_keys=True)
    return _objects(_template(chart, given, release, namespace, kubernetes=kubernetes, apis=apis))


def render_text(
    values: Values, *, release: str = "alex", namespace: str = "default", kubernetes: str = KUBERNETES
) -> str:
    """Render the chart to the text that `helm template` prints, with nothing added to `values`."""
    return _template(CHART, json.dumps(values, sort_keys=True), release, namespace, kubernetes=kubernetes)


def refusal(values: Values, *, kubernetes: str = KUBERNETES) -> str:
    """Give what the user reads when the chart refuses `values`, on a cluster of some version."""
    try:
        render_text(values, kubernetes=kubernetes)
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"the chart accepts {values}")


def notes(values: Values | None = None, *, release: str = "alex", namespace: str = "default") -> str:
    """Give what `helm install` prints at its end, which `helm template` leaves out: through a template of our own."""
    chart = _chart_with_notes()
    text = _template(chart, json.dumps(merge(values or {}, {}), sort_keys=True), release, namespace, "notes.yaml")
    return str(yaml.safe_load(text)["notes"])


def render_all(values: Values) -> str:
    """Render objects and notes at once, to text."""
    return _template(_chart_with_notes(), json.dumps(values, sort_keys=True), "alex", "default")


def merge(base: Values, over: Values) -> dict[str, Any]:
    """Lay one tree of values over another, as helm does with its files."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return merged


def at(values: Values, path: str) -> Any:
    """Look a dotted path up; KeyError when it is not there."""
    found: Any = values
    for key in path.split("."):
        found = found[key]
    return found


def put(path: str, value: Any) -> dict[str, Any]:
    """Make the tree that holds one value at a dotted path."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


def defaults() -> dict[str, Any]:
    """Give the chart's own values."""
    return dict(yaml.safe_load((CHART / "values.yaml").read_text()))


def leaves(tree: Values, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Walk the settings of a tree of values: dotted path and value; lists and empty maps are settings."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@functools.cache
def _objects(text: str) -> Objects:
    found = Objects()
    for document in yaml.load_all(text, Loader=_Strict):
        if document:
            key = (document["kind"], document["metadata"]["name"])
            if key in found:
                raise AssertionError(f"{key} is rendered twice")
            found[key] = document
    return found


@functools.cache
def _template(
    chart: Path,
    values: str,
    release: str,
    namespace: str,
    only: str = "",
    kubernetes: str = KUBERNETES,
    apis: tuple[str, ...] = (),
) -> str:
    command = [helm(), "template", release, str(chart), "--namespace", namespace, "--kube-version", kubernetes]
    command += ["--values", "-", *(["--show-only", f"templates/{only}"] if only else [])]
    command += [word for api in apis for word in ("--api-versions", api)]
    done = subprocess.run(command, input=values, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


@functools.cache
def _chart_with_notes() -> Path:
    copy = Path(_temporary().name) / "alex"
    shutil.copytree(CHART, copy)
    template = 'notes: {{ include (print $.Template.BasePath "/NOTES.txt") . | toJson }}\n'
    (copy / "templates" / "notes.yaml").write_text(template)
    return copy


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="alex-chart-")
