"""The whole of Alex as plain processes on loopback: livekit, offline, agent and web, without Kubernetes.

Tests start it on free ports; `tests/run stack` starts it on the development ports for a person to talk to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SECRET = "alex-development-secret-32-chars"
PROGRAMS = {"agent": "agent", "web": "web", "offline": "images/offline", "caller": "images/caller"}
# Further processes of a program, by the name a stack gives them.
ALSO = {"vendors": "offline", "agent2": "agent", "web2": "web", "web3": "web"}

# Tests make more calls from loopback than anybody should from one address; those about limits set them.
NO_LIMITS = {
    "ALEX_STARTS_PER_ADDRESS": "0",
    "ALEX_STARTS_PER_SESSION": "0",
    "ALEX_CALLS_PER_ADDRESS": "0",
    "ALEX_CALLS_PER_DAY": "0",
    "ALEX_MINUTES_PER_DAY": "0",
}

# Models load in about two seconds on a quiet machine; tests may share two cores with a build.
READY_SECONDS = 90.0
STOP_SECONDS = 30.0


# Linux gives connections 32768 and above, Kubernetes its Services 30000 and above.
PORTS = (12_000, 30_000)


def livekit_server() -> str:
    """Find the livekit-server binary that `tests/run` built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alex/tools"
    found = os.environ.get("LIVEKIT_SERVER") or next(iter(sorted(map(str, cache.glob("livekit-server-*/server")))), "")
    if not found:
        message = "livekit-server is missing: start the tests with tests/run, which builds it, or set LIVEKIT_SERVER"
        raise RuntimeError(message)
    return found


def free_port() -> int:
    """Find a port on loopback that nobody uses: none of those the kernel takes for connections while nobody listens."""
    while True:
        port = random.randrange(*PORTS)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Say whether nobody uses a port on loopback."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the rest of one that just ended
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class Program:
    """One running program, its log and where it answers."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    ready_url: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process in a session of its own, with its output in the log file."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until the program says that it is ready; fail with the end of its log."""
        deadline = time.monotonic() + seconds
        answer = "no answer"
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            status, answer = get(self.ready_url)
            if status == 200:
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} is not ready after {seconds} s ({answer}):\n{self.tail()}")

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS) -> int | None:
        """Signal the process and wait for its end; None when it does not come."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
            # As Prometheus does: an agent with calls to tell of stays for half a minute until somebody has looked.
            get(self.ready_url.replace("/readyz", "/metrics"))
        return self.process.poll()

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS) -> int:
        """End the process; what does not end is killed with its group."""
        if self.process is None:
            return 0
        if self.end(number, seconds) is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        code = self.process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):  # children of a killed parent
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process = None
        return code

    def tail(self, lines: int = 30) -> str:
        """Give the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def events(self) -> list[dict[str, Any]]:
        """Give the log's JSON lines."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [e for e in found if isinstance(e, dict)]


def get(url: str) -> tuple[int, str]:
    """Fetch a URL on loopback: status and body, or status 0 and the reason when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, urllib.error.URLError) as error:
        return 0, str(error)


@dataclass(frozen=True)
class Outcome:
    """What the synthetic caller found: its exit code, the calls of its JSON report, and what it printed."""

    code: int
    calls: list[dict[str, Any]]
    printed: str

    @property
    def turns(self) -> list[dict[str, Any]]:
        """The turns of the first call."""
        return list(self.calls[0]["turns"])


