"""Everything the agent is told by its environment, read once and checked before anything else runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as NoJsonError

from alex_agent.prices import Price

DEVELOPMENT_KEY = "devkey"
DEVELOPMENT_SECRET = "alex-development-secret-32-chars"  # noqa: S105 - public on purpose, localhost only
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# LiveKit signs with HS256; a secret shorter than the hash can be guessed (RFC 7518 §3.2).
SHORTEST_SECRET_CHARS = 32


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable and the chart value behind it."""


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname:
            msg = f"must be a URL that starts with {' or '.join(s + '://' for s in schemes)}"
            raise ValueError(msg)
        return value.rstrip("/")

    return AfterValidator(check)


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("must be a time zone of the IANA list, such as Europe/Berlin") from error
    return value


def _key(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        text = value.get_secret_value()
        if not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
            raise ValueError("holds a space, a line break or another character that no key has")
    return value


def _setting(variable: str, chart_value: str, default: Any = ..., **rules: Any) -> Any:
    """Name the environment variable and the chart value of a field together, so that errors can too."""
    return Field(default, validation_alias=variable, json_schema_extra={"chart": chart_value}, **rules)


HttpUrl = Annotated[str, _url("http", "https")]
ProviderUrl = Annotated[str, _url("http", "https", "ws", "wss")]
LiveKitUrl = Annotated[str, _url("ws", "wss", "http", "https")]
Key = Annotated[SecretStr | None, AfterValidator(_key)]


class _KeyFiles(PydanticBaseSettingsSource):
    """Read each key `NAME` from the file that `NAME_FILE` names: the chart mounts keys, it does not export them."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        del field_name
        variable = str(field.validation_alias)
        path = os.environ.get(f"{variable}_FILE", "")
        if not path:
            return None, variable, False
        if os.environ.get(variable):
            raise SettingsError(f"{variable} and {variable}_FILE are both set: keep one of them")
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None, variable, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            raise SettingsError(
                f"{variable}_FILE names {path}, which cannot be read ({reason}): "
                f"check that the Secret behind {_chart_value(field)} exists and has the key {variable}",
            ) from error

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            if field.annotation in (SecretStr, SecretStr | None):
                value, variable, _ = self.get_field_value(field, name)
                if value is not None:
                    found[variable] = value
        return found


class Settings(BaseSettings):
    """The agent's settings; immutable, and the only reader of the environment."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore", populate_by_name=True)

    livekit_url: LiveKitUrl = _setting("LIVEKIT_URL", "livekit.url", "ws://localhost:7880")
    livekit_api_key: Key = _setting("LIVEKIT_API_KEY", "livekit.apiKey", None)
    livekit_api_secret: Key = _setting("LIVEKIT_API_SECRET", "livekit.apiSecret", None)
    # While keys are changed: what is signed with this pair is good too.
    second_livekit_api_key: Key = _setting("ALEX_SECOND_LIVEKIT_API_KEY", "livekit.second.apiKey", None)
    second_livekit_api_secret: Key = _setting("ALEX_SECOND_LIVEKIT_API_SECRET", "livekit.second.apiSecret", None)
    agent_name: str = _setting("ALEX_AGENT_NAME", "agent.name", "alex", min_length=1, max_length=64)

    voice: Literal["offline", "hosted"] = _setting("ALEX_VOICE", "voice", "offline")
    offline_url: HttpUrl = _setting("ALEX_OFFLINE_URL", "offline.enabled", "http://localhost:8085")
    offline_fallback: Literal["none", "speech", "all"] = _setting("ALEX_OFFLINE_FALLBACK", "offline.fallback", "speech")
    # Only where the offline service was given a key of its own; otherwise it takes any.
    offline_key: Key = _setting("ALEX_OFFLINE_KEY", "offline.apiKey", None)

    deepgram_api_key: Key = _setting("DEEPGRAM_API_KEY", "providers.deepgram.apiKey", None)
    deepgram_base_url: ProviderUrl = _setting(
        "ALEX_DEEPGRAM_BASE_URL", "providers.deepgram.baseUrl", "https://api.deepgram.com/v1/listen"
    )
    deepgram_model: str = _setting("ALEX_DEEPGRAM_MODEL", "providers.deepgram.model", "nova-2-general")
    language: str = _setting("ALEX_LANGUAGE", "agent.language", "en-US")

    openai_api_key: Key = _setting("OPENAI_API_KEY", "providers.openai.apiKey", None)
    openai_base_url: HttpUrl = _setting("ALEX_OPENAI_BASE_URL", "providers.openai.baseUrl", "https://api.openai.com/v1")
    openai_model: str = _setting("ALEX_OPENAI_MODEL", "providers.openai.model", "gpt-4o-mini")
    openai_speech_model: str = _setting("ALEX_OPENAI_SPEECH_MODEL", "providers.openai.speechModel", "gpt-4o-mini-tts")
    openai_speech_voice: str = _setting("ALEX_OPENAI_SPEECH_VOICE", "providers.openai.speechVoice", "nova")

    eleven_api_key: Key = _setting("ELEVEN_API_KEY", "providers.elevenlabs.apiKey", None)
    elevenlabs_base_url: HttpUrl = _setting(
        "ALEX_ELEVENLABS_BASE_URL", "providers.elevenlabs.baseUrl", "https://api.elevenlabs.io/v1"
    )
    elevenlabs_model: str = _setting("ALEX_ELEVENLABS_MODEL", "providers.elevenlabs.model", "eleven_turbo_v2_5")
    # Rachel. The vendor is reported to have retired her: the start-up check names a missing voice.
    elevenlabs_voice_id: str = _setting(
        "ALEX_ELEVENLABS_VOICE_ID", "providers.elevenlabs.voiceId", "21m00Tcm4TlvDq8ikWAM"
    )

    slots: int = _setting("ALEX_SLOTS", "agent.slots", 4, ge=1, le=100)
    drain_seconds: int = _setting("ALEX_DRAIN_SECONDS", "agent.drainSeconds", 3600, ge=1, le=86400)
    max_call_seconds: int = _setting("ALEX_MAX_CALL_SECONDS", "agent.maxCallSeconds", 3600, ge=10, le=86400)
    idle_seconds: int = _setting("ALEX_IDLE_SECONDS", "agent.idleSeconds", 600, ge=0, le=86400)
    alone_seconds: int = _setting("ALEX_ALONE_SECONDS", "agent.aloneSeconds", 15, ge=1, le=600)
    prompt_file: Path | None = _setting("ALEX_PROMPT_FILE", "agent.prompt", None)
    greeting: str = _setting(
        "ALEX_GREETING", "agent.greeting", "Hi, I'm Alex. How can I help you today?", max_length=500
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = _setting("ALEX_TIMEZONE", "agent.timezone", "UTC")

    deletion_cost: bool = _setting("ALEX_DELETION_COST", "agent.deletionCost.enabled", False)
    pod_name: str | None = _setting("ALEX_POD_NAME", "agent.deletionCost.enabled", None)
    pod_namespace: str | None = _setting("ALEX_POD_NAMESPACE", "agent.deletionCost.enabled", None)
    # Kubernetes itself tells every container where its API server is.
    kubernetes_host: str | None = _setting("KUBERNETES_SERVICE_HOST", "agent.deletionCost.enabled", None)
    kubernetes_port: int = _setting("KUBERNETES_SERVICE_PORT", "agent.deletionCost.enabled", 443, ge=1, le=65535)

    prices: tuple[Price, ...] = _setting("ALEX_PRICES", "agent.prices", ())
    budget_usd_per_day: float = _setting("ALEX_BUDGET_USD_PER_DAY", "agent.budgetUsdPerDay", 0.0, ge=0)
    # Where an OpenTelemetry collector takes OTLP over HTTP, without the path.
    otlp_endpoint: HttpUrl | None = _setting("ALEX_OTLP_ENDPOINT", "tracing.otlpEndpoint", None)

    ops_host: str = _setting("ALEX_OPS_HOST", "agent", "127.0.0.1")
    ops_port: int = _setting("ALEX_OPS_PORT", "agent", 9090, ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = _setting("ALEX_LOG_LEVEL", "logLevel", "info")
    log_format: Literal["json", "console"] = _setting("ALEX_LOG_FORMAT", "logFormat", "json")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take key files beside the environment; no .env file, no hidden source."""
        del dotenv_settings, file_secret_settings
        return init_settings, _KeyFiles(settings_cls), env_settings

    @model_validator(mode="before")
    @classmethod
    def _development_defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        url = str(values.get("LIVEKIT_URL") or "ws://localhost:7880")
        if urlsplit(url).hostname in LOCAL_HOSTS:
            values.setdefault("LIVEKIT_API_KEY", DEVELOPMENT_KEY)
            values.setdefault("LIVEKIT_API_SECRET", DEVELOPMENT_SECRET)
        return values

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        missing = []
        if self.livekit_api_key is None:
            missing.append(_missing("livekit_api_key", "LiveKit is not on localhost, so there is no default"))
        if self.livekit_api_secret is None:
            missing.append(_missing("livekit_api_secret", "LiveKit is not on localhost, so there is no default"))
        elif len(self.livekit_api_secret.get_secret_value()) < SHORTEST_SECRET_CHARS:
            missing.append(_named("livekit_api_secret", f"must have at least {SHORTEST_SECRET_CHARS} characters"))
        if bool(self.second_livekit_api_key) != bool(self.second_livekit_api_secret):
            missing.append(_named("second_livekit_api_secret", "belongs to a second key: set both"))
        if self.voice == "hosted":
            missing += [
                _missing(name, "the hosted voice needs it; set voice to offline to do without")
                for name in ("deepgram_api_key", "openai_api_key", "eleven_api_key")
                if getattr(self, name) is None
            ]
        if self.prompt_file is not None and not self.prompt_file.is_file():
            missing.append(_named("prompt_file", f"names {self.prompt_file}, which is not a file"))
        if self.deletion_cost:
            missing += [
                _missing(name, "the deletion cost is that of a pod; set ALEX_DELETION_COST to false outside of one")
                for name in ("pod_name", "pod_namespace", "kubernetes_host")
                if getattr(self, name) is None
            ]
        if missing:
            raise SettingsError("\n".join(missing))
        return self

    @property
    def livekit_pairs(self) -> list[tuple[str, str]]:
        """Key and secret that we sign with, and then those that are good beside them."""
        pairs = [("livekit_api_key", "livekit_api_secret"), ("second_livekit_api_key", "second_livekit_api_secret")]
        return [(self.secret(key), self.secret(secret)) for key, secret in pairs if self.secret(key)]

    def secret(self, name: str) -> str:
        """Give the plain text of the key in field `name`, or an empty string when it is not set."""
        key: SecretStr | None = getattr(self, name)
        return key.get_secret_value() if key is not None else ""


def read() -> Settings:
    """Read and check the environment.

    Raises:
        SettingsError: with one line for each setting to change; values of keys are never repeated.

    """
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            if not problem["loc"]:  # our own check of several fields: it already names them
                lines.append(problem["msg"].removeprefix("Value error, "))
                continue
            field = next(n for n, f in Settings.model_fields.items() if f.validation_alias == problem["loc"][0])
            inner = "".join(f"{step}: " for step in problem["loc"][1:])  # within a table, such as that of prices
            lines.append(_named(field, inner + problem["msg"].removeprefix("Value error, ")))
        raise SettingsError("\n".join(lines)) from None
    except NoJsonError as error:
        field = next(name for name in Settings.model_fields if f'"{name}"' in str(error))
        raise SettingsError(_named(field, "is not JSON")) from None


def _chart_value(field: Any) -> str:
    return str(field.json_schema_extra["chart"])


def _named(name: str, problem: str) -> str:
    field = Settings.model_fields[name]
    return f"{field.validation_alias} (chart value {_chart_value(field)}): {problem}"


def _missing(name: str, why: str) -> str:
    return _named(name, f"is not set; {why}")
