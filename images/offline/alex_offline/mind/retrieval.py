"""Find the known question nearest to what was asked: word weights first, sound when the words fail."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from . import kinds
from .normalise import stem
from .numbers import values

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# A phrase is near enough when its words agree by this much; set with the tables in tests/offline/mind.
NEAR = 0.68
# What the caller tells is answered by a question's answer only when it is nearly that question.
TOLD = 0.9
# Sounding alike is weaker proof than the same words, so it has to be closer.
SOUNDS_LIKE = 0.78
_UNKNOWN_WEIGHT = 1.0  # a word no phrase has counts as the rarest: it is probably what the question is about
_LIGHT = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "for",
        "from",
        "by",
        "with",
        "is",
        "be",
        "do",
        "i",
        "you",
        "me",
        "my",
        "your",
        "it",
        "that",
        "this",
        "and",
        "or",
        "some",
        "any",
        "there",
        "what",
        "can",
        "would",
        "may",
        "might",
        "could",
        "should",
        "will",
        "have",
        "get",
        "go",
        "please",
        "one",
        "so",
        "very",
        "really",
        "just",
        "about",
        "much",
        "bit",
        "little",
        "few",
        "some",
        "good",
        "nice",
        "kind",
        "type",
        "best",
        "way",
        "right",
        "make",
        "us",
        "we",
        "world",
        "people",
        "person",
        "not",
        "does",
        "need",
        "know",
    ],
)
_LIGHT_WEIGHT = 0.1  # words of grammar hardly tell questions apart
_COUNT_WEIGHT = 0.3  # "how long do I boil two eggs" asks the same as one
_ABOUT_ELSE = 0.72  # so that only what is nearly the same still counts
_DOING = re.compile(
    r"^(?:how (?:do|to|can|should|would)|what (?:should|can|could) i|"
    r"i (?:need|want|am|have|can not)|any|help|there (?:is|are)|my)\b"
)
_POINTERS = frozenset(["it", "they", "them", "he", "she", "him"])
_POINTS = re.compile(
    r"^(?!.*\b(?:take|true|safe|okay|mean|cost|rain|snow|bad|good|healthy|possible|normal|better|hurt)\b)"
    r".*\b(?:do|does|did|are|is|was|were|can|has|have|will) (?:they|it|he|she)\b"
)
# "What is a tomato" does not ask for its colour.
_WHAT_IS = re.compile(r"^what (?:is|are) (?:an? )?\w+(?: \w+)?$")
_MORE = 3  # words of weight that the longer question may have besides
_HALF = 0.5  # a phrase less like the query than this shares a word with it, not a meaning
_TELLING = 0.5  # weight from which a known word is proof that it was meant
_FEWEST_FUZZY = 5  # letters; shorter words have too many neighbours
_SPELLING_NEAR = 0.8  # difflib ratio: one wrong letter in five
_MISHEARD = 0.75  # difflib ratio of the sounds of what two sentences do not share


@dataclass(frozen=True)
class Hit:
    """A phrase that was found: whose it is, which one, and how near (1 is the same)."""

    owner: int
    phrase: str
    score: float


class Index:
    """Phrases with an owner each, searched by what they say and by how they sound."""

    def __init__(self, phrases: Sequence[tuple[str, int]]) -> None:
        self._phrases = list(phrases)
        self._same = {phrase: at for at, (phrase, _) in reversed(list(enumerate(self._phrases)))}
        stems = [_features(phrase) for phrase, _ in self._phrases]
        self._owned: dict[int, set[str]] = defaultdict(set)
        asked: dict[int, set[str]] = defaultdict(set)
        for (phrase, owner), found in zip(self._phrases, stems, strict=True):
            self._owned[owner].update(found)
            asked[owner].add(kinds.kind(phrase))
        self._kinds = {owner: frozenset(found) for owner, found in asked.items()}
        self._weights = _weights(self._owned.values())
        self._rows = [{word: self._weights[word] for word in found} for found in stems]
        self._totals = [sum(row.values()) for row in self._rows]
        self._heavy = [{word for word, weight in row.items() if weight > _LIGHT_WEIGHT} for row in self._rows]
        self._postings: dict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(self._rows):
            for word in row:
                self._postings[word].append(at)
        self._initials: dict[str, list[str]] = defaultdict(list)
        for word in self._weights:
            self._initials[word[0]].append(word)
        self._sounds = [_sound_grams(phrase) for phrase, _ in self._phrases]
        self._lengths = [sum(sound.values()) for sound in self._sounds]
        self._pieces: dict[str, list[int]] = defaultdict(list)
        for at, sound in enumerate(self._sounds):
            for piece in sound:
                self._pieces[piece].append(at)
        # A call is gone through again at every turn: what was said before is not searched again.
        self.search = lru_cache(maxsize=4096)(self._search)
        self.sounding = lru_cache(maxsize=1024)(self._sounding)
        self._near = lru_cache(maxsize=4096)(self._closest)

    def _search(self, text: str) -> Hit | None:
        """Return the nearest phrase, or None when nothing shares a word of weight with the text."""
        if (same := self._same.get(text)) is not None:
            return Hit(self._phrases[same][1], text, 1.0)
        query = self._query(text)
        total = sum(query.values())
        shared = self._candidates(query, total)
        scores = {at: 2 * weight / (total + self._totals[at]) for at, weight in shared.items()}
        ranked = sorted(scores, key=lambda at: (-scores[at], at))
        best = next((at for at in ranked if self._may_answer(text, at, scores[at])), None)
        if best is None:
            return None
        pointing = bool(_POINTS.search(text))
        score = scores[best] * self._about_else(text, best, query, pointing=pointing)
        if (
            score < NEAR
            and not pointing
            and (other := self._covering(text, query, scores) or self._within(text, query, shared))
        ):
            return other
        return Hit(self._phrases[best][1], self._phrases[best][0], score)

    def _query(self, text: str) -> dict[str, float]:
        """Return the words of a text as the phrases know them, each with its weight."""
        query: dict[str, float] = {}
        manners = {stem(word) for word in text.split() if word.endswith("ly") and len(word) > _FEWEST_FUZZY}
        counted = kinds.kind(text) in {"do", "long"}
        for word in _features(text):
            known = word if word in self._weights else self._near(word)
            # An unknown "quickly" or "politely" says how, not what.
            unknown = _LIGHT_WEIGHT if word in manners else _weight(word, _UNKNOWN_WEIGHT)
            weight = self._weights[known] if known else unknown
            query[known or word] = min(weight, _COUNT_WEIGHT) if counted and values(word) else weight
        return query

    def _candidates(self, query: dict[str, float], total: float) -> dict[int, float]:
        """Return the phrases that may be like the query, each with the weight of the words they share.

        A phrase that shares less than a third of the query's weight is less than half like it, so the lightest words
        of the query, up to a third of its weight, need no looking up: that saves the very long lists.
        """
        found: set[int] = set()
        passed = 0.0
        for word, weight in sorted(query.items(), key=lambda pair: pair[1]):
            passed += weight
            if passed >= total / 3:
                found.update(self._postings.get(word, ()))
        rows = self._rows
        return {at: sum(weight for word, weight in query.items() if word in rows[at]) for at in found}

    def _about_else(self, text: str, at: int, query: dict[str, float], *, pointing: bool) -> float:
        """Return what a score is worth when the text or the phrase names a thing that the other does not."""
        worth = 1.0
        # A question with a rare word that the phrase has not is about something else.
        missing = max((weight for word, weight in query.items() if word not in self._rows[at]), default=0.0)
        if missing > _TELLING or (missing > _LIGHT_WEIGHT and missing >= max(query.values())):
            worth *= _ABOUT_ELSE
        if (pointing or _WHAT_IS.match(text)) and self._names_more(at, query):
            worth *= _ABOUT_ELSE
        return worth

    def _may_answer(self, text: str, at: int, score: float) -> bool:
        """Tell whether a phrase may be meant at all, however many words it shares with the text."""
        phrase, owner = self._phrases[at]
        return (
            kinds.fits(kinds.kind(text), self._kinds[owner])
            and not kinds.opposed(text, phrase)
            # Who tells that the dog likes carrots did not ask whether dogs may eat them.
            and (score >= TOLD or not kinds.tells(text) or not kinds.asks(phrase))
        )

    def _names_more(self, at: int, query: dict[str, float]) -> bool:
        """Tell whether a phrase is about more than the text: `how tall is it` does not ask for an elephant."""
        phrase = set(self._phrases[at][0].split())
        return not phrase & _POINTERS and any(
            word not in query and w > _LIGHT_WEIGHT for word, w in self._rows[at].items()
        )

    def _covering(self, text: str, query: dict[str, float], scores: dict[int, float]) -> Hit | None:
        """Return a phrase half like the query whose owner's phrases together have every word of weight in it."""
        heavy = {word for word, weight in query.items() if weight > _LIGHT_WEIGHT}
        if len(heavy) <= 1:
            return None
        half = [at for at, score in scores.items() if score > _HALF and heavy <= self._owned[self._phrases[at][1]]]
        for at in sorted(half, key=lambda row: (-scores[row], row)):
            if self._may_answer(text, at, NEAR):
                return Hit(self._phrases[at][1], self._phrases[at][0], NEAR)
        return None

    def _within(self, text: str, query: dict[str, float], shared: dict[int, float]) -> Hit | None:
        """Return a phrase that is all in the query: `how do I make tea` in `how do I make a good cup of tea`.

        Only for what one can do: in `how many bones has a shark`, the one word more is what it is about.
        """
        if not _DOING.match(text):
            return None
        heavy = {word for word, weight in query.items() if weight > _LIGHT_WEIGHT}
        inside = [at for at in shared if len(own := self._heavy[at]) > 1 and own <= heavy and len(heavy - own) <= _MORE]
        for at in sorted(inside, key=lambda row: (-shared[row], row)):
            if self._may_answer(text, at, NEAR):
                return Hit(self._phrases[at][1], self._phrases[at][0], NEAR)
        return None

    def _sounding(self, text: str) -> Hit | None:
        """Return the phrase that sounds most alike, for what a recogniser spelled in other words."""
        grams = _sound_grams(text)
        if not grams or _POINTS.search(text):
            return None
        near = [
            (score, at) for at in self._alike(text, grams) if (score := _dice(grams, self._sounds[at])) >= SOUNDS_LIKE
        ]
        for score, at in sorted(near, key=lambda pair: (-pair[0], pair[1])):
            if self._may_answer(text, at, score) and _misheard(text, self._phrases[at][0]):
                return Hit(self._phrases[at][1], self._phrases[at][0], score)
        return None

    def _alike(self, text: str, grams: Counter[str]) -> set[int]:
        """Return the phrases that may sound like a text: of its length, with one of its rarer pieces of sound."""
        size = sum(grams.values())
        least = size * SOUNDS_LIKE / (2 - SOUNDS_LIKE)  # so many pieces have to be the same
        found: set[int] = set()
        passed = 0
        for piece, count in sorted(grams.items(), key=lambda pair: -len(self._pieces.get(pair[0], ()))):
            passed += count
            if passed >= least:
                found.update(self._pieces.get(piece, ()))
        # A word that is known and rare was hardly misheard: the phrase has to have it.
        known = {word for word in _features(text) if self._weights.get(word, 0) > _TELLING}
        most = size * size / least
        return {at for at in found if least <= self._lengths[at] <= most and known <= self._rows[at].keys()}

    def _closest(self, word: str) -> str | None:
        if len(word) < _FEWEST_FUZZY:
            return None
        found = get_close_matches(word, self._initials.get(word[0], ()), n=1, cutoff=_SPELLING_NEAR)
        return found[0] if found else None


