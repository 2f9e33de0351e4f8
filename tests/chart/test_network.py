"""The network policies: all that a call needs is let through, and nothing else."""

from __future__ import annotations

import pytest
from chart.reach import Place, may, pods
from chart.render import Objects, merge, put, render
from chart.scenarios import every

PRODUCTION = every()["production"].values
PROMETHEUS = Place("prometheus", {"app": "prometheus"}, "monitoring")
STRANGER = Place("stranger", {"app": "stranger"}, "elsewhere")
CALLER = Place("a caller", address="198.51.100.7")

# Who opens a connection to which pod's port, of all that a release with several LiveKit nodes has.
NEEDED = {
    ("agent", "livekit", 7880, "TCP"),
    ("agent", "livekit", 30881, "TCP"),
    ("agent", "livekit", 30882, "UDP"),
    ("agent", "livekit", 30883, "TCP"),
    ("agent", "livekit", 30884, "UDP"),
    ("agent", "offline", 8080, "TCP"),
    ("web", "agent", 9090, "TCP"),
    ("web", "livekit", 7880, "TCP"),
    ("web", "redis", 6379, "TCP"),
    ("livekit", "redis", 6379, "TCP"),
    ("livekit", "web", 8080, "TCP"),
    ("caller", "web", 8080, "TCP"),
    ("caller", "web", 9090, "TCP"),
    ("caller", "agent", 9090, "TCP"),
    ("caller", "livekit", 7880, "TCP"),
    ("caller", "livekit", 30881, "TCP"),
    ("caller", "livekit", 30882, "UDP"),
    ("caller", "livekit", 30883, "TCP"),
    ("caller", "livekit", 30884, "UDP"),
}
PORTS = [(port, "TCP") for port in (22, 443, 5349, 6379, 6789, 7880, 8080, 9090, 30881, 30883)]
PORTS += [(30882, "UDP"), (30884, "UDP"), (7882, "UDP")]


def allowed(objects: Objects) -> set[tuple[str, str, int, str]]:
    """Give every connection between pods of a release that its policies let through."""
    places = pods(objects)
    return {
        (a, b, port, protocol)
        for a, source in places.items()
        for b, to in places.items()
        for port, protocol in PORTS
        if a != b and may(objects, source, to, port, protocol)
    }


def test_pods_reach_each_other_only_where_a_call_needs_it() -> None:
    """Of all connections between pods of a release those of a call pass, and no other."""
    # What a media server may send to any address may also go to an agent, which does not let it in.
    assert allowed(render(PRODUCTION)) == NEEDED


def test_policies_can_be_left_out() -> None:
    """Every component has a policy, unless the value says that there are none."""
    assert len(render().of("NetworkPolicy")) == 5
    assert len(render(PRODUCTION).of("NetworkPolicy")) == 6
    assert not render(put("networkPolicy.enabled", False)).of("NetworkPolicy")


def test_every_pod_has_a_policy_for_both_ways() -> None:
    """Each pod of a release is selected by exactly one policy, which is about what comes and what goes."""
    objects = render(PRODUCTION)
    policies = [policy["spec"] for policy in objects.of("NetworkPolicy").values()]

    for place in pods(objects).values():
        [own] = [spec for spec in policies if spec["podSelector"]["matchLabels"].items() <= place.labels.items()]
        assert own["policyTypes"] == ["Ingress", "Egress"], place.name


def test_callers_reach_the_page_signalling_and_media() -> None:
    """From outside the page, signalling, media and TURN are reached, and no port with figures or of Redis."""
    objects = render(PRODUCTION)
    to = pods(objects)
    reached = {
        (name, port) for name, place in to.items() for port, kind in PORTS if may(objects, CALLER, place, port, kind)
    }

    expected = {("web", 8080), *(("livekit", port) for port in (7880, 5349, 30881, 30882, 30883, 30884))}
    assert reached == expected


@pytest.mark.parametrize(("operators", "others"), [([], True), (["monitoring"], False)])
def test_figures_are_read_from_the_cluster_only(operators: list[str], others: bool) -> None:
    """Prometheus reads all figures, other namespaces only while none is named, and nobody from outside."""
    objects = render(put("networkPolicy.operators", operators))
    places = pods(objects)

    for name, port in {"agent": 9090, "web": 9090, "offline": 9090, "livekit": 6789}.items():
        assert may(objects, PROMETHEUS, places[name], port), name
        assert may(objects, STRANGER, places[name], port) is others, name
        assert not may(objects, CALLER, places[name], port), name


