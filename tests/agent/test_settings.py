"""Settings: development defaults on localhost only, key files, and errors that name what to change."""

from __future__ import annotations

from pathlib import Path

import pytest
from alex_agent import settings

REMOTE = {"LIVEKIT_URL": "wss://livekit.example.com", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32}
HOSTED = {"ALEX_VOICE": "hosted", "DEEPGRAM_API_KEY": "d-key", "OPENAI_API_KEY": "o-key", "ELEVEN_API_KEY": "e-key"}


@pytest.fixture(name="env")
def _env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for field in settings.Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)
        monkeypatch.delenv(f"{field.validation_alias}_FILE", raising=False)
    return monkeypatch


def read(env: pytest.MonkeyPatch, **variables: str) -> settings.Settings:
    for name, value in variables.items():
        env.setenv(name, value)
    return settings.read()


def test_development_defaults_on_localhost(env: pytest.MonkeyPatch) -> None:
    """With nothing set, the agent talks to a LiveKit on localhost with the development key."""
    found = read(env)

    assert found.livekit_url == "ws://localhost:7880"
    assert found.secret("livekit_api_key") == settings.DEVELOPMENT_KEY
    assert len(found.secret("livekit_api_secret")) == 32
    assert (found.deepgram_model, found.openai_model) == ("nova-2-general", "gpt-4o-mini")
    assert (found.elevenlabs_model, found.elevenlabs_voice_id) == ("eleven_turbo_v2_5", "21m00Tcm4TlvDq8ikWAM")


def test_no_development_secret_away_from_localhost(env: pytest.MonkeyPatch) -> None:
    """A LiveKit elsewhere needs a key and secret of its own."""
    with pytest.raises(settings.SettingsError) as error:
        read(env, LIVEKIT_URL="wss://livekit.example.com")

    assert "LIVEKIT_API_KEY (chart value livekit.apiKey): is not set" in str(error.value)
    assert "LIVEKIT_API_SECRET (chart value livekit.apiSecret): is not set" in str(error.value)


def test_key_comes_from_file(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mounted key file is read without its final line break."""
    (tmp_path / "key").write_text("d-key\n")

    found = read(env, **{**HOSTED, "DEEPGRAM_API_KEY": "", "DEEPGRAM_API_KEY_FILE": str(tmp_path / "key")})

    assert found.secret("deepgram_api_key") == "d-key"


def test_missing_key_file_names_the_secret(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key file that is not there is told with its variable, its chart value and the key of the Secret."""
    with pytest.raises(settings.SettingsError, match=r"DEEPGRAM_API_KEY_FILE.*providers\.deepgram\.apiKey"):
        read(env, DEEPGRAM_API_KEY_FILE=str(tmp_path / "none"))


def test_key_and_key_file_together_are_refused(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two sources for one key are an error, not a guess."""
    (tmp_path / "key").write_text("x")
    with pytest.raises(settings.SettingsError, match="both set"):
        read(env, OPENAI_API_KEY="y", OPENAI_API_KEY_FILE=str(tmp_path / "key"))


@pytest.mark.parametrize("missing", ["ALEX_POD_NAME", "ALEX_POD_NAMESPACE", "KUBERNETES_SERVICE_HOST"])
def test_deletion_cost_needs_a_pod(env: pytest.MonkeyPatch, missing: str) -> None:
    """Told to annotate its pod, the agent names what it would have to know about it."""
    known = {"ALEX_POD_NAME": "alex-1", "ALEX_POD_NAMESPACE": "voices", "KUBERNETES_SERVICE_HOST": "10.96.0.1"}
    with pytest.raises(settings.SettingsError, match=rf"{missing} \(chart value agent\.deletionCost\.enabled\)"):
        read(env, ALEX_DELETION_COST="true", **{**known, missing: ""})


@pytest.mark.parametrize("missing", ["DEEPGRAM_API_KEY", "OPENAI_API_KEY", "ELEVEN_API_KEY"])
def test_hosted_voice_needs_every_key(env: pytest.MonkeyPatch, missing: str) -> None:
    """The hosted voice names each key it lacks."""
    with pytest.raises(settings.SettingsError, match=f"{missing} .*is not set; the hosted voice needs it"):
        read(env, **{**HOSTED, missing: ""})


@pytest.mark.parametrize(
    ("variable", "value", "chart_value"),
    [
        ("ALEX_SLOTS", "0", "agent.slots"),
        ("ALEX_SLOTS", "many", "agent.slots"),
        ("ALEX_DRAIN_SECONDS", "-1", "agent.drainSeconds"),
        ("ALEX_VOICE", "loud", "voice"),
        ("ALEX_OFFLINE_FALLBACK", "some", "offline.fallback"),
        ("ALEX_TIMEZONE", "Mars/Olympus", "agent.timezone"),
        ("ALEX_OFFLINE_URL", "offline:8080", "offline.enabled"),
        ("LIVEKIT_URL", "localhost", "livekit.url"),
        ("ALEX_PROMPT_FILE", "/nonexistent/prompt.md", "agent.prompt"),
        ("ALEX_LOG_LEVEL", "chatty", "logLevel"),
        ("LIVEKIT_API_SECRET", "short", "livekit.apiSecret"),
        ("OPENAI_API_KEY", "two words", "providers.openai.apiKey"),
    ],
)
def test_bad_value_names_variable_and_chart_value(
    env: pytest.MonkeyPatch, variable: str, value: str, chart_value: str
) -> None:
    """Every bad value is told with the variable and the chart value to change."""
    with pytest.raises(settings.SettingsError) as error:
        read(env, **{variable: value})

    assert f"{variable} (chart value {chart_value}):" in str(error.value)


def test_error_never_repeats_a_key(env: pytest.MonkeyPatch) -> None:
    """A key that is refused does not appear in the message."""
    with pytest.raises(settings.SettingsError) as error:
        read(env, **{**REMOTE, "LIVEKIT_API_SECRET": "hush hush"})

    assert "hush" not in str(error.value)


def test_settings_do_not_print_keys(env: pytest.MonkeyPatch) -> None:
    """A settings object that ends up in a log shows no key."""
    assert "d-key" not in repr(read(env, **HOSTED))


def test_settings_are_frozen(env: pytest.MonkeyPatch) -> None:
    """Nobody changes a setting after it was checked."""
    found = read(env)
    with pytest.raises(ValueError, match="frozen"):
        found.slots = 9  # type: ignore[misc]
