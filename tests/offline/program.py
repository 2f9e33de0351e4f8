"""The real program in a process of its own, on ports nobody else has."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

HOUSE = Path(__file__).parents[2]
# Loading takes two seconds on a quiet machine and ten on a busy one.
PATIENCE_SECONDS = 60


class Program:
    """`python -m alex_offline` with these environment variables; use it as a context."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._ports: queue.Queue[tuple[str, int]] = queue.Queue()
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        self._process = spawn(**self._environment)
        threading.Thread(target=self._follow, daemon=True).start()
        found: dict[str, int] = {}
        while len(found) < 2:
            try:
                name, port = self._ports.get(timeout=PATIENCE_SECONDS)
            except queue.Empty:
                raise AssertionError("\n".join(self.lines) or "the program said nothing") from None
            found[name] = port
        self.url, self.ops = (f"http://127.0.0.1:{found[name]}" for name in ("http", "ops"))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _follow(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line)
            record = json.loads(line) if line.startswith("{") else {}
            if record.get("event") == "listening":
                self._ports.put((record["endpoint"], record["port"]))

    def stop(self) -> int:
        """Ask it to stop; returns its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=20)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def wait_ready(self) -> None:
        """Until /readyz says so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (status := self.ask("/readyz")[0]) != 200:
            assert status == 503
            assert time.monotonic() < deadline, "\n".join(self.lines)
            time.sleep(0.1)

    def ask(self, path: str, *, method: str = "GET", body: object = None) -> tuple[int, Any]:
        """One request to the operations port: status and body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.ops + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, _read(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())

    def follow(self, **script: object) -> None:
        """Put a script, and start the ledger over."""
        status, answer = self.ask("/script", method="PUT", body=script)
        assert status == 200, answer
        assert self.ask("/ledger", method="DELETE")[0] == 204

    def ledger(self, provider: str, part: str = "call") -> list[dict[str, Any]]:
        """Tell what the program did for a provider since then."""
        _, entries = self.ask(f"/ledger?provider={provider}")
        return [entry for entry in entries if entry["part"] == part]

    def figure(self, sample: str) -> float:
        """One metric, as `name{label="value"}`."""
        _, text = self.ask("/metrics")
        for line in text.splitlines():
            if line.startswith(sample + " "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"{sample} is not among the metrics")


def spawn(**environment: str) -> subprocess.Popen[str]:
    """Start the program; nothing of this shell's own ALEX settings reaches it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ALEX_")}
    ports = {"ALEX_HTTP_PORT": "0", "ALEX_OPS_PORT": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", "alex_offline"],
        env={**inherited, "PYTHONPATH": str(HOUSE / "images/offline"), **ports, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()


def moment(entry: dict[str, Any], what: str) -> float:
    """When that first happened, in monotonic seconds (the same clock in every process of a machine)."""
    for event in entry["events"]:
        if event["what"] == what:
            return float(event["monotonic"])
    raise AssertionError(f"{what} is not in {[event['what'] for event in entry['events']]}")
