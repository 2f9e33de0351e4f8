# ruff: noqa: E501  patterns read best on one line
"""Other ways to say a question: with another question word, in another voice, or without what is said by the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHER = [
    (re.compile(pattern), new)
    for pattern, new in (
        (r"^what is the (?:\w+ )?(?:lifespan|life span|life expectancy) of (?:an? |the )?(.+)$", r"how long do \1 live"),
        (r"^what is (?:an? |the )?(\w+) s (?:lifespan|life span|life expectancy)$", r"how long do \1 live"),
        (r"^how long (?:is|does) the life of (?:an? |the )?(.+)$", r"how long do \1 live"),
        (r"^how old (?:do|can|does) (.+?) (?:get|become|grow|be)$", r"how long do \1 live"),
        (r"^what is the (?:\w+ )?(?:height|size) of (.+)$", r"how big is \1"),
        (r"^what is the (?:\w+ )?height of (.+)$", r"how tall is \1"),
        (r"^what is the (?:\w+ )?length of (.+)$", r"how long is \1"),
        (r"^what is the (?:\w+ )?depth of (.+)$", r"how deep is \1"),
        (r"^what is the (?:\w+ )?weight of (.+)$", r"how much does \1 weigh"),
        (r"^how heavy (?:is|are) (.+)$", r"how much does \1 weigh"),
        (r"^what is the (?:top |maximum )?speed of (.+)$", r"how fast is \1"),
        (r"^what is the temperature of (.+)$", r"how hot is \1"),
        (r"^what is the age of (.+)$", r"how old is \1"),
        (r"^what is the distance (?:to|between the earth and) (.+)$", r"how far is \1"),
        (r"^(?:what|how much) (?:is the )?(?:recommended |right |ideal |normal |usual |average |daily |healthy )*(?:amount|number|quantity) of (.+?) for (.+)$", r"how much \1 do \2 need"),
        (r"^(?:what|how much) (?:is the )?(?:recommended |right |ideal |normal |usual |average |daily |healthy )*(?:amount|number|quantity) of (.+?) for (.+)$", r"how many hours of \1 do \2 need"),
        (r"^(?:at|from) (?:what|which) age (?:do|does|can|should) (.+)$", r"when do \1"),
        (r"^how old (?:are|is) (.+?) when they (.+)$", r"when do \1 \2"),
        (r"^(?:in )?(?:what|which) year (was|were|did|is) (.+)$", r"when \1 \2"),
        (r"^when is (?:it )?(?:the )?(?:best|right|good|a good)(?: time)?(?: of (?:the )?year)? (?:to|for) (.+)$", r"when should i \1"),
        (r"^what (?:is|would be) the (?:best|right) (?:time|month|season)(?: of (?:the )?year)? (?:to|for) (.+)$", r"when should i \1"),
        (r"^(?:is there|are there|do you have|do you know|what is|what are|what would be) (?:an? |any |some )?(?:good |easy |quick |simple |best |right |proper |safe )*(?:ways?|tricks?|tips?|methods?|hacks?)(?: to| for| of) (.+)$", r"how do i \1"),
        (r"^how (?:would|could|should|do|can|might) (?:i|you|one|we) (?:best |go about |manage to |get to )?(\w+ing) (.+)$", r"how do i \1 \2"),
        (r"^what (?:do|should|must|would) (?:i|you) (?:need to )?do to (.+)$", r"how do i \1"),
        (r"^(?:what is|what are) the (?:reason|reasons|cause|causes) (?:of|for|that|why) (.+)$", r"why \1"),
        (r"^what (?:is|are) (.+?) (?:for|good for|used for|there for)$", r"what is \1 for"),
        (r"^what is the (?:point|purpose|use) of (.+)$", r"what is \1 for"),
        (r"^where (?:can|could|would|do) (?:i|you|we|one) find (.+)$", r"where do \1 live"),
        (r"^what is the (?:name|word|term) (?:of|for) (.+)$", r"what is \1 called"),
        (r"^what (?:do|does|would) (?:you|one|people) call (.+)$", r"what is \1 called"),
        (r"^who (?:was|is) (?:it (?:that|who) |the (?:person|man|woman|one) (?:that|who) )(.+)$", r"who \1"),
        (r"^which (?:person|man|woman|scientist|artist|painter|writer) (.+)$", r"who \1"),
        (r"^(?:is it|are they) true that (.+)$", r"do \1"),
        (r"^(.*)\b(?:america|the usa?|the states)$", r"\1the united states"),
        (r"^(?:how|what) about (.+)$", r"what is \1"),
    )
]  # fmt: skip
# What is said by the way, behind the question itself.
_BY_THE_WAY = re.compile(
    r"^((?:why|how|what|when|where|who|which)\b.{8,}?) (?:(?:when|while|if|since|because|as|although|even though) (?:i|you|it|we|they|he|she|my|the|there)\b.*|and not .+|instead of .+|"
    r"at night|during the (?:night|day)|in the (?:morning|evening|night|summer|winter|garden|house|kitchen|bathroom)|that (?:is|are) .+|so (?:quickly|fast|much|often|easily)|all the time|every (?:day|night|time)|by hand|in english|from home)$"
)


def others(text: str) -> Iterator[str]:
    """Yield other ways to say a question, the nearest first."""
    for pattern, new in _OTHER:
        if pattern.search(text):
            yield " ".join(pattern.sub(new, text).split())
    if short := _BY_THE_WAY.match(text):
        yield short[1]
        yield from others(short[1])
