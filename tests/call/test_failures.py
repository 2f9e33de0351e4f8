"""Whatever a provider does, the caller hears something: the recording is the judge."""

from __future__ import annotations

import time
from typing import Any

import pytest
from call.conftest import script
from stack import Program, Stack

# A pause beyond this and people hang up; every attempt, retry and fallback must fit in it.
LONGEST_SILENCE_SECONDS = 8.0

KINDS = ("refuse", "busy", "hang", "cut")


def faulty(provider: str, kind: str) -> dict[str, object]:
    return {"provider": provider, "kind": kind, "times": None, "after": 0 if kind == "cut" else 1, "on": "call"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_failing_voice_gives_way_to_the_next(hosted: Stack, kind: str) -> None:
    """ElevenLabs fails: the greeting and the answer are heard in the next voice."""
    with script(hosted, replies=[{"say": "I am Alex."}], faults=[faulty("elevenlabs", kind)]):
        outcome = hosted.call("--ask", "What is your name?", "--expect", "Alex")

    assert outcome.code == 0, outcome.printed
    assert outcome.turns[0]["gap_seconds"] < LONGEST_SILENCE_SECONDS


@pytest.mark.parametrize("kind", KINDS)
def test_both_hosted_voices_fail_and_the_offline_voice_speaks(hosted: Stack, kind: str) -> None:
    """ElevenLabs and OpenAI speech both fail: the built-in voice is the last that speaks."""
    faults = [faulty("elevenlabs", kind), faulty("speech", kind)]
    with script(hosted, replies=[{"say": "I am Alex."}], faults=faults):
        outcome = hosted.call("--ask", "What is your name?", "--expect", "Alex")

    assert outcome.code == 0, outcome.printed
    assert outcome.turns[0]["gap_seconds"] < LONGEST_SILENCE_SECONDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_failing_mind_is_explained(hosted: Stack, kind: str) -> None:
    """The language model fails: a recorded apology is heard instead of silence."""
    with script(hosted, faults=[faulty("openai", kind)]):
        outcome = hosted.call("--ask", "What is your name?", "--expect", "cannot think")

    assert outcome.code == 0, outcome.printed
    assert outcome.turns[0]["gap_seconds"] < LONGEST_SILENCE_SECONDS


@pytest.mark.parametrize("kind", KINDS)
def test_failing_ears_are_explained(hosted: Stack, kind: str) -> None:
    """Speech recognition fails: Alex says so, and in the end leaves a call that it cannot hear."""
    with script(hosted, faults=[faulty("deepgram", kind)]):
        outcome = hosted.call("--ask", "What is your name?", "--expect", "cannot hear|did not catch", "--hold", "20")

    said = outcome.calls[0]["greeting"] + " ".join(t["answer"] for t in outcome.turns)
    assert "cannot hear you" in said or "did not catch" in said, outcome.printed
    gap = outcome.turns[0]["gap_seconds"]
    assert gap is None or gap < LONGEST_SILENCE_SECONDS  # none: it was said before the question was


def test_the_key_is_checked_at_start(hosted: Stack) -> None:
    """A key that the vendor refuses is told at start by its name, counted, and no reason not to start."""
    with script(hosted, faults=[{"provider": "deepgram", "kind": "refuse", "times": None, "on": "check"}]):
        other = Stack(hosted.folder / "refused", hosted.ports)
        other.folder.mkdir(exist_ok=True)
        program = other.python("agent", {**hosted.programs["agent"].env, "ALEX_OPS_PORT": "0"})
        program.start()
        try:
            event = _event(program, "provider_refuses")
        finally:
            program.stop()

    assert event["provider"] == "deepgram"
    assert "DEEPGRAM_API_KEY" in event["hint"]
    assert "d-key" not in program.log.read_text()


def _event(program: Program, name: str) -> dict[str, Any]:
    for _ in range(300):
        for event in program.events():
            if event.get("event") == name:
                return event
        time.sleep(0.1)
    raise AssertionError(f"no {name} in {program.tail()}")
