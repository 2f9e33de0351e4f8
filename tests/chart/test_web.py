from __future__ import annotations

from typing import Any

import pytest
from alex_web.brand import Brand
from chart.render import Object, render, scenarios


def pod(values: dict[str, Any] | None = None) -> Object:
    found: Object = render(values)["Deployment", "alex-web"]["spec"]["template"]["spec"]
    return found


def env(values: dict[str, Any] | None = None) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in pod(values)["containers"][0]["env"]}


NODE = {"exposure": "address", "address": "203.0.113.10"}


@pytest.mark.parametrize(
    ("livekit", "url"),
    [
        ({}, "ws://localhost:7880"),
        ({**NODE, "service": {"type": "NodePort"}}, "ws://203.0.113.10:30880"),
        ({**NODE, "service": {"type": "NodePort", "nodePorts": {"signal": 31000}}}, "ws://203.0.113.10:31000"),
        (NODE, "ws://203.0.113.10:7880"),
        ({**NODE, "address": "2001:db8::1"}, "ws://[2001:db8::1]:7880"),
        ({**NODE, "ingress": {"enabled": True, "host": "lk.example.com"}}, "ws://lk.example.com"),
        (
            {**NODE, "ingress": {"enabled": True, "host": "lk.example.com", "tlsSecretName": "tls"}},
            "wss://lk.example.com",
        ),
        ({**NODE, "publicUrl": "wss://elsewhere.example.com"}, "wss://elsewhere.example.com"),
        ({"enabled": False, "url": "wss://cloud.example.com", "existingSecret": "lk"}, "wss://cloud.example.com"),
        (
            {
                "enabled": False,
                "url": "ws://lk.svc:7880",
                "publicUrl": "wss://cloud.example.com",
                "existingSecret": "lk",
            },
            "wss://cloud.example.com",
        ),
    ],
)
def test_callers_get_the_address_that_the_exposure_makes_reachable(livekit: dict[str, Any], url: str) -> None:
    """The address in a token is the one that browsers reach, whichever way LiveKit is exposed."""
    assert env({"livekit": livekit})["ALEX_PUBLIC_LIVEKIT_URL"] == url


def test_pods_keep_to_the_address_inside_the_cluster() -> None:
    """Agents and web reach LiveKit by its Service, or by the address of somebody else's server."""
    remote = {"livekit": {"enabled": False, "url": "wss://cloud.example.com", "existingSecret": "lk"}}

    assert env()["LIVEKIT_URL"] == "ws://alex-livekit:7880"
    assert env(remote)["LIVEKIT_URL"] == "wss://cloud.example.com"


def test_web_finds_the_agents_by_their_headless_service() -> None:
    """Capacity is asked at the Service that the chart makes, under any release name."""
    objects = render(release="team-a")
    container = objects["Deployment", "team-a-alex-web"]["spec"]["template"]["spec"]["containers"][0]
    pods = next(entry["value"] for entry in container["env"] if entry["name"] == "ALEX_AGENT_PODS")
    host, port = pods.split(":")

    assert ("Service", host) in objects
    assert int(port) == objects["Service", host]["spec"]["ports"][0]["port"]


def test_callers_may_choose_only_a_name_by_default() -> None:
    """What a caller decides is what the operator listed, also when that is nothing."""
    assert env()["ALEX_CALLER_MAY"] == "name"
    assert env({"web": {"callerMay": ["name", "room"]}})["ALEX_CALLER_MAY"] == "name,room"
    assert env({"web": {"callerMay": []}})["ALEX_CALLER_MAY"] == ""


def test_other_sites_are_listed_one_by_one() -> None:
    """No other site may ask for tokens until it is named."""
    sites = ["https://a.example.com", "https://b.example.com"]

    assert env()["ALEX_ALLOWED_ORIGINS"] == ""
    assert env({"web": {"allowedOrigins": sites}})["ALEX_ALLOWED_ORIGINS"] == ",".join(sites)


def test_each_web_pod_knows_among_how_many_limits_are_shared() -> None:
    """The share of a limit follows from the most web pods there can be, autoscaled or not."""
    fixed = {"web": {"autoscaling": {"enabled": False}, "replicas": 2}}

    assert env()["ALEX_WEB_REPLICAS"] == "3"
    assert env({"web": {"autoscaling": {"maxReplicas": 7}}})["ALEX_WEB_REPLICAS"] == "7"
    assert env(fixed)["ALEX_WEB_REPLICAS"] == "2"


