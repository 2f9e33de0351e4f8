"""The four images of this checkout, built as their user builds them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from images.house import NAMES, ROOT, Image, buildah, run, unpack
from stack import free_port

CRANE = "v0.20.6"


@pytest.fixture(scope="session")
def references() -> dict[str, str]:
    """Build what has changed and return NAME:TAG of each image."""
    built = run(ROOT / "images/build")
    assert built.code == 0, built.output
    lines = [line for line in built.output.splitlines() if line.startswith("alex-")]
    return {line.split()[0].split(":")[0].removeprefix("alex-"): line.split()[0] for line in lines}


@pytest.fixture(scope="session")
def images(references: dict[str, str]) -> Iterator[dict[str, Image]]:
    """Return the four images, unpacked."""
    unpacked, containers = {}, []
    try:
        for name in NAMES:
            unpacked[name], container = unpack(name, references[name])
            containers.append(container)
        yield unpacked
    finally:
        for container in containers:
            buildah("rm", container)


@pytest.fixture(params=NAMES)
def image(request: pytest.FixtureRequest, images: dict[str, Image]) -> Image:
    """Return each image in turn."""
    return images[request.param]


@pytest.fixture(scope="session")
def crane() -> Path:
    """Return Google's registry tool, built from its Go module once."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "alex"
    folder = cache / "tools" / f"crane-{CRANE}"
    if not (folder / "crane").exists():
        package = f"github.com/google/go-containerregistry/cmd/crane@{CRANE}"
        env = {**os.environ, "GOBIN": str(folder), "CGO_ENABLED": "0"}
        built = run("go", "install", "-trimpath", "-ldflags", "-s -w", package, cwd=Path("/"), env=env)
        assert built.code == 0, built.output
    return folder / "crane"


@pytest.fixture
def registry(crane: Path, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty registry on this machine."""
    address = f"127.0.0.1:{free_port()}"
    command: list[str | Path] = [crane, "registry", "serve", "--address", address, "--disk", tmp_path / "blobs"]
    (tmp_path / "blobs").mkdir()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 10
            while run(crane, "--insecure", "catalog", address).code != 0:
                assert time.monotonic() < deadline, "the registry does not answer"
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
