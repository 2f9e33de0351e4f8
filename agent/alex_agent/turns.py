"""Watches a session and reports each turn, each error and each change of provider to the parent."""

from __future__ import annotations

from typing import Any

import structlog
from livekit.agents import AgentSession

from alex_agent.channel import Sender
from alex_agent.pipeline import Member, Pipeline
from alex_agent.providers import Link

log = structlog.get_logger(__name__)


class Turns:
    """The turns of one call.

    A turn opens with what the caller said and closes with Alex's answer. The SDK hands over the answer when it was
    *played*, so a turn that fails or is cut has none and is closed by what comes next.
    """

    def __init__(self, sender: Sender, pipeline: Pipeline) -> None:
        self._sender = sender
        self._heard: dict[str, Any] | None = None
        self._failed = False
        # Who answered last in each stage: with a fallback in use the first choice's name would be a lie.
        self._served: dict[str, Link] = {}
        self.count = 0
        for member in pipeline.members:
            self._served.setdefault(member.link.stage, member.link)
            self._watch(member)

    def _watch(self, member: Member) -> None:
        link = member.link

        def served(_: Any) -> None:
            if self._served[link.stage] != link:
                self._served[link.stage] = link
                self._sender.send("fallback", stage=link.stage)
                log.warning("provider_changed", stage=link.stage, provider=link.provider)

        def failed(_: Any) -> None:
            self._sender.send("error", stage=link.stage, provider=link.provider)
            log.warning("provider_failed", stage=link.stage, provider=link.provider)

        member.engine.on("metrics_collected", served)
        member.engine.on("error", failed)

    def follow(self, session: AgentSession[None]) -> None:
        """Subscribe to the session; call it before the session starts."""
        session.on("conversation_item_added", self._on_item)
        session.on("error", self._on_error)

    def _on_item(self, event: Any) -> None:
        item = event.item
        if item.type != "message":  # a hand-over between agents is an item, too
            return
        if item.role == "user":
            self.close()
            self._heard = dict(item.metrics)
        elif item.role == "assistant" and self._heard is not None:
            self._report("interrupted" if item.interrupted else "answered", self._heard, dict(item.metrics))
            self._heard = None

    def _on_error(self, event: Any) -> None:
        if not getattr(event.error, "recoverable", True):
            self._failed = True

    def close(self) -> None:
        """Report a turn that got no answer."""
        if self._heard is not None:
            self._report("failed" if self._failed else "interrupted", self._heard, {})
        self._heard, self._failed = None, False

    def _report(self, outcome: str, heard: dict[str, Any], said: dict[str, Any]) -> None:
        self.count += 1
        self._failed = False
        facts: dict[str, Any] = {
            "outcome": outcome,
            "end_of_turn_seconds": heard.get("end_of_turn_delay"),
            "turn_seconds": said.get("e2e_latency"),
        }
        for stage, seconds in (
            ("stt", heard.get("transcription_delay")),
            ("llm", said.get("llm_node_ttft")),
            ("tts", said.get("tts_node_ttfb")),
        ):
            if seconds is not None:
                link = self._served[stage]
                facts[stage] = {"provider": link.provider, "model": link.model, "seconds": seconds}
        self._sender.send("turn", **facts)
        log.info(
            "turn",
            number=self.count,
            outcome=outcome,
            **{k: v["seconds"] if isinstance(v, dict) else v for k, v in facts.items() if k != "outcome"},
        )
