"""What is told of a turn, by the events of a session as the SDK sends them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from alex_agent.channel import Sender
from alex_agent.pipeline import Member, Pipeline
from alex_agent.providers import Link, Stage
from alex_agent.silence import Silence
from alex_agent.turns import Turn, Turns, reason
from livekit.agents import (
    AgentFalseInterruptionEvent,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConversationItemAddedEvent,
    ErrorEvent,
    UserInputTranscribedEvent,
    llm,
)
from livekit.agents.metrics import LLMMetrics, STTMetrics, TTSMetrics
from livekit.rtc import EventEmitter


class Notes:
    """Takes what would go to the parent."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, kind: str, **facts: Any) -> None:
        self.events.append({"kind": kind, **facts})

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]


class Heard:
    """Takes the place of the sound of a call."""

    def __init__(self) -> None:
        self.sounded: float | None = None
        self.lead = 0.0

    def last_sound(self, began: float, ended: float) -> float | None:
        assert began < ended
        return self.sounded


class Desk:
    """A session and four engines that say what a test wants them to."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.told: list[Turn] = []
        self.session = EventEmitter[Any]()
        self.engines: dict[tuple[str, str], EventEmitter[Any]] = {}
        members = []
        for stage, provider in (("stt", "deepgram"), ("llm", "openai"), ("tts", "elevenlabs"), ("tts", "openai")):
            engine = self.engines[stage, provider] = EventEmitter[Any]()
            link = Link(cast("Stage", stage), cast("Any", provider), cast("Any", provider), "", "", f"{provider}-model")
            members.append(Member(link, engine))
        pipeline = Pipeline(cast("Any", None), cast("Any", None), cast("Any", None), tuple(members))
        self.silence = Heard()
        self.turns = Turns(cast("Sender", self.notes), pipeline, cast("Silence", self.silence), self.told.append)
        self.turns.follow(cast("Any", self.session))

    def hears(self, **metrics: float) -> None:
        """Let the caller's words be added to the conversation."""
        self._add("user", metrics)

    def says(self, *, interrupted: bool = False, **metrics: float) -> None:
        """Let Alex's words be added, when they were played."""
        self._add("assistant", metrics, interrupted=interrupted)

    def transcribes(self, at: float, *, final: bool = True) -> None:
        """Let words be understood."""
        self.session.emit(
            "user_input_transcribed", UserInputTranscribedEvent(transcript="words", is_final=final, created_at=at)
        )

    def fails(self, stage: str) -> None:
        """Let a stage fail for good."""
        error = type("Error", (), {"type": f"{stage}_error", "recoverable": False, "error": APIConnectionError()})()
        self.session.emit("error", ErrorEvent.model_construct(error=error, source=None))

    def _add(self, role: Any, metrics: dict[str, float], *, interrupted: bool = False) -> None:
        item = llm.ChatMessage(role=role, content=["words"], interrupted=interrupted, metrics=cast("Any", metrics))
        self.session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))


LANGUAGE = LLMMetrics(
    label="", request_id="", timestamp=105.0, duration=2.0, ttft=0.5, cancelled=False, completion_tokens=20,
    prompt_tokens=300, prompt_cached_tokens=100, total_tokens=320, tokens_per_second=10.0,
)  # fmt: skip
VOICE = TTSMetrics(
    label="", request_id="", timestamp=106.0, ttfb=0.25, duration=1.0, audio_duration=3.5, cancelled=False,
    characters_count=42, streamed=True,
)  # fmt: skip
EARS = STTMetrics(label="", request_id="", timestamp=104.0, duration=0.0, audio_duration=5.0, streamed=True)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_answered_turn_has_all_its_figures(desk: Desk) -> None:
    """What the caller said and the answer together make one turn, told once the answer was played."""
    desk.hears(transcription_delay=0.2, end_of_turn_delay=0.4, started_speaking_at=100.0, stopped_speaking_at=102.0)
    assert desk.told == []
    desk.says(llm_node_ttft=0.3, tts_node_ttfb=0.1, e2e_latency=0.9, started_speaking_at=102.9, stopped_speaking_at=105)

    [turn] = desk.told
    assert turn.figures() == {
        "number": 1,
        "outcome": "answered",
        "turn_seconds": 0.9,
        "end_of_turn_seconds": 0.4,
        "stt_seconds": 0.2,
        "llm_seconds": 0.3,
        "tts_seconds": 0.1,
    }
    [event] = desk.notes.of("turn")
    assert event["turn_seconds"] == pytest.approx(0.9)
    assert event["llm"] == {"provider": "openai", "model": "openai-model", "seconds": 0.3}
    assert event["failed_stage"] == ""


def test_a_turn_is_the_silence_between_two_sounds(desk: Desk) -> None:
    """The detector believed in speech for 0.3 s after the last sound, and the answer begins with 0.1 s of silence."""
    desk.silence.sounded, desk.silence.lead = 101.7, 0.1
    desk.transcribes(101.9)
    desk.transcribes(101.95, final=False)
    desk.hears(transcription_delay=0.0, end_of_turn_delay=0.4, started_speaking_at=100.0, stopped_speaking_at=102.0)
    desk.says(llm_node_ttft=0.3, tts_node_ttfb=0.1, e2e_latency=0.9, started_speaking_at=102.9, stopped_speaking_at=105)

    [turn] = desk.told
    assert (turn.caller_ended, turn.alex_began) == (101.7, 103.0)
    assert turn.figures() == {
        "number": 1,
        "outcome": "answered",
        "turn_seconds": 1.3,
        "end_of_turn_seconds": 0.7,
        "stt_seconds": 0.2,
        "llm_seconds": 0.3,
        "tts_seconds": 0.1,
    }


