# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""What the caller said before: their own words, their name, the things they like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .reply import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .talk import Moment

TOPIC = "memory"
_NOT_NAMES = frozenset(
    [
        "a",
        "an",
        "the",
        "not",
        "so",
        "very",
        "just",
        "fine",
        "good",
        "okay",
        "well",
        "here",
        "sorry",
        "happy",
        "sad",
        "tired",
        "bored",
        "hungry",
        "thirsty",
        "sick",
        "ill",
        "ready",
        "back",
        "home",
        "going",
        "trying",
        "looking",
        "feeling",
        "doing",
        "from",
        "in",
        "at",
        "on",
        "afraid",
        "angry",
        "sure",
        "glad",
        "lonely",
        "cold",
        "hot",
        "busy",
        "late",
        "lost",
        "new",
        "old",
        "alone",
        "done",
        "your",
        "my",
        "his",
        "her",
        "their",
        "stressed",
        "worried",
        "anxious",
        "alex",
        "unhappy",
        "great",
        "bad",
        "hurt",
        "scared",
        "nervous",
        "confused",
        "excited",
        "having",
        "having",
        "getting",
        "being",
        "leaving",
        "wondering",
        "thinking",
        "learning",
        "what",
        "who",
        "how",
        "why",
        "when",
        "where",
        "i",
        "you",
        "it",
        "that",
        "this",
    ],
)
_NAME = re.compile(
    r"\b(?:my name is|(?:^|you (?:can|may) |(?:people|they|friends|everybody) (?:all )?|please |just )call me|i am called|this is|i am) ([a-z]+)(?: (\w+))?"
)
_SURE_NAME = re.compile(r"\b(?:my name is|my name s|call me|i am called|people call me)\b")
_FAVOURITE = re.compile(r"\bmy favourite (\w+(?: \w+)?) (?:is|are) (?:the )?(.+)$")
_OWNED = re.compile(
    r"\bmy (\w+(?: \w+)?) (?:is|are) (?:called|named) (\w+)|\bi have an? (\w+) (?:called|named) (\w+)|\bmy (\w+)s name is (\w+)|\bmy (\w+) s name is (\w+)"
)
_LIVE = re.compile(r"\bi (?:live in|am from|come from|am living in) (?:the )?([a-z ]+)$")
_LIKE = re.compile(r"\bi (?:really |also )?(?:like|love|enjoy) (?:to )?([a-z ]+)$")
_AGE = re.compile(r"\bi am (\w+(?: \w+)?) years old$")


def answer(moment: Moment) -> Answer | None:
    """Answer what is about the conversation itself, or take in something the caller tells of themselves."""
    for pattern, rule in _RULES:
        match = pattern.search(moment.core)
        if match and (said := rule(moment, match)):
            return said
    return None


# --- the conversation ------------------------------------------------------------------------------------------------


def _repeat(moment: Moment, _: re.Match[str]) -> Answer:
    last = moment.past[-1].answer if moment.past else moment.opening
    return Answer(last or "I have not said anything yet. What would you like to know?", TOPIC, aside=True)


def _said(moment: Moment, _: re.Match[str]) -> Answer:
    if not moment.past:
        return Answer("You have not told me anything before this.", TOPIC, aside=True)
    return Answer(f"You said: {_quote(moment.past[-1].heard.raw)}", TOPIC, aside=True)


def _first(moment: Moment, _: re.Match[str]) -> Answer:
    if not moment.past:
        return Answer("This is the first thing you said to me.", TOPIC, aside=True)
    return Answer(f"The first thing you said was: {_quote(moment.past[0].heard.raw)}", TOPIC, aside=True)


def _asked(moment: Moment, _: re.Match[str]) -> Answer:
    if not moment.past:
        return Answer("You have not asked me anything before this.", TOPIC, aside=True)
    return Answer(f"Before this you said: {_quote(moment.past[-1].heard.raw)}", TOPIC, aside=True)


def _quote(raw: str) -> str:
    text = " ".join(raw.split()).strip(" \"'")
    return text if text.endswith((".", "!", "?")) else f"{text}."


# --- the caller ------------------------------------------------------------------------------------------------------


def caller(moment: Moment) -> str:
    """Return the name the caller gave, in lower case, empty when there was none."""
    return _latest(moment, name_in).lower()


def _my_name(moment: Moment, _: re.Match[str]) -> Answer:
    name = _latest(moment, name_in)
    return Answer(
        f"Your name is {name}." if name else "You have not told me your name yet. What is it?", TOPIC, {"wants": "name"}
    )


def _my_thing(moment: Moment, match: re.Match[str]) -> Answer | None:
    thing = match[1]
    said = _latest(moment, lambda text: _favourite_in(text, thing))
    if said:
        return Answer(f"Your favourite {thing} is {said}, you told me.", TOPIC)
    return Answer(
        f"You have not told me your favourite {thing} yet. What is it?", TOPIC, {"wants": f"favourite {thing}"}
    )


