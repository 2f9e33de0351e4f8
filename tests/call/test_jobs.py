"""What many calls leave behind, some of whose jobs are killed: nothing. `tests/run jobs` does the same at length."""

from __future__ import annotations

from pathlib import Path

from bench.jobs import Plan, measure

# By then our own programs have closed what they kept open for another request. LiveKit keeps its connections to web,
# for its next webhooks, for longer than this test may take.
QUIET_SECONDS = 20.0
LIVEKITS = "web inet stream established"


def test_many_calls_leave_nothing_behind(tmp_path: Path) -> None:
    """After 40 calls, six of them killed, no gauge, process, file or socket is left, and the counters add up."""
    result = measure(Plan(times=40, killed=6, slots=4, quiet_seconds=QUIET_SECONDS), tmp_path)

    assert result.jobs >= 40
    assert result.killed >= 6
    assert [line for line in result.left.all() if not line.startswith(LIVEKITS)] == []
