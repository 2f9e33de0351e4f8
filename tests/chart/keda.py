"""Hold a ScaledObject against KEDA's own definitions, down to the metadata of its triggers."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema
from chart import crds
from chart.render import Object


def validate(thing: Object) -> None:
    """Check an object of KEDA's API group, and the metadata of its triggers, which KEDA itself reads only later.

    Raises:
        jsonschema.ValidationError: a field is unknown, missing or of a wrong type.

    """
    crds.validate(thing)
    for trigger in thing["spec"]["triggers"]:
        jsonschema.Draft202012Validator(_scaler(trigger["type"])).validate(trigger["metadata"])


@functools.cache
def _scaler(kind: str) -> dict[str, Any]:
    text = (crds.folder("keda-crds") / "schema/generated/scalers-schema.json").read_text()
    found = [scaler["parameters"] for scaler in json.loads(text)["scalers"] if scaler["type"] == kind]
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
