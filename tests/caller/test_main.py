"""The program as its users run it: arguments, exit status, what it prints."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from alex_caller.__main__ import main
from alex_caller.recording import to_pcm
from caller.house import Habits, House, run_caller, voice
from stack import ROOT, free_port


@pytest.fixture
def question(tmp_path: Path) -> str:
    """Give a recorded question, as `--ask` takes it."""
    path = tmp_path / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(to_pcm(voice(1.0, pitch=200)))
    return f"@{path}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--url"),
        (["--url", "localhost:8080"], "not an address like http://host:port"),
        (["--url", "ftp://x"], "not an address like"),
        (["--url", "http://x:80a"], "not an address like"),
        (["--url", "http://x", "--livekit-url", "7880"], "--livekit-url 7880: not an address"),
        (["--url", "http://x", "--expect", "Alex"], "--expect belongs after the --ask"),
        (["--url", "http://x", "--ask", "a", "--expect", "b", "--expect", "c"], "--expect belongs after"),
        (["--url", "http://x", "--ask", "Hello?", "--expect", "("], "--expect '('"),
        (["--url", "http://x", "--ask", "@/no/such.wav"], "/no/such.wav does not exist"),
        (["--url", "http://x", "--ask", ""], "nothing to pronounce"),
        (["--url", "http://x", "--calls", "0"], "between 1 and 50"),
        (["--url", "http://x", "--calls", "many"], "--calls"),
        (["--url", "http://x", "--hold", "-1"], "not a number of seconds"),
        (["--url", "http://x", "--hold", "nan"], "not a number of seconds"),
        (["--url", "http://x", "--access-code-file", "/nowhere"], "--access-code-file /nowhere: No such file"),
        (["--url", "http://x", "--json", "/no/such/dir/report.json"], "no such directory"),
        (["--url", "http://x", "--record", "/proc/nothing"], "--record /proc/nothing"),
        (["--url", "http://x", "--ask", "Hello?", "--no-microphone"], "use it with --hold"),
        (["--url", "http://x", "--agent-metrics", "http://y/metrics"], "belong together"),
        (
            ["--url", "http://x", "--agent-metrics", "y", "--web-metrics", "http://z"],
            "--agent-metrics y: not an address",
        ),
        (["--url", "http://x", "--verbose"], "unrecognized arguments"),
    ],
)
def test_bad_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Arguments that make no sense are refused with status 2 and the reason, before anybody is called."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert message in capsys.readouterr().err


async def test_question_is_asked_and_answered(house: House, tmp_path: Path) -> None:
    """By default the caller asks for the name with its own voice and passes, with table, JSON and recording."""
    report, record = tmp_path / "report.json", tmp_path / "calls"
    outcome = await run_caller("--url", house.url, "--json", str(report), "--record", str(record))

    assert outcome.status == 0, outcome.err
    assert "What is your name?" in outcome.out
    assert "PASS: 1 of 1 calls" in outcome.out
    document = json.loads(report.read_text())
    (call,) = document["calls"]
    assert document["passed"] is True
    assert call["turns"][0]["matched"] is True
    assert call["turns"][0]["heard"] == "What is your name?"
    assert 0.5 < call["turns"][0]["gap_seconds"] < 5
    assert 0.0 < call["join_seconds"] < 15
    assert 0.0 < call["greeting_seconds"] < 15
    assert house.rooms[0] not in outcome.out + outcome.err + report.read_text()
    with wave.open(call["recording"]) as file:
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
        assert file.getnframes() / file.getframerate() > 4
    assert np.abs(both).max(axis=0).min() > 3_000, "one of the two is silent in the recording"


async def test_questions_are_asked_in_order(house: House, question: str) -> None:
    """Several questions in one call get their own answers, each checked by its own expectation, in any case."""
    house.habits = Habits(answers=("My name is Alex.", "It is noon.", "Anything."))
    asks = [
        "--ask",
        question,
        "--expect",
        r"\balex\b",
        "--ask",
        question,
        "--expect",
        "noon|midnight",
        "--ask",
        question,
    ]
    outcome = await run_caller("--url", house.url, "--json", "-", *asks)

    assert outcome.status == 0, outcome.err
    assert [t["answer"] for t in outcome.report["calls"][0]["turns"]] == [
        "My name is Alex.",
        "It is noon.",
        "Anything.",
    ]
    assert len(house.agents) == 1


async def test_answer_that_does_not_fit(house: House, question: str) -> None:
    """A wrong answer fails the run, and both what was expected and what was said are printed."""
    outcome = await run_caller("--url", house.url, "--json", "-", "--ask", question, "--expect", "Rumpelstiltskin")

    assert outcome.status == 1
    assert "does not contain /Rumpelstiltskin/: 'My name is Alex.'" in outcome.err
    assert outcome.report["passed"] is False
    assert outcome.report["calls"][0]["turns"][0]["gap_seconds"] is not None


async def test_full_house_is_waited_for(house: House, question: str) -> None:
    """503 with Retry-After is a full house: the caller waits, calls again and passes."""
    house.replies = [lambda: web.json_response({"title": "Busy"}, status=503, headers={"Retry-After": "1"})]
    outcome = await run_caller("--url", house.url, "--json", "-", "--ask", question)

    assert outcome.status == 0, outcome.err
    assert house.requests == 2
    assert outcome.report["calls"][0]["token_seconds"] > 0.9


async def test_refused_token(house: House, question: str) -> None:
    """A refusal ends the call with status 1 and its own words."""
    house.replies = [lambda: web.json_response({"title": "Forbidden", "detail": "not from here"}, status=403)]
    outcome = await run_caller("--url", house.url, "--ask", question)

    assert outcome.status == 1
    assert "answered 403: Forbidden: not from here" in outcome.out
    assert "FAIL: 0 of 1 calls" in outcome.out


async def test_nobody_at_the_address(question: str) -> None:
    """An address where nobody listens is status 1 with the reason, after a few seconds."""
    outcome = await run_caller("--url", f"http://127.0.0.1:{free_port()}", "--ask", question)

    assert outcome.status == 1
    assert "cannot be reached" in outcome.out


async def test_no_livekit_behind_the_token(house: House, question: str) -> None:
    """A token for a media server that is not there is status 1; --livekit-url leads around it."""
    house.server_url = f"ws://127.0.0.1:{free_port()}"
    lost, led = await asyncio.gather(
        run_caller("--url", house.url, "--ask", question),
        run_caller("--url", house.url, "--livekit-url", house.livekit_url, "--ask", question),
    )

    assert lost.status == 1
    assert f"LiveKit at {house.server_url}" in lost.out
    assert led.status == 0, led.err


async def test_no_agent(house: House, question: str) -> None:
    """Without an agent the caller says so and ends with status 1."""
    house.habits = None
    outcome = await run_caller("--url", house.url, "--agent-wait", "1", "--ask", question)

    assert outcome.status == 1
    assert "no agent joined the call within 1 s" in outcome.out


async def test_silent_agent(house: House, question: str) -> None:
    """An agent that greets and then never answers is status 1: captions alone are not an answer."""
    house.habits = Habits(audible=False)
    outcome = await run_caller("--url", house.url, "--answer-wait", "5", "--json", "-", "--ask", question)

    assert outcome.status == 1
    assert "no audible answer within 5 s" in outcome.err
    assert outcome.report["calls"][0]["turns"][0]["heard"] == "What is your name?"


async def test_agent_without_a_greeting(house: House, question: str) -> None:
    """An agent that comes and says nothing is status 1."""
    house.habits = Habits(greets=False)
    outcome = await run_caller("--url", house.url, "--answer-wait", "2", "--ask", question)

    assert outcome.status == 1
    assert "no audible greeting within 2 s" in outcome.out


async def test_call_cut_during_an_answer(house: House, question: str) -> None:
    """An agent that dies while it speaks is status 1, and the table says that the call was cut."""
    house.habits = Habits(leaves_during_answer=True, answer_seconds=3.0)
    outcome = await run_caller("--url", house.url, "--ask", question)

    assert outcome.status == 1
    assert "the call was cut" in outcome.out


async def test_call_cut_while_it_is_held(house: House) -> None:
    """A held call that is cut is status 1 long before its time is over."""
    running = asyncio.create_task(run_caller("--url", house.url, "--hold", "60", "--json", "-"))
    await house.greeted()
    await asyncio.sleep(3)
    await house.cut()
    outcome = await asyncio.wait_for(running, 20)

    assert outcome.status == 1
    assert "the call was cut" in outcome.err
    assert outcome.report["calls"][0]["held_seconds"] is None


async def test_held_call(house: House) -> None:
    """A silent call that lives to its end passes without any question."""
    house.habits = Habits(greets_at_once=True)  # without a microphone there is nothing to hear of the caller
    outcome = await run_caller("--url", house.url, "--hold", "1", "--no-microphone", "--json", "-")
    assert outcome.status == 0, outcome.err
    assert outcome.report["calls"][0]["held_seconds"] == 1.0
    assert outcome.report["calls"][0]["turns"] == []


async def test_goodbye_ends_the_call(house: House, question: str) -> None:
    """An agent that closes the call after a whole last answer has not cut it; after any other it has."""
    house.habits = Habits(leaves_after_answer=True, answers=("Goodbye!",))
    last, first = await asyncio.gather(
        run_caller("--url", house.url, "--ask", question, "--expect", "bye"),
        run_caller("--url", house.url, "--ask", question, "--expect", "bye", "--ask", question),
    )

    assert last.status == 0, last.err
    assert first.status == 1
    assert "Alex ended the call" in first.out or "the call was cut" in first.out


async def test_last_words_of_a_cut_call_are_reported(house: House, question: str) -> None:
    """Alex leaves as soon as it has spoken: what it said, which may be the reason, is in the report."""
    house.habits = Habits(leaves_after_greeting=True, greeting="I am sorry, I cannot hear you.")
    outcome = await run_caller("--url", house.url, "--json", "-", "--ask", question)

    assert outcome.status == 1
    (call,) = outcome.report["calls"]
    assert [problem["code"] for problem in call["problems"]] == ["cut"]
    assert call["greeting"] == "I am sorry, I cannot hear you."
    assert call["greeting_seconds"] is None


async def test_several_calls_at_once(house: House, question: str) -> None:
    """Each of several calls is made at the same time, checked and reported."""
    outcome = await run_caller("--url", house.url, "--calls", "3", "--json", "-", "--ask", question, "--expect", "Alex")

    assert outcome.status == 0, outcome.err
    assert [call["number"] for call in outcome.report["calls"]] == [1, 2, 3]
    assert all(call["turns"][0]["matched"] for call in outcome.report["calls"])
    assert len(set(house.rooms)) == 3


async def test_deadline_of_a_call(house: House) -> None:
    """Whatever happens, a call is over at its deadline."""
    outcome = await run_caller("--url", house.url, "--hold", "60", "--deadline", "4")

    assert outcome.status == 1
    assert "the call was not over after 4 s" in outcome.out


async def test_signal_hangs_up(house: House) -> None:
    """SIGTERM hangs up cleanly and still reports."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alex_caller", "--url", house.url, "--hold", "60",
        env={"PYTHONPATH": str(ROOT / "images/caller")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await house.greeted()
    process.send_signal(signal.SIGTERM)
    out, _ = await asyncio.wait_for(process.communicate(), 15)
    await asyncio.wait_for(house.agents[0].caller_left.wait(), 5)

    assert process.returncode == 1
    assert b"stopped before its end" in out


def test_call_that_breaks_the_caller(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A call that ends in a way nobody foresaw fails the run with its reason, and the report is still printed."""

    async def broken(*_: object) -> None:
        raise RuntimeError("the SDK is beside itself")

    monkeypatch.setattr("alex_caller.__main__.converse", broken)
    status = main(["--url", "http://x", "--hold", "1", "--calls", "2", "--json", "-"])
    document = json.loads(capsys.readouterr().out)

    assert status == 1
    assert [call["problems"][0]["code"] for call in document["calls"]] == ["broken", "broken"]
    assert "RuntimeError: the SDK is beside itself" in document["calls"][1]["problems"][0]["message"]
