"""What an agent's log does not say."""

from __future__ import annotations

import os
import subprocess
import sys

from stack import ROOT

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ2aWRlbyI6eyJhZ2VudCI6dHJ1ZX19.c2lnbmF0dXJl"

REFUSED = f"""
import logging
from alex_agent import logs

class RefusedError(Exception):
    status = 401

logs.setup("INFO", "json")
logging.getLogger("sdk").warning("refused %s", "Bearer {TOKEN}", extra={{"error": RefusedError("{TOKEN}")}})
"""


def test_tokens_are_cut_out() -> None:
    """A token is not told, be it in a sentence of the SDK or in an error; type and status of the error are."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "agent")}
    done = subprocess.run([sys.executable, "-c", REFUSED], env=env, capture_output=True, text=True, check=True)

    assert "eyJ" not in done.stdout + done.stderr
    assert "refused Bearer" in done.stdout
    assert "RefusedError 401" in done.stdout
