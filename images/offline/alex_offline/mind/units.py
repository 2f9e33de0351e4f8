# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Units of everyday life, converted exactly and said roundly."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from . import compound
from .numbers import say, values
from .reply import Answer

if TYPE_CHECKING:
    from .talk import Moment

TOPIC = "units"

# One of each in the base unit of its kind; names as people say them, first the singular.
_UNITS: dict[str, dict[str, tuple[str, ...]]] = {
    "length": {
        "1": ("meter", "meters", "m"), "1000": ("kilometer", "kilometers", "km", "kilo meters", "k"),
        "0.01": ("centimeter", "centimeters", "cm"), "0.001": ("millimeter", "millimeters", "mm"),
        "1609.344": ("mile", "miles"), "0.9144": ("yard", "yards"), "0.3048": ("foot", "feet", "ft"),
        "0.0254": ("inch", "inches"),
    },
    "weight": {
        "1": ("gram", "grams", "g"), "1000": ("kilogram", "kilograms", "kg", "kilo", "kilos"), "0.001": ("milligram", "milligrams"),
        "1000000": ("ton", "tons", "tonne", "tonnes"), "453.59237": ("pound", "pounds", "lb", "lbs"),
        "28.349523125": ("ounce", "ounces", "oz"), "6350.29318": ("stone",),
    },
    "volume": {
        "1": ("liter", "liters"), "0.001": ("milliliter", "milliliters", "ml"), "3.785411784": ("gallon", "gallons"),
        "0.946352946": ("quart", "quarts"), "0.473176473": ("pint", "pints"), "0.2365882365": ("cup", "cups"),
        "0.0295735295625": ("fluid ounce", "fluid ounces"), "0.01478676478125": ("tablespoon", "tablespoons"),
        "0.00492892159375": ("teaspoon", "teaspoons"),
    },
    "time": {
        "1": ("second", "seconds"), "60": ("minute", "minutes"), "3600": ("hour", "hours"), "86400": ("day", "days"),
        "604800": ("week", "weeks"), "1209600": ("fortnight", "fortnights"),
    },
    "speed": {
        "1": ("kilometer per hour", "kilometers per hour", "kilometers an hour"),
        "1.609344": ("mile per hour", "miles per hour", "miles an hour", "mph"),
    },
    "storage": {
        "1": ("byte", "bytes"), "1000": ("kilobyte", "kilobytes"), "1000000": ("megabyte", "megabytes"),
        "1000000000": ("gigabyte", "gigabytes"), "1000000000000": ("terabyte", "terabytes"),
    },
    "years": {"1": ("year", "years"), "1/12": ("month", "months"), "10": ("decade", "decades"), "100": ("century", "centuries"),
              "1000": ("millennium", "millenniums", "millennia")},
}  # fmt: skip
_NAMES = {
    name: (kind, Fraction(size), names)
    for kind, units in _UNITS.items()
    for size, names in units.items()
    for name in names
}
_NAME = "|".join(sorted((n for n in _NAMES if len(n) > 2), key=len, reverse=True)) + "|kg|km|cm|mm|ml|lb|oz|ft"
_ANY = rf"(?:{_NAME}|g|m)"
_DEGREES = r"(?:degrees? )?(celsius|fahrenheit|centigrade|c|f)\b"
_HEIGHTS = (Fraction(7, 2), 8)  # feet: what a person, a door or a cupboard measures
_YEARS = {"day": ("365", "A year has three hundred and sixty five days, and one more in a leap year."),
          "week": ("52", "A year has fifty two weeks, and a day or two more.")}  # fmt: skip


