"""What is known in other words is found, several parts of a turn are told apart, and near misses stay unknown."""

from __future__ import annotations

import re

import pytest
from alex_offline.mind import Mind, clauses
from offline.mind.talking import Say, converse

_UNKNOWN = "do not know|more than I know|do not want to guess"


def unfit(mind: Mind, cases: dict[str, str]) -> list[tuple[str, str]]:
    """Return the questions whose answer does not fit, with that answer."""
    answers = {asked: converse(mind, [asked])[0] for asked in cases}
    return [(asked, said) for asked, said in answers.items() if not re.search(cases[asked], said, re.IGNORECASE)]


def test_other_words_find_the_same_answer(mind: Mind) -> None:
    """Synonyms, voice, order and words that hardly matter keep nobody from an answer."""
    cases = {
        "How do I unblock the kitchen sink?": "plunger",
        "Which foods have a lot of iron in them?": "lentils|beans",
        "What's a normal resting heart rate for an adult?": "sixty to one hundred",
        "How long do hens take to hatch their eggs?": "three weeks",
        "How long does it take for hens' eggs to hatch?": "three weeks",
        "Why do leaves turn yellow in autumn?": "green",
        "Which is the longest river in Africa?": "Nile",
        "What is the largest desert in Africa?": "Sahara",
        "What does a nurse do?": "medicine",
        "What's the usual body temperature for a grown-up?": "thirty seven",
        "What foods are rich in protein these days?": "eggs",
        "What's the quickest way to peel garlic?": "knife",
        "What's the average lifespan of a cat?": "years",
        "When's the best time to prune roses?": "winter",
        "At what age do babies start crawling?": "seven|nine",
        "What year was the Berlin Wall built?": "sixty one",
        "Why does my tummy rumble when I'm hungry?": "air",
        "What's the recommended amount of sleep for teenagers?": "eight to ten",
        "How many bones do we have in our body?": "two hundred and six",
        "Who was the first president of America?": "Washington",
    }

    assert not unfit(mind, cases)


def test_near_misses_stay_unknown(mind: Mind) -> None:
    """A question about another thing, place or trait is not answered with what is like it."""
    asked = (
        "What is the longest river in Ruritania?",
        "What is the highest mountain in Chad?",
        "How long do cicadas take to hatch their eggs?",
        "What does a fletcher do?",
        "What is a normal resting heart rate for a hamster?",
        "What's the boiling point of mercury?",
        "What's the tallest building in Leeds?",
        "Who was the first woman to climb K2?",
        "What is the lifespan of a narwhal?",
        "How fast can an ostrich swim?",
        "What's the biggest lake in Finland?",
        "How far is Pluto from Neptune?",
        "What colour is a flamingo's egg?",
        "Which foods have a lot of selenium in them?",
    )

    assert not unfit(mind, dict.fromkeys(asked, _UNKNOWN))


def test_the_question_in_a_turn_is_answered(mind: Mind) -> None:
    """A turn of several sentences gets the answer to its question, with what it points to from the others."""
    cases = {
        "So who am I talking to, are you a real person?": "Alex",
        "I can't sleep and I've got a night shift tomorrow. Any tips?": "bed|breathe",
        "I've got a maths test tomorrow and I'm really nervous.": "normal|understand",
        "I'm bored, tell me a joke.": "^(?!You are right)",
        "It's so hot in here. How can I cool my room down?": "curtains",
        "My wife's birthday is next week and I have no idea what to get her.": "dinner|scarf",
        "I burnt the pan and now it's black, how do I clean it?": "soda",
        "I've got a bad back, is there anything I can do about it?": "warmth",
        "I spilled red wine on my white shirt, what now?": "salt|soda",
        "My son has a fever and won't sleep. What can I do?": "degrees",
        "I burnt my finger on the oven, what should I do?": "cool",
        "I'm trying to lose a bit of weight, where should I start?": "vegetables",
        "If it is raining, what can I do with the children?": "den|board game",
    }

    assert not unfit(mind, cases)


def test_a_sum_is_not_taken_apart() -> None:
    """The parts of a sum need each other."""
    assert clauses.read("I save ten euros a week. How much do I have after a year?") is None
    assert clauses.read("What is the capital of France?") is None


@pytest.mark.parametrize(
    ("before", "asked", "part"),
    [
        ("What's the capital of Canada?", "And what's the biggest city there?", "Toronto"),
        ("What's the capital of Turkey?", "What's the largest city there?", "Istanbul"),
        ("What's the capital of Brazil?", "And the biggest city?", "Sao Paulo"),
        ("What's the capital of Spain?", "How far is it from here?", "where you are"),
        ("What's the capital of Italy?", "How long does it take to get there?", "where you are"),
        ("What's the capital of Brazil?", "What do they speak there?", "Portuguese"),
        ("What's the capital of Japan?", "What money do they use there?", "yen"),
        ("Hello.", "What's the biggest city in the world?", "Tokyo"),
    ],
)
def test_what_is_asked_of_the_place_before(say: Say, before: str, asked: str, part: str) -> None:
    """The place of the last answer is the one that is meant."""
    assert part in say(before, asked)


def test_a_feeling_is_answered_warmly(mind: Mind) -> None:
    """Homesickness and nerves before tomorrow are met with comfort that fits, and Alex does not begin with no."""
    cases = {
        "I'm homesick.": "longing|home means",
        "I miss my family back home.": "longing|home means",
        "I'm nervous about my exam tomorrow.": "normal|understand",
        "I have a presentation tomorrow and I am scared.": "normal|understand",
        "Are you a real person or a computer?": "^(?!No)",
        "When is my dentist appointment?": "^I cannot see your calendar",
        "What was the biggest dinosaur?": "Argentinosaurus",
        "When did the second world war end?": "^It ended in nineteen forty five",
        "What do hedgehogs eat?": "beetles",
    }

    assert not unfit(mind, cases)


def test_a_name_or_a_greeting_does_not_hide_the_question(mind: Mind) -> None:
    """Who says a name or a word of greeting before the question is answered, and the name is kept."""
    cases = {
        "Hello, my name is Anna and I'd like to know how to make pancakes.": "flour",
        "Hi, I'm Tom. What's the capital of France?": "Paris",
        "Hi, what can you do?": "sums|sum",
        "My back hurts, what can I do?": "warmth",
        "I have chest pain, what should I do?": "emergency number",
    }

    assert not unfit(mind, cases)
    assert "Tom" in converse(mind, ["Hi, I'm Tom. What's the capital of France?", "What's my name?"])[1]
