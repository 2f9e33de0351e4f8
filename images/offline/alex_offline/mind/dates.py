# ruff: noqa: E501, PLR2004  patterns read best on one line; the calendar's numbers are no settings
"""Time and dates: what can be said now, of other days, and between two of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from . import places
from .numbers import ordinal, ordinal_words, values, whole_words, year_words
from .reply import Answer, ToolCall
from .talk import Moment

TOPIC = "dates"
TOOL = "get_time_and_date"
Then = Callable[[datetime], str]

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
          "november", "december")  # fmt: skip
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NOON, _HOUR = 12, 60
# A fixed feast by month and day, a moving one by a rule of its year.
_FEASTS: dict[str, tuple[int, int]] = {
    "christmas eve": (12, 24), "christmas": (12, 25), "xmas": (12, 25), "boxing day": (12, 26),
    "new years eve": (12, 31), "new year s eve": (12, 31), "new year": (1, 1), "new years": (1, 1),
    "valentine": (2, 14), "valentines": (2, 14), "halloween": (10, 31), "independence day": (7, 4),
    "fourth of july": (7, 4), "saint patrick": (3, 17), "st patrick": (3, 17), "april fools": (4, 1), "april fool": (4, 1),
    "womens day": (3, 8), "women s day": (3, 8), "labor day in europe": (5, 1), "saint nicholas": (12, 6), "earth day": (4, 22),
}  # fmt: skip
_FEAST_NAMES = {
    "xmas": "Christmas", "new year": "New Year", "new years": "New Year", "new years eve": "New Year's Eve",
    "new year s eve": "New Year's Eve", "valentine": "Valentine's Day", "valentines": "Valentine's Day",
    "fourth of july": "the fourth of July", "saint patrick": "Saint Patrick's Day", "st patrick": "Saint Patrick's Day",
    "womens day": "Women's Day", "women s day": "Women's Day", "april fools": "April Fools' Day",
    "april fool": "April Fools' Day", "mothers day": "Mother's Day", "mother s day": "Mother's Day",
    "fathers day": "Father's Day", "father s day": "Father's Day",
}  # fmt: skip


def answer(moment: Moment) -> Answer | None:
    """Answer a question about time or dates; what depends on now goes through the agent's tool when it is offered."""
    text = moment.core
    if (fixed := _fixed(text)) is not None:
        return Answer(fixed, TOPIC)
    found = _question(text)
    return _told(moment, *found) if found else None


def followed(moment: Moment) -> Answer | None:
    """Answer `and tomorrow` and `how about in Tokyo` from the question before."""
    found = _followed(moment)
    return _told(moment, *found) if found else None


def _told(moment: Moment, kind: str, zone: str, then: Then) -> Answer:
    slots = {"kind": kind, "zone": zone, "then": then}
    if TOOL in moment.offered:
        call = ToolCall(TOOL, json.dumps({"timezone": zone} if zone else {}))
        return Answer("", TOPIC, slots, call)
    now = moment.clock()
    return Answer(then(now.astimezone(ZoneInfo(zone)) if zone else now), TOPIC, slots)


def from_result(text: str, then: Then, fallback: datetime) -> str:
    """Say what was asked for from the tool's result, or from the own clock when the result cannot be read."""
    return then(read_time(text) or fallback)


