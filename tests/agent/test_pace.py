"""What a call may use is bounded, and who talks as people do never notices."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from alex_agent.pace import Most, Pace
from livekit.agents import ChatContext, FunctionCall, FunctionCallOutput
from livekit.agents.voice.room_io import TextInputEvent

SENTENCE = "There are a good many things to say about tea. "
MOST = Most()


async def say(*texts: str) -> AsyncIterator[str]:
    """Give a text as a language model does: piece by piece."""
    for text in texts:
        yield text


def conversation(*messages: str) -> ChatContext:
    """Make a conversation with its instructions."""
    context = ChatContext.empty()
    context.add_message(role="system", content="You are Alex.")
    for number, message in enumerate(messages):
        context.add_message(role="assistant" if number % 2 else "user", content=message)
    return context


def words(context: ChatContext) -> list[str | None]:
    """Return what is in a conversation."""
    return [item.text_content for item in context.messages()]


class Session:
    """A session that is told what was typed."""

    def __init__(self) -> None:
        self.answered: list[str] = []

    async def interrupt(self) -> None:
        """Let Alex be silent."""

    def generate_reply(self, *, user_input: str) -> None:
        """Answer."""
        self.answered.append(user_input)

    def _claim_user_turn(self) -> asyncio.Lock:
        return asyncio.Lock()


async def test_an_answer_begins_at_once() -> None:
    """A greeting and the first sentences are spoken without a pause, and nothing of them is lost."""
    pace = Pace()
    began = time.monotonic()
    spoken = [piece async for piece in pace.speak(say(*[SENTENCE] * 12))]

    assert "".join(spoken) == SENTENCE * 12
    assert time.monotonic() - began < 1


async def test_nobody_pays_for_more_than_can_be_heard() -> None:
    """Answers that are interrupted again and again cost no more than one that is listened to."""
    pace = Pace()
    spoken = 0
    began = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            while True:
                async for piece in pace.speak(say(SENTENCE * 20)):
                    spoken += len(piece)

    assert spoken <= MOST.spoken_chars_at_once + MOST.spoken_chars_per_minute / 60 * (time.monotonic() - began) + 1


async def test_speech_is_paced_as_fast_as_it_is_read_aloud() -> None:
    """A long answer is not held up for good."""
    pace = Pace(Most(spoken_chars_at_once=50, spoken_chars_per_minute=6_000))
    began = time.monotonic()
    spoken = [piece async for piece in pace.speak(say("x" * 200))]

    assert "".join(spoken) == "x" * 200
    assert time.monotonic() - began >= 1.4


async def test_old_parts_of_a_conversation_are_forgotten() -> None:
    """The instructions and the newest messages are asked with; what is older than the history may be is not."""
    pace = Pace(Most(history_bytes=30))
    recent = await pace.think(conversation("one" * 10, "two" * 3, "three" * 3))

    assert words(recent) == ["You are Alex.", "two" * 3, "three" * 3]


async def test_the_last_word_stays_however_long() -> None:
    """What was said last is asked with in any case, and counts in bytes: other scripts are dearer by the letter."""
    pace = Pace(Most(history_bytes=30))

    assert words(await pace.think(conversation("one", "ü" * 40))) == ["You are Alex.", "ü" * 40]
    assert words(await pace.think(conversation("one", "ü" * 13))) == ["You are Alex.", "one", "ü" * 13]
    assert words(await pace.think(conversation("three", "ü" * 13))) == ["You are Alex.", "ü" * 13]


async def test_thinking_does_not_change_the_conversation() -> None:
    """Only what is sent is shorter; a tool's answer without its question is not sent."""
    context = conversation("what time is it")
    context.insert(FunctionCall(call_id="1", name="clock", arguments="x" * 30))
    context.insert(FunctionCallOutput(call_id="1", output="noon", is_error=False))
    context.add_message(role="assistant", content="It is noon.")
    before = context.to_dict()
    recent = await Pace(Most(history_bytes=20)).think(context)

    assert context.to_dict() == before
    assert words(recent) == ["You are Alex.", "It is noon."]
    assert [item.type for item in recent.items] == ["message", "message"]


async def test_a_model_is_asked_no_faster_than_is_paid_for() -> None:
    """Whoever asks all the time waits; each thought counts with all that is sent."""
    pace = Pace(Most(thought_bytes_at_once=1_000, thought_bytes_per_minute=6_000))
    asked, began = 0, time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            while True:
                await pace.think(conversation("x" * 187))  # and 13 of instructions
                asked += 1

    assert 5 <= asked <= (1_000 + 100 * (time.monotonic() - began)) / 200 + 1


async def test_people_type_as_they_like() -> None:
    """A message of a person is answered; one that is too long, or one too many, is not."""
    pace, session = Pace(), Session()
    for text in ["x" * 501, *map(str, range(30))]:
        await pace.read(session, TextInputEvent(text=text))  # type: ignore[arg-type]

    assert session.answered == [str(number) for number in range(20)]
