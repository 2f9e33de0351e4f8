# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Short follow-ups that only make sense after the turn before: another one, why, and what about this."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from . import knowledge, refer
from .normalise import hear
from .reply import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .knowledge import Knowledge
    from .normalise import Heard
    from .talk import Moment

_AGAIN = re.compile(
    r"^(?:and |now |okay |yes )*(?:(?:can you |could you |i want (?:to hear )?|i would like (?:to hear )?|do you (?:know|have) )?"
    r"(?:tell me |say |give me |do |know |have |let us hear |let us do )?"
    r"(?:(?:yet )?another(?: one| joke| story| riddle| fact| tip| poem| idea)?|one more(?: \w+)?|(?:some )?more(?: \w+)?|a different (?:one|\w+)|something else|"
    r"the next(?: one)?|next(?: one)?|a better one|any (?:other|more)(?: \w+)?|more of (?:that|those|them)|anything else|what else|a new one))(?: please| about it| about that)?$",
)
_WHY = re.compile(
    r"^(?:but |and |so )*(?:why|how come|why is that|why not|for what reason|why is it so|why so|why do you say that|what is the reason|why are you|why can you not|i do not (?:get|understand) (?:it|that|the joke)|explain (?:that|it|the joke)|what does that mean|can you explain (?:that|it))$"
)
_ABOUT = re.compile(
    r"^(?:(?:and|or|so|then|okay) )*(?:what about|how about|and|or|what if|and what about|same for|for|with|in) (?:if )?(?:the |a |an |my |of |for |in |on |to |with )*(.+)$"
)
_YOU = re.compile(
    r"^(?:and |what about |how about )*(?:you|yourself|yours)(?: too| alex)?$|^(?:and )?(?:what|which) is yours$|^do you(?: too)?$|^are you$"
)
_SPELL = re.compile(
    r"^(?:how (?:do you|do i|to|is that|can i) )?(?:spell|write|spelled|spelt) (?:that|it|this)$|how is (?:that|it) (?:spelled|written)|^spell (?:it|that)$|^how do you (?:spell|write) (?:that|it)$"
)
_WHEN = re.compile(
    r"^(when|where|who|how|how long|how long ago|how much|how big|how far|how old|what year) (?:was|is|did|does|are|were|has) (?:that|it|this|he|she|they)(?: .{0,20})?$|^(?:and )?(when|where|who|how long|how much|how many|how far|how old|which year|what year)$"
)
_YES = re.compile(r"^(?:yes|yeah|yep|sure|of course|please|yes please|okay|all right|go ahead|i would like that|i would love (?:that|to)|why not|good|great|do it|yes i would|yes do|both)(?: please| alex)?$")  # fmt: skip
# What Alex offers at the end of an answer, and how it is asked for.
_OFFER = re.compile(r"\b(story|poem|joke|riddle|another one)\b[^.?!]*\?$|\b(story|poem), if you like\.$")
_DATED = re.compile(
    r"\b(?:in|around|since|on|of) (?:\w+ )?(?:fifteen|sixteen|seventeen|eighteen|nineteen|two thousand|twenty)\b"
)
_LONGEST_ABOUT = 5  # words; a longer sentence stands on its own
# A replaced word must leave a question that is known almost word by word.
_NEAR_REPLACED = 0.8
_NEAR_ASKED = 0.6  # another question word changes more of the sentence


def answer(moment: Moment, know: Knowledge, ask_again: Callable[[Moment], Answer | None]) -> Answer | None:  # noqa: PLR0911  one way out for each kind of answer
    """Answer a follow-up from the answer before; `ask_again` runs all other skills on a rewritten turn."""
    before, heard = moment.state.answer, moment.state.heard
    if before is None or heard is None:
        return None
    text = moment.core
    if moment.past and _YES.match(text) and (offered := _OFFER.search(moment.past[-1].answer)):
        wanted = offered[1] or offered[2]
        return ask_again(
            replace(moment, heard=hear("tell me a joke" if "another" in wanted else f"tell me a {wanted}"))
        )
    if _AGAIN.match(text):
        return _another(moment, ask_again)
    if _WHY.match(text):
        return _why(moment, know)
    if asked := _WHEN.match(text):
        return _when(asked[1] or asked[2], heard.core, moment, know)
    if _YOU.match(text):
        entry = know.find(
            {"how_are_you": "how are you", "i_am_fine": "how are you"}.get(before.topic, f"your {heard.core}")
        )
        return (
            knowledge.reply(entry, moment)
            if entry
            else Answer("I am happy as long as we are talking.", "you", aside=True)
        )
    if _SPELL.match(text) and before.slots.get("spell"):
        return ask_again(replace(moment, heard=hear(f"spell {before.slots['spell']}")))
    return None


