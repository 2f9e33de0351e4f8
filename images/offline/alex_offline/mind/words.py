# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""Words themselves: spelling, counting letters, opposites, rhymes, the alphabet, and the small games of chance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import knowledge, memory
from .numbers import ordinal, values, whole_words
from .reply import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .talk import Moment

TOPIC = "words"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONGEST_SPELLED = 28  # letters; the longest words people ask for


def answer(moment: Moment) -> Answer | None:
    """Answer a question about a word or a letter, or make a choice by chance."""
    for pattern, rule in _RULES:
        match = pattern.search(moment.core)
        if match and (said := rule(moment, match)):
            return said
    return None


def followed(moment: Moment) -> Answer | None:
    """Answer `and in German` after a phrase was said in another language."""
    before = moment.state.answer
    if before is None or not before.slots.get("phrase") or not (language := _LANGUAGE.match(moment.core)):
        return None
    wanted = re.match(r"(.+)\n(.+)", f"{before.slots['phrase']}\n{language[1]}")
    return _translate(moment, wanted) if wanted else None


def _spell(moment: Moment, match: re.Match[str]) -> Answer | None:
    word = re.sub(r"^(?:the |a |an )?(?:word |name )?(?:of )?", "", match[1]).strip()
    word = re.sub(r" (?:correctly|right|again)$", "", word)
    if word in {"that", "it", "this", "your name", "my name"}:
        if word == "my name":
            word = memory.caller(moment)
        elif word == "your name":
            word = "alex"
        elif moment.state.answer is not None and moment.state.answer.slots.get("spell"):
            word = str(moment.state.answer.slots["spell"]).lower()
        else:
            return None
    if not 0 < len(word) <= _LONGEST_SPELLED or len(word.split()) > 3:
        return None
    word = _CORRECT.get(word, word)
    letters = [", ".join(letter.upper() for letter in part) for part in re.findall(r"[a-z]+", word)]
    return (
        Answer(f"{word.capitalize()} is spelled {', space, '.join(letters)}.", TOPIC, {"spell": word})
        if letters
        else None
    )


_CORRECT = {"neccessary": "necessary", "necesary": "necessary", "seperate": "separate", "definately": "definitely",
            "tomorow": "tomorrow", "recieve": "receive", "accomodation": "accommodation", "wendsday": "wednesday"}  # fmt: skip


def _count_letters(_: Moment, match: re.Match[str]) -> Answer | None:
    letter, word = match[1], match[2]
    if letter and len(letter) == 1:
        return (
            Answer(
                f"There {_are(word.count(letter))} {letter.upper()} in {word}.".replace(
                    f"one {letter.upper()}", f"one letter {letter.upper()}"
                ),
                TOPIC,
            )
            if word.count(letter) < 2
            else Answer(
                f"There are {whole_words(word.count(letter))} letters {letter.upper()} in {word}.",
                TOPIC,
                {"spell": word},
            )
        )
    return Answer(f"{word.capitalize()} has {whole_words(len(word))} letters.", TOPIC, {"spell": word})


def _are(count: int) -> str:
    return "is one" if count == 1 else f"are {whole_words(count)}" if count else "is no"


def _opposite(_: Moment, match: re.Match[str]) -> Answer | None:
    word = match[1]
    pairs = knowledge.table("opposites")
    other = pairs.get(word) or next((left for left, right in pairs.items() if right == word), None)
    return Answer(f"The opposite of {word} is {other}.", TOPIC, {"spell": other}) if other else None


def _rhyme(_: Moment, match: re.Match[str]) -> Answer | None:
    word = match[1] or match[2]
    for family in knowledge.table("rhymes")["families"]:
        if word in family:
            others = [other for other in family if other != word][:3]
            return Answer(f"{word.capitalize()} rhymes with {', '.join(others[:-1])} and {others[-1]}.", TOPIC)
    return None


_LANGUAGE = re.compile(r"^(?:and |what about |how about |in )*([a-z]+)$")
_MEANINGS = (
    r"hello|hi|good day", r"thank you|thanks", r"goodbye|bye|good bye", r"please", r"yes", r"no", r"good morning", r"good night",
    r"i love you", r"how are you", r"sorry|excuse me|i am sorry", r"water", r"cheers",
)  # fmt: skip


def _translate(_: Moment, match: re.Match[str]) -> Answer | None:
    """Say one of a few phrases in another language."""
    phrases = knowledge.table("phrases")
    at = next((n for n, meaning in enumerate(_MEANINGS) if re.fullmatch(meaning, match[1].strip())), None)
    if match[2] not in phrases or at is None:
        return None
    said = phrases[match[2]][at]
    return Answer(f"In {match[2].capitalize()} one says: {said}.", TOPIC, {"spell": said, "phrase": match[1].strip()})


def _foreign_word(moment: Moment, match: re.Match[str]) -> Answer | None:
    """Answer `the Spanish word for water` as `water in Spanish`."""
    wanted = re.match(r"(.+)\n(.+)", f"{match[2]}\n{match[1]}")
    return _translate(moment, wanted) if wanted else None


def _plural(_: Moment, match: re.Match[str]) -> Answer | None:
    word = match[1]
    many = knowledge.table("plurals").get(word) or (
        word[:-1] + "ies"
        if re.search(r"[^aeiou]y$", word)
        else word + ("es" if re.search(r"(?:s|x|ch|sh)$", word) else "s")
    )
    return Answer(f"One {word}, two {many}.", TOPIC, {"spell": many})


def _alphabet(_: Moment, match: re.Match[str]) -> Answer | None:
    number = 26 if match[1] == "last" else ordinal(match[1]) or next((int(n) for n in values(match[1])), 0)
    if not 1 <= number <= len(_LETTERS):
        return None
    return Answer(f"That is the letter {_LETTERS[number - 1].upper()}.", TOPIC)


