"""The bundled Redis, somebody else's, and the LiveKit nodes that find each other through it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from chart.render import Objects, merge, put, render, scenarios

NODES = scenarios()["nodes"]
PASSWORD = "a-password-for-tests"
OURS: dict[str, Any] = {"redis": {"enabled": True, "password": PASSWORD}}
THEIRS: dict[str, Any] = {"redis": {"address": "redis.example.com:6380", "tls": True, "existingSecret": "redis-login"}}


def configs(objects: Objects) -> dict[str, dict[str, Any]]:
    """Give the configuration of each LiveKit server by its file."""
    return {name: yaml.safe_load(text) for name, text in objects.configuration("alex-livekit").items()}


def server(objects: Objects) -> dict[str, Any]:
    """Give the container of the LiveKit servers."""
    return dict(objects.pods()["alex-livekit"]["containers"][0])


def test_one_node_needs_no_redis() -> None:
    """Without values there is no Redis, one server in a Deployment, and nothing that speaks of either."""
    objects = render()

    assert ("Deployment", "alex-livekit") in objects
    assert not [key for key in objects if "redis" in key[1] or key[0] == "StatefulSet"]
    assert "redis" not in str(objects["Deployment", "alex-livekit"])
    assert "redis" not in configs(objects)["config.yaml"]


def test_agents_know_no_redis() -> None:
    """Any number of agent pods works without Redis: none of theirs is told of it."""
    objects = render(NODES)

    for name in ("alex-agent", "alex-offline"):
        assert "redis" not in str(objects["Deployment", name]).lower()


def web(values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Give the environment of web that speaks of Redis, and the Secrets it mounts."""
    pod = render(values).pods()["alex-web"]
    variables = {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"] if "REDIS" in entry["name"]}
    [keys] = [volume["projected"]["sources"] for volume in pod["volumes"] if "projected" in volume]
    return variables, [source["secret"]["name"] for source in keys]


def test_web_counts_in_redis_where_there_is_one() -> None:
    """Web pods are told of the bundled Redis or of somebody else's, with LiveKit here or elsewhere, or of none."""
    remote = {"livekit": {"enabled": False, "url": "wss://lk.example.com", "existingSecret": "lk"}}
    password = "/etc/alex/keys/REDIS_PASSWORD"
    ours = {"ALEX_REDIS_ADDRESS": "alex-redis:6379", "ALEX_REDIS_TLS": "false", "ALEX_REDIS_PASSWORD_FILE": password}
    theirs = {"ALEX_REDIS_ADDRESS": "redis.example.com:6380", "ALEX_REDIS_TLS": "true"}

    assert web({}) == ({}, ["alex-livekit"] * 2)
    assert web(OURS) == web(merge(NODES, OURS)) == (ours, ["alex-livekit"] * 2 + ["alex-redis"])
    assert web(THEIRS) == ({**theirs, "ALEX_REDIS_PASSWORD_FILE": password}, ["alex-livekit"] * 2 + ["redis-login"])
    assert web(merge(remote, OURS)) == (ours, ["lk"] * 2 + ["alex-redis"])
    assert "ALEX_REDIS_PASSWORD_FILE" not in web({"redis": {"address": "redis:6379"}})[0]


def test_each_node_is_reached_by_ports_of_its_own() -> None:
    """Every server of several listens on two node ports, tells browsers so, and has a Service to it alone."""
    objects = render(merge(NODES, put("livekit.replicas", 3)))
    ports = set()

    assert objects["StatefulSet", "alex-livekit"]["spec"]["replicas"] == 3
    for node in range(3):
        name = f"alex-livekit-{node}"
        rtc = configs(objects)[f"{name}.yaml"]["rtc"]
        service = objects["Service", name]["spec"]
        assert service["type"] == "NodePort"
        assert service["selector"]["statefulset.kubernetes.io/pod-name"] == name
        # Nothing translates them, for the server tells browsers the number it listens on.
        for port, chosen in zip(service["ports"], (rtc["tcp_port"], rtc["udp_port"]), strict=True):
            assert port["port"] == port["nodePort"] == chosen
            assert "targetPort" not in port
            ports.add(chosen)
        assert rtc["node_ip"] == "203.0.113.10"
    assert ports == {30881, 30882, 30883, 30884, 30885, 30886}
    [signal] = objects["Service", "alex-livekit"]["spec"]["ports"]
    assert signal["nodePort"] == 30880


def test_each_pod_takes_its_own_configuration() -> None:
    """The pods of the StatefulSet differ in the file they read, which has the pod's name."""
    container = server(render(NODES))

    assert container["args"] == ["--config", "/etc/livekit/$(POD_NAME).yaml"]
    assert {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}} in container["env"]


def test_another_node_restarts_none() -> None:
    """The pods are the same with one server more, so adding one cuts no call."""

    def template(replicas: int) -> dict[str, Any]:
        values = merge(merge(NODES, put("livekit.replicas", replicas)), OURS)
        return dict(render(values)["StatefulSet", "alex-livekit"]["spec"]["template"])

    assert template(2) == template(3)


@pytest.mark.parametrize(("values", "address"), [(OURS, "alex-redis:6379"), (THEIRS, "redis.example.com:6380")])
def test_nodes_are_told_where_redis_is(values: dict[str, Any], address: str) -> None:
    """Address, TLS and password are in the configuration of every server, the last by its file if it is elsewhere."""
    objects = render(merge(merge(NODES, put("redis.enabled", False)), values))

    for config in configs(objects).values():
        assert config["redis"]["address"] == address
        assert config["redis"].get("tls") == ({"enabled": True} if values is THEIRS else None)
        assert config["redis"]["password"] == (PASSWORD if values is OURS else "${REDIS_PASSWORD}")
        assert config["node_selector"]["sort_by"] == "rooms"
    assert (("Deployment", "alex-redis") in objects) == (values is OURS)


def test_a_redis_without_a_password_is_asked_without_one() -> None:
    """Somebody else's Redis may need no password."""
    objects = render({"redis": {"address": "redis:6379"}})

    assert "password" not in configs(objects)["config.yaml"]["redis"]
    assert "REDIS_PASSWORD" not in str(objects.pods()["alex-livekit"])
    assert ("Secret", "alex-redis") not in objects


def test_an_absent_redis_ends_no_call() -> None:
    """The answer that goes through Redis decides about new calls alone: it never restarts a server that has some."""
    with_redis, without = server(render(OURS)), server(render())

    assert with_redis["livenessProbe"]["httpGet"] == {"path": "/metrics", "port": "metrics"}
    assert without["livenessProbe"]["httpGet"] == {"path": "/", "port": "signal"}
    assert with_redis["readinessProbe"] == without["readinessProbe"]


@pytest.mark.parametrize(("nodes", "empty", "alone"), [(1, "20", "15"), (2, "3720", "30")])
def test_a_room_survives_its_node(nodes: int, empty: str, alone: str) -> None:
    """With several nodes neither LiveKit nor agent closes a room that changed its node before its caller is back."""
    objects = render(merge(NODES, put("livekit.replicas", nodes)))

    def variables(component: str) -> dict[str, Any]:
        [container] = objects.pods()[f"alex-{component}"]["containers"]
        return {entry["name"]: entry.get("value") for entry in container["env"]}

    assert variables("web")["ALEX_ROOM_EMPTY_SECONDS"] == empty
    assert variables("agent")["ALEX_ALONE_SECONDS"] == alone


def test_there_is_never_a_second_redis() -> None:
    """A rollout ends the old one first: two at a time would each know half of the nodes."""
    spec = render(OURS)["Deployment", "alex-redis"]["spec"]

    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