def _weights(owned: Collection[set[str]]) -> dict[str, float]:
    """Return the weight of every word: how few owners have it, however many ways each has to say it."""
    counts = Counter(word for words in owned for word in words)
    total = len(owned) + 1
    return {word: _weight(word, math.log(total / n) / math.log(total)) for word, n in counts.items()}


def _weight(word: str, rarity: float) -> float:
    return _LIGHT_WEIGHT if word in _LIGHT else max(rarity, _LIGHT_WEIGHT)


def _features(text: str) -> dict[str, None]:
    """Return the stems of a text, in order and once each."""
    return dict.fromkeys(stem(word) for word in text.split())


_SOUNDS = (
    (r"\bwh", "w"), (r"\bkn", "n"), (r"\bwr", "r"), (r"ph", "f"), (r"gh(?=t)|gh\b", ""), (r"tion|sion", "shn"),
    (r"ck|q|c(?![eiyh])", "k"), (r"c(?=[eiy])|z|x", "s"),
)  # fmt: skip
_VOWELS = ((r"[aeiouyhw]+", "a"), (r"(.)\1+", r"\1"))
# In a whole sentence what is said with the same lips and tongue counts as the same.
_ROUGH = ((r"ch|tch|j|dg", "g"), (r"th|t|d", "t"), (r"v|f", "f"), (r"b|p", "p"))
# Between two words it is what tells them apart, as it does Bruges and Prague.
_FINE = ((r"tch|ch", "C"), (r"dg|g(?=[eiy])", "j"), (r"th", "T"))
_ROUGHLY = [(re.compile(pattern), new) for pattern, new in (*_SOUNDS, *_ROUGH, *_VOWELS)]
_FINELY = [(re.compile(pattern), new) for pattern, new in (*_SOUNDS, *_FINE, *_VOWELS)]


