"""Keys are changed in three steps, and at every moment what either of two neighbouring steps has signed is good."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator

import pytest
from alex_agent.guard import may_reserve
from alex_web.settings import Settings
from alex_web.tokens import badge
from livekit import rtc
from livekit_server import LiveKitServer, running
from web.agent_pod import AgentPod
from web.front_door import SECRET, FrontDoor
from web.test_webhooks import EVENT, send, sign

Open = Callable[..., Awaitable[FrontDoor]]

OLD, NEW = ("devkey", SECRET), ("next", "the-next-secret-of-32-characters!")


def settings(first: tuple[str, str], second: tuple[str, str] | None = None) -> dict[str, str]:
    """Give web's settings with these pairs."""
    found = {"LIVEKIT_API_KEY": first[0], "LIVEKIT_API_SECRET": first[1]}
    if second is not None:
        found |= {"ALEX_SECOND_LIVEKIT_API_KEY": second[0], "ALEX_SECOND_LIVEKIT_API_SECRET": second[1]}
    return found


STEPS = [settings(OLD), settings(OLD, NEW), settings(NEW, OLD), settings(NEW)]


@pytest.fixture(name="both", scope="module")
def _both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    """Run a LiveKit that knows both keys."""
    with running(tmp_path_factory.mktemp("both"), {"keys": dict([OLD, NEW])}) as server:
        yield server


@pytest.mark.parametrize("step", [1, 2])
async def test_calls_go_on_while_keys_change(open_door: Open, both: LiveKitServer, pod: AgentPod, step: int) -> None:
    """A token of the step before can be joined with, and the web of the next step can end its call."""
    pod.also = [NEW]
    before, after = [await open_door(**STEPS[n], LIVEKIT_URL=both.url) for n in (step, step + 1)]
    given = await before.token()
    caller, gone = rtc.Room(), asyncio.Event()
    caller.on("disconnected", lambda _: gone.set())
    await caller.connect(both.url, given.json["participant_token"])
    another = await after.token()
    ended = await after.ask("POST", "/api/hangup", json={"participant_token": given.json["participant_token"]})
    await asyncio.wait_for(gone.wait(), 5)

    assert given.status == another.status == 201
    assert ended.status == 204


@pytest.mark.parametrize(("step", "old", "new"), [(0, 204, 401), (1, 204, 204), (2, 204, 204), (3, 401, 204)])
async def test_events_of_either_key_are_believed(open_door: Open, pod: AgentPod, step: int, old: int, new: int) -> None:
    """LiveKit may sign its webhooks with either key while both are good, and with the one that is left afterwards."""
    pod.also = [NEW]
    door = await open_door(**STEPS[step])
    body = json.dumps(EVENT).encode()

    assert await send(door, body, sign(body)) == old
    assert await send(door, body, sign(body, key=NEW[0], secret=NEW[1])) == new


async def test_an_old_token_ends_nothing_in_the_end(open_door: Open) -> None:
    """Once the old key is gone, nothing that it signed is good."""
    given = await (await open_door(**STEPS[1])).token()
    door = await open_door(**STEPS[3])
    answer = await door.ask("POST", "/api/hangup", json={"participant_token": given.json["participant_token"]})

    assert (answer.status, answer.kind) == (401, "not-our-token")


def test_agents_take_either_key() -> None:
    """An agent promises slots to a web that signs with either pair it knows, and to no other."""
    signed = [f"Bearer {badge(Settings.model_validate(STEPS[n]))()}" for n in (0, 3)]

    assert [may_reserve(token, [OLD, NEW]) for token in signed] == [True, True]
    assert [may_reserve(token, [NEW]) for token in signed] == [False, True]
    assert not may_reserve(signed[0].removeprefix("Bearer "), [OLD])
