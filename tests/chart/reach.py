"""Tell who may open a connection to whom, by rendered NetworkPolicies, as a network plugin would judge."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from chart.render import Object, Objects


@dataclass(frozen=True)
class Place:
    """An end of a connection: a pod with its labels and namespace, or an address outside of the cluster."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    address: str = ""


def pods(objects: Objects, namespace: str = "default") -> dict[str, Place]:
    """Give the pods that a release makes, by component."""
    makers = [
        thing["spec"]["template"] for kind in ("Deployment", "StatefulSet") for thing in objects.of(kind).values()
    ]
    found = {}
    for pod in [*makers, *objects.of("Pod").values()]:
        labels = pod["metadata"]["labels"]
        component = labels["app.kubernetes.io/component"]
        found[component] = Place(component, labels, namespace)
    return found


def may(objects: Objects, source: Place, to: Place, port: int, protocol: str = "TCP") -> bool:
    """Tell whether a connection passes the policies of both ends."""
    policies = list(objects.of("NetworkPolicy").values())
    out = _passes(policies, source, to, port, protocol, "egress", "to")
    return out and _passes(policies, to, source, port, protocol, "ingress", "from")


def _passes(policies: list[Object], own: Place, other: Place, port: int, protocol: str, way: str, key: str) -> bool:
    here = [policy["spec"] for policy in policies if own.namespace == "default" and _selects(policy["spec"], own)]
    if not here:  # nobody holds a pod back that no policy selects
        return True
    rules = [rule for spec in here for rule in spec[way]]
    return any(_peer(rule.get(key), other) and _port(rule.get("ports"), port, protocol) for rule in rules)


def _selects(spec: dict[str, Any], place: Place) -> bool:
    return _matches(spec["podSelector"], place.labels)


def _peer(peers: list[dict[str, Any]] | None, place: Place) -> bool:
    return not peers or any(_is(peer, place) for peer in peers)


def _is(peer: dict[str, Any], place: Place) -> bool:
    if "ipBlock" in peer:
        inside = bool(place.address)
        return inside and ipaddress.ip_address(place.address) in ipaddress.ip_network(peer["ipBlock"]["cidr"])
    if not place.namespace:
        return False
    if "namespaceSelector" in peer:
        near = _matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": place.namespace})
    else:
        near = place.namespace == "default"
    return near and _matches(peer.get("podSelector", {}), place.labels)


def _matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    expressions = selector.get("matchExpressions", [])
    assert all(expression["operator"] == "In" for expression in expressions)
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(expression["key"]) in expression["values"] for expression in expressions
    )


def _port(ports: list[dict[str, Any]] | None, port: int, protocol: str) -> bool:
    return not ports or any(each["protocol"] == protocol and each.get("port", port) == port for each in ports)
