"""`helm upgrade` of a release in use, from the version before with a call on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alex_caller.speech import Voice
from cluster import earlier
from cluster.conftest import NAMESPACE
from cluster.kube import Kube, eventually
from cluster.lanes import images_kept
from cluster.observed import calling
from cluster.release import install, node_ports, own_namespace, page, upgrade
from cluster.test_install import identity, secrets

GREETING = "Welcome back from the upgrade."


def names(kube: Kube) -> set[str]:
    """Name all pods that are there, also those that are on their way out."""
    return {pod["metadata"]["name"] for pod in kube.items("pods")}


@pytest.fixture(name="before")
def _before(alex: Kube, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kube]:
    """Install the earlier version, its own chart with its own images."""
    checkout = earlier.checkout(tmp_path / "earlier")
    with own_namespace(alex, "upgrade") as kube:
        request.node.stash[NAMESPACE] = kube
        with images_kept():
            values = {"image": {"tag": earlier.images(checkout)}, **node_ports(alex)}
            install(alex, kube, chart=checkout / "charts" / "alex", more=json.dumps(values))
        kube.settled()
        yield kube


async def test_upgrade_from_the_version_before_keeps_the_call_it_finds(alex: Kube, before: Kube) -> None:
    """A call that is on goes on with the agent it has, which knows what was said; the next is with the new version."""
    url = page(before)
    voice = Voice()
    dog, which_dog = voice.say("My dog is called Bruno."), voice.say("What is my dog called?")
    old, kept = identity(before), secrets(before)
    old_voice = {name for name in old if "-offline-" in name}
    tag = json.loads(alex.helm("get", "values", "alex", "--output", "json"))["image"]["tag"]

    async with calling(url) as call:
        await call.ask(dog)
        await asyncio.to_thread(upgrade, before, f"image.tag={tag}", f"agent.greeting={GREETING}")
        await asyncio.to_thread(before.settled)
        # A built-in voice of the version before takes the sentence with it that it is just hearing.
        await asyncio.to_thread(eventually, "the voice before is gone", lambda: not old_voice & names(before), 90)
        turn = await call.ask(which_dog)
        happened = [event.name for event in call.events]
    async with calling(url) as later:
        greeting = later.captions.said(mine=False, since=later.started)

    assert "Bruno" in turn.answer
    assert (happened.count("agent_joined"), happened.count("agent_left")) == (1, 0)
    assert GREETING in greeting
    assert not old.keys() & identity(before).keys(), "a pod of the earlier version is left"
    assert {name: secrets(before)[name] for name in kept} == kept
    assert "PASS" in before.helm("test", "alex", "--logs", "--timeout", "3m")
