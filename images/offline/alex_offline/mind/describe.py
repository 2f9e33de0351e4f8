# ruff: noqa: E501  patterns read best on one line
"""`Tell me about …`: what Alex knows about a thing, whatever question that knowledge was written for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import tales
from .knowledge import reply
from .reply import Answer

if TYPE_CHECKING:
    from .knowledge import Knowledge
    from .talk import Moment

_ASK = re.compile(
    r"^(?:(?:can|could|would|will|do) you )?(?:tell me |talk (?:to me )?|say |give me |know |teach me |explain (?:to me )?|i want to (?:hear|know|learn) |what (?:do|can|could) you (?:know|tell me|say) |i would like to (?:hear|know) |let us talk )?"
    r"(?:me )?(?:something|anything|more|a bit|a bit more|a little|some things|some information|information|everything|all|a few words|some facts|facts)? ?about (?!you\b|your|me\b|my\b|it$|that$|this$|them$|him$|her$)(?:the |a |an )?(.+)$"
)
_LONGEST = 4  # words; more than a name is a story the caller tells


def answer(moment: Moment, know: Knowledge) -> Answer | None:
    """Say what a thing is, or honestly that Alex does not know much about it."""
    found = _ASK.match(moment.core)
    if found is None or len(found[1].split()) > _LONGEST:
        return None
    what = found[1]
    if entry := tales.known(know, what):
        return reply(entry, moment)
    if fact := tales.fact_about(what):
        return Answer(fact, f"about:{what}", {"ask": f"what is {what}"})
    return Answer(
        f"I am sorry, I do not know much about {what}. Ask me a small question about it, maybe I know that.",
        "not_known",
        aside=True,
    )
