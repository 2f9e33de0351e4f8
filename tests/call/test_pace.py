"""A caller who does all that costs money, as fast as a program can: the vendors count what they were asked for."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
from alex_agent.pace import Most
from alex_caller.call import Call
from alex_caller.invitation import take_token
from call.conftest import script
from stack import Stack, get

MOST = Most()
HOSTILE_SECONDS = 25.0
# As long an answer as Alex gives, and one that a caller who types again a moment later does not hear.
MONOLOGUE = "There are a good many things that one can say about tea. " * 15


def asked(stack: Stack, provider: str) -> list[dict[str, Any]]:
    """Read what a vendor was asked."""
    ledger = get(f"http://127.0.0.1:{stack.ports['vendors_ops']}/ledger?provider={provider}")[1]
    entries: list[dict[str, Any]] = json.loads(ledger)
    return entries


async def test_a_hostile_caller_makes_no_minute_dearer(hosted: Stack) -> None:
    """Two long questions a second, each cutting off an answer: the voice is paid for no more than can be heard."""
    with script(hosted, replies=[{"say": MONOLOGUE}]):
        before = {name: len(asked(hosted, name)) for name in ("openai", "elevenlabs")}
        async with aiohttp.ClientSession() as http:
            invitation = await take_token(http, hosted.url, 30)
        began = time.monotonic()
        async with Call(invitation) as call:
            await call.greeting()
            while time.monotonic() - began < HOSTILE_SECONDS:
                await call.type("Tell me something about tea. " * 10)
                await asyncio.sleep(0.5)
        seconds = time.monotonic() - began
        thoughts = asked(hosted, "openai")[before["openai"] :]
        spoken = asked(hosted, "elevenlabs")[before["elevenlabs"] :]
    chars = sum(len(event["text"] or "") for entry in spoken for event in entry["events"])

    assert 0 < len(thoughts) <= MOST.typed_per_minute * (1 + seconds / 60)
    assert 0 < chars <= MOST.spoken_chars_at_once + MOST.spoken_chars_per_minute * seconds / 60
