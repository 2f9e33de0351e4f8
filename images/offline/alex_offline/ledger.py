"""What the scripted engine did and when, for tests and benchmarks to check against."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alex_offline.metrics import Part, Provider

# About an hour of thirty calls; older entries fall out.
KEPT = 20_000


@dataclass(frozen=True)
class Event:
    """monotonic and wall are seconds; text is what was heard or said, where that is the event."""

    what: str
    monotonic: float
    wall: float
    text: str | None = None


@dataclass
class Entry:
    """One request from its arrival to its end."""

    number: int
    provider: Provider
    room: str | None
    part: Part
    fault: str | None = None
    outcome: str | None = None
    delays_ms: dict[str, float] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def add(self, what: str, text: str | None = None) -> None:
        """Note what just happened."""
        self.events.append(Event(what, time.monotonic(), time.time(), text))


class Ledger:
    """The entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0

    def open(self, provider: Provider, room: str | None, *, part: Part) -> Entry:
        """Note that a request arrived."""
        self._number += 1
        entry = Entry(self._number, provider, room, part)
        entry.add("request")
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def dump(self, provider: str | None = None, room: str | None = None) -> list[dict[str, Any]]:
        """Return the entries as JSON, of one provider or room when named."""
        return [
            asdict(entry)
            for entry in self._entries
            if (provider is None or entry.provider == provider) and (room is None or entry.room == room)
        ]
