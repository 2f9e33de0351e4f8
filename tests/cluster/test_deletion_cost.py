"""Idle pods go first: what an agent tells Kubernetes, what its token cannot do, and which pod scale-in takes."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from typing import Any

from cluster.kube import ROOT, Kube, eventually
from cluster.release import install

COST = "controller.kubernetes.io/pod-deletion-cost"
SAFE = "cluster-autoscaler.kubernetes.io/safe-to-evict"
FENCE = "an agent of Alex may"

# Runs in the agent's container, by default with the agent's own token: for each request its status and what the API
# server says.
PATCH = """
import json, os, ssl, sys, urllib.error, urllib.request
folder = "/etc/alex/kubernetes"
tls = ssl.create_default_context(cafile=f"{folder}/ca.crt")
token, requests = json.load(sys.stdin)
token = token or open(f"{folder}/token").read()
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/merge-patch+json"}
server = "https://" + os.environ["KUBERNETES_SERVICE_HOST"] + ":" + os.environ["KUBERNETES_SERVICE_PORT"]
told = []
for method, path, body in requests:
    data = None if body is None else json.dumps(body).encode()
    url = server + path
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), context=tls) as answer:
            told.append([answer.status, ""])
    except urllib.error.HTTPError as error:
        told.append([error.code, json.load(error)["message"]])
print(json.dumps(told))
"""


def costs(kube: Kube) -> dict[str, tuple[str | None, str | None]]:
    """Return what every agent pod says of itself, by its name."""
    return {
        pod["metadata"]["name"]: tuple(pod["metadata"].get("annotations", {}).get(key) for key in (COST, SAFE))
        for pod in kube.pods("agent")
    }


def ask(alex: Kube, pod: str, requests: list[tuple[str, str, Any]], token: str = "") -> list[tuple[int, str]]:
    """Let an agent pod make requests of the API server with its own token or another one."""
    words = ("exec", "--stdin", pod, "--", "python", "-c", PATCH)
    told = alex.kubectl(*words, stdin=json.dumps([token, requests]))
    return [(status, message) for status, message in json.loads(told)]


def test_pod_tells_how_many_calls_it_holds(alex: Kube) -> None:
    """With a call an agent pod costs 1 and is not safe to evict; before and after it costs 0 and is."""
    [pod] = costs(alex)
    eventually("the idle pod says so", lambda: costs(alex) == {pod: ("0", "true")}, 60)
    words = ["--ask", "What is your name?", "--expect", "alex", "--hold", "8"]
    ongoing = subprocess.Popen(
        [ROOT / "k8s" / "call", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        eventually("the busy pod says so", lambda: costs(alex) == {pod: ("1", "false")}, 90)
    finally:
        said, _ = ongoing.communicate(timeout=180)

    assert ongoing.returncode == 0, said
    eventually("the pod is idle again", lambda: costs(alex) == {pod: ("0", "true")}, 60)


def test_token_is_good_for_two_annotations_of_its_own_pod(alex: Kube) -> None:
    """An agent's own token can write its two annotations; the policy refuses every other change of any pod."""
    [agent], [web] = alex.pods("agent"), alex.pods("web")
    folder = alex.path("pods")
    own, neighbour = (f"{folder}/{pod['metadata']['name']}" for pod in (agent, web))
    annotated = {"metadata": {"annotations": {COST: "0", SAFE: "true"}}}
    image = {"spec": {"containers": [{**agent["spec"]["containers"][0], "image": "evil"}]}}
    refused: dict[str, tuple[str, Any]] = {
        "another pod's annotation": (neighbour, annotated),
        "another pod's label": (neighbour, {"metadata": {"labels": {"team": "evil"}}}),
        "own label": (own, {"metadata": {"labels": {"team": "evil"}}}),
        "own label away": (own, {"metadata": {"labels": {"app.kubernetes.io/component": None}}}),
        "own image": (own, image),
        "own other annotation": (own, {"metadata": {"annotations": {"team": "evil"}}}),
        "own other annotation away": (own, {"metadata": {"annotations": {"checksum/keys": None}}}),
        "own other annotation changed": (own, {"metadata": {"annotations": {"checksum/keys": "evil"}}}),
        "own finalizers": (own, {"metadata": {"finalizers": ["example.com/for-ever"]}}),
        "own owner": (own, {"metadata": {"ownerReferences": None}}),
    }
    beyond: dict[str, tuple[str, str, Any]] = {
        "status": ("PATCH", f"{own}/status", {"status": {"phase": "Failed"}}),
        "reading": ("GET", neighbour, None),
        "listing": ("GET", folder, None),
        "deleting": ("DELETE", neighbour, None),
        "secrets": ("GET", alex.path("secrets"), None),
        "another namespace": ("PATCH", f"/api/v1/namespaces/kube-system/pods/{agent['metadata']['name']}", annotated),
    }
    requests: list[tuple[str, str, Any]] = [("PATCH", own, annotated)]
    requests += [("PATCH", path, body) for path, body in refused.values()]
    requests += beyond.values()

    allowed, *told = ask(alex, agent["metadata"]["name"], requests)

    assert allowed == (200, "")
    for what, (status, message) in zip([*refused, *beyond], told, strict=True):
        assert status == 403, (what, status, message)
        assert (FENCE in message) == (what in refused), (what, message)
    assert "the pod it runs in" in told[0][1]
    after = {pod["metadata"]["name"]: pod for pod in alex.pods()}
    for before in (agent, web):
        now = after[before["metadata"]["name"]]
        assert now["metadata"]["labels"] == before["metadata"]["labels"]
        assert now["spec"] == before["spec"]


