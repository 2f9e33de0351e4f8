"""Versions are chosen in one place, and everything else says the same."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from docs.test_docs import documents
from stack import PROGRAMS, ROOT

CHART: dict[str, Any] = yaml.safe_load((ROOT / "charts/alex/Chart.yaml").read_text())
VALUES: dict[str, Any] = yaml.safe_load((ROOT / "charts/alex/values.yaml").read_text())
VERSION = str(CHART["version"])


def tool(name: str) -> str:
    """Give the version that k8s/lib.sh chooses for a tool."""
    found = re.search(rf"^{name}_version=(\S+)", (ROOT / "k8s/lib.sh").read_text(), re.MULTILINE)
    assert found, name
    return found[1]


def test_chart_and_images_have_one_version() -> None:
    """The chart's version is that of the images it installs, and no value overrides it."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert CHART["appVersion"] == VERSION
    assert VALUES["image"]["tag"] == ""


@pytest.mark.parametrize("home", [*PROGRAMS.values(), "tests"])
def test_programs_have_the_version_of_the_chart(home: str) -> None:
    """Each pyproject.toml says what Chart.yaml says."""
    assert tomllib.loads((ROOT / home / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_documents_name_the_version() -> None:
    """A command in a document that names a version of Alex names this one."""
    shapes = (r"--tag (\d+\.\d+\.\d+)", r"alex-(\d+\.\d+\.\d+)\.tgz", r"/alex --version (\d+\.\d+\.\d+)")
    named = {version for doc in documents() for shape in shapes for version in re.findall(shape, doc.read_text())}

    assert named == {VERSION}


def test_changelog_has_the_version_or_what_comes_after() -> None:
    """The first heading of the changelog is what is not released yet, or the version of the chart."""
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "charts/alex/CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] in {"Unreleased", VERSION}
    assert len(headings) == len(set(headings))


def test_livekit_in_the_chart_is_the_one_that_tests_run() -> None:
    """The server that the chart installs has the version of the one that k8s/lib.sh builds for the tests."""
    assert VALUES["livekit"]["image"]["tag"] == tool("livekit")


def test_types_of_the_sdk_are_those_of_the_page() -> None:
    """The SDK whose types lint checks the page with has the version of the one that the page loads."""
    static = ROOT / "web/alex_web/static"
    brought = [path.name for path in (static / "vendor").glob("livekit-client-*.js")]
    checked = json.loads((ROOT / "tests/linters/package.json").read_text())["devDependencies"]["livekit-client"]

    assert brought == [f"livekit-client-{checked}.umd.js"]
    assert f"'/static/vendor/{brought[0]}'" in (static / "js/desk.js").read_text()


def test_documents_name_versions_of_tools_as_they_are() -> None:
    """KEDA's version in the chart's README is the tested one, and Go's in CONTRIBUTING is one that builds the tools."""
    readme = (ROOT / "charts/alex/README.md").read_text()
    contributing = (ROOT / ".github/CONTRIBUTING.md").read_text()
    container = re.search(r"golang:(\d+\.\d+)\.", (ROOT / ".github/workflows/test.yaml").read_text())
    modules = [path.read_text() for path in (ROOT / "k8s/local/tools").glob("*/go.mod")]
    needed = max(tuple(map(int, re.findall(r"^go (\d+)\.(\d+)", text, re.MULTILINE)[0])) for text in modules)

    assert re.findall(r"KEDA 2\.x \(tested with ([\d.]+)\)", readme) == [
        ".".join(tool("keda").strip("v").split(".")[:2])
    ]
    assert container
    assert f"Go {container[1]}" in contributing
    assert tuple(map(int, container[1].split("."))) >= needed