def test_room_api_is_absent_without_a_key() -> None:
    """Without an admin key there is neither a Secret nor a setting, and with one it is a mounted file."""
    given = {"web": {"adminKey": "an-admin-key-for-tests"}}

    assert "ALEX_ADMIN_KEY_FILE" not in env()
    assert ("Secret", "alex-web") not in render()
    assert env(given)["ALEX_ADMIN_KEY_FILE"] == "/etc/alex/keys/ALEX_ADMIN_KEY"
    assert ("Secret", "alex-web") in render(given)
    assert ("Secret", "alex-web") not in render({"web": {"existingSecret": "admin"}})
    assert "ALEX_ADMIN_KEY_FILE" in env({"web": {"existingSecret": "admin"}})


def test_ops_port_is_behind_no_service() -> None:
    """Metrics and capacity cannot be reached through the page's Service or an Ingress."""
    service = render(scenarios()["full"])["Service", "alex-web"]["spec"]

    assert [(port["name"], port["port"], port["targetPort"]) for port in service["ports"]] == [("http", 8080, "http")]


@pytest.mark.parametrize("kind", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_ops_port_stays_inside_the_cluster(kind: str) -> None:
    """Metrics and capacity have a Service of their own, for the cluster only, however the page is reached."""
    objects = render({"web": {"service": {"type": kind}}})
    service = objects["Service", "alex-web-ops"]["spec"]

    assert service["type"] == "ClusterIP"
    assert [(port["name"], port["port"], port["targetPort"]) for port in service["ports"]] == [("ops", 9090, "ops")]
    assert service["selector"] == objects["Service", "alex-web"]["spec"]["selector"]
    assert "alex-web-ops" not in str(render(scenarios()["full"]).of("Ingress"))


def test_ingress_leads_to_the_page() -> None:
    """The Ingress names the host, its certificate and the Service's port."""
    ingress = render(scenarios()["address"])["Ingress", "alex-web"]["spec"]

    assert ingress["tls"] == [{"secretName": "alex-tls", "hosts": ["alex.example.com"]}]
    assert ingress["rules"][0]["host"] == "alex.example.com"
    assert ingress["rules"][0]["http"]["paths"][0]["backend"]["service"] == {
        "name": "alex-web",
        "port": {"name": "http"},
    }
    assert "ingressClassName" not in ingress
    assert render(scenarios()["full"])["Ingress", "alex-web"]["spec"]["ingressClassName"] == "nginx"


def test_node_port_is_chosen_or_left_to_kubernetes() -> None:
    """A NodePort Service has the number that was asked for, or none."""

    def port(service: dict[str, Any]) -> Any:
        return render({"web": {"service": service}})["Service", "alex-web"]["spec"]["ports"][0].get("nodePort")

    assert port({"type": "NodePort"}) is None
    assert port({"type": "NodePort", "nodePort": 30080}) == 30080
    assert port({}) is None


def test_replicas_belong_to_the_autoscaler() -> None:
    """The Deployment names a number only where no autoscaler owns it."""
    fixed = {"web": {"autoscaling": {"enabled": False}, "replicas": 2}}

    assert "replicas" not in render()["Deployment", "alex-web"]["spec"]
    assert render(fixed)["Deployment", "alex-web"]["spec"]["replicas"] == 2
    assert ("HorizontalPodAutoscaler", "alex-web") in render()
    assert ("HorizontalPodAutoscaler", "alex-web") not in render(fixed)


def test_a_pod_that_goes_still_answers_for_a_while() -> None:
    """A web pod waits for the endpoints to forget it before it stops listening, and its grace period allows it."""
    command = pod()["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]

    assert command == ["python", "-c", "import time; time.sleep(5)"]
    assert pod().get("terminationGracePeriodSeconds", 30) >= 20


def test_brand_reaches_web_as_it_is() -> None:
    """What the page is to be called and look like arrives as web reads it, with quotes and signs of any kind."""
    brand = {"name": 'A "B" & <C>', "accent": "#0a5bd6", "links": {"imprint": "https://a.example/?x=1&y=2"}}
    told = Brand.model_validate_json(env({"web": {"brand": brand}})["ALEX_BRAND"])

    assert (told.name, told.accent, told.links) == tuple(brand.values())
    assert Brand.model_validate_json(env()["ALEX_BRAND"]) == Brand()
