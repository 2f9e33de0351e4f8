# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Sums, said in words or digits, done exactly."""

from __future__ import annotations

import re
from fractions import Fraction
from math import factorial, isqrt
from typing import TYPE_CHECKING

from .numbers import Token, say, tokens, values, whole_words
from .reply import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .talk import Moment

TOPIC = "arithmetic"
_LARGEST_POWER = 64  # an exponent beyond this gives a number nobody can follow

_PHRASES = [
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\b(?:multiplied|multiply|times) (?:that )?(?:by|with)\b|\btimes\b|\btime\b(?= #)|\bx\b|\*", "*"),
        (r"\b(?:divided|divide|divid) (?:by|into)\b|\bover\b|(?<= )/(?= )|\bshared (?:by|between)\b", "/"),
        (r"\b(?:plus|add|added to|and add)\b|\+", "+"),
        (r"\b(?:minus|take away|subtract(?:ed by)?|less|takeaway)\b|(?<= )-(?= )", "-"),
        (r"\bper ?cents?(?: tip)?(?: of| on)\b", "%of"),
        (r"\bper ?cents? off(?: of)?\b", "%off"),
        (r"\bper ?cents?\b", "%"),
        (r"\bsquared\b", "^ #2"),
        (r"\bcubed\b", "^ #3"),
        (r"\b(?:raised )?to the (?:power (?:of )?)", "^ "),
        (r"\b(?:the )?square root (?:of )?", "root "),
        (r"\bhalf(?: of)?\b", "#1/2 of"),
        (r"\b(?:double|twice)\b", "#2 *"),
        (r"\btriple\b", "#3 *"),
    )
]
# What a recogniser writes for a number, where only a number can stand.
_SOUND = {"to": 2, "too": 2, "for": 4, "fore": 4, "won": 1, "ate": 8, "tree": 3, "free": 3, "sex": 6, "tin": 10, "tan": 10,
          "fife": 5, "sics": 6, "ten": 10, "nein": 9}  # fmt: skip
_NOISE = frozenset(
    ["a", "the", "an", "dollars", "dollar", "euros", "pounds", "bucks", "bill", "apples", "number", "numbers"]
)
_OPERATORS = frozenset(("+", "-", "*", "/", "^", "%of", "%off", "%", "root", "of"))
_BACK = re.compile(r"\b(?:that|it|this|the (?:result|answer|last one|sum|number))\b")
_EDGE = re.compile(
    r"^(?:what (?:is|are|does|do you get if you|do i get if i|would be|will be|was|about|if i)|how much (?:is|are|would be|does|do i get if i)|"
    r"calculate|compute|solve|work out|figure out|how many (?:is|are)|can you (?:do|calculate|work out|add|multiply|divide)|"
    r"and(?: what is)?|now|then|take|give me|do you|what|the (?:result|answer|sum|value) of|equals?|is|how about|if you|you|i|"
    r"help me (?:with|calculate)|do the math for|please|so|the|math|tell me)\b ?",
)
_END = re.compile(
    r" ?(?:equals?|equal to|make|makes|is what|is|give|gives|come to|be|then|in total|altogether|all together|=)$"
)


def answer(moment: Moment) -> Answer | None:
    """Answer a sum, a follow-up on the last result, or one of the small number questions."""
    text = moment.core
    asked, other = moment.state.heard, re.match(r"(?:and |what about |how about )*of (.+)", text)
    if moment.topic == TOPIC and asked is not None and other and " of " in asked.core:
        text = re.sub(r" of .+", f" of {other[1]}", asked.core)
    before = moment.state.answer.slots.get("value") if moment.state.answer else None
    for pattern, rule in _RULES:
        match = pattern.search(text)
        if match and (said := rule(match)):
            return said
    return _sum(text, before if isinstance(before, Fraction) else None)


