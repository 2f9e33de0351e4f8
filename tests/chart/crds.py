"""Hold an object of somebody else's API against its definition, which `k8s/local/build-tools` puts into the cache."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from chart.render import Object

# API group → the tool of build-tools that fetches it, and the folder of its definitions in there.
SOURCES = {
    "keda.sh": ("keda-crds", "config/crd/bases"),
    "monitoring.coreos.com": ("prometheus-operator-crds", "example/prometheus-operator-crd"),
    "gateway.networking.k8s.io": ("gateway-crds", "config/crd/standard"),
    "cert-manager.io": ("cert-manager-crds", "deploy/crds"),
    "external-secrets.io": ("external-secrets-crds", "config/crds/bases"),
}


def known(thing: Object) -> bool:
    """Tell whether the kind of an object is defined here, and not by Kubernetes itself."""
    return thing["apiVersion"].split("/")[0] in SOURCES


def validate(thing: Object) -> None:
    """Check an object as the API server would, and a little more strictly.

    Raises:
        jsonschema.ValidationError: a field is unknown, missing or of a wrong type; the API server would drop an unknown
            one without a word.

    """
    jsonschema.Draft202012Validator(_definition(thing["kind"], thing["apiVersion"])).validate(thing)


def folder(tool: str) -> Path:
    """Find what a tool of build-tools fetched."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alex/tools"
    found = sorted(cache.glob(f"{tool}-*"))
    if not found:
        raise RuntimeError(f"{tool} is missing: start the tests with tests/run, or run k8s/local/build-tools {tool}")
    return found[-1]


@functools.cache
def _definition(kind: str, api_version: str) -> dict[str, Any]:
    group, version = api_version.split("/")
    tool, place = SOURCES[group]
    text = (folder(tool) / place / f"{group}_{kind.lower()}s.yaml").read_text()
    schemas = {known["name"]: known["schema"] for known in yaml.safe_load(text)["spec"]["versions"]}
    definition = _strict(schemas[version]["openAPIV3Schema"])
    definition["properties"]["metadata"] = {"type": "object", "required": ["name"]}  # Kubernetes' own
    return definition


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Refuse fields that are not written down, which the API server would drop."""
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {name: _strict(child) for name, child in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            closed.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            closed[key] = _strict(schema[key])
    return closed
