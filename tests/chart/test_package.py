"""The chart as a package: what is in it, and that a registry gives back what it was given."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart.render import CHART, FIXED, ROOT, helm
from registry import crane, serving

# What people have beside a chart and would not want to publish.
STRAYS = (
    ".env",
    ".vscode/settings.json",
    "alex-0.0.9.tgz",
    "my-values.yaml",
    "tls.key",
    "values-production.yaml",
    "values.local.yaml",
    "values.yaml.orig",
    "values.yaml~",
    "templates/web/.deployment.yaml.swp",
)


@dataclass(frozen=True)
class Package:
    """A packaged chart and the helm that made it, with a home of its own."""

    file: Path
    env: dict[str, str]

    def helm(self, *words: str | Path) -> str:
        """Run helm and return what it says on standard output; what it says else is the error."""
        command = [helm(), *map(str, words)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def names(self) -> set[str]:
        """Name the files in the package, without the folder of the chart's name."""
        with tarfile.open(self.file) as tar:
            return {name.removeprefix("alex/") for name in tar.getnames()}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Package the chart from a checkout in which somebody works."""
    folder = tmp_path_factory.mktemp("package")
    copy = folder / "alex"
    shutil.copytree(CHART, copy)
    for stray in STRAYS:
        (copy / stray).parent.mkdir(exist_ok=True)
        (copy / stray).write_text("apiVersion: v1\n")
    homes = {f"HELM_{what}_HOME": str(folder / what) for what in ("CONFIG", "CACHE", "DATA")}
    made = Package(folder / f"alex-{chart()['version']}.tgz", {**os.environ, **homes})
    made.helm("package", copy, "--destination", folder)
    return made


@pytest.fixture(scope="module")
def published(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Push the package to a registry and give the address from which it is installed."""
    with serving(tmp_path_factory.mktemp("registry") / "blobs") as address:
        package.helm("push", package.file, f"oci://{address}/team", "--plain-http")
        yield f"oci://{address}/team/alex"


def chart() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHART / "Chart.yaml").read_text())
    return loaded


def test_package_holds_the_chart_and_nothing_else(package: Package) -> None:
    """What git knows of the chart is in the package, but its scenarios and measurements, and nothing that lay about."""
    listed = subprocess.run(["git", "ls-files", "."], cwd=CHART, capture_output=True, text=True, check=True)
    tracked = {name for name in listed.stdout.splitlines() if not name.startswith(("ci/", "docs/", "."))}

    assert {"LICENSE", "README.md", "CHANGELOG.md", "RUNBOOK.md", "METRICS.md", "values.schema.json"} <= tracked
    assert package.names() == tracked


def test_licence_of_the_package_is_that_of_the_repository(package: Package) -> None:
    """The package carries the licence under which it may be passed on."""
    with tarfile.open(package.file) as tar:
        licence = tar.extractfile("alex/LICENSE")
        assert licence

        assert licence.read() == (ROOT / "LICENSE").read_bytes()


def test_registry_gives_back_what_was_pushed(package: Package, published: str, tmp_path: Path) -> None:
    """What is pulled is the package, byte for byte, and the registry tells of it what the chart says of itself."""
    version = chart()["version"]
    package.helm("pull", published, "--version", version, "--plain-http", "--destination", tmp_path)
    told = yaml.safe_load(package.helm("show", "chart", published, "--version", version, "--plain-http"))

    assert (tmp_path / package.file.name).read_bytes() == package.file.read_bytes()
    assert told == chart()
    assert (
        package.helm("show", "readme", published, "--plain-http").strip() == (CHART / "README.md").read_text().strip()
    )


def test_push_tells_the_digest(package: Package, published: str) -> None:
    """What helm says at a push names the digest that the registry has, and the release workflow attests."""
    address = published.removeprefix("oci://")
    command = [helm(), "push", str(package.file), published.removesuffix("/alex"), "--plain-http"]
    pushed = subprocess.run(
        command, env=package.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    asked = subprocess.run(
        [str(crane()), "--insecure", "digest", f"{address}:{chart()['version']}"],
        capture_output=True,
        text=True,
        check=True,
    )
    workflow = (ROOT / ".github/workflows/release.yaml").read_text()

    assert re.findall(r"^Digest: (\S+)$", pushed.stdout, re.MULTILINE) == [asked.stdout.strip()]
    assert "sed -n 's/^Digest: //p' pushed" in workflow


def test_chart_of_the_registry_renders_what_the_folder_does(package: Package, published: str) -> None:
    """An install from the registry is the install from a checkout."""
    values = [
        "--set",
        f"livekit.apiSecret={FIXED['livekit']['apiSecret']}",
        "--set",
        "monitoring.dashboards.enabled=true",
    ]
    words = ["--namespace", "alex", "--kube-version", "1.34.4", *values]
    from_registry = package.helm("template", "alex", published, "--plain-http", *words)

    assert "kind: Deployment" in from_registry
    assert "grafana_dashboard" in from_registry
    assert from_registry == package.helm("template", "alex", CHART, *words)
