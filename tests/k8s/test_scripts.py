"""The scripts of k8s/ as far as they go without a cluster: their help, their refusals, and whom they end."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

K8S = Path(__file__).parents[2] / "k8s"


@pytest.fixture(name="home")
def empty_cache(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose cache is empty, and in which no Docker answers."""
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "DOCKER_HOST": "tcp://127.0.0.1:9"}


def run(env: dict[str, str], *command: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script to its end, both streams together."""
    words = [str(word) for word in command]
    return subprocess.run(
        words,
        env=env,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("script", ["up", "down"])
def test_help_fits_a_screen(home: dict[str, str], script: str) -> None:
    """`--help` says what the script does in less than a screen and touches nothing."""
    told = run(home, K8S / script, "--help")

    assert told.returncode == 0
    assert 3 < len(told.stdout.splitlines()) < 24
    assert f"k8s/{script}" in told.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["up", "--shout"], "--shout"),
        (["up", "--context"], "--context needs a value"),
        (["up", "--values", "/nowhere.yaml"], "/nowhere.yaml"),
        (["down", "now"], "now"),
    ],
)
def test_wrong_arguments_are_named(home: dict[str, str], words: list[str], named: str) -> None:
    """An argument that makes no sense is named, before anything is done."""
    told = run(home, K8S / words[0], *words[1:])

    assert told.returncode == 1
    assert named in told.stdout


def test_down_without_up_has_nothing_to_do(home: dict[str, str]) -> None:
    """`k8s/down` on a machine where nothing is up says so and succeeds."""
    told = run(home, K8S / "down")

    assert told.returncode == 0
    assert "Nothing to remove" in told.stdout


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that no script has started."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_only_own_processes_are_ended(home: dict[str, str], tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    """A process id that has meanwhile been given to somebody else is left alone; one that is still ours is ended."""
    run(home, "bash", "-c", f". {K8S}/lib.sh; start ours sleep 60")
    pids = tmp_path / "alex" / "run" / "pids"
    ours = int((pids / "ours").read_text().split()[0])
    (pids / "theirs").write_text(f"{bystander.pid} 1\n")  # the number is right, the start time is not

    run(home, "bash", "-c", f". {K8S}/lib.sh; stop ours; stop theirs")

    assert bystander.poll() is None
    assert not Path(f"/proc/{ours}").exists()


def test_a_process_that_runs_is_not_started_again(home: dict[str, str], tmp_path: Path) -> None:
    """Starting what runs already changes nothing, so `k8s/up` can be repeated."""
    pid_file = tmp_path / "alex" / "run" / "pids" / "ours"
    run(home, "bash", "-c", f". {K8S}/lib.sh; start ours sleep 60")
    first = pid_file.read_text()
    run(home, "bash", "-c", f". {K8S}/lib.sh; start ours sleep 60")
    second = pid_file.read_text()
    run(home, "bash", "-c", f". {K8S}/lib.sh; stop ours")

    assert first == second
    assert not pid_file.exists()


def test_a_failed_step_shows_its_last_words(home: dict[str, str]) -> None:
    """A step that fails shows what its command said, where the rest is, and ends the script."""
    script = f'. {K8S}/lib.sh; step "Milk boils" bash -c "echo no cow; exit 3"; say "and on"'
    told = run(home, "bash", "-c", script)

    assert told.returncode == 1
    assert "FAILED: Milk boils" in told.stdout
    assert "no cow" in told.stdout
    assert "and on" not in told.stdout


KEPT = ["--url", "http://web", "--livekit-url", "ws://livekit", "--access-code-file", "/etc/alex/keys/code"]


def test_call_pod_is_the_test_pod_with_other_questions(home: dict[str, str]) -> None:
    """`k8s/call` keeps the chart's pod, its addresses and its limits, and replaces only the questions and the hook."""
    container = {
        "name": "caller",
        "args": [*KEPT, "--ask", "old", "--expect", "old"],
        "securityContext": {"readOnlyRootFilesystem": True},
    }
    hook = {
        "kind": "Pod",
        "metadata": {"name": "alex-caller", "annotations": {"helm.sh/hook": "test"}, "labels": {"a": "b"}},
        "spec": {"containers": [container]},
    }

    pod = json.loads(run(home, K8S / "call-pod", "--ask", "new", stdin=json.dumps(hook)).stdout)

    assert pod["spec"]["containers"] == [{**container, "args": [*KEPT, "--ask", "new"]}]
    assert pod["metadata"] == {"generateName": "alex-call-", "labels": {"a": "b"}}


def test_scratch_image_is_the_same_every_time(home: dict[str, str], tmp_path: Path) -> None:
    """The image of one program has the same bytes whenever it is made, so it is loaded once."""
    program = tmp_path / "hello"
    program.write_bytes(b"#!/nothing")
    for name in ("one.tar", "two.tar"):
        run(home, K8S / "local" / "scratch-image", program, "localhost/hello:1", tmp_path / name)

    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
