"""Hold a ScaledObject against KEDA's own definitions, which `k8s/local/build-tools keda-crds` puts into the cache."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from chart.render import Object

FETCH = "start the tests with tests/run, or fetch it with k8s/local/build-tools keda-crds"


def validate(thing: Object) -> None:
    """Check an object of KEDA's API group, and the metadata of its triggers, which KEDA itself reads only later.

    Raises:
        jsonschema.ValidationError: a field is unknown, missing or of a wrong type; the API server would drop an unknown
            one without a word.

    """
    jsonschema.Draft202012Validator(_definition(thing["kind"], thing["apiVersion"])).validate(thing)
    for trigger in thing["spec"]["triggers"]:
        jsonschema.Draft202012Validator(_scaler(trigger["type"])).validate(trigger["metadata"])


@functools.cache
def _definition(kind: str, api_version: str) -> dict[str, Any]:
    group, version = api_version.split("/")
    text = (_folder() / "config/crd/bases" / f"{group}_{kind.lower()}s.yaml").read_text()
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


@functools.cache
def _scaler(kind: str) -> dict[str, Any]:
    scalers = json.loads((_folder() / "schema/generated/scalers-schema.json").read_text())["scalers"]
    found = [scaler["parameters"] for scaler in scalers if scaler["type"] == kind]
    if not found:
        raise jsonschema.ValidationError(f"KEDA has no trigger of type {kind}")
    given = [parameter for parameter in found[0] if parameter.get("metadataVariableReadable")]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            each["name"]: {"type": "string", **({"enum": each["allowedValue"]} if "allowedValue" in each else {})}
            for each in given
        },
        "required": [each["name"] for each in given if not each.get("optional") and "default" not in each],
    }


def _folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alex/tools"
    found = sorted(cache.glob("keda-crds-*"))
    if not found:
        raise RuntimeError(f"KEDA's definitions are missing: {FETCH}")
    return found[-1]