def _sum(text: str, before: Fraction | None) -> Answer | None:
    inner = text
    while (shorter := _END.sub("", _EDGE.sub("", inner))) != inner:
        inner = shorter
    parts = _tokens(inner)
    if before is not None:
        if parts and parts[0] in {"*", "/", "+", "-", "^", "%of"} and len(parts) > 1:
            parts = [before, *parts]
        parts = [before if token in {"that", "it", "this"} else token for token in parts]
    if not any(token in _OPERATORS for token in parts) or not any(isinstance(t, Fraction) for t in parts):
        return None
    try:
        value = _Parser(parts).value()
    except ZeroDivisionError:
        return Answer("Nobody can divide by zero, not even me.", TOPIC)
    except ValueError:
        return None
    return result(value, _spoken(parts))


def result(value: Fraction, question: str = "") -> Answer:
    """Return a number as an answer that a follow-up can go on with."""
    said = say(value)
    if "too long" in said:
        return Answer("That is a number too long to say aloud.", TOPIC)
    return Answer(
        f"{question[0].upper()}{question[1:]} is {said}." if question else f"That is {said}.", TOPIC, {"value": value}
    )


def _tokens(text: str) -> list[Token]:
    """Return the numbers and operators of a sum, and whatever else stands between them."""
    text = _BACK.sub("that", _verbs(text))
    # Numbers carry a mark, and come first, so that "three times four" keeps its three.
    marked = " ".join(f"#{t}" if isinstance(t, Fraction) else t for t in tokens(text))
    for pattern, new in _PHRASES:
        marked = pattern.sub(new, marked)
    words = [word for word in marked.split() if word not in _NOISE]
    return [
        Fraction(word[1:])
        if word.startswith("#")
        else Fraction(_SOUND[word])
        if word in _SOUND and _only_number(words, at)
        else word
        for at, word in enumerate(words)
    ]


def _only_number(words: list[str], at: int) -> bool:
    """Tell whether a number must stand here: beside an operator and nothing else."""
    before = words[at - 1] if at else "+"
    after = words[at + 1] if at + 1 < len(words) else "+"
    return before in _OPERATORS and after in _OPERATORS and len(words) > 1


def _verbs(text: str) -> str:
    """Bring `add five to ten` and its likes into the order of an operator between its numbers."""
    for pattern, new in _VERBS:
        text = pattern.sub(new, text)
    return text


_VERBS = [
    (re.compile(pattern), new)
    for pattern, new in (
        (r"^add (.+?) (?:and|to|with) (.+)$", r"\2 plus \1"),
        (r"^subtract (.+?) from (.+)$", r"\2 minus \1"),
        (r"^take (?:away )?(.+?) (?:away )?from (.+)$", r"\2 minus \1"),
        (r"^(?:multiply|multiplying) (.+?) (?:by|with|and) (.+)$", r"\1 times \2"),
        (
            r"^(?:divide|split|dividing) (.+?) (?:by|into|between|among) (.+?)(?: people| friends| parts)?$",
            r"\1 divided by \2",
        ),
        (r"(?:the )?sum of (.+?) and (.+)$", r"\1 plus \2"),
        (r"(?:the )?product of (.+?) and (.+)$", r"\1 times \2"),
        (r"(?:the )?difference (?:between|of) (.+?) and (.+)$", r"\1 minus \2"),
        (r"(?:the )?square of (.+)$", r"\1 squared"),
        (r"(?:the )?cube of (.+)$", r"\1 cubed"),
        (r"^increase (.+?) by (.+)$", r"\1 plus \2"),
        (r"^(?:decrease|reduce) (.+?) by (.+)$", r"\1 minus \2"),
        (r"^(?:double|twice) (.+)$", r"2 times \1"),
        (r"^triple (.+)$", r"3 times \1"),
        (r"^(?:halve|cut) (.+?)(?: in half)?$", r"half of \1"),
        (r"^(\w+) (three|four|five|seven|eight|nine|ten|twelve)s$", r"\1 times \2"),
        (r"^(\w+) sixes$", r"\1 times six"),
    )
]


