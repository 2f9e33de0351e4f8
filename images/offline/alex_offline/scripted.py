"""The scripted engine: fixed transcripts and replies in a real voice, with seeded delays and faults."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from alex_offline.engine import Call, Text
from alex_offline.exchange import CutError, Exchange, Outcome, Refusal, forever
from alex_offline.ledger import Entry, Ledger
from alex_offline.script import Delays, Fault, Line, Script
from alex_offline.scripted_hearing import ScriptedHearing
from alex_offline.segments import Segments
from alex_offline.speech import Speech

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from alex_offline.metrics import Metrics, Part, Provider

REFUSALS: dict[str, Refusal] = {"refuse": "key", "busy": "busy", "error": "error"}


class ScriptedExchange(Exchange):
    """One request that follows the script and is written to the ledger."""

    def __init__(
        self, provider: Provider, metrics: Metrics, entry: Entry, delays: Delays, fault: Fault | None, seed: str
    ) -> None:
        super().__init__(provider, entry.room, metrics)
        self._entry = entry
        self._delays = delays
        self._fault = fault
        self._random = random.Random(seed)  # noqa: S311 - a test must be able to repeat it
        self._results = 0
        entry.fault = fault.kind if fault else None

    @property
    def refusal(self) -> Refusal | None:
        """The vendor's own refusal, when the script wants one."""
        return REFUSALS.get(self._fault.kind) if self._fault else None

    async def accept(self) -> None:
        """Late by accept_ms."""
        await self._wait("accept", self._delays.accept_ms)

    async def before_first(self) -> None:
        """Late by first_ms; a hang waits here until the client gives up."""
        await self._fail()
        await self._wait("first", self._delays.first_ms)

    async def before_piece(self) -> None:
        """Late by piece_ms; a cut happens here."""
        await self._fail()
        await self._wait("piece", self._delays.piece_ms)

    async def _fail(self) -> None:
        if self._fault is None:
            return
        if self._fault.kind == "hang":
            self._entry.add("hang")
            await forever()
        if self._fault.kind == "slow":
            await asyncio.sleep(self._fault.slow_ms / 1000)
        if self._fault.kind == "cut" and self._results >= self._fault.after:
            raise CutError
        self._results += 1

    async def _wait(self, stage: str, milliseconds: float) -> None:
        # The jitter is drawn even when nothing is waited for, so that one stage's setting never moves another's.
        jitter = self._random.uniform(0, self._delays.jitter_ms)
        if milliseconds or jitter:
            wait = milliseconds + jitter
            if stage != "piece":
                self._entry.delays_ms[stage] = wait
            await asyncio.sleep(wait / 1000)

    def mark(self, what: str, *, text: str | None = None) -> None:
        """Metrics and ledger."""
        if what == "first" and self._first:
            return
        super().mark(what, text=text)
        self._entry.add(what, text)

    def end(self, outcome: Outcome) -> None:
        """Close the entry."""
        super().end(outcome)
        if self._entry.outcome is None:
            self._entry.outcome = outcome
            self._entry.add("end")


class ScriptedEngine:
    """Follows `script`, which can be replaced at any time, and keeps `ledger`."""

    def __init__(self, script: Script, metrics: Metrics) -> None:
        self.ledger = Ledger()
        self._metrics = metrics
        self._executor = ThreadPoolExecutor(2, "speech")
        self._speech = Speech(self._executor)
        self._problem: str | None = "loading"
        self.put(script)

    def put(self, script: Script) -> None:
        """Follow another script from the next request on; counts start over."""
        self.script = script
        self._requests: Counter[str] = Counter()
        self._hits: Counter[int] = Counter()
        self._turns: Counter[str | None] = Counter()
        self._streams = 0

    @property
    def problem(self) -> str | None:
        """Why it cannot serve yet."""
        return self._problem

    async def start(self) -> None:
        """Load the voice."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._speech.load)
        self._problem = None

    async def aclose(self) -> None:
        """Let go of the voice."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def exchange(self, provider: Provider, room: str | None, *, part: Part = "call") -> Exchange:
        """Follow the script's plan for this request."""
        self._requests[provider] += 1
        entry = self.ledger.open(provider, room, part=part)
        seed = f"{self.script.seed}:{provider}:{self._requests[provider]}"
        delays = self.script.delays.get(provider, Delays())
        return ScriptedExchange(provider, self._metrics, entry, delays, self._fault(provider, room, part), seed)

    def _fault(self, provider: Provider, room: str | None, part: Part) -> Fault | None:
        for index, fault in enumerate(self.script.faults):
            if fault.provider != provider or (fault.room is not None and fault.room != room):
                continue
            if fault.on != "any" and (fault.on == "check") != (part == "check"):
                continue
            if part == "opening" and fault.kind not in REFUSALS:
                continue
            self._hits[index] += 1
            hit = self._hits[index] - fault.skip
            if hit >= 1 and (fault.times is None or hit <= fault.times):
                return fault
        return None

    def listen(self, exchange: Exchange, rate: int, channels: int, endpointing: float | None) -> ScriptedHearing:
        """Every utterance that loudness can tell apart hears the next transcript."""
        lines = self.script.transcripts
        if self._streams < len(self.script.streams):
            lines = self.script.streams[self._streams]
        self._streams += 1
        silence = None if endpointing is None else max(endpointing, self.script.endpointing_ms / 1000)
        return ScriptedHearing(exchange, Segments(rate, channels, silence), lines)

    async def think(
        self, exchange: Exchange, messages: list[dict[str, Any]], tools: list[dict[str, Any]]
    ) -> AsyncGenerator[Text | Call]:
        """Yield the reply the script has for the last user message, word by word."""
        del tools
        asked = next((_plain(m) for m in reversed(messages) if m.get("role") == "user"), "")
        exchange.mark("asked", text=asked)
        line, said = self._reply(asked, messages, exchange.room)
        for word in re.findall(r"\S+\s*", said):
            yield Text(word)
        if line is not None and line.call is not None:
            yield Call(line.call.name, json.dumps(line.call.arguments))

    def _reply(self, asked: str, messages: list[dict[str, Any]], room: str | None) -> tuple[Line | None, str]:
        last_is_result = bool(messages) and messages[-1].get("role") == "tool"
        for line in self.script.replies:
            if line.when is not None and re.search(line.when, asked, re.IGNORECASE):
                if last_is_result and line.call is not None:
                    return None, line.then or "Done."
                return line, line.say
        unconditional = [line for line in self.script.replies if line.when is None]
        if not unconditional:
            return None, "I have no line for that."
        line = unconditional[self._turns[room] % len(unconditional)]
        if last_is_result and line.call is not None:
            return None, line.then or "Done."
        self._turns[room] += 1
        return line, line.say

    def speak(self, exchange: Exchange, text: str, speed: float = 1.0) -> AsyncIterator[bytes]:
        """Say it with the real voice."""
        exchange.mark("text", text=text)
        return self._speech.say(text, speed)


def _plain(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content or [] if isinstance(part, dict))
