# ruff: noqa: PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Countries and cities: capitals and the like, and whose clock shows what."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import knowledge
from .numbers import whole_words
from .reply import Answer

if TYPE_CHECKING:
    from .talk import Moment

TOPIC = "places"
_SHORTEST_FUZZY = 6  # letters; shorter names are too like everyday words
_ALIKE = 0.84  # difflib ratio: one wrong letter in six
_RELATIONS = (
    ("capital", r"\bcapit[ao]ls?\b|\bcapital city\b"),
    ("currency", r"\bcurrency\b|\bmoney\b.*\b(?:use|used|have|pay|in)\b|\bpay with\b|\bpay in\b"),
    ("language", r"\blanguages?\b|\bspeak\b|\bspoken\b"),
    ("population", r"\bpopulation\b|how many (?:people|inhabitants|persons)\b.*\b(?:live|in|has|have|are)\b"),
    ("continent", r"\bcontinent\b|\bpart of the world\b|^where (?:is|are|in the world)\b|^where\b.* located\b"),
)
_SAY = {
    "capital": "The capital of {name} is {value}.",
    "currency": "In {name} people pay with the {value}.",
    "language": "In {name} most people speak {value}.",
    "population": "{Name} has about {value} people.",
    "continent": "{Name} is in {value}.",
    "about": "{Name} is in {value}. Its capital is {capital}.",
}


def answer(moment: Moment) -> Answer | None:
    """Answer a question about a country, or a short follow-up that names another one."""
    text = moment.core
    relation = next((name for name, pattern in _RELATIONS if re.search(pattern, text)), "")
    country = find(text)
    if relation == "capital" and (back := _capital_of(text)):
        return back
    before = moment.state.answer
    if before is not None and before.topic == TOPIC:
        country = country or (
            before.slots["country"] if relation and re.search(r"\b(?:there|that country|they|its|it)\b", text) else None
        )
        if not relation and country and len(text.split()) <= 5:
            relation = before.slots["relation"]
    if country and re.search(
        r"^(?:(?:tell me |what do you know |do you know )?(?:something |more |anything )?about|describe|talk about)\b",
        text,
    ):
        relation = "about"
    if not relation or not country:
        return None
    entry = _countries()[country]
    value = entry["continent"] if relation == "about" else entry.get(relation)
    if not value:
        return None
    name = _countries()[country]["name"]
    said = _SAY[relation].format(name=name, Name=name[0].upper() + name[1:], value=value, capital=entry["capital"])
    return Answer(said, TOPIC, {"country": country, "relation": relation, "spell": value})


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
    many = whole_words(millions * 10**6) if millions else ""
    return {"name": name, "capital": capital, "continent": continent, "currency": currency, "language": language,
            "population": many, "also": "|".join(also)}  # fmt: skip


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
            if len(part) >= _SHORTEST_FUZZY and (near := get_close_matches(part, long, n=1, cutoff=_ALIKE)):
                return near[0]
    return None
