# ruff: noqa: E501  patterns read best on one line; numbers of letters and words are no settings
"""Turn what a small speech recogniser heard into plain words that rules can rely on."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_SYMBOLS = {
    "%": " percent ",
    "°": " degrees ",
    "\u00d7": " times ",
    "÷": " divided by ",
    "√": " square root of ",
    "&": " and ",
    "£": " pounds ",
    "€": " euros ",
}

# A recogniser writes these with an apostrophe, without one, or not at all.
_CONTRACTIONS = {
    r"what ?'?s|wats|wuts|what z": "what is",
    r"who'?s": "who is",
    r"where'?s|wheres": "where is",
    r"when'?s|whens": "when is",
    r"how'?s|hows": "how is",
    r"why'?s": "why is",
    r"that'?s|thats": "that is",
    r"there'?s|theres": "there is",
    r"here'?s": "here is",
    r"it's": "it is",
    r"let'?s": "let us",
    r"i'?m": "i am",
    r"i've": "i have",
    r"i'd": "i would",
    r"i'll": "i will",
    r"you'?re": "you are",
    r"you'?ve": "you have",
    r"you'd": "you would",
    r"you'll": "you will",
    r"we're": "we are",
    r"we've": "we have",
    r"they'?re": "they are",
    r"he's": "he is",
    r"she's": "she is",
    r"isn'?t": "is not",
    r"aren'?t": "are not",
    r"wasn'?t": "was not",
    r"don'?t": "do not",
    r"doesn'?t": "does not",
    r"didn'?t": "did not",
    r"can'?t|cannot": "can not",
    r"couldn'?t": "could not",
    r"won'?t": "will not",
    r"wouldn'?t": "would not",
    r"shouldn'?t": "should not",
    r"haven'?t": "have not",
    r"hasn'?t": "has not",
    r"wanna": "want to",
    r"gonna": "going to",
    r"gotta": "have to",
    r"gimme": "give me",
    r"lemme": "let me",
    r"dunno": "do not know",
    r"whatcha": "what are you",
    r"ya|u": "you",
    r"ur": "your",
    r"cuz|cos": "because",
    r"ok": "okay",
    r"favorite": "favourite",
    r"color(s?)": r"colour\1",
    r"mom": "mum",
    r"grey": "gray",
    r"(recogn|organ|real|apolog|memor|steril)iz(e|es|ed|ing)": r"\1is\2",
    r"kilometre": "kilometer",
    r"kilometres": "kilometers",
    r"metres": "meters",
    r"metre": "meter",
    r"centimetres?": "centimeters",
    r"litres": "liters",
    r"litre": "liter",
    r"name's|names(?= [a-z]+$)": "name is",
    r"sms": "text message",
}
_CONTRACTION = [(re.compile(rf"\b(?:{old})\b"), new) for old, new in _CONTRACTIONS.items()]
# Most texts have none of them, and sixteen thousand questions are made plain at every start: one look instead of seventy.
_CONTRACTED = re.compile(rf"\b(?:{'|'.join(_CONTRACTIONS)})\b")
# How numbers, times and hyphens are written, before contractions are looked for.
_SPELLING = [
    (re.compile(written), spoken)
    for written, spoken in (
        (r"(?<=\d),(?=\d{3}\b)", ""),
        (r"\$ ?(\d+(?:\.\d+)?)", r"\1 dollars"),
        (r"\b([ap])\.? ?m\b\.?", r"\1m"),
        (r"(?<=\d)([ap]m|kg|km|cm|mm|ml|lbs?|oz|mph|ft|g|c|f|x)\b", r" \1"),
        (r"\bo'?clock\b", "oclock"),
        (r"\bto-(?=(?:day|night|morrow)\b)", "to"),
        (r"(?<=[a-z])-(?=[a-z])", " "),
        (r"\bby[.!]?(?= alex[.!]?$|[.!]?$)", "bye"),  # what a recogniser writes for a last word
    )
]
_POSSESSIVE = re.compile(r"(?<=[a-z])'s\b")

_FILLER = re.compile(
    r"\b(?:u+m+|u+h+|er+m*|hmm+|mm+|ah+|(?<!say )(?<!word )(?<!for )please|kindly|actually|basically|literally|honestly|i mean|"
    r"sort of|kind of(?= (?:want|wondering|curious))|by any chance|if you (?:do not mind|can|could)|for me please)\b",
)
# Words in front of, and behind, what is really asked; removed again and again until nothing changes.
_LEAD = re.compile(
    r"^(?:high(?= (?:is|there|alex|what|who|how|can))|hey there|hi there|hello there|hey|hi|hello|oh|okay|so|well|yeah|yes|right|now|listen|look|alright|all right|sorry|excuse me|alex|"
    r"good (?:morning|evening|afternoon|day)|thanks|thank you|great|cool|nice|perfect|then|but|also|maybe|you know|"
    r"tell me(?! (?:about yourself|more|again|another|a |an |one|some))|"
    r"(?:can|could|would|will|may) (?:you|i) (?:tell me|say|explain(?: to me)?|please|ask(?: you)?|know|give me)"
    r"(?! (?:about yourself|more|again|another|a |an |one|some|that|something))|"
    r"(?:do|would|could) you (?:even |happen to |maybe )?know(?! me)|any idea|have you any idea|do you have any idea|"
    r"i (?:would|will|do)? ?(?:want|like|need|love|have) to (?:know|ask(?: you)?|find out|learn)|"
    r"i (?:was|am) (?:just )?(?:wondering|curious)|i wonder|"
    r"i (?:have|got|have got) (?:a|another|one more) (?:quick |little |simple )?question(?: for you)?|"
    r"(?:just )?(?:a |one )?(?:quick|simple|another|next) question|my (?:next )?question is|let me ask you(?: something)?|"
    r"and(?= (?:what|who|when|where|how|why|which|is|are|do|does|can|could|tell|then|now)\b)|"
    r"remind me(?! to)|help me understand|please|just|if|whether) +(?=\S)",
)
_TAIL = re.compile(
    r"(?<! say)(?<! word)(?<! for) (?:alex|please|thanks|thank you|for me|right now|or not|or something|do you know|can you tell me|would you|"
    r"will you|i wonder|exactly|then|though|anyway|you know|okay|or what|by the way|dear|mate|buddy)$",
)
_TOKEN = re.compile(r"\d+(?:[.:]\d+)*(?:st|nd|rd|th)?|[a-z]+(?:'[a-z]+)?|[+*/=-]")
_PEOPLE = frozenset(["hey", "hi", "hello", "alex", "thanks"])


@dataclass(frozen=True)
class Heard:
    """One thing said by the caller: as written, as plain words, and without politeness and framing."""

    raw: str
    text: str
    core: str

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the core."""
        return tuple(self.core.split())


