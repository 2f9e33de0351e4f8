# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Countries and cities: capitals and the like, and whose clock shows what."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import cities, knowledge
from .numbers import whole_words
from .reply import Answer

if TYPE_CHECKING:
    from .talk import Moment

TOPIC = "places"
_SHORTEST_FUZZY = 6  # letters; shorter names are too like everyday words
_ALIKE = 0.84  # difflib ratio: one wrong letter in six
_SAME_START = {"c": "k", "q": "k", "z": "s", "y": "j", "g": "j", "v": "w", "u": "o", "i": "e", "a": "e"}
_RELATIONS = (
    ("biggest", r"\b(?:biggest|largest) (?:city|town)\b"),
    ("capital", r"\bcapit[ao]ls?\b|\bcapital city\b"),
    ("currency", r"\bcurrency\b|\bmoney\b.*\b(?:use|used|have|pay|in)\b|\bpay with\b|\bpay in\b"),
    ("language", r"\blanguages?\b|\bspeak\b|\bspoken\b"),
    ("population", r"\bpopulation\b|how many (?:people|inhabitants|persons)\b.*\b(?:live|in|has|have|are)\b"),
    ("continent", r"\bcontinent\b|\bpart of the world\b|^where (?:is|are|in the world)\b|^where\b.* located\b"),
)
FROM_HERE = re.compile(
    r"^(?:and )?how (?:far|long)\b.*\b(?:from (?:here|me|us|my place|home)|away|there|to get there)\b|^how far is (?:it|that)$"
)
_THERE = re.compile(r"^where is that$|\b(?:there|that (?:country|city)|this (?:country|city)|they|its|it)\b")
_SAY = {
    "capital": "The capital of {name} is {value}.",
    "currency": "In {name} people pay with the {value}.",
    "language": "In {name} most people speak {value}.",
    "population": "{Name} has about {value} people.",
    "continent": "{Name} is in {value}.",
    "biggest": "The biggest city in {name} is {value}.",
    "about": "{Name} is in {value}. Its capital is {capital}.",
}


def answer(moment: Moment) -> Answer | None:
    """Answer a question about a country, or a short follow-up that names another one."""
    text = moment.core
    wanted = relation(text)
    country = find(text)
    if wanted == "capital" and (back := _capital_of(text)):
        return back
    if wanted == "population" and (many := _people_in_city(moment, country)):
        return many
    before = moment.state.answer
    if before is not None and before.topic == TOPIC and FROM_HERE.search(text):
        place = before.slots.get("city") or before.slots.get("country", "")
        return Answer(
            f"I do not know where you are, so I cannot say how far {place.title()} is. A map can tell you.",
            TOPIC,
            before.slots,
        )
    if before is not None and before.topic == TOPIC:
        country = country or (before.slots.get("country") if wanted and _THERE.search(text) else None)
        if not wanted and country and len(text.split()) <= 5:
            wanted = before.slots.get("relation", "")
    if country and re.search(
        r"^(?:(?:tell me |what do you know |do you know )?(?:something |more |anything )?about|describe|talk about)\b",
        text,
    ):
        # "Turkeys" are birds, not a country.
        wanted = "" if f"{country}s" in text.split() else "about"
    if not wanted or not country:
        return None
    entry = _countries()[country]
    value = entry["continent"] if wanted == "about" else entry.get(wanted)
    if not value:
        return None
    name = _countries()[country]["name"]
    said = _SAY[wanted].format(name=name, Name=name[0].upper() + name[1:], value=value, capital=entry["capital"])
    slots = {"country": country, "relation": wanted, "spell": value}
    return Answer(said, TOPIC, slots | ({"city": value.lower()} if wanted in {"capital", "biggest"} else {}))


def relation(text: str) -> str:
    """Return what a text asks of a place, empty when it is none of what Alex knows of places."""
    return next((name for name, pattern in _RELATIONS if re.search(pattern, text)), "")