def _neighbour(_: Moment, match: re.Match[str]) -> Answer | None:
    at = _LETTERS.index(match[2]) + (1 if match[1] == "after" else -1)
    if not 0 <= at < len(_LETTERS):
        return Answer("There is no letter there, that is the end of the alphabet.", TOPIC)
    return Answer(f"{_LETTERS[at].upper()} comes {match[1]} {match[2].upper()}.", TOPIC)


def _chance(moment: Moment, what: str, choices: int) -> int:
    """Return a number from 1 on that looks like chance and is the same for the same conversation."""
    seed = sum(ord(c) * (at + 7) for at, c in enumerate("".join(e.heard.core for e in moment.past) + moment.core))
    return (seed * 7919 + moment.told(TOPIC) * 104729 + len(what)) // 13 % choices + 1


def _coin(moment: Moment, _: re.Match[str]) -> Answer:
    return Answer("It is heads." if _chance(moment, "coin", 2) == 1 else "It is tails.", TOPIC)


def _dice(moment: Moment, _: re.Match[str]) -> Answer:
    return Answer(f"You rolled a {whole_words(_chance(moment, 'dice', 6))}.", TOPIC)


def _number(moment: Moment, match: re.Match[str]) -> Answer:
    found = [int(n) for n in values(match[0]) if n.denominator == 1 and n < 10**6]
    low, high = (min(found), max(found)) if len(found) > 1 else (1, max([*found, 10][:1]))
    return Answer(f"I pick {whole_words(low - 1 + _chance(moment, 'number', high - low + 1))}.", TOPIC)


def _choose(moment: Moment, match: re.Match[str]) -> Answer | None:
    first, second = (re.sub(r"^(?:between |a |an |the )+", "", side) for side in (match[1], match[2]))
    if len(second.split()) > 4:
        return None
    one = " ".join(first.split()[-2:]) if len(first.split()) > 4 else first
    return Answer(f"I would go for {(one, second)[_chance(moment, 'choice', 2) - 1]}.", TOPIC)


def _repeat(_: Moment, match: re.Match[str]) -> Answer | None:
    text = match[1]
    return Answer(f"{text[0].upper()}{text[1:]}.", TOPIC) if 0 < len(text.split()) < 12 else None


def _letters(moment: Moment, _: re.Match[str]) -> Answer | None:
    """Count letters only when letters are asked for."""
    found = re.search(
        r"how many (?:times does )?(?:the )?(?:letters? )?(?:([a-z])(?: s|s)? )?(?:letters? )?(?:appear )?(?:are )?(?:there )?(?:does |has |in |are in )+(?:the |a )?(?:word |name )?([a-z]+)(?: have| contain)?$",
        moment.core,
    )
    if found and ("letter" in moment.core or found[1]):
        return _count_letters(moment, found)
    return None


_RULES: list[tuple[re.Pattern[str], Callable[[Moment, re.Match[str]], Answer | None]]] = [
    (re.compile(pattern), rule)
    for pattern, rule in (
        (
            r"^(?:how (?:do|would|can|should|is|to) ?(?:you|i|we|one)? ?|can you |what is the )?(?:correct )?(?:spell(?:ing)?(?: of| for)?|write) (?!me|a |an |my (?!name)|poem|about|in |down|and|(?:this|that|it) down)(.+)$",
            _spell,
        ),
        (r"^how is (.+) (?:spelled|spelt|written)$|^spelling of (.+)$", _spell),
        (
            r"how many (?:times (?:does )?)?(?:the )?(?:letters? )?([a-z] )?s?.*?(?:letters? )?.*\b(?:in|does|has|are in) (?:the |a )?(?:word |name )?(?!the|alphabet|english)([a-z]+)(?: have| contain)?$",
            _letters,
        ),
        (r"(?:opposite|contrary|antonym) (?:word )?(?:of|for|to) (?:the word )?(\w+)", _opposite),
        (r"rhymes? (?:with|for|to) (?:the word )?(\w+)|what rhymes with (\w+)", _rhyme),
        (
            r"(?:say|translate|word for|is|how do you say|call) (?:the word )?([a-z ]+?) (?:in|into|to) (?:the )?([a-z]+)$",
            _translate,
        ),
        (r"\b([a-z]+) (?:word|name|expression) for (?:the word )?([a-z ]+)$", _foreign_word),
        (r"plural (?:form )?(?:of|for) (?:the word |a )?(\w+)|more than one (\w+) called", _plural),
        (r"\b(\w+) letter (?:of|in) the (?:english )?alphabet", _alphabet),
        (r"(?:what|which) letter (?:comes |is )?(after|before) ([a-z])$", _neighbour),
        (r"\b(?:flip|toss|throw) (?:a |the )?coin|heads or tails", _coin),
        (r"\b(?:roll|throw) (?:a |the |some )?(?:dice|die)", _dice),
        (r"(?:pick|choose|give me|think of|say|tell me|name|guess)\b.*\bnumber\b.*|^random number.*", _number),
        (
            r"(?:should i (?:have|eat|take|choose|get|drink|pick|wear|buy|go for|order|go|watch|play)|(?:choose|pick|decide)(?: between)?|what do you prefer|do you prefer|which is better|what is better) (.+) or (.+)$",
            _choose,
        ),
        (
            r"^(?:repeat after me|say after me|can you say the word|say the words?|repeat the words?|can you say|say) (?!something|a |that|it |again|nice|hello in|goodbye in|happy|my|your|what|me)(.+)$",
            _repeat,
        ),
    )
]
