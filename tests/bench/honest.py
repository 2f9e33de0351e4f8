"""Whether the latency we show is the silence the caller hears: each turn's figure beside the caller's own recording.

    tests/run honest --turns 30 --seed 7      # the last line is the result

A stack on loopback with scripted vendors, whose delays are drawn anew for each turn. The caller asks, records both
voices and measures the silence between them; the agent's log has its figure of the same turn. The recording also holds
the way to the agent and back, which no agent can see: it is measured on its own, between two participants of a room on
the same server, and taken off. What is left is the error of `alex_agent_turn_latency_seconds`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import aiohttp
from alex_caller.audio import first_speech
from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, take_token
from alex_caller.recording import RATE
from alex_caller.speech import Clip, Voice
from call.conftest import put
from livekit import api
from stack import NAMES, SECRET, Stack, free_port, hosted_settings, running

QUESTIONS = ("What is your name?", "How are you today?", "Can you tell me a story?", "Where do you live?")
ANSWER = "I am Alex, and I am happy to talk with you."

# Small enough for a patient test and wide enough that a wrong figure cannot hide: each is drawn from twice its half.
DELAYS = {
    "deepgram": {"first_ms": 20, "jitter_ms": 200},
    "openai": {"first_ms": 50, "jitter_ms": 500},
    "elevenlabs": {"first_ms": 50, "jitter_ms": 300},
}

TURNS_PER_CALL = 10
# Enough for a median that a single late frame does not move.
SOUNDS = 12
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Pair:
    """One turn twice: as its caller heard it and as the agent told it, in seconds."""

    heard: float
    told: float


def say(line: str) -> None:
    """Show how far it is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def way(stack: Stack, clip: Clip) -> float:
    """Measure the seconds a sound takes from one microphone to another participant's ear, through the same server."""
    url = f"ws://127.0.0.1:{stack.ports['livekit']}"
    async with api.LiveKitAPI(url, "devkey", SECRET) as livekit:
        await livekit.room.create_room(api.CreateRoomRequest(name="way"))

    def invitation(identity: str) -> Invitation:
        grants = api.VideoGrants(room_join=True, room="way")
        return Invitation(url, api.AccessToken("devkey", SECRET).with_identity(identity).with_grants(grants).to_jwt())

    taken = []
    async with Call(invitation("mouth")) as mouth, Call(invitation("ear"), microphone=False) as ear:
        microphone = mouth._microphone
        assert microphone is not None
        await asyncio.sleep(2.0)  # the jitter buffer settles
        for _ in range(SOUNDS):
            began = mouth.now
            microphone.say(clip)
            await asyncio.sleep(clip.seconds + 1.5)
            sent = first_speech(mouth.recording.between(began, mouth.now).mine, RATE)
            shift = mouth.started - ear.started
            came = first_speech(ear.recording.between(began + shift, ear.now).theirs, RATE)
            if sent is not None and came is not None:
                taken.append(came - sent)
    return statistics.median(taken)


async def heard(stack: Stack, clips: Sequence[Clip], turns: int) -> list[float]:
    """Make one call of so many turns; give the silence of each."""
    async with aiohttp.ClientSession() as http:
        invitation = await take_token(http, stack.url, PATIENCE_SECONDS)
    gaps = []
    async with Call(invitation, limits=Limits()) as call:
        await call.greeting()
        for number in range(turns):
            turn = await call.ask(clips[number % len(clips)])
            assert turn.gap.seconds is not None
            gaps.append(turn.gap.seconds)
        await asyncio.sleep(0.5)  # the last turn is told when it was played
    return gaps


def told(stack: Stack) -> list[float]:
    """Read each turn's figure from the agent's log."""
    return [
        float(event["turn_seconds"])
        for event in stack.programs["agent"].events()
        if event.get("event") == "turn" and "turn_seconds" in event
    ]


async def measure(stack: Stack, turns: int, seed: int) -> tuple[float, list[Pair]]:
    """Make calls until there are so many turns; give the way and the pairs."""
    voice = Voice()
    clips = [await asyncio.to_thread(voice.say, question) for question in QUESTIONS]
    transport = await way(stack, clips[0])
    say(f"a sound is on its way for {transport * 1000:.0f} ms, and the same again back")
    pairs: list[Pair] = []
    while len(pairs) < turns:
        put(stack, {"seed": seed + len(pairs), "delays": DELAYS, "replies": [{"say": ANSWER}]})
        before = len(told(stack))
        gaps = await heard(stack, clips, min(TURNS_PER_CALL, turns - len(pairs)))
        figures = told(stack)[before:]
        if len(figures) != len(gaps):
            raise RuntimeError(f"{len(gaps)} turns were heard and {len(figures)} told")
        for gap, figure in zip(gaps, figures, strict=True):
            pairs.append(Pair(gap, figure))
            rest = gap - figure - 2 * transport
            say(f"heard {gap * 1000:5.0f} ms   told {figure * 1000:5.0f} ms   left {rest * 1000:+4.0f} ms")
    return transport, pairs


def result(transport: float, pairs: Sequence[Pair]) -> str:
    """Sum up in one line; errors are without the way, and without their sign."""
    differences = [pair.heard - pair.told for pair in pairs]
    errors = sorted(abs(difference - 2 * transport) for difference in differences)
    p95 = errors[min(len(errors) - 1, round(0.95 * len(errors)))]
    return (
        f"turns={len(pairs)} p50_error_ms={statistics.median(errors) * 1000:.0f} p95_error_ms={p95 * 1000:.0f} "
        f"p50_difference_ms={statistics.median(differences) * 1000:.0f} way_ms={transport * 1000:.0f}"
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=30, help="how many turns are compared")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same delays")
    parser.add_argument("--json", type=Path, help="write every pair to this file")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # the media library's own remarks
    with tempfile.TemporaryDirectory(prefix="alex-honest-") as folder:
        ports = {name: free_port() for name in NAMES}
        names = ("livekit", "vendors", "offline", "agent", "web")
        with running(Path(folder), hosted_settings(ports), ports, names) as stack:
            transport, pairs = asyncio.run(measure(stack, options.turns, options.seed))
    if options.json:
        options.json.write_text(json.dumps({"way": transport, "pairs": [[p.heard, p.told] for p in pairs]}))
    say(result(transport, pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
