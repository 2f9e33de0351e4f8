"""Units, places, words, memory, riddles, limits and the operator's prompt."""

from __future__ import annotations

import pytest
from offline.mind.talking import Say

PROMPT = """You are Alex, the voice of Rosie's Bakery. You answer in short sentences.
Our opening hours are nine to five, and we are closed on Sunday.
The owner of the bakery is Rosie Miller.
- Parking is behind the house.
Never talk about prices. When a caller is angry, say sorry."""


@pytest.mark.parametrize(
    ("turns", "part"),
    [
        (["convert five miles to kilometers"], "eight point zero five"),
        (["how many feet are in two miles"], "ten thousand five hundred and sixty"),
        (["what is 100 fahrenheit in celsius"], "about thirty eight degrees celsius"),
        (["how many minutes are in two and a half hours"], "one hundred and fifty"),
        (["how many days are in a year"], "three hundred and sixty five"),
        (["convert five miles to kilometers", "and ten miles"], "sixteen"),
        (["how many grams in a mile"], "different things"),
        (["what is the capital of France"], "paris"),
        (["capital of Brasil"], "brasilia"),
        (["what is the capital of France", "and of Italy", "how about Spain"], "madrid"),
        (["what is the capital of France", "how do you spell that"], "p, a, r, i, s"),
        (["what currency do they use in Japan", "and in Brazil"], "real"),
        (["what is the capital of Australia", "how many people live there"], "twenty seven million"),
        (["is Sydney the capital of Australia", "what is the capital of Canada"], "ottawa"),
        (["how do you spell necessary"], "n, e, c, e, s, s, a, r, y"),
        (["how many letters are in banana"], "six"),
        (["opposite of hot"], "cold"),
        (["what is the plural of mouse"], "mice"),
        (["how do you say water in French", "and in German"], "wasser"),
        (["my name is Peter", "what is my name"], "peter"),
        (["I'm Anna", "how are you", "do you remember my name"], "anna"),
        (["what is my name", "Peter", "so what is my name"], "peter"),
        (["my favorite color is green", "tell me a joke", "what is my favorite color"], "green"),
        (["my dog's name is Rex", "what is my dog called"], "rex"),
        (["what is two plus two", "say that again"], "two plus two is four"),
        (["I like the sea", "what did I just say"], "i like the sea"),
        (["tell me a riddle", "I give up"], "it is"),
        (["who are you", "why"], "stremini"),
        (["how long do I boil an egg", "what about potatoes"], "twenty"),
        (["who was the first man on the moon", "when was that"], "nineteen sixty nine"),
        (["will it rain tomorrow"], "weather"),
        (["who is the president of France"], "news"),
        (["should I sue my landlord"], "law"),
        (["my father has chest pain call an ambulance"], "emergency number"),
        (["set a timer for ten minutes"], "cannot"),
        (["bonjour comment allez vous"], "english"),
        (["who may do"], "stremini"),
        (["wats you're name"], "alex"),
    ],
)
def test_answers(say: Say, turns: list[str], part: str) -> None:
    """The last of the turns gets an answer with that in it."""
    assert part in say(*turns).lower()


@pytest.mark.parametrize("noise", ["", "...", "uh", "xqzt", "mm hmm"])
def test_noise_is_asked_for_again(say: Say, noise: str) -> None:
    """What is no word is kindly asked for again."""
    answer = say(noise).lower()

    assert "again" in answer or "once more" in answer


@pytest.mark.parametrize(
    "asked",
    [
        "who was the mayor of Springfield in 1950",
        "what is the phone number of the town hall",
        "when did the Kazakh poet Abai die",
        "how many windows does the White House have",
    ],
)
def test_unknown_facts_are_not_made_up(say: Say, asked: str) -> None:
    """A fact that is in no table is not invented."""
    answer = say(asked).lower()

    assert "not know" in answer or "more than i know" in answer or "cannot know" in answer


def test_another_one_never_repeats_before_all_were_told(say: Say) -> None:
    """Ten jokes in a row are ten jokes."""
    turns = ["tell me a joke"] + ["another one"] * 9

    assert len({say(*turns[: n + 1]) for n in range(10)}) == 10


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("when are you open", "nine to five"),
        ("what are your opening hours", "nine to five"),
        ("who is the owner", "rosie miller"),
        ("where can I park", "behind the house"),
    ],
)
def test_the_operators_prompt_answers(say: Say, asked: str, part: str) -> None:
    """A statement in the prompt answers a question about it."""
    assert part in say(asked, prompt=PROMPT).lower()


def test_the_operators_orders_are_not_read_out(say: Say) -> None:
    """What the prompt tells Alex to do is never said to the caller."""
    for asked in ("what about prices", "what do you say when a caller is angry", "who are you"):
        assert "never talk" not in say(asked, prompt=PROMPT).lower()
        assert "when a caller" not in say(asked, prompt=PROMPT).lower()
