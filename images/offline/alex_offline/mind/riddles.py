# ruff: noqa: PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Riddles: one is asked, and what the caller says next is the guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import knowledge
from .reply import Answer

if TYPE_CHECKING:
    from .talk import Moment

TOPIC = "riddle"
_AGAIN = {"again": "tell me a riddle"}
_ASK = re.compile(r"\briddles?\b|\bbrain ?teaser\b|\bpuzzle\b|\bguessing game\b")
_HINT = re.compile(r"\bhint\b|\bclue\b|\bhelp me\b")
_GUESS = re.compile(
    r"^(?:is it |i think |i guess |maybe |it is |a |an |the |i would say |my guess is |could it be )*(.+)$"
)
_GIVE_UP = re.compile(
    r"\b(?:give up|do not know|no idea|tell me|what is it|the answer|solution|not sure|no clue|what)\b"
)
_LONGEST_GUESS = 6  # words


def answer(moment: Moment) -> Answer | None:  # noqa: PLR0911  one way out for each kind of answer
    """Ask a riddle, give a hint, or judge a guess."""
    if _ASK.search(moment.core) and not re.search(r"\bwhat is a riddle\b", moment.core):
        return _ask(moment)
    before = moment.state.answer
    if before is None or before.topic != TOPIC or not before.slots.get("solution"):
        return None
    solution = str(before.slots["solution"])
    if _HINT.search(moment.core):
        return Answer(f"It begins with the letter {solution.rsplit(maxsplit=1)[-1][0].upper()}.", TOPIC, before.slots)
    guess = _GUESS.match(moment.core)
    if guess and solution.rsplit(maxsplit=1)[-1] in moment.core:
        return Answer(f"Yes, that is right! It is {solution}.", TOPIC, _AGAIN)
    if _GIVE_UP.search(moment.core) and len(moment.heard.words) <= _LONGEST_GUESS:
        return Answer(f"It is {solution}.", TOPIC, _AGAIN)
    if (
        guess
        and len(guess[1].split()) <= 2
        and not re.search(r"another|more|next|bye|thank|stop|no\b|why|repeat|again", moment.core)
    ):
        return Answer("Good guess, but no. Try again, or say that you give up.", TOPIC, before.slots)
    return None


def _ask(moment: Moment) -> Answer:
    pairs = list(knowledge.table("riddles").items())
    question = moment.pick(TOPIC, [asked for asked, _ in pairs])
    return Answer(question, TOPIC, {"solution": dict(pairs)[question], **_AGAIN})
