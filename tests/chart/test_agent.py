from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from alex_agent.prices import Price
from chart.render import Object, render
from pydantic import TypeAdapter


def deployment(values: dict[str, Any] | None = None) -> Object:
    return render(values)["Deployment", "alex-agent"]


def pod(values: dict[str, Any] | None = None) -> Object:
    found: Object = deployment(values)["spec"]["template"]["spec"]
    return found


def env(values: dict[str, Any] | None = None) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in pod(values)["containers"][0]["env"] if "value" in entry}


def test_grace_period_outlasts_the_drain() -> None:
    """A pod has the whole drain and 120 s to close what is left, or a long call would be killed, not ended."""
    assert pod()["terminationGracePeriodSeconds"] == 3600 + 120
    assert pod({"agent": {"drainSeconds": 86400}})["terminationGracePeriodSeconds"] == 86400 + 120
    assert env({"agent": {"drainSeconds": 86400}})["ALEX_DRAIN_SECONDS"] == "86400"


def test_a_rollout_never_takes_slots_away() -> None:
    """The new pod is ready before an old one starts to drain."""
    assert deployment()["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
    }


def test_replicas_belong_to_the_autoscaler() -> None:
    """The Deployment names a number only where no autoscaler owns it, so that an upgrade does not throw pods away."""
    fixed = {"agent": {"autoscaling": {"enabled": False}, "replicas": 3}}

    assert "replicas" not in deployment()["spec"]
    assert deployment(fixed)["spec"]["replicas"] == 3
    assert ("HorizontalPodAutoscaler", "alex-agent") not in render(fixed)


