"""A conversation as a caller has it: real server, real agent, real models, a caller that speaks and listens."""

from __future__ import annotations

import json
import time
import wave
from collections.abc import Callable

import numpy as np
from stack import Stack


def until(condition: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.2)


def active(stack: Stack) -> int:
    return int(json.loads(stack.ops("agent", "/capacity")[1])["active"])


def test_three_questions_get_three_answers(local: Stack) -> None:
    """Three spoken questions in one call get three fitting spoken answers; the last needs the one before."""
    outcome = local.call(
        "--ask", "Who made you?", "--expect", "Stremini",
        "--ask", "What is twelve times three?", "--expect", r"thirty[- ]?six|\b36\b",
        "--ask", "And divided by two?", "--expect", r"eighteen|\b18\b",
    )  # fmt: skip

    assert outcome.code == 0, outcome.printed
    assert all(t["gap_seconds"] > 0 for t in outcome.turns)
    until(lambda: active(local) == 0, 20)


def test_the_clock_is_asked(local: Stack) -> None:
    """The time is not guessed: the answer names the hour of the clock."""
    hours = ["twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
    now = time.gmtime()
    likely = {hours[(now.tm_hour + d) % 12] for d in (0, 1)} | {str((now.tm_hour + d - 1) % 12 + 1) for d in (0, 1)}
    likely |= {str(now.tm_hour)}
    outcome = local.call("--ask", "What time is it now?", "--expect", rf"\b({'|'.join(sorted(likely))})\b")

    assert outcome.code == 0, outcome.printed


def test_goodbye_ends_the_call(local: Stack) -> None:
    """Who says goodbye hears a goodbye, and Alex hangs up by itself."""
    outcome = local.call("--ask", "Thank you, goodbye.", "--expect", "bye|care|soon|talk", "--hold", "30")

    assert outcome.turns[0]["matched"], outcome.printed
    assert outcome.calls[0]["seconds"] < 30, "Alex did not hang up"
    assert _silence_at_the_end(outcome.calls[0]["recording"]) > 0.8, "the last word may have been cut off"
    until(lambda: active(local) == 0, 20)


def test_a_dull_moment_is_no_reason_to_hang_up(local: Stack) -> None:
    """A caller who is silent for a while stays on the line."""
    outcome = local.call("--hold", "12")

    assert outcome.code == 0, outcome.printed


def test_no_word_of_a_call_is_logged(local: Stack) -> None:
    """What was said stays between caller and Alex: neither question nor answer is in any log."""
    local.call("--ask", "What is the capital of Norway?", "--expect", "Oslo")

    for name, program in local.programs.items():
        text = program.log.read_text(errors="replace").lower()
        assert "norway" not in text, name
        assert "oslo" not in text, name


def test_a_turn_reaches_the_metrics(local: Stack) -> None:
    """Each stage of each turn is in the agent's metrics when the call is over."""
    local.call()
    metrics = local.ops("agent", "/metrics")[1]
    lines = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    provider = 'provider="offline"'

    for stage in ("stt", "llm", "tts"):
        count = next(v for k, v in lines.items() if k.startswith(f"alex_agent_{stage}_latency_seconds_count"))
        assert float(count) >= 1, stage
        assert provider in metrics
    assert float(lines["alex_agent_turn_latency_seconds_count"]) >= 1
    assert float(lines['alex_agent_turns_total{outcome="answered",stage=""}']) >= 1
    assert float(lines['alex_agent_calls_total{outcome="ended"}']) >= 1
    assert float(lines["alex_agent_lost_events_total"]) == 0


def _silence_at_the_end(recording: str) -> float:
    """Seconds from Alex's last sound to the end of a recording."""
    with wave.open(recording) as file:
        theirs = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[:, 1].astype(np.int32)
        return float(theirs.size - 1 - np.flatnonzero(np.abs(theirs) > 300)[-1]) / file.getframerate()
