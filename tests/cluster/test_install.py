"""`k8s/up` on a real Kubernetes: what it ends with, what it installed, and what it does the second time."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest
from cluster.kube import ROOT, Kube, Result, call, eventually, run, target
from cluster.lanes import images_forgotten
from cluster.release import upgrade

QUICK_SECONDS = 90  # what `k8s/up` may take when nothing has changed

UNRESTRICTED = """
apiVersion: v1
kind: Pod
metadata: {name: root}
spec: {containers: [{name: root, image: alex-web:any, securityContext: {privileged: true}}]}
"""


def identity(alex: Kube) -> dict[str, tuple[str, int]]:
    """Return every pod's unique id and how often it was restarted."""
    return {
        pod["metadata"]["name"]: (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        for pod in alex.pods()
    }


def secrets(alex: Kube) -> dict[str, object]:
    """Return the contents of the release's secrets, without helm's own records."""
    kept = alex.items("secrets", "--field-selector", "type=Opaque")
    return {secret["metadata"]["name"]: secret["data"] for secret in kept}


def test_up_ends_with_the_question_the_answer_and_the_silence(up: Result) -> None:
    """The last thing `k8s/up` shows is a spoken question, its answer, the measured gap, the page and how to stop."""
    told = up.output.split("Asking Alex a question:")[-1]

    assert "What is your name?" in told
    assert re.search(r"\balex\b.*\d+\.\d\d s", told, re.IGNORECASE | re.DOTALL)
    assert re.search(r"http://localhost:\d+", told)
    assert "k8s/down" in told


def test_up_again_is_quick_and_changes_nothing(alex: Kube) -> None:
    """A second `k8s/up` of an unchanged tree restarts no pod, keeps the generated secrets and is done in 90 seconds."""
    pods, kept = identity(alex), secrets(alex)

    with images_forgotten():
        again = run(ROOT / "k8s" / "up", timeout=600)

    assert again.code == 0, again.output
    assert again.seconds < QUICK_SECONDS
    assert " loaded (" not in again.output
    assert identity(alex) == pods
    assert secrets(alex) == kept
    assert kept


def test_upgrade_without_a_change_restarts_nothing(alex: Kube) -> None:
    """An upgrade to the same values keeps every pod and the secrets the chart has generated."""
    pods, kept = identity(alex), secrets(alex)

    upgrade(alex)
    alex.settled()

    assert identity(alex) == pods
    assert secrets(alex) == kept


def test_nothing_but_images_is_set(alex: Kube) -> None:
    """The chart is installed with its own values, but for the names of images that no registry has."""
    values = json.loads(alex.helm("get", "values", "alex", "--output", "json"))

    assert set(values) <= {"image", "livekit", "redis"}
    assert set(values["image"]) == {"tag"}
    assert set(values.get("livekit", {})) <= {"image"}
    assert set(values.get("redis", {})) <= {"image"}


def test_namespace_insists_on_restricted_pods(alex: Kube) -> None:
    """The namespace Alex runs in refuses a pod that does not meet Pod Security `restricted`."""
    refused = alex.try_kubectl("apply", "--filename", "-", stdin=UNRESTRICTED)

    assert refused.code != 0
    assert "restricted" in refused.output


@pytest.mark.usefixtures("up")
def test_pods_weigh_as_much_as_on_a_node_of_their_own() -> None:
    """A build on the machine of the local node takes no more from all pods together than kubelet's shares let it."""
    groups = Path("/sys/fs/cgroup")
    given = [*groups.glob("cpu*/alex/kubepods/cpu.shares"), *groups.glob("alex/kubepods/cpu.weight")]  # version 1 and 2

    assert given or target()["made"] != "local"
    for file in given:
        assert int((file.parents[1] / file.name).read_text()) >= int(file.read_text())


def test_every_pod_is_ready_and_never_restarted(alex: Kube) -> None:
    """Agent, web, offline and livekit run, each ready, none restarted."""
    pods = alex.pods()

    assert {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods} == {
        "agent",
        "web",
        "offline",
        "livekit",
    }
    for pod in pods:
        [container] = pod["status"]["containerStatuses"]
        assert container["ready"], pod["metadata"]["name"]
        assert container["restartCount"] == 0, pod["metadata"]["name"]


def test_helm_test_makes_a_call(alex: Kube) -> None:
    """`helm test` passes: its pod takes a token, asks aloud and hears answers that fit."""
    said = alex.helm("test", "alex", "--logs", "--timeout", "4m")

    assert re.search(r"Phase:\s+Succeeded", said)
    assert "PASS" in said


def test_call_asks_any_question(alex: Kube) -> None:
    """`k8s/call` asks several questions in one call, checks the answers and reports the silence before them."""
    asked = call(
        "--ask", "What is two plus three?", "--expect", "five|5", "--ask", "What is your name?", "--expect", "alex"
    )

    assert asked.code == 0, asked.output
    assert "PASS: 1 of 1 calls" in asked.output
    assert re.search(r"median \d+\.\d\d s", asked.output)


def test_call_fails_when_the_answer_does_not_fit(alex: Kube) -> None:
    """`k8s/call` passes on the caller's exit code 1 and leaves no pod behind."""
    asked = call("--ask", "What is your name?", "--expect", "rumpelstiltskin")

    assert asked.code == 1, asked.output
    assert "rumpelstiltskin" in asked.output
    eventually("the pod of k8s/call is gone", lambda: "pod/alex-call-" not in alex.kubectl("get", "pods", "-o", "name"))


def test_call_refuses_arguments_that_make_no_sense(alex: Kube) -> None:
    """`k8s/call` passes on exit code 2 for arguments the caller does not know."""
    asked = call("--shout")

    assert asked.code == 2, asked.output
    assert "--shout" in asked.output


@pytest.fixture
def page(alex: Kube) -> str:
    """Return the address of the page that `k8s/up` printed."""
    return f"http://localhost:{target()['page_port']}"


def answers(url: str) -> bool:
    """Say whether the page is served."""
    try:
        with urllib.request.urlopen(url, timeout=3) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_page_hands_out_tokens_for_this_machine(page: str) -> None:
    """The page is on localhost, and the token it gets leads a browser to the media server on localhost as well."""
    request = urllib.request.Request(f"{page}/api/token", data=b"{}", headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        token = json.load(response)

    assert answers(page)
    assert token["server_url"] == "ws://localhost:7880"
    assert answers("http://localhost:7880")


def test_page_comes_back_after_its_pod_is_replaced(alex: Kube, page: str) -> None:
    """The port-forward of `k8s/up` follows from a deleted web pod to the next one."""
    [pod] = alex.pods("web")
    alex.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
    alex.settled()

    eventually("the page answers from another pod", lambda: alex.pods("web")[0] != pod and answers(page), 60)