def _people_in_city(moment: Moment, country: str | None) -> Answer | None:
    """Answer how many people live in a city; after a capital, `there` may be the city or its country."""
    city = cities.find(moment.core)
    if city and (country is None or len(city) > len(country)):
        return Answer(f"{cities.name(city)} has about {cities.people(city)} people.", TOPIC, {"city": city})
    before = moment.state.answer
    if country or before is None or "city" not in before.slots or not _THERE.search(moment.core):
        return None
    city = before.slots["city"]
    name = cities.name(city) if cities.people(city) else city.title()
    slots = {**before.slots, "relation": "population"}
    many = cities.people(city)
    first = f"{name} has about {many} people" if many else f"I do not know how many people live in {name}"
    entry = _countries().get(before.slots.get("country", ""))
    if entry is None or not entry["population"]:
        return Answer(f"{first}.", TOPIC, slots)
    joint = "and" if many else "but"
    return Answer(f"{first}, {joint} all of {entry['name']} has about {entry['population']}.", TOPIC, slots)


def zone(text: str) -> tuple[str, str]:
    """Return the time zone of the place named in a text and the place's name, both empty when there is none."""
    zones = _zones()
    found = _named(text, tuple(zones))
    return (zones[found]["zone"], zones[found]["name"]) if found else ("", "")


def find(text: str) -> str | None:
    """Return the key of the country named in a text."""
    return _named(text, tuple(_countries()))


def _capital_of(text: str) -> Answer | None:
    """Answer `what country is Paris the capital of` and `is Paris the capital of France`."""
    capitals = {country["capital"].lower(): key for key, country in _countries().items() if country.get("capital")}
    city = _named(text, tuple(capitals))
    country = find(text.replace(city, "")) if city else None
    if not city or (country is None and not re.search(r"\bcountry\b", text)):
        return None
    right = capitals[city]
    entry = _countries()[right]
    sure = (
        ""
        if country is None
        else "Yes, "
        if country == right
        else f"No, the capital of {_countries()[country]['name']} is {_countries()[country]['capital']}. "
    )
    return Answer(
        f"{sure}{entry['capital']} is the capital of {entry['name']}.",
        TOPIC,
        {"country": country or right, "relation": "capital", "spell": entry["capital"]},
    )


@lru_cache(maxsize=1)
def _countries() -> dict[str, dict[str, str]]:
    """Return every country by each of its names, lower case."""
    found: dict[str, dict[str, str]] = {}
    for name, body in knowledge.table("countries").items():
        entry = _country(name, body)
        for key in (name, *entry.pop("also", "").split("|")):
            if key:
                found[key.lower().removeprefix("the ")] = entry
    return found


def _country(name: str, body: list[Any]) -> dict[str, str]:
    capital, continent, currency, language, *also = body
    millions = knowledge.table("population").get(name, 0)
    many = whole_words(round(millions * 10**6)) if millions else ""
    biggest = knowledge.table("biggest").get(name, capital.split(",")[0])
    return {"name": name, "capital": capital, "biggest": biggest, "continent": continent, "currency": currency,
            "language": language, "population": many, "also": "|".join(also)}  # fmt: skip


@lru_cache(maxsize=1)
def _zones() -> dict[str, dict[str, str]]:
    found = {}
    for zone_name, names in knowledge.table("zones").items():
        for name in names:
            found[name.lower().removeprefix("the ")] = {"zone": zone_name, "name": name}
    return found


@lru_cache(maxsize=1024)
def _named(text: str, names: tuple[str, ...]) -> str | None:
    """Return the longest name in a text; when there is none, one that is spelled nearly so."""
    padded = f" {text} "
    exact = [name for name in names if f" {name} " in padded or f" {name}s " in padded]
    if exact:
        return max(exact, key=len)
    long = [name for name in names if len(name) >= _SHORTEST_FUZZY]
    words = text.split()
    for size in (3, 2, 1):
        for at in range(len(words) - size + 1):
            part = " ".join(words[at : at + size])
            if len(part) >= _SHORTEST_FUZZY and (near := _spelled(part, long)):
                return near
    return None


def _spelled(part: str, names: list[str]) -> str | None:
    """Return the name that is spelled nearly like a part of the text; comparing is slow, so few are compared."""
    least, most = len(part) * _ALIKE / (2 - _ALIKE), len(part) * (2 - _ALIKE) / _ALIKE
    first = _SAME_START.get(part[0], part[0])
    few = [name for name in names if least <= len(name) <= most and _SAME_START.get(name[0], name[0]) == first]
    near = get_close_matches(part, few, n=1, cutoff=_ALIKE)
    return near[0] if near else None
