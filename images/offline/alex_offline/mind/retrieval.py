"""Find the known question nearest to what was asked: word weights first, sound when the words fail."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from .normalise import stem

if TYPE_CHECKING:
    from collections.abc import Sequence

# A phrase is near enough when its words agree by this much; set with the tables in tests/offline/mind.
NEAR = 0.68
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
_ABOUT_ELSE = 0.72  # so that only what is nearly the same still counts
_DOING = re.compile(
    r"^(?:how (?:do|to|can|should|would)|what (?:should|can|could) i|"
    r"i (?:need|want|am|have|can not)|any|help|there (?:is|are)|my)\b"
)
_MORE = 3  # words of weight that the longer question may have besides
_HALF = 0.5  # a phrase less like the query than this shares a word with it, not a meaning
_TELLING = 0.5  # weight from which a known word is proof that it was meant
_FEWEST_FUZZY = 5  # letters; shorter words have too many neighbours
_SPELLING_NEAR = 0.8  # difflib ratio: one wrong letter in five


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
        counts: Counter[str] = Counter()
        stems = [_features(phrase) for phrase, _ in self._phrases]
        for found in stems:
            counts.update(set(found))
        total = len(self._phrases) + 1
        top = math.log(total)
        self._weights = {word: _weight(word, math.log(total / n) / top) for word, n in counts.items()}
        self._rows = [{word: self._weights[word] for word in found} for found in stems]
        self._totals = [sum(row.values()) for row in self._rows]
        self._heavy = [{word for word, weight in row.items() if weight > _LIGHT_WEIGHT} for row in self._rows]
        self._owned: dict[int, set[str]] = defaultdict(set)
        for (_, owner), row in zip(self._phrases, self._rows, strict=True):
            self._owned[owner].update(row)
        self._postings: dict[str, list[int]] = defaultdict(list)
        for at, row in enumerate(self._rows):
            for word in row:
                self._postings[word].append(at)
        self._sounds = [_sound_grams(phrase) for phrase, _ in self._phrases]
        # A call is gone through again at every turn: what was said before is not searched again.
        self.search = lru_cache(maxsize=4096)(self._search)
        self.sounding = lru_cache(maxsize=1024)(self._sounding)
        self._near = lru_cache(maxsize=4096)(self._closest)

    def _search(self, text: str) -> Hit | None:
        """Return the nearest phrase, or None when nothing shares a word of weight with the text."""
        query: dict[str, float] = {}
        manners = {stem(word) for word in text.split() if word.endswith("ly") and len(word) > _FEWEST_FUZZY}
        for word in _features(text):
            known = word if word in self._weights else self._near(word)
            # An unknown "quickly" or "politely" says how, not what.
            unknown = _LIGHT_WEIGHT if word in manners else _weight(word, _UNKNOWN_WEIGHT)
            query[known or word] = self._weights[known] if known else unknown
        shared: dict[int, float] = defaultdict(float)
        for word, weight in query.items():
            for at in self._postings.get(word, ()):
                shared[at] += weight
        if not shared:
            return None
        total = sum(query.values())
        best = max(shared, key=lambda at: (shared[at] / (total + self._totals[at]), -at))
        score = 2 * shared[best] / (total + self._totals[best])
        # A question with a rare word that the phrase has not is about something else.
        missing = max((weight for word, weight in query.items() if word not in self._rows[best]), default=0.0)
        if missing > _TELLING or (missing > _LIGHT_WEIGHT and missing >= max(query.values())):
            score *= _ABOUT_ELSE
        if score < NEAR and (other := self._covering(query, shared, total) or self._within(text, query, shared)):
            return other
        return Hit(self._phrases[best][1], self._phrases[best][0], score)

    def _covering(self, query: dict[str, float], shared: dict[int, float], total: float) -> Hit | None:
        """Return a phrase half like the query whose owner's phrases together have every word of weight in it."""
        heavy = {word for word, weight in query.items() if weight > _LIGHT_WEIGHT}
        found: tuple[float, int] = (0.0, -1)
        for at, weight in shared.items():
            score = 2 * weight / (total + self._totals[at])
            if score > max(found[0], _HALF) and heavy <= self._owned[self._phrases[at][1]]:
                found = (score, at)
        at = found[1]
        return Hit(self._phrases[at][1], self._phrases[at][0], NEAR) if at >= 0 and len(heavy) > 1 else None

    def _within(self, text: str, query: dict[str, float], shared: dict[int, float]) -> Hit | None:
        """Return a phrase that is all in the query: `how do I make tea` in `how do I make a good cup of tea`.

        Only for what one can do: in `how many bones has a shark`, the one word more is what it is about.
        """
        if not _DOING.match(text):
            return None
        heavy = {word for word, weight in query.items() if weight > _LIGHT_WEIGHT}
        inside = [at for at in shared if len(own := self._heavy[at]) > 1 and own <= heavy and len(heavy - own) <= _MORE]
        if not inside:
            return None
        at = max(inside, key=lambda row: (shared[row], -row))
        return Hit(self._phrases[at][1], self._phrases[at][0], NEAR)

    def _sounding(self, text: str) -> Hit | None:
        """Return the phrase that sounds most alike, for what a recogniser spelled in other words."""
        # A word that is known and rare was hardly misheard: the phrase has to have it.
        grams = _sound_grams(text)
        if not grams:
            return None
        known = {word for word in _features(text) if self._weights.get(word, 0) > _TELLING}
        at, score = max(
            ((i, _dice(grams, sound)) for i, sound in enumerate(self._sounds) if known <= self._rows[i].keys()),
            key=lambda pair: pair[1],
            default=(0, 0.0),
        )
        return Hit(self._phrases[at][1], self._phrases[at][0], score)

    def _closest(self, word: str) -> str | None:
        if len(word) < _FEWEST_FUZZY:
            return None
        found = get_close_matches(word, self._weights, n=1, cutoff=_SPELLING_NEAR)
        return found[0] if found and found[0][0] == word[0] else None


def _weight(word: str, rarity: float) -> float:
    return _LIGHT_WEIGHT if word in _LIGHT else max(rarity, _LIGHT_WEIGHT)


def _features(text: str) -> dict[str, None]:
    """Return the stems of a text, in order and once each."""
    return dict.fromkeys(stem(word) for word in text.split())


_SOUNDS = [
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\bwh", "w"), (r"\bkn", "n"), (r"\bwr", "r"), (r"ph", "f"), (r"gh(?=t)|gh\b", ""), (r"tion|sion", "shn"),
        (r"ck|q|c(?![eiyh])", "k"), (r"c(?=[eiy])|z|x", "s"), (r"ch|tch|j|dg", "g"), (r"th|t|d", "t"), (r"v|f", "f"),
        (r"b|p", "p"), (r"[aeiouyhw]+", "a"), (r"(.)\1+", r"\1"),
    )
]  # fmt: skip


@lru_cache(maxsize=4096)
def _sound_grams(text: str) -> Counter[str]:
    """Return the three-letter pieces of a text's sound, with no regard to where words end."""
    sound = text
    for pattern, new in _SOUNDS:
        sound = pattern.sub(new, sound)
    sound = re.sub(r"(.)\1+", r"\1", sound.replace(" ", ""))
    return Counter(sound[i : i + 3] for i in range(len(sound) - 2))


def _dice(left: Counter[str], right: Counter[str]) -> float:
    return 2 * sum((left & right).values()) / (sum(left.values()) + sum(right.values()) or 1)
