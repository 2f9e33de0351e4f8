# ruff: noqa: E501  patterns read best on one line
"""Kinds of questions: why, when, where, who and how many are never answered by each other's answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# The first pattern that fits names the kind; "do" is what one can do about something, in question or need.
_KINDS = (
    ("why", r"(?:why|how come|what (?:causes|caused)|what makes (?!a |an |people |you )|(?:what is )?the reason|reason|for what reason|because of what)\b"),
    ("when", r"(?:when|(?:in |on )?(?:what|which) (?:year|century|date|month)|since when|what time)\b"),
    ("where", r"(?:where|(?:in|on|from|to) (?:what|which) (?:country|city|continent|state|place|planet|part)|(?:what|which) (?:country|city|state) (?:is|are|was|does|do)\b(?! the (?:big|small|large|rich|old|hot|cold)))\b"),
    ("who", r"(?:who|whom|whose)\b"),
    ("often", r"how (?:often|many times)\b"),
    ("many", r"how (?:many|much)\b"),
    ("long", r"(?:for )?how long\b"),
    ("old", r"how old\b"),
    ("far", r"how (?:far|close)\b"),
    ("fast", r"how (?:fast|quick|quickly|slow)\b"),
    ("hot", r"(?:how (?:hot|cold|warm)|(?:at )?what temperature)\b"),
    ("size", r"how (?:big|tall|high|large|wide|deep|heavy|small|strong|thick)\b"),
    ("do", r"(?:how (?:(?:do|can|should|would|could|must|shall|am|will) (?:i|you|we|one|my)|to)|what (?:helps|is the (?:best|fastest|easiest|right|cheapest) way)|what (?:can|should|could|do|must) (?:i|you|we|one) do|any tips?|tips?)\b"),
    ("how", r"(?:how|in what way)\b"),
    ("what", r"(?:what|which|name|list)\b"),
    ("yes", r"(?:is|are|was|were|am|do|does|did|can|could|may|might|should|shall|will|would|has|have|had|must)\b"),
)  # fmt: skip
_KIND = [(name, re.compile(pattern)) for name, pattern in _KINDS]
# What an answer to one kind also answers; nothing but itself when it is not here, everything when it is None.
_ALSO: dict[str, frozenset[str] | None] = {
    "": None,
    "what": None,
    "yes": None,
    "how": None,
    "do": frozenset(["what", "yes", "how", "long", "often", ""]),
    "why": frozenset(["how"]),
    "when": frozenset(["old", "hot"]),
    "where": frozenset(),
    "who": frozenset(),
    "often": frozenset(["many", "what", ""]),
    "many": frozenset(["often", "what", "size", ""]),
    "long": frozenset(["old", "size", "many", "what", ""]),
    "old": frozenset(["long", "when", "what", ""]),
    "far": frozenset(["what", ""]),
    "fast": frozenset(["what", ""]),
    "hot": frozenset(["what", "when", ""]),
    "size": frozenset(["long", "what", "many", ""]),
}
_NOT = re.compile(r"\b(?:not|never|no|nothing)\b")
# "What can you do against ants" is about anybody, "why are you so slow" about Alex.
_ALEX = re.compile(r"\b(?:are|were|did) you\b|\byour\b|^(?:why|when|where|who) (?:do|can|would) you\b")
# "Can I freeze you" is about Alex, whatever else can be frozen.
_TO_ALEX = re.compile(
    r"^(?:how |what |why |when |where )?(?:can|may|could|should|do|did|would|will|must) (?:i|we|they|people|one|someone)\b.*\byou$"
)
_AT_ALEX = re.compile(r"\b(?:you|yourself)$")
# How fast a thing is does not tell how big it is, even when an entry knows both.
_MEASURES = frozenset(["often", "many", "long", "old", "far", "fast", "hot", "size"])
_QUESTION = re.compile(
    r"^(?:what|who|when|where|which|how|why|is|are|was|were|do|does|did|can|could|will|would|should|has|have)\b"
)
_TELLS = re.compile(r"^(?:i|my|we|our|he|she|it|they|today|tomorrow|tonight|nobody|everything|life|someone|that|you)\b")
# What tells of a need asks for help: "I need an idea for dinner", "I do not know how to tie a tie".
_NEEDS = re.compile(
    r"^(?:i|we) (?:\w+ )?(?:need|want|wish|would like|would love|look for|looking for|have to|should|must|wonder|do not know|forgot how)\b|\b(?:how|what|why|where|help me|tell me)\b"
)
_WISHES = re.compile(
    r"^(?:tell|give|explain|describe|teach|show|make|help|say|sing|cheer|motivate|let|write|play|recommend|suggest)\b"
)
# Who is president is not who was the first one.
_FIRST = re.compile(r"\b(?:first|second|former)\b")
# "You are smart" is praise, and "are you smart" a question.
_TOLD = re.compile(r"^(?:you|that|it|he|she|they|this) (?:\w+ )?(?:is|are|was|were|can|will|have|do|did)\b|^you \w+$")
# "Where was I born" is not "where were you born".
_MINE = re.compile(r"\b(?:am|was|did|have|had) i\b|^(?:what|who|when|where|which|how old) .*\bmy\b")
_ME = re.compile(r"\b(?:i|my|me|mine|we|our|us)\b")
_OTHERS = re.compile(r"^(?!.*\byou\b).*\b(?:do|does|did|are|is|was|were|can|has|have|will) (?:they|it|he|she)\b")
_OF_ALEX = re.compile(r"\b(?:do|did|are|were|can|have|would) you\b")
_YOU = re.compile(r"\b(?:you|your|yours|yourself)\b")


@lru_cache(maxsize=8192)
def kind(text: str) -> str:
    """Return the kind of a question, an empty text for what is no question."""
    return next((name for name, pattern in _KIND if pattern.match(text)), "")


def fits(asked: str, answered: frozenset[str]) -> bool:
    """Tell whether an entry whose questions are of some kinds may answer a question of this one."""
    also = _ALSO[asked]
    return also is None or asked in answered or bool(also & answered)


@lru_cache(maxsize=8192)
def asks(text: str) -> bool:
    """Tell whether a text is a question, or a wish to be told something."""
    return bool(kind(text)) or bool(_WISHES.match(text))


@lru_cache(maxsize=8192)
def tells(text: str) -> bool:
    """Tell whether a text only tells something: no question, and no wish for help either."""
    return bool(_TELLS.match(text)) and not _NEEDS.search(text)


@dataclass(frozen=True)
class _Traits:
    """What a sentence is like, as far as it matters for what it can not mean."""

    kind: str
    denies: bool
    first: bool
    tells: bool  # of Alex or a thing: "you are smart"
    asks: bool
    states: bool
    mine: bool
    me: bool
    you: bool
    others: bool
    of_alex: bool
    alex: bool
    to_alex: bool  # "can i freeze you"
    ends_on_alex: bool


@lru_cache(maxsize=32768)
def _traits(text: str) -> _Traits:
    return _Traits(
        kind=kind(text),
        denies=bool(_NOT.search(text)),
        first=bool(_FIRST.search(text)),
        tells=bool(_TOLD.match(text)),
        asks=bool(_QUESTION.match(text)),
        states=bool(_TELLS.match(text)),
        mine=bool(_MINE.search(text)),
        me=bool(_ME.search(text)),
        you=bool(_YOU.search(text)),
        others=bool(_OTHERS.search(text)),
        of_alex=bool(_OF_ALEX.search(text)),
        alex=bool(_ALEX.search(text)),
        to_alex=bool(_TO_ALEX.search(text)),
        ends_on_alex=bool(_AT_ALEX.search(text)),
    )


def opposed(text: str, phrase: str) -> bool:
    """Tell whether a phrase cannot be meant: it denies what was said, or does not speak of Alex as the text does."""
    said, known = _traits(text), _traits(phrase)
    return (
        (not said.kind and said.denies != known.denies)
        or (known.first and not said.first)
        or (said.tells and known.kind == "yes")
        # "I go on holiday tomorrow" does not answer "is tomorrow a holiday".
        or (said.asks and known.states)
        or (said.mine and not said.you and known.you and not known.me)
        or (said.others and known.of_alex)
        or (said.alex and not known.you)
        or (said.to_alex and not known.ends_on_alex)
        or _other_measure(said.kind, known.kind)
    )


def _other_measure(said: str, known: str) -> bool:
    also = _ALSO.get(said) or frozenset()
    return said != known and said in _MEASURES and known in _MEASURES and known not in also
