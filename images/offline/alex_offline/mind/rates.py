# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of numbers are no settings
"""Little stories with a rate in them: so much each, so far an hour, so many for so many, and from when to when."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from .numbers import say, whole_words
from .reply import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

TOPIC = "arithmetic"
_MONEY = r"(?:dollars?|euros?|pounds?|bucks|cents?|francs?|pence|quid)"
_TIME = r"(seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
_FAR = r"(?:kilometers?|km|miles?|meters?)"
_PRICE = re.compile(rf"#([0-9/]+)(?: ({_MONEY}))? (?:each|apiece|a piece|per piece|per person|a head|a (?:bottle|ticket|kilo|box|bag|slice|cup|night|piece|pop))\b")  # fmt: skip
TOTAL = re.compile(
    r"\b(?:altogether|all together|together|in total|total|in all|overall|sum)\b|how (?:much|many) (?:\w+ )?(?:is|are|was|will) (?:that|it|this|they|all)\b|what (?:is|does|do|did|will) (?:that|it|this|they|all of (?:it|them)|i) (?:\w+ )?(?:come to|cost|make|add up|pay|owe|spend|earn|get)|what (?:do|did|will|would|must) (?:i|we|he|she|they) (?:\w+ )?(?:pay|owe|spend|earn|get|make)|how much (?:do|did|does|will|would|have|must|should) (?:i|we|he|she|they|it) (?:\w+ )?(?:pay|paid|owe|cost|make|made|earn|earned|get|spend|spent|need)"
)
_ASKED = re.compile(r"\b(?:how (?:much|many|long|far)|what (?:do|did|does|is|will))\b")
_ITEMS = re.compile(
    rf"#([0-9/]+) (?:\w+ ){{1,3}}?(?:at|for|costing|that cost|which cost|cost) #([0-9/]+)(?: ({_MONEY}))?"
)
_SHIFTS = re.compile(rf"#(\d+) #([0-9/]+) {_TIME} (?:\w+s)\b")
_TOO_MUCH = (
    "That sum is too much for me to do by ear. Give me one step at a time, like three times eighteen, and I will do it."
)


def _told(value: Fraction, unit: str = "", before: str = "That is ", after: str = "") -> Answer:
    return Answer(f"{before}{amount(value, unit)}{after}.", TOPIC, {"value": value})


def amount(value: Fraction, unit: str) -> str:
    """Return a value with what it counts; cents from a hundred on are said in the coin they make."""
    if unit in {"cents", "pence"} and value >= 100:
        return (
            f"{say(value / 100)} pounds" if unit == "pence" else f"{say(value)} cents, which makes {say(value / 100)}"
        )
    if 0 < value < 1 and unit in {"dollars", "euros", "pounds"}:
        value, unit = value * 100, "pence" if unit == "pounds" else "cents"
    whole, rest = divmod(value, 1)
    if rest.denominator not in (1, 2, 4) and re.fullmatch(_MONEY, unit) and whole:
        return f"{whole_words(int(whole))} {unit} {whole_words(round(rest * 100))}"
    return f"{say(value)} {unit.removesuffix('s') if value == 1 else unit}".strip()


def duration(hours: Fraction) -> str:
    """Return a number of hours as people say it: two and a half hours, one hour and twenty minutes."""
    minutes = round(hours * 60)
    whole, rest = divmod(minutes, 60)
    if rest in {0, 30} and whole:
        return f"{say(Fraction(minutes, 60))} hour{'' if minutes == 60 else 's'}"
    one = f"{whole_words(whole)} hour{'' if whole == 1 else 's'}" if whole else ""
    two = f"{whole_words(rest)} minute{'' if rest == 1 else 's'}" if rest else ""
    return " and ".join(part for part in (one, two) if part)


def _shifts(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer `three twelve hour shifts`: so many times so long."""
    match = _SHIFTS.search(text)
    if match is None or len(numbers) != 2:
        return None
    unit = match[3] if match[3].endswith("s") else f"{match[3]}s"
    return _told(Fraction(match[1]) * Fraction(match[2]), unit)