def test_autoscaler_follows_the_deployment() -> None:
    """The autoscaler counts the CPU of the agent's own Deployment, grows at once and shrinks one pod a minute."""
    scaler = render({"agent": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5, "targetCpuPercent": 60}}})[
        "HorizontalPodAutoscaler", "alex-agent"
    ]["spec"]

    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "alex-agent"}
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert scaler["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    assert scaler["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert scaler["behavior"]["scaleDown"] == {
        "stabilizationWindowSeconds": 300,
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
    }


def test_prometheus_engine_asks_for_the_wanted_pods_of_this_release() -> None:
    """The autoscaler takes web's number as it is: one pod for each, of its own release, as fast as the others."""
    values = {"agent": {"autoscaling": {"engine": "prometheus"}}}
    scaler = render(values, release="team-a")["HorizontalPodAutoscaler", "team-a-alex-agent"]["spec"]

    assert scaler["metrics"] == [
        {
            "type": "External",
            "external": {
                "metric": {
                    "name": "alex_web_wanted_agent_pods",
                    "selector": {"matchLabels": {"app_kubernetes_io_instance": "team-a"}},
                },
                "target": {"type": "AverageValue", "averageValue": "1"},
            },
        }
    ]
    assert scaler["behavior"] == render()["HorizontalPodAutoscaler", "alex-agent"]["spec"]["behavior"]


def test_keda_asks_web_through_a_service_that_is_there() -> None:
    """KEDA reads the wanted pods at web's ops Service, in the release's namespace, and alone decides their number."""
    values = {"agent": {"autoscaling": {"engine": "keda", "minReplicas": 2, "maxReplicas": 7}}}
    objects = render(values, release="team-a", namespace="voices")
    scaled = objects["ScaledObject", "team-a-alex-agent"]["spec"]
    others = render()["HorizontalPodAutoscaler", "alex-agent"]["spec"]
    (trigger,) = scaled["triggers"]
    url = urlsplit(trigger["metadata"].pop("url"))
    service = objects["Service", str(url.hostname).split(".")[0]]["spec"]

    assert trigger == {
        "type": "metrics-api",
        "metricType": "AverageValue",
        "metadata": {"valueLocation": "wanted", "targetValue": "1"},
    }
    assert (url.hostname, url.path) == ("team-a-alex-web-ops.voices.svc", "/api/capacity")
    assert (service["type"], [port["port"] for port in service["ports"]]) == ("ClusterIP", [url.port])
    assert ("Deployment", scaled["scaleTargetRef"]["name"]) in objects
    assert (scaled["minReplicaCount"], scaled["maxReplicaCount"]) == (2, 7)
    assert scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"] == others["behavior"]
    assert ("HorizontalPodAutoscaler", "team-a-alex-agent") not in objects
    assert "replicas" not in objects["Deployment", "team-a-alex-agent"]["spec"]
    assert "fallback" not in scaled  # while web does not know, the number of pods stays


def test_names_of_the_longest_release_fit_keda() -> None:
    """KEDA refuses an autoscaler whose name is longer than a label may be."""
    objects = render({"agent": {"autoscaling": {"engine": "keda"}}, "fullnameOverride": "a" * 50})
    (scaled,) = objects.of("ScaledObject").values()

    assert len(scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["name"]) <= 63


def test_change_to_keda_is_not_refused_by_it() -> None:
    """Helm makes the ScaledObject before it removes the other autoscaler, which KEDA is told to overlook."""
    scaler = render()["HorizontalPodAutoscaler", "alex-agent"]

    assert scaler["metadata"]["annotations"] == {"validations.keda.sh/hpa-ownership": "false"}


def test_service_shows_every_pod_also_a_draining_one() -> None:
    """Web sees each agent pod by its own address, and a draining pod does not vanish with its calls."""
    service = render()["Service", "alex-agent"]["spec"]

    assert service["clusterIP"] == "None"
    assert service["publishNotReadyAddresses"] is True
    assert [(port["name"], port["port"]) for port in service["ports"]] == [("ops", 9090)]


def test_selectors_meet_the_pods() -> None:
    """Service, budget and Deployment select the labels that the pods carry, and those of no other component."""
    objects = render()
    labels = objects["Deployment", "alex-agent"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        objects["Deployment", "alex-agent"]["spec"]["selector"]["matchLabels"],
        objects["PodDisruptionBudget", "alex-agent"]["spec"]["selector"]["matchLabels"],
        objects["Service", "alex-agent"]["spec"]["selector"],
    ]

    for selector in selectors:
        assert selector.items() <= labels.items()
        assert selector["app.kubernetes.io/component"] == "agent"
        assert "app.kubernetes.io/version" not in selector


def test_budget_lets_one_pod_go() -> None:
    """A node drain moves one agent at a time, and never waits for one that is broken."""
    budget = render()["PodDisruptionBudget", "alex-agent"]["spec"]

    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_probes_ask_different_questions() -> None:
    """Starting, alive and ready are asked at the ops port, and only readiness asks for more than a running program."""
    container = pod()["containers"][0]
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}

    assert probes == {
        "startupProbe": {"path": "/livez", "port": "ops"},
        "livenessProbe": {"path": "/livez", "port": "ops"},
        "readinessProbe": {"path": "/readyz", "port": "ops"},
    }
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {"ops": 9090}
    assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] >= 120


def test_prompt_is_mounted_only_when_set() -> None:
    """A prompt of one's own comes as a file, and without one there is no ConfigMap."""
    chosen = {"agent": {"prompt": "You are Alex.\n{{ not a template }}"}}

    assert ("ConfigMap", "alex-agent") not in render()
    assert "ALEX_PROMPT_FILE" not in env()
    assert render(chosen)["ConfigMap", "alex-agent"]["data"] == {"alex.md": chosen["agent"]["prompt"]}
    assert env(chosen)["ALEX_PROMPT_FILE"] == "/etc/alex/prompt/alex.md"
    assert {"name": "prompt", "configMap": {"name": "alex-agent"}} in pod(chosen)["volumes"]


