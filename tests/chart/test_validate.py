"""One test for each line of templates/validate.yaml, and for what the schema refuses before it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from chart.render import CHART, KUBERNETES, merge, put, refusal, render, scenarios

HOSTED = scenarios()["hosted-keys"]
NODE = scenarios()["address"]
NODES = scenarios()["nodes"]
GATEWAY = scenarios()["gateway"]
HOST_NETWORK = scenarios()["host-network"]
TURN = {"enabled": True, "host": "turn.example.com", "tlsSecretName": "turn-tls"}
CA = [{"name": "ca", "configMap": {"name": "company-ca"}}]
SECRET = "a-secret-for-tests-of-forty-characters-1"
REMOTE = {"livekit": {"enabled": False, "url": "wss://lk.example.com", "existingSecret": "lk"}}

# What is wrong → what the message has to say: the value at fault and the fix.
PROBLEMS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "hosted without deepgram": (
        merge(HOSTED, put("providers.deepgram.apiKey", "")),
        ["voice is hosted", "providers.deepgram.existingSecret", "voice to offline"],
    ),
    "hosted without openai": (
        merge(HOSTED, put("providers.openai.apiKey", "")),
        ["voice is hosted", "providers.openai.existingSecret"],
    ),
    "hosted without elevenlabs": (
        merge(HOSTED, put("providers.elevenlabs.apiKey", "")),
        ["voice is hosted", "providers.elevenlabs.existingSecret"],
    ),
    "two keys of a provider": (
        merge(HOSTED, put("providers.openai.existingSecret", "ours")),
        ["providers.openai.apiKey", "providers.openai.existingSecret", "keep one"],
    ),
    "no offline voice where it is needed": (
        put("offline.enabled", False),
        ["offline.enabled is false", "voice is offline", "offline.url"],
    ),
    "two offline voices": (put("offline.url", "http://other:8080"), ["offline.url is set", "offline.enabled to false"]),
    "two offline keys": (
        {"offline": {"apiKey": "k" * 16, "existingSecret": "ours"}},
        ["offline.apiKey and offline.existingSecret", "keep one"],
    ),
    "a script for the local engine": (
        put("offline.script", "{}"),
        ["offline.script is set", "offline.engine to scripted"],
    ),
    "a script that is not JSON": (
        {"offline": {"engine": "scripted", "script": "{replies"}},
        ["offline.script is not a JSON object", "correct it"],
    ),
    "two admin keys": (
        {"web": {"adminKey": "k" * 16, "existingSecret": "ours"}},
        ["web.adminKey and web.existingSecret", "keep one"],
    ),
    "two access codes": (
        {"web": {"signIn": {"accessCode": "c" * 8, "existingSecret": "ours"}}},
        ["web.signIn.accessCode and web.signIn.existingSecret", "keep one"],
    ),
    "an access code that can be guessed": (
        put("web.signIn.accessCode", "alex"),
        ["web.signIn.accessCode", "8 characters", "lengthen"],
    ),
    "a code beside a login": (
        {"web": {"signIn": {"accessCode": "c" * 8, "oidc": {"issuer": "https://a.example", "audience": "alex"}}}},
        ["access code", "web.signIn.oidc.issuer", "keep one"],
    ),
    "a login for any audience": (
        put("web.signIn.oidc.issuer", "https://login.example.com"),
        ["set web.signIn.oidc.audience"],
    ),
    "an audience of no login": (put("web.signIn.oidc.audience", "alex"), ["set web.signIn.oidc.issuer", "remove"]),
    "two CAPTCHA secrets": (
        {"web": {"signIn": {"captcha": {"verifyUrl": "https://c", "secret": "s", "existingSecret": "ours"}}}},
        ["web.signIn.captcha.secret and web.signIn.captcha.existingSecret", "keep one"],
    ),
    "a CAPTCHA without a secret": (
        put("web.signIn.captcha.verifyUrl", "https://captcha.example.com"),
        ["set web.signIn.captcha.existingSecret"],
    ),
    "a CAPTCHA that nobody checks": (
        put("web.signIn.captcha.secret", "secret"),
        ["set web.signIn.captcha.verifyUrl", "remove the secret"],
    ),
    "a page's ingress without a host": (merge(NODE, put("web.ingress.host", "")), ["set web.ingress.host"]),
    "a node port without a NodePort": (
        put("web.service.nodePort", 30080),
        ["web.service.nodePort is set", "web.service.type to NodePort"],
    ),
    "two LiveKit secrets": (
        {"livekit": {"apiSecret": SECRET, "existingSecret": "lk"}},
        ["livekit.apiSecret and livekit.existingSecret", "keep one"],
    ),
    "a second LiveKit secret that can be guessed": (
        {"livekit": {"second": {"apiKey": "old", "apiSecret": "short"}}},
        ["livekit.second.apiSecret", "32 characters"],
    ),
    "two second LiveKit keys": (
        {"livekit": {"second": {"apiKey": "old", "apiSecret": SECRET, "existingSecret": "old"}}},
        ["livekit.second.existingSecret", "keep one"],
    ),
    "half a second LiveKit key": (put("livekit.second.apiSecret", SECRET), ["livekit.second", "set both"]),
    "two LiveKit keys of one name": (
        {"livekit": {"second": {"apiKey": "alex", "apiSecret": SECRET}}},
        ["livekit.second.apiKey and livekit.apiKey are both alex", "rename"],
    ),
    "two LiveKit servers": (put("livekit.url", "wss://lk"), ["livekit.url is set", "livekit.enabled to false"]),
    "an exposure by no address": (put("livekit.exposure", "address"), ["set livekit.address"]),
    "an address without its exposure": (
        put("livekit.address", "203.0.113.10"),
        ["livekit.address is set", "livekit.exposure to address"],
    ),
    "signalling published without media": (
        {"livekit": {"ingress": {"enabled": True, "host": "lk.example.com"}}},
        ["livekit.ingress.enabled", "livekit.exposure to address"],
    ),
    "a page published without calls": (
        {"web": {"ingress": {"enabled": True, "host": "alex.example.com"}}},
        ["web.ingress.enabled", "livekit.exposure to address"],
    ),
    "node ports that collide": (
        merge(NODE, put("livekit.service.nodePorts.udp", 30881)),
        ["livekit.service.nodePorts", "3 different", "30881"],
    ),
    "node ports that collide with those of the next LiveKit node": (
        merge(NODES, put("livekit.service.nodePorts.signal", 30884)),
        ["livekit.service.nodePorts", "5 different", "30884"],
    ),
    "node ports that end before the last LiveKit node": (
        merge(NODES, put("livekit.service.nodePorts.udp", 32766)),
        ["livekit.service.nodePorts", "up to 32767", "32768"],
    ),
    "LiveKit nodes that cannot find each other": (
        merge(NODES, put("redis.enabled", False)),
        ["livekit.replicas is 2", "redis.enabled to true", "redis.address", "livekit.replicas to 1"],
    ),
    "a port-forward to one LiveKit node of two": (
        {"livekit": {"replicas": 2}, "redis": {"enabled": True}},
        ["livekit.replicas is 2", "livekit.exposure to address"],
    ),
    "a load balancer before several LiveKit nodes": (
        merge(NODES, put("livekit.service.type", "LoadBalancer")),
        ["livekit.replicas is 2", "livekit.service.type to NodePort"],
    ),
    "a name too long for a StatefulSet": (
        merge(NODES, put("fullnameOverride", "a" * 45)),
        ["livekit.replicas is 2", "44 characters", "fullnameOverride"],
    ),
    "two Redis": (
        {"redis": {"enabled": True, "address": "redis:6379"}},
        ["redis.address is set", "redis.enabled to false"],
    ),
    "two passwords of Redis": (
        {"redis": {"enabled": True, "password": "p" * 16, "existingSecret": "ours"}},
        ["redis.password and redis.existingSecret", "keep one"],
    ),
    "TLS to the bundled Redis": (
        {"redis": {"enabled": True, "tls": True}},
        ["redis.tls is true", "redis.address", "redis.tls to false"],
    ),
    "a password of no Redis": (
        put("redis.password", "p" * 16),
        ["redis.password is set", "redis.enabled to true", "redis.address", "remove it"],
    ),
    "a Redis password that can be guessed": (
        {"redis": {"enabled": True, "password": "redis"}},
        ["redis.password", "16 characters"],
    ),
    "figures that are counted twice": (
        {"monitoring": {"podMonitor": {"enabled": True}, "annotations": {"enabled": True}}},
        ["monitoring.annotations.enabled to auto or false", "monitoring.podMonitor.enabled to false"],
    ),
    "no LiveKit at all": (merge(REMOTE, put("livekit.url", "")), ["set livekit.url"]),
    "somebody else's LiveKit without keys": (
        merge(REMOTE, put("livekit.existingSecret", "")),
        ["livekit.existingSecret", "livekit.apiKey and livekit.apiSecret"],
    ),
    "a LiveKit ingress without a host": (merge(NODE, put("livekit.ingress.host", "")), ["set livekit.ingress.host"]),
    "fewest agents above most": (
        put("agent.autoscaling.minReplicas", 11),
        ["agent.autoscaling.minReplicas", "raise agent.autoscaling.maxReplicas"],
    ),
    "fewest web pods above most": (
        put("web.autoscaling.minReplicas", 4),
        ["web.autoscaling.minReplicas", "raise web.autoscaling.maxReplicas"],
    ),
    "autoscaled agents without a request": (
        put("agent.resources.requests.cpu", None),
        ["set agent.resources.requests.cpu", "agent.autoscaling.enabled off"],
    ),
    "autoscaled web pods without a request": (
        put("web.resources.requests.cpu", None),
        ["set web.resources.requests.cpu"],
    ),
    "agents too idle to scale": (
        put("agent.resources.requests.cpu", 2),
        ["agent.autoscaling.targetCpuPercent", "agent.resources.requests.cpu", "agent.slots"],
    ),
    "calls to follow without autoscaling": (
        {"agent": {"autoscaling": {"enabled": False, "engine": "keda"}}},
        ["agent.autoscaling.engine is keda", "agent.autoscaling.enabled to true", "remove agent.autoscaling.engine"],
    ),
    "pods wanted after they are full": (
        {"agent": {"autoscaling": {"engine": "prometheus", "callsPerPod": 5}}},
        ["agent.autoscaling.callsPerPod is 5", "takes 4 calls", "raise agent.slots"],
    ),
    "a buffer as large as the fleet": (
        {"agent": {"autoscaling": {"engine": "keda", "maxReplicas": 3, "bufferCalls": 12}}},
        ["agent.autoscaling.bufferCalls is 12", "raise agent.autoscaling.maxReplicas"],
    ),
    "a fence and none": (
        {"agent": {"deletionCost": {"policy": True, "withoutPolicy": True}}},
        ["agent.deletionCost.policy and agent.deletionCost.withoutPolicy", "keep one"],
    ),
    "no fence around nothing": (
        {"agent": {"deletionCost": {"enabled": False, "withoutPolicy": True}}},
        ["agent.deletionCost.withoutPolicy is true", "agent.deletionCost.enabled to true"],
    ),
    "a cluster without admission policies": (
        {},
        ["agent.deletionCost.policy", "1.30", "v1.29.9", "agent.deletionCost.enabled to false"],
    ),
    "somebody else's deletion cost": (
        {"agent": {"podAnnotations": {"controller.kubernetes.io/pod-deletion-cost": "7"}}},
        ["agent.podAnnotations", "pod-deletion-cost", "remove it", "agent.deletionCost.enabled to false"],
    ),
    "agents too small for their slots": (
        put("agent.slots", 12),
        ["2590Mi", "agent.resources.limits.memory", "agent.slots"],
    ),
    "a LiveKit secret that can be guessed": (put("livekit.apiSecret", "short"), ["livekit.apiSecret", "32 characters"]),
    "an admin key that can be guessed": (put("web.adminKey", "admin"), ["web.adminKey", "16 characters"]),
    "an offline key that can be guessed": (put("offline.apiKey", "key"), ["offline.apiKey", "16 characters"]),
    "a setting of Alex among the other variables": (
        put("agent.extraEnv", [{"name": "ALEX_SLOTS", "value": "9"}]),
        ["agent.extraEnv sets ALEX_SLOTS", "use that value", "remove it"],
    ),
    "a proxy before the bundled LiveKit": (
        put("agent.extraEnv", [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"}]),
        ["agent.extraEnv sets HTTPS_PROXY", "LiveKit", "providers.*.baseUrl"],
    ),
    "a volume with the name of one of ours": (
        put("web.extraVolumes", [{"name": "keys", "secret": {"secretName": "ours"}}]),
        ["web.extraVolumes has a volume keys", "rename it"],
    ),
    "a mount of no volume": (
        put("web.extraVolumeMounts", [{"name": "company-ca", "mountPath": "/etc/company"}]),
        ["web.extraVolumeMounts mounts company-ca", "web.extraVolumes", "add it there"],
    ),
    "a mount over files of Alex": (
        put("agent", {"extraVolumes": CA, "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/alex/keys"}]}),
        ["agent.extraVolumeMounts mounts ca at /etc/alex/keys", "elsewhere"],
    ),
    "a Gateway without a host": (
        merge(GATEWAY, put("gateway.host", "")),
        ["gateway.enabled is true without", "gateway.name", "gateway.host"],
    ),
    "a Gateway beside an Ingress": (
        merge(GATEWAY, put("web.ingress", {"enabled": True, "host": "other.example.com"})),
        ["gateway.enabled is true beside web.ingress", "keep one"],
    ),
    "a Gateway without a way for media": (
        {"gateway": GATEWAY["gateway"]},
        ["gateway.enabled is true", "livekit.exposure is portForward", "hostNetwork"],
    ),
    "one address for servers on several nodes": (
        merge(HOST_NETWORK, {"livekit": {"replicas": 2, "address": "203.0.113.10"}, "redis": {"enabled": True}}),
        ["livekit.exposure is hostNetwork", "2 servers", "remove livekit.address"],
    ),
    "no address for signalling": (
        {"livekit": {"exposure": "hostNetwork"}},
        ["livekit.exposure is hostNetwork", "livekit.ingress", "livekit.publicUrl"],
    ),
    "TURN without an address to relay to": (
        merge(HOST_NETWORK, put("livekit.turn", TURN)),
        ["livekit.turn.enabled is true", "livekit.exposure to address"],
    ),
    "TURN without a certificate": (
        merge(NODE, put("livekit.turn", {**TURN, "tlsSecretName": ""})),
        ["livekit.turn.enabled is true without", "livekit.turn.host and livekit.turn.tlsSecretName"],
    ),
    "TURN on the host of the page": (
        merge(NODE, put("livekit.turn", {**TURN, "host": "alex.example.com"})),
        ["livekit.turn.host is alex.example.com", "port 443", "a host of its own"],
    ),
    "a node port of TURN that media has": (
        merge(NODE, {"livekit": {"turn": TURN, "service": {"nodePorts": {"turn": 30881}}}}),
        ["livekit.service.nodePorts must give 4 different numbers"],
    ),
    "a key with a line break": (
        merge(HOSTED, put("providers.deepgram.apiKey", "deepgram-key\n")),
        ["providers.deepgram.apiKey", "line break", "remove it"],
    ),
}
# Some values are wrong only on an old cluster.
OLD = {"a cluster without admission policies": "1.29.9"}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_values_that_disagree_are_refused(problem: str) -> None:
    """Values that cannot work together are refused with the value at fault and what to change."""
    values, words = PROBLEMS[problem]
    message = refusal(values, kubernetes=OLD.get(problem, KUBERNETES))
    lines = [line for line in message.splitlines() if line.startswith("- ")]

    assert len(lines) == 1, message
    for word in words:
        assert word in lines[0]


def test_each_refusal_has_its_test() -> None:
    """As many kinds of message are tested as validate.yaml can write, and every one ends in the only `fail`."""
    template = (CHART / "templates" / "validate.yaml").read_text()
    beside = [path.read_text() for path in (CHART / "templates").rglob("_problems.tpl")]
    written = sum(len(re.findall(r"append \$problems", text)) for text in [template, *beside])
    # Loops write one line of the template for several values.
    looped = {"hosted without openai", "hosted without elevenlabs", "fewest web pods above most"}
    looped |= {"autoscaled web pods without a request", "an offline key that can be guessed"}
    looped |= {"a Redis password that can be guessed", "node ports that collide with those of the next LiveKit node"}
    looped |= {"node ports that end before the last LiveKit node", "a node port of TURN that media has"}

    assert len(PROBLEMS) - len(looped) == written
    assert len(re.findall(r"\bfail\b", re.sub(r"\{\{- /\*.*?\*/ -}}", "", template, flags=re.DOTALL))) == 1
    others = [path for path in (CHART / "templates").rglob("*") if path.is_file() and path.name != "validate.yaml"]
    assert not [path.name for path in others if re.search(r"\{\{.*\b(fail|required)\b", path.read_text())]


def test_all_problems_are_told_at_once() -> None:
    """Nobody has to repair, install and read again for each mistake."""
    message = refusal({"voice": "hosted", "livekit": {"enabled": False}, "agent": {"slots": 50}})

    assert len([line for line in message.splitlines() if line.startswith("- ")]) == 6


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("livekit.apiSecret", "hunter2"),
        ("web.adminKey", "hunter2"),
        ("providers.openai.apiKey", "hun ter2"),
        ("redis.password", "hun ter2"),
    ],
)
def test_a_refused_key_is_not_repeated(path: str, secret: str) -> None:
    """A message about a key does not show it."""
    assert secret not in refusal(put(path, secret))


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("agent.slots", 0, "/agent/slots"),
        ("agent.slots", 101, "/agent/slots"),
        ("agent.slots", "four", "/agent/slots"),
        ("agent.slots", 1.5, "/agent/slots"),
        ("agent.slot", 4, "slot"),
        ("agents", {}, "agents"),
        ("agent.drainSeconds", 0, "/agent/drainSeconds"),
        ("agent.maxCallSeconds", 86401, "/agent/maxCallSeconds"),
        ("agent.aloneSeconds", 0, "/agent/aloneSeconds"),
        ("agent.greeting", "a" * 501, "/agent/greeting"),
        ("agent.timezone", "Berlin Time", "/agent/timezone"),
        ("agent.autoscaling.targetCpuPercent", 5, "/agent/autoscaling/targetCpuPercent"),
        ("agent.autoscaling.engine", "memory", "/agent/autoscaling/engine"),
        ("agent.autoscaling.callsPerPod", 0, "/agent/autoscaling/callsPerPod"),
        ("agent.autoscaling.bufferCalls", -1, "/agent/autoscaling/bufferCalls"),
        ("agent.resources.requests.cpu", "lots", "/agent/resources/requests/cpu"),
        ("agent.resources.limits.memory", "2GB", "/agent/resources/limits/memory"),
        ("agent.resources.requests.gpu", 1, "/agent/resources/requests"),
        ("agent.deletionCost.policy", "yes", "/agent/deletionCost/policy"),
        ("voice", "cloud", "/voice"),
        ("logLevel", "warn", "/logLevel"),
        ("web.tokenTtlSeconds", 601, "/web/tokenTtlSeconds"),
        ("web.callerMay", ["everything"], "/web/callerMay/0"),
        ("web.signIn.oidc.issuer", "login.example.com", "/web/signIn/oidc/issuer"),
        ("web.trustedProxies", -1, "/web/trustedProxies"),
        ("web.limits.startsPerAddress", -1, "/web/limits/startsPerAddress"),
        ("web.limits.windowSeconds", 1, "/web/limits/windowSeconds"),
        ("web.budget.minutesPerDay", -1, "/web/budget/minutesPerDay"),
        ("web.budget.usdPerDay", "ten", "/web/budget/usdPerDay"),
        ("web.limits.perAddress", 1, "perAddress"),
        ("web.allowedOrigins", ["https://a.example.com/path"], "/web/allowedOrigins/0"),
        ("web.allowedOrigins", ["*"], "/web/allowedOrigins/0"),
        ("web.brand.accent", "blue", "/web/brand/accent"),
        ("web.brand.background", "#fff", "/web/brand/background"),
        ("web.brand.name", "", "/web/brand/name"),
        ("web.brand.links", {"imprint": "http://a.example"}, "/web/brand/links/imprint"),
        ("web.brand.links", {"imprint": "javascript:alert(1)"}, "/web/brand/links/imprint"),
        ("web.brand.logo", "x.png", "logo"),
        ("web.ingress.host", "https://alex.example.com", "/web/ingress/host"),
        ("web.ingress.hosts", [], "hosts"),
        ("web.service.nodePort", 80, "/web/service/nodePort"),
        ("offline.fallback", "always", "/offline/fallback"),
        ("offline.sttStreams", 0, "/offline/sttStreams"),
        ("livekit.exposure", "hostPort", "/livekit/exposure"),
        ("image.digests.web", "sha256:1234", "/image/digests/web"),
        ("agent.extraVolumes", [{"name": "host", "hostPath": {"path": "/"}}], "hostPath"),
        ("networkPolicy.callers", [{}], "/networkPolicy/callers/0"),
        ("livekit.replicas", 0, "/livekit/replicas"),
        ("livekit.replicas", 21, "/livekit/replicas"),
        ("redis.address", "redis.example.com", "/redis/address"),
        ("redis.address", "rediss://redis.example.com:6379", "/redis/address"),
        ("livekit.address", "node.example.com", "/livekit/address"),
        ("livekit.url", "https://livekit.example.com", "/livekit/url"),
        ("livekit.apiKey", "", "/livekit/apiKey"),
        ("livekit.service.nodePorts.udp", 7882, "/livekit/service/nodePorts/udp"),
        ("providers.deepgram.region", "eu", "region"),
        ("providers.google", {}, "google"),
        ("caller.asks", [], "/caller/asks"),
        ("caller.asks", [{"ask": "Hello?"}], "expect"),
        ("image.pullPolicy", "Sometimes", "/image/pullPolicy"),
    ],
)
def test_a_value_out_of_range_is_named(path: str, value: Any, where: str) -> None:
    """An unknown key, a wrong type and a value out of range are refused with their place."""
    message = refusal(put(path, value))

    assert "values don't meet the specifications of the schema" in message
    assert where in message


@pytest.mark.parametrize(
    ("cpu", "slots", "fits"),
    [("500m", 4, True), (0.5, 4, True), ("1", 4, False), (1, 5, True), ("1000m", 5, True), ("1500m", 4, False)],
)
def test_cpu_is_understood_in_every_notation(cpu: Any, slots: int, fits: bool) -> None:
    """Whether full pods can make the fleet grow is judged alike for 500m, "0.5" and 1."""
    values = merge(put("agent.resources.requests.cpu", cpu), put("agent.slots", slots))

    if fits:
        assert render(values)
    else:
        assert "agent.autoscaling.targetCpuPercent" in refusal(values)


@pytest.mark.parametrize("engine", ["keda", "prometheus"])
@pytest.mark.parametrize("cpu", [None, 2])
def test_only_the_cpu_engine_asks_for_cpu(engine: str, cpu: int | None) -> None:
    """What CPU scaling would make of the agents' request is nobody's concern where calls are counted."""
    values = put("agent.resources.requests.cpu", cpu)

    assert "agent.resources.requests.cpu" in refusal(values)
    assert render(merge(values, put("agent.autoscaling.engine", engine)))


def test_only_engines_that_count_calls_ask_for_slots() -> None:
    """With CPU scaling the two values about calls are not used, and few slots need no change of theirs."""
    assert render({"agent": {"slots": 3, "autoscaling": {"callsPerPod": 4, "cpuMillicoresPerCall": 300}}})


def test_a_buffer_may_be_one_call_less_than_the_fleet() -> None:
    """A buffer is refused only where it leaves nothing to scale."""
    scaling = {"engine": "keda", "maxReplicas": 3, "bufferCalls": 11}

    assert render({"agent": {"autoscaling": scaling}})


@pytest.mark.parametrize(
    ("memory", "fits"),
    [
        ("1230Mi", True),
        ("1229Mi", False),
        ("1.5Gi", True),
        ("1Gi", False),
        ("1300M", True),
        ("1G", False),
        ("2G", True),
    ],
)
def test_memory_is_understood_in_every_notation(memory: str, fits: bool) -> None:
    """Whether full pods fit their limit is judged alike for Mi, Gi, M and G."""
    values = put("agent.resources.limits.memory", memory)

    if fits:
        assert render(values)
    else:
        assert "agent.resources.limits.memory" in refusal(values)


def test_the_password_of_somebody_elses_redis_is_what_it_is() -> None:
    """A short password is refused for the bundled Redis only: the other one exists already."""
    assert render({"redis": {"address": "redis:6379", "password": "redis"}})
