"""What many calls leave behind, some of whose jobs are killed: nothing. `tests/run jobs` does the same at length."""

from __future__ import annotations

from pathlib import Path

from bench.jobs import Plan, measure

# Rooms that nobody closed are gone by then.
QUIET_SECONDS = 25.0


def test_many_calls_leave_nothing_behind(tmp_path: Path) -> None:
    """After 16 calls, four of them killed, no gauge, process, file or socket is left, and the counters add up."""
    result = measure(Plan(times=16, killed=4, slots=4, quiet_seconds=QUIET_SECONDS), tmp_path)

    assert result.jobs >= 16
    assert result.killed >= 4
    assert result.left.all() == []
