"""Numbers from words and back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from alex_offline.mind import numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("three and a half", "7/2"),
        ("two hundred and fifty five", "255"),
        ("a dozen", "12"),
        ("three point one four", "157/50"),
        ("two thirds", "2/3"),
        ("half a million", "500000"),
        ("twenty five thousand three hundred", "25300"),
        ("2.5 million", "2500000"),
        ("a hundred and five", "105"),
    ],
)
def test_values_reads_words_and_digits(text: str, value: str) -> None:
    """A number in words is its exact value."""
    assert numbers.values(text) == [Fraction(value)]


def test_tokens_keeps_neighbouring_numbers_apart() -> None:
    """Five two are two numbers, and the words between stay."""
    assert numbers.tokens("five two plus ten") == [Fraction(5), Fraction(2), "plus", Fraction(10)]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Fraction(42), "forty two"),
        (Fraction(7, 2), "three and a half"),
        (Fraction(-5), "minus five"),
        (Fraction(1234567), "one million two hundred and thirty four thousand five hundred and sixty seven"),
        (Fraction(617, 25), "twenty four point six eight"),
        (Fraction(22, 7), "about three point one four"),
        (Fraction(1, 8), "zero point one two five"),
    ],
)
def test_say_is_what_a_person_says(value: Fraction, words: str) -> None:
    """A value is said in words, rounded only with an about."""
    assert numbers.say(value) == words


def test_whole_words_and_values_agree() -> None:
    """Every number that is said can be heard again."""
    for number in [*range(2000), 10_017, 999_999, 1_000_001, 7_000_000_000]:
        assert numbers.values(numbers.whole_words(number)) == [Fraction(number)]


def test_years_and_ordinals_sound_natural() -> None:
    """Years are said in pairs, days as ordinals."""
    assert numbers.year_words(1969) == "nineteen sixty nine"
    assert numbers.year_words(2005) == "two thousand and five"
    assert numbers.ordinal_words(23) == "twenty third"
