"""The agent's parent starts without what only a call needs."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from alex_agent import job


def test_parent_loads_nothing_of_a_call() -> None:
    """What a process for calls is preloaded with, and the plugins that brings, are not imported by the parent."""
    code = "import sys, alex_agent.server; print(*sys.modules)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()

    assert "alex_agent.server" in loaded
    assert job.PRELOADED not in loaded
    assert [name for name in loaded if name.startswith("livekit.plugins.")] == []


def test_what_is_preloaded_is_there() -> None:
    """A name that is none would be passed over without a word, and each process would load a call for itself."""
    assert find_spec(job.PRELOADED)