@dataclass
class Stack:
    """All of Alex on loopback."""

    folder: Path
    ports: dict[str, int]
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://localhost:{self.ports['web']}"

    @property
    def livekit_url(self) -> str:
        """The address of the media server."""
        return f"ws://localhost:{self.ports['livekit']}"

    def ops(self, name: str, path: str) -> tuple[int, str]:
        """Ask a program's ops port."""
        return get(f"http://127.0.0.1:{self.ports[name + '_ops']}{path}")

    def python(self, name: str, env: Mapping[str, str], *arguments: str) -> Program:
        """Describe one of our programs; it is not started yet."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ALEX_", "LIVEKIT_"))}
        return Program(
            name,
            [sys.executable, "-m", f"alex_{ALSO.get(name, name)}", *arguments],
            {
                **clean,
                "PYTHONPATH": ":".join(str(ROOT / folder) for folder in PROGRAMS.values()),
                "PYTHONDONTWRITEBYTECODE": "1",
                **env,
            },
            self.folder / f"{name}.log",
            f"http://127.0.0.1:{self.ports.get(name + '_ops', 0)}/readyz",
        )

    def start(self, name: str, env: Mapping[str, str] | None = None) -> Program:
        """Start one program with its usual settings and those in `env`, and wait until it is ready."""
        port = self.ports
        usual: dict[str, dict[str, str]] = {
            "offline": {"ALEX_HTTP_PORT": str(port["offline"]), "ALEX_OPS_PORT": str(port["offline_ops"])},
            # A second offline service that stands in for the vendors, so that they can fail and it cannot.
            "vendors": {"ALEX_HTTP_PORT": str(port["vendors"]), "ALEX_OPS_PORT": str(port["vendors_ops"])},
        }
        for agent in ("agent", "agent2"):
            usual[agent] = {
                "LIVEKIT_URL": self.livekit_url,
                "ALEX_OFFLINE_URL": f"http://127.0.0.1:{port['offline']}",
                "ALEX_OPS_PORT": str(port[f"{agent}_ops"]),
            }
        pods = ",".join(f"127.0.0.1:{port[f'{a}_ops']}" for a in ("agent", "agent2") if a in {"agent", *self.programs})
        for web in ("web", "web2", "web3"):
            usual[web] = {
                "LIVEKIT_URL": self.livekit_url,
                "ALEX_HTTP_PORT": str(port[web]),
                "ALEX_OPS_PORT": str(port[f"{web}_ops"]),
                "ALEX_AGENT_PODS": pods,
                **NO_LIMITS,
            }
        program = self.livekit(env) if name == "livekit" else self.python(name, {**usual[name], **(env or {})})
        self.programs[name] = program
        program.start()
        program.wait_ready()
        return program

    def livekit(self, env: Mapping[str, str] | None = None) -> Program:
        """Describe the media server; it is not started yet."""
        # Loopback only, no STUN, rooms only by the API: as the chart configures it, see its README.
        config = {
            "port": self.ports["livekit"],
            "bind_addresses": ["127.0.0.1"],
            "rtc": {
                "udp_port": self.ports["livekit_udp"],
                "tcp_port": self.ports["livekit_tcp"],
                "node_ip": "127.0.0.1",
                "enable_loopback_candidate": True,
                "interfaces": {"includes": ["lo"]},
                "stun_servers": [],
                "use_external_ip": False,
            },
            "room": {"auto_create": False},
            "webhook": {"api_key": "devkey", "urls": [f"http://127.0.0.1:{self.ports['web']}/api/livekit"]},
            "keys": {"devkey": SECRET},
        }
        path = self.folder / "livekit.yaml"
        path.write_text(json.dumps(config))  # JSON is YAML
        return Program(
            "livekit",
            [livekit_server(), "--config", str(path)],
            {**os.environ, **(env or {})},
            self.folder / "livekit.log",
            f"http://127.0.0.1:{self.ports['livekit']}/",
        )

    def call(self, *arguments: str, seconds: float = 240.0) -> Outcome:
        """Let the synthetic caller call; keep its recording beside the logs."""
        report = self.folder / f"call-{time.time_ns()}.json"
        program = self.python("caller", {}, "--url", self.url, "--json", str(report), *arguments)
        program.command += ["--record", str(self.folder)]
        done = subprocess.run(
            program.command, env=program.env, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
        )
        document = json.loads(report.read_text()) if report.exists() else {"calls": []}
        return Outcome(done.returncode, document["calls"], done.stdout + done.stderr)

    def stop(self) -> None:
        """Stop everything, the last started first."""
        for program in reversed(list(self.programs.values())):
            program.stop()


def hosted_settings(ports: Mapping[str, int], **agent: str) -> dict[str, dict[str, str]]:
    """Give the settings of a stack with keys whose vendors are its own scripted program `vendors`."""
    url = f"http://127.0.0.1:{ports['vendors']}/v1"
    scripted = {"ALEX_OFFLINE_ENGINE": "scripted"}
    keys = {
        "ALEX_VOICE": "hosted",
        "DEEPGRAM_API_KEY": "d-key",
        "OPENAI_API_KEY": "o-key",
        "ELEVEN_API_KEY": "e-key",
        "ALEX_DEEPGRAM_BASE_URL": f"{url}/listen",
        "ALEX_OPENAI_BASE_URL": url,
        "ALEX_ELEVENLABS_BASE_URL": url,
    }
    return {"vendors": scripted, "offline": scripted, "agent": {**keys, **agent}}


# What a person expects, and what the programs themselves default to.
DEVELOPMENT_PORTS = {
    "livekit": 7880,
    "livekit_tcp": 7881,
    "livekit_udp": 7882,
    "agent_ops": 9090,
    "web": 8080,
    "web_ops": 9091,
    "offline": 8085,
    "offline_ops": 9092,
    "vendors": 8086,
    "vendors_ops": 9093,
    "agent2_ops": 9094,
    "web2": 8082,
    "web2_ops": 9095,
    "web3": 8083,
    "web3_ops": 9096,
}
NAMES = tuple(DEVELOPMENT_PORTS)


@contextlib.contextmanager
def running(
    folder: Path,
    env: Mapping[str, Mapping[str, str]] | None = None,
    ports: dict[str, int] | None = None,
    names: tuple[str, ...] = ("livekit", "offline", "agent", "web"),
) -> Iterator[Stack]:
    """Run the stack; `env` adds settings for each program by its name."""
    stack = Stack(folder, ports or {name: free_port() for name in NAMES})
    try:
        for name in names:
            stack.start(name, (env or {}).get(name))
        yield stack
    finally:
        stack.stop()


async def _until_interrupted() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


def main() -> None:
    """Run the stack on the development ports (or, with --free-ports, on others) until Ctrl-C."""
    ports = None if "--free-ports" in sys.argv else DEVELOPMENT_PORTS
    # Without this Alex would find the LiveKit of somebody else, which does not know its key.
    if taken := [port for port in (ports or {}).values() if not is_free(port)]:
        sys.exit(
            f"tests/run stack needs the ports that another program has: {', '.join(map(str, taken))}. "
            "If that is k8s/up, k8s/down ends it; or take other ports with tests/run stack --free-ports"
        )
    with tempfile.TemporaryDirectory(prefix="alex-stack-") as folder:
        sys.stdout.write(f"Starting livekit, offline, agent and web; logs in {folder}\n")
        with running(Path(folder), ports=ports) as stack:
            sys.stdout.write(f"Talk to Alex: {stack.url}   (Ctrl-C stops everything)\n")
            sys.stdout.flush()
            asyncio.run(_until_interrupted())


if __name__ == "__main__":
    main()
