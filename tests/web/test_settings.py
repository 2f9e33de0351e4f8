"""Settings: defaults for a laptop, and errors that say what to change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alex_web import settings

ROOT = Path(__file__).parents[2]
REMOTE = {
    "LIVEKIT_URL": "wss://livekit.example",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "s" * 32,
    "ALEX_PUBLIC_LIVEKIT_URL": "wss://calls.example",
}


def read(monkeypatch: pytest.MonkeyPatch, **env: str) -> settings.Settings:
    """Read settings from an environment."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return settings.read()


def test_laptop_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any variable, web talks to a LiveKit on localhost with the development keys."""
    found = read(monkeypatch)

    assert found.livekit_url == found.server_url == "ws://localhost:7880"
    assert found.secret("livekit_api_key") == "devkey"
    assert found.secret("livekit_api_secret") == "alex-development-secret-32-chars"
    assert found.secret("admin_key") == ""
    assert (found.http_port, found.ops_port, found.http_host) == (8080, 9091, "127.0.0.1")
    assert (found.token_ttl_seconds, found.max_participants) == (120, 1)
    assert set(found.caller_may) == {"name"}
    assert found.agent_pods == ("localhost:9090",)


def test_development_keys_stay_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a LiveKit elsewhere, keys and the public address must be given, and all that is missing is named at once."""
    with pytest.raises(settings.SettingsError) as error:
        read(monkeypatch, LIVEKIT_URL="ws://alex-livekit:7880")

    for name in (
        "LIVEKIT_API_KEY (chart value livekit.apiKey)",
        "LIVEKIT_API_SECRET (chart value livekit.apiSecret)",
        "ALEX_PUBLIC_LIVEKIT_URL (chart value livekit.publicUrl)",
    ):
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("given", "server_url"),
    [
        ("https://calls.example", "wss://calls.example"),
        ("http://localhost:7880/", "ws://localhost:7880"),
        ("wss://x", "wss://x"),
    ],
)
def test_callers_get_a_websocket_address(monkeypatch: pytest.MonkeyPatch, given: str, server_url: str) -> None:
    """However the public address is written, callers get it with a WebSocket scheme."""
    assert read(monkeypatch, **{**REMOTE, "ALEX_PUBLIC_LIVEKIT_URL": given}).server_url == server_url


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("LIVEKIT_URL", "livekit:7880", "must be a URL"),
        ("LIVEKIT_API_SECRET", "short", "at least 32 characters"),
        ("LIVEKIT_API_SECRET", "s" * 32 + " x", "holds a space"),
        ("ALEX_PUBLIC_LIVEKIT_URL", "ftp://x", "must be a URL"),
        ("ALEX_AGENT_PODS", "alex-agent", "HOST:PORT"),
        ("ALEX_AGENT_PODS", "alex-agent:port", "HOST:PORT"),
        ("ALEX_AGENT_PODS", "http://alex-agent:9090", "HOST:PORT"),
        ("ALEX_CALLER_MAY", "name,rooms", "'room'"),
        ("ALEX_TOKEN_TTL_SECONDS", "601", "less than or equal to 600"),
        ("ALEX_TOKEN_TTL_SECONDS", "soon", "valid integer"),
        ("ALEX_MAX_PARTICIPANTS", "0", "greater than or equal to 1"),
        ("ALEX_ALLOWED_ORIGINS", "*", "exact origins"),
        ("ALEX_ALLOWED_ORIGINS", "https://a.example/path", "exact origins"),
        ("ALEX_TRUSTED_PROXIES", "11", "less than or equal to 10"),
        ("ALEX_STARTS_PER_ADDRESS", "-1", "greater than or equal to 0"),
        ("ALEX_WINDOW_SECONDS", "1", "greater than or equal to 10"),
        ("ALEX_REDIS_ADDRESS", "redis", "HOST:PORT"),
        ("ALEX_CALLS_PER_POD", "0", "greater than or equal to 1"),
        ("ALEX_BUFFER_CALLS", "-1", "greater than or equal to 0"),
        ("ALEX_ADMIN_KEY", "letmein", "at least 16 characters"),
        ("ALEX_HTTP_PORT", "99999", "less than or equal to 65535"),
        ("ALEX_LOG_LEVEL", "loud", "'debug'"),
    ],
)
def test_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str) -> None:
    """A value out of range is refused with its variable, its chart value and the rule."""
    chart = next(f for f in settings.Settings.model_fields.values() if f.validation_alias == variable).json_schema_extra
    with pytest.raises(settings.SettingsError) as error:
        read(monkeypatch, **{**REMOTE, variable: value})

    assert isinstance(chart, dict)
    assert f"{variable} (chart value {chart['chart']}): " in str(error.value)
    assert says in str(error.value)
    if "KEY" in variable or "SECRET" in variable:
        assert value not in str(error.value)


