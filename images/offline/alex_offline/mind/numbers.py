# ruff: noqa: PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Numbers as people say them: from words to exact fractions and back."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SMALL = (
    {word: n for n, word in enumerate(_UNITS)}
    | {word: 10 * n for n, word in enumerate(_TENS, 2)}
    | {"fourty": 40, "nought": 0, "naught": 0, "nil": 0, "oh": 0}
)
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_DOZENS = {"dozen": 12, "dozens": 12}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5,
          "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15,
    "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
_DIGITS = re.compile(r"\d+(?:\.\d+)?$")
_PART_WORDS = {
    Fraction(1, 2): "a half",
    Fraction(1, 3): "a third",
    Fraction(2, 3): "two thirds",
    Fraction(1, 4): "a quarter",
    Fraction(3, 4): "three quarters",
}
_LARGEST_SAID = 10**15  # beyond a thousand trillions nobody can follow by ear
_DECIMALS = 3

Token = str | Fraction


def tokens(text: str) -> list[Token]:
    """Return the text's words with every number in it, in words or digits, replaced by its exact value."""
    words = text.split()
    found: list[Token] = []
    at = 0
    while at < len(words):
        value, length = _number(words, at)
        found.append(words[at] if value is None else value)
        at += length
    return found


def values(text: str) -> list[Fraction]:
    """Return the numbers in a text, in order."""
    return [token for token in tokens(text) if isinstance(token, Fraction)]


def ordinal(word: str) -> int | None:
    """Return 3 for `third` and `3rd`, None for anything else."""
    match = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", word)
    return int(match[1]) if match else _ORDINALS.get(word)


def _number(words: list[str], at: int) -> tuple[Fraction | None, int]:
    """Read one number beginning at a word; returns it and how many words it took (1 and None when none)."""
    whole, used = _whole(words, at)
    rest = words[at + used :]
    if whole is None:
        return _part(words, at)
    if rest[:1] == ["point"]:
        digits = ""
        for word in rest[1:]:
            digit = word if word.isdigit() else str(_SMALL.get(word, "x"))
            if not digit.isdigit():
                break
            digits += digit
        if digits:
            return whole + Fraction(int(digits), 10 ** len(digits)), used + _length_of_decimals(rest, digits)
    if rest[:1] == ["and"]:
        part, length = _part(rest, 1)
        if part is not None:
            return whole + part, used + 1 + length
    if (
        rest
        and rest[0] in _PARTS
        and rest[0] != "second"
        and (rest[0] not in _ORDINALS or whole == 1 or rest[0].endswith("s"))
    ):
        return whole / _PARTS[rest[0]], used + 1
    if rest and rest[0] in _DOZENS:
        return whole * 12, used + 1
    return whole, used


def _length_of_decimals(rest: list[str], digits: str) -> int:
    length, seen = 1, 0
    while seen < len(digits):
        word = rest[length]
        seen += len(word) if word.isdigit() else len(str(_SMALL[word]))
        length += 1
    return length


def _part(words: list[str], at: int) -> tuple[Fraction | None, int]:
    """Read `a half`, `half a`, `three quarters`, `a dozen`, `point five`."""
    here = words[at : at + 3]
    if here[:1] == ["point"] and len(here) > 1 and (here[1] in _SMALL or here[1].isdigit()):
        value, used = _number(["0", *words[at:]], 0)
        return value, used - 1
    if len(here) > 1 and here[0] in {"a", "an", "one"} and here[1] in {*_PARTS, *_DOZENS, *_SCALES}:
        if here[1] in _SCALES:
            value, used = _whole(["one", *words[at + 1 :]], 0)
            return value, used
        return (Fraction(1, _PARTS[here[1]]) if here[1] in _PARTS else Fraction(12)), 2
    if (
        here
        and here[0] in {"half", "quarter"}
        and len(here) > 1
        and here[1] in {"a", "an"}
        and here[2:3]
        and here[2] in {*_SCALES, *_DOZENS}
    ):
        return Fraction(_SCALES.get(here[2], 12), _PARTS[here[0]]), 3
    whole, used = _whole(words, at)
    if whole is not None and words[at + used : at + used + 1] and words[at + used] in _PARTS:
        return whole / _PARTS[words[at + used]], used + 1
    return None, 1


