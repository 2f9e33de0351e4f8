"""How many calls are on at once, in all and from one address.

The agent pods tell which rooms have a call or the promise of one, and web looks at them twice a second. A room's name
ends in a mark of the address that asked for it, so every replica counts alike, without a store and across restarts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from http import HTTPStatus

from alex_web.names import new_room
from alex_web.pods import Pods
from alex_web.problems import Problem
from alex_web.settings import Settings

# 72 bits: two addresses do not share a mark, and it says nothing to whoever does not know the LiveKit secret.
MARK_BYTES = 9
# Calls last minutes, so the next end is anybody's guess; this keeps a waiting page from hammering.
RETRY_SECONDS = 30


class Crowd:
    """Counts calls, and refuses those that are one too many."""

    def __init__(self, settings: Settings, pods: Pods) -> None:
        self._pods = pods
        self._secret = settings.secret("livekit_api_secret").encode()
        self._most = settings.most_calls
        self._most_per_address = settings.calls_per_address
        # Rooms with names that callers chose, and whose they are: this replica counts those it opened.
        self._named: dict[str, str] = {}

    def room(self, address: str) -> str:
        """Choose a name for a new room that tells every replica whose call it is."""
        return f"{new_room()}.{self._mark(address)}"

    def name(self, room: str, address: str) -> None:
        """Remember whose a room is whose name the caller chose."""
        held = self._pods.rooms() | self._pods.promised()
        self._named = {name: mark for name, mark in self._named.items() if name in held}
        self._named[room] = self._mark(address)

    def refuse_more(self, address: str, room: str = "") -> None:
        """Refuse one more call when there are as many as there may be.

        Args:
            address: who asks.
            room: the room of this call, when it has the promise of a slot already.

        Raises:
            Problem: 429 for one address, 503 for all.

        """
        calls = (self._pods.rooms() | self._pods.promised()) - {room}
        if self._most and len(calls) >= self._most:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "full",
                "Everybody is busy",
                "As many calls are on as the operator allows (web.limits.calls). Please try again in a moment.",
                retry_after_seconds=RETRY_SECONDS,
            )
        mark = self._mark(address)
        mine = sum(name.endswith(f".{mark}") or self._named.get(name) == mark for name in calls)
        if self._most_per_address and mine >= self._most_per_address:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-calls",
                "Too many calls at once",
                f"At most {self._most_per_address} calls can be on at once from one address. An operator can change "
                "web.limits.callsPerAddress.",
                retry_after_seconds=RETRY_SECONDS,
            )

    def _mark(self, address: str) -> str:
        digest = hmac.new(self._secret, f"alex address {address}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:MARK_BYTES]).decode()
