"""Prometheus and promtool as processes: whether queries parse, and a server that remembers an hour that never was."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

from stack import free_port

# Starts in a second; the machine may be busy.
READY_SECONDS = 60.0


def program(name: str) -> str:
    """Find prometheus or promtool: a variable such as PROMTOOL, the PATH, or the cache of `tests/run`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alex/tools"
    cached = sorted(map(str, cache.glob(f"prometheus-v*/{name}")))
    found = os.environ.get(name.upper()) or shutil.which(name) or (cached[-1] if cached else None)
    if not found:
        raise RuntimeError(f"{name} is missing: start the tests with tests/run, which builds it, or set {name.upper()}")
    return found


def complaints(*words: str | Path) -> str:
    """Run promtool; give what it complains of, or nothing when it is content."""
    command = [program("promtool"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return (done.stdout + done.stderr) if done.returncode else ""


def refusal(expressions: Iterable[str], folder: Path) -> str:
    """Give what promtool says against some queries; nothing when it can read them all."""
    rules = [{"record": f"query:{number}", "expr": expression} for number, expression in enumerate(expressions)]
    path = folder / "queries.json"
    path.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    return complaints("check", "rules", path)


@contextlib.contextmanager
def remembering(openmetrics: str, folder: Path) -> Iterator[str]:
    """Run a Prometheus that has scraped what an OpenMetrics text with times says; yields its address."""
    history, data, config, log = (folder / name for name in ("history", "data", "prometheus.yml", "log"))
    history.write_text(openmetrics)
    config.write_text("{}")
    data.mkdir()
    made = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(history), str(data)]
    subprocess.run(made, capture_output=True, check=True)
    address = f"127.0.0.1:{free_port()}"
    # What it is to remember may lie years back.
    options = {
        "config.file": config,
        "storage.tsdb.path": data,
        "storage.tsdb.retention.time": "50y",
        "web.listen-address": address,
    }
    command = [program("prometheus"), *(f"--{name}={value}" for name, value in options.items())]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _wait(f"http://{address}/-/ready", process, log)
            yield f"http://{address}"
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.1)
    raise RuntimeError(f"prometheus does not start:\n{log.read_text()}")