def _whole(words: list[str], at: int) -> tuple[Fraction | None, int]:
    """Read digits, or number words up to trillions, with `and` inside (`a hundred and five`)."""
    total, group, used, seen = Fraction(0), Fraction(0), 0, False
    last = 0  # the size of the word before: after twenty comes one to nine, not thirty
    while at + used < len(words):
        word = words[at + used]
        if _DIGITS.match(word) and not (seen and last < _SCALES["hundred"]):
            group += Fraction(word)
            last, seen = 1, True
        elif word in _SMALL and _may_follow(_SMALL[word], last, seen):
            if word == "oh" and not seen:
                break
            group += _SMALL[word]
            last, seen = (10 if _SMALL[word] >= 20 else 1), True
        elif word == "hundred" and seen:
            group, last = group * 100, 100
        elif word in _SCALES and word != "hundred" and seen:
            total, group, last = total + group * _SCALES[word], Fraction(0), 1000
        elif (
            word == "and"
            and last >= _SCALES["hundred"]
            and at + used + 1 < len(words)
            and words[at + used + 1] in _SMALL
        ):
            pass
        else:
            break
        used += 1
    return (total + group, used) if seen else (None, 1)


def _may_follow(value: int, last: int, seen: bool) -> bool:
    return not seen or last >= 100 or (last == 10 and 0 < value < 10)


def say(value: Fraction | float) -> str:
    """Return a number as a person says it; what has more than three decimals is rounded and called `about`."""
    value = Fraction(value).limit_denominator(10**9) if isinstance(value, float) else Fraction(value)
    if value < 0:
        return f"minus {say(-value)}"
    if value >= _LARGEST_SAID:
        return "a number too long to say"
    whole, rest = divmod(value, 1)
    if not rest:
        return whole_words(int(whole))
    if said := _PART_WORDS.get(rest):
        return f"{whole_words(int(whole))} and {said}" if whole else re.sub(r"^a ", "one ", said)
    places = 2 if value >= 1 else _DECIMALS
    rounded = round(value, _DECIMALS if value.denominator in (8, 125, 200, 250, 500, 1000) else places)
    about = "" if rounded == value else "about "
    if rounded == int(rounded):
        return about + whole_words(int(rounded))
    whole, rest = divmod(rounded, 1)
    digits = f"{float(rest):.{_DECIMALS}f}"[2:].rstrip("0")
    return f"{about}{whole_words(int(whole))} point {' '.join(_UNITS[int(d)] for d in digits)}"


def whole_words(value: int) -> str:
    """Return a whole number, zero or more, in words."""
    if value < len(_UNITS):
        return _UNITS[value]
    if value < 100:
        tens, units = divmod(value, 10)
        return _TENS[tens - 2] + (f" {_UNITS[units]}" if units else "")
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        return f"{_UNITS[hundreds]} hundred" + (f" and {whole_words(rest)}" if rest else "")
    for name, size in reversed(_SCALES.items()):
        if size > 100 and value >= size:
            count, rest = divmod(value, size)
            joint = " and " if 0 < rest < 100 else " "
            return f"{whole_words(count)} {name}" + (f"{joint}{whole_words(rest)}" if rest else "")
    return str(value)


def year_words(year: int) -> str:
    """Return a year as people say it: nineteen sixty nine, two thousand and five, twenty twenty six."""
    century, rest = divmod(year, 100)
    if not 1100 <= year < 2100 or 2000 <= year < 2010:
        return whole_words(year)
    if rest == 0:
        return f"{whole_words(century)} hundred"
    return f"{whole_words(century)} {'oh ' if rest < 10 else ''}{whole_words(rest)}"


def ordinal_words(value: int) -> str:
    """Return first, second, twenty third … for 1 to 99."""
    for word, n in _ORDINALS.items():
        if n == value:
            return word
    tens, units = divmod(value, 10)
    return f"{_TENS[tens - 2]} {ordinal_words(units)}" if units else f"{_TENS[tens - 2][:-1]}ieth"
