"""Everything web is told by its environment, read once and checked before anything else runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from alex_web.brand import Brand

DEVELOPMENT_KEY = "devkey"
DEVELOPMENT_SECRET = "alex-development-secret-32-chars"  # noqa: S105 - public on purpose, localhost only
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# LiveKit signs with HS256; a secret shorter than the hash can be guessed (RFC 7518 §3.2).
SHORTEST_SECRET_CHARS = 32
# Guessing goes through the network, so this is plenty; "admin" is not.
SHORTEST_ADMIN_KEY_CHARS = 16
# People type it, and ten wrong ones in ten minutes are the most that an address may try.
SHORTEST_ACCESS_CODE_CHARS = 8

Choice = Literal["name", "identity", "room", "metadata", "attributes"]


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names the variable and the chart value behind it."""


def _livekit_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"ws", "wss", "http", "https"} or not parts.hostname:
        raise ValueError("must be a URL that starts with ws://, wss://, http:// or https://")
    return value.rstrip("/")


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ValueError("must be a URL that starts with https:// (or http:// within a cluster), without a login")
    return value  # to the letter: an issuer is compared with what its tokens say


def _key(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        text = value.get_secret_value()
        if not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
            raise ValueError("holds a space, a line break or another character that no key has")
    return value


def _words(value: Any) -> Any:
    """Split a comma list; `none` is how an operator writes an empty one."""
    if not isinstance(value, str):
        return value
    words = [word.strip() for word in value.split(",") if word.strip()]
    return [] if words == ["none"] else words


def _pod_hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    for target in value:
        try:
            parts = urlsplit(f"//{target}")
            usable = bool(parts.hostname) and bool(parts.port) and parts.netloc == target and not parts.username
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("must be HOST:PORT, such as alex-agent:9090, or several with commas between them")
    return value


def _address(value: str) -> str:
    _pod_hosts((value,))
    return value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    for origin in value:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or f"{parts.scheme}://{parts.netloc}" != origin:
            raise ValueError("must be a comma list of exact origins, such as https://www.example.com, without a path")
    return tuple(origin.lower() for origin in value)


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError("must be a JSON object") from None


def _setting(variable: str, chart_value: str, default: Any = ..., **rules: Any) -> Any:
    """Name the environment variable and the chart value of a field together, so that errors can too."""
    return Field(default, validation_alias=variable, json_schema_extra={"chart": chart_value}, **rules)


LiveKitUrl = Annotated[str, AfterValidator(_livekit_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Key = Annotated[SecretStr | None, AfterValidator(_key)]
PodHosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_pod_hosts)]
Address = Annotated[str, AfterValidator(_address)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_origins)]
Choices = Annotated[frozenset[Choice], NoDecode, BeforeValidator(_words)]

JsonBrand = Annotated[Brand, NoDecode, BeforeValidator(_json)]


class _Source(PydanticBaseSettingsSource):
    """What the plain environment cannot say: keys in files, and lists that are empty on purpose."""

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
        # Empty variables count as unset everywhere, except where an empty list is stricter than the default.
        found: dict[str, Any] = {"ALEX_CALLER_MAY": "none"} if os.environ.get("ALEX_CALLER_MAY") == "" else {}
        for name, field in self.settings_cls.model_fields.items():
            if field.annotation in (SecretStr, SecretStr | None):
                value, variable, _ = self.get_field_value(field, name)
                if value is not None:
                    found[variable] = value
        return found


