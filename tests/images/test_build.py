"""The commands of images/: what they build, what they leave alone, and what they say when they cannot."""

from __future__ import annotations

import os
import re
import resource
import shutil
import tomllib
from pathlib import Path

import pytest
from images.house import NAMES, ROOT, Docker, checkout, requirements, run
from stack import free_port

TAGS = re.compile(r"^alex-(\w+):([0-9a-f]{12})$", re.MULTILINE)


def tags(root: Path, *options: str) -> dict[str, str]:
    """Return the tag of each image that a checkout gives."""
    return dict(TAGS.findall(run(root / "images/build", "--print-tags", *options).output))


def without(folder: Path, *missing: str) -> dict[str, str]:
    """Return an environment whose PATH has everything but some programs."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*"):
            if program.name not in missing:
                (folder / program.name).unlink(missing_ok=True)
                (folder / program.name).symlink_to(program)
    return {**os.environ, "PATH": str(folder)}


def test_tag_is_made_from_content_alone(tmp_path: Path) -> None:
    """Two checkouts of the same files, with other file times and leftovers of Python, give the same images."""
    copy = checkout(tmp_path)
    (copy / "web/alex_web/__pycache__").mkdir(exist_ok=True)
    (copy / "web/alex_web/__pycache__/app.cpython-311.pyc").write_bytes(b"old")
    os.utime(copy / "web/alex_web/app.py", (0, 0))

    assert tags(copy) == tags(copy)
    assert set(tags(copy)) == set(NAMES)
    shutil.rmtree(copy / "web/alex_web/__pycache__")
    before = tags(copy)
    (copy / "web/alex_web/__pycache__").mkdir()
    (copy / "web/alex_web/__pycache__/app.cpython-311.pyc").write_bytes(b"new")
    assert tags(copy) == before


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("web/alex_web/static/index.html", {"web"}),
        ("agent/requirements.txt", {"agent"}),
        ("images/offline/models.txt", {"offline"}),
        ("images/caller/alex_caller/new.py", {"caller"}),
        ("images/web/Dockerfile", {"web"}),
        ("images/agent/NOTICE", {"agent"}),
        ("LICENSE", set(NAMES)),
        ("web/README.md", set()),
    ],
)
def test_tag_changes_with_what_goes_in(tmp_path: Path, file: str, changed: set[str]) -> None:
    """A changed file changes the tags of the images it goes into, and of no other."""
    copy = checkout(tmp_path)
    before = tags(copy)
    with (copy / file).open("a") as end:
        end.write("\n# changed\n")
    after = tags(copy)

    assert {name for name in NAMES if before[name] != after[name]} == changed


def test_tag_changes_with_the_base(tmp_path: Path) -> None:
    """Another Python is another image, and the one tag for all four follows."""
    copy = checkout(tmp_path)
    build = copy / "images/build"

    assert not set(tags(copy).items()) & set(tags(copy, "--python", "other").items())
    assert run(build, "--print-tag").output != run(build, "--print-tag", "--python", "other").output


def test_unchanged_images_are_not_built_again(references: dict[str, str]) -> None:
    """A second run finds its images and costs next to nothing."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    again = run(ROOT / "images/build", *(option for name in NAMES for option in ("--only", name)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    lines = again.output.splitlines()
    assert again.code == 0
    assert [line.split()[:2] for line in lines] == [[references[name], "unchanged"] for name in NAMES]
    # CPU and not the clock: the machine may be busy. Idle, the command takes half a second.
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 5


def test_changed_code_installs_nothing(references: dict[str, str], tmp_path: Path) -> None:
    """A changed line of code is a new image whose packages are the old layer."""
    assert references
    copy = checkout(tmp_path)
    with (copy / "web/alex_web/__init__.py").open("a") as end:
        end.write(f"\n# {tmp_path}\n")
    built = run(copy / "images/build", "--only", "web", "--tag", "test-changed-code")
    log = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alex/build/web.log"

    assert built.code == 0, built.output
    assert re.search(r"^alex-web:\w+ = alex-web:test-changed-code {2}built with \w+", built.output, re.MULTILINE)
    steps = re.split(r"^(?=STEP )", log.read_text(), flags=re.MULTILINE)
    (install,) = (step for step in steps if "pip install" in step)
    assert "Using cache" in install


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("build", "--only", "phone"), 2, "there is no image called phone; there are agent web offline caller"),
        (("build", "--only"), 2, "--only needs a value"),
        (("build", "--tag", "no spaces"), 2, "'no spaces' cannot be a tag"),
        (("build", "--quick"), 2, "--quick is not an option"),
        (("build", "--push", "localhost/x"), 2, "--push needs one --only"),
        (
            ("build", "--platform", "linux/s390x"),
            2,
            "there are no images for linux/s390x; there are for linux/amd64 linux/arm64",
        ),
        (
            ("push", "registry.example.com", "--platform", "arm64"),
            2,
            "there are no images for arm64; there are for linux/amd64 linux/arm64",
        ),
        (("join",), 2, "which name?"),
        (("join", "alex-web:v1"), 2, "'alex-web:v1' is not the name of a pushed image"),
        (("push",), 2, "which registry?"),
        (("push", "https://registry.example.com"), 2, "'https://registry.example.com' is not a registry"),
        (("push", "registry.example.com", "--tag", "a/b"), 2, "'a/b' cannot be a tag"),
        (("lock", "--all"), 2, "--all is not an option"),
        (("sbom",), 2, "which image? There are agent web offline caller"),
        (("sbom", "web", "agent"), 2, "one image at a time, not web and agent"),
    ],
)
def test_bad_usage_is_told_apart(arguments: tuple[str, ...], code: int, says: str) -> None:
    """A slip ends at once with what is wrong and what to try."""
    command, *rest = arguments
    done = run(ROOT / "images" / command, *rest)

    assert done.code == code
    assert f"images/{command}: {says}\nNext: " in done.output


