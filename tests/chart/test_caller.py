from __future__ import annotations

import copy
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from chart.render import render, scenarios

ROOT = Path(__file__).parents[2]


def test_helm_test_asks_what_the_values_say() -> None:
    """`helm test` runs the caller against the release, with its questions in order, and keeps its log."""
    pod = render(scenarios()["full"])["Pod", "alex-caller"]

    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert "hook-succeeded" not in pod["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["containers"][0]["args"] == [
        "--url",
        "http://alex-web:8080",
        "--livekit-url",
        "ws://alex-livekit:7880",
        "--agent-metrics",
        "http://alex-agent:9090/metrics",
        "--web-metrics",
        "http://alex-web-ops:9090/metrics",
        "--deadline",
        "180",
        "--ask",
        "What is your name?",
        "--expect",
        "Alex",
        "--ask",
        "And who made you?",
        "--expect",
        "Stremini",
    ]


def test_caller_knows_the_access_code() -> None:
    """Where a code opens the door, `helm test` sends it from a mounted file, whoever made the Secret."""
    for sign_in, secret in (({"accessCode": "open-sesame"}, "alex-web"), ({"existingSecret": "ours"}, "ours")):
        pod = render({"web": {"signIn": sign_in}})["Pod", "alex-caller"]["spec"]
        arguments = pod["containers"][0]["args"]
        [keys] = [volume["projected"]["sources"] for volume in pod["volumes"] if volume["name"] == "keys"]

        assert arguments[arguments.index("--access-code-file") + 1] == "/etc/alex/keys/ALEX_ACCESS_CODE"
        assert [source["secret"]["name"] for source in keys] == [secret]
    assert "--access-code-file" not in render()["Pod", "alex-caller"]["spec"]["containers"][0]["args"]


def test_caller_reaches_somebody_elses_livekit() -> None:
    """With a remote LiveKit the caller goes where pods go."""
    arguments = render(scenarios()["remote-livekit"])["Pod", "alex-caller"]["spec"]["containers"][0]["args"]

    assert arguments[arguments.index("--livekit-url") + 1] == "wss://livekit.example.com"


def test_patience_is_the_operators() -> None:
    """The caller ends and reports a call that hangs; Kubernetes ends only a pod that never gets that far."""
    pod = render({"caller": {"deadlineSeconds": 90}})["Pod", "alex-caller"]["spec"]
    arguments = pod["containers"][0]["args"]

    assert arguments[arguments.index("--deadline") + 1] == "90"
    assert pod["activeDeadlineSeconds"] == 90 + 300


def test_caller_finds_the_figures() -> None:
    """The addresses of the figures are Services of the release, and the agents' leads to each of their pods."""
    objects = render(scenarios()["full"])
    arguments = objects["Pod", "alex-caller"]["spec"]["containers"][0]["args"]

    for component, option in (("agent", "--agent-metrics"), ("web", "--web-metrics")):
        url = urlsplit(arguments[arguments.index(option) + 1])
        service = objects["Service", str(url.hostname)]["spec"]
        assert service["selector"]["app.kubernetes.io/component"] == component
        assert [port["port"] for port in service["ports"]] == [url.port]
        assert (service.get("clusterIP") == "None") == (component == "agent")


def test_skaffold_verifies_with_the_same_pod() -> None:
    """The Job of `skaffold verify` is the pod of `helm test` with other questions, as hardened as that one."""
    pod = copy.deepcopy(render({})["Pod", "alex-caller"])  # what is rendered belongs to all tests
    template = yaml.safe_load((ROOT / "k8s" / "verify-job.yaml").read_text())["spec"]["template"]
    for container in (*pod["spec"]["containers"], *template["spec"]["containers"]):
        for own in ("image", "imagePullPolicy", "args"):
            container.pop(own, None)

    assert template["spec"] == pod["spec"]
    assert template["metadata"]["labels"].items() <= pod["metadata"]["labels"].items()
