# ruff: noqa: E501  patterns read best on one line
"""Several sentences in one turn: the question among them comes first, and what it points to stands in the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import kinds
from .normalise import hear
from .numbers import values

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = (
    r"(?:i|i am|i'm|i've|i have|i can not|it|it's|my|we|we're|he|she|they|the|there|so|now|what|who|where|when|why|how|which|"
    r"is|are|do|does|did|can|could|should|would|will|tell|give|sing|any)\b"
)
_BREAK = re.compile(
    rf"(?<=[.!?;])\s+|,\s+(?:and |but |so |because |then )?(?={_START})|\s+(?:but|because|since)\s+(?=(?:i|my|we|it|he|she)\b)|"
    r"\s+and\s+(?=(?:i'm|i'd|i am|i've|i have|i can|i can't|i do|i don't|i feel|i need|i want|i would|my|now|what|how|why|when|where|who|can you|could you|tell)\b)",
    re.IGNORECASE,
)
# What asks for help with what was just told.
_BARE = re.compile(
    r"^(?:(?:do you have |have you got |got |can you give me |i need |please )?(?:any|some|a few|a) (?:good |quick |other )?(?:tips?|advice|ideas?|suggestions?|thoughts)(?: for me| on that| for that)?|"
    r"what (?:do|would|can) you (?:suggest|recommend|advise)|what (?:can|should|could|do|would|shall|must) (?:i|we) (?:do|try|take|use)(?: about (?:it|that|this)| against (?:it|that)| now| for (?:it|that|him|her))?|"
    r"(?:where|how) (?:do|should|can) (?:i|we) (?:start|begin)|how do (?:i|we) do (?:it|that)|what is (?:wrong|the matter)(?: with (?:it|that|him|her|them))?|what (?:now|then|next|helps|would help|to do|is good for (?:it|that))(?: against (?:it|that))?|(?:is there )?anything (?:that )?(?:i|we) can (?:do|take|try)(?: about (?:it|that)| against (?:it|that)| for (?:it|that))?|"
    r"is there (?:anything|something)(?: (?:that )?(?:i|we) can (?:do|take|try)| that helps)?(?: about (?:it|that)| for (?:it|that))?|(?:can|could) you help(?: me)?(?: with (?:it|that|this))?|help(?: me)?|"
    r"how (?:do|can|could|should) (?:i|we) (?:fix|stop|treat|solve|get rid of|cure|handle|deal with) (?:it|that|this|them)|(?:i|we) (?:do not know|have no idea) what to do)$"
)
_WHY = re.compile(r"^(?:why(?: is (?:that|it|this))?|how come|what (?:is|could be) (?:the reason|wrong|the cause)|what causes (?:it|that))$")  # fmt: skip
_POINTS = re.compile(r"\b(it|that|this|them|those|these|her|him|one)\b")
_AGAIN = re.compile(r"\b(?:say|repeat) (?:that|it|this)\b")
_NAMED = re.compile(r"^(?:my name is|this is|i am called|i am) [a-z]+$")
_LEADS_ON = re.compile(r"^(?:if|when|because|since|as|after|while|once)\b")
_WITHOUT = re.compile(r"^(?:i|we) (?:have|have got|got|am having|keep getting|suffer from|get)(?: got)? (?:an? |some |the |really |very |bad |terrible |awful )*")  # fmt: skip
_THINGS = re.compile(r"\b((?:my|the|our) )?(?:an? |some )?([a-z]{3,})(?= |$)")
_NO_THING = frozenset(
    [
        "the",
        "and",
        "have",
        "has",
        "had",
        "got",
        "with",
        "for",
        "was",
        "were",
        "are",
        "not",
        "but",
        "very",
        "too",
        "much",
        "just",
        "this",
        "that",
        "now",
        "from",
        "there",
        "here",
        "will",
        "would",
        "can",
        "could",
        "should",
        "did",
        "does",
        "really",
        "been",
        "what",
        "about",
        "out",
        "put",
    ]
)
_CHILDREN = frozenset(["son", "daughter", "boy", "girl", "grandson", "granddaughter", "kid", "little"])
_FEWEST_WORDS = 3  # of a question that stands on its own
_SUMS = 2  # numbers, from which on a story is a sum and belongs together


@dataclass(frozen=True)
class Turn:
    """What was said in one turn, part by part: what asks, and what only tells."""

    asked: tuple[str, ...]
    told: tuple[str, ...]


def read(raw: str) -> Turn | None:
    """Return the parts of a turn, None when it is only one, or a sum that needs all of them."""
    parts = [heard.core for part in _BREAK.split(raw) if part and (heard := hear(_plainly(part))).core]
    whole = hear(raw).core
    numbers = len(values(whole))
    if len(parts) <= 1 or numbers >= _SUMS or (numbers and re.search(r"\bhow (?:much|many|far|long)\b", whole)):
        return None
    asked = tuple(part for part in parts if asks(part))
    return Turn(asked, tuple(part for part in parts if part not in asked))


def asks(part: str) -> bool:
    """Tell whether a part of a turn asks for something."""
    return bool(_BARE.match(part) or _WHY.match(part) or kinds.asks(part))


def alone(turn: Turn) -> Iterator[str]:
    """Yield the questions that need nothing of what was told beside them."""
    for part in turn.asked:
        bare = _BARE.match(part) or _WHY.match(part)
        points = _POINTS.search(part) and not _AGAIN.search(part)
        if len(part.split()) >= _FEWEST_WORDS and not bare and not points and not _LEADS_ON.match(part):
            yield part


def greets(turn: Turn) -> bool:
    """Tell whether somebody only said a name beside a question."""
    return bool(turn.asked) and any(_NAMED.match(part) for part in turn.told)


def troubles(turn: Turn) -> Iterator[str]:
    """Yield what was told beside nothing but a bare request for help."""
    if turn.asked and all(_BARE.match(part) for part in turn.asked):
        yield from (part for part in reversed(turn.told) if len(part.split()) >= _FEWEST_WORDS)


def together(turn: Turn) -> Iterator[str]:
    """Yield what the questions may mean together with what was told, the likeliest first."""
    for part in turn.asked:
        for told in reversed(turn.told):
            if _WHY.match(part):
                yield _why(told)
            elif _BARE.match(part):
                yield told
                yield from _help_with(told)
            elif point := _POINTS.search(part):
                for thing in _things(told):
                    yield f"{part[: point.start()]}{thing}{part[point.end() :]}"


def rest(turn: Turn) -> Iterator[str]:
    """Yield the other parts, as each may be known on its own: questions first, then what was told last."""
    yield from (part for part in turn.asked if len(part.split()) >= _FEWEST_WORDS and not _POINTS.search(part))
    yield from (part for part in reversed(turn.told) if len(part.split()) >= _FEWEST_WORDS)


def _help_with(told: str) -> Iterator[str]:
    """Yield ways to ask for help with what was told."""
    if spilled := re.match(
        r"(?:i|we|my \w+|someone) (?:just |have |has )*(?:spilled|spilt|dropped|got|poured) (?:some )?(.+?) (?:all )?(?:over|on|onto|in|into) (.+)",
        told,
    ):
        yield f"how do i get {spilled[1]} out of {spilled[2]}"
        yield f"how do i remove a {spilled[1]} stain"
    if wish := re.match(
        r"(?:i|we) (?:am |are )?(?:really |just )?(?:try(?:ing)? to|want to|would like to|need to|have to|plan(?:ning)? to|hope to) (?:\w+ly )?(.+)",
        told,
    ):
        yield f"how do i {wish[1]}"
    thing = _WITHOUT.sub("", re.split(r" and (?:can not|will not|does not|is|has|it)\b", told, maxsplit=1)[0])
    owner = re.match(r"(?:my|our|the) (\w+) (?:has|have|is having)(?: got)? (.+)", told)
    if owner or thing != told:
        what = re.split(r" and ", owner[2], maxsplit=1)[0] if owner else thing
        if owner:
            yield f"what do i do when my {owner[1]} has {what}"
            yield f"what do i do when my child has {what}" if owner[1] in _CHILDREN else told
        yield f"what can i do about {what}"
        yield f"how do i get rid of {what}"
        yield f"what helps against {what}"


def _plainly(part: str) -> str:
    """Return a part that asks in the words of one who tells as a question: I have no idea what to cook."""
    text = re.sub(r"^(?:and|but|so|because|then|now) ", "", part.strip(), flags=re.IGNORECASE)
    text = re.sub(
        r"^(?:i|we) (?:have no idea|don'?t know|do not know|have no clue|am not sure|'m not sure) (how|what|when|where) to (?!do\b)",
        lambda m: f"{m[1]} {'do' if m[1] == 'how' else 'should'} I ",
        text,
        flags=re.IGNORECASE,
    )
    return re.sub(r"^got (?=any\b)", "", text, flags=re.IGNORECASE)


def _why(told: str) -> str:
    if be := re.match(r"(my [a-z]+(?: [a-z]+)?|it|the [a-z]+) (is|are) (.+)", told):
        return f"why {be[2]} {be[1]} {be[3]}"
    if me := re.match(r"i (?:keep |always )?(.+)", told):
        return f"why do i {me[1]}"
    return f"why do {told}"


def _things(told: str) -> Iterator[str]:
    """Yield what a sentence names, with its owner where it has one: my wife, the pan."""
    found = [match for match in _THINGS.finditer(told) if match[2] not in _NO_THING]
    for match in sorted(found, key=lambda one: not one[1]):
        yield f"{match[1] or ''}{match[2]}"