def answer(moment: Moment) -> Answer | None:
    """Convert what is asked for, or what is named after a conversion."""
    text = re.sub(r"\b(?:feet|foot) and inch(?:es)?\b", "feet", moment.core)
    if re.search(r"\b(?:left|remaining|until|ago)\b|\byears? old\b", text):
        return None  # a question about the calendar, or about somebody of an age
    if re.search(
        r"\bhow (?:many|much) \w+ (?:should|do|must|can|could|would) (?:i|you|we|one|people|children|adults|they|he|she|my)\b(?!.*\bweigh\b)|\beach way\b",
        text,
    ):
        return None  # what one should do is nothing to convert
    text = compound.joined(text)
    return _temperature(text) or _how_many(text) or _convert(text) or _measured(text) or _followed(moment)


def _temperature(text: str) -> Answer | None:
    match = re.search(
        rf"(.+?) {_DEGREES}.*?\b(?:in|to|into|as|is how (?:many|much)|what)\b.*?(celsius|fahrenheit|centigrade)", text
    )
    if match:
        amount, source, target = values(match[1]), match[2][0], match[3][0]
    elif match := re.search(
        rf"(?:what is|how (?:much|many)|convert)\b.*?(celsius|fahrenheit|centigrade)\b.*?\b(?:is|in|of|from|for)\b (.+?) {_DEGREES}",
        text,
    ):
        amount, source, target = values(match[2]), match[3][0], match[1][0]
    else:
        return None
    if not amount or source == target:
        return None
    sign = -1 if "minus" in text or "negative" in text or "below" in text else 1
    value = amount[-1] * sign
    new = (value - 32) * Fraction(5, 9) if source == "f" else value * Fraction(9, 5) + 32
    names = {"f": "Fahrenheit", "c": "Celsius"}
    new = Fraction(round(new * 10), 10) if abs(new) < 1000 else Fraction(round(new))
    return Answer(
        f"{say(value).capitalize()} degrees {names[source]} is {_about(new)} degrees {names[target]}.",
        TOPIC,
        {"value": new},
    )


def _about(value: Fraction) -> str:
    return say(round(value)) if value.denominator == 1 else "about " + say(round(value))


def _how_many(text: str) -> Answer | None:
    """Answer `how many feet in two miles` and its likes."""
    match = re.search(
        rf"how (?:many|much) (?:\w+ )??({_ANY})\b(?: \w+){{0,4}}? (?:in|and|is|are|to|make|makes|equal|for|does|do|has|have|of|per|an|a|within)\b(.*)",
        text,
    )
    if not match:
        return None
    target, rest = match[1], match[2]
    source = re.search(rf"(.*?)\b({_ANY})\b", rest)
    if not source:
        return None
    return _answer(source[1], source[2], target)


def _convert(text: str) -> Answer | None:
    """Answer `convert ten miles to kilometers` and `what is five feet in meters`."""
    match = re.search(
        rf"(?:convert |change |turn |what (?:is|are) |how (?:much|far|long|heavy|tall|many) (?:is|are) |^)(.+?) ({_ANY})s? (?:in|to|into|as|is how many|equals how many|is what in)\b (?:the )?({_ANY})s?\b",
        text,
    )
    return _answer(match[1], match[2], match[3]) if match else None


def _measured(text: str) -> Answer | None:
    """Answer when the measure and the wanted unit stand anywhere: `I am two meters tall, how much is that in feet`."""
    wanted = re.search(rf"\b(?:in|into|to) (?:the )?({_ANY})\b(?! (?:of|and)\b)", text)
    if wanted is None or not re.search(r"\b(?:how|what|convert|change|turn|tell)\b", text):
        return None
    rest = text.replace(wanted[0], " ", 1)
    source = next((m for m in re.finditer(rf"(\S+(?: \S+){{0,4}}?) ({_ANY})\b", rest) if values(m[1])), None)
    same = source is not None and _NAMES[source[2]][0] == _NAMES[wanted[1]][0]
    return _answer(source[1], source[2], wanted[1]) if source is not None and same else None


