"""The script of the scripted engine: what is heard, what is said, how late, and what goes wrong.

```json
{
  "seed": 7,
  "transcripts": ["What are you called?", "Thank you, goodbye."],
  "streams": [["The first stream hears this."], ["The second stream hears that."]],
  "endpointing_ms": 450,
  "replies": [
    {"when": "called|name", "say": "I am Alex."},
    {"when": "goodbye", "call": {"name": "end_call", "arguments": {}}},
    {"say": "The first reply of a room that no pattern fits."},
    {"say": "The second one."}
  ],
  "delays": {"openai": {"accept_ms": 20, "first_ms": 200, "piece_ms": 30, "jitter_ms": 50}},
  "faults": [{"provider": "elevenlabs", "kind": "cut", "skip": 1, "times": 2, "after": 1}]
}
```

transcripts: the nth utterance of any stream hears the nth one, and starts over at the end. streams: the nth stream
since the script was put has its own list. replies: the first whose `when` (a regular expression, letter case ignored)
is found in the last user message; else those without `when`, in turn, counted per room and starting over. A reply can
both say and call. After a tool's result, the reply is `then` of the reply that called, when it has one.

delays, per provider (deepgram, openai, speech, elevenlabs), in milliseconds, each with a seeded jitter of 0..jitter_ms
on top: accept_ms before the vendor answers at all, first_ms before the first result of each utterance, reply or
context, piece_ms between results.

faults: the first that fits a request is applied. kind: `refuse` (401), `busy` (429), `error` (500), `hang` (accept,
then silence), `cut` (drop the connection after `after` results), `slow` (`slow_ms` before every result). skip requests
pass first, then `times` are hit (null: all of them). on: `call`, `check` (key and voice look-ups) or `any`. room: only
requests of that room, where the vendor's request says it.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from alex_offline.metrics import Provider


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


Milliseconds = Annotated[float, Field(ge=0, le=600_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolCall(_Part):
    """A tool the assistant asks for."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Line(_Part):
    """A reply: something said, a tool called, or both."""

    when: Annotated[str, AfterValidator(_pattern)] | None = None
    say: str = ""
    call: ToolCall | None = None
    then: str = ""

    @model_validator(mode="after")
    def _something(self) -> Line:
        if not self.say and self.call is None:
            raise ValueError("a reply needs say, call or both")
        return self


class Delays(_Part):
    """How late a provider is."""

    accept_ms: Milliseconds = 0
    first_ms: Milliseconds = 0
    piece_ms: Milliseconds = 0
    jitter_ms: Milliseconds = 0


class Fault(_Part):
    """What goes wrong, and for which requests."""

    provider: Provider
    kind: Literal["refuse", "busy", "error", "hang", "cut", "slow"]
    on: Literal["call", "check", "any"] = "call"
    room: str | None = None
    skip: int = Field(0, ge=0)
    times: int | None = Field(None, ge=1)
    after: int = Field(1, ge=0)
    slow_ms: Milliseconds = 1500


class Script(_Part):
    """Everything the scripted engine does."""

    seed: int = 0
    transcripts: tuple[str, ...] = ("Hello.", "What is your name?", "Thank you, goodbye.")
    streams: tuple[tuple[str, ...], ...] = ()
    # A voice pauses up to 300 ms at a comma; shorter would cut one utterance into two.
    endpointing_ms: Milliseconds = 450
    replies: tuple[Line, ...] = (
        Line(when="name|called|who are you", say="I am Alex. It is nice to meet you."),
        Line(when="bye", say="Goodbye, and take care."),
        Line(say="Hello, how can I help you?"),
        Line(say="I see. Tell me more."),
    )
    delays: dict[Provider, Delays] = Field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
