"""Images for amd64 and arm64: what builders are asked for, and whether locks, release and documents mean these two."""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import pytest
import yaml
from images.house import NAMES, ROOT, Docker, Result, checkout, run
from stack import free_port

PLATFORMS = ("linux/amd64", "linux/arm64")
TAGS = dict(re.findall(r"^(alex-\w+):(\w+)$", run(ROOT / "images/build", "--print-tags").output, re.MULTILINE))


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    """Return a Docker whose engine answers and does nothing."""
    return Docker(tmp_path)


def build(docker: Docker, *options: str) -> Result:
    """Build the image of web."""
    return run(ROOT / "images/build", "--only", "web", *options, env=docker.env)


def test_commands_know_the_platforms() -> None:
    """The list that the commands check against is the one of these tests."""
    lists = re.findall(r"^platforms=\((.*)\)$", (ROOT / "images/lib.sh").read_text(), re.MULTILINE)

    assert [tuple(one.split()) for one in lists] == [PLATFORMS]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platform_reaches_docker(docker: Docker, platform: str) -> None:
    """Docker builds for the platform, and the image is told apart from the machine's own by the end of its name."""
    done = build(docker, "--platform", platform)
    name = f"alex-web:{TAGS['alex-web']}-{platform.removeprefix('linux/')}"

    assert done.code == 0, done.output
    (asked,) = docker.calls("build")
    assert f" --tag {name} --platform {platform} " in asked
    assert done.output.startswith(f"{name}  built with docker for {platform} (")


def test_tag_is_the_same_for_every_platform() -> None:
    """The chart's one tag names the image for every node."""
    build = ROOT / "images/build"
    printed = {run(build, "--print-tag", "--platform", platform).output for platform in PLATFORMS}

    assert printed == {run(build, "--print-tag").output}


def test_image_for_another_platform_is_not_taken_for_unchanged(docker: Docker) -> None:
    """An image of the machine's own stands for no other platform; one that was built for it does."""
    name = f"alex-web:{TAGS['alex-web']}"
    docker.says("images", name)
    assert "  built with docker for linux/arm64 (" in build(docker, "--platform", "linux/arm64").output

    docker.says("images", f"{name}-arm64")
    assert f"{name}-arm64  unchanged (" in build(docker, "--platform", "linux/arm64").output
    assert f"{name}  built with docker (" in build(docker).output


def test_base_for_another_platform_is_refused(docker: Docker) -> None:
    """A base that is here, but not for the platform, is told as that before anything is built."""
    docker.says("images", "base:1")
    docker.says("image", "linux/amd64")
    done = build(docker, "--platform", "linux/arm64", "--python", "base:1")

    assert done.code == 1
    assert "images/build: base:1 is not for linux/arm64\nNext: " in done.output
    assert docker.calls("build") == []
    assert build(docker, "--platform", "linux/amd64", "--python", "base:1").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("exec /bin/sh: exec format error", "nothing here runs programs for linux/arm64\nNext: build there, or "),
        ("qemu: uncaught target signal 11", "the emulator gave up on alex-web\nNext: build it where it is at home;"),
        ("no space left on device", "alex-web was not built\nNext: read all of it in "),
    ],
)
def test_missing_emulation_is_named(docker: Docker, words: str, says: str) -> None:
    """What cannot run here is told as that, with what to do."""
    docker.says("build", words, code=1)
    done = build(docker, "--platform", "linux/arm64")

    assert done.code == 1
    assert f"images/build: {says}" in done.output


def test_push_for_both_gives_one_tag(docker: Docker) -> None:
    """Each image is pushed for either platform, and joined under the tag that the printed line installs."""
    both = [word for platform in PLATFORMS for word in ("--platform", platform)]
    done = run(ROOT / "images/push", "registry.example.com/team", "--tag", "v1", *both, env=docker.env)

    assert done.code == 0, done.output
    names = [f"registry.example.com/team/alex-{name}:v1" for name in ("agent", "web", "offline", "caller")]
    assert docker.calls("push") == [f"push --quiet {name}-{end}" for name in names for end in ("amd64", "arm64")]
    assert docker.calls("buildx") == [
        f"buildx imagetools create --tag {name} {name}-amd64 {name}-arm64" for name in names
    ]
    assert "--set image.registry=registry.example.com/team --set-string image.tag=v1\n" in done.output


def test_push_for_one_needs_no_list(docker: Docker) -> None:
    """For a cluster of arm64 alone the tag is that image."""
    done = run(ROOT / "images/push", "example.com/a", "--tag", "v1", "--platform", "linux/arm64", env=docker.env)

    assert done.code == 0, done.output
    assert docker.calls("push") == [
        f"push --quiet example.com/a/alex-{name}:v1" for name in ("agent", "web", "offline", "caller")
    ]
    assert len([asked for asked in docker.calls("build") if " --platform linux/arm64 " in asked]) == len(NAMES)
    assert docker.calls("buildx") == []


