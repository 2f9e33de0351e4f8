# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Word problems of everyday life: sharing, prices of several, change, what is left and what it makes together."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from . import rates
from .numbers import say, tokens, values, whole_words
from .reply import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .talk import Moment

TOPIC = "arithmetic"  # what a follow-up goes on with is a number, as after a sum
_ASKED = r"\b(?:how (?:many|much|far|long|old)|what (?:does|do|is|will|would|part|amount)|what (?:change|share))\b"
_PEOPLE = (
    r"(?:people|persons?|kids?|child(?:ren)?|friends?|of us|of them|ways?|parts?|pieces|boys?|girls?|students?|pupils?|guests?|players?|families|"
    r"sons?|daughters?|brothers?|sisters?|siblings|colleagues|men|women|adults|bags?|boxes|plates?|teams?|groups?|tables|roommates|flatmates|cats?|dogs?)"
)
_MONEY = r"(?:dollars?|euros?|pounds?|bucks|cents?|francs?)"
_EACH = r"\b(?:each|every(?:one|body)?|apiece|per (?:person|head|child|kid|friend)|one person|one child)\b"
_PARTS = {"half": Fraction(1, 2), "#1/2": Fraction(1, 2), "third": Fraction(1, 3), "quarter": Fraction(1, 4), "#1/3": Fraction(1, 3), "#1/4": Fraction(1, 4)}  # fmt: skip
# Words that say one without counting anything.
_NOT_ONE = re.compile(r"\b(each|every|which|that|this|the|another|no) one\b")
_LOSES = r"(?:eat|ate|eats|give|gave|gives|lose|lost|loses|spend|spent|spends|sell|sold|use|used|uses|take away|took away|remove|break|broke|drink|drank|pay|paid|leave|leaves|left|fly away|go away|are gone|run away|donate|throw)"
_GAINS = r"(?:buy|bought|buys|get|got|gets|find|found|finds|receive|received|earn|earned|gives? me|gave me|add|more|and another|win|won|come|join|collect|save|saved)"
_STEP = re.compile(rf"\b(?:(?P<lose>{_LOSES})|(?P<gain>{_GAINS}))\b|#(?P<number>[0-9/]+)")
_IN_ONE = {
    ("day", "week"): 7, ("day", "month"): 30, ("day", "year"): 365, ("week", "month"): 4, ("week", "year"): 52,
    ("month", "year"): 12, ("hour", "day"): 24, ("minute", "hour"): 60, ("hour", "week"): 168, ("minute", "day"): 1440,
    ("second", "minute"): 60,
}  # fmt: skip
_UNIT = r"(second|minute|hour|day|week|month|year)"


def rated(moment: Moment) -> Answer | None:
    """Answer a little story with a rate in it; before units, which only see the measures in it."""
    marked = _marked(_NOT_ONE.sub(r"\1", moment.core))
    numbers = [Fraction(found) for found in re.findall(r"#([0-9/]+)", marked)]
    if re.search(r"\beach way\b|\bthere and back\b|\bround trip\b", marked):
        return rates.too_much(marked, numbers)
    return next((said for rule in rates.RULES if numbers and (said := rule(marked, numbers))), None)


def answer(moment: Moment) -> Answer | None:
    """Answer a little story with numbers in it, when it is clear what to do with them."""
    text = _NOT_ONE.sub(r"\1", re.sub(r"\bboth of us\b|\bus both\b", "2 of us", moment.core))
    if not re.search(_ASKED, text) and not _SHARED.search(text):
        return None
    marked = _marked(text)
    numbers = [Fraction(found) for found in re.findall(r"#([0-9/]+)", marked)]
    for rule in _RULES:
        if numbers and (said := rule(marked, numbers)):
            return said
    return None


def _marked(text: str) -> str:
    """Return the text with every number as `#12`, also an amount said in two: seven fifty."""
    marked = " ".join(f"#{token}" if isinstance(token, Fraction) else token for token in tokens(text))
    marked = re.sub(r"#1 (?=(?:of|in) )", "", marked)
    return re.sub(
        rf"#(\d+)(?: {_MONEY})?(?: and)? #([1-9]\d)(?= cents|$| (?!{_PEOPLE}\b|\w+s\b|(?:hour|minute|day|week|month)\b))",
        lambda m: f"#{Fraction(int(m[1]) * 100 + int(m[2]), 100)}",
        marked,
    )


def _told(value: Fraction, unit: str = "", before: str = "That is ", after: str = "") -> Answer:
    return Answer(f"{before}{_amount(value, unit)}{after}.", TOPIC, {"value": value})


def _amount(value: Fraction, unit: str) -> str:
    """Return a value with what it counts; money has its hundredths behind it: seven euros fifty."""
    whole, rest = divmod(value, 1)
    if rest.denominator not in (1, 2, 4) and re.fullmatch(_MONEY, unit) and whole:
        return f"{whole_words(int(whole))} {unit} {whole_words(round(rest * 100))}"
    return f"{say(value)} {unit.removesuffix('s') if value == 1 else unit}".strip()