@pytest.mark.parametrize(
    ("change", "annotation"),
    [
        ({"agent": {"prompt": "Another."}}, "checksum/prompt"),
        ({"livekit": {"apiSecret": "another-secret-of-forty-characters-long"}}, "checksum/livekit-key"),
        ({"livekit": {"existingSecret": "other"}}, "checksum/livekit-key"),
    ],
)
def test_a_change_of_what_is_mounted_replaces_the_pods(change: dict[str, Any], annotation: str) -> None:
    """What a pod reads at its start is in its checksums, so that a change reaches running pods."""

    def checksum(values: dict[str, Any] | None) -> str:
        return str(deployment(values)["spec"]["template"]["metadata"]["annotations"][annotation])

    assert checksum(None) != checksum(change)


def test_offline_voice_needs_no_key() -> None:
    """With the built-in voice, no provider's key, model or address reaches the pod."""
    names = env({"providers": {"deepgram": {"apiKey": "unused"}}})

    assert names["ALEX_VOICE"] == "offline"
    assert names["ALEX_OFFLINE_URL"] == "http://alex-offline:8080"
    assert not [name for name in names if name.startswith(("DEEPGRAM", "OPENAI", "ELEVEN", "ALEX_OPENAI"))]


def test_hosted_voice_reads_its_keys_from_files() -> None:
    """Each provider's key is a file from the Secret that holds it, under the name it has there."""
    values = {
        "voice": "hosted",
        "providers": {
            "deepgram": {"apiKey": "dg"},
            "openai": {"existingSecret": "ours", "existingSecretKey": "openai"},
            "elevenlabs": {"existingSecret": "ours"},
        },
    }
    sources = next(volume for volume in pod(values)["volumes"] if volume["name"] == "keys")["projected"]["sources"]
    files = {
        item["path"]: (source["secret"]["name"], item["key"])
        for source in sources
        for item in source["secret"]["items"]
    }

    assert files == {
        "LIVEKIT_API_KEY": ("alex-livekit", "LIVEKIT_API_KEY"),
        "LIVEKIT_API_SECRET": ("alex-livekit", "LIVEKIT_API_SECRET"),
        "DEEPGRAM_API_KEY": ("alex-agent", "DEEPGRAM_API_KEY"),
        "OPENAI_API_KEY": ("ours", "openai"),
        "ELEVEN_API_KEY": ("ours", "ELEVEN_API_KEY"),
    }
    for name in files:
        assert env(values)[f"{name}_FILE"] == f"/etc/alex/keys/{name}"
        assert name not in env(values)


def test_strange_strings_stay_strings() -> None:
    """Values that YAML would take for something else arrive as they were written."""
    names = env({"agent": {"language": "no", "name": "0x10", "greeting": 'Say: "hi" # now'}})

    assert names["ALEX_LANGUAGE"] == "no"
    assert names["ALEX_AGENT_NAME"] == "0x10"
    assert names["ALEX_GREETING"] == 'Say: "hi" # now'


def test_prices_reach_the_agent_as_the_agent_reads_them() -> None:
    """The table of prices of values.yaml is one that the agent takes, and a budget is told only when there is one."""
    prices = TypeAdapter(tuple[Price, ...]).validate_json(env()["ALEX_PRICES"])

    assert {(price.provider, price.model) for price in prices} == {
        ("deepgram", "nova-2-general"),
        ("openai", "gpt-4o-mini"),
        ("openai", "gpt-4o-mini-tts"),
        ("elevenlabs", "eleven_turbo_v2_5"),
    }
    assert "ALEX_BUDGET_USD_PER_DAY" not in env()
    assert env({"agent": {"budgetUsdPerDay": 2.5}})["ALEX_BUDGET_USD_PER_DAY"] == "2.5"
    assert "ALEX_PRICES" not in env({"agent": {"prices": []}})


def test_traces_go_nowhere_by_default() -> None:
    """A collector is told to the agent only where the operator names one."""
    assert "ALEX_OTLP_ENDPOINT" not in env()
    assert env({"tracing": {"otlpEndpoint": "http://otel:4318"}})["ALEX_OTLP_ENDPOINT"] == "http://otel:4318"