def test_a_stranger_in_the_cluster_finds_what_a_caller_finds() -> None:
    """Another team's pod reaches the page and LiveKit, but no agent, no voice and no Redis."""
    objects = render(merge(PRODUCTION, put("networkPolicy.operators", ["monitoring"])))
    places = pods(objects)

    assert may(objects, STRANGER, places["web"], 8080)
    for name in ("agent", "offline", "redis", "caller"):
        assert not any(may(objects, STRANGER, places[name], port, kind) for port, kind in PORTS), name


def test_callers_can_be_named() -> None:
    """With `callers` only those and the release's own pods reach the page and LiveKit, so that calls still work."""
    named = put("networkPolicy.callers", [{"ipBlock": {"cidr": "192.0.2.0/24"}}])
    objects = render(merge(PRODUCTION, named))
    places = pods(objects)

    assert may(objects, Place("the office", address="192.0.2.9"), places["web"], 8080)
    assert may(objects, Place("the office", address="192.0.2.9"), places["livekit"], 30882, "UDP")
    assert not may(objects, CALLER, places["web"], 8080)
    assert not may(objects, CALLER, places["livekit"], 30882, "UDP")
    assert allowed(objects) == NEEDED


def test_the_voice_that_needs_no_key_cannot_tell_anybody() -> None:
    """The built-in voice and Redis open no connection at all, not even for a name."""
    objects = render(PRODUCTION)
    places = pods(objects)

    for name in ("offline", "redis"):
        for port in (53, 80, 443):
            assert not may(objects, places[name], CALLER, port), name
            assert not may(objects, places[name], CALLER, port, "UDP"), name


def test_agents_of_other_releases_may_use_the_voice() -> None:
    """An agent of Alex in another namespace reaches the built-in voice, as `offline.url` promises."""
    objects = render()
    agent = pods(objects)["agent"]

    assert may(objects, Place("theirs", agent.labels, "other"), pods(objects)["offline"], 8080)


def outside(objects: Objects, component: str) -> set[int]:
    """Give the TCP ports at which a component reaches any address outside."""
    source = pods(objects)[component]
    some = (22, 53, 80, 443, 3128, 4318, 6379, 6443, 7880, 8080, 8443, 9090, 9443, 10250)
    return {port for port in some if may(objects, source, CALLER, port)}


def test_each_pod_gets_out_only_where_its_values_say() -> None:
    """Agents and web reach names, agents Kubernetes' API, and both the ports of addresses among the values."""
    hosted = every()["hosted-keys"].values
    far = {"tracing": {"otlpEndpoint": "http://collector.example.com:4318"}}
    far = merge(far, {"providers": {"openai": {"baseUrl": "https://openai.example.com:8443/v1"}}})
    login = {"web": {"signIn": {"oidc": {"issuer": "https://login.example.com:9443/x", "audience": "alex"}}}}
    no_token = put("agent.deletionCost.enabled", False)

    assert outside(render(), "agent") == {53, 443, 6443}
    assert outside(render(no_token), "agent") == {53}
    assert outside(render(merge(no_token, merge(hosted, far))), "agent") == {53, 443, 4318, 8443}
    assert outside(render(), "web") == {53}
    assert outside(render(login), "web") == {53, 9443}
    assert outside(render(put("networkPolicy.egressPorts", [3128])), "web") == {53, 3128}
    assert outside(render(), "livekit") == {53}
    assert outside(render(), "caller") == {53}


def test_somebody_elses_livekit_is_reached() -> None:
    """With a remote LiveKit agents and web reach its signalling, and agents its media at whatever port."""
    objects = render(every()["remote-livekit"].values)
    places = pods(objects)

    assert may(objects, places["web"], CALLER, 443)
    assert may(objects, places["agent"], CALLER, 443)
    assert may(objects, places["agent"], CALLER, 50123, "UDP")
    assert not may(objects, places["web"], CALLER, 50123, "UDP")


def test_livekit_in_the_network_of_its_node_is_reached() -> None:
    """A server that no selector knows is reached at any address, and itself reaches Redis; it has no policy."""
    objects = render(merge(every()["host-network"].values, put("redis.enabled", True)))
    places = pods(objects)
    node = Place("livekit", address="192.0.2.20")

    assert "alex-livekit" not in objects.of("NetworkPolicy")
    for name in ("agent", "web", "caller"):
        assert may(objects, places[name], node, 7880), name
    assert may(objects, places["agent"], node, 7882, "UDP")
    assert may(objects, node, places["redis"], 6379)
    assert may(objects, node, places["web"], 8080)


def test_an_address_outside_is_the_way_to_media() -> None:
    """An agent may go to the address that the server tells, for plugins that judge before a Service leads on."""
    objects = render(every()["address"].values)
    agent = pods(objects)["agent"]

    assert may(objects, agent, Place("node", address="203.0.113.10"), 30882, "UDP")
    assert not may(objects, agent, CALLER, 30882, "UDP")
