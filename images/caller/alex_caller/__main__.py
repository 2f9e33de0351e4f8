"""The command line of the caller."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from alex_caller.call import Limits
from alex_caller.conversation import Plan, Question, converse
from alex_caller.metrics import Addresses, Watch
from alex_caller.report import CallReport, Problem, Report
from alex_caller.speech import SpeechError, Voice

MOST_CALLS = 50  # one process speaks for all of them; more callers are more processes
DEFAULT_ASK = ("What is your name?", "Alex")
USAGE = """\
exit status: 0 everything was found; 1 something was missing (no token, no agent, no audible greeting or answer, an
answer that does not fit, a call that was cut, metrics that tell nothing of it); 2 these arguments make no sense.

The gap is the silence the caller hears: from the end of the question to the first sound of the answer, both taken from
the recording, exact to about 20 ms, network included, sound cards not."""


def run() -> None:
    """Run the caller as a program.

    Ends without tearing Python down: the native half of the LiveKit SDK may still be telling Python something just
    then, and aborts the process when nobody listens any more, so that a call that passed would exit with a crash.
    Every room has been left and every file closed before.
    """
    try:
        status = main()
    except SystemExit as ended:  # usage, --help
        status = ended.code if isinstance(ended.code, int) else 2
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the caller; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    voice = Voice()
    try:
        metrics = _metrics(options)
        plan = _plan(options, voice)
    except (SpeechError, ValueError) as error:
        parser.error(str(error))
    # A table on stdout unless the JSON is there.
    words = sys.stderr if options.json == "-" else sys.stdout
    report = asyncio.run(_run(plan, options.calls, metrics))
    words.write(report.table() + "\n")
    if options.json:
        text = json.dumps(report.document(), indent=2, ensure_ascii=False) + "\n"
        if options.json == "-":
            sys.stdout.write(text)
        else:
            Path(options.json).write_text(text, encoding="utf-8")
    return 0 if report.passed else 1


async def _run(plan: Plan, calls: int, metrics: Addresses | None) -> Report:
    """Make all calls at once; SIGINT and SIGTERM hang up and still report."""
    async with aiohttp.ClientSession() as http:
        watch = Watch(http, metrics) if metrics else None
        if watch:
            await watch.begin()
        tasks = [asyncio.create_task(converse(plan, number, http, _progress)) for number in range(1, calls + 1)]
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _stop, tasks)
        looking = asyncio.create_task(watch.during()) if watch else None
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        reports = tuple(_report(number, end) for number, end in enumerate(ended, 1))
        if looking:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        told = await watch.end(answers=sum(turn.matched for call in reports for turn in call.turns)) if watch else None
    return Report(plan.url, reports, told)


def _report(number: int, ended: CallReport | BaseException) -> CallReport:
    """Give a call's report; one that broke in a way nobody foresaw has failed, and the others still count."""
    if isinstance(ended, CallReport):
        return ended
    return CallReport(number, problems=[Problem("broken", f"the caller broke: {type(ended).__name__}: {ended}")])


def _stop(tasks: list[asyncio.Task[CallReport]]) -> None:
    for task in tasks:
        task.cancel()


