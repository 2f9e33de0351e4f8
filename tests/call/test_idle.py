"""A call that somebody forgot: it is ended with a word, as a caller hears it."""

from __future__ import annotations

from pathlib import Path

from stack import NAMES, free_port, hosted_settings, running

IDLE_SECONDS = 8


def test_a_forgotten_call_is_ended_politely(tmp_path: Path) -> None:
    """Who says nothing for long hears a goodbye, and then the line is free."""
    ports = {name: free_port() for name in NAMES}
    env = hosted_settings(ports, ALEX_IDLE_SECONDS=str(IDLE_SECONDS))
    with running(tmp_path, env, ports, ("livekit", "vendors", "offline", "agent", "web")) as stack:
        outcome = stack.call("--hold", "60")
        agent = stack.programs["agent"]
    # It has stopped: what it says of the call a moment after its caller is gone is written.
    [ended] = [event for event in agent.events() if event.get("event") == "call_ended"]

    assert "room deleted" in outcome.printed
    assert ended["outcome"] == "ended"
    # The clock, the goodbye and the second behind it; far from the 60 that the caller would have stayed.
    assert IDLE_SECONDS < outcome.calls[0]["seconds"] < 45, outcome.printed