# --- the kinds of story ----------------------------------------------------------------------------------------------


def _off(text: str, numbers: list[Fraction]) -> Answer | None:
    """Take a discount off a price."""
    match = re.search(r"#([0-9/]+) per ?cent (?:off|discount|less|cheaper|reduction)|(?:reduced|discounted) by #([0-9/]+) per ?cent", text)  # fmt: skip
    if match is None or len(numbers) != 2:
        return None
    rate = Fraction(match[1] or match[2])
    price = numbers[0] if numbers[1] == rate else numbers[1]
    if re.search(r"how much (?:do|will|would|can) i save|how much (?:is|cheaper|off)\b.*\bsave", text):
        return _told(price * rate / 100)
    return _told(price * (100 - rate) / 100, before="You pay ")


def _rate(text: str, numbers: list[Fraction]) -> Answer | None:
    """Multiply what comes in every hour, day or week by the time that is asked for."""
    match = re.search(rf"#([0-9/]+)(?: \w+){{0,3}} (?:an?|per|every|each) {_UNIT}\b", text)
    if match is None or not re.search(rf"{_ASKED}", text):
        return None
    amount, unit = Fraction(match[1]), match[2]
    rest = text.replace(match[0], "", 1)
    span = re.search(rf"(?:#([0-9/]+)|\b(?:an?|one|whole|the|per)) {_UNIT}s?\b", rest)
    if span is None or len(numbers) > 2:
        return None
    many = Fraction(span[1]) if span[1] else Fraction(1)
    if span[2] == unit:
        factor: int | None = 1
    else:
        factor = _IN_ONE.get((unit, span[2]))
    if factor is None or (factor == 1 and many == 1):
        return None
    kind = re.search(rf"#{match[1]} (\w+)", match[0])
    return _told(amount * factor * many, "" if kind is None or kind[1] in {"a", "an", "per", "every", "each", "times"} else kind[1])  # fmt: skip


def _several(text: str, numbers: list[Fraction]) -> Answer | None:
    """Multiply the price or the number of one by how many there are."""
    one = re.search(
        rf"(?:\b(?:an?|each|every|per|the) (?:\w+ ){{1,3}}|#1 (?:\w+ ){{0,3}})(?:is|are|costs?|takes?|has|have|weighs|needs?|holds|eats?|gets?)(?: \w+)? #([0-9/]+)|#([0-9/]+)(?: {_MONEY}| \w+)? (?:each|apiece|per (?!cent)\w+|for (?:one|each)|a (?:piece|head|person|bottle|ticket|kilo|liter))\b",
        text,
    )
    if one is None or re.search(rf"{_ASKED}.*{_EACH}|\b{_LOSES}\b", text):
        return None
    price = Fraction(one[1] or one[2])
    others = list(numbers)
    others.remove(price)
    others = [number for number in others if number != 1] or others
    if len(others) != 1:
        return None
    unit = re.search(rf"#[0-9/]+ ({_MONEY})", text)
    return _told(price * others[0], unit[1] if unit else "")


def _change(text: str, numbers: list[Fraction]) -> Answer | None:
    """Take what was paid for off what was given."""
    if not re.search(r"\bchange\b|\bget back\b|\bmoney back\b", text) or len(numbers) < 2:
        return None
    given = max(numbers)
    paid = [number for number in numbers if number != given]
    # "Two shirts at fifteen euros each" come to their product.
    several = len(paid) == 2 and re.search(_EACH, text)
    rest = given - (paid[0] * paid[1] if several else sum(paid, Fraction(0)))
    unit = re.search(rf"#[0-9/]+ ({_MONEY})", text)
    return _told(rest, unit[1] if unit else "", "You get back ") if rest >= 0 else None


def _shared(text: str, numbers: list[Fraction]) -> Answer | None:  # noqa: PLR0911  one way out for each kind of answer
    """Divide among people, and say what is left over of what cannot be cut."""
    if re.search(r"#[0-9/]+ divided by #[0-9/]+$", text):
        return None  # a plain sum
    if re.search(rf"#[0-9/]+(?: {_MONEY})? (?:each|apiece)\b", text) and rates.TOTAL.search(text):
        return None  # the price of each is told, not asked
    asks_each = re.search(rf"{_ASKED}.*{_EACH}|{_EACH}.*\bhow (?:many|much)\b", text)
    if not (asks_each or _SHARED.search(text)) or len(numbers) not in {1, 2}:
        return None
    people = re.search(rf"#([0-9/]+) (?:\w+ )?{_PEOPLE}\b|\b(?:between|among|by|in|into|with|for) #([0-9/]+)\b", text)
    if people is None and not asks_each:
        return None
    parts = Fraction(people[1] or people[2]) if people else min(numbers)
    whole = next((number for number in numbers if number != parts), parts)
    if len(numbers) == 1 or parts <= 0 or parts.denominator != 1:
        return None
    thing = re.search(rf"#{re.escape(str(whole))} (\w+)", text)
    unit = thing[1] if thing and thing[1].endswith("s") and thing[1] not in {"is", "has"} else ""
    # Money and what has no name can be cut; cookies come whole.
    if (unit and not re.fullmatch(_MONEY, unit)) and whole.denominator == 1 and whole % parts:
        each, rest = divmod(int(whole), int(parts))
        left = f"{say(Fraction(rest))} {'is' if rest == 1 else 'are'} left over"
        return Answer(f"Each gets {say(Fraction(each))}, and {left}.", TOPIC, {"value": Fraction(each)})
    return _told(whole / parts, unit, after=" each")