def test_missing_builder_is_named(tmp_path: Path) -> None:
    """Without Docker and buildah the command says what it needs."""
    done = run(ROOT / "images/build", env=without(tmp_path / "bin", "docker", "buildah"))

    assert done.code == 1
    assert "needs a Docker engine that answers, or buildah; found neither\nNext: start Docker" in done.output


def test_docker_is_used_where_its_engine_answers(tmp_path: Path) -> None:
    """Docker is asked for the same image from the same Dockerfile, with nothing that only buildah knows."""
    docker = Docker(tmp_path)
    done = run(ROOT / "images/build", "--only", "web", "--tag", "v1", env=docker.env)

    assert done.code == 0, done.output
    (build,) = docker.calls("build")
    assert re.fullmatch(r"build --progress plain --file (\S+)/images/web/Dockerfile --tag alex-web:\w{12} \1", build)
    (tagged,) = docker.calls("tag")
    assert re.fullmatch(r"tag alex-web:\w{12} alex-web:v1", tagged)


def test_package_with_another_hash_is_refused(tmp_path: Path) -> None:
    """What is downloaded must be what was locked; if not, the image is not built and the log is shown."""
    copy = checkout(tmp_path)
    lock = copy / "web/requirements.txt"
    version = requirements(lock)["wsproto"]
    text = re.sub(
        r"(wsproto==\S+ \\\n)(?: {4}--hash=\S+(?: \\)?\n)+", rf"\1    --hash=sha256:{'0' * 64}\n", lock.read_text()
    )
    lock.write_text(text)
    done = run(copy / "images/build", "--only", "web")

    assert done.code == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.output
    assert f"wsproto-{version}" in done.output.replace("=", "-") or "wsproto" in done.output
    assert "images/build: alex-web was not built\nNext: read all of it in " in done.output


def test_push_gives_all_four_one_tag_and_the_install_line(crane: Path, registry: str, tmp_path: Path) -> None:
    """A registry ends up with the images, and the printed line installs exactly these."""
    copy = checkout(tmp_path / "copy")
    done = run(copy / "images/push", f"{registry}/team")
    tag = run(copy / "images/build", "--print-tag").output.strip()

    assert done.code == 0, done.output
    line = f"helm install alex charts/alex --set image.registry={registry}/team --set-string image.tag={tag}"
    assert f"  {line}\n" in done.output
    for name in NAMES:
        manifest = run(crane, "--insecure", "manifest", f"{registry}/team/alex-{name}:{tag}")
        assert manifest.code == 0, manifest.output
    chart = (ROOT / "charts/alex/values.yaml").read_text()
    assert re.search(r"crane copy (\S+):(\S+) ", done.output)
    for word in re.search(r"crane copy (\S+):(\S+) ", done.output).groups():  # type: ignore[union-attr]
        assert f": {word}\n" in chart


def test_unreachable_registry_is_named(references: dict[str, str]) -> None:
    """A push that fails says where to, what the registry said and what to check."""
    assert references
    done = run(ROOT / "images/build", "--only", "web", "--push", f"127.0.0.1:{free_port()}/team/alex-web:v1")

    assert done.code == 1
    assert re.search(r"connection refused", done.output)
    assert re.search(r"/team/alex-web:v1 was not pushed\nNext: is the registry right\?", done.output)


def test_program_needs_are_those_of_the_image() -> None:
    """The images' Python is one that every program accepts."""
    text = (ROOT / "images/agent/Dockerfile").read_text()
    homes = [ROOT / "agent", ROOT / "web", ROOT / "images/offline", ROOT / "images/caller"]
    wanted = {tomllib.loads((home / "pyproject.toml").read_text())["project"]["requires-python"] for home in homes}

    assert re.search(r"^ARG PYTHON=docker\.io/library/python:3\.11-", text, re.MULTILINE)
    assert wanted == {">=3.11"}
