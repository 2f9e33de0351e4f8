"""What Alex knows by heart: small talk, advice and everyday facts, read from the tables in `data`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from .normalise import plain
from .paraphrase import Paraphrases
from .reply import Answer, ToolCall
from .retrieval import NEAR, SOUNDS_LIKE, Index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .talk import Moment

# "A scary story about a ghost" is a story; "a good breakfast for kids" is a breakfast.
_WANTED = re.compile(
    r"^(?:.*\b(?:tell|give|say|know|read|make|recite|want|hear|like|another|sing|have)\b.*|an?) .*?"
    r"\b(joke|story|poem|fun fact|fact|tongue twister|compliment|rhyme|quote)s?\b"
)
_FACTUAL = re.compile(r"^(?:what|who|when|where|which|how|why|is|are|was|did|does|i )")
_WIDER = re.compile(
    r"^(?!.*\bnames?\b)"
    r"(what (?:is|are) (?:a |some )?(?:good|nice|fun|healthy|easy|quick) .+?) (?:about|for|with|on|in|to) .+$"
)
SPOKEN = (
    "chat.toml",
    "turns.toml",
    "play.toml",
    "kids.toml",
    "advice.toml",
    "facts.toml",
    "world.toml",
    "kitchen.toml",
    "home.toml",
    "health.toml",
    "animals.toml",
    "body.toml",
    "nature.toml",
    "culture.toml",
    "everyday.toml",
)
_LONGEST_BY_SOUND = 8  # words; longer sentences rarely change all their words at once
_FEWEST_LETTERS_BY_SOUND = 8  # letters; in less than that everything sounds like something


@dataclass(frozen=True)
class Entry:
    """One thing Alex can say: the questions it answers, the ways to say it, and what follows on `why` and `more`."""

    topic: str
    ask: tuple[str, ...]
    say: tuple[str, ...]
    why: str = ""
    tool: str = ""
    aside: bool = False


class Knowledge:
    """All entries with one index over their questions."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        asked = [(plain(ask), at) for at, entry in enumerate(entries) for ask in entry.ask]
        self._index = Index(asked)
        self._paraphrases = Paraphrases(asked, [entry.say[0] for entry in entries])

    def answer(self, moment: Moment) -> Answer | None:
        """Answer from the entry whose question is near enough to what was said."""
        entry = self.find(moment.core) or self.find(moment.heard.text)
        if entry is None and (wanted := _WANTED.match(moment.core)) and not _FACTUAL.match(moment.core):
            entry = self.find(f"tell me a {wanted[1]}")
        if entry is None and (wider := _WIDER.match(moment.core)):
            entry = self.find(wider[1])
        return reply(entry, moment) if entry else None

    def paraphrase(self, moment: Moment) -> Answer | None:
        """Answer from the entry whose question is about the same things in other words; nothing is done on it."""
        at = self._paraphrases.find(moment.core)
        return reply(self.entries[at], moment) if at is not None and not self.entries[at].tool else None

    def told(self, text: str) -> Entry | None:
        """Return the entry for a trouble that is told in a text, None when there is none."""
        at = self._paraphrases.told(text)
        return self.entries[at] if at is not None and not self.entries[at].tool else None

    def find(self, text: str, near: float = NEAR) -> Entry | None:
        """Return the entry for a question, None when none is near enough."""
        entry, score = self.nearest(text)
        return entry if score >= near else None

    def nearest(self, text: str) -> tuple[Entry | None, float]:
        """Return the entry whose question is nearest, and how near it is."""
        hit = self._index.search(text)
        if hit is None:
            return None, 0.0
        if self.entries[hit.owner].tool and re.search(r"\b(?:not|never|said)\b", text):
            return None, 0.0  # "do not hang up" is the opposite
        return self.entries[hit.owner], hit.score

    def guess(self, text: str) -> Entry | None:
        """Return the entry whose question sounds like the text: the last resort for a badly heard one."""
        if len(text) < _FEWEST_LETTERS_BY_SOUND or len(text.split()) > _LONGEST_BY_SOUND:
            return None
        hit = self._index.sounding(text)
        # Ending a call is too much to do on a guess.
        return (
            self.entries[hit.owner] if hit and hit.score >= SOUNDS_LIKE and not self.entries[hit.owner].tool else None
        )


def reply(entry: Entry, moment: Moment) -> Answer:
    """Return an entry as the answer to this turn, in the next of its ways to say it."""
    tool = ToolCall(entry.tool, "{}") if entry.tool in moment.offered else None
    slots = {"why": entry.why, "ask": entry.ask[0]}
    return Answer(moment.pick(entry.topic, entry.say), entry.topic, slots, tool, entry.aside)


def load() -> Knowledge:
    """Read every table; raises ValueError that names the file and the entry when one is not as it should be."""
    return Knowledge(tuple(entry for name in SPOKEN for entry in _entries(name, read(name))))


@cache
def read(name: str) -> dict[str, Any]:
    """Return one of the files in `data`."""
    return tomllib.loads(resources.files(__package__).joinpath("data", name).read_text(encoding="utf-8"))


def table(name: str) -> dict[str, Any]:
    """Return one of the tables of names (`table_<name>.toml`)."""
    return read(f"table_{name}.toml")


def _entries(file: str, content: dict[str, Any]) -> Iterator[Entry]:
    """Yield both kinds of entry: `[topic]` with ask and say, and lines `"question | question" = "answer"`."""
    for topic, body in content.items():
        if "ask" in body:
            if not (body.get("ask") and body.get("say")):
                raise ValueError(f"{file}: [{topic}] needs ask and say")
            fields = {key: body[key] for key in ("why", "tool", "aside") if key in body}
            yield Entry(topic, _some(body["ask"]), _some(body["say"]), **fields)
            continue
        for asks, says in body.items():
            questions = tuple(part.strip() for part in asks.split("|"))
            if not says:
                raise ValueError(f"{file}: {asks!r} has no answer")
            answer, why = (says[0], says[1]) if isinstance(says, list) else (says, "")
            yield Entry(f"fact:{questions[0]}", questions, (answer,), why)


def _some(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
