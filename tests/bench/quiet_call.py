"""A call without a microphone: cheap enough to have a dozen on two cores, and just as easily cut as a loud one.

What counts as cut: the agent left, or the room ended, before the caller hung up; or, at the end, a typed question to
which nothing was heard. Another agent that takes the call over does not make it whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from alex_caller.call import Call, Limits
from alex_caller.invitation import TokenError, take_token
from alex_caller.presence import CallError

# A caller who waits longer for a free line, for an agent, or for an answer has hung up.
LINE_SECONDS = 60.0
LIMITS = Limits(agent=30.0, greeting=30.0, answer=20.0)

QUESTION = "What is your name?"


@dataclass(frozen=True)
class Ended:
    """How a call ended: `answered`, `cut`, `no_line` or another code of `CallError`."""

    outcome: str
    seconds: float  # since it was asked for
    detail: str = ""


async def quiet_call(url: str, seconds: float, greeted: Callable[[], None] = lambda: None) -> Ended:
    """Take a token, join, be greeted, say nothing for so long, ask something by typing, hear the answer, hang up."""
    began = time.monotonic()
    try:
        async with aiohttp.ClientSession() as http:
            invitation = await take_token(http, url, LINE_SECONDS)
        async with Call(invitation, limits=LIMITS, microphone=False) as call:
            await call.greeting()
            greeted()
            await call.hold(seconds)
            await call.type(QUESTION)
            await call.heard_again(call.now)
            left = any(event.name == "agent_left" for event in call.events)
    except TokenError as error:
        return Ended("no_line", time.monotonic() - began, str(error))
    except CallError as error:
        outcome = "cut" if error.code in {"cut", "silence"} else error.code
        return Ended(outcome, time.monotonic() - began, str(error))
    return Ended("cut" if left else "answered", time.monotonic() - began, "another agent took over" if left else "")
