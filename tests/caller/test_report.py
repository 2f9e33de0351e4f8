"""The verdict, the table and the JSON."""

from __future__ import annotations

import json

import pytest
from alex_caller.metrics import MetricsReport
from alex_caller.presence import Event
from alex_caller.report import CallReport, Problem, Report, TurnReport


def turn(*, matched: bool = True, gap: float | None = 0.8123456) -> TurnReport:
    """Give a turn as a call leaves it."""
    return TurnReport("What is your name?", "Alex", "What's your name?", "My name is Alex.", gap, 3.0, 3.8, matched)


def test_passed_when_everything_was_found() -> None:
    """A call passes when nothing was missing and every answer fits; a run when every call passes."""
    good = CallReport(1, turns=[turn()])
    wrong = CallReport(2, turns=[turn(), turn(matched=False)])
    silent = CallReport(3, turns=[turn()], problems=[Problem("no_agent", "no agent joined the call within 20 s")])

    assert good.passed
    assert not wrong.passed
    assert not silent.passed
    assert Report("http://x", (good,)).passed
    assert not Report("http://x", (good, wrong)).passed


def test_document_is_what_programs_read() -> None:
    """The JSON has every figure of every call, rounded to a millisecond, and the verdict at every level."""
    call = CallReport(1, 0.11111, 0.2, 0.3, 0.9, "Hi!", turns=[turn()], events=[Event(0.25, "agent_joined")])

    document = json.loads(json.dumps(Report("http://x", (call,)).document()))

    assert document["passed"] is True
    assert document["version"] == 1
    assert document["metrics"] is None
    (told,) = document["calls"]
    assert (told["token_seconds"], told["join_seconds"], told["greeting_seconds"]) == (0.111, 0.2, 0.9)
    assert told["passed"] is True
    assert told["problems"] == []
    assert told["events"] == [{"at": 0.25, "name": "agent_joined", "detail": ""}]
    assert told["turns"][0] == {
        "question": "What is your name?",
        "expected": "Alex",
        "heard": "What's your name?",
        "answer": "My name is Alex.",
        "gap_seconds": 0.812,
        "asked_at": 3.0,
        "answered_at": 3.8,
        "matched": True,
        "problem": None,
    }


def test_table_for_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table shows greeting and questions, wraps long words within its width, and ends with the verdict."""
    monkeypatch.setenv("COLUMNS", "100")
    long = turn(gap=1.25)
    long.answer = "I can talk about many things, tell you the time, do sums, and keep you company. " * 2
    call = CallReport(1, greeting="Hi!", greeting_seconds=0.9, turns=[turn(), long])

    lines = Report("http://x", (call,)).table().splitlines()

    assert max(map(len, lines)) <= 100
    assert any("(greeting)" in line and "0.90 s" in line and line.endswith("yes") for line in lines)
    assert any("What is your name?" in line and "0.81 s" in line for line in lines)
    assert lines[-1] == "PASS: 1 of 1 calls; silence before an answer: median 1.03 s, longest 1.25 s"


def test_table_says_what_was_missing() -> None:
    """A failed call's problems stand under the table, and the last line says FAIL and of how many."""
    cut = CallReport(
        2, turns=[turn(gap=None, matched=False)], problems=[Problem("cut", "the call was cut after 9.1 s")]
    )

    lines = Report("http://x", (CallReport(1, turns=[turn()]), cut)).table().splitlines()

    assert "call 2: the call was cut after 9.1 s" in lines
    assert lines[-1].startswith("FAIL: 1 of 2 calls")


def test_table_warns_of_a_busy_machine() -> None:
    """A machine too busy for its own microphone is named, for its figures are not Alex's."""
    late = CallReport(1, greeting_seconds=1.0, late_seconds=0.4)

    assert "this machine was busy (my voice 0.40 s late)" in Report("http://x", (late,)).table()


def test_checks_in_words() -> None:
    """Above the verdict stands what a run shows, in order, each with yes or no."""
    good = CallReport(1, token_seconds=0.05, greeting_seconds=1.0, turns=[turn()])
    no_token = CallReport(2, turns=[turn(matched=False)], problems=[Problem("no_token", "it answered 403")])

    assert Report("http://x", (good,), MetricsReport(1.0, 1.0)).table().splitlines()[-4:-1] == [
        "token    yes  web gave 1 of 1, the last after 0.05 s",
        "call     yes  Alex was heard, and answered as expected, in 1 of 1",
        "metrics  yes  web saw calls at once: 1; answers that the agents counted: 1",
    ]
    assert Report("http://x", (no_token,)).table().splitlines()[-3:-1] == [
        "token    no   web gave 0 of 1",
        "call     no   Alex was heard, and answered as expected, in 0 of 1",
    ]


def test_metrics_that_tell_nothing_fail_the_run() -> None:
    """A run whose calls passed fails when the metrics tell nothing of them, and says so."""
    report = Report("http://x", (CallReport(1, turns=[turn()]),), MetricsReport(problem="web saw no call"))

    assert not report.passed
    assert "metrics  no   web saw no call" in report.table().splitlines()
    assert report.table().splitlines()[-1].startswith("FAIL")