def _my_own(moment: Moment, match: re.Match[str]) -> Answer | None:
    thing = match[1].removesuffix(" s").rstrip("s")
    said = _latest(moment, lambda text: _owned_in(text, thing))
    return (
        Answer(f"Your {thing} is called {said.capitalize()}.", TOPIC)
        if said
        else Answer(
            f"You have not told me that yet. What is your {thing} called?",
            TOPIC,
        )
    )


def _my_home(moment: Moment, _: re.Match[str]) -> Answer:
    home = _latest(moment, lambda text: (m := _LIVE.search(text)) and m[1])
    return Answer(f"You told me {home.title()}." if home else "I cannot know that. You have not told me yet.", TOPIC)


def _my_age(moment: Moment, _: re.Match[str]) -> Answer:
    age = _latest(moment, lambda text: (m := _AGE.search(text)) and m[1])
    return Answer(
        f"You told me you are {age} years old." if age else "I cannot know that. You have not told me your age.", TOPIC
    )


def _about_me(moment: Moment, _: re.Match[str]) -> Answer:
    known = []
    if name := _latest(moment, name_in):
        known.append(f"your name is {name}")
    if home := _latest(moment, lambda text: (m := _LIVE.search(text)) and m[1]):
        known.append(f"you are from {home.title()}")
    if like := _latest(moment, lambda text: (m := _LIKE.search(text)) and m[1]):
        known.append(f"you like {like}")
    favourites = (_FAVOURITE.search(exchange.heard.core) for exchange in moment.past)
    known += [f"your favourite {match[1]} is {match[2]}" for match in favourites if match]
    if not known:
        return Answer("I only know what you tell me in this call. Tell me your name, if you like.", TOPIC)
    return Answer(f"I know that {' and '.join(known[:3])}.", TOPIC)


def _hear_name(moment: Moment, _: re.Match[str]) -> Answer | None:
    name = name_in(moment.heard.text)
    if not name or moment.core.startswith(("what", "who", "is ", "do ")):
        return None
    return Answer(f"Nice to meet you, {name}. How can I help?", TOPIC)


def _hear_favourite(moment: Moment, match: re.Match[str]) -> Answer | None:
    if moment.core.startswith(("what", "which", "do you", "is ")):
        return None
    return Answer(f"{match[2].capitalize()}, how nice. I will keep that in mind while we talk.", TOPIC)


def _hear_own(moment: Moment, match: re.Match[str]) -> Answer | None:
    if moment.core.startswith(("what", "who")):
        return None
    thing, name = next((a, b) for a, b in zip(match.groups()[::2], match.groups()[1::2], strict=True) if a)
    return Answer(f"{name.capitalize()} is a lovely name. Tell me more about your {thing.removesuffix('s')}.", TOPIC)


def _hear_home(_: Moment, match: re.Match[str]) -> Answer:
    return Answer(f"{match[1].title()}, how nice. I hope you like it there.", TOPIC)


def _hear_age(_: Moment, match: re.Match[str]) -> Answer:
    return Answer(f"{match[1].capitalize()} is a fine age.", TOPIC)


def _hear_wanted(moment: Moment, match: re.Match[str]) -> Answer | None:
    """Take `blue` or `it is Anna` as the answer to what Alex just asked."""
    wanted = moment.state.answer.slots.get("wants") if moment.state.answer and moment.topic == TOPIC else None
    if not wanted or len(moment.heard.words) > 4 or moment.core in {"no", "yes", "never mind"}:
        return None
    word = match[1]
    if wanted == "name":
        return Answer(f"Nice to meet you, {word.title()}.", TOPIC, {"name": word.title()})
    return Answer(f"{word.capitalize()}, how nice. I will keep that in mind while we talk.", TOPIC, {wanted: word})


def name_in(text: str) -> str:
    """Return the name somebody gives themselves in a sentence, capitalised, else nothing."""
    for match in _NAME.finditer(text):
        first, after = match[1], match[2]
        sure = bool(_SURE_NAME.match(match[0]))
        if first in _NOT_NAMES or (first.endswith(("ing", "ed")) and not sure):
            continue
        if match[0].startswith("this is") and after not in {None, "speaking", "here"}:
            continue
        # "I am Anna" is a name, "I am hungry" is not: without the word name, only a short sentence counts.
        if not sure and (
            (after is not None and after not in {"and", "by", "from", "what"}) or not _KNOWN_NAME.match(first)
        ):
            continue
        return first.capitalize()
    return ""


_KNOWN_NAME = re.compile(
    r"(?:anna|ann|anne|maria|mary|john|peter|paul|tom|thomas|mike|michael|david|daniel|sam|sara|sarah|emma|laura|lisa|julia|"
    r"james|jack|bob|robert|ben|max|leo|mark|martin|steve|chris|kate|katie|lucy|sophie|sofia|olivia|mia|noah|liam|oliver|"
    r"george|harry|charlie|eva|eve|nina|lena|linda|susan|karen|nancy|betty|jane|joe|joseph|ali|omar|ahmed|mohammed|fatima|"
    r"priya|raj|amir|ivan|nick|andrew|simon|adam|eric|kevin|brian|frank|henry|william|will|alice|amy|rachel|rebecca|helen|"
    r"carlos|jose|juan|pedro|marco|luca|hans|klaus|felix|jonas|tim|matt|matthew|luke|richard|jim|tony|jenny|jennifer|jessica|"
    r"ashley|grace|ella|chloe|hannah|victoria|natalie|diana|elena|olga|wei|ming|yuki|kenji|rosa|carmen|isabel|ruth|rose|lily)$",
)


