"""The mind as the wire uses it: tools, history, instructions, pieces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alex_offline.mind import Mind, Text, ToolCall
from offline.mind.talking import TOOLS, call, converse


def asked(text: str) -> list[dict[str, Any]]:
    """Return a conversation with one question."""
    return [{"role": "system", "content": "You are Alex."}, {"role": "user", "content": text}]


def with_result(text: str, name: str, result: str) -> list[dict[str, Any]]:
    """Return a conversation in which a tool was called and gave its result."""
    made = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    return [
        *asked(text),
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "call_1", "content": result},
    ]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("what time is it", {}),
        ("what day is tomorrow", {}),
        ("what time is it in Tokyo", {"timezone": "Asia/Tokyo"}),
        ("how many days until christmas", {}),
    ],
)
def test_time_is_asked_of_the_tool(mind: Mind, text: str, arguments: dict[str, str]) -> None:
    """What depends on now calls the tool, with the zone of the place that was named."""
    said, calls = call(mind, asked(text))

    assert not said
    assert calls == [ToolCall("get_time_and_date", json.dumps(arguments))]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("what time is it", "six thirty in the evening"),
        ("what day is tomorrow", "Friday"),
        ("how many days until christmas", "twenty three days"),
    ],
)
def test_the_tools_result_is_said_in_words(mind: Mind, text: str, part: str) -> None:
    """The result answers exactly what was asked, and calls nothing again."""
    result = "It is Thursday, 2 December 2027, 18:30 (Europe/Berlin)."
    said, calls = call(mind, with_result(text, "get_time_and_date", result))

    assert part in said.replace("a Friday", "Friday")
    assert calls == []


def test_a_failed_tool_is_answered_from_the_own_clock(mind: Mind) -> None:
    """An error from the tool does not leave the caller without the time."""
    said, _ = call(mind, with_result("what time is it", "get_time_and_date", "There is no time zone."))

    assert "four oh five" in said


@pytest.mark.parametrize("text", ["goodbye", "ok that's all thank you bye", "please hang up now"])
def test_goodbye_ends_the_call_and_is_said_once(mind: Mind, text: str) -> None:
    """The tool is called without words; the goodbye comes after its result."""
    said, calls = call(mind, asked(text))
    after, again = call(mind, with_result(text, "end_call", "The call ends after your next sentence."))

    assert (said, calls) == ("", [ToolCall("end_call", "{}")])
    assert "oodbye" in after
    assert again == []


@pytest.mark.parametrize(
    "text", ["how do you say goodbye in French", "don't hang up", "I said goodbye to my friend today"]
)
def test_talk_about_goodbyes_ends_nothing(mind: Mind, text: str) -> None:
    """Only a goodbye meant for Alex ends the call."""
    assert call(mind, asked(text))[1] == []


def test_tools_that_are_not_offered_are_not_called(mind: Mind) -> None:
    """Without tools everything is said."""
    for text in ("what time is it", "goodbye"):
        assert all(isinstance(reply, Text) for reply in mind.reply(asked(text), []))


def test_any_other_tools_result_is_read_out(mind: Mind) -> None:
    """A tool nobody knows here is said in its own words, cleaned."""
    said, _ = call(mind, with_result("where is my parcel", "parcel", '{"state": "It arrives **tomorrow**"}'))

    assert said == "It arrives tomorrow."


def test_before_the_first_word_alex_greets(mind: Mind) -> None:
    """A conversation with only a prompt is answered with a greeting."""
    said, calls = call(mind, [{"role": "system", "content": "You are Alex."}])

    assert "Alex" in said
    assert calls == []


def test_a_question_cut_in_two_is_joined(mind: Mind) -> None:
    """Two messages in a row without an answer between belong together."""
    messages = [{"role": "user", "content": "what is the capital"}, {"role": "user", "content": "of France"}]

    assert "Paris" in call(mind, messages)[0]


def test_content_may_come_in_parts(mind: Mind) -> None:
    """A message's content may be a list of text parts."""
    messages = [{"role": "user", "content": [{"type": "text", "text": "what is two plus two"}]}]

    assert "four" in call(mind, messages)[0]


def test_replies_come_sentence_by_sentence(mind: Mind) -> None:
    """Pieces joined are the answer, each a whole sentence."""
    pieces = [reply.text for reply in mind.reply(asked("who are you"), TOOLS) if isinstance(reply, Text)]

    assert len(pieces) > 1
    assert all(piece.rstrip()[-1] in ".!?" for piece in pieces)


def test_the_same_conversation_gets_the_same_answer(mind: Mind) -> None:
    """Answers depend on nothing but the conversation."""
    turns = ["hello", "tell me a joke", "another one", "flip a coin", "pick a number"]

    assert converse(mind, turns) == converse(mind, turns)


def test_a_long_call_stays_quick_and_remembers(mind: Mind) -> None:
    """After a hundred turns a name from the beginning is still known."""
    turns = ["my name is Peter"] + ["what is two plus two", "tell me a joke"] * 50
    messages: list[dict[str, Any]] = []
    for turn in turns:
        messages += [{"role": "user", "content": turn}, {"role": "assistant", "content": "Fine."}]

    assert "Peter" in call(mind, [*messages, {"role": "user", "content": "what is my name"}])[0]


def test_the_whole_mind_chats_in_alexs_manner(whole_mind: Mind) -> None:
    """What only the small model can answer is short, and claims no other name and no life of its own."""
    for text in ("We planted tomatoes in the garden.", "The boys built a tree house with grandpa's tools."):
        said = converse(whole_mind, [text])[0]

        assert 0 < len(said) < 260
        assert "my name" not in said.lower()


def test_missing_weights_are_named(tmp_path: Any) -> None:
    """A path without weights fails with a message, not with a mute mind."""
    from alex_offline.mind.model import Model  # noqa: PLC0415

    with pytest.raises(RuntimeError):
        Model(tmp_path / "nothing.gguf")
