"""What a Deepgram request asks for, and the shapes it is answered in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multidict import MultiMapping

    from alex_offline.engine import Heard

# Deepgram's default when the query does not say.
ENDPOINTING_MS = 10
RATES = range(8000, 48001)
CHANNELS = range(1, 3)
TRUE, FALSE = "true", "false"


@dataclass(frozen=True)
class Query:
    """The query parameters that change what is answered."""

    model: str
    rate: int
    channels: int
    interim: bool
    vad_events: bool
    punctuate: bool
    endpointing: float | None
    """Seconds of silence, None for never."""
    utterance_end: float | None
    """Seconds of silence after the last word until UtteranceEnd, None for never."""


def parse(query: MultiMapping[str], *, live: bool) -> Query:
    """Read and check the query; raises ValueError with Deepgram's kind of sentence."""
    encoding = query.get("encoding")
    if live and encoding is not None and encoding != "linear16":
        raise ValueError("Failed to deserialize query parameters: unsupported encoding, use linear16.")
    endpointing = query.get("endpointing", str(ENDPOINTING_MS))
    end_ms = query.get("utterance_end_ms")
    if (
        end_ms is not None
        and _number(query, "utterance_end_ms", 1000, range(1000, 5001))
        and not _flag(query, "interim_results", default=False)
    ):
        raise ValueError("utterance_end_ms needs interim_results=true.")
    return Query(
        model=query.get("model", "nova-2-general"),
        rate=_number(query, "sample_rate", 16000, RATES) if encoding or not live else 16000,
        channels=_number(query, "channels", 1, CHANNELS),
        interim=_flag(query, "interim_results", default=False),
        vad_events=_flag(query, "vad_events", default=False),
        punctuate=_flag(query, "punctuate", default=False) or _flag(query, "smart_format", default=False),
        endpointing=None
        if endpointing.lower() == FALSE
        else _number(query, "endpointing", ENDPOINTING_MS, range(10_001)) / 1000
        if endpointing.lower() != TRUE
        else ENDPOINTING_MS / 1000,
        utterance_end=None if end_ms is None else int(end_ms) / 1000,
    )


def _flag(query: MultiMapping[str], name: str, *, default: bool) -> bool:
    value = query.get(name, TRUE if default else FALSE).lower()
    if value not in {TRUE, FALSE}:
        raise ValueError(f"Failed to deserialize query parameters: {name}: provided string was not `true` or `false`.")
    return value == TRUE


def _number(query: MultiMapping[str], name: str, default: int, allowed: range) -> int:
    try:
        value = int(query.get(name, default))
    except ValueError:
        raise ValueError(f"Failed to deserialize query parameters: {name}: invalid digit found in string.") from None
    if value not in allowed:
        raise ValueError(f"Invalid query parameter {name}: use {allowed.start} to {allowed.stop - 1}.")
    return value


def alternative(text: str, words: list[dict[str, Any]]) -> dict[str, Any]:
    """Shape one reading of what was said."""
    confidence = sum(word["confidence"] for word in words) / len(words) if words else 0.0
    return {"transcript": text, "confidence": round(confidence, 4), "words": words}


def words_of(heard: Heard, query: Query) -> list[dict[str, Any]]:
    """Shape its words, punctuated when the query asks for it."""
    words = []
    for word in heard.words:
        item: dict[str, Any] = {
            "word": word.text.strip('.,!?;:"').lower(),
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "confidence": round(word.confidence, 4),
        }
        if query.punctuate:
            item["punctuated_word"] = word.text
        words.append(item)
    return words


def now() -> str:
    """Tell the time as Deepgram writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
