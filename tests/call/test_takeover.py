"""An agent dies in the middle of a call: another one speaks in the same room, and knows what was said.

The caller's recording says when a voice is heard again.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import psutil
import pytest
from alex_caller.call import Call, Limits
from alex_caller.invitation import take_token
from alex_caller.speech import Voice
from call.conftest import ALONE_SECONDS
from stack import Program, Stack, running

# Web tries for so long, and the machine may be busy; measured figures are in the chart's README.
LONGEST_SECONDS = 30.0

AGENTS = ("agent", "agent2")


@pytest.fixture(name="pair", scope="module")
def _pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run Alex with two agents."""
    alone = {name: {"ALEX_ALONE_SECONDS": ALONE_SECONDS} for name in AGENTS}
    with running(tmp_path_factory.mktemp("pair"), alone, names=("livekit", "offline", *AGENTS, "web")) as stack:
        yield stack


@pytest.fixture(name="voice", scope="module")
def _voice() -> Voice:
    return Voice()


@asynccontextmanager
async def talking(stack: Stack, voice: Voice) -> AsyncIterator[Call]:
    """Be in a call in which something worth remembering was said."""
    async with aiohttp.ClientSession() as http:
        invitation = await take_token(http, stack.url, 30.0)
    async with Call(invitation, limits=Limits(agent_away=LONGEST_SECONDS, answer=LONGEST_SECONDS)) as call:
        await call.greeting()
        turn = await call.ask(voice.say("My dog is called Bruno."))
        assert "Bruno" in turn.heard, "what was not heard cannot be remembered"
        yield call


def holder(stack: Stack) -> str:
    """Tell which agent has the call."""
    (name,) = [name for name in AGENTS if json.loads(stack.ops(name, "/capacity")[1])["calls"]]
    return name


def main_process(stack: Stack, name: str) -> psutil.Process:
    """Find an agent's parent process."""
    program: Program = stack.programs[name]
    assert program.process is not None
    return psutil.Process(program.process.pid)


def job(stack: Stack) -> psutil.Process:
    """Find the process that has the call: the only child with a line to the media server."""
    children = main_process(stack, holder(stack)).children(recursive=True)
    (found,) = [child for child in children if child.net_connections("udp")]
    return found


async def remembers(call: Call, voice: Voice) -> None:
    """Ask for what only the agent before has heard."""
    turn = await call.ask(voice.say("What is my dog called?"))
    said = call.captions.said(mine=False, since=call.started)

    assert "Bruno" in turn.answer
    assert "I am back" in said
    assert said.count("How can I help you") == 1, "the successor must not greet again"


async def test_a_killed_job_is_followed_by_another(pair: Stack, voice: Voice) -> None:
    """The process of a call is killed: another one goes on with the call, and nothing is left of the first."""
    async with talking(pair, voice) as call:
        dead = job(pair)
        dead.kill()
        seconds = await call.heard_again(call.now)
        await remembers(call, voice)
        agents = [event.name for event in call.events]

    assert seconds < LONGEST_SECONDS
    assert agents.count("agent_joined") == 2
    assert not dead.is_running()


def killed(process: psutil.Process) -> None:
    """End an agent at once, its calls with it, as the end of a container does."""
    for one in [process, *process.children(recursive=True)]:
        one.kill()


def halted(process: psutil.Process) -> None:
    """Stop an agent and its calls where they are: they answer nobody, and their sockets stay open."""
    for one in [process, *process.children(recursive=True)]:
        one.suspend()


@pytest.mark.parametrize("end", [killed, halted])
async def test_a_dead_agent_is_followed_by_the_other(
    pair: Stack, voice: Voice, end: Callable[[psutil.Process], None]
) -> None:
    """The whole agent is killed, or stands still: the other one goes on; who comes back late finds itself outside."""
    async with talking(pair, voice) as call:
        name = holder(pair)
        process = main_process(pair, name)
        family = [process, *process.children(recursive=True)]
        try:
            end(process)
            seconds = await call.heard_again(call.now)
        finally:
            for one in family:
                if one.is_running():
                    os.kill(one.pid, signal.SIGCONT)
        await remembers(call, voice)
        if end is halted:
            await call.hold(3)
        present = {who.identity for who in call._room.remote_participants.values()}
        joins = [event.name for event in call.events].count("agent_joined")
        losses = [event.name for event in call.events].count("agent_left")

    assert seconds < LONGEST_SECONDS
    assert (present, joins, losses) == ({"alex"}, 2, 1)
    if end is killed:
        pair.programs[name].stop()
        pair.programs[name].start()
    pair.programs[name].wait_ready()


async def test_a_drain_at_its_bound_hands_the_call_over(pair: Stack, voice: Voice) -> None:
    """A call that outlasts the drain of its agent goes on with another agent."""
    async with talking(pair, voice) as first:
        name = holder(pair)
        await first.hang_up()
    other = next(agent for agent in AGENTS if agent != name)
    pair.programs[other].stop()
    pair.programs[name].stop()
    pair.start(name, {"ALEX_DRAIN_SECONDS": "2", "ALEX_ALONE_SECONDS": ALONE_SECONDS})
    async with talking(pair, voice) as call:
        pair.start(other)
        process = pair.programs[name].process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        seconds = await call.heard_again(call.now)
        await remembers(call, voice)

    assert seconds < LONGEST_SECONDS
    assert process.wait(30) == 0
    pair.programs[name].process = None
