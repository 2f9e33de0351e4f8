"""Two LiveKit nodes, a real Redis and two web replicas: calls on both nodes, and what they notice when one goes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import aiohttp
import jwt
import pytest
from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, TokenError, take_token
from alex_caller.presence import CallError
from alex_caller.speech import Clip, Voice
from cluster.conftest import NAMESPACE
from cluster.kube import Kube, eventually
from cluster.release import install, node_address, own_namespace

# What a caller waits for at most. Measured is a fifth of it; the machine may be busy.
PATIENCE_SECONDS = 60.0
# Statistics of a node are two seconds old at worst, and by them the next call goes to the node with fewer.
SPREAD_SECONDS = 3.0


@dataclass(frozen=True)
class Spoken:
    """A call, and the name of the LiveKit pod that has its room."""

    call: Call
    room: str
    node: str


@dataclass(frozen=True)
class Nodes:
    """A release with several LiveKit nodes."""

    kube: Kube
    address: str  # of the Kubernetes node, where its node ports are
    page_port: int
    name: Clip
    dog: Clip
    which_dog: Clip

    def redis(self, *words: str) -> str:
        """Ask Redis."""
        return self.kube.kubectl("exec", "deployment/alex-redis", "--", "redis-cli", "--raw", *words).strip()

    def node_of(self, room: str) -> str:
        """Name the pod that has a room."""
        wanted = self.redis("hget", "room_node_map", room)
        for pod in self.kube.pods("livekit"):
            if wanted in re.findall(r'"nodeID": *"(\w+)"', self.kube.kubectl("logs", pod["metadata"]["name"])):
                return str(pod["metadata"]["name"])
        raise AssertionError(f"no pod is the node {wanted!r}")

    @contextlib.asynccontextmanager
    async def spoken(self) -> AsyncIterator[Spoken]:
        """Be in a call whose greeting is over."""
        call, room = await self._joined()
        try:
            await call.greeting()
            yield Spoken(call, room, await asyncio.to_thread(self.node_of, room))
        finally:
            await call.hang_up()

    async def _joined(self) -> tuple[Call, str]:
        """Be in a room; a Redis that restarts between token and join has forgotten it, and the page then asks again."""
        limits = Limits(agent=PATIENCE_SECONDS, agent_away=PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            invitation = await self._invited()
            room = jwt.decode(invitation.token, options={"verify_signature": False})["video"]["room"]
            try:
                return await Call(invitation, limits=limits).__aenter__(), room
            except CallError as error:
                if error.code != "no_livekit" or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(1)

    @contextlib.asynccontextmanager
    async def two_spoken(self) -> AsyncIterator[tuple[Spoken, Spoken]]:
        """Be in two calls."""
        async with self.spoken() as first:
            await asyncio.sleep(SPREAD_SECONDS)
            async with self.spoken() as second:
                yield first, second

    async def _invited(self) -> Invitation:
        """Get a token; without Redis there is none for a moment."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    return await take_token(http, f"http://{self.address}:{self.page_port}", PATIENCE_SECONDS)
                except TokenError:
                    if time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(1)

    async def answered_again(self, call: Call, died: float) -> str:
        """Wait until a call whose node died is on again, and ask."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(event.name == "reconnected" and event.at > died for event in call.events):
            assert time.monotonic() < deadline, f"not back within {PATIENCE_SECONDS:g} s: {call.events}"
            await call.hold(0.1)
        await call.agent()
        return await self.answered(call)

    async def answered(self, call: Call) -> str:
        """Ask, as a person does, until the answer comes; return it, or what was said last."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        said = ""
        # A successor says first that it is back, perhaps into the question.
        while "alex" not in said.lower() and time.monotonic() < deadline:
            try:
                said = (await call.ask(self.name)).answer
            except CallError as error:
                if error.code != "no_answer":
                    raise
        return said

    def settled(self) -> None:
        """Wait until both LiveKit nodes take calls."""
        eventually(
            "two LiveKit nodes are ready",
            lambda: {*self.kube.ready("livekit")} == {"alex-livekit-0", "alex-livekit-1"},
            120,
        )


@pytest.fixture(name="nodes", scope="module")
def _nodes(alex: Kube) -> Iterator[Nodes]:
    """Install Alex with two LiveKit nodes beside the other release, whose voice it borrows."""
    voice = Voice()
    address = node_address(alex)
    with own_namespace(alex) as kube:
        install(
            alex,
            kube,
            "livekit.replicas=2",
            "livekit.exposure=address",
            f"livekit.address={address}",
            "livekit.service.type=NodePort",
            "redis.enabled=true",
            "web.replicas=2",
            "web.service.type=NodePort",
            "offline.enabled=false",
            f"offline.url=http://alex-offline.{alex.namespace}:8080",
        )
        kube.settled()
        port = kube.get("service", "alex-web")["spec"]["ports"][0]["nodePort"]
        words = ("What is your name?", "My dog is called Bruno.", "What is my dog called?")
        found = Nodes(kube, address, port, *(voice.say(sentence) for sentence in words))
        found.settled()
        yield found


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
        async with nodes.spoken() as after:
            new = await after.call.ask(nodes.name)
        turn = await before.call.ask(nodes.name)

    assert "alex" in new.answer.lower()
    assert "alex" in turn.answer.lower()
    assert "ended" not in [event.name for event in before.call.events]