class _Parser:
    """A sum by precedence: powers and roots, then percentages and products, then plus and minus."""

    def __init__(self, parts: list[Token]) -> None:
        self._parts = parts
        self._at = 0

    def value(self) -> Fraction:
        """Return the value of the whole; raises ValueError when something is left or missing."""
        total = self._product()
        while (sign := self._next("+", "-")) is not None:
            other = self._product()
            if self._next("%") is not None:
                other = total * other / 100
            total = total + other if sign == "+" else total - other
        if self._at != len(self._parts):
            raise ValueError("words are left over")
        return total

    def _product(self) -> Fraction:
        total = self._power()
        while (sign := self._next("*", "/", "%of", "%off", "of")) is not None:
            other = self._power()
            if sign == "/":
                total /= other
            elif sign == "%of":
                total = total * other / 100
            elif sign == "%off":
                total = other - total * other / 100
            else:
                total *= other
        return total

    def _power(self) -> Fraction:
        if self._next("-") is not None:
            return -self._power()
        if self._next("root") is not None:
            return _root(self._power())
        base = self._number()
        if self._next("^") is None:
            return base
        exponent = self._power()
        if exponent.denominator != 1 or not 0 <= exponent <= _LARGEST_POWER:
            raise ValueError("not a power one can say")
        return base ** int(exponent)

    def _number(self) -> Fraction:
        token = self._parts[self._at] if self._at < len(self._parts) else None
        if not isinstance(token, Fraction):
            raise ValueError("a number is missing")  # noqa: TRY004  it is the text that is wrong
        self._at += 1
        return token

    def _next(self, *signs: str) -> str | None:
        token = self._parts[self._at] if self._at < len(self._parts) else None
        if isinstance(token, str) and token in signs:
            self._at += 1
            return token
        return None


def _root(value: Fraction) -> Fraction:
    if value < 0:
        raise ValueError("no root of a negative number")
    if value.denominator == 1 and isqrt(int(value)) ** 2 == value:
        return Fraction(isqrt(int(value)))
    return Fraction(float(value) ** 0.5).limit_denominator(10**9)


_NAMES = {"*": "times", "/": "divided by", "+": "plus", "-": "minus", "^": "to the power of", "%of": "percent of",
          "%off": "percent off", "%": "percent", "root": "the square root of", "of": "of"}  # fmt: skip


def _spoken(parts: list[Token]) -> str:
    said = " ".join(say(part) if isinstance(part, Fraction) else _NAMES.get(part, part) for part in parts)
    for power, name in (("two", "squared"), ("three", "cubed")):
        said = re.sub(rf"to the power of {power}$", name, said)
    return said


# --- small questions about numbers -----------------------------------------------------------------------------------


def _share(match: re.Match[str]) -> Answer | None:
    """Answer `what percent of twelve is three` in either order."""
    numbers = values(match[0])
    if len(numbers) != 2 or 0 in numbers:
        return None
    whole, part = numbers if match[0].startswith(("what per", "how many per")) else numbers[::-1]
    return Answer(f"That is {say(part * 100 / whole)} percent.", TOPIC, {"value": part * 100 / whole})


def _tip(match: re.Match[str]) -> Answer | None:
    numbers = values(match[0])
    if len(numbers) == 1 and numbers[0] > 0:
        tip = numbers[0] * 15 / 100
        return Answer(
            f"Fifteen percent would be {money(tip)}. That makes {money(numbers[0] + tip)} in all.",
            TOPIC,
            {"value": tip},
        )
    if len(numbers) != 2:
        return None
    rate, bill = numbers if re.search(r"per ?cent.*\b(?:on|of|for)\b", match[0]) else sorted(numbers)
    tip = rate * bill / 100
    return Answer(f"The tip is {money(tip)}. That makes {money(bill + tip)} in all.", TOPIC, {"value": tip})


def money(value: Fraction) -> str:
    """Return an amount in its main unit and hundredths, without naming a currency."""
    cents = round(value * 100)
    whole, rest = divmod(cents, 100)
    return whole_words(whole) + (f" {'oh ' if rest < 10 else ''}{whole_words(rest)}" if rest else "")


def _prime(match: re.Match[str]) -> Answer | None:
    number = _single(match[0])
    if number is None or number > 10**9:
        return None
    factor = next((n for n in range(2, isqrt(number) + 1) if number % n == 0), None)
    name = whole_words(number)
    if number > 1 and factor is None:
        return Answer(f"Yes, {name} is a prime number.", TOPIC, {"value": Fraction(number)})
    why = f"It is {whole_words(factor)} times {whole_words(number // factor)}." if factor else "Primes begin at two."
    return Answer(f"No, {name} is not a prime number. {why}", TOPIC, {"value": Fraction(number)})