def test_account_alone_is_no_use(alex: Kube) -> None:
    """A token of the agent's account that was not made for a pod does not get past the policy."""
    [agent] = alex.pods("agent")
    path = alex.path(f"pods/{agent['metadata']['name']}")
    body = {"metadata": {"annotations": {COST: "-100"}}}
    token = alex.kubectl("create", "token", "alex-agent", "--duration=10m").strip()

    [(status, message)] = ask(alex, agent["metadata"]["name"], [("PATCH", path, body)], token)

    assert status == 403
    assert f"{FENCE} only annotate the pod it runs in" in message


def talk(kube: Kube, hold_seconds: int) -> str:
    """Start a caller in the namespace of a release; return the name of its pod."""
    hook = kube.kubectl(
        "create", "--dry-run=client", "--output=json", "--filename=-", stdin=kube.helm("get", "hooks", "alex")
    )
    words = ("--ask", "What is your name?", "--expect", "alex", "--hold", str(hold_seconds), "--wait", "60")
    done = subprocess.run([ROOT / "k8s" / "call-pod", *words], input=hook, capture_output=True, text=True, check=True)
    return kube.kubectl("create", "--output=name", "--filename=-", stdin=done.stdout).strip()


def newest(kube: Kube) -> str:
    """Return the agent pod that was made last."""

    def age(pod: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])

    return str(max(kube.pods("agent"), key=age)["metadata"]["name"])


def test_scale_in_takes_the_idle_pod(alex: Kube, namespace: Kube) -> None:
    """Of two agents the idle one goes, although elsewhere the younger goes first; the call of the busy one goes on."""
    install(
        alex,
        namespace,
        "agent.slots=1",
        "offline.enabled=false",
        f"offline.url=http://alex-offline.{alex.namespace}:8080",
    )
    namespace.settled()
    [older] = costs(namespace)
    # A call on the only pod, so that the second pod, when it is there, gets the second call.
    first = talk(namespace, 300)
    eventually("the first pod is busy", lambda: costs(namespace)[older] == ("1", "false"), 90)
    namespace.kubectl("scale", "deployment/alex-agent", "--replicas=2")
    namespace.settled()
    younger = newest(namespace)
    assert younger != older
    second = talk(namespace, 45)
    eventually("the second pod is busy", lambda: costs(namespace)[younger] == ("1", "false"), 90)
    namespace.kubectl("delete", first, "--timeout=60s")
    eventually("the first pod is idle", lambda: costs(namespace)[older] == ("0", "true"), 60)

    namespace.kubectl("scale", "deployment/alex-agent", "--replicas=1")

    eventually("one pod stays", lambda: len(costs(namespace)) == 1, 30)
    assert set(costs(namespace)) == {younger}
    eventually("the call has ended", lambda: phase(namespace, second) in {"Succeeded", "Failed"}, 120)
    assert phase(namespace, second) == "Succeeded", namespace.kubectl("logs", second)
    assert "PASS" in namespace.kubectl("logs", second)


def phase(kube: Kube, pod: str) -> str:
    """Return how far a pod is."""
    return str(kube.api(kube.path(f"pods/{pod.removeprefix('pod/')}"))["status"]["phase"])
