"""The further ways to LiveKit: a Gateway, TURN inside TLS, and the network of the node."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stack
import yaml
from chart.render import Objects, merge, notes, put, render
from chart.scenarios import every
from chart.turn import Relay
from livekit import api
from livekit.protocol.rtc import SignalResponse

GATEWAY = every()["gateway"].values
TURN = every()["turn"].values
HOST = every()["host-network"].values
SECRET = "a-secret-for-tests-of-forty-characters-1"


def config(objects: Objects, name: str = "config.yaml") -> dict[str, Any]:
    return dict(yaml.safe_load(objects.configuration("alex-livekit")[name]))


def environment(objects: Objects, deployment: str) -> dict[str, Any]:
    [container] = objects["Deployment", deployment]["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}


def test_a_gateway_has_page_and_signalling_on_one_host() -> None:
    """One route takes both: what browsers ask of LiveKit by its path, and all else to the page."""
    objects = render(GATEWAY)
    spec = objects["HTTPRoute", "alex-web"]["spec"]
    ways = [(rule["matches"][0]["path"]["value"], rule["backendRefs"][0]) for rule in spec["rules"]]

    assert spec["hostnames"] == ["alex.example.com"]
    assert spec["parentRefs"][0]["name"] == "public"
    assert ways == [("/rtc", {"name": "alex-livekit", "port": 7880}), ("/", {"name": "alex-web", "port": 8080})]
    assert environment(objects, "alex-web")["ALEX_PUBLIC_LIVEKIT_URL"] == "wss://alex.example.com"
    assert "open https://alex.example.com" in notes(GATEWAY)


def test_ingresses_share_a_host() -> None:
    """On one host signalling takes its path and the page the rest; on two each has a whole host."""
    for scenario, path in (("one-host", "/rtc"), ("address", "/")):
        objects = render(every()[scenario].values)
        rules = {name: thing["spec"]["rules"][0] for name, thing in objects.of("Ingress").items()}

        assert rules["alex-livekit"]["http"]["paths"][0]["path"] == path
        assert rules["alex-web"]["http"]["paths"][0]["path"] == "/"
    one = environment(render(every()["one-host"].values), "alex-web")
    assert one["ALEX_PUBLIC_LIVEKIT_URL"] == "wss://alex.example.com"


def test_a_gateway_alone_has_only_the_page() -> None:
    """With a LiveKit of somebody else the route leads to the page alone."""
    remote = {"livekit": {"enabled": False, "url": "wss://lk.example.com", "existingSecret": "keys"}}
    objects = render({"gateway": GATEWAY["gateway"], **remote})

    assert len(objects["HTTPRoute", "alex-web"]["spec"]["rules"]) == 1
    assert environment(objects, "alex-web")["ALEX_PUBLIC_LIVEKIT_URL"] == "wss://lk.example.com"


def test_the_node_takes_media_itself() -> None:
    """In its node's network the server tells that node's address, and never has to stand beside another one."""
    objects = render(HOST)
    deployment = objects["Deployment", "alex-livekit"]["spec"]
    pod = deployment["template"]["spec"]

    assert (pod["hostNetwork"], pod["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    assert {"name": "NODE_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}} in pod["containers"][0]["env"]
    assert not {"node_ip", "enable_loopback_candidate"} & config(objects)["rtc"].keys()
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}
    assert [port["name"] for port in objects["Service", "alex-livekit"]["spec"]["ports"]] == ["signal"]
    assert objects["Service", "alex-livekit"]["spec"]["type"] == "ClusterIP"
    assert "7882 (UDP)" in notes(HOST)


def test_only_the_server_leaves_its_pods_network() -> None:
    """The opt-in is about LiveKit: every other pod stays in a network of its own."""
    assert [name for name, pod in render(HOST).pods().items() if pod.get("hostNetwork")] == ["alex-livekit"]


def test_a_public_address_of_the_node_is_told() -> None:
    """Where a node has a public address in front, the server tells that one instead of its own."""
    objects = render(merge(HOST, put("livekit.address", "203.0.113.10")))

    assert config(objects)["rtc"]["node_ip"] == "203.0.113.10"
    assert "NODE_IP" not in environment(objects, "alex-livekit")


def test_several_servers_each_tell_their_node() -> None:
    """Several servers in their nodes' networks have the same ports and one Service, for signalling."""
    objects = render(merge(HOST, {"livekit": {"replicas": 2}, "redis": {"enabled": True}}))
    data = objects.configuration("alex-livekit")

    assert len(set(data.values())) == 1
    assert [name for name in objects.of("Service") if "livekit" in name] == ["alex-livekit"]


def test_turn_leads_from_443_to_the_server() -> None:
    """Browsers are sent to port 443 of the host, which the Service leads to the port that the server listens on."""
    objects = render(TURN)
    ports = {port["name"]: port for port in objects["Service", "alex-livekit"]["spec"]["ports"]}
    [container] = objects["Deployment", "alex-livekit"]["spec"]["template"]["spec"]["containers"]
    listens = {port["name"]: port["containerPort"] for port in container["ports"]}

    assert (ports["turn"]["port"], ports["turn"]["targetPort"]) == (443, "turn")
    assert listens["turn"] == config(objects)["turn"]["tls_port"]
    assert config(objects)["turn"]["domain"] == "turn.example.com"
    assert "port 443 of turn.example.com has to lead to service alex-livekit" in notes(TURN)
    assert "has to lead to node port 30879" in notes(every()["production"].values)


