"""A whole call by plan: a token, the greeting, each question in order, a silent hold, and a report of all of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from alex_caller.call import Call, Limits
from alex_caller.invitation import Invitation, TokenError, take_token
from alex_caller.presence import CallError
from alex_caller.report import CallReport, Problem, TurnReport
from alex_caller.speech import Clip

Say = Callable[[str], None]  # progress for a person


@dataclass(frozen=True)
class Question:
    """Something to ask, and what its answer must contain (any audible answer when None)."""

    clip: Clip
    expect: re.Pattern[str] | None

    def matches(self, answer: str) -> bool:
        """Whether an answer's caption contains what is expected."""
        return self.expect is None or self.expect.search(answer) is not None


@dataclass(frozen=True)
class Plan:
    """What every call does."""

    url: str
    livekit_url: str | None  # instead of the address for browsers, for callers inside the cluster
    questions: tuple[Question, ...]
    hold_seconds: float
    patience_seconds: float  # for a free slot
    deadline_seconds: float
    microphone: bool
    limits: Limits
    record: Path | None
    access_code: str = field(default="", repr=False)  # where the web service wants one


async def converse(plan: Plan, number: int, http: aiohttp.ClientSession, say: Say) -> CallReport:
    """Make one call by the plan. Never raises for what goes wrong in the call: the report has it."""
    report = CallReport(number)
    report.turns = [TurnReport(question.clip.name, _pattern(question)) for question in plan.questions]
    started = time.monotonic()
    try:
        async with asyncio.timeout(plan.deadline_seconds):
            invitation = await take_token(http, plan.url, plan.patience_seconds, plan.access_code)
            report.token_seconds = time.monotonic() - started
            await _call(plan, _reached_by(plan, invitation), report, say)
    except TokenError as error:
        report.problems.append(Problem("no_token", str(error)))
    except CallError as error:
        report.problems.append(Problem(error.code, str(error)))
    except TimeoutError:
        report.problems.append(Problem("deadline", f"the call was not over after {plan.deadline_seconds:g} s"))
    except OSError as error:  # after TimeoutError, which is one
        report.problems.append(Problem("no_recording", f"the recording cannot be written: {error.strerror or error}"))
    except asyncio.CancelledError:
        report.problems.append(Problem("stopped", "stopped before its end"))
    report.seconds = time.monotonic() - started
    for problem in report.problems:
        say(f"call {number}: {problem.message}")
    return report


async def _call(plan: Plan, invitation: Invitation, report: CallReport, say: Say) -> None:
    call = Call(invitation, limits=plan.limits, microphone=plan.microphone)
    try:
        async with call:
            report.join_seconds = call.join_seconds
            say(f"call {report.number}: joined after {call.join_seconds or 0:.2f} s")
            try:
                report.greeting_seconds, report.greeting = await call.greeting()
            except CallError:
                _, report.greeting = call.said()  # as far as it went: it may say why the call ended
                raise
            say(f"call {report.number}: greeted after {report.greeting_seconds:.2f} s: {report.greeting}")
            await _ask(plan, call, report, say)
            if plan.hold_seconds:
                if plan.record is None:
                    call.recording.forget()  # an hour of silence is 340 MB
                say(f"call {report.number}: holding for {plan.hold_seconds:g} s")
                await call.hold(plan.hold_seconds)
                report.held_seconds = plan.hold_seconds
    finally:
        report.join_seconds, report.agent_seconds = call.join_seconds, call.agent_seconds
        report.late_seconds = call.late_seconds
        report.events = call.events
        if plan.record is not None and call.join_seconds is not None:
            path = plan.record / f"call-{report.number}.wav"
            await asyncio.to_thread(call.recording.write, path, call.now)
            report.recording = str(path)


async def _ask(plan: Plan, call: Call, report: CallReport, say: Say) -> None:
    for question, turn in zip(plan.questions, report.turns, strict=True):
        say(f"call {report.number}: asks: {turn.question}")
        try:
            heard = await call.ask(question.clip)
        except CallError as error:
            turn.problem = str(error)
            turn.heard, turn.answer = call.said()
            raise
        turn.gap_seconds, turn.heard, turn.answer = heard.gap.seconds, heard.heard, heard.answer
        turn.asked_at, turn.answered_at = heard.gap.speech_end, heard.gap.answer_start
        turn.matched = question.matches(heard.answer)
        if not turn.matched:
            turn.problem = f"the answer does not contain /{turn.expected}/"
            report.problems.append(Problem("mismatch", f"{turn.question!r}: {turn.problem}: {turn.answer!r}"))
        say(f"call {report.number}: after {turn.gap_seconds or 0:.2f} s: {turn.answer}")
        if heard.ended_by_alex:
            if question is not plan.questions[-1] or plan.hold_seconds:
                raise CallError("cut", f"Alex ended the call after {turn.question!r}")
            return


def _pattern(question: Question) -> str | None:
    return question.expect.pattern if question.expect else None


def _reached_by(plan: Plan, invitation: Invitation) -> Invitation:
    return Invitation(plan.livekit_url, invitation.token) if plan.livekit_url else invitation
