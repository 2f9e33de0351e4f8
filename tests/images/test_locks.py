"""The locks: exact versions with hashes, no address, one version for all, and what the programs ask for."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from images.house import HOMES, ROOT, requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = [f"{home}/requirements.txt" for home in HOMES.values()] + [
    "images/offline/models.txt",
    "tests/requirements.txt",
    "tests/linters/requirements.txt",
]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_hashes_and_no_address(lock: str) -> None:
    """Every package has an exact version and a hash, and nobody is told where to download it."""
    text = (ROOT / lock).read_text()
    blocks = re.findall(r"^[a-z0-9][^\n]*(?:\n {4}[^\n]*)*", text, flags=re.MULTILINE)
    package = re.compile(r"[a-z0-9-]+==[0-9][^\s;]*(?: \\\n {4}--hash=sha256:[0-9a-f]{64})+")

    assert blocks
    assert [block for block in blocks if not package.fullmatch(block)] == []
    assert "".join(blocks).replace("\n", "") == text.replace("\n", "")


def test_lock_of_npm_has_hashes_and_no_address() -> None:
    """What lint takes from npm has an exact version and a hash too, and nobody is told where to download it."""
    asked = json.loads((ROOT / "tests/linters/package.json").read_text())["devDependencies"]
    packages = json.loads((ROOT / "tests/linters/package-lock.json").read_text())["packages"]
    own = packages.pop("")

    assert own["devDependencies"] == asked
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert [name for name, one in packages.items() if not one["integrity"].startswith("sha512-")] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []


@pytest.mark.parametrize("home", HOMES.values())
def test_lock_is_part_of_the_common_one(home: str) -> None:
    """A program runs the very versions that its tests ran."""
    common = requirements(ROOT / "tests/requirements.txt")
    own = requirements(ROOT / home / "requirements.txt")

    assert {name: version for name, version in own.items() if common.get(name) != version} == {}


@pytest.mark.parametrize("home", [*HOMES.values(), "tests", "tests/linters"])
def test_lock_satisfies_its_project(home: str) -> None:
    """What a program asks for is locked, in a version it accepts; if not, run images/lock."""
    project = tomllib.loads((ROOT / home / "pyproject.toml").read_text())["project"]
    pins = requirements(ROOT / home / "requirements.txt")
    wanted = [Requirement(line) for line in project["dependencies"]]
    missing = [str(one) for one in wanted if not one.specifier.contains(pins.get(canonicalize_name(one.name), "0"))]

    assert wanted
    assert missing == []


def test_common_lock_satisfies_every_project() -> None:
    """The environment of the tests can run all programs."""
    common = requirements(ROOT / "tests/requirements.txt")
    projects = [ROOT / home / "pyproject.toml" for home in HOMES.values()]
    wanted = [line for path in projects for line in tomllib.loads(path.read_text())["project"]["dependencies"]]

    assert [line for line in wanted if canonicalize_name(Requirement(line).name) not in common] == []


def test_only_offline_and_caller_carry_speech_models() -> None:
    """The agent and the web service stay lean."""
    models = {"moonshine-voice", "hibari-tts", "xllamacpp", "onnxruntime"}
    carried = {
        name: models & requirements(ROOT / Path(home) / "requirements.txt").keys() for name, home in HOMES.items()
    }

    assert carried == {"agent": set(), "web": set(), "offline": models, "caller": {"hibari-tts", "onnxruntime"}}