def _sound(text: str, rules: list[tuple[re.Pattern[str], str]] = _ROUGHLY) -> str:
    """Return how a text sounds, with no regard to where words end."""
    sound = text
    for pattern, new in rules:
        sound = pattern.sub(new, sound)
    return re.sub(r"(.)\1+", r"\1", sound.replace(" ", ""))


@lru_cache(maxsize=4096)
def _sound_grams(text: str) -> Counter[str]:
    """Return the three-letter pieces of a text's sound."""
    sound = _sound(text)
    return Counter(sound[i : i + 3] for i in range(len(sound) - 2))


def _misheard(text: str, phrase: str) -> bool:
    """Tell whether what two sentences do not share sounds alike, so that one may have been heard as the other.

    Two questions in the same words but for one are about that one word, so its own sound counts more finely.
    """
    left, right = text.split(), phrase.split()
    mine = [word for word in left if word not in right]
    other = [word for word in right if word not in left]
    rules = _FINELY if len(mine) == len(other) == 1 else _ROUGHLY
    sound, known = (_sound(" ".join(words), rules) for words in (mine, other))
    return SequenceMatcher(None, sound, known).ratio() >= _MISHEARD


def _dice(left: Counter[str], right: Counter[str]) -> float:
    return 2 * sum((left & right).values()) / (sum(left.values()) + sum(right.values()) or 1)
