"""What the calls found: a table for a person, JSON for a program, one verdict."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from alex_caller.metrics import MetricsReport
from alex_caller.presence import Event

VERSION = 1  # of the JSON; raised when a field changes its meaning
BUSY_SECONDS = 0.05  # beyond the microphone's lead; my words had a hole
NARROWEST = 80  # columns the table needs to be readable


@dataclass(frozen=True)
class Problem:
    """Something that was missing: one word for programs, a sentence for a person."""

    code: str
    message: str


@dataclass
class TurnReport:
    """One question of one call. Seconds and moments come from the recording."""

    question: str
    expected: str | None
    heard: str = ""
    answer: str = ""
    gap_seconds: float | None = None
    asked_at: float | None = None  # moment my last word ended
    answered_at: float | None = None  # moment Alex became audible
    matched: bool = False
    problem: str | None = None


@dataclass
class CallReport:
    """One call from its token to its end. A moment is in seconds since the call began to join."""

    number: int
    token_seconds: float | None = None
    join_seconds: float | None = None
    agent_seconds: float | None = None
    greeting_seconds: float | None = None
    greeting: str = ""
    held_seconds: float | None = None
    late_seconds: float = 0.0
    seconds: float = 0.0
    turns: list[TurnReport] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    recording: str | None = None

    @property
    def passed(self) -> bool:
        """Whether everything that was expected happened."""
        return not self.problems and all(turn.matched for turn in self.turns)


@dataclass(frozen=True)
class Report:
    """All calls of one run."""

    url: str
    calls: tuple[CallReport, ...]
    metrics: MetricsReport | None = None  # where they were looked at

    @property
    def passed(self) -> bool:
        """Whether every call passed, and the metrics tell of them."""
        return all(call.passed for call in self.calls) and not (self.metrics and self.metrics.problem)

    @property
    def gaps(self) -> list[float]:
        """The measured silences of all turns, shortest first."""
        return sorted(t.gap_seconds for c in self.calls for t in c.turns if t.gap_seconds is not None)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON has it; seconds rounded to a millisecond."""
        calls = [_rounded(asdict(call)) | {"passed": call.passed} for call in self.calls]
        metrics = asdict(self.metrics) if self.metrics else None
        return {"version": VERSION, "url": self.url, "passed": self.passed, "calls": calls, "metrics": metrics}

    def table(self) -> str:
        """Lay the report out for a person: a row per question, what was missing, and the verdict."""
        width = max(NARROWEST, shutil.get_terminal_size((120, 24)).columns)
        words = (width - 32) // 3
        lines = [_row(words, "call", "question", "heard as", "answer", "gap", "ok")]
        lines.append("-" * len(lines[0]))
        for call in self.calls:
            lines.append(
                _row(
                    words,
                    call.number,
                    "(greeting)",
                    "",
                    call.greeting,
                    call.greeting_seconds,
                    _ok(call.greeting_seconds),
                )
            )
            lines += [
                _row(words, call.number, t.question, t.heard, t.answer, t.gap_seconds, _ok(t.matched))
                for t in call.turns
            ]
        missing = [f"call {call.number}: {problem.message}" for call in self.calls for problem in call.problems]
        lines += ["", *missing] if missing else [""]
        lines += self._checks()
        lines.append(self._verdict())
        return "\n".join(lines)

    def _checks(self) -> list[str]:
        """Say in order what a run shows: tokens, calls, and metrics where they were looked at."""
        tokens = [call.token_seconds for call in self.calls if call.token_seconds is not None]
        passed = sum(call.passed for call in self.calls)
        of = len(self.calls)
        given = f"web gave {len(tokens)} of {of}" + (f", the last after {max(tokens):.2f} s" if tokens else "")
        checks = [
            ("token", given, len(tokens) == of),
            ("call", f"Alex was heard, and answered as expected, in {passed} of {of}", passed == of),
        ]
        if self.metrics:
            calls, answers, problem = self.metrics.calls, self.metrics.answers, self.metrics.problem
            told = f"web saw calls at once: {calls:g}; answers that the agents counted: {answers:g}"
            checks.append(("metrics", problem or told, not problem))
        return [f"{name:8} {_ok(good):4} {words}" for name, words, good in checks]

    def _verdict(self) -> str:
        passed = sum(call.passed for call in self.calls)
        said = "PASS" if self.passed else "FAIL"
        gaps = (
            f"; silence before an answer: median {median(self.gaps):.2f} s, longest {self.gaps[-1]:.2f} s"
            if self.gaps
            else ""
        )
        late = max((call.late_seconds for call in self.calls), default=0.0)
        warning = (
            f"; this machine was busy (my voice {late:.2f} s late), figures may be its own"
            if late > BUSY_SECONDS
            else ""
        )
        return f"{said}: {passed} of {len(self.calls)} calls{gaps}{warning}"


def _ok(good: object) -> str:
    return "no" if good is None or good is False else "yes"


def _row(words: int, call: object, question: str, heard: str, answer: str, gap: object, ok: str) -> str:
    """One row, as many lines high as its longest cell."""
    shown = f"{gap:.2f} s" if isinstance(gap, float) else "-" if gap is None else str(gap)
    cells = [textwrap.wrap(text, words) or [""] for text in (question, heard, answer)]
    height = max(len(cell) for cell in cells)
    rows = []
    for i in range(height):
        texts = "  ".join((cell[i] if i < len(cell) else "").ljust(words) for cell in cells)
        first = i == 0
        rows.append(f"{call if first else '':>4}  {texts}  {shown if first else '':>8}  {ok if first else ''}".rstrip())
    return "\n".join(rows)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return value
