"""What somebody sees who installs Alex wrongly, or whose offline voice is gone: the pod says what to change."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from cluster.kube import Kube, call, eventually
from cluster.release import install

NOWHERE = "ws://10.213.0.99:7880"  # an address of no machine
SECRET = "a-secret-that-the-server-does-not-know-of"


def logs(kube: Kube, component: str) -> str:
    """Return what the component's containers have said, the ones before a restart included."""
    selector = f"app.kubernetes.io/component={component}"
    now = kube.try_kubectl("logs", "--selector", selector, "--tail=-1").output
    return now + kube.try_kubectl("logs", "--selector", selector, "--tail=-1", "--previous").output


def ready(kube: Kube, component: str) -> bool:
    """Say whether a pod of the component is ready for work."""
    return any(pod["status"].get("containerStatuses", [{}])[0].get("ready") for pod in kube.pods(component))


def test_missing_secret_is_named_by_the_pod(alex: Kube, namespace: Kube) -> None:
    """An existing Secret that does not exist keeps the pods waiting, and their events name it."""
    install(alex, namespace, "livekit.existingSecret=forgotten")

    eventually("an event names the Secret", lambda: '"forgotten" not found' in namespace.kubectl("get", "events"), 90)
    assert not ready(namespace, "agent")


def test_unreachable_livekit_is_named_by_the_agent(alex: Kube, namespace: Kube) -> None:
    """An agent that cannot reach LiveKit is alive but not ready, and its log names the address."""
    server = ("livekit.enabled=false", f"livekit.url={NOWHERE}", "livekit.apiKey=alex", f"livekit.apiSecret={SECRET}")
    install(alex, namespace, *server)

    eventually("the agent says so", lambda: NOWHERE in logs(namespace, "agent"), 120)
    assert not ready(namespace, "agent")


def test_wrong_livekit_secret_is_named_by_the_agent(alex: Kube, namespace: Kube) -> None:
    """An agent whose key LiveKit refuses is never ready, and its log says that it was refused."""
    url = f"ws://alex-livekit.{alex.namespace}:7880"
    install(
        alex,
        namespace,
        "livekit.enabled=false",
        f"livekit.url={url}",
        "livekit.apiKey=alex",
        f"livekit.apiSecret={SECRET}",
    )

    eventually("the agent was refused", lambda: "401" in logs(namespace, "agent"), 120)
    assert not ready(namespace, "agent")


def test_offline_image_without_models_says_so(alex: Kube, namespace: Kube) -> None:
    """An offline pod that finds no models ends, and its log names the image as the thing to build again."""
    install(alex, namespace)
    hidden = "/opt/alex/lib/python3.11/site-packages/moonshine_voice"
    container = {"name": "offline", "volumeMounts": [{"name": "empty", "mountPath": hidden}]}
    patch = {
        "spec": {"template": {"spec": {"volumes": [{"name": "empty", "emptyDir": {}}], "containers": [container]}}}
    }
    namespace.kubectl("patch", "deployment", "alex-offline", "--patch", json.dumps(patch))

    eventually("the pod names its image", lambda: "images/build" in logs(namespace, "offline"), 120)


@pytest.fixture
def silenced(alex: Kube) -> Iterator[None]:
    """Take the offline voice away, and give it back."""
    alex.kubectl("scale", "deployment/alex-offline", "--replicas=0")
    eventually(
        "the offline pod is gone", lambda: not alex.items("pods", "-l", "app.kubernetes.io/component=offline"), 90
    )
    yield
    alex.kubectl("scale", "deployment/alex-offline", "--replicas=1")
    alex.settled()


@pytest.mark.usefixtures("silenced")
def test_offline_service_down_is_heard_and_logged(alex: Kube) -> None:
    """Without the offline voice a call fails with a reason, and the agent apologises and logs the stage."""
    asked = call("--ask", "What is your name?", "--expect", "alex")

    assert asked.code == 1, asked.output
    assert "FAIL" in asked.output
    assert "apologizing" in logs(alex, "agent")


def test_offline_service_is_used_again_without_a_restart(alex: Kube, request: pytest.FixtureRequest) -> None:
    """Once the offline voice is back, the same agent pod answers again."""
    request.getfixturevalue("silenced")
    [agent] = alex.pods("agent")
    alex.kubectl("scale", "deployment/alex-offline", "--replicas=1")
    alex.settled()

    asked = call("--ask", "What is your name?", "--expect", "alex")

    assert asked.code == 0, asked.output
    assert alex.pods("agent")[0]["metadata"]["uid"] == agent["metadata"]["uid"]
