"""A call without a microphone: cheap enough to have a dozen on two cores, and just as easily cut as a loud one.

What counts as cut: the agent's participant left, or the room ended, before the caller hung up; or, at the end, a typed
question that nobody answered. Another agent that takes the call over does not make it whole: it was cut.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from alex_caller.captions import Captions
from alex_caller.invitation import TokenError, take_token
from alex_caller.presence import Presence
from livekit import rtc

CHAT = "lk.chat"

# A caller who waits longer for a free line, for an agent, or for an answer has hung up.
LINE_SECONDS = 60.0
AGENT_SECONDS = 20.0
ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Ended:
    """How a call ended: `answered`, `cut`, or before it was one `no_line` or `no_agent`."""

    outcome: str
    began: float  # `time.monotonic()` when an agent was ready
    seconds: float  # from then on
    detail: str = ""


async def quiet_call(url: str, seconds: float) -> Ended:
    """Take a token, join, be with an agent for so long, ask it something by typing, hang up."""
    room = rtc.Room()
    presence = Presence(room, time.monotonic())
    captions = Captions(is_mine=presence.is_me)
    presence.attach()
    captions.attach(room)
    try:
        async with aiohttp.ClientSession() as http:
            invitation = await take_token(http, url, LINE_SECONDS)
        await room.connect(invitation.server_url, invitation.token)
    except (TokenError, rtc.ConnectError) as error:
        return Ended("no_line", time.monotonic(), 0.0, str(error))
    presence.joined()
    try:
        if not await _until(lambda: presence.state == "listening" or _fault(presence) is not None, AGENT_SECONDS):
            return Ended("no_agent", time.monotonic(), 0.0)
        began = time.monotonic()
        await _until(lambda: _fault(presence) is not None, seconds)
        fault = _fault(presence) or await _unanswered(room, presence, captions)
        return Ended("cut" if fault else "answered", began, time.monotonic() - began, fault or "")
    finally:
        presence.leaving = True
        await room.disconnect()
        await captions.close()


async def _unanswered(room: rtc.Room, presence: Presence, captions: Captions) -> str | None:
    """Ask by typing; None when it was answered, else what happened instead."""
    asked = time.monotonic()
    await room.local_participant.send_text("What is your name?", topic=CHAT)
    await _until(lambda: bool(captions.said(mine=False, since=asked)) or _fault(presence) is not None, ANSWER_SECONDS)
    if captions.said(mine=False, since=asked):
        return None
    return _fault(presence) or "asked, and nobody answered"


def _fault(presence: Presence) -> str | None:
    """Tell what has gone wrong so far."""
    for event in presence.events:
        if event.name == "agent_left":
            return f"the agent left after {event.at:.1f} s"
        if event.name == "ended":
            return f"the room ended after {event.at:.1f} s: {event.detail}"
    return None


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for something to become true; tell whether it did."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True
