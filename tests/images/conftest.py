"""The four images of this checkout, built as their user builds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from images.house import NAMES, ROOT, Image, buildah, run, unpack
from registry import crane, serving


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


@pytest.fixture(name="crane", scope="session")
def registry_tool() -> Path:
    """Return Google's registry tool."""
    return crane()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty registry on this machine."""
    with serving(tmp_path / "blobs") as address:
        yield address