@lru_cache(maxsize=2048)
def hear(raw: str) -> Heard:
    """Return what was said in the forms the skills use; never fails, an empty text stays empty."""
    text = plain(raw)
    core = _FILLER.sub(" ", text)
    core = re.sub(r"\b(\w+)(?: \1\b)+", _stutter, " ".join(core.split()))
    before = None
    while before != core:
        before = core
        core = _TAIL.sub("", _LEAD.sub("", core))
    return Heard(raw=raw, text=text, core=core)


def plain(raw: str) -> str:
    """Return lower-case words separated by single spaces, contractions written out, signs as words."""
    text = raw
    for sign, word in _SYMBOLS.items():
        text = text.replace(sign, word)
    text = text.lower().replace("\u2019", "'")
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    for pattern, new in _SPELLING:
        text = pattern.sub(new, text)
    if _CONTRACTED.search(text):
        for pattern, new in _CONTRACTION:
            text = pattern.sub(new, text)
    text = _POSSESSIVE.sub(" s", text).replace("'", "")
    return " ".join(_TOKEN.findall(text))


def _stutter(match: re.Match[str]) -> str:
    """Drop a word said twice in a row, except where a repetition means something."""
    word = match.group(1)
    return match.group(0) if word.isdigit() or word in {"knock", "bye", "ha", "no", "that"} else word