def _progress(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _plan(options: argparse.Namespace, voice: Voice) -> Plan:
    """Turn arguments into a plan. Raises ValueError or SpeechError with a message for the person who typed them."""
    asks: list[tuple[str, str | None]] = options.asks or []
    if not asks and not options.hold:
        asks = [DEFAULT_ASK]
    if asks and options.no_microphone:
        raise ValueError("--no-microphone cannot --ask; use it with --hold")
    url = _address(options.url, {"http", "https"}, "--url").rstrip("/")
    livekit_url = options.livekit_url
    if livekit_url is not None:
        _address(livekit_url, {"ws", "wss", "http", "https"}, "--livekit-url")
    expectations = [_regex(expect) for _, expect in asks]
    record = Path(options.record) if options.record else None
    try:
        if record:
            record.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--record {record}: {error.strerror}") from error
    if options.json not in {None, "-"} and not Path(options.json).absolute().parent.is_dir():
        raise ValueError(f"--json {options.json}: no such directory")
    # All voices before any call: synthesis would take its time from the calls.
    questions = tuple(Question(voice.say(text), expect) for (text, _), expect in zip(asks, expectations, strict=True))
    usual = 60.0 + options.wait + options.hold + sum(45 + question.clip.seconds for question in questions)
    return Plan(
        url=url,
        livekit_url=livekit_url,
        questions=questions,
        hold_seconds=options.hold,
        patience_seconds=options.wait,
        deadline_seconds=usual if options.deadline is None else options.deadline,
        microphone=not options.no_microphone,
        limits=Limits(agent=options.agent_wait, greeting=options.answer_wait, answer=options.answer_wait),
        record=record,
        access_code=_code(options.access_code_file),
    )


def _metrics(options: argparse.Namespace) -> Addresses | None:
    found = {name: getattr(options, f"{name}_metrics") for name in ("agent", "web")}
    if not any(found.values()):
        return None
    if not all(found.values()):
        raise ValueError("--agent-metrics and --web-metrics belong together")
    for name, url in found.items():
        _address(url, {"http"}, f"--{name}-metrics")
    return Addresses(found["agent"], found["web"])


def _address(text: str, schemes: set[str], option: str) -> str:
    try:
        parts = urlsplit(text)
        sensible = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        sensible = False
    if not sensible:
        raise ValueError(f"{option} {text}: not an address like {min(schemes)}://host:port")
    return text


def _code(path: str | None) -> str:
    if path is None:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--access-code-file {path}: {getattr(error, 'strerror', None) or 'not text'}") from error


def _regex(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"--expect {text!r}: {error}") from error


class _Ask(argparse.Action):
    """`--ask TEXT` begins a question, `--expect REGEX` belongs to the one before it."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        asks: list[tuple[str, str | None]] = list(namespace.asks or [])
        if option == "--ask":
            asks.append((values, None))
        elif not asks or asks[-1][1] is not None:
            parser.error("--expect belongs after the --ask it is for, one each")
        else:
            asks[-1] = (asks[-1][0], values)
        namespace.asks = asks


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 100_000:  # noqa: PLR2004  also refuses nan; more than a day is a mistake
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


def _calls(text: str) -> int:
    value = int(text)
    if not 1 <= value <= MOST_CALLS:
        raise argparse.ArgumentTypeError(f"between 1 and {MOST_CALLS}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="alex-caller",
        description="Call Alex: take a token like a browser, ask aloud, listen, measure, pass or fail.",
        epilog=USAGE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--url", required=True, help="address of the web service, as in the browser")
    add("--access-code-file", metavar="FILE", help="send the code in this file, where the web service wants one")
    add("--livekit-url", metavar="URL", help="join here instead of where the token says (inside the cluster)")
    add("--agent-metrics", metavar="URL", help="look whether the metrics of all agents there count the answers")
    add("--web-metrics", metavar="URL", help="and whether those of web there see the calls")
    add(
        "--ask",
        action=_Ask,
        dest="asks",
        metavar="TEXT",
        help="say this (or a recording: @question.wav); repeatable, in order",
    )
    add(
        "--expect",
        action=_Ask,
        dest="asks",
        metavar="REGEX",
        help="what the caption of its answer must contain, any case",
    )
    add(
        "--hold",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="then stay silent in the call so long; fails if it is cut",
    )
    add("--calls", type=_calls, default=1, metavar="N", help="make N calls at once (default 1)")
    add("--wait", type=_seconds, default=30.0, metavar="SECONDS", help="for a free slot (default 30)")
    add("--agent-wait", type=_seconds, default=20.0, metavar="SECONDS", help="for Alex to join (default 20)")
    add("--answer-wait", type=_seconds, default=20.0, metavar="SECONDS", help="for Alex to be heard (default 20)")
    add("--deadline", type=_seconds, metavar="SECONDS", help="for a whole call (default: by what is asked)")
    add("--no-microphone", action="store_true", help="publish nothing, only listen (for --hold)")
    add("--record", metavar="DIR", help="keep call-N.wav there: the caller on the left, Alex on the right")
    add("--json", metavar="FILE", help="write the report there as JSON (- for stdout)")
    return parser


if __name__ == "__main__":
    run()
