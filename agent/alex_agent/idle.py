"""Notices a caller who has not said a word for long: a forgotten tab holds a slot, and is listened to for money."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Idle:
    """A clock that words of the caller set back; noise does not, or a radio would talk for ever."""

    def __init__(self, seconds: float, hang_up: Callable[[], None]) -> None:
        self._seconds = seconds
        self._hang_up = hang_up
        self._timer: asyncio.TimerHandle | None = None

    def follow(self, session: Any) -> None:
        """Begin to count, and hear what the caller says or types."""
        session.on("user_input_transcribed", self._on_heard)
        session.on("conversation_item_added", self._on_item)
        self.restart()

    def close(self) -> None:
        """Stop counting."""
        if self._timer is not None:
            self._timer.cancel()
        self._seconds = 0.0

    def restart(self) -> None:
        """Set the clock back."""
        if self._timer is not None:
            self._timer.cancel()
        if self._seconds:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._hang_up)

    def _on_heard(self, event: Any) -> None:
        if event.transcript.strip():
            self.restart()

    def _on_item(self, event: Any) -> None:
        # What is typed is never heard. A change of agent is an item too, and has no role.
        if getattr(event.item, "role", None) == "user":
            self.restart()
