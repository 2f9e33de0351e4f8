from __future__ import annotations

import re

import pytest
from chart.render import merge, notes, put, render, scenarios

SCENARIOS = scenarios()
KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "service": "Service",
    "hpa": "HorizontalPodAutoscaler",
    "scaledobject": "ScaledObject",
    "certificate": "Certificate",
    "httproute": "HTTPRoute",
    "networkpolicy": "NetworkPolicy",
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_notes_fit_a_screen(scenario: str) -> None:
    """The notes of every scenario are short, without an unfilled gap."""
    text = notes(SCENARIOS[scenario])

    assert len(text.splitlines()) < 40
    assert max(map(len, text.splitlines())) <= 140
    assert "<no value>" not in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_commands_name_objects_of_this_release(scenario: str) -> None:
    """Every object that a command of the notes names is one that this release renders, in its namespace."""
    text = notes(SCENARIOS[scenario], release="team-a", namespace="voices")
    objects = render(SCENARIOS[scenario], release="team-a", namespace="voices")
    named = re.findall(rf"\b({'|'.join(KINDS)})[/ ]([-a-z0-9]*alex[-a-z0-9]*)", text)

    assert named
    for kind, name in named:
        assert (KINDS[kind], name) in objects
    assert all("-n voices" in line for line in text.splitlines() if re.search(r"\b(kubectl|helm test)\b", line))


def test_a_forwarded_call_is_explained() -> None:
    """Without values the notes forward the page and both ports of LiveKit, and say which browser to take."""
    text = notes()

    assert "port-forward deployment/alex-livekit 7880 7881" in text
    assert "port-forward service/alex-web 8080" in text
    assert "http://localhost:8080" in text
    assert "Firefox" in text


def test_an_address_needs_no_forwarding() -> None:
    """With an Ingress the notes give the address of the page and of LiveKit, and no port-forward."""
    text = notes(SCENARIOS["address"])

    assert "https://alex.example.com" in text
    assert "wss://livekit.example.com" in text
    assert "port-forward" not in text


def test_somebody_elses_livekit_needs_only_the_page() -> None:
    """With a remote LiveKit the notes forward the page alone."""
    text = notes(SCENARIOS["remote-livekit"])

    assert "port-forward service/alex-web 8080" in text
    assert "alex-livekit" not in text
    assert "wss://livekit.example.com" in text


@pytest.mark.parametrize(("kind", "words"), [("NodePort", "node port"), ("LoadBalancer", "external IP")])
def test_a_published_page_is_found_by_its_service(kind: str, words: str) -> None:
    """With a Service of its own kind the notes say where its address stands, and still forward LiveKit."""
    text = notes(put("web.service.type", kind))

    assert f"get service alex-web    # its {words}" in text
    assert "port-forward deployment/alex-livekit 7880 7881" in text
    assert "port-forward service/alex-web" not in text


def test_three_checks_come_with_their_diagnosis() -> None:
    """Each of the three checks is followed by the command that says what is wrong."""
    lines = notes().splitlines()
    checks = [number for number, line in enumerate(lines) if re.match(r"  [123]\. ", line)]

    assert len(checks) == 3
    for number in checks:
        assert re.match(r"     If .*(kubectl) ", lines[number + 1])


@pytest.mark.parametrize(
    ("values", "warning"),
    [
        (put("providers.openai.apiKey", "given"), "providers.openai has a key that is not used: set voice to hosted"),
        (put("agent.drainSeconds", 60), "agent.drainSeconds"),
        (merge(SCENARIOS["address"], put("livekit.ingress.enabled", False)), "may not open ws://"),
        (merge(SCENARIOS["address"], put("web.ingress.tlsSecretName", "")), "web.ingress.tlsSecretName"),
        (merge(SCENARIOS["address"], put("web.trustedProxies", 0)), "set web.trustedProxies to 1"),
        (put("web.signIn.oidc", {"issuer": "https://login.example.com", "audience": "alex"}), "can sign in"),
        (put("web.callerMay", ["name", "identity", "room"]), "choose their own identity, room"),
        (merge(SCENARIOS["keda"], put("agent.autoscaling.bufferCalls", 3)), "20 pods overlooks 4 calls"),
    ],
)
def test_what_may_surprise_is_said(values: dict[str, object], warning: str) -> None:
    """What works but may not be meant is a warning at the end."""
    mind = notes(values).split("Mind:")[-1]

    assert warning in mind


