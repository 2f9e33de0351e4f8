"""Who is in the call: whether Alex is there, what it says it is doing, and whether the call is still one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from livekit import rtc

STATE = "lk.agent.state"
CLOSING_SECONDS = 0.3  # when a room closes, its agent goes first: the reason follows


class CallError(Exception):
    """Something a caller expects did not happen. `code` is one word for programs, the message is for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Event:
    """Something that happened to the call: connected, agent_joined, agent_left, reconnecting, reconnected, ended."""

    at: float
    name: str
    detail: str = ""


@dataclass
class Presence:
    """Watches a room. `started` is the call's beginning on the clock; moments are seconds since then."""

    room: rtc.Room
    started: float
    events: list[Event] = field(default_factory=list)
    agent_seconds: float | None = None  # when the first agent joined
    leaving: bool = False  # what happens from now on is my own doing
    _agents: set[str] = field(default_factory=set)
    _agent_left_at: float | None = None
    _ended: str | None = None

    def attach(self) -> None:
        """Listen to the room; before it is joined, so that nothing is missed."""
        room = self.room
        room.on("participant_connected", self._came)
        room.on("participant_disconnected", self._went)
        room.on("participant_attributes_changed", lambda _, who: self._came(who))
        room.on("disconnected", self._disconnected)
        room.on("reconnecting", lambda: self._note("reconnecting"))
        room.on("reconnected", lambda: self._note("reconnected"))

    def joined(self) -> None:
        """Note that I am in, and who was there before me."""
        self._note("connected")
        for participant in self.room.remote_participants.values():
            self._came(participant)

    @property
    def agent_is_here(self) -> bool:
        """Whether an agent is in the room."""
        return bool(self._agents)

    @property
    def state(self) -> str | None:
        """What Alex says it is doing: initializing, listening, thinking, speaking; None without an agent."""
        for identity in self._agents:
            if (agent := self.room.remote_participants.get(identity)) is not None:
                return agent.attributes.get(STATE)
        return None

    def is_me(self, identity: str) -> bool:
        """Whether an identity is the caller's own."""
        return self.room.isconnected() and identity == self.room.local_participant.identity

    def check(self, patience_seconds: float) -> None:
        """Raise CallError when the call is over: I was put out, or Alex has been away for longer than this."""
        now = time.monotonic() - self.started
        if self._ended is not None:
            raise CallError("cut", f"the call was cut after {now:.1f} s: {self._ended}")
        if self._agent_left_at is not None and now - self._agent_left_at > max(CLOSING_SECONDS, patience_seconds):
            raise CallError("cut", f"the call was cut: Alex left after {self._agent_left_at:.1f} s")

    def _note(self, name: str, detail: str = "") -> None:
        self.events.append(Event(time.monotonic() - self.started, name, detail))

    def _came(self, participant: rtc.Participant) -> None:
        is_agent = participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT or STATE in participant.attributes
        if not is_agent or participant.identity in self._agents or self.is_me(participant.identity):
            return
        self._agents.add(participant.identity)
        self._agent_left_at = None
        self._note("agent_joined")
        if self.agent_seconds is None:
            self.agent_seconds = self.events[-1].at

    def _went(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity in self._agents:
            self._agents.discard(participant.identity)
            if not self._agents and not self.leaving:
                self._note("agent_left")
                self._agent_left_at = self.events[-1].at

    def _disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        if not self.leaving:
            self._ended = rtc.DisconnectReason.Name(reason).lower().replace("_", " ")
            self._note("ended", self._ended)