def _portion(text: str, numbers: list[Fraction]) -> Answer | None:
    """Take half, a third or a quarter of what there is."""
    match = re.search(
        rf"(?:\b(half|third|quarter)|(#1/[234])) (?:of )?(?:them|it|these|those|the \w+|is|are|that|how)\b|\b{_LOSES} (?:away )?(?:a )?(?:(half|third|quarter)\b|(#1/[234])(?![0-9/]))",
        text,
    )
    wholes = [number for number in numbers if number.denominator == 1]
    if match is None or len(wholes) != 1 or not re.search(r"\bhow (?:many|much)\b", text):
        return None
    part = _PARTS[match[1] or match[2] or match[3] or match[4]]
    return _told(wholes[0] * (1 - part if _LEFT.search(text) else part))


def _ages(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer `I am thirty and my sister is five years younger, how old is she`."""
    match = re.search(r"#([0-9/]+) years (younger|older)", text)
    if match is None or len(numbers) != 2:
        return None
    difference = Fraction(match[1])
    other = numbers[0] if numbers[1] == difference else numbers[1]
    return _told(other - difference if match[2] == "younger" else other + difference)


def _steps(text: str, numbers: list[Fraction]) -> Answer | None:
    """Add and take away in the order of the story."""
    if not (_LEFT.search(text) or _TOGETHER.search(text)) or len(numbers) < 2:
        return None
    if not re.search(rf"\b(?:{_LOSES}|{_GAINS})\b", text) and not _TOGETHER.search(text):
        return None
    total, sign = Fraction(0), 1
    if re.search(r"\bhow (?:many|much)\b", text):
        text = re.sub(r"\bcosts?\b(?=.*#)", "spend", text) if _LEFT.search(text) else text
    gives = re.sub(r"\bgives? me\b|\bgave me\b", "got", text)
    for step in _STEP.finditer(re.sub(r"\bhow (?:many|much)\b.*?(?=#|$)", "", gives) if text.index("how ") else gives):
        if step["number"]:
            total += sign * Fraction(step["number"])
        else:
            sign = -1 if step["lose"] else 1
    return _told(total) if total >= 0 else None


def _dozens(text: str, numbers: list[Fraction]) -> Answer | None:
    """Count what is in three dozen, or in half a million."""
    return _told(numbers[0]) if re.match(r"how (?:many|much) (?:is|are) #[0-9/]+$", text) else None


_SHARED = re.compile(r"\b(?:share|shared|split|divide|divided|distribute)\b")
_LEFT = re.compile(r"\b(?:left|remain\w*|still have|do i have|does (?:he|she) have|have (?:now|then|after)|are there(?: now| then)?$|do we have)\b")  # fmt: skip
_TOGETHER = re.compile(r"\b(?:altogether|together|total|in all|all together|combined|overall)\b")
_RULES: tuple[Callable[[str, list[Fraction]], Answer | None], ...] = (
    _off, _ages, _change, _rate, _several, _shared, _portion, _steps, _dozens,
)  # fmt: skip


def too_much(moment: Moment) -> Answer | None:
    """Say honestly that a sum told as a story is too much, when nothing else knows an answer."""
    marked = _marked(moment.core)
    return rates.too_much(marked, [Fraction(found) for found in re.findall(r"#([0-9/]+)", marked)])


def hours_between(moment: Moment) -> Answer | None:
    """Answer `from eleven to seven, how many hours is that`."""
    match = re.search(
        r"\bfrom (.+?) (?:to|till|until) (.+?)(?:,? (?:how|for how|what|with|minus|less|and)\b|$)", moment.core
    )
    if match is None or not re.search(r"how (?:many hours|long)", moment.core):
        return None
    start, end = values(match[1]), values(match[2])
    if len(start) != 1 or len(end) != 1 or not 0 < start[0] <= 24 or not 0 < end[0] <= 24:
        return None
    hours = (end[0] - start[0]) % (12 if max(start[0], end[0]) <= 12 else 24) or Fraction(12)
    if off := re.search(
        r"\b(?:with|minus|less|without|and) (an hour|half an hour)\b.*\b(?:lunch|break|pause)", moment.core
    ):
        hours -= Fraction(1) if off[1] == "an hour" else Fraction(1, 2)
    return _told(hours, "hours")