_ENDINGS = ("ing", "ed", "es", "s", "ly")
_SHORTEST_STEM = 3
_IRREGULAR = {
    "children": "child", "kids": "child", "kid": "child", "people": "person", "men": "man", "women": "woman",
    "feet": "foot", "teeth": "tooth", "mice": "mouse", "geese": "goose", "leaves": "leaf", "made": "make",
    "slept": "sleep", "bought": "buy", "went": "go", "goes": "go", "does": "do", "did": "do", "has": "have",
    "had": "have", "was": "be", "were": "be", "is": "be", "are": "be", "am": "be", "said": "say", "told": "tell",
    "better": "good", "best": "good", "biggest": "big", "bigger": "big", "largest": "big", "large": "big",
    "longest": "long", "longer": "long", "tallest": "tall", "highest": "high", "fastest": "fast", "film": "movie",
    "really": "really", "young": "baby",
    "films": "movie", "movies": "movie", "supper": "dinner", "photo": "picture", "movy": "movie", "lives": "live",
    "dying": "die", "lying": "lie", "mum": "mother", "dad": "father", "bike": "bicycle", "fridge": "refrigerator",
    "tv": "television", "phone": "telephone", "created": "make", "creates": "make", "built": "make", "create": "make",
    "tip": "tip", "tips": "tip", "advice": "tip", "suggestion": "tip", "suggestions": "tip", "recommend": "suggest",
    "recommendation": "tip", "smallest": "small", "hottest": "hot", "coldest": "cold", "deepest": "deep",
    "yourself": "you", "buying": "buy", "making": "make", "using": "use", "living": "live",
    "scared": "afraid", "nervous": "anxious", "exhausted": "tired", "sleepy": "tired", "gift": "present",
    "gifts": "present", "begin": "start", "speak": "talk", "spoken": "talk", "quickly": "fast", "quick": "fast",
    "rapidly": "fast", "tongue": "tongue", "bye": "bye", "this": "this", "his": "his", "its": "it", "us": "us",
    "yes": "yes", "gas": "gas", "bus": "bus", "buses": "bus", "always": "always", "news": "news", "red": "red",
    "bed": "bed", "need": "need", "speed": "speed", "seed": "seed", "feed": "feed", "king": "king", "ring": "ring",
    "sing": "sing", "bring": "bring", "thing": "thing", "things": "thing", "spring": "spring", "morning": "morning",
    "evening": "evening", "something": "something", "anything": "anything", "nothing": "nothing", "fly": "fly",
    "glass": "glass", "grass": "grass", "less": "less", "physics": "physics", "octopus": "octopus",
    "christmas": "christmas", "species": "species", "paris": "paris", "venus": "venus", "mars": "mars",
    "uranus": "uranus", "stress": "stress", "stressed": "stress", "stressful": "stress", "dress": "dress",
    "symptom": "sign", "symptoms": "sign",
}  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return a word's rough stem: good enough that `boiling`, `boils` and `boil` meet."""
    if word in _IRREGULAR:
        known = _IRREGULAR[word]
        return known if known == word else stem(known)
    if word.endswith("ies") and len(word) > _SHORTEST_STEM + 1:
        return word[:-3] + "y"
    if len(word) == _SHORTEST_STEM + 2 and word.endswith("es") and word[-3] not in "xz":
        return word[:-1]  # bones and bone, but boxes and box
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM and not word.endswith("ss"):
            short = word[: -len(ending)]
            if short[-1] == short[-2] and short[-1] not in "lse":
                short = short[:-1]
            return short.rstrip("e") if len(short) > _SHORTEST_STEM else short
    return word.rstrip("e") if len(word) > _SHORTEST_STEM + 1 else word