def test_turn_opens_no_way_but_to_the_server() -> None:
    """The relay passes on to the server's own address, private or not, and to no other of IPv4."""
    turn = config(render(TURN))["turn"]
    denied = {ipaddress.ip_network(network) for network in turn["deny_peer_cidrs"]}
    own = ipaddress.IPv4Network("203.0.113.10/32")

    assert turn["allow_restricted_peer_cidrs"] == [str(own)]
    assert denied == set(ipaddress.IPv4Network("0.0.0.0/0").address_exclude(own))
    six = config(render(merge(TURN, put("livekit.address", "2001:db8::10"))))["turn"]
    assert (six["allow_restricted_peer_cidrs"], six["deny_peer_cidrs"]) == (["2001:db8::10/128"], ["0.0.0.0/0"])
    assert six["bind_addresses"] == ["::"]


def test_every_server_of_several_relays() -> None:
    """With several servers each has TURN, behind one port of the nodes."""
    objects = render(every()["production"].values)

    for node in (0, 1):
        assert config(objects, f"alex-livekit-{node}.yaml")["turn"]["tls_port"] == 5349
    ports = {port["name"]: port for port in objects["Service", "alex-livekit"]["spec"]["ports"]}
    assert ports["turn"]["nodePort"] == 30879


def test_cert_manager_makes_the_certificate_that_is_mounted() -> None:
    """The Certificate writes the Secret that the server mounts, for the host that it tells."""
    objects = render(TURN)
    spec = objects["Certificate", "alex-livekit-turn"]["spec"]
    volumes = {volume["name"]: volume for volume in objects.pods()["alex-livekit"]["volumes"]}
    mounted = volumes["turn"]["projected"]["sources"]

    assert {source["secret"]["name"] for source in mounted} == {spec["secretName"]}
    assert [item["path"] for source in mounted for item in source["secret"]["items"]] == ["tls.crt", "tls.key"]
    assert spec["dnsNames"] == ["turn.example.com"]
    assert not render(merge(TURN, put("livekit.turn.issuer", ""))).of("Certificate")


@contextlib.contextmanager
def running(chosen: dict[str, Any], folder: Path, **environment: str) -> Iterator[stack.Program]:
    """Run the real livekit-server with a rendered configuration, on free ports and loopback instead of a pod's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        chosen["rtc"] |= {"tcp_port": stack.free_port(), "udp_port": udp.getsockname()[1]}
    chosen |= {"port": stack.free_port(), "prometheus": {"port": stack.free_port()}, "bind_addresses": ["127.0.0.1"]}
    chosen["keys"] = {"alex": SECRET}
    del chosen["webhook"]  # there is no web
    (folder / "config.yaml").write_text(yaml.safe_dump(chosen))
    program = stack.Program(
        "livekit",
        [stack.livekit_server(), "--config", str(folder / "config.yaml")],
        {"PATH": "/usr/bin:/bin", **environment},
        folder / "livekit.log",
        f"http://127.0.0.1:{chosen['port']}/",
    )
    program.start()
    try:
        program.wait_ready()
        yield program
    finally:
        program.stop(signal.SIGKILL)  # asked politely it takes half a minute over its TURN listener


def test_the_real_server_tells_the_address_of_its_node(tmp_path: Path) -> None:
    """The variable that the pod sets to its node's address is what the real server goes by."""
    with running(config(render(HOST)), tmp_path, NODE_IP="192.0.2.77") as program:
        log = program.log.read_text()

    assert "192.0.2.77" in log


@pytest.fixture(name="server")
def _server(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Run one that relays, with a certificate of its own."""
    chosen = config(render(merge(TURN, put("livekit.address", "127.0.0.1"))))
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    command += " -subj /CN=turn.example.com -addext subjectAltName=DNS:turn.example.com -keyout tls.key -out tls.crt"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    files = {"cert_file": str(tmp_path / "tls.crt"), "key_file": str(tmp_path / "tls.key")}
    chosen["turn"] |= {"tls_port": stack.free_port(), "bind_addresses": ["127.0.0.1"], **files}
    with running(chosen, tmp_path):
        yield chosen


async def told(port: int) -> Any:
    """Join a room as a browser does, and give the relays that the server tells it."""
    async with api.LiveKitAPI(f"http://127.0.0.1:{port}", "alex", SECRET) as livekit:
        await livekit.room.create_room(api.CreateRoomRequest(name="room"))
    grants = api.VideoGrants(room_join=True, room="room")
    token = api.AccessToken("alex", SECRET).with_identity("caller").with_grants(grants).to_jwt()
    url = f"http://127.0.0.1:{port}/rtc?access_token={token}&protocol=15"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as signalling:
        answer = SignalResponse.FromString(await signalling.receive_bytes(timeout=10))
    return answer.join.ice_servers


async def test_the_real_server_relays_to_itself_and_nowhere_else(server: dict[str, Any], tmp_path: Path) -> None:
    """A caller is told of TURN inside TLS on port 443, gets a place there by name, and a way to the media alone."""
    [relay] = [each for each in await told(server["port"]) if any(url.startswith("turns:") for url in each.urls)]
    port, certificate = server["turn"]["tls_port"], tmp_path / "tls.crt"
    caller = Relay.reach(port, "turn.example.com", certificate, relay.username, relay.credential)
    stranger = Relay.reach(port, "turn.example.com", certificate)
    try:
        assert list(relay.urls) == ["turns:turn.example.com:443?transport=tcp"]
        assert stranger.allocate() == 401
        assert caller.allocate() == 0
        assert caller.permit("127.0.0.1") == 0
        for other in ("127.0.0.2", "10.96.0.1", "192.168.0.1", "169.254.169.254", "198.51.100.7"):
            assert caller.permit(other) == 403, other
    finally:
        caller.close()
        stranger.close()
