# ruff: noqa: E501  tables read best on one line
"""A second, more forgiving look for a known question: by what it is about, whatever the words, order and voice.

Only for what the first look does not know. It compares sets of what is meant: words of one meaning count as the same,
and what hardly matters is left out.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from . import kinds, voices
from .normalise import stem

if TYPE_CHECKING:
    from collections.abc import Sequence

# Every line is one meaning, in stems or whole words; the first stands for all.
_SAME = """
clog block unclog unblock blockage
chicken hen
contain include rich full provide
mouldy mold mould moldy
tyre tire
mobile cell cellphone smartphone
flat apartment
rubbish trash garbage
tap faucet
holiday vacation
sweet candy
aeroplane airplane plane jet
lorry truck
petrol gasoline fuel
cinema theater
sick ill unwell poorly
cry weep
begin start
end finish stop
ended over
lifespan expectancy
street road
dirty filthy
remove rid eliminate
clean wash
mend fix repair
bake cook
child toddler son daughter
baby infant newborn
doctor physician
rabbit bunny
dog puppy doggy pup
cat kitty pussycat
pig hog
belly stomach tummy
hoover vacuum
lawn grass
sofa couch settee
jumper sweater pullover
trousers pants
bin dustbin
maths math mathematics
football soccer
film movie
ocean sea
weird strange odd
scream shout yell
big huge giant enormous
small tiny
fast quick speedy
afraid frightened terrified
shop store supermarket
buy purchase
wage salary pay
cheap inexpensive
grandmother grandma granny nan nana
grandfather grandpa granddad grandad
mother mum mummy mommy
father dad daddy
kitten kitty
insect bug
bulb lightbulb
blue azure
cloth clothes clothing
world earth globe
lettuce salad
potato spud
biscuit cookie
chips fries
aubergine eggplant
burn burnt scorch
spill spilt
courgette zucchini
prawn shrimp
coriander cilantro
mince hamburger
freeze frozen
hiccup hiccough
help assist
turn change become go
""".strip()
_MEANS: dict[str, str] = {}
for _line in _SAME.splitlines():
    _first, *_others = _line.split()
    for _word in (_first, *_others):
        _MEANS.setdefault(stem(_word), stem(_first))
# Said for politeness, measure or manner: a question is the same with and without them.
_DROPPED = re.compile(
    r"\b(?:a lot of|lots of|plenty of|a great deal of|loads of|high amounts? of|an? amount of|(?:high|rich) in|in (?:them|it)|for (?:an )?(?:adults?|grown ups?|me|you|us|beginners)|"
    r"(?:the|this) (?:word|term)|grown up|(?:an? )?adults?|human beings?|humans?|these days|nowadays|at the moment|at home|at all|all right|in general|generally|usually|usual|normally|normal|average|typical|typically|"
    r"actually|exactly|really|truly|ever|still|also|maybe|perhaps|probably|supposed to|meant to|ought to|have to|need to|manage to|able to|want to|like to|love to|try to|tend to|get to|happen to|"
    r"in (?:the|this|all the|whole|entire|our) (?:whole |entire )?world|on (?:the )?(?:earth|planet)|in the (?:human )?body|our body|of all time|that (?:ever )?(?:lived|existed)|each other|your own|my own|on my own|by myself|"
    r"as well|right away|of course|let us say|say|roughly|approximately|around about|more or less|or so|"
    r"what (?:do you think|would you say)|do you think|would you say|is it that|it is that|the reason (?:that|why)|using|only|just|even|own|such|same|own|proper|properly|correctly|safely|nicely|easily|safe way|the easiest way|the quickest way|the fastest way|the best way|a good way|an easy way|the right way)\b"
)  # fmt: skip
_TURNS = re.compile(
    r"\b(?:turn|turns|go|goes|change|changes|become|becomes|get|gets)(?: to)? (?:yellow|red|orange|brown|gold|golden|colours?)\b"
)
_LIGHT = frozenset(
    ["a", "an", "the", "of", "to", "in", "on", "at", "for", "from", "by", "with", "into", "onto", "out", "up", "down", "off", "over", "be", "do", "i", "you", "me", "my", "your", "our", "we", "us", "it", "its", "they", "their", "them", "he", "she", "his", "her", "this", "that", "these", "those", "and", "or", "but", "so", "if", "as", "some", "any", "there", "here", "what", "which", "who", "whom", "whose", "when", "where", "why", "how", "can", "could", "would", "should", "ought", "will", "may", "might", "must", "shall", "have", "has", "had", "get", "got", "go", "take", "need", "use", "make", "give", "put", "keep", "let", "come", "mean", "call", "please", "one", "very", "much", "many", "more", "most", "little", "bit", "few", "lot", "good", "nice", "kind", "type", "sort", "best", "better", "way", "right", "person", "people", "time", "thing", "something", "someone", "somebody", "anybody", "else", "know", "name", "tell", "about", "safe", "okay", "fine", "usual", "then", "than", "too", "yes", "no", "not", "well", "old", "long", "far", "often", "tall", "high", "deep", "amount", "number"]
)  # fmt: skip
# Of these the question's kind says nothing: they tell questions apart after all.
_KEPT = frozenset(["not", "no", "old", "long", "far", "often", "tall", "high", "deep", "make", "best", "off"])
_LIGHT_STEMS = frozenset(stem(word) for word in _LIGHT) - _KEPT
# "When should I prune roses" asks for anybody.
_ANYBODY = re.compile(
    r"\b(?:(?:do|should|ought|can|must|could|would|may|shall) i|(?:should|can|must|could) (?:you|we))\b"
)
_ME = re.compile(r"\b(?:i|my|me|mine)\b")
_YOU = re.compile(r"\b(?:you|your|yourself)\b")
_RARE = 0.55  # weight from which a word alone says what a question is about
_COMMON = 0.62  # a word more than this is another thing
_MORE = 2  # words of weight that a told trouble may have besides
_FEWEST = 2  # words of weight in the shorter question


@lru_cache(maxsize=32768)
def meant(text: str) -> frozenset[str]:
    """Return what a question is about: one word for each meaning, in no order."""
    kept = _TURNS.sub("turn colour", _DROPPED.sub(" ", text.replace("get to know", "meet")))
    found = {stem(word) for word in kept.split()}
    return frozenset(_meaning(word) for word in found if word not in _LIGHT_STEMS)


def _meaning(word: str) -> str:
    return _MEANS.get(word) or _MEANS.get(re.sub(r"(.)\1$", r"\1", word)) or re.sub(r"(.)\1$", r"\1", word)


@lru_cache(maxsize=32768)
def _sort(text: str) -> str:
    """Return the kind of a question as far as two of them have to agree in it."""
    kind = kinds.kind(text)
    if not kind and not kinds.tells(text):
        return "what"  # "lifespan of a cat"
    return "long" if kind == "old" and "live" in text else kind


class Paraphrases:
    """The known questions by what they are about."""

    def __init__(self, phrases: Sequence[tuple[str, int]], answers: Sequence[str]) -> None:
        """Take the questions with the owner of each, and every owner's answer."""
        self._phrases = list(phrases)
        self._rows = [meant(phrase) for phrase, _ in self._phrases]
        self._answers = list(answers)
        self._same: dict[frozenset[str], list[int]] = defaultdict(list)
        self._having: dict[str, list[int]] = defaultdict(list)
        owners: dict[str, set[int]] = defaultdict(set)
        for at, (row, (_, owner)) in enumerate(zip(self._rows, self._phrases, strict=True)):
            if row:
                self._same[row].append(at)
            for word in row:
                self._having[word].append(at)
                owners[word].add(owner)
        total = len(self._answers) + 1
        self._weights = {word: math.log(total / len(found)) / math.log(total) for word, found in owners.items()}
        self.find = lru_cache(maxsize=2048)(self._any)
        self.told = lru_cache(maxsize=2048)(self._told)

    def _any(self, text: str) -> int | None:
        """Return the owner of the question that asks the same, also when it is said in another way."""
        ways = (text, *voices.others(text))
        return next((owner for way in ways if (owner := self._find(way)) is not None), None)

    def _told(self, text: str) -> int | None:
        """Return the owner of the trouble that is told in a text, with no more than two words of weight beside it."""
        told = meant(text)
        found = {at for word in told for at in self._having.get(word, ()) if self._rows[at] <= told}
        fitting = [
            at
            for at in found
            if len(self._rows[at]) >= _FEWEST
            and len(told) - len(self._rows[at]) <= _MORE
            and kinds.tells(self._phrases[at][0])
            and bool(_ME.search(text)) == bool(_ME.search(self._phrases[at][0]))
        ]
        best = max(fitting, key=lambda at: (len(self._rows[at]), -at), default=None)
        return None if best is None else self._phrases[best][1]

    def _find(self, text: str) -> int | None:
        """Return the owner of the question that asks the same, None when there is none or more than one kind of it."""
        asked = meant(text)
        if not asked or not kinds.kind(text):
            return None
        weight = max(self._weights.get(word, 0.0) for word in asked)
        if weight < _RARE and len(asked) < _FEWEST:
            return None
        for row in (self._same.get(asked, ()), self._wider(asked), self._narrower(text, asked)):
            if fitting := [at for at in row if self._agrees(text, at)]:
                return self._phrases[fitting[0]][1]
        return None

    def _agrees(self, text: str, at: int) -> bool:
        phrase = self._phrases[at][0]
        mine, known = _sort(text), _sort(phrase)
        # "My washing machine smells" is told, and its answer says why.
        trouble = mine in {"why", "do"} and not kinds.kind(phrase) and kinds.tells(phrase)
        if (
            mine != known
            and not trouble
            and not (
                ({mine, known} <= {"do", "what"} and _can_do(text) == _can_do(phrase))
                or {mine, known} <= {"how", "why"}
            )
        ):
            return False
        if kinds.opposed(text, phrase) or _first_person(text, phrase):
            return False
        # "Are you cold" is not "are your hands cold", and yes or no depends on every word.
        return mine != "yes" or self._rows[at] == meant(text)

    def _wider(self, asked: frozenset[str]) -> list[int]:
        """Return the known questions that leave out only what their own answer names: the longest river in Africa."""
        if len(asked) <= _FEWEST or not all(word in self._weights for word in asked):
            return []
        found = {at for word in asked for at in self._having[word] if self._rows[at] < asked}
        named = [
            at
            for at in found
            if len(self._rows[at]) >= _FEWEST
            and len(asked) - len(self._rows[at]) == 1
            and asked - self._rows[at] <= _words(self._answers[self._phrases[at][1]])
        ]
        return sorted(named, key=lambda at: (-len(self._rows[at]), at))

    def _narrower(self, text: str, asked: frozenset[str]) -> list[int]:
        """Return the known questions that say one common word more."""
        if len(asked) < _FEWEST or any(word not in self._weights for word in asked):
            return []
        rarest = min(asked, key=lambda word: len(self._having[word]))
        found = [
            at
            for at in self._having[rarest]
            if self._rows[at] > asked
            and len(self._rows[at] - asked) == 1
            and all(self._weights[word] < _COMMON for word in self._rows[at] - asked)
            and _sort(text) == _sort(self._phrases[at][0])
        ]
        return sorted(found, key=lambda at: (sum(self._weights[word] for word in self._rows[at] - asked), at))


def _can_do(text: str) -> bool:
    """Tell whether a question asks what to do, in whichever words."""
    return bool(re.match(r"(?:how|what) (?:do|can|should|could|would|must|ought|is the|to|helps|works)\b", text))


def _first_person(text: str, phrase: str) -> bool:
    """Tell whether only one of two questions is about Alex, or about the caller's own things."""
    if kinds.kind(text) == "do":
        return False
    one, other = text, phrase
    if kinds.kind(text) != "yes":
        one, other = _ANYBODY.sub("", text), _ANYBODY.sub("", phrase)
    return bool(_YOU.search(one)) != bool(_YOU.search(other)) or bool(_ME.search(one)) != bool(_ME.search(other))


@lru_cache(maxsize=4096)
def _words(answer: str) -> frozenset[str]:
    first = re.split(r"(?<=[.!?]) ", answer, maxsplit=1)[0]
    found = {stem(word) for word in re.findall(r"[a-z]+", first.lower())}
    return frozenset(_meaning(word) for word in found)
