"""Hold an object against the schema of its kind in a version of Kubernetes, or of whoever brings the kind.

The schemas are those in the package kubernetes-validate; each is read once here, and each object checked once, for
most scenarios differ in few of them.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from typing import Any

import jsonschema
from chart import crds, keda
from chart.render import Object
from referencing import Registry, Resource

_SCHEMAS = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"


def validate(thing: Object, version: str) -> None:
    """Check an object strictly, on Kubernetes `version` such as "1.34".

    Raises:
        jsonschema.ValidationError: a field is unknown, missing or of a wrong type.

    """
    if thing["apiVersion"].startswith("keda.sh/"):
        keda.validate(thing)
    elif crds.known(thing):
        crds.validate(thing)
    else:
        _once(json.dumps(thing, sort_keys=True), version)


@functools.cache
def _once(text: str, version: str) -> None:
    thing = json.loads(text)
    _validator(thing["kind"], thing["apiVersion"], version).validate(thing)


@functools.cache
def _validator(kind: str, api_version: str, version: str) -> jsonschema.Draft202012Validator:
    # The files leave the domain of a group out: rbac.authorization.k8s.io/v1 is rbac-v1.
    short = re.sub(r"^([^./]*)(\.[^/]*)?/", r"\1-", api_version)
    schema = _read(f"{kind.lower()}-{short}.json", version)
    registry = Resource.from_contents(schema) @ _definitions(version)
    return jsonschema.Draft202012Validator(schema, registry=registry)


@functools.cache
def _definitions(version: str) -> Registry[Any]:
    return Resource.from_contents(_read("_definitions.json", version)) @ Registry()


def _read(name: str, version: str) -> dict[str, Any]:
    file = _SCHEMAS / f"v{version}.0-local-strict" / name
    read: dict[str, Any] = json.loads(file.read_text())
    return read
