"""What an engine used, and what that costs by the price table of the operator."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


@dataclass(frozen=True)
class Usage:
    """What one request used, in the units in which vendors bill; `input_tokens` includes the cached ones."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    characters: int = 0
    audio_seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        """Give what is not zero, for an event."""
        return {name: value for name, value in asdict(self).items() if value}


class Price(BaseModel):
    """What a model costs, in US dollars. A unit without a price costs nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    provider: Literal["deepgram", "openai", "elevenlabs", "offline"]
    model: str = Field(min_length=1)
    usd_per_million_input_tokens: float = Field(0.0, ge=0)
    usd_per_million_cached_tokens: float | None = Field(None, ge=0)  # like any other input, unless it is cheaper
    usd_per_million_output_tokens: float = Field(0.0, ge=0)
    usd_per_million_characters: float = Field(0.0, ge=0)
    usd_per_audio_minute: float = Field(0.0, ge=0)

    def of(self, usage: Usage) -> float:
        """Give what a usage costs."""
        cached = self.usd_per_million_cached_tokens
        if cached is None:
            cached = self.usd_per_million_input_tokens
        return (
            (usage.input_tokens - usage.cached_tokens) * self.usd_per_million_input_tokens
            + usage.cached_tokens * cached
            + usage.output_tokens * self.usd_per_million_output_tokens
            + usage.characters * self.usd_per_million_characters
        ) / 1e6 + usage.audio_seconds / 60 * self.usd_per_audio_minute
