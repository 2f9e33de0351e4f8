"""A release with several LiveKit nodes, and callers in it who know which one they are on."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import aiohttp
import jwt
from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, TokenError, take_token
from alex_caller.presence import CallError
from alex_caller.speech import Clip, Voice
from cluster.kube import Kube, eventually
from cluster.release import install_scenario, node_address, own_namespace, page

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
    page: str
    name: Clip
    dog: Clip
    which_dog: Clip

    def redis(self, *words: str) -> str:
        """Ask Redis."""
        login = base64.b64decode(self.kube.get("secret", "redis-login")["data"]["REDIS_PASSWORD"]).decode()
        client = ("redis-cli", "--no-auth-warning", "-a", login, "--raw")
        return self.kube.kubectl("exec", "deployment/alex-redis", "--container=redis", "--", *client, *words).strip()

    def node_of(self, room: str) -> str:
        """Name the pod that has a room."""
        wanted = self.redis("hget", "room_node_map", room)
        for pod in self.kube.pods("livekit"):
            name = str(pod["metadata"]["name"])
            told = self.kube.kubectl("logs", name, "--container=livekit")
            if wanted in re.findall(r'"nodeID": *"(\w+)"', told):
                return name
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
                    return await take_token(http, self.page, PATIENCE_SECONDS)
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

    def redis_replaced(self, old: str) -> None:
        """Wait until another pod than this one is Redis."""
        eventually("another Redis is ready", lambda: bool({*self.kube.ready("redis")} - {old}), 120)

    def settled(self) -> None:
        """Wait until both LiveKit nodes take calls."""
        eventually(
            "two LiveKit nodes are ready",
            lambda: {*self.kube.ready("livekit")} == {"alex-livekit-0", "alex-livekit-1"},
            120,
        )


@contextlib.contextmanager
def production(alex: Kube) -> Iterator[Nodes]:
    """Install the scenario of that name. There is no Ingress controller, so callers come to node ports."""
    voice = Voice()
    with own_namespace(alex) as kube:
        install_scenario(alex, kube, "production", "livekit.ingress.enabled=false", "web.service.type=NodePort")
        kube.settled()
        words = ("What is your name?", "My dog is called Bruno.", "What is my dog called?")
        found = Nodes(kube, node_address(alex), page(kube), *(voice.say(sentence) for sentence in words))
        found.settled()
        yield found
