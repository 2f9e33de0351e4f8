from __future__ import annotations

from typing import Any

import pytest
import yaml
from chart.render import Objects, render, scenarios

NODE: dict[str, Any] = {"livekit": {"exposure": "address", "address": "203.0.113.10", "service": {"type": "NodePort"}}}
BALANCED: dict[str, Any] = {"livekit": {"exposure": "address", "address": "203.0.113.10"}}


def config(objects: Objects) -> dict[str, Any]:
    return dict(yaml.safe_load(objects.configuration("alex-livekit")["config.yaml"]))


def service(objects: Objects) -> dict[str, Any]:
    return dict(objects["Service", "alex-livekit"]["spec"])


def container(objects: Objects) -> dict[str, Any]:
    return dict(objects["Deployment", "alex-livekit"]["spec"]["template"]["spec"]["containers"][0])


def test_a_port_forward_finds_a_candidate_on_loopback() -> None:
    """A forwarded server offers loopback and its pod's address, and no fixed one that would lock agents out."""
    rtc = config(render())["rtc"]

    assert rtc["enable_loopback_candidate"] is True
    assert "node_ip" not in rtc
    assert (rtc["tcp_port"], rtc["udp_port"]) == (7881, 7882)
    assert service(render())["type"] == "ClusterIP"


def test_an_address_is_the_only_candidate() -> None:
    """With an address the server offers exactly that one, and no loopback."""
    for values in (NODE, BALANCED):
        rtc = config(render(values))["rtc"]
        assert rtc["node_ip"] == "203.0.113.10"
        assert "enable_loopback_candidate" not in rtc


@pytest.mark.parametrize("values", [{}, NODE, BALANCED])
def test_neither_exposure_forces_tcp(values: dict[str, Any]) -> None:
    """Agents keep UDP: forcing TCP beside an address keeps them from ever connecting."""
    assert "force_tcp" not in config(render(values))["rtc"]


@pytest.mark.parametrize("values", [{}, NODE, BALANCED])
def test_nobody_is_sent_to_a_public_stun_server(values: dict[str, Any]) -> None:
    """STUN is set and stays on loopback, for an empty list means servers on the internet, for callers too."""
    rtc = config(render(values))["rtc"]

    assert rtc["stun_servers"] == ["127.0.0.1:3478"]
    assert rtc["use_external_ip"] is False


def test_node_ports_are_the_numbers_that_candidates_name() -> None:
    """A NodePort for media has the number that the server listens on and tells browsers."""
    objects = render(NODE)
    rtc, ports = config(objects)["rtc"], {port["name"]: port for port in service(objects)["ports"]}
    listening = {port["name"]: port["containerPort"] for port in container(objects)["ports"]}

    assert ports["media-tcp"]["nodePort"] == rtc["tcp_port"] == listening["media-tcp"] == 30881
    assert ports["media-udp"]["nodePort"] == rtc["udp_port"] == listening["media-udp"] == 30882
    assert ports["signal"]["nodePort"] == 30880
    assert ports["media-udp"]["protocol"] == "UDP"


def test_a_load_balancer_keeps_the_ports() -> None:
    """Through a load balancer the ports are those that the server listens on, with the annotations a cloud reads."""
    values = {"livekit": {**BALANCED["livekit"], "service": {"annotations": {"example.com/ip": "fixed"}}}}
    objects = render(values)

    assert service(objects)["type"] == "LoadBalancer"
    assert [port["port"] for port in service(objects)["ports"]] == [7880, 7881, 7882]
    assert all("nodePort" not in port for port in service(objects)["ports"])
    assert objects["Service", "alex-livekit"]["metadata"]["annotations"] == {"example.com/ip": "fixed"}


def test_only_web_creates_rooms() -> None:
    """A token cannot create a room, an unused room ends soon, and a full agent is not asked."""
    found = config(render())

    assert found["room"] == {"auto_create": False, "empty_timeout": 20, "departure_timeout": 20}
    assert found["agents"] == {"target_load": 0.7}
    assert found["prometheus"] == {"port": 6789}


def test_a_restart_lets_calls_end() -> None:
    """The old server drains as long as an agent does, while a new one is already there."""
    spec = render({"agent": {"drainSeconds": 600}})["Deployment", "alex-livekit"]["spec"]

    assert spec["replicas"] == 1
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 720
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_a_changed_configuration_replaces_the_server() -> None:
    """The server reads its configuration at start, so its checksum is on the pod."""

    def annotations(values: dict[str, Any]) -> dict[str, str]:
        return dict(render(values)["Deployment", "alex-livekit"]["spec"]["template"]["metadata"]["annotations"])

    assert annotations({})["checksum/config"] != annotations(NODE)["checksum/config"]


def test_somebody_elses_server_leaves_none_of_ours() -> None:
    """With a remote LiveKit nothing of a server is rendered."""
    objects = render(scenarios()["remote-livekit"])

    assert not [key for key in objects if key[1] == "alex-livekit"]


def test_signalling_can_go_through_an_ingress() -> None:
    """An https page needs wss: the Ingress carries signalling to the server's signal port."""
    ingress = render(scenarios()["address"])["Ingress", "alex-livekit"]["spec"]

    assert ingress["rules"][0]["http"]["paths"][0]["backend"]["service"] == {
        "name": "alex-livekit",
        "port": {"name": "signal"},
    }
    assert ingress["tls"][0]["hosts"] == ["livekit.example.com"]


def test_server_tells_web_what_happens() -> None:
    """The server's webhooks go to web, signed with the key pair both have, whoever made it."""
    for values, key in (({}, "alex"), ({"livekit": {"existingSecret": "mine"}}, "${LIVEKIT_API_KEY}")):
        webhook = config(render(values))["webhook"]

        assert webhook == {"api_key": key, "urls": ["http://alex-web:8080/api/livekit"]}


@pytest.mark.parametrize(
    "second", [{"apiKey": "next", "apiSecret": "2" * 32}, {"existingSecret": "alex-livekit-second"}]
)
def test_a_second_key_is_known_to_everybody(second: dict[str, str]) -> None:
    """Server, web and agents read a second pair from one Secret, and are replaced when it comes, changes or goes."""
    before, after = render(), render({"livekit": {"second": second}})

    for name in ("alex-livekit", "alex-web", "alex-agent"):
        template = after["Deployment", name]["spec"]["template"]
        checksums = [
            objects["Deployment", name]["spec"]["template"]["metadata"]["annotations"] for objects in (before, after)
        ]
        mounts = "alex-livekit-config" if name == "alex-livekit" and "apiKey" in second else "alex-livekit-second"
        assert mounts in str(template)
        assert "alex-livekit-second" not in str(before["Deployment", name])
        assert checksums[0]["checksum/livekit-key"] != checksums[1]["checksum/livekit-key"]
    assert len(config(after)["keys"]) == len(config(before)["keys"]) + 1
    assert (("Secret", "alex-livekit-second") in after) == ("apiKey" in second)