def about(moment: Moment, know: Knowledge) -> Answer | None:
    """Answer `and potatoes` after `how long do I boil eggs`: the last question with the new word in it."""
    heard = moment.state.heard
    if heard is None:
        return None
    text = moment.core
    match = _ABOUT.match(text) or (re.match(r"(.+)", text) if len(text.split()) <= 2 else None)
    if match and len(match[1].split()) <= _LONGEST_ABOUT:
        return _about(match[1], heard.core, moment, know)
    return None


def is_short(heard: Heard) -> bool:
    """Tell whether something said is only a follow-up, so that the question before it stays the question."""
    return bool(_AGAIN.match(heard.core) or _WHY.match(heard.core))


def _another(moment: Moment, ask_again: Callable[[Moment], Answer | None]) -> Answer | None:
    """Ask the last question once more: lists go on with their next entry."""
    heard, before = moment.state.heard, moment.state.answer
    if heard is None or before is None:
        return None
    if before.slots.get("again"):
        heard = hear(str(before.slots["again"]))
    said = {exchange.answer for exchange in moment.past}
    again = ask_again(replace(moment, heard=heard))
    if again is None or again.tool or again.text in said or again.text == before.text:
        return Answer("That is all I have on that one. Ask me something else, if you like.", before.topic, before.slots)
    return again


def _why(moment: Moment, know: Knowledge) -> Answer | None:
    before, heard = moment.state.answer, moment.state.heard
    if before is None or heard is None:
        return None
    if why := before.slots.get("why"):
        return Answer(str(why), before.topic, {**before.slots, "why": ""})
    question = before.slots.get("ask") or heard.core
    entry = know.find(
        "why " + re.sub(r"^(?:what|who|when|where|which|how)\b", "", str(question)).strip(), _NEAR_REPLACED
    )
    if entry:
        return knowledge.reply(entry, moment)
    return Answer(
        "I am afraid I cannot explain that any better. I only know simple things.", before.topic, before.slots
    )


def _when(asked: str, question: str, moment: Moment, know: Knowledge) -> Answer | None:
    """Ask the last question again with another question word: `who walked on the moon`, `when was that`."""
    about = re.sub(
        r"^(?:what|who|when|where|which|how)(?: (?:long|much|many|big|far|old|year))?\b", "", question
    ).strip()
    before = moment.state.answer
    if before is not None and asked == "when" and _DATED.search(before.text):
        return Answer(before.text, before.topic, before.slots)  # it was said already
    entry, score = know.nearest(f"{asked} {about}")
    if (
        entry
        and score >= _NEAR_ASKED
        and refer.mentions(entry.ask, about)
        and any(ask.startswith(asked) for ask in entry.ask)
    ):
        return knowledge.reply(entry, moment)
    return Answer("I am sorry, that is all I know about it.", "follow", aside=True)


def _about(what: str, question: str, moment: Moment, know: Knowledge) -> Answer | None:
    """Put the new word in each place of the last question, and answer the one that is a known question."""
    words = question.split()
    best = None
    for at in range(len(words)):
        for end in range(at + 1, min(at + 3, len(words)) + 1):
            if end - at == len(words):
                continue
            entry, score = know.nearest(" ".join([*words[:at], what, *words[end:]]))
            if entry and score >= _NEAR_REPLACED and (best is None or score > best[1]) and _mentions(entry.ask, what):
                best = (entry, score)
    return knowledge.reply(best[0], moment) if best else None


def _mentions(asks: tuple[str, ...], what: str) -> bool:
    word = what.rsplit(maxsplit=1)[-1].rstrip("s")
    return any(word in ask for ask in asks)