HOSTED = SCENARIOS["hosted-keys"]


@pytest.mark.parametrize(
    ("values", "everybody", "one"),
    [
        (HOSTED, "40 calls at once and 3900 minutes: $624.00 at $0.16", "20 calls at once and 2670 minutes: $427.20"),
        (put("web.limits.calls", 10), "10 calls at once and 2055 minutes\n", "10 calls at once and 2055 minutes\n"),
        (put("web.limits.callsPerAddress", 1), "40 calls at once and 3900 minutes", "1 calls at once and 1440 minutes"),
        (
            put("web.budget.minutesPerDay", 0),
            "40 calls at once and 57600 minutes",
            "20 calls at once and 28800 minutes",
        ),
        (put("agent.maxCallSeconds", 601), "40 calls at once and 1901 minutes", "20 calls at once and 1671 minutes"),
        (
            {"agent": {"autoscaling": {"enabled": False}, "replicas": 2}, "web": {"limits": {"callsPerAddress": 0}}},
            "8 calls at once and 1932 minutes",
            "8 calls at once and 1932 minutes",
        ),
    ],
)
def test_the_worst_day_is_told(values: dict[str, object], everybody: str, one: str) -> None:
    """The notes tell what a day can bring at most, in all and from one address, in money where the voice costs any."""
    text = notes(values)

    assert f"in all:            {everybody}" in text
    assert f"from one address:  {one}" in text
    assert ("$" in text) == (values is HOSTED)


LOGIN: dict[str, object] = put("web.signIn.oidc", {"issuer": "https://login.example.com", "audience": "alex"})


@pytest.mark.parametrize(
    ("values", "look", "without"),
    [
        (SCENARIOS["keda"], "agents stay as many: .* get scaledobject alex-agent", SCENARIOS["small"]),
        (SCENARIOS["prometheus"], "agents stay as many: .*alex_web_wanted_agent_pods", SCENARIOS["small"]),
        ({}, "agents stay as many: .* get hpa alex-agent .*metrics-server", SCENARIOS["keda"]),
        (SCENARIOS["gateway"], "nobody answers there: .* describe httproute alex-web", SCENARIOS["address"]),
        (SCENARIOS["one-host"], "nobody answers there: .* get ingress", {}),
        (SCENARIOS["turn"], "there is no sound: .*EXTERNAL-IP has to be 203.0.113.10", SCENARIOS["host-network"]),
        (SCENARIOS["nodes"], "there is no sound: .*node ports to open at 203.0.113.10", SCENARIOS["turn"]),
        (SCENARIOS["turn"], "TURN carries nothing: .* get certificate alex-livekit-turn", SCENARIOS["production"]),
        (SCENARIOS["production"], "TURN carries nothing: .* get secret turn-tls", SCENARIOS["turn"]),
        (SCENARIOS["nodes"], "Redis is not found: .*statefulset/alex-livekit", {}),
        (put("redis.enabled", True), "Redis is not found: .*deployment/alex-web", SCENARIOS["nodes"]),
        (HOSTED, "another voice speaks: .* grep provider_refuses", {}),
        (LOGIN, "nobody is let in: .*deployment/alex-web .* grep unreachable", {}),
        (put("monitoring.podMonitor.enabled", True), "there are no figures: .* get podmonitor", {}),
        (SCENARIOS["production"], "a way is closed: .* networkPolicy.egressPorts", put("networkPolicy.enabled", False)),
    ],
)
def test_where_to_look_follows_the_configuration(
    values: dict[str, object], look: str, without: dict[str, object]
) -> None:
    """What can be wrong with this configuration has its line and its command, and what it does not have has none."""
    assert re.search(rf"^  {look}", notes(values), re.MULTILINE)
    assert not re.search(rf"^  {look}", notes(without), re.MULTILINE)


def test_nobody_is_sent_to_a_test_that_cannot_pass() -> None:
    """Behind a login or a CAPTCHA `helm test` gets no token, so the third check asks for the slots instead."""
    assert "helm test alex" not in notes(LOGIN)
    assert "services/alex-web-ops:ops/proxy/api/capacity" in notes(LOGIN)
    assert "helm test alex" in notes(put("web.signIn.accessCode", "open-sesame"))


def test_nothing_to_mind_is_not_said() -> None:
    """Without a warning there is no empty heading."""
    assert "Mind:" not in notes()
    assert "Mind:" not in notes(SCENARIOS["keda"])