def _followed(moment: Moment) -> Answer | None:
    before = moment.state.answer
    if before is None or before.topic != TOPIC or "from" not in before.slots:
        return None
    match = re.fullmatch(
        rf"(?:and |what about |how about |or |in |for |to |what is that in |how many )*(.*?) ?({_ANY})?", moment.core
    )
    if match is None or len(moment.core.split()) > 7:
        return None
    if match[2] and not values(match[1]) and "in" in moment.core:
        return _answer(str(before.slots["amount"]), before.slots["from"], match[2])
    if values(match[1]):
        return _answer(match[1], match[2] or before.slots["from"], before.slots["to"])
    return None


def _answer(amount_text: str, source: str, target: str) -> Answer | None:
    from_kind, from_size, from_names = _NAMES[source]
    to_kind, to_size, to_names = _NAMES[target]
    found = values(amount_text)
    amount = found[-1] if found else Fraction(1)
    slots = {"amount": str(amount), "from": source, "to": target}
    if from_kind == "years" and to_kind == "time":
        if amount == 1 and from_names[0] == "year" and to_names[0] in _YEARS:
            return Answer(_YEARS[to_names[0]][1], TOPIC, slots)
        days = Fraction(1461, 4) if from_names[0] != "month" else Fraction(1461, 48)
        from_size, from_kind = days * 86400 * (from_size if from_names[0] != "month" else 1), "time"
        if from_names[0] == "month" and to_names[0] in {"day", "week"} and amount == 1:
            return Answer(
                "A month has thirty or thirty one days, only February has fewer. That is a little over four weeks.",
                TOPIC,
                slots,
            )
    if from_kind == "volume" and to_names[0] == "ounce":
        to_kind, to_size, to_names = _NAMES["fluid ounce"]
    if from_names[0] == "ounce" and to_kind == "volume":
        from_kind, from_size, from_names = _NAMES["fluid ounce"]
    if (from_kind == "weight" and to_kind == "volume") or (from_kind == "volume" and to_kind == "weight"):
        return Answer(
            "That depends on what it is. A cup of water weighs about two hundred and forty grams, and a cup of flour about half of that.",
            TOPIC,
        )
    if from_kind != to_kind:
        return Answer(
            f"{from_names[-1].capitalize()} and {to_names[-1]} measure different things, so I cannot turn one into the other.",
            TOPIC,
        )
    value = amount * from_size / to_size
    # Heights are said in feet and inches; two decimals of a foot mean nothing to anybody.
    if to_names[0] == "foot" and value.denominator not in (1, 2, 4) and _HEIGHTS[0] <= value < _HEIGHTS[1]:
        said = compound.feet_and_inches(value)
    else:
        said = _rounded(value, to_names)
    # "One point eight three meters" is not how the caller said it.
    lead = "That" if amount.denominator not in (1, 2, 4) else _named(amount, from_names).capitalize()
    return Answer(
        f"{lead} {'is' if amount in (1, Fraction(1, 2)) or lead == 'That' else 'are'} {said}.",
        TOPIC,
        {**slots, "value": value},
    )


def _named(amount: Fraction, names: tuple[str, ...]) -> str:
    plural = next((n for n in names[1:] if len(n) > len(names[0]) or names[0] == "foot"), names[0])
    if amount == 1:
        return f"one {names[0]}"
    if amount == Fraction(1, 2):
        return f"half {'an' if names[0][0] in 'aeio' or names[0] == 'hour' else 'a'} {names[0]}"
    return f"{say(amount)} {names[0] if amount < 1 and amount.denominator in (2, 4) else plural}".replace(
        "one half ", "half a "
    )


def _rounded(value: Fraction, names: tuple[str, ...]) -> str:
    """Say three figures of what is not whole: more is noise to a listener."""
    if value.denominator in (1, 2, 4):
        return _named(value, names)
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    near = Fraction(round(value * 10**digits), 10**digits)
    if near == 0:
        return f"less than a thousandth of a {names[0]}"
    said = _named(near, names)
    return said if near == value or said.startswith("about") else f"about {said}"