def read_time(text: str) -> datetime | None:
    """Read a date and time out of a tool's sentence or timestamp; None when there is none."""
    iso = re.search(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?", text)
    if iso:
        return datetime.fromisoformat(iso[0].replace(" ", "T"))
    clock = re.search(r"\b(\d{1,2}):(\d\d)(?::\d\d)?\s*([ap])?\.?m?", text, re.IGNORECASE)
    months = "|".join(MONTHS)
    day = re.search(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)?,? ({months}),? (\d{{4}})", text, re.IGNORECASE)
    if day:
        number, month, year = int(day[1]), day[2], int(day[3])
    elif day := re.search(rf"({months}) (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", text, re.IGNORECASE):
        month, number, year = day[1], int(day[2]), int(day[3])
    else:
        return None
    hour, minute = (int(clock[1]), int(clock[2])) if clock else (_NOON, 0)
    if clock and clock[3]:
        hour = hour % _NOON + (_NOON if clock[3].lower() == "p" else 0)
    try:
        return datetime(year, MONTHS.index(month.lower()) + 1, number, hour, minute)  # noqa: DTZ001  the tool's own zone
    except ValueError:
        return None


# --- how to say it ---------------------------------------------------------------------------------------------------


def say_time(now: datetime) -> str:
    """Return a time of day in words, twelve hours and part of the day."""
    hour = now.hour % _NOON or _NOON
    part = "in the morning" if now.hour < _NOON else "in the afternoon" if now.hour < 18 else "in the evening"
    if now.hour >= 22 or now.hour < 4:
        part = "at night"
    if now.minute == 0:
        if now.hour in (0, _NOON):
            return "noon" if now.hour else "midnight"
        return f"{whole_words(hour)} o'clock {part}"
    minute = f"oh {whole_words(now.minute)}" if now.minute < 10 else whole_words(now.minute)
    return f"{whole_words(hour)} {minute} {part}"


def say_date(day: date, *, year: bool = False) -> str:
    """Return a date in words, with its weekday."""
    said = f"{DAYS[day.weekday()].capitalize()}, {MONTHS[day.month - 1].capitalize()} {ordinal_words(day.day)}"
    return f"{said}, {year_words(day.year)}" if year else said


def say_now(now: datetime) -> str:
    """Return date and time in one sentence."""
    return f"It is {say_time(now)}, {say_date(now)}."


def _days(count: int) -> str:
    return "one day" if count == 1 else f"{whole_words(count)} days"


# --- questions about now ---------------------------------------------------------------------------------------------

_OFFSETS = (
    (r"\bday after tomorrow\b", 2), (r"\bday before yesterday\b", -2), (r"\btomorrow\b|\bnext day\b", 1),
    (r"\byesterday\b", -1), (r"\b(?:next week|in a week|a week from (?:now|today)|in one week)\b", 7), (r"\blast week\b|\ba week ago\b", -7),
)  # fmt: skip
_KINDS = (
    ("time", r"^(?:what(?: is| s)? (?:the |is the )?(?:current |exact |right )?time(?: is it| it is| is| now| do you have| we have)*|what time|the (?:current )?time|time|how late is it|do you have the time|have you got the time|got the time|(?:tell|give|say) (?:me )?(?:the )?time|what hour is it|which time is it|time now|current time|what is the hour|you have the time|is it late|what time s it)\b(?!.*\b(?:should|does|do i|travel|zone|will|start|open|close|best|is (?:dinner|lunch|breakfast|sunset|sunrise|the))\b)"),
    ("daypart", r"\bis it (?:still )?(?:morning|afternoon|evening|night|daytime|dark)\b|what part of the day"),
    ("weekend", r"\bis (?:it|today|tomorrow) (?:the |a )?(?:weekend|weekday|week day|work day|workday)\b"),
    ("isday", rf"\b(?:is|was) (?:it|today|tomorrow|yesterday) (?:a )?({'|'.join(DAYS)})\b"),
    ("year", r"\b(?:what|which) year (?:is|are)\b|^(?:the |current )*year(?: is it| is this| now)?$|what is the (?:current )?year|tell me the year"),
    ("month", r"\b(?:what|which) month (?:is|are|it)\b|^(?:the |current )*month(?: is it)?$|what is the (?:current )?month"),
    ("season", r"\b(?:what|which) season (?:is|are)\b|what is the season|which season do we"),
    ("week", r"\b(?:what|which) (?:number )?week(?: number)? (?:is|of)\b|week number"),
    ("date", r"\bdate\b|\bwhat day of the month\b|\b(?:what|which) (?:number )?(?:day )?(?:of the month )?is (?:the )?today s\b|how many(?:th)? is it today"),
    ("day", r"\b(?:what|which) (?:week ?)?day\b.*\b(?:is|was|will|it|today|do we|are we|we have)\b|^what(?: day)? (?:is|was) (?:today|tomorrow|yesterday)(?: s day)?$|what is today|^(?:the )?day(?: is it)?$|day of the week (?:is|was) (?:it|today|tomorrow|yesterday)|what is the day\b(?! of)|^(?:the )?week ?day"),
)  # fmt: skip
_NOT_NOW = re.compile(
    r"\bsun(?:set|rise)?\b|\bdate (?:idea|night|someone|fruit|a |of birth)|save the date|\bdates? (?:are|taste|good)|first date|on a date|\bdate\b.*\b(?:girl|guy|dinner|wear)\b|invented|history"
)


def _question(text: str) -> tuple[str, str, Then] | None:
    if _NOT_NOW.search(text):
        return None
    for pattern, rule in _RULES:
        match = pattern.search(text)
        if match and (then := rule(match)) is not None:
            return "rule", "", then
    if _calendar_date(text) is not None:
        return None
    for kind, shape in _KINDS:
        if re.search(shape, text):
            zone, place = places.zone(text)
            return kind, zone, _then(kind, text, place)
    return None


def _followed(moment: Moment) -> tuple[str, str, Then] | None:
    """Understand `and tomorrow` and `how about in Tokyo` from the question before."""
    before = moment.state.answer
    if before is None or before.topic != TOPIC or "kind" not in before.slots:
        return None
    match = re.fullmatch(
        r"(?:and |what about |how about |or |what is it |in |for |what was |what is )*(?:the )?(.+)", moment.core
    )
    rest = match[1] if match else ""
    zone, place = places.zone(rest)
    if len(rest.split()) > 5 or not (zone or _offset(rest)):
        return None
    kind = before.slots["kind"]
    if kind not in {name for name, _ in _KINDS} or (kind == "time" and not zone):
        kind = "time" if zone else "day"
    return kind, zone, _then(kind, rest, place)


def _offset(text: str) -> int:
    number = re.search(r"\bin (.+) (day|week)s?\b|\b(.+) (day|week)s? (?:ago|from)\b", text)
    if number and (found := values(number[1] or number[3])):
        sign = -1 if "ago" in text else 1
        return sign * int(found[0]) * (7 if "week" in (number[2] or number[4]) else 1)
    return next((days for pattern, days in _OFFSETS if re.search(pattern, text)), 0)


def _then(kind: str, text: str, place: str) -> Then:
    offset = _offset(text)
    return lambda now: _SAYINGS[kind](now, offset, place, text)


def _lead(offset: int) -> str:
    names = {
        0: "Today is",
        1: "Tomorrow is",
        -1: "Yesterday was",
        2: "The day after tomorrow is",
        -2: "The day before yesterday was",
    }
    return names.get(
        offset, f"In {_days(offset)} it will be" if offset > 0 else f"{_days(-offset).capitalize()} ago it was"
    )


def _season(now: datetime, *_: object) -> str:
    north = ("winter", "spring", "summer", "autumn")[now.month % 12 // 3]
    south = {"winter": "summer", "spring": "autumn", "summer": "winter", "autumn": "spring"}[north]
    return f"In the north of the world it is {north} now, and in the south it is {south}."


def _daypart(now: datetime, *_: object) -> str:
    return f"It is {say_time(now)}."


def _weekend(now: datetime, offset: int, _place: str, text: str) -> str:
    offset = 1 if "tomorrow" in text else offset
    day = now + timedelta(days=offset)
    end = day.weekday() >= 5
    asked = "weekend" in text
    yes = "Yes" if end == asked else "No"
    return f"{yes}, {'tomorrow' if offset else 'today'} is {DAYS[day.weekday()].capitalize()}."


def _isday(now: datetime, offset: int, _place: str, text: str) -> str:
    day = DAYS[(now + timedelta(days=offset)).weekday()]
    return f"{'Yes' if day in text else 'No'}, {_lead(offset)[0].lower()}{_lead(offset)[1:]} {day.capitalize()}."


_SAYINGS: dict[str, Callable[[datetime, int, str, str], str]] = {
    "time": lambda now, _o, place, _t: f"{f'In {place} it is' if place else 'It is'} {say_time(now)}.",
    "date": lambda now, offset, place, _t: f"{f'In {place} it is' if place else _lead(offset)} {say_date(now + timedelta(days=offset))}.",
    "day": lambda now, offset, place, _t: f"{f'In {place} it is' if place else _lead(offset)} {say_date(now + timedelta(days=offset)) if 'date' in _t else DAYS[(now + timedelta(days=offset)).weekday()].capitalize()}.",
    "year": lambda now, _o, _p, text: f"{'Next year is' if 'next' in text else 'It is'} {year_words(now.year + ('next' in text))}.",
    "month": lambda now, _o, _p, text: f"{'Next month is' if 'next' in text else 'It is'} {MONTHS[(now.month - 1 + ('next' in text)) % 12].capitalize()}.",
    "season": _season,
    "week": lambda now, _o, _p, _t: f"It is week {whole_words(now.isocalendar().week)} of the year.",
    "daypart": _daypart,
    "weekend": _weekend,
    "isday": _isday,
}  # fmt: skip


# --- other days ------------------------------------------------------------------------------------------------------


def _easter(year: int) -> date:
    """Return Easter Sunday of a year (the anonymous Gregorian computus)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """Return the n-th weekday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


_MOVING: dict[str, Callable[[int], date]] = {
    "easter": _easter,
    "good friday": lambda year: _easter(year) - timedelta(days=2),
    "thanksgiving": lambda year: _nth(year, 11, 3, 4),
    "black friday": lambda year: _nth(year, 11, 3, 4) + timedelta(days=1),
    "mothers day": lambda year: _nth(year, 5, 6, 2),
    "mother s day": lambda year: _nth(year, 5, 6, 2),
    "fathers day": lambda year: _nth(year, 6, 6, 3),
    "father s day": lambda year: _nth(year, 6, 6, 3),
    "labor day": lambda year: _nth(year, 9, 0, 1),
    "labour day": lambda year: _nth(year, 9, 0, 1),
}
_SEASONS = {"spring": (3, 20), "summer": (6, 21), "autumn": (9, 22), "fall": (9, 22), "winter": (12, 21)}
_MONTH = "|".join(MONTHS)
_MONTH_FIRST = re.compile(rf"\b({_MONTH})(?: the)? (\w+(?: \w+)?)")
_DAY_FIRST = re.compile(rf"\b(\w+(?: \w+)?)(?: of)? ({_MONTH})\b")


def _feast(text: str, now: date) -> tuple[str, date] | None:
    """Return the next day of a feast, a season, a weekday or a date that is named in the text."""
    return next((found for find in _NAMED_DAYS if (found := find(text, now))), None)


def _moving_feast(text: str, now: date) -> tuple[str, date] | None:
    return next(((_title(name), _next(now, rule)) for name, rule in _MOVING.items() if name in text), None)


def _fixed_feast(text: str, now: date) -> tuple[str, date] | None:
    for name in sorted(_FEASTS, key=len, reverse=True):
        if re.search(rf"\b{name}\b", text):
            return _title(name), _next(now, _yearly(*_FEASTS[name]))
    return None


def _dated(text: str, now: date) -> tuple[str, date] | None:
    if not (found := _calendar_date(text)):
        return None
    month, day, year = found
    if year:
        return say_date(date(year, month, day)), date(year, month, day)
    return f"{MONTHS[month - 1].capitalize()} {ordinal_words(day)}", _next(now, _yearly(month, day))


def _season_start(text: str, now: date) -> tuple[str, date] | None:
    found = next((name for name in _SEASONS if re.search(rf"\b{name}\b", text)), "")
    return (found, _next(now, _yearly(*_SEASONS[found]))) if found else None


def _weekday(text: str, now: date) -> tuple[str, date] | None:
    for number, name in enumerate(DAYS):
        if re.search(rf"\b{name}\b", text):
            return name.capitalize(), now + timedelta(days=(number - now.weekday() - 1) % 7 + 1)
    return ("the weekend", now + timedelta(days=(5 - now.weekday()) % 7)) if "weekend" in text else None


def _month_or_year(text: str, now: date) -> tuple[str, date] | None:
    if re.search(r"end of the year|year ends|next year", text):
        return "the new year", date(now.year + 1, 1, 1)
    found = next((n for n, name in enumerate(MONTHS, 1) if re.search(rf"\b{name}\b", text)), 0)
    return (f"{MONTHS[found - 1].capitalize()} first", _next(now, _yearly(found, 1))) if found else None


_NAMED_DAYS = (_moving_feast, _fixed_feast, _dated, _season_start, _weekday, _month_or_year)


def _title(name: str) -> str:
    return _FEAST_NAMES.get(name, name.title())


def _yearly(month: int, day: int) -> Callable[[int], date]:
    """Return the rule of a day that is the same every year; February 29 falls on the 28th in most of them."""
    return lambda year: date(year, month, day) if (month, day) != (2, 29) or year % 4 == 0 else date(year, 2, 28)


def _next(now: date, rule: Callable[[int], date]) -> date:
    return next(day for year in (now.year, now.year + 1) if (day := rule(year)) >= now)


def _calendar_date(text: str) -> tuple[int, int, int] | None:
    """Return month, day and year (0 when not said) of a date such as `july fourth` or `the 3rd of May 2027`."""
    found = [(m[1], m[2].split(), text[m.start() :], False) for m in _MONTH_FIRST.finditer(text)]
    found += [(m[2], m[1].split()[::-1], text[m.end() :], True) for m in _DAY_FIRST.finditer(text)]
    for name, words, rest, last in found:
        month = MONTHS.index(name) + 1
        number = _day_number(words, last=last)
        if number and 1 <= number <= _LENGTHS[month - 1] + (month == 2):
            return month, number, _year(rest)
    return None


def _day_number(words: list[str], *, last: bool) -> int:
    both = words[::-1] if last else words
    tens = {"twenty": 20, "thirty": 30}.get(both[0], 0)
    if len(both) == 2 and tens and (unit := ordinal(both[1]) or _small(both[1])):
        return tens + unit
    return ordinal(words[0]) or _small(words[0])


def _small(word: str) -> int:
    found = values(word)
    return int(found[0]) if found and found[0].denominator == 1 else 0


def _year(text: str) -> int:
    if match := re.search(r"\b(1\d{3}|2\d{3})\b", text):
        return int(match[1])
    numbers = [int(n) for n in values(text) if n.denominator == 1]
    for first, second in pairwise(numbers):
        if 10 < first <= 20 and second < 100:
            return first * 100 + second
    return next((n for n in numbers if 1500 <= n <= 2500), 0)


def _until(match: re.Match[str]) -> Then | None:
    text = match[0]
    if _feast(text, date(2024, 1, 1)) is None:
        return None

    def then(now: datetime) -> str:
        name, day = _feast(text, now.date()) or ("that", now.date())
        left = (day - now.date()).days
        if left < 0:
            return f"{name} was {_days(-left)} ago."
        if left == 0:
            return f"{name[0].upper()}{name[1:]} is today."
        if re.search(r"\bweeks?\b", text) and left >= 7:
            weeks, rest = divmod(left, 7)
            more = f" and {_days(rest)}" if rest else ""
            return f"It is {whole_words(weeks)} {'week' if weeks == 1 else 'weeks'}{more} until {name}."
        return f"It is {_days(left)} until {name}."

    return then


def _when(match: re.Match[str]) -> Then | None:
    text = match[0]
    if _feast(text, date(2024, 1, 1)) is None or _calendar_date(text):
        return None

    def then(now: datetime) -> str:
        name, day = _feast(text, now.date()) or ("that", now.date())
        if name in _SEASONS:
            return f"In the north, {name} begins around {MONTHS[day.month - 1].capitalize()} {ordinal_words(day.day)}."
        return f"{'That' if name.lower() in DAYS else name[0].upper() + name[1:]} is on {say_date(day)}."

    return then


def _weekday_of(match: re.Match[str]) -> Then | None:
    text = match[0]
    if _feast(text, date(2024, 1, 1)) is None:
        return None

    def then(now: datetime) -> str:
        found = _calendar_date(text)
        if found and (found[2] or re.search(r"\bwas\b", text)):
            month, day, year = found
            when = date(year or now.year, month, day)
        else:
            _, when = _feast(text, now.date()) or ("", now.date())
        verb = "was" if when < now.date() else "is"
        named = f"{MONTHS[when.month - 1].capitalize()} {ordinal_words(when.day)}, {year_words(when.year)}"
        return f"{named}, {verb} a {DAYS[when.weekday()].capitalize()}."

    return then


def _hours_away(match: re.Match[str]) -> Then | None:
    found = values(match[1])
    if not found:
        return None
    minutes = int(found[0] * (_HOUR if "hour" in match[2] else 1)) * (-1 if "ago" in match[0] else 1)
    return lambda now: f"It {'was' if minutes < 0 else 'will be'} {say_time(now + timedelta(minutes=minutes))}."


def _until_clock(match: re.Match[str]) -> Then | None:
    hour, minute = _clock(match[1])
    if hour < 0:
        return None

    def then(now: datetime) -> str:
        target = now.replace(hour=hour % 24, minute=minute, second=0, microsecond=0)
        left = int((target - now).total_seconds() // 60) % (24 * _HOUR)
        hours, minutes = divmod(left, _HOUR)
        parts = [f"{whole_words(hours)} {'hour' if hours == 1 else 'hours'}"] if hours else []
        if minutes or not hours:
            parts.append(f"{whole_words(minutes)} {'minute' if minutes == 1 else 'minutes'}")
        return f"It is {' and '.join(parts)} until then."

    return then


def _clock(text: str) -> tuple[int, int]:
    """Return hour and minute of `five pm`, `7:30` or `midnight`; the hour is -1 when there is none."""
    if "midnight" in text:
        return 0, 0
    if "noon" in text and "afternoon" not in text:
        return _NOON, 0
    if digits := re.search(r"(\d{1,2}):(\d\d)", text):
        hour, minute = int(digits[1]), int(digits[2])
    else:
        found = [int(n) for n in values(text)]
        if not found or found[0] > 24:
            return -1, 0
        hour, minute = found[0], found[1] if len(found) > 1 and found[1] < _HOUR else 0
    if re.search(r"\bpm\b|evening|afternoon|tonight", text) and hour < _NOON:
        hour += _NOON
    return hour, minute


def _age(match: re.Match[str]) -> Then | None:
    year = _year(match[0])
    if not year:
        return None

    def then(now: datetime) -> str:
        age = now.year - year
        if age <= 0:
            return "That year has only just begun, or is still to come."
        who = "You are" if re.search(r"\bi\b", match[0]) else "That makes"
        tail = "this year" if who == "You are" else "years, counting to this one"
        return f"{who} {whole_words(age)} {tail}." if who == "That makes" else f"You turn {whole_words(age)} {tail}."

    return then


def _years_since(match: re.Match[str]) -> Then | None:
    year = _year(match[0])
    return (lambda now: f"That is {whole_words(abs(now.year - year))} years.") if year else None


def _left_in(match: re.Match[str]) -> Then:
    unit = match[1]

    def then(now: datetime) -> str:
        end = date(now.year + 1, 1, 1)
        if unit == "month":
            end = date(now.year + now.month // 12, now.month % 12 + 1, 1)
        if unit == "week":
            end = now.date() + timedelta(days=7 - now.weekday())
        left = (end - now.date()).days - 1
        return (
            f"After today there are {_days(left)} left in this {unit}."
            if left
            else f"Today is the last day of this {unit}."
        )

    return then


_NOW_RULES: tuple[tuple[str, Callable[[re.Match[str]], Then | None]], ...] = (
    (
        r"how (?:many (?:more )?(?:days|weeks|nights|sleeps)|long|far(?: away)?)\b.*\b(?:left|remaining|remain)\b.*\b(month|year|week)\b",
        _left_in,
    ),
    (
        r"how (?:many (?:more )?(?:hours|minutes)|long)\b.*\b(?:until|till|til|to|before)\b (.*(?:\d|oclock|noon|midnight|pm|am).*|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b.*)",
        _until_clock,
    ),
    (
        r"(?:how (?:many (?:more )?(?:days|weeks|nights|sleeps)|long|far(?: away| off)?)|days|weeks)\b.*\b(?:until|till|til|to|before|is|away)\b.*",
        _until,
    ),
    (
        r"what (?:week ?)?day\b.*\b(?:is|was|will|does|did)\b.*(?:\d|[a-z]).*|which (?:week ?)?day\b.*\b(?:is|was|does|did|will)\b.*|^(?:is|was) \S+(?: \S+){0,3} (?:a|on a|on the) (?:weekday|weekend)$|day of the week.*",
        _weekday_of,
    ),
    (
        rf"^what(?: is)? (?:the )?date .*\b(?:{'|'.join(DAYS)})\b",
        _when,
    ),
    (
        r"^(?:when|what date|on what date|what is the date of|the date of)\b(?!.*\b(?:invent|discover|born|die|built|start to|should|did|do you|do i|does it)\b).*",
        _when,
    ),
    (r"what time (?:will it be|is it|was it)\b.*?\bin (.+) (hours?|minutes?)|(?!x)x(x)", _hours_away),
    (r"what time was it (.+) (hours?|minutes?) ago", _hours_away),
    (r"\b(?:how old|what age)\b.*\bborn\b.*|\bborn in\b.*\bhow old\b.*", _age),
    (
        r"how (?:many years|long) (?:ago|since|is it since|has it been since)\b.*|how many years ago was .*",
        _years_since,
    ),
)
_RULES = [(re.compile(pattern), rule) for pattern, rule in _NOW_RULES]


# --- questions that do not depend on now -----------------------------------------------------------------------------


def _fixed(text: str) -> str | None:
    for pattern, rule in _FIXED_RULES:
        match = pattern.search(text)
        if match and (said := rule(match)):
            return said
    return None


def _days_in(match: re.Match[str]) -> str | None:
    month = match[1]
    if month == "february":
        return "February has twenty eight days, and twenty nine in a leap year."
    return f"{month.capitalize()} has {_days(_LENGTHS[MONTHS.index(month)])}."


def _between(match: re.Match[str]) -> str | None:
    first, second = _calendar_date(match[1]), _calendar_date(match[2])
    if first is None or second is None:
        return None
    start_year = first[2] or second[2] or 2027
    start = date(start_year, first[0], first[1])
    end = date(second[2] or start_year, second[0], second[1])
    if end < start:
        end = date(end.year + 1, end.month, end.day) if not second[2] else end
    return f"There are {_days(abs((end - start).days))} between them."


def _leap(match: re.Match[str]) -> str | None:
    year = _year(match[0])
    if not year:
        return None
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return f"{'Yes' if leap else 'No'}, {year_words(year)} is {'' if leap else 'not '}a leap year."


def _order(match: re.Match[str]) -> str | None:
    """Say what comes after or before a weekday or a month."""
    names = DAYS if match[2] in DAYS else MONTHS
    step = 1 if match[1] in {"after", "follows"} else -1
    return f"{names[(names.index(match[2]) + step) % len(names)].capitalize()} comes {'after' if step > 0 else 'before'} {match[2].capitalize()}."


def _nth_of(match: re.Match[str]) -> str | None:
    number = 0 if match[1] == "last" else ordinal(match[1])
    names = MONTHS if match[2] == "month" else DAYS
    if number is None or number > len(names):
        return None
    return f"The {match[1] if number == 0 else ordinal_words(number)} {match[2]} is {names[number - 1].capitalize()}."


_NAMES = "|".join((*DAYS, *MONTHS))
_FIXED_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]] = [
    (re.compile(pattern), rule)
    for pattern, rule in (
        (
            rf"(?:how many days|number of days|how long)\b.*\b(?:in|has|have|does|is)\b (?:the month of |month )?({'|'.join(MONTHS)})\b(?! \d)",
            _days_in,
        ),
        (r"how (?:many days|long)\b.*\b(?:between|from) (.+) (?:and|to|until|till) (.+)", _between),
        (r"\bleap year\b.*\d.*|\d+.*\bleap year\b|\b(?:nineteen|twenty|two thousand)\b.*\bleap year\b", _leap),
        (rf"\b(?:what|which)\b.*\b(after|before|follows) ({_NAMES})\b", _order),
        (r"\b(?:what|which) is the (\w+) (month|day) (?:of|in) the (?:year|week)|^the (\w+) (month|day) of", _nth_of),
    )
]