def _favourite_in(text: str, thing: str) -> str:
    match = _FAVOURITE.search(text)
    if match and match[1] == thing:
        return match[2]
    like = re.search(rf"\bi like (?:the )?(?:{thing} )?(\w+)(?: best| most)?$", text) if thing == "colour" else None
    return like[1] if like else ""


def _owned_in(text: str, thing: str) -> str:
    match = _OWNED.search(text)
    if not match:
        return ""
    pairs = zip(match.groups()[::2], match.groups()[1::2], strict=True)
    return next((name for owned, name in pairs if owned and owned.rstrip("s") == thing), "")


def _latest(moment: Moment, find: Callable[[str], str | None]) -> str:
    """Return what the caller's latest fitting sentence tells, also one that only answered Alex's question."""
    for at in range(len(moment.past) - 1, -1, -1):
        exchange = moment.past[at]
        if found := find(exchange.heard.core) or find(exchange.heard.text):
            return found
        asked = moment.past[at - 1].answer if at else moment.opening
        if wanted := _asked_for(asked):
            told = f"my {wanted} is {_bare(exchange.heard.core)}"
            if len(told.split()) < 9 and (found := find(told)):
                return found
    return ""


def _asked_for(answer_before: str) -> str:
    """Return `name` or `favourite colour` when Alex had asked for it."""
    match = re.search(r"told me your (name|favourite \w+)", answer_before)
    return match[1] if match else ""


def _bare(core: str) -> str:
    return re.sub(r"^(?:it is|my name is|i am|mine is|that is|i like) (?:the )?", "", core)


_RULES: list[tuple[re.Pattern[str], Callable[[Moment, re.Match[str]], Answer | None]]] = [
    (re.compile(pattern), rule)
    for pattern, rule in (
        (
            r"^(?:what did you (?:just )?say|say (?:that|it) (?:(?:once |over )?again|one more time|once more|louder)|(?:can|could) you (?:say|repeat) (?:that|it)|repeat(?: (?:that|it|please|yourself|the last.*|what you.*))?|(?:can|could|would) you repeat.*|once more|one more time|again|what was that|pardon(?: me)?|come again|i did not (?:hear|catch|understand|get) (?:you|that|it).*|what|huh|say it (?:again|one more time|once more)|say that .*again.*|can you say .*again.*|could you say .*again.*|i beg your pardon|what did you tell me|what were you saying)$",
            _repeat,
        ),
        (
            r"^(?:what did i (?:just |last )?(?:say|tell you)(?: just now| before| earlier)?|what have i (?:just )?said|what was the last thing i said|repeat what i (?:just )?said|repeat after me)$",
            _said,
        ),
        (
            r"\bfirst (?:thing|question)\b.* i (?:said|asked)|what did i (?:say|ask) (?:you )?first|(?:what was )?my first question",
            _first,
        ),
        (
            r"^what (?:did i|have i|was i) (?:just |last )?ask(?:ed|ing)?(?: you)?(?: (?:before|about|last|just now|earlier|a minute ago).*)?$|what was my (?:last |previous )?question|what did i want to know|what was the (?:last )?question|what (?:were|are) we talking about|what did we talk about",
            _asked,
        ),
        (
            r"^(?:what is |what was |say |you )?(?:do you )?(?:know |remember |forget |forgot )?my name(?: is| again| was)?$|what am i called|who am i$|(?:remember|know) (?:what )?my name|tell me my name|what did i (?:say|tell you) my name|what did i (?:say|tell) .*my name",
            _my_name,
        ),
        (
            r"(?:what is|which is|what was|remember|what are|guess|know) (?:what )?my favourite (\w+)(?: is| was)?$",
            _my_thing,
        ),
        (r"^my favourite (\w+)$", _my_thing),
        (r"what (?:colour|food|animal) do i like", lambda m, x: _my_thing(m, re.match(r".*what (\w+)", x[0]) or x)),
        (r"what is my (\w+(?: s)?) (?:called|name)|(?:what is|remember) the name of my (\w+)", _my_own),
        (r"where (?:do i live|am i from|am i)$|where am i (?:now|right now)|what is my address", _my_home),
        (r"how old am i$|what is my age$", _my_age),
        (
            r"what do you (?:know|remember) about me|(?:do|can) you (?:know|remember) (?:anything )?(?:about )?me$",
            _about_me,
        ),
        (_OWNED.pattern, _hear_own),
        (_FAVOURITE.pattern, _hear_favourite),
        (_AGE.pattern, _hear_age),
        (_NAME.pattern, _hear_name),
        (r"^i (?:live in|am from|come from|am living in) (?:the )?([a-z ]+)$", _hear_home),
        (r"^(?:it is |my name is |i am |mine is |that is |i like )?(?:the )?([a-z ]+)$", _hear_wanted),
    )
]
