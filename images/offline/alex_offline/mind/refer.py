# ruff: noqa: E501  patterns read best on one line
"""Follow-ups with a pronoun: `what do they eat` after `where do penguins live` is asked again of penguins."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from . import kinds, places
from .manner import sentences
from .normalise import hear, plain, stem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .knowledge import Knowledge
    from .reply import Answer
    from .talk import Moment

_LONGEST = 10  # words; a longer sentence says itself what it is about
_LONGEST_NAME = 4  # words
_NEAR = 0.75  # the new question has the words of the old one, so it must be nearly a known one
_OWN = re.compile(r"\b(its|their|his|her)\b(?= [a-z])")
_POINTS = re.compile(r"\b(they|them|it|he|she|him|her|there|those|these|that|this|(?<=est )ones?|(?<=is )one|(?<=an )one|(?<=of )one)\b")  # fmt: skip
# `It` that stands for nothing, and `that` that stands for what was said.
_EMPTY = re.compile(
    r"\b(?:is|was|does|will|would|did|can) it (?:be )?(?:true|safe|okay|possible|possibly|going to|rain\w*|snow\w*|take|cost|matter|mean|better|bad to|good to|healthy to|hurt to|normal|legal|worth|late|early|time|dark|cold|hot|warm|monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tomorrow|now|christmas|a (?:good|bad))\b|"
    r"\b(?:are|is|was|were) there (?:a|an|any|no|so|other|more|life|many|some)\b|how many \w+ (?:are|is) there|what (?:time|day|date|year|month) is it(?! there)|"
    r"\byou (?:\w+ )?(?:know|say|said|mean|told|tell|hear|repeat|explain|think|sure|do|spell|write)\b|^when was (?:that|it)$|\b(?:spell|write|mean|repeat|true|why is|what is|what was|who was|who is|how is|true) (?:that|it|this)$|"
    r"\b(?:is|was) (?:that|this) (?:true|right|correct|all|so|you|it|a|the)\b|\bthis (?:call|is|week|year|month|evening|morning|weekend|line)\b|\bthat is\b"
)
_BIGGEST = re.compile(r"^(?:and )?(?:(?:what|which) is )?(?:the )?(?:biggest|largest) (?:city|town)(?: there)?$")
_BEFORE_VERBS = frozenset(["i", "you", "we", "to", "who", "one", "people"])
_FUNCTION = frozenset(["a", "an", "the", "of", "to", "in", "on", "at", "for", "from", "by", "with", "is", "are", "was", "were", "be", "been", "am", "do", "does", "did", "has", "have", "had", "can", "could", "will", "would", "should", "may", "might", "must", "i", "you", "me", "my", "your", "we", "us", "our", "it", "he", "she", "they", "them", "him", "her", "his", "its", "their", "this", "that", "these", "those", "there", "and", "or", "but", "not", "no", "so", "then", "than", "as", "what", "who", "whom", "whose", "when", "where", "which", "why", "how", "many", "much", "long", "far", "old", "often", "big", "tall", "high", "some", "any", "one", "it's", "tell", "about"])  # fmt: skip
_NAME = re.compile(r"\b[A-Z][A-Za-z]+(?: (?:(?:da|de|van|von|of|the|der) )?[A-Z][A-Za-z]+)*")


def answer(moment: Moment, know: Knowledge, ask_again: Callable[[Moment], Answer | None]) -> Answer | None:
    """Answer a question that points back, by putting each thing it may point to in the place of the pronoun."""
    text = moment.core
    if moment.state.heard is None or moment.state.answer is None:
        return None
    if moment.topic == places.TOPIC and (places.FROM_HERE.search(text) or _BIGGEST.match(text)):
        return places.answer(replace(moment, heard=hear(f"{text} there")))
    if not _points_back(text):
        return None
    if moment.topic == places.TOPIC and places.relation(text):
        return places.answer(moment)  # it knows best itself whether a city or its country is meant
    asked = _place(moment, ask_again) if " there" in text else None
    if asked is None and know.find(text, 0.92):
        return None
    if asked is None and (best := _best(moment, know)):
        asked = _ask(moment, best, ask_again)
    return asked


def _points_back(text: str) -> bool:
    if len(text.split()) > _LONGEST or _EMPTY.search(text):
        return False
    if not kinds.kind(text):
        return bool(re.match(r"(?:and |what about |how about )*(?:its|their|his|her) ", text))
    return bool(_POINTS.search(text) or _OWN.search(text))


def _ask(moment: Moment, text: str, ask_again: Callable[[Moment], Answer | None]) -> Answer | None:
    """Ask a question that was completed, and remember it as the one that was asked."""
    said = ask_again(replace(moment, heard=hear(text)))
    return replace(said, slots={**said.slots, "asked": text}) if said else None


def _place(moment: Moment, ask_again: Callable[[Moment], Answer | None]) -> Answer | None:
    """Put the city or country of the last answer in the place of `there`, for the skills that know places."""
    slots = moment.state.answer.slots if moment.state.answer else {}
    for name in dict.fromkeys((slots.get("city"), *_subjects(moment), slots.get("country"))):
        text = moment.core.replace(" there", f" in {name}", 1)
        said = _ask(moment, text, ask_again) if name and places.zone(str(name))[0] else None
        if said is not None and said.topic in {places.TOPIC, "dates"}:
            return said
    return None


def _best(moment: Moment, know: Knowledge) -> str | None:
    """Return the completed question that is nearest to a known one about the same thing."""
    found: tuple[float, int, str] | None = None
    for subject in _subjects(moment):
        text = _completed(moment.core, subject)
        entry, score = know.nearest(text)
        if entry is None or score < _NEAR or not mentions(entry.ask, subject):
            continue
        if found is None or (score, len(subject)) > found[:2]:
            found = (score, len(subject), text)
    return found[2] if found else None


def _completed(text: str, subject: str) -> str:
    if own := _OWN.search(text):
        return f"{text[: own.start()]}{subject} s{text[own.end() :]}"
    return _POINTS.sub(lambda match: f"in {subject}" if match[1] == "there" else subject, text, count=1)


def mentions(asks: tuple[str, ...], subject: str) -> bool:
    """Tell whether one of the questions has every word of the subject in it."""
    wanted = {stem(word) for word in subject.split()} - _FUNCTION
    return any(wanted <= {stem(word) for word in plain(ask).split()} for ask in asks)


def _subjects(moment: Moment) -> Iterator[str]:
    """Yield what was talked about: names in the answer, and all that may be a thing in the question."""
    heard, before = moment.state.heard, moment.state.answer
    if heard is None or before is None:
        return
    for name in _NAME.findall(sentences(before.text)[0] if before.text else ""):
        words = plain(name).split()
        while words and words[0] in _FUNCTION:
            words = words[1:]
        if words:
            yield " ".join(words)
    asked = heard.core.split()
    for size in range(_LONGEST_NAME, 0, -1):
        for at in range(len(asked) - size + 1):
            part = asked[at : at + size]
            if size == 1 and at and asked[at - 1] in _BEFORE_VERBS:
                continue  # "boil" and "invented" are nothing one can ask about
            if part[0] not in _FUNCTION and part[-1] not in _FUNCTION:
                yield " ".join(part)
