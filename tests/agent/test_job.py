"""The agent's parent starts without what only a call needs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from alex_agent import job

# Asks a model the way the plugin does, where nobody answers, and names the modules that only this has loaded.
ASKING = """
import asyncio, importlib, sys
from openai import APIConnectionError, AsyncOpenAI

for name in sys.argv[1:]:
    importlib.import_module(name)
loaded = set(sys.modules)

async def ask():
    client = AsyncOpenAI(api_key="none", base_url="http://127.0.0.1:9/v1", max_retries=0)
    for asking in (client.models.list(), client.chat.completions.create(model="m", messages=[], stream=True)):
        try:
            await asking
        except APIConnectionError:
            pass

asyncio.run(ask())
print(*set(sys.modules) - loaded)
"""


def python(code: str, *arguments: str) -> list[str]:
    """Run Python as the agent does and return the words it printed."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()


def test_parent_loads_nothing_of_a_call() -> None:
    """What a process for calls is preloaded with, and the plugins that brings, are not imported by the parent."""
    loaded = python("import sys, alex_agent.server; print(*sys.modules)")

    assert "alex_agent.server" in loaded
    assert set(job.PRELOADED).isdisjoint(loaded)
    assert [name for name in loaded if name.startswith("livekit.plugins.")] == []


def test_what_is_preloaded_is_there() -> None:
    """A name that is none would be passed over without a word, and each process would load it for itself."""
    assert all(find_spec(name) for name in job.PRELOADED)


def test_no_caller_waits_for_an_import() -> None:
    """What asks the language model has everything loaded before the first question."""
    late = [name for name in python(ASKING, *job.PRELOADED) if name.split(".")[0] in {"openai", "anyio"}]

    assert late == []
