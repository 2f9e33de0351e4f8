# ruff: noqa: E501, PLR2004  patterns read best on one line
"""What an operator's own prompt says: its plain statements answer questions about them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from . import manner
from .normalise import plain, stem
from .reply import Answer

if TYPE_CHECKING:
    from .talk import Moment

TOPIC = "prompt"
# Sentences that tell Alex what to do or who to be are not for the caller.
_ORDER = re.compile(
    r"^(?:you\b|your\b|do not|don't|never|always|answer|be |speak|keep|use|say|tell|ask|when |if |in an|only|short|plain|"
    r"warm|one question|make|explain|no |avoid|respond|reply|help|stay|act|pretend|remember|please|how you|what you|"
    r"get_time|end_call|greet|introduce|mention|offer|refuse|give|talk|sound|let)|\byou (?:are|should|must|can|do|will)\b",
    re.IGNORECASE,
)
_EMPTY = frozenset(["a", "an", "the", "of", "to", "in", "on", "at", "for", "from", "by", "with", "is", "be", "do", "i", "you", "me", "my", "your", "it", "that", "this", "and", "or", "some", "any", "there", "what", "who", "when", "where", "which", "how", "much", "many", "can", "could", "would", "will", "have", "please", "we", "us", "our", "are", "they"])  # fmt: skip
_MEANS = {
    "open": "hour", "close": "hour", "phone": "telephone", "cost": "price", "situat": "address", "locat": "address", "located": "address",
    "contact": "telephone", "opening": "open",
}  # fmt: skip
_ENOUGH, _SOME = 0.6, 0.5  # share of the question's words of weight that a sentence has


def answer(moment: Moment, *, strict: bool = True) -> Answer | None:
    """Answer with the sentence of the prompt that has the question's words; not strict takes half of them."""
    statements = _statements(moment.prompt)
    asked = _stems(moment.core)
    if (
        not statements
        or not asked
        or not re.search(
            r"^(?:and )?(?:what|who|when|where|which|how|is|are|do|does|can|at|on|your|the)\b", moment.core
        )
    ):
        return None
    best, score = max(((text, len(asked & stems) / len(asked)) for text, stems in statements), key=lambda pair: pair[1])
    return Answer(best, TOPIC) if score >= (_ENOUGH if strict else _SOME) else None


@lru_cache(maxsize=64)
def _statements(prompt: str) -> tuple[tuple[str, frozenset[str]], ...]:
    found = []
    for line in prompt.splitlines():
        for sentence in manner.sentences(re.sub(r"^[-*#\s]+", "", line)):
            if "_" in sentence or re.search(r"\bcallers?\b", sentence):
                continue  # about tools, or about how to treat the caller
            clean = manner.clean(sentence)
            if clean and len(clean.split()) > 2 and clean[-1] not in "?:" and not _ORDER.search(clean):
                text = clean if clean[-1] in ".!" else f"{clean}."
                found.append((text, frozenset(_stems(plain(sentence)))))
    return tuple(found)


def _stems(text: str) -> set[str]:
    stems = {stem(word) for word in text.split() if word not in _EMPTY}
    stems -= _EMPTY
    return {_MEANS.get(word, word) for word in stems}