def test_key_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key may be in a mounted file, whose last line break is not part of it."""
    (tmp_path / "key").write_text("an-admin-key-in-a-file\n")
    found = read(monkeypatch, ALEX_ADMIN_KEY_FILE=str(tmp_path / "key"))

    assert found.secret("admin_key") == "an-admin-key-in-a-file"


def test_key_in_two_places_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key in a variable and in a file is an error: nobody could tell which one counts."""
    (tmp_path / "key").write_text("an-admin-key-in-a-file")
    with pytest.raises(settings.SettingsError, match="ALEX_ADMIN_KEY and ALEX_ADMIN_KEY_FILE are both set"):
        read(monkeypatch, ALEX_ADMIN_KEY="another-admin-key-here", ALEX_ADMIN_KEY_FILE=str(tmp_path / "key"))


def test_missing_key_file_names_the_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key file that is not there leads to the Secret that should hold it."""
    with pytest.raises(settings.SettingsError, match=r"Secret behind livekit\.apiSecret") as error:
        read(monkeypatch, LIVEKIT_API_SECRET_FILE=str(tmp_path / "nothing"))

    assert "No such file" in str(error.value)


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"ALEX_SECOND_LIVEKIT_API_KEY": "next"}, "livekit.second.apiSecret): belongs to a second key"),
        (
            {"ALEX_SECOND_LIVEKIT_API_KEY": "key", "ALEX_SECOND_LIVEKIT_API_SECRET": "t" * 32},
            "livekit.second.apiKey): is the name of the first key too",
        ),
        (
            {"ALEX_SECOND_LIVEKIT_API_KEY": "next", "ALEX_SECOND_LIVEKIT_API_SECRET": "short"},
            "livekit.second.apiSecret): must have at least 32",
        ),
        ({"ALEX_ACCESS_CODE": "alex"}, "web.signIn.accessCode): must have at least 8"),
        ({"ALEX_OIDC_ISSUER": "https://login.example"}, "web.signIn.oidc.audience): belongs to an issuer"),
        ({"ALEX_OIDC_AUDIENCE": "alex"}, "web.signIn.oidc.audience): belongs to an issuer"),
        ({"ALEX_OIDC_JWKS_URL": "https://login.example/keys"}, "is set without an issuer"),
        ({"ALEX_OIDC_ISSUER": "ftp://login.example", "ALEX_OIDC_AUDIENCE": "alex"}, "must be a URL"),
        ({"ALEX_CAPTCHA_VERIFY_URL": "https://captcha.example"}, "web.signIn.captcha.secret): belongs to"),
        (
            {"ALEX_ACCESS_CODE": "c" * 8, "ALEX_OIDC_ISSUER": "https://login.example", "ALEX_OIDC_AUDIENCE": "alex"},
            "keep one of them",
        ),
    ],
)
def test_half_a_sign_in_is_refused(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], says: str) -> None:
    """A door that would let everybody in, or nobody, is refused at the start."""
    with pytest.raises(settings.SettingsError) as error:
        read(monkeypatch, **{**REMOTE, **env})

    assert says in str(error.value)


@pytest.mark.parametrize("nothing", ["", "none"])
def test_operator_can_allow_nothing(monkeypatch: pytest.MonkeyPatch, nothing: str) -> None:
    """An empty list of what callers may choose is empty, not the default."""
    assert read(monkeypatch, ALEX_CALLER_MAY=nothing).caller_may == frozenset()


def test_lists_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are written with commas; spaces around them do not matter."""
    found = read(
        monkeypatch,
        ALEX_CALLER_MAY="name, room",
        ALEX_ALLOWED_ORIGINS="https://A.example,http://localhost:3000",
        ALEX_AGENT_PODS="a:9090, [::1]:9091",
    )

    assert found.caller_may == {"name", "room"}
    assert found.allowed_origins == ("https://a.example", "http://localhost:3000")
    assert found.agent_pods == ("a:9090", "[::1]:9091")


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody changes a setting once it is read, and keys do not show in its text."""
    found = read(monkeypatch, ALEX_ADMIN_KEY="an-admin-key-of-some-length")

    with pytest.raises(ValueError, match="frozen"):
        found.http_port = 1  # type: ignore[misc]
    assert "an-admin-key" not in repr(found)


def test_program_says_what_to_change() -> None:
    """`python -m alex_web` with bad settings exits 2 with a line for each of them and no stack trace."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "web"), "LIVEKIT_URL": "ws://alex-livekit:7880"}
    ended = subprocess.run(
        [sys.executable, "-m", "alex_web"], env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("alex-web cannot start. Change this:\nLIVEKIT_API_KEY (chart value livekit.apiKey)")
    assert "Traceback" not in ended.stderr
