"""Big cities: how many people live in them."""

from __future__ import annotations

from functools import lru_cache

from . import knowledge
from .numbers import whole_words


@lru_cache(maxsize=1)
def _people() -> dict[str, tuple[str, str]]:
    """Return name and number of people, in words, by the city's name in lower case."""
    return {
        name.lower(): (name, whole_words(round(millions * 10**6)))
        for name, millions in knowledge.table("cities").items()
    }


def find(text: str) -> str:
    """Return the key of the city named in a text, the longest name of several, else nothing."""
    return max((key for key in _people() if f" {key} " in f" {text} "), key=len, default="")


def people(city: str) -> str:
    """Return how many people live in a city, in words, empty when that is not known."""
    return _people().get(city.lower(), ("", ""))[1]


def name(city: str) -> str:
    """Return a city's name as it is written."""
    return _people().get(city.lower(), (city, ""))[0]
