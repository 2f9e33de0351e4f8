"""Who gets the last slots: real agents hold the promises, so any number of web replicas gives the same answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import aiohttp
import pytest
from stack import NAMES, Stack, free_port, running

SLOTS = 3
REQUESTS = 200
WEBS = ("web", "web2", "web3")


@pytest.fixture(name="crowd", scope="module")
def _crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run Alex with two agents that have three slots together, and three web replicas."""
    env = {
        "offline": {"ALEX_OFFLINE_ENGINE": "scripted"},
        "agent": {"ALEX_SLOTS": str(SLOTS - 1), "ALEX_ALONE_SECONDS": "3"},
        "agent2": {"ALEX_SLOTS": "1", "ALEX_ALONE_SECONDS": "3"},
    }
    ports = {name: free_port() for name in NAMES}
    names = ("livekit", "offline", "agent", "agent2", *WEBS)
    with running(tmp_path_factory.mktemp("crowd"), env, ports, names) as stack:
        yield stack


def free(stack: Stack, web: str) -> int:
    """Return the slots that a web replica knows to be free."""
    return int(json.loads(stack.ops(web, "/api/capacity")[1])["free"])


async def rush(stack: Stack, webs: tuple[str, ...]) -> list[tuple[int, str | None]]:
    """Ask for many tokens at the same moment; return each answer's status and Retry-After."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def ask(number: int) -> tuple[int, str | None]:
            url = f"http://127.0.0.1:{stack.ports[webs[number % len(webs)]]}/api/token"
            async with http.post(url, json={}) as answer:
                return answer.status, answer.headers.get("Retry-After")

        return await asyncio.gather(*(ask(number) for number in range(REQUESTS)))


@pytest.mark.parametrize("webs", [WEBS, WEBS[:1]], ids=["three replicas", "one replica"])
async def test_the_last_slots_are_given_once(crowd: Stack, webs: tuple[str, ...]) -> None:
    """200 callers at once for three free slots: three tokens, and 197 are told honestly when to come back."""
    deadline = time.monotonic() + 60
    while any(free(crowd, web) != SLOTS for web in WEBS):
        assert time.monotonic() < deadline, "the slots did not become free"
        await asyncio.sleep(0.2)
    answers = await rush(crowd, webs)

    assert sorted(status for status, _ in answers) == [201] * SLOTS + [503] * (REQUESTS - SLOTS)
    assert all(1 <= int(after or 0) <= 60 for status, after in answers if status == 503)


async def test_tokens_that_nobody_uses_give_their_slots_back(crowd: Stack) -> None:
    """After a rush of tokens that nobody uses, every slot is free again and no promise is left."""
    deadline = time.monotonic() + 60
    while any(free(crowd, web) != SLOTS for web in WEBS):
        assert time.monotonic() < deadline, "the slots did not become free"
        await asyncio.sleep(0.2)
    reports = [json.loads(crowd.ops(agent, "/capacity")[1]) for agent in ("agent", "agent2")]

    assert [(report["active"], report["reserved"], report["lost"]) for report in reports] == [(0, [], [])] * 2