def test_a_typed_turn_has_no_silence(desk: Desk) -> None:
    """Nobody spoke, so no silence was heard; an earlier transcript is none of its own."""
    desk.transcribes(50.0)
    desk.hears()
    desk.says(llm_node_ttft=0.3, tts_node_ttfb=0.1, started_speaking_at=102.9, stopped_speaking_at=105)

    assert desk.told[0].figures() == {"number": 1, "outcome": "answered", "llm_seconds": 0.3, "tts_seconds": 0.1}


def test_a_turn_names_the_voice_that_spoke(desk: Desk) -> None:
    """After a fallback the voice in the figures is the one that was heard, and the change is counted once."""
    desk.hears(transcription_delay=0.2)
    desk.engines["tts", "openai"].emit("metrics_collected", VOICE)
    desk.engines["tts", "openai"].emit("metrics_collected", VOICE)
    desk.says(tts_node_ttfb=0.1)

    assert desk.notes.of("turn")[0]["tts"]["provider"] == "openai"
    assert desk.notes.of("fallback") == [{"kind": "fallback", "stage": "tts"}]


def test_usage_is_told_for_each_request(desk: Desk) -> None:
    """Each engine's request is one event in the units that its vendor bills."""
    desk.engines["llm", "openai"].emit("metrics_collected", LANGUAGE)
    desk.engines["tts", "elevenlabs"].emit("metrics_collected", VOICE)
    desk.engines["stt", "deepgram"].emit("metrics_collected", EARS)
    desk.engines["stt", "deepgram"].emit("metrics_collected", EARS.model_copy(update={"audio_duration": 0.0}))

    mind, voice, ears = desk.notes.of("usage")
    assert (mind["input_tokens"], mind["cached_tokens"], mind["output_tokens"]) == (300, 100, 20)
    assert (voice["characters"], voice["audio_seconds"]) == (42, 3.5)
    assert (ears["stage"], ears["provider"], ears["audio_seconds"]) == ("stt", "deepgram", 5.0)


def test_the_requests_of_a_turn_go_with_it(desk: Desk) -> None:
    """A turn knows when its own requests began and gave their first word, and not those of the turn before."""
    desk.hears()
    desk.engines["llm", "openai"].emit("metrics_collected", LANGUAGE)
    desk.says()
    desk.hears()
    desk.engines["tts", "elevenlabs"].emit("metrics_collected", VOICE.model_copy(update={"ttfb": -1.0}))
    desk.says()

    first, second = desk.told
    [request] = first.requests
    assert (request.began, request.first, request.ended) == (103.0, 103.5, 105.0)
    assert [r.first for r in second.requests] == [None]


@pytest.mark.parametrize("stage", ["llm", "tts"])
def test_a_failed_turn_names_the_stage(desk: Desk, stage: str) -> None:
    """A turn whose mind or voice failed for good is a failed one, and it says where."""
    desk.hears()
    desk.fails(stage)
    desk.hears()

    [turn] = desk.told
    assert (turn.outcome, turn.stage) == ("failed", stage)
    assert turn.figures()["stage"] == stage


def test_a_failure_of_the_last_turn_is_none_of_the_next(desk: Desk) -> None:
    """Whoever is answered after a failure had a good turn."""
    desk.hears()
    desk.fails("llm")
    desk.hears()
    desk.says()

    assert [turn.outcome for turn in desk.told] == ["failed", "answered"]


def test_a_caller_who_speaks_on_has_interrupted(desk: Desk) -> None:
    """An answer that was cut, or never began because the caller spoke on, is an interrupted turn."""
    desk.hears()
    desk.says(interrupted=True)
    desk.hears()
    desk.hears()
    desk.turns.close()

    assert [turn.outcome for turn in desk.told] == ["interrupted", "interrupted", "interrupted"]


def test_what_alex_says_by_itself_is_no_turn(desk: Desk) -> None:
    """The greeting answers nobody."""
    desk.says()
    desk.turns.close()

    assert desk.told == []
    assert desk.turns.count == 0


def test_a_noise_is_told(desk: Desk) -> None:
    """Alex stopped for a sound and went on: that is worth a number."""
    desk.session.emit("agent_false_interruption", AgentFalseInterruptionEvent(resumed=True))

    assert desk.notes.of("false_interruption")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (APIStatusError("", status_code=401), "refused"),
        (APIStatusError("", status_code=403), "refused"),
        (APIStatusError("", status_code=429), "busy"),
        (APIStatusError("", status_code=400), "request"),
        (APIStatusError("", status_code=503), "server"),
        (APIStatusError("", status_code=1006), "connection"),
        (APIStatusError("", status_code=-1), "server"),
        (APITimeoutError(), "timeout"),
        (APIConnectionError(), "connection"),
        (ValueError("anything else"), "other"),
    ],
)
def test_an_error_has_one_word(desk: Desk, error: Exception, word: str) -> None:
    """What was wrong is told in one word of a small set, never in the vendor's own."""
    desk.engines["llm", "openai"].emit("error", type("Error", (), {"error": error})())

    assert reason(error) == word
    assert desk.notes.of("error") == [{"kind": "error", "reason": word, "stage": "llm", "provider": "openai"}]