def test_joined_name_has_both(crane: Path, registry: str, tmp_path: Path) -> None:
    """A registry answers the one name with the image for the platform that asks."""
    name = f"{registry}/team/alex-web:1.2.3"
    (tmp_path / "file").write_text("content")
    with tarfile.open(tmp_path / "layer.tar", "w") as layer:
        layer.add(tmp_path / "file", "file")
    for platform in PLATFORMS:
        part = f"{name}-{platform.removeprefix('linux/')}"
        # An empty base that crane need not pull.
        assert run(crane, "--insecure", "append", "--new_layer", tmp_path / "layer.tar", "--new_tag", part).code == 0
        assert run(crane, "--insecure", "mutate", "--set-platform", platform, "--tag", part, part).code == 0
    done = run(ROOT / "images/join", name)

    assert done.code == 0, done.output
    listed = json.loads(run(crane, "--insecure", "manifest", name).output)["manifests"]
    assert [f"{one['platform']['os']}/{one['platform']['architecture']}" for one in listed] == list(PLATFORMS)
    for platform in PLATFORMS:
        config = json.loads(run(crane, "--insecure", "config", "--platform", platform, name).output)
        assert f"{config['os']}/{config['architecture']}" == platform


def test_missing_part_is_named() -> None:
    """What cannot be joined says which images it looked for."""
    name = f"127.0.0.1:{free_port()}/team/alex-web:1.2.3"
    done = run(ROOT / "images/join", name)

    assert done.code == 1
    assert f"{name} was not joined\nNext: are these in the registry? {name}-amd64 {name}-arm64\n" in done.output


# A uv that writes a lock; for another processor the agent's has one package more, or there is none.
UV = """#!/bin/bash
other=''
while [ $# -gt 0 ]; do
  case $1 in
    --python-platform) [[ $2 = x86_64-* ]] || other=$2 ;;
    --output-file) file=$2 ;;
    agent/pyproject.toml) program=agent ;;
  esac
  shift
done
[ "$program$other$UV_MISSING" != agentaarch64-manylinux_2_34yes ] || { echo 'avocado has no wheels' >&2; exit 1; }
echo 'apple==1' >"$file"
[ -z "$other" ] || [ -z "$UV_MORE" ] || echo 'banana==1' >>"$file"
"""


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            "UV_MISSING",
            "avocado has no wheels\nimages/lock: what agent/pyproject.toml asks for is not there for linux/arm64",
        ),
        ("UV_MORE", "> banana==1\nimages/lock: agent/pyproject.toml asks for other packages on linux/arm64"),
    ],
)
def test_lock_that_would_not_do_for_arm64_is_not_written(tmp_path: Path, wrong: str, says: str) -> None:
    """Every lock is resolved for both platforms; where they differ, the old one stays."""
    copy = checkout(tmp_path / "copy")
    for home in ("tests", "tests/linters"):
        (copy / home).mkdir()
        for file in ("pyproject.toml", "requirements.txt"):
            shutil.copy(ROOT / home / file, copy / home)
    (tmp_path / "bin").mkdir()
    uv = tmp_path / "bin/uv"
    uv.write_text(UV)
    uv.chmod(0o755)
    path = f"{uv.parent}:{os.environ['PATH']}"
    clean = {**os.environ, "PATH": path, "UV_MISSING": "", "UV_MORE": ""}
    before = (copy / "agent/requirements.txt").read_text()
    done = run(copy / "images/lock", env={**clean, wrong: "yes"})

    assert done.code == 1
    assert says in done.output
    assert (copy / "agent/requirements.txt").read_text() == before
    assert run(copy / "images/lock", "--check", env=clean).output.startswith(
        "images/lock: not what the pyproject.toml files ask for"
    )


def test_release_has_an_image_for_every_platform() -> None:
    """The release builds each of the four for each platform on a machine of that kind, and joins what it has pushed."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yaml").read_text())["jobs"]
    matrix = jobs["images"]["strategy"]["matrix"]
    runners = {one["architecture"]: one["runner"] for one in matrix["include"]}

    assert tuple(f"linux/{one}" for one in matrix["architecture"]) == PLATFORMS
    assert runners.keys() == set(matrix["architecture"])
    assert {one for one, runner in runners.items() if runner.endswith("-arm")} == {"arm64"}
    assert tuple(matrix["name"]) == tuple(jobs["lists"]["strategy"]["matrix"]["name"]) == NAMES
    assert "images" in jobs["lists"]["needs"]
    assert "lists" in jobs["chart"]["needs"]


@pytest.mark.parametrize("document", ["charts/alex/README.md", "charts/alex/ci/mixed-values.yaml", "images/README.md"])
def test_documents_name_the_platforms(document: str) -> None:
    """Whoever has nodes of either kind reads that Alex runs there, and of no other kind."""
    words = set(re.findall(r"\b(?:amd64|arm64|arm/v7|ppc64le|s390x|riscv64)\b", (ROOT / document).read_text()))

    assert words == {platform.removeprefix("linux/") for platform in PLATFORMS}


def test_chart_asks_for_no_architecture() -> None:
    """With no values, pods may go to nodes of every kind."""
    assert "kubernetes.io/arch" not in (ROOT / "charts/alex/values.yaml").read_text()
    templates = (ROOT / "charts/alex/templates").rglob("*")
    assert [path.name for path in templates if path.is_file() and "kubernetes.io/arch" in path.read_text()] == []
