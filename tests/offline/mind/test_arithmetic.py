"""Sums are exact, however they are heard."""

from __future__ import annotations

import random

import pytest
from alex_offline.mind.numbers import say as spoken
from offline.mind.talking import Say


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        ("what is twelve times three and a half", "forty two"),
        ("What's 15% of 80?", "twelve"),
        ("what is to plus to", "four"),
        ("what is seven times ate", "fifty six"),
        ("100 / 4", "twenty five"),
        ("add five and ten", "fifteen"),
        ("subtract three from ten", "seven"),
        ("square root of 144", "twelve"),
        ("five to the power of three", "one hundred and twenty five"),
        ("what is twelve squared", "one hundred and forty four"),
        ("half of ninety", "forty five"),
        ("twenty percent off fifty", "forty"),
        ("fifty plus ten percent", "fifty five"),
        ("nine plus six minus four times two", "seven"),
        ("split ninety dollars between four people", "twenty two and a half"),
        ("what percent of twelve is three", "twenty five percent"),
        ("if I have five apples and eat two how many are left", "three"),
        ("average of 3, 5 and 7", "five"),
        ("what is a fifteen percent tip on 42 dollars", "six thirty"),
        ("five minus eight", "minus three"),
        ("divide ten by zero", "zero"),
        ("is seventeen a prime number", "yes"),
    ],
)
def test_sums(say: Say, asked: str, result: str) -> None:
    """A sum has its exact result, said in words."""
    assert result in say(asked).lower()


def test_sums_are_right_for_any_numbers(say: Say) -> None:
    """Random sums in digits have the right result."""
    chance = random.Random(7)
    for _ in range(60):
        left, right = chance.randint(0, 999), chance.randint(1, 99)
        sign, result = chance.choice([("plus", left + right), ("minus", left - right), ("times", left * right)])
        assert say(f"what is {left} {sign} {right}").endswith(f"is {spoken(result)}.")


@pytest.mark.parametrize(
    ("turns", "result"),
    [
        (["what is twelve times three and a half", "divide that by two"], "twenty one"),
        (["what is six plus six", "times two"], "twenty four"),
        (["what is nine squared", "and half of that"], "forty and a half"),
        (["how much is fifty minus eight", "and what is that plus one"], "forty three"),
    ],
)
def test_follow_ups_use_the_last_result(say: Say, turns: list[str], result: str) -> None:
    """`That` is the last result."""
    assert result in say(*turns)
