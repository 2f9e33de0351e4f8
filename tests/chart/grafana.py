"""Grafana's own types of a dashboard, held against a dashboard.

Grafana ignores what it does not know and breaks on what it does not expect, both without a word. Its types (the package
grafana-foundation-sdk, made from Grafana's own schemas) take a dashboard apart; what does not come back was not known,
and each value is compared with the type that is written down for it.
"""

from __future__ import annotations

import enum
import json
import typing
from collections.abc import Iterator
from types import UnionType
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as grafana

register_default_plugins()


def complaints(dashboard: dict[str, Any]) -> list[str]:
    """List everything in which a dashboard is not one of Grafana's."""
    taken = grafana.Dashboard.from_json(dashboard)
    back = json.loads(json.dumps(taken, cls=JSONEncoder))
    return [*_unknown(dashboard, back, ""), *_wrong(taken, "")]


def _unknown(ours: Any, back: Any, path: str) -> Iterator[str]:
    """List what did not come back."""
    if isinstance(ours, dict) and isinstance(back, dict):
        for key, value in ours.items():
            if key not in back:
                yield f"{path}.{key}: unknown"
            else:
                yield from _unknown(value, back[key], f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(back, list) and len(ours) == len(back):
        for number, (one, other) in enumerate(zip(ours, back, strict=True)):
            yield from _unknown(one, other, f"{path}[{number}]")
    elif ours != back:
        yield f"{path}: {ours!r} came back as {back!r}"


def _wrong(thing: Any, path: str) -> Iterator[str]:
    """List the fields of one of Grafana's objects whose value is not of their type."""
    for name, hint in typing.get_type_hints(type(thing)).items():
        yield from _mismatches(getattr(thing, name), hint, f"{path}.{name}")


def _mismatches(value: Any, hint: Any, path: str) -> Iterator[str]:
    """Compare a value with a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is object:
        if hasattr(value, "to_json"):
            yield from _wrong(value, path)
    elif origin in (typing.Union, UnionType):
        choices = [choice for choice in arguments if choice is not type(None) or value is None]
        found = [list(_mismatches(value, choice, path)) for choice in choices]
        if all(found):
            # Of several possible types that one is meant which fits best.
            yield from min(found, key=len)
    elif origin in (list, dict):
        yield from _mismatches_inside(value, origin, arguments[-1], path)
    elif origin is typing.Literal:
        if value not in arguments:
            yield f"{path}: {value!r} is none of {arguments}"
    else:
        yield from _mismatch_of_class(value, hint, path)


def _mismatches_inside(value: Any, kind: type, hint: Any, path: str) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f"{path}: {value!r} is no {kind.__name__}"
        return
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _mismatches(one, hint, f"{path}[{key}]")


def _mismatch_of_class(value: Any, hint: type, path: str) -> Iterator[str]:
    if issubclass(hint, enum.Enum):
        if value not in list(hint):
            yield f"{path}: {value!r} is none of {[one.value for one in hint]}"
    elif hint in (int, float):
        if isinstance(value, bool) or not isinstance(value, int if hint is int else int | float):
            yield f"{path}: {value!r} is no number"
    elif hasattr(hint, "from_json"):
        # Some objects are left as they came: take them apart as well.
        if isinstance(value, dict):
            taken = hint.from_json(value)
            back = json.loads(json.dumps(taken, cls=JSONEncoder))
            yield from _unknown(value, back, path)
            yield from _wrong(taken, path)
        elif isinstance(value, hint):
            yield from _wrong(value, path)
        else:
            yield f"{path}: {type(value).__name__} is no {hint.__name__}"
    elif not isinstance(value, hint):
        yield f"{path}: {value!r} is no {hint.__name__}"
