# ruff: noqa: E501  patterns read best on one line
"""Stories, jokes, poems and facts about what the caller asks for, and an honest word when there is none about it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from . import kinds, knowledge
from .normalise import stem
from .reply import Answer

if TYPE_CHECKING:
    from .knowledge import Knowledge
    from .talk import Moment

# What a tale is called, and the topic of the knowledge that has some about anything.
_KINDS = {"story": "story", "tale": "story", "joke": "joke", "poem": "poem", "rhyme": "poem", "verse": "poem", "fact": "fun_fact", "song": "poem", "riddle": ""}  # fmt: skip
# What it is called to the caller, and in its table.
_NAMES = {"story": "story", "joke": "joke", "poem": "poem", "fun_fact": "fact"}
_ASK = re.compile(
    r"^(?:(?:i|can you|could you|do you|would you|will you|let us|please) )?(?:.*\b(?:tell|give|say|know|read|make|recite|want|hear|like|write|sing|have|need|share|another|for)\b.*|.*\b(?:an?|some|any|short|funny|bedtime|another)) ?"
    r"\b(story|tale|joke|poem|rhyme|verse|fact|song)s?\b(.*)$"
)
_ABOUT = re.compile(r"^ ?.*?\b(?:about|on|of|with|for|in which|where)\b (.+)$")
_BEFORE = re.compile(
    r"\b(?:an?|some|any|another|me|us|more)\b (?:(?:short|little|nice|good|funny|bedtime|fairy|fun|long|quick|new|really|very|interesting|cool|random|bed time|small|beautiful|old|true|great|sweet|lovely|dad|kids|children s|nursery) )*(\w+) (?:story|tale|joke|poem|fact)s?\b"
)
_SELF = re.compile(
    r"^(?:me|us|you|my (?:son|daughter|kids?|children|child|little (?:boy|girl|one)|baby|grandson|granddaughter|boy|girl)|(?:the )?(?:kids?|children|bed|night|bedtime|going to sleep)|a child|tonight|anything|something|that|it|your choice|sleeping)\b(?: (?:to sleep|at night|tonight|about)\b)? ?"
)
_SKIP = frozenset(["a", "an", "the", "my", "your", "our", "some", "any", "of", "and", "with", "who", "that", "is", "was", "in", "on", "at", "to", "for", "me", "us", "please", "really", "very", "who", "s", "his", "her", "little", "big"])  # fmt: skip
_NOT_A_TALE = re.compile(r"\b(?:what is|who (?:wrote|invented|told|sang)|how (?:do|to|can)|write (?:a|my) (?:book|paper)|long story|in fact|true|another story|why|(?:i|he|she|they|we) (?:told|wrote|heard|read|know)|difference|moral)\b")  # fmt: skip


def answer(moment: Moment, know: Knowledge) -> Answer | None:
    """Tell something about what was asked for; without a topic, the knowledge has its own."""
    found = _ASK.match(moment.core)
    if found is None or _NOT_A_TALE.search(moment.core):
        return None
    kind = _KINDS[found[1]]
    said = _topic(moment.core, found[2])
    wanted = " ".join(word for word in said.split() if word not in _SKIP)
    if not wanted:
        return None
    own = [text for words, text in _tales(kind) if words & {stem(word) for word in wanted.split()}]
    at = moment.told(f"{kind}:{said}")
    if at < len(own):
        return _told(own[at], kind, said)
    if kind == "fun_fact" and at == len(own) and (entry := known(know, wanted)):
        return knowledge.reply(entry, moment)
    return _another(moment, kind, said, at, bool(own), know)


def _another(moment: Moment, kind: str, said: str, at: int, had_one: bool, know: Knowledge) -> Answer | None:
    """Tell a tale about something else, and say so."""
    others = next((entry.say for entry in know.entries if entry.topic == kind), ())
    if not others:
        return None
    first = moment.past[0].heard.core if moment.past else moment.core
    text = others[(sum(first.encode()) + at) % len(others)]
    about = re.sub(r"\bmy\b", "your", said)
    lead = f"I have no {_NAMES[kind]} about {about}, but here is another. "
    if had_one or at:
        lead = "That was all I have about it, but here is another. " if had_one and at == 1 else ""
    return _told(lead + text, kind, said)


def known(know: Knowledge, what: str) -> knowledge.Entry | None:
    """Return the entry that tells what or who something is."""
    for ask in ("tell me about", "what is a", "what is", "what are", "who was", "who is", "what was"):
        entry, score = know.nearest(f"{ask} {what}")
        if entry is not None and score >= _SURE and not entry.tool and _tells_what(entry):
            return entry
    return None


def _tells_what(entry: knowledge.Entry) -> bool:
    """Tell whether an entry says what something is, and not only what one can do about it."""
    return any(kinds.kind(ask) not in {"", "do"} or ask.startswith("tell me") for ask in entry.ask)


def fact_about(what: str) -> str:
    """Return a fact about something, empty when there is none."""
    stems = {stem(word) for word in what.split()}
    return next((text for words, text in _tales("fun_fact") if words & stems), "")


_SURE = 0.85  # one word more or less is about something else


def _told(text: str, kind: str, wanted: str) -> Answer:
    name = _NAMES[kind]
    return Answer(text, f"{kind}:{wanted}", {"again": f"tell me a {name} about {wanted}"})


def _topic(core: str, after: str) -> str:
    """Return what it should be about: behind the word about, or in front of the word story."""
    match = _ABOUT.match(after)
    what = match[1] if match else ""
    while (shorter := _SELF.sub("", what)) != what:
        again = _ABOUT.match(shorter)
        what = again[1] if again else shorter
    if not what and (before := _BEFORE.search(core)):
        what = before[1]
        if what in _PLAIN:
            return ""
    return " ".join(what.split()[:4])


_PLAIN = frozenset(["short", "little", "nice", "good", "funny", "bedtime", "fairy", "fun", "long", "quick", "new", "interesting", "random", "another", "me", "us", "more", "one", "dad", "kids"])  # fmt: skip


@lru_cache(maxsize=8)
def _tales(kind: str) -> tuple[tuple[frozenset[str], str], ...]:
    """Return the tales of a kind, each with the stems of what it is about."""
    tales = knowledge.read("tales.toml").get(_NAMES.get(kind, ""), {})
    return tuple((frozenset(stem(word) for word in words.split()), text) for words, text in tales.items())
