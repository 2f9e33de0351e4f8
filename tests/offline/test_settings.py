"""A wrong setting stops the program before it listens, and says what to change."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import aiohttp
import pytest
from alex_offline.settings import CHART_VALUES, Settings, SettingsError, load
from offline.program import Program, spawn


def failure(**environment: str) -> tuple[int, str]:
    """Start the program, wait for its end, return its exit code and what it said."""
    process = spawn(**environment)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize(
    ("variable", "value", "chart"),
    [
        ("ALEX_OFFLINE_ENGINE", "magic", "offline.engine"),
        ("ALEX_OFFLINE_STT_STREAMS", "0", "offline.sttStreams"),
        ("ALEX_OFFLINE_SPEECH_STREAMS", "many", "offline.speechStreams"),
        ("ALEX_OFFLINE_LANGUAGE_STREAMS", "-1", "offline.languageStreams"),
        ("ALEX_OFFLINE_SCRIPT_FILE", "/nowhere.json", "offline.script"),
        ("ALEX_OFFLINE_KEY_FILE", "/nowhere", "offline.apiKey"),
        ("ALEX_TIMEZONE", "Mars/Olympus", "agent.timezone"),
        ("ALEX_LOG_LEVEL", "loud", "logLevel"),
        ("ALEX_LOG_FORMAT", "xml", "logFormat"),
        ("ALEX_HTTP_PORT", "70000", "set by the chart"),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_chart_value(
    variable: str, value: str, chart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong value is one line that holds the variable and the value of the chart behind it."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as wrong:
        load()

    assert variable in str(wrong.value)
    assert f"(chart value {chart})" in str(wrong.value)
    assert len(str(wrong.value).splitlines()) == 1


def test_every_setting_names_its_chart_value() -> None:
    """No setting is without a chart value for its errors."""
    assert set(CHART_VALUES) == set(Settings.model_fields)


def test_a_key_comes_one_way(tmp_path: Path) -> None:
    """A key given directly and as a file is an error that does not show the key."""
    file = tmp_path / "key"
    file.write_text("from-the-file")
    code, said = failure(ALEX_OFFLINE_KEY="from-the-environment", ALEX_OFFLINE_KEY_FILE=str(file))

    assert code == 2
    assert "ALEX_OFFLINE_KEY_FILE" in said
    assert "from-the" not in said


def test_a_script_needs_the_scripted_engine(tmp_path: Path) -> None:
    """A script beside the local engine is an error that names both settings."""
    file = tmp_path / "script.json"
    file.write_text("{}")
    code, said = failure(ALEX_OFFLINE_SCRIPT_FILE=str(file), ALEX_OFFLINE_ENGINE="local")

    assert code == 2
    assert "ALEX_OFFLINE_SCRIPT_FILE" in said
    assert "ALEX_OFFLINE_ENGINE" in said


@pytest.mark.parametrize("script", ["{", '{"fault": []}', '{"replies": [{"when": "("}]}'])
def test_a_wrong_script_stops_the_start(script: str, tmp_path: Path) -> None:
    """A script that makes no sense ends the program with 2 and the place of the mistake."""
    file = tmp_path / "script.json"
    file.write_text(script)
    code, said = failure(ALEX_OFFLINE_ENGINE="scripted", ALEX_OFFLINE_SCRIPT_FILE=str(file))

    assert code == 2
    assert json.loads(said.splitlines()[-1])["event"] == "script_invalid"


async def test_a_key_file_is_the_only_key(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """The key in a mounted file is accepted without its line end, and no other one is."""
    file = tmp_path / "key"
    file.write_text("mounted\n")
    with Program(ALEX_OFFLINE_ENGINE="scripted", ALEX_OFFLINE_KEY_FILE=str(file)) as program:
        program.wait_ready()
        statuses = []
        for key in ("mounted", "other"):
            async with http.get(f"{program.url}/v1/projects", headers={"Authorization": f"Token {key}"}) as response:
                statuses.append(response.status)

    assert statuses == [200, 401]


def test_a_taken_port_is_named() -> None:
    """A second program on the same port ends with 1 and the names of the settings to change."""
    with Program(ALEX_OFFLINE_ENGINE="scripted") as first:
        port = first.ops.rpartition(":")[2]
        code, said = failure(ALEX_OFFLINE_ENGINE="scripted", ALEX_OPS_PORT=port)

    assert code == 1
    assert "ALEX_OPS_PORT" in said


def test_a_script_file_is_followed_from_the_start(tmp_path: Path) -> None:
    """The mounted script is the one GET /script shows."""
    file = tmp_path / "script.json"
    file.write_text('{"seed": 9, "replies": [{"say": "As written."}]}')
    with Program(ALEX_OFFLINE_ENGINE="scripted", ALEX_OFFLINE_SCRIPT_FILE=str(file)) as program:
        program.wait_ready()
        status, script = program.ask("/script")

    assert status == 200
    assert script["seed"] == 9
    assert script["replies"][0]["say"] == "As written."


def test_a_signal_stops_it_in_order() -> None:
    """SIGTERM ends the program with 0, while it loads and when it is ready."""
    for wait in (False, True):
        with Program(ALEX_OFFLINE_ENGINE="scripted") as program:
            if wait:
                program.wait_ready()
            os.kill(program.pid, signal.SIGTERM)
            assert program.stop() == 0


def test_logs_are_json_without_what_was_said() -> None:
    """Every line is a JSON object with a static event."""
    with Program(ALEX_OFFLINE_ENGINE="scripted") as program:
        program.wait_ready()
        program.stop()
        records = [json.loads(line) for line in program.lines]

    assert [record["event"] for record in records] == ["listening", "listening", "ready", "stopping"]
