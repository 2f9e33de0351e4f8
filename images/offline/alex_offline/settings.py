"""What the operator chose, read once from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Field name → the chart value behind it, named beside the variable in every error.
CHART_VALUES = {
    "http_host": "set by the chart",
    "http_port": "set by the chart",
    "ops_host": "set by the chart",
    "ops_port": "set by the chart",
    "log_level": "logLevel",
    "log_format": "logFormat",
    "timezone": "agent.timezone",
    "offline_engine": "offline.engine",
    "offline_script_file": "offline.script",
    "offline_stt_streams": "offline.sttStreams",
    "offline_speech_streams": "offline.speechStreams",
    "offline_language_streams": "offline.languageStreams",
    "offline_key": "offline.apiKey",
    "offline_key_file": "offline.apiKey",
}


class SettingsError(ValueError):
    """A setting is wrong; the message names each variable and the chart value behind it."""


class Settings(BaseSettings):
    """Everything the program can be told; frozen, so that two parts can never disagree."""

    model_config = SettingsConfigDict(env_prefix="ALEX_", frozen=True, env_ignore_empty=True, extra="ignore")

    http_host: str = "127.0.0.1"
    http_port: int = Field(8085, ge=0, le=65535)
    ops_host: str = "127.0.0.1"
    ops_port: int = Field(9092, ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    timezone: str = "UTC"
    offline_engine: Literal["local", "scripted"] = "local"
    offline_script_file: Path | None = None
    # Two cores recognise about four live callers at once.
    offline_stt_streams: int = Field(4, ge=1, le=1000)
    # Synthesis takes about 2 % of a core per second of speech; eight overlap without being heard.
    offline_speech_streams: int = Field(8, ge=1, le=1000)
    # The small model writes 60 to 80 tokens a second on one thread; two callers share that and still speak fluently.
    offline_language_streams: int = Field(2, ge=1, le=1000)
    offline_key: SecretStr | None = None
    offline_key_file: Path | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("is not a time zone like Europe/Berlin") from error
        return value

    @field_validator("offline_script_file", "offline_key_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("names a file that does not exist")
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.offline_key is not None and self.offline_key_file is not None:
            raise ValueError(
                "ALEX_OFFLINE_KEY and ALEX_OFFLINE_KEY_FILE are both set, keep one (chart value offline.apiKey)"
            )
        if self.offline_script_file is not None and self.offline_engine != "scripted":
            raise ValueError(
                "ALEX_OFFLINE_SCRIPT_FILE needs ALEX_OFFLINE_ENGINE=scripted (chart: offline.script, offline.engine)"
            )
        return self

    def key(self) -> str | None:
        """Return the only API key that is accepted, or None when any non-empty key will do."""
        if self.offline_key_file is not None:
            return self.offline_key_file.read_text(encoding="utf-8").strip() or None
        return self.offline_key.get_secret_value() if self.offline_key is not None else None


def load() -> Settings:
    """Read the environment; raises SettingsError with one line for each thing to change."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_lines(error))) from None


def _lines(error: ValidationError) -> list[str]:
    """One line per mistake, without the given value, which may be a key."""
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        message = item["msg"].removeprefix("Value error, ")
        if not item["loc"]:
            lines.append(message)
            continue
        field = str(item["loc"][0]).removeprefix("ALEX_").removeprefix("alex_").lower()
        lines.append(f"ALEX_{field.upper()} (chart value {CHART_VALUES.get(field, field)}): {message}")
    return lines