class Settings(BaseSettings):
    """Web's settings; immutable, and the only reader of the environment."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore", populate_by_name=True)

    livekit_url: LiveKitUrl = _setting("LIVEKIT_URL", "livekit.url", "ws://localhost:7880")
    livekit_api_key: Key = _setting("LIVEKIT_API_KEY", "livekit.apiKey", None)
    livekit_api_secret: Key = _setting("LIVEKIT_API_SECRET", "livekit.apiSecret", None)
    # While keys are changed: what is signed with this pair is good too.
    second_livekit_api_key: Key = _setting("ALEX_SECOND_LIVEKIT_API_KEY", "livekit.second.apiKey", None)
    second_livekit_api_secret: Key = _setting("ALEX_SECOND_LIVEKIT_API_SECRET", "livekit.second.apiSecret", None)
    # Pods and browsers reach LiveKit by different addresses; this one is for browsers.
    public_livekit_url: LiveKitUrl | None = _setting("ALEX_PUBLIC_LIVEKIT_URL", "livekit.publicUrl", None)
    agent_name: str = _setting("ALEX_AGENT_NAME", "agent.name", "alex", min_length=1, max_length=64)
    agent_pods: PodHosts = _setting("ALEX_AGENT_PODS", "agent", ("localhost:9090",), min_length=1)

    caller_may: Choices = _setting("ALEX_CALLER_MAY", "web.callerMay", frozenset({"name"}))
    # Joining takes well under a second; two minutes forgive a slow phone and a skewed clock.
    token_ttl_seconds: int = _setting("ALEX_TOKEN_TTL_SECONDS", "web.tokenTtlSeconds", 120, ge=10, le=600)
    # Callers in one room; LiveKit does not count agents.
    max_participants: int = _setting("ALEX_MAX_PARTICIPANTS", "web.maxParticipants", 1, ge=1, le=100)
    # A room that nobody joins starts its agent all the same: a slow browser has this long, then the slot is free. With
    # several LiveKit nodes it is as long as a call, because one that takes a room over from a dead one counts from the
    # room's beginning, and would close it on the agent that came back before its caller. The agent leaves early there.
    room_empty_seconds: int = _setting("ALEX_ROOM_EMPTY_SECONDS", "livekit.replicas", 20, ge=5, le=90_000)
    allowed_origins: Origins = _setting("ALEX_ALLOWED_ORIGINS", "web.allowedOrigins", ())
    admin_key: Key = _setting("ALEX_ADMIN_KEY", "web.adminKey", None)

    # Who may ask for a token: everybody, whoever has a code, or whoever an OIDC issuer knows; and a CAPTCHA beside it.
    access_code: Key = _setting("ALEX_ACCESS_CODE", "web.signIn.accessCode", None)
    oidc_issuer: HttpUrl | None = _setting("ALEX_OIDC_ISSUER", "web.signIn.oidc.issuer", None)
    oidc_audience: str | None = _setting("ALEX_OIDC_AUDIENCE", "web.signIn.oidc.audience", None)
    oidc_jwks_url: HttpUrl | None = _setting("ALEX_OIDC_JWKS_URL", "web.signIn.oidc.jwksUrl", None)
    captcha_verify_url: HttpUrl | None = _setting("ALEX_CAPTCHA_VERIFY_URL", "web.signIn.captcha.verifyUrl", None)
    captcha_secret: Key = _setting("ALEX_CAPTCHA_SECRET", "web.signIn.captcha.secret", None)

    # How many proxies of the operator append to X-Forwarded-For before a request arrives here.
    trusted_proxies: int = _setting("ALEX_TRUSTED_PROXIES", "web.trustedProxies", 0, ge=0, le=10)
    # Limits; 0 is none.
    window_seconds: int = _setting("ALEX_WINDOW_SECONDS", "web.limits.windowSeconds", 600, ge=10, le=86_400)
    starts_per_address: int = _setting("ALEX_STARTS_PER_ADDRESS", "web.limits.startsPerAddress", 120, ge=0, le=100_000)
    starts_per_session: int = _setting("ALEX_STARTS_PER_SESSION", "web.limits.startsPerSession", 30, ge=0, le=100_000)
    calls_per_address: int = _setting("ALEX_CALLS_PER_ADDRESS", "web.limits.callsPerAddress", 20, ge=0, le=100_000)
    most_calls: int = _setting("ALEX_MOST_CALLS", "web.limits.calls", 0, ge=0, le=100_000)
    # What a day may take, from midnight UTC; 0 is any amount.
    calls_per_day: int = _setting("ALEX_CALLS_PER_DAY", "web.budget.callsPerDay", 2000, ge=0, le=10_000_000)
    minutes_per_day: int = _setting("ALEX_MINUTES_PER_DAY", "web.budget.minutesPerDay", 1440, ge=0, le=10_000_000)
    usd_per_day: float = _setting("ALEX_USD_PER_DAY", "web.budget.usdPerDay", 0.0, ge=0, le=1_000_000)
    # Among how many web pods limits are shared while they cannot count together.
    replicas: int = _setting("ALEX_WEB_REPLICAS", "web.autoscaling.maxReplicas", 1, ge=1, le=100)
    # After this the agent hangs up; web does a minute later, should the agent not.
    max_call_seconds: int = _setting("ALEX_MAX_CALL_SECONDS", "agent.maxCallSeconds", 3600, ge=10, le=86_400)

    redis_address: Address | None = _setting("ALEX_REDIS_ADDRESS", "redis.address", None)
    redis_tls: bool = _setting("ALEX_REDIS_TLS", "redis.tls", False)
    redis_password: Key = _setting("ALEX_REDIS_PASSWORD", "redis.password", None)

    # What the number of agent pods that autoscalers are told follows from.
    calls_per_pod: int = _setting("ALEX_CALLS_PER_POD", "agent.autoscaling.callsPerPod", 4, ge=1, le=100)
    buffer_calls: int = _setting("ALEX_BUFFER_CALLS", "agent.autoscaling.bufferCalls", 2, ge=0, le=10000)

    # What the page is called and looks like, and the language that it tells of where its own is another.
    language: str = _setting("ALEX_LANGUAGE", "agent.language", "en-US")
    brand: JsonBrand = _setting("ALEX_BRAND", "web.brand", Brand())

    http_host: str = _setting("ALEX_HTTP_HOST", "web", "127.0.0.1")
    http_port: int = _setting("ALEX_HTTP_PORT", "web", 8080, ge=0, le=65535)
    ops_host: str = _setting("ALEX_OPS_HOST", "web", "127.0.0.1")
    ops_port: int = _setting("ALEX_OPS_PORT", "web", 9091, ge=0, le=65535)
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
        return init_settings, _Source(settings_cls), env_settings

    @model_validator(mode="before")
    @classmethod
    def _development_defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        url = str(values.get("LIVEKIT_URL") or "ws://localhost:7880")
        if urlsplit(url).hostname in LOCAL_HOSTS:
            values.setdefault("LIVEKIT_API_KEY", DEVELOPMENT_KEY)
            values.setdefault("LIVEKIT_API_SECRET", DEVELOPMENT_SECRET)
            values.setdefault("ALEX_PUBLIC_LIVEKIT_URL", url)
        return values

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        wrong = []
        if self.livekit_api_key is None:
            wrong.append(_named("livekit_api_key", "is not set; LiveKit is not on localhost, so there is no default"))
        if self.livekit_api_secret is None:
            wrong.append(
                _named("livekit_api_secret", "is not set; LiveKit is not on localhost, so there is no default")
            )
        elif len(self.livekit_api_secret.get_secret_value()) < SHORTEST_SECRET_CHARS:
            wrong.append(_named("livekit_api_secret", f"must have at least {SHORTEST_SECRET_CHARS} characters"))
        if self.public_livekit_url is None:
            wrong.append(
                _named("public_livekit_url", "is not set; browsers cannot use the address that pods use for LiveKit")
            )
        if self.admin_key is not None and len(self.admin_key.get_secret_value()) < SHORTEST_ADMIN_KEY_CHARS:
            wrong.append(_named("admin_key", f"must have at least {SHORTEST_ADMIN_KEY_CHARS} characters"))
        wrong += self._wrong_second_pair() + self._wrong_sign_in()
        if wrong:
            raise SettingsError("\n".join(wrong))
        return self

    def _wrong_second_pair(self) -> list[str]:
        key, secret = self.secret("second_livekit_api_key"), self.secret("second_livekit_api_secret")
        if bool(key) != bool(secret):
            return [_named("second_livekit_api_secret", "belongs to a second key: set both")]
        if key and key == self.secret("livekit_api_key"):
            return [_named("second_livekit_api_key", "is the name of the first key too: the second needs another")]
        if secret and len(secret) < SHORTEST_SECRET_CHARS:
            return [_named("second_livekit_api_secret", f"must have at least {SHORTEST_SECRET_CHARS} characters")]
        return []

    def _wrong_sign_in(self) -> list[str]:
        wrong = []
        code, issuer = self.secret("access_code"), self.oidc_issuer
        if code and len(code) < SHORTEST_ACCESS_CODE_CHARS:
            wrong.append(_named("access_code", f"must have at least {SHORTEST_ACCESS_CODE_CHARS} characters"))
        if code and issuer:
            wrong.append(_named("access_code", "is set beside an issuer; keep one of them"))
        if bool(issuer) != bool(self.oidc_audience):
            wrong.append(_named("oidc_audience", "belongs to an issuer: set both, or anybody's tokens would do"))
        if self.oidc_jwks_url and not issuer:
            wrong.append(_named("oidc_jwks_url", "is set without an issuer"))
        if bool(self.captcha_verify_url) != bool(self.secret("captcha_secret")):
            wrong.append(_named("captcha_secret", "belongs to the address that verifies: set both"))
        return wrong

    @property
    def server_url(self) -> str:
        """The WebSocket address that callers are given."""
        return _with_scheme(self.public_livekit_url or self.livekit_url, {"http": "ws", "https": "wss"})

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
            inside = ".".join(part for part in problem["loc"][1:] if isinstance(part, str))
            said = problem["msg"].removeprefix("Value error, ")
            lines.append(_named(field, f"{inside}: {said}" if inside else said))
        raise SettingsError("\n".join(dict.fromkeys(lines))) from None


def _with_scheme(url: str, schemes: dict[str, str]) -> str:
    scheme, rest = url.split("://", 1)
    return f"{schemes.get(scheme.lower(), scheme.lower())}://{rest}"


def _chart_value(field: Any) -> str:
    return str(field.json_schema_extra["chart"])


def _named(name: str, problem: str) -> str:
    field = Settings.model_fields[name]
    return f"{field.validation_alias} (chart value {_chart_value(field)}): {problem}"