def _several(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer what so many at so much each come to, and what is left of the money after it."""
    price = _PRICE.search(text)
    if price is None:
        return None
    one = Fraction(price[1])
    others = list(numbers)
    others.remove(one)
    unit = price[2] or ""
    daily = re.search(
        r"#[0-9/]+ \w+ (?:a|per|every|each) day\b.*\b(?:a|per|in a|in one|in the|each|every) (week|month|year)\b", text
    )
    if daily and len(others) == 1:
        return _told(one * others[0] * {"week": 7, "month": 30, "year": 365}[daily[1]], unit)
    if len(others) == 1 and (TOTAL.search(text) or re.search(r"#[0-9/]+ \w+ (?:each|apiece) how much", text)):
        return _told(one * others[0], unit)
    have = re.match(rf".*?\b(?:have|had|with|got) #([0-9/]+)(?: {_MONEY})", text)
    if have and len(others) == 2 and re.search(r"\b(?:left|remain\w*|change|get back)\b", text):
        others.remove(Fraction(have[1]))
        rest = Fraction(have[1]) - one * others[0]
        return _told(rest, unit) if rest >= 0 else Answer("That is more than the money you have.", TOPIC)
    return None


def _mixed(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer `two adults at twelve euros and three children at six`: the sum of the products."""
    found = _ITEMS.findall(text)
    if len(found) < 2 or len(numbers) != 2 * len(found) or not _ASKED.search(text):
        return None
    return _told(sum((Fraction(many) * Fraction(price) for many, price, _ in found), Fraction(0)), found[0][2])


def _speed(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer how long a way takes at a speed, and how far one gets."""
    speed = re.search(rf"#([0-9/]+)(?: {_FAR})? (?:an|per|every|in an|in one|each|in #1) hour\b|\bdo(?:es|ing)? #([0-9/]+)(?: {_FAR})? an hour", text)  # fmt: skip
    if speed is None or "how long" not in text or len(numbers) != 2:
        return None
    fast = Fraction(speed[1] or speed[2])
    way = re.search(rf"#([0-9/]+) {_FAR}\b", text.replace(speed[0], "", 1))
    if way is None or fast <= 0:
        return None
    hours = Fraction(way[1]) / fast
    return Answer(f"That takes {duration(hours)}.", TOPIC, {"value": hours})


def _until(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer how many days or months it takes to come to a number at so many a day or month."""
    rate = re.search(rf"#([0-9/]+)(?: (?!with\b|to\b)\w+){{0,2}} (?:an?|per|every|each) {_TIME}\b", text)
    if rate is None or len(numbers) != 2 or not re.search(rf"how (?:long|many {rate[2]}s?)\b", text):
        return None
    each = Fraction(rate[1])
    goal = next((number for number in numbers if number != each), each)
    if not each or goal < each or re.search(rf"#{goal} {_TIME}", text):
        return None
    return _told(Fraction(-(-goal // each)), rate[2].removesuffix("s") + "s", "That takes ")


def _in_proportion(text: str, numbers: list[Fraction]) -> Answer | None:  # noqa: PLR0911  one way out for each form
    """Answer `five in thirty minutes, how long for ten` and `two eggs for four people, how many for eight`."""
    if len(numbers) != 3 or not _ASKED.search(text) or re.search(r"percent|left|each|\ban hour\b|more|less", text):
        return None
    asked = re.search(r"\bhow (?:much|many|long|far)\b|\bwhat (?:do|does|is|will)\b", text)
    if asked is None:
        return None
    known = re.findall(r"#([0-9/]+) ?([a-z]*)", text[: asked.start()])
    wanted = re.search(r"#([0-9/]+) ?([a-z]*)", text[asked.end() :])
    if len(known) != 2 or wanted is None:
        return None
    (first, of_first), (second, of_second) = known
    goal, of_goal = Fraction(wanted[1]), wanted[2]
    one, two = Fraction(first), Fraction(second)
    thing = re.search(r"how (?:much|many) (\w+)", text)
    if re.search(r"a recipe for|for #", text[: asked.start()]) and re.search(r"\bfor #", text[asked.end() :]):
        base = re.search(r"for #([0-9/]+)", text[: asked.start()])
        if base is None:
            return None
        part = Fraction(base[1])
        whole = two if part == one else one
        unit = of_second if part == one else of_first
    elif "how long" in text:
        time = next((n for n, u in known if re.fullmatch(_TIME, u)), "")
        whole, part = Fraction(time or 0), (two if time == first else one)
        unit = of_second if time == second else of_first
    elif of_goal and of_goal.rstrip("s") in {of_first.rstrip("s"), of_second.rstrip("s")}:
        part, whole, unit = (one, two, of_second) if of_goal.rstrip("s") == of_first.rstrip("s") else (two, one, of_first)  # fmt: skip
    else:
        return None
    if not whole or not part:
        return None
    unit = "" if unit in {"and", "for", "to", "in", "a"} else unit
    return _told(whole * goal / part, unit or (thing[1] if thing else ""))


def _per(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer `fifteen kilometers to the liter, how far on forty liters` and `one euro is one ten, how much are fifty`."""
    match = re.search(r"#([0-9/]+) \w+ (?:to the|per|for every|for each|a|an|for a) (liter|gallon|kilo|bag|cup|box|tank)\b", text)  # fmt: skip
    if match and len(numbers) == 2 and (many := re.search(rf"#([0-9/]+) {match[2]}s?\b", text)):
        unit = re.search(rf"#{match[1]} (\w+)", text)
        return _told(Fraction(match[1]) * Fraction(many[1]), unit[1] if unit else "")
    coin = re.search(rf"(?:#1|\ba|\bone) ({_MONEY}) (?:is|equals|costs|makes|gives)(?: worth| about)? (?:(a|#1) ({_MONEY}) #(\d\d?)|#([0-9/]+) ({_MONEY}))", text)  # fmt: skip
    if coin is None:
        return None
    rate = Fraction(coin[5]) if coin[5] else 1 + Fraction(int(coin[4]), 100)
    into = (coin[3] or coin[6]).removesuffix("s")
    many = re.search(rf"#([0-9/]+) {coin[1].removesuffix('s')}s?\b", text[coin.end() :])
    return _told(Fraction(many[1]) * rate, f"{into}s") if many and rate else None


def _wages(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer `twelve an hour, eight hours a day, five days`: all of them multiplied."""
    pay = re.search(rf"#([0-9/]+)(?: {_MONEY})? (?:an|per|every) hour", text)
    if pay is None or not re.search(r"#[0-9/]+ hours (?:a|per|every|each) day", text) or len(numbers) != 3:
        return None
    if not re.search(r"#[0-9/]+ days", text):
        return None
    unit = re.search(rf"#{pay[1]} ({_MONEY})", text)
    return _told(numbers[0] * numbers[1] * numbers[2], unit[1] if unit else "")


def _bill(text: str, numbers: list[Fraction]) -> Answer | None:
    """Add a tip to a bill, and share it when people are named."""
    tip = re.search(r"(?:tip|add|plus|with)\b.*?#([0-9/]+) per ?cent|#([0-9/]+) per ?cent (?:tip|service|on top)", text)
    people = re.search(r"#([0-9/]+) (?:people|persons|friends|of us|adults|guests)", text)
    if (
        tip is None
        or re.match(r"(?:what|how much) (?:is|would be|are) (?:a|the|#)", text)
        or len(numbers) != (3 if people else 2)
    ):
        return None
    rest = list(numbers)
    rest.remove(Fraction(tip[1] or tip[2]))
    if people:
        rest.remove(Fraction(people[1]))
    unit = re.search(rf"#[0-9/]+ ({_MONEY})", text)
    whole = rest[0] * (100 + Fraction(tip[1] or tip[2])) / 100
    if people:
        return _told(whole / Fraction(people[1]), unit[1] if unit else "", after=" each")
    if re.search(r"how much (?:is|should|do i) (?:the |i )?(?:tip|leave)|how much (?:tip|do i tip)", text):
        return _told(whole - rest[0], unit[1] if unit else "")
    return _told(whole, unit[1] if unit else "", "With the tip that is ")


def _one_of(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer what one costs when six cost eighteen."""
    match = re.search(rf"#([0-9/]+) (?:\w+ ){{1,2}}(?:cost|costs|are|is|for) #([0-9/]+)(?: ({_MONEY}))?.*\b(?:what|how much) (?:is|does|for|are|do)(?: the price of)? (?:#1|each|a single|one)\b", text)  # fmt: skip
    if match is None or len([number for number in numbers if number != 1]) != 2:
        return None
    return _told(Fraction(match[2]) / Fraction(match[1]), match[3] or "")


def _nightly(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer how many hours a week come of so many a night."""
    match = re.search(r"#([0-9/]+) (\w+) (?:a|per|every|each) (?:night|evening|morning|day)\b.*\b(?:a|per|in a|in one|in the|#1) (week|month|year)\b", text)  # fmt: skip
    if match is None or len([number for number in numbers if number != 1]) != 1 or not _ASKED.search(text):
        return None
    return _told(Fraction(match[1]) * {"week": 7, "month": 30, "year": 365}[match[3]], match[2])


def _holding(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer how many vans of eight are needed for so many: the last one may be half empty."""
    match = re.search(r"\b(?:each|every|an?|one|per|#1) (\w+) (?:can )?(?:takes?|holds?|fits?|has room for|seats?|carr(?:y|ies)|has|contains?) #(\d+)", text)  # fmt: skip
    if match is None or not re.search(rf"how many {match[1]}(?:s|es)?\b", text):
        return None
    others = [number for number in numbers if number != 1]
    if len(others) != 2 or Fraction(match[2]) not in others:
        return None
    others.remove(Fraction(match[2]))
    many = Fraction(-(-others[0] // Fraction(match[2])))
    return _told(many, match[1] if many == 1 else f"{match[1]}s", "You need ")


def _twice(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer how old, big or many it is when it is twice or three times as much."""
    match = re.search(
        r"\b(twice|double|half|#3 times|#4 times) (?:as (?:old|much|many|long|far|big|heavy|tall)|that|the|my)\b", text
    )
    rest = [number for number in numbers if match is None or f"#{number} times" not in match[1]]
    if match is None or len(rest) != 1 or not re.search(r"\bhow (?:old|much|many|long|far|big|heavy|tall)\b", text):
        return None
    factor = {"twice": Fraction(2), "double": Fraction(2), "half": Fraction(1, 2), "#3 times": Fraction(3)}
    return _told(rest[0] * factor.get(match[1], Fraction(4)))


def _clock(text: str, numbers: list[Fraction]) -> Answer | None:
    """Answer how long it is from one time of the day to another."""
    times = re.findall(r"\bat #([0-9/]+)", text)
    if len(times) != 2 or len(numbers) != 2 or not re.search(r"how long|how many hours", text):
        return None
    start, end = (_hour(Fraction(time)) for time in times)
    hours = (end - start) % 12 or Fraction(12)
    return Answer(f"That is {duration(hours)}.", TOPIC, {"value": hours})


def _hour(said: Fraction) -> Fraction:
    """Return eleven thirty, which is read as eleven point three, as eleven hours and a half."""
    whole, rest = divmod(said, 1)
    return whole + rest * 100 / 60


RULES: tuple[Callable[[str, list[Fraction]], Answer | None], ...] = (
    _shifts, _holding, _twice, _wages, _bill, _mixed, _several, _speed, _per, _one_of, _nightly, _clock, _until, _in_proportion,
)  # fmt: skip


def too_much(text: str, numbers: list[Fraction]) -> Answer | None:
    """Say honestly that a story with numbers is too much, when it asks for one more number."""
    asks = re.search(
        r"\bhow (?:much|many|long|far)\b|\bwhat (?:do|did|does|will|is) (?:i|we|that|it|the total|each)\b", text
    )
    return Answer(_TOO_MUCH, TOPIC, aside=True) if asks and len(numbers) >= 2 else None
