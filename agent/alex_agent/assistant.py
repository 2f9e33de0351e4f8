"""Alex as a person: what Alex is told, and the two things Alex can do besides talking."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from livekit import rtc
from livekit.agents import Agent, ChatContext, FlushSentinel, ModelSettings, ToolError, function_tool, llm, stt

from alex_agent.pace import Pace
from alex_agent.silence import Silence

# Weekday and month names in English whatever the image's locale says: they are read aloud.
_SPOKEN = "%A, %-d %B %Y, %H:%M"


def instructions(prompt_file: Path | None) -> str:
    """Read what Alex is told: the operator's own prompt, or the one in this package."""
    if prompt_file is not None:
        return prompt_file.read_text(encoding="utf-8")
    return files("alex_agent").joinpath("prompts/alex.md").read_text(encoding="utf-8")


def tell_time(timezone: str, now: datetime) -> str:
    """Say date and time in a time zone, in words that a language model cannot misread.

    Raises:
        ToolError: when the zone is unknown; the message is for the model.

    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ToolError(
            f"There is no time zone {timezone!r}. Use an IANA name such as Europe/Berlin, or leave it out.",
        ) from error
    return f"It is {now.astimezone(zone).strftime(_SPOKEN)} ({timezone})."


class Alex(Agent):
    """Alex on a call."""

    def __init__(
        self,
        instructions: str,
        timezone: str,
        hang_up: Callable[[], None],
        silence: Silence,
        pace: Pace,
        remembered: ChatContext | None = None,
    ) -> None:
        super().__init__(instructions=instructions, chat_ctx=remembered)
        self._timezone = timezone
        self._hang_up = hang_up
        self._silence = silence
        self._pace = pace

    def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncGenerator[stt.SpeechEvent]:
        """Let what the caller says be measured on its way to the ears."""
        return Agent.default.stt_node(self, self._silence.hearing(audio), model_settings)

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncGenerator[llm.ChatChunk | str | FlushSentinel]:
        """Let nobody make Alex think for more money than a call may cost."""
        recent = await self._pace.think(chat_ctx)
        async for chunk in Agent.default.llm_node(self, recent, tools, model_settings):
            yield chunk

    def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncGenerator[rtc.AudioFrame]:
        """Let what Alex says be paid no faster than it is heard, and be measured on its way to the caller."""
        return self._silence.speaking(Agent.default.tts_node(self, self._pace.speak(text), model_settings))

    @function_tool
    async def get_time_and_date(self, timezone: str = "") -> str:
        """Tell the current time, weekday and date.

        Args:
            timezone: IANA name such as Europe/Berlin or America/New_York when the caller asks about a place;
                empty for the caller's own time.

        """
        return tell_time(timezone or self._timezone, datetime.now(UTC))

    @function_tool
    async def end_call(self) -> str:
        """End the call. Use it when the caller says goodbye or wants to stop; say a short goodbye with it."""
        self._hang_up()
        return "The call ends after your next sentence. Say a short, warm goodbye and nothing else."
