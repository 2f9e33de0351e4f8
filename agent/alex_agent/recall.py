"""Keeps a call's conversation in its room while it goes on, and takes it up again after another agent's death."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import structlog
from livekit import api
from livekit.agents import AgentSession, ChatContext, ChatMessage, JobContext

from alex_agent.memory import Memory, Said

log = structlog.get_logger(__name__)

# Question and answer come within a second of each other: one message to LiveKit holds both.
DEBOUNCE_SECONDS = 0.3


class Recall:
    """The memory of one call. It is never in the call's way: what cannot be kept is logged and forgotten."""

    def __init__(self, ctx: JobContext, *api_secrets: str) -> None:
        self._ctx = ctx
        self._memory = Memory(ctx.job.room.name, *api_secrets)
        self._conversation: list[Said] = []
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> list[Said]:
        """Read what was said before this agent came; to be called once the room is joined."""
        self._conversation = self._memory.open(self._ctx.room.metadata or "")
        return list(self._conversation)

    def follow(self, session: AgentSession[None]) -> None:
        """Keep what is said from now on, unless the room's metadata is the operator's."""
        metadata = self._ctx.room.metadata or ""
        if metadata and not Memory.is_ours(metadata):
            return
        session.on("conversation_item_added", self._on_item)
        self._task = asyncio.create_task(self._keep())

    def close(self) -> None:
        """Stop keeping."""
        if self._task is not None:
            self._task.cancel()

    def _on_item(self, event: Any) -> None:
        item = event.item
        # A change of agent or of instructions is an item too, and nothing that was said.
        if isinstance(item, ChatMessage) and item.role in ("user", "assistant") and item.text_content:
            self._conversation.append(Said(item.role, item.text_content))
            self._changed.set()

    async def _keep(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(DEBOUNCE_SECONDS)
            self._changed.clear()
            request = api.UpdateRoomMetadataRequest(
                room=self._ctx.room.name, metadata=self._memory.seal(self._conversation)
            )
            try:
                await self._ctx.api.room.update_room_metadata(request)
            except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
                log.warning("conversation_not_kept", error=type(error).__name__)


def chat_context(conversation: list[Said]) -> ChatContext:
    """Give a conversation the form that the language model takes it in."""
    context = ChatContext.empty()
    for said in conversation:
        context.add_message(role=said.role, content=said.text)
    return context
