"""The scenario `production`: two LiveKit nodes, Redis, two of each pod, TURN in TLS, and policies that are enforced.

Calls on both nodes, what they notice when one goes, and what no pod can reach.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator

import pytest
from chart.render import CHART
from cluster.conftest import NAMESPACE
from cluster.kube import Kube
from cluster.nodes import SPREAD_SECONDS, Nodes, production
from cluster.reach import Targets, all_reached, listening, others, pose
from cluster.relay import WAYS, balancer, relayed
from cluster.release import own_namespace
from playwright.async_api import expect

# The end of the node's wire that lies outside of the cluster (`node_host_ip` of k8s/lib.sh).
OUTSIDE = "10.213.0.1"
TURN_NODE_PORT = 30879
OPERATORS = ("upgrade", "alex", str(CHART), "--reuse-values", "--set")


@pytest.fixture(name="nodes", scope="module")
def _nodes(alex: Kube) -> Iterator[Nodes]:
    with production(alex) as nodes:
        yield nodes


@pytest.fixture(autouse=True)
def _keep_logs(nodes: Nodes, request: pytest.FixtureRequest) -> None:
    """Let a failed test keep the logs of this release."""
    request.node.stash[NAMESPACE] = nodes.kube


async def test_calls_live_on_both_nodes(nodes: Nodes) -> None:
    """Two calls at once are on two nodes, whichever node and web replica took the caller in, and both are answered."""
    async with nodes.two_spoken() as (first, second):
        answers = await asyncio.gather(first.call.ask(nodes.name), second.call.ask(nodes.name))

    assert {first.node, second.node} == {"alex-livekit-0", "alex-livekit-1"}
    assert all("alex" in turn.answer.lower() for turn in answers)
    assert len(nodes.kube.pods("web")) == 2


def test_a_caller_inside_the_cluster_is_answered(nodes: Nodes) -> None:
    """`helm test` passes: its pod comes to any node by the Service, and to the media of the one with its room."""
    said = nodes.kube.helm("test", "alex", "--logs", "--timeout", "3m")

    assert "PASS" in said


async def test_a_node_that_leaves_keeps_its_call(nodes: Nodes) -> None:
    """A node that is deleted in the ordinary way takes no new call and goes when its last one has ended."""
    async with nodes.spoken() as kept:
        await kept.call.ask(nodes.dog)
        nodes.kube.kubectl("delete", "pod", kept.node, "--wait=false")
        await asyncio.sleep(SPREAD_SECONDS)
        async with nodes.spoken() as new:
            assert new.node != kept.node
        turn = await kept.call.ask(nodes.which_dog)
        names = [event.name for event in kept.call.events]

    assert "bruno" in turn.answer.lower()
    assert names == ["connected", "agent_joined"]
    await asyncio.to_thread(nodes.settled)


async def test_a_node_that_dies_costs_its_caller_seconds(nodes: Nodes) -> None:
    """The caller of a node that dies is soon in the same room on the other one, with Alex; no other call ends.

    It may miss an answer, though, where its signalling went through the node that died.
    """
    async with nodes.two_spoken() as (lost, other):
        nodes.kube.kubectl("delete", "pod", lost.node, "--grace-period=0", "--force", "--wait=false")
        died = lost.call.now
        others = await nodes.answered(other.call)
        answer = await nodes.answered_again(lost.call, died)

        kept = [event.name for event in other.call.events]

    assert "alex" in others.lower()
    assert "alex" in answer.lower()
    assert not {"agent_left", "ended"} & {*kept}
    await asyncio.to_thread(nodes.settled)


async def test_calls_outlive_redis(nodes: Nodes) -> None:
    """While Redis restarts, and forgets everything, a call goes on; and after it new ones come in."""
    async with nodes.spoken() as before:
        [old] = nodes.kube.pods("redis")
        nodes.kube.kubectl("delete", "pod", old["metadata"]["name"], "--wait=false")
        await asyncio.to_thread(nodes.redis_replaced, old["metadata"]["name"])
        async with nodes.spoken() as after:
            new = await after.call.ask(nodes.name)
        turn = await before.call.ask(nodes.name)

    assert "alex" in new.answer.lower()
    assert "alex" in turn.answer.lower()
    assert "ended" not in [event.name for event in before.call.events]


async def test_a_browser_talks_through_turn_alone(nodes: Nodes) -> None:
    """A page that gets out media by TLS to port 443 alone has a call all the same: it is relayed, and Alex answers."""
    certificate = base64.b64decode(nodes.kube.get("secret", "turn-tls")["data"]["tls.crt"]).decode()
    async with (
        balancer(OUTSIDE, 443, (nodes.address, TURN_NODE_PORT)),
        relayed(nodes.page, certificate, "turn.example.com", OUTSIDE) as page,
    ):
        await page.get_by_role("button", name="Talk to Alex").click()
        captions = page.locator("#captions")
        await expect(captions).to_contain_text("Alex", timeout=60_000)
        await page.get_by_label("Type a message to Alex").fill("What is the capital of Japan?")
        await page.keyboard.press("Enter")
        await expect(captions).to_contain_text("Tokyo", timeout=60_000)
        ways = await page.evaluate(WAYS)
        await page.get_by_role("button", name="Hang up").click()

    assert ways == ["tls"]


# Of everything that listens in the release and outside: what each pod needs. Figures are for pods of the namespaces
# named in `networkPolicy.operators`; what goes over UDP is in every call.
MEDIA = {"livekit media 0", "livekit media 1"}
PUBLIC = {"web", "livekit", *MEDIA, "livekit turn", "names", "outside http", "outside https"}
FIGURES = {"agent figures", "web figures", "offline figures", "livekit figures"}
NEEDED = {
    "agent": {"livekit", *MEDIA, "offline", "names", "outside https"},  # where Kubernetes' API is nobody knows
    "web": {"livekit", "agent figures", "redis", "names"},
    "livekit": {"web", "redis", "names"},
    "offline": set[str](),
    "redis": set[str](),
    "caller": {"web", "livekit", *MEDIA, "names", "agent figures", "web figures"},  # `helm test`
    "stranger": PUBLIC,
    "prometheus": PUBLIC | FIGURES,
}


@pytest.fixture(name="targets")
def _targets(nodes: Nodes) -> Targets:
    """Give everything there is to reach."""
    pod = {name: nodes.kube.pods(name)[0]["status"]["podIP"] for name in ("agent", "web", "offline", "redis")}
    first, second = (nodes.kube.get("pod", f"alex-livekit-{node}")["status"]["podIP"] for node in (0, 1))
    return {
        "agent figures": (pod["agent"], 9090),
        "web": (pod["web"], 8080),
        "web figures": (pod["web"], 9090),
        "offline": (pod["offline"], 8080),
        "offline figures": (pod["offline"], 9090),
        "redis": (pod["redis"], 6379),
        "livekit": (first, 7880),
        "livekit figures": (first, 6789),
        "livekit media 0": (first, 30881),
        "livekit media 1": (second, 30883),
        "livekit turn": (first, 5349),
        "names": (nodes.address, 53),
        "outside http": (OUTSIDE, 80),
        "outside https": (OUTSIDE, 443),
    }


def test_no_pod_reaches_more_than_a_call_needs(alex: Kube, nodes: Nodes, targets: Targets) -> None:
    """Each pod reaches what a call needs, and nothing else that listens; without policies it reaches all of it."""
    image = f"alex-caller:{json.loads(alex.helm('get', 'values', 'alex', '--output', 'json'))['image']['tag']}"
    sources = {name: (nodes.kube, nodes.kube.ready(name)[0]) for name in ("agent", "web", "offline")}
    with own_namespace(alex, "elsewhere") as elsewhere, own_namespace(alex, "monitoring") as monitoring:
        nodes.kube.helm(*OPERATORS, f"networkPolicy.operators={{{monitoring.namespace}}}")
        for name in ("livekit", "redis", "caller"):
            labels = {"app.kubernetes.io/instance": "alex", "app.kubernetes.io/name": "alex"}
            sources[name] = pose(nodes.kube, name, {**labels, "app.kubernetes.io/component": name}, image)
        sources["stranger"] = pose(elsewhere, "stranger", {}, image)
        sources["prometheus"] = pose(monitoring, "prometheus", {}, image)
        with listening(OUTSIDE, 80, 443):
            held = all_reached(sources, targets, NEEDED)
            nodes.kube.kubectl("delete", "networkpolicies", "--all")
            everything = {name: others(name, targets) for name in sources}
            free = all_reached(sources, targets, everything)

    assert held == NEEDED
    assert free == everything