def _even(match: re.Match[str]) -> Answer | None:
    number = _single(match[0])
    if number is None:
        return None
    return Answer(
        f"{whole_words(number).capitalize()} is {'odd' if number % 2 else 'even'}.", TOPIC, {"value": Fraction(number)}
    )


def _compare(match: re.Match[str]) -> Answer | None:
    numbers = values(match[0])
    if len(numbers) != 2:
        return None
    if numbers[0] == numbers[1]:
        return Answer("They are the same.", TOPIC)
    big, small = max(numbers), min(numbers)
    if re.search(r"small|less|lower", match[0]):
        return Answer(f"{say(small).capitalize()} is less than {say(big)}.", TOPIC)
    return Answer(f"{say(big).capitalize()} is more than {say(small)}.", TOPIC)


def _average(match: re.Match[str]) -> Answer | None:
    numbers = values(match[1].replace(" and ", " , "))
    if len(numbers) < 2:
        return None
    return Answer(
        f"The average is {say(sum(numbers, Fraction(0)) / len(numbers))}.",
        TOPIC,
        {"value": sum(numbers, Fraction(0)) / len(numbers)},
    )


def _round(match: re.Match[str]) -> Answer | None:
    numbers = values(match[0])
    return Answer(f"Rounded, that is {say(Fraction(int(numbers[0] + Fraction(1, 2))))}.", TOPIC) if numbers else None


def _neighbour(match: re.Match[str]) -> Answer | None:
    number = _single(match[0])
    if number is None:
        return None
    step = -1 if match[1] == "before" else 1
    return (
        Answer(f"That is {say(Fraction(number + step))}.", TOPIC, {"value": Fraction(number + step)})
        if number + step >= 0
        else None
    )


def _count(match: re.Match[str]) -> Answer | None:
    numbers = [int(n) for n in values(match[0]) if n.denominator == 1]
    if not numbers and re.match(r"(?:what|how|why|who)\b", match[0]):
        return None
    down = "down" in match[0] or "backward" in match[0]
    start, end = (numbers[0], numbers[1]) if len(numbers) > 1 else ((numbers or [10])[0], 0 if down else 1)
    if len(numbers) <= 1 and not down:
        start, end = 1, (numbers or [10])[0]
    step = 2 if re.search(r"\b(?:by|in) (?:2|two)s?\b", match[0]) else 1
    run = range(start, end + 1, step) if start <= end else range(start, end - 1, -step)
    if len(run) > 20:
        return Answer("That would take us a while. Let us count to twenty at most.", TOPIC)
    return Answer(", ".join(whole_words(n) for n in run).capitalize() + ".", TOPIC)


def _factorial(match: re.Match[str]) -> Answer | None:
    number = _single(match[1])
    return None if number is None or number > 15 else result(Fraction(factorial(number)))


def _single(text: str) -> int | None:
    numbers = values(text)
    return int(numbers[0]) if len(numbers) == 1 and numbers[0].denominator == 1 and numbers[0] >= 0 else None


_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Answer | None]]] = [
    (re.compile(pattern), rule)
    for pattern, rule in (
        (
            r"(?:what|how many) per ?cent(?:age)? (?:of .+ is|is .+ of) .+|.+ is (?:what|how many) per ?cent(?:age)? of .+",
            _share,
        ),
        (r".*\b(?:tip|gratuity)\b.*\d*.*", _tip),
        (r".*\bprime(?: number)?\b.*", _prime),
        (r"(?:is|are) .*\b(?:even|odd)\b.*", _even),
        (r"(?:what|which|is) .*\b(?:bigger|more|greater|larger|smaller|less|lower|higher)\b.*", _compare),
        (r".*\baverage of (.+)", _average),
        (r"(?:what is )?(.+) factorial", _factorial),
        (r"^round .+", _round),
        (r".*\b(?:number|what comes|what is) .*\b(before|after)\b .+", _neighbour),
        (r".*\bcount (?:(?:up|down|backwards?) )?(?:to|from|in|by|down|for me|until).*", _count),
    )
]
