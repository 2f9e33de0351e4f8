"""With `agent.autoscaling.engine: prometheus` agents follow the calls, by a real Prometheus and prometheus-adapter."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cluster.fleet import Callers, Fleet, Line, fleet
from cluster.kube import Kube
from cluster.kube import eventually as within
from cluster.monitoring import METRIC, number, numbers, series
from cluster.release import agents as running
from cluster.test_deletion_cost import costs

# From a call to a pod that takes calls: scrape 5 s, autoscaler 5 s on this cluster (15 s elsewhere), start of a pod
# about 10 s. Many times as long, because others work on the machine as well.
FOLLOWED_SECONDS = 180

# Speaks like web on its ops port.
TELL = """
import sys, prometheus_client as p
p.Gauge(sys.argv[1], "What a web pod says.").set(float(sys.argv[2]))
server, thread = p.start_http_server(9090)
thread.join()
"""


def eventually(what: str, holds: Callable[[], bool]) -> None:
    within(what, holds, FOLLOWED_SECONDS)


@pytest.fixture(name="agents", scope="module")
def _agents(alex: Kube, prometheus: Kube) -> Iterator[Fleet]:
    """Install a release in which each agent pod is for one call, and one more pod waits for the next."""
    values = ("slots=1", "autoscaling.callsPerPod=1", "autoscaling.bufferCalls=1", "autoscaling.maxReplicas=3")
    quick = "autoscaling.scaleDownAfterSeconds=5"
    with fleet(alex, *(f"agent.{value}" for value in (*values, quick))) as found:
        yield found


def teller(image: str, release: str, value: str) -> dict[str, Any]:
    """Describe a pod that looks like web of a release and says how many pods it wants."""
    labels = {"part-of": "alex", "instance": release, "component": "web"}
    container = {
        "name": "web",
        "image": image,
        "command": ["python", "-c", TELL, METRIC, value],
        "ports": [{"name": "ops", "containerPort": 9090}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{release}-{value.lower()}",
            "labels": {f"app.kubernetes.io/{name}": label for name, label in labels.items()},
        },
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    }


def test_every_ops_port_is_scraped(alex: Kube, prometheus: Kube) -> None:
    """Prometheus sees agent, web and offline of a release, and says of each series whose it is."""

    def parts() -> set[str]:
        found = series(prometheus, f'up{{namespace="{alex.namespace}",app_kubernetes_io_instance="alex"}} == 1')
        names = {pod["metadata"]["name"] for pod in alex.pods()}
        return {one["app_kubernetes_io_component"] for one in found if one["pod"] in names}

    eventually("all three are scraped", lambda: parts() == {"agent", "web", "offline"})


def test_number_is_the_largest_that_a_web_pod_knows(alex: Kube, prometheus: Kube) -> None:
    """Of what several web pods say the largest number counts; of those that know nothing there is no number at all."""
    image = alex.get("deployment/alex-web")["spec"]["template"]["spec"]["containers"][0]["image"]
    told = {"knows": ["NaN", "3", "2"], "does-not-know": ["NaN"]}
    pods = [teller(image, release, value) for release, values in told.items() for value in values]
    listed = {"apiVersion": "v1", "kind": "List", "items": pods}
    prometheus.kubectl("apply", "--filename=-", stdin=json.dumps(listed))
    here = f'{METRIC}{{namespace="{prometheus.namespace}"}}'

    eventually("all four are scraped", lambda: len(series(prometheus, here)) == 4)
    eventually("the metric is served", lambda: number(alex, prometheus.namespace, "knows") == 3)
    assert numbers(alex, prometheus.namespace, "knows") == ["3"]
    assert numbers(alex, prometheus.namespace, "does-not-know") == []
    assert numbers(alex, alex.namespace, "knows") == []


def talking(callers: Callers) -> Line:
    """Start a call and wait until Alex is in it."""
    line = callers.call()
    eventually("Alex is in the call", lambda: line.talking or line.cut is not None)
    assert line.cut is None, line.cut
    return line


def busy(fleet: Fleet) -> set[str]:
    """Name the agent pods that say they hold a call."""
    return {name for name, (cost, _) in costs(fleet.kube).items() if cost == "1"}


def web(fleet: Fleet, replicas: int) -> None:
    """Run so many web pods."""
    fleet.kube.kubectl("scale", "deployment/alex-web", f"--replicas={replicas}")


def test_agents_come_and_go_with_the_calls(agents: Fleet, alex: Kube) -> None:
    """Pods come before the next call needs one and go when calls end, busy ones last; without a number they stay."""
    namespace = agents.kube.namespace
    eventually("one pod is wanted for the first call", lambda: number(alex, namespace) == 1)
    with Callers(agents.url) as callers:
        first = talking(callers)
        eventually("a second pod is ready", lambda: running(agents.kube) == (2, 2))
        eventually("the first pod says it is busy", lambda: len(busy(agents)) == 1)
        [holder] = busy(agents)
        second = talking(callers)
        eventually("a third pod is ready", lambda: running(agents.kube) == (3, 3))
        eventually("two pods say they are busy", lambda: len(busy(agents)) == 2)
        [survivor] = busy(agents) - {holder}

        # Nobody knows how many pods are wanted: a call less changes nothing.
        web(agents, 0)
        eventually("the autoscaler lacks its number", lambda: agents.scaling() == (False, "FailedGetExternalMetric"))
        callers.hang_up(first)
        eventually("the pod of the first call is idle", lambda: busy(agents) == {survivor})
        time.sleep(15)  # three looks of the autoscaler
        assert running(agents.kube)[0] == 3

        # It is known again.
        web(agents, 1)
        eventually("a pod goes", lambda: running(agents.kube)[0] == 2)
        eventually("two pods are left", lambda: len(agents.kube.pods("agent")) == 2)
        assert survivor in {pod["metadata"]["name"] for pod in agents.kube.pods("agent")}
        assert second.talking, second.cut

        # The pod drains: its call goes on, and no pod is wanted for it.
        eventually("two pods are wanted", lambda: number(alex, namespace) == 2)
        agents.kube.kubectl("delete", f"pod/{survivor}", "--wait=false")
        eventually("a pod less is wanted", lambda: number(alex, namespace) == 1)
        assert second.talking, second.cut
        callers.hang_up(second)
        assert (first.cut, second.cut) == (None, None)
