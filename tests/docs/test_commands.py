"""The commands in the documents and workflows: each names programs, words, options and values that there are."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.test_docs import documents
from stack import ROOT

# Where the options of a program are written down, when it is not in itself.
OPTIONS = {"k8s/call": "images/caller/alex_caller/__main__.py", "k8s/local/tilt": "Tiltfile"}
PLACEHOLDER = re.compile(r"[A-Z]+…?|…|\$.*")
VALUES: dict[str, Any] = yaml.safe_load((ROOT / "charts/alex/values.yaml").read_text())
# Values that the chart takes as they are, whatever is in them.
FREE = ("tolerations", "affinity", "nodeSelector", "annotations", "podAnnotations", "podLabels", "labels")


def commands() -> Iterator[tuple[Path, str]]:
    """Walk the commands of all documents, in their shell blocks and within a sentence, and of the workflows."""
    for document in documents():
        text = document.read_text()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            yield from ((document, line) for line in block.replace("\\\n", " ").splitlines())
        for line in re.findall(r"`((?:k8s|tests|images)/\w[^`]*|(?:helm|kubectl|python tests|pip|uv) [^`]*)`", text):
            yield document, line
    for workflow in sorted((ROOT / ".github/workflows").glob("*.yaml")):
        for line in re.findall(r"^ +(?:run: )?((?:k8s|tests|images)/\w.*)$", workflow.read_text(), re.MULTILINE):
            yield workflow, line


def words(line: str) -> list[str]:
    """Split a command as a shell would, without its comment and what it redirects; nothing for what is no command."""
    line = re.split(r"\s#|\s>", line)[0]
    try:
        return shlex.split(line)
    except ValueError:
        return []


def ours() -> list[tuple[str, str]]:
    """List the commands that start a program of this repository, each with its document."""
    found = []
    for document, line in commands():
        command = words(line)
        program = command[1] if command[:1] == ["python"] else command[0] if command else ""
        if re.fullmatch(r"(k8s|tests|images)/[\w./-]+", program) and not (ROOT / program).is_dir():
            found.append((str(document.relative_to(ROOT)), line))
    return found


def sources(program: str, rest: list[str]) -> str:
    """Give the texts in which a program's options are."""
    bench = ROOT / f"tests/bench/{rest[0] if rest else ''}.py"
    files = [ROOT / program, ROOT / OPTIONS.get(program, program), *([bench] if bench.is_file() else [])]
    return "\n".join(file.read_text() for file in files)


def suites() -> set[str]:
    """Name the words that tests/run takes."""
    text = (ROOT / "tests/run").read_text()
    lists = re.findall(r"^(?:suites|named|benches)=\(([^)]*)\)", text, re.MULTILINE)
    return {word for line in lists for word in line.split()} | {"stack", "format"}


@pytest.mark.parametrize(("document", "line"), ours())
def test_command_of_ours_exists(document: str, line: str) -> None:
    """A document starts programs that are there, with words and options that they know."""
    command = words(line)
    program, *rest = command[1:] if command[0] == "python" else command
    plain = [word for word in rest if not word.startswith("-") and not PLACEHOLDER.fullmatch(word)]
    text = sources(program, rest)

    assert (ROOT / program).is_file(), document
    if command[0] != "python" and not program.endswith((".py", ".txt", ".yaml", ".sh")):
        assert os.access(ROOT / program, os.X_OK), document
    if program == "tests/run" and plain:
        assert plain[0] in suites(), document
    options = [word for word in rest if re.fullmatch(r"--[a-z][\w-]*", word)]
    assert [option for option in options if option not in text and option != "--help"] == [], document


def known(path: str) -> bool:
    """Whether a dotted path, in which * stands for any key, is a value or lies in one that holds anything."""
    found: list[Any] = [VALUES]
    for key in path.split("."):
        below = [node for node in found if isinstance(node, dict)]
        if key == "*":
            found = [child for node in below for child in node.values()]
        else:
            found = [node[key] for node in below if key in node]
        if not found:
            return False
        if key in FREE:
            return True
    return True


def test_values_that_commands_set_exist() -> None:
    """No document sets a value that the chart does not have."""
    given = [
        (str(document.relative_to(ROOT)), setting.split("=")[0])
        for document, line in commands()
        for setting in re.findall(r"--set(?:-string|-file|-json)?[ =](\S+)", line)
        if "=" in setting
    ]

    assert given
    assert [(document, path) for document, path in given if not known(path)] == []


def test_values_that_sentences_name_exist() -> None:
    """What stands in a document as `component.value` is a value of the chart."""
    components = [key for key, value in VALUES.items() if isinstance(value, dict)]
    shape = re.compile(rf"`((?:{'|'.join(components)})(?:\.(?:[a-z]\w*|\*))+)(?:[:=][^`]*)?`")
    named = {
        (str(document.relative_to(ROOT)), path)
        for document in documents()
        if document.name != "METRICS.md"
        for path in shape.findall(document.read_text())
    }

    assert len(named) > 50
    assert sorted((document, path) for document, path in named if not known(path)) == []


def test_table_of_suites_is_that_of_the_runner() -> None:
    """The table in tests/README.md has each suite with its folders, as tests/run and conftest.py have them."""
    rows = re.findall(r"^\| `tests/run (\w+)` \| (.*?) \|", (ROOT / "tests/README.md").read_text(), re.MULTILINE)
    told = {suite: set(re.findall(r"`(\w+)`", folders)) for suite, folders in rows}
    runner = re.findall(r"^(?:suites|named)=\(([^)]*)\)", (ROOT / "tests/run").read_text(), re.MULTILINE)
    folders = re.findall(r'^    "(\w+)": "(\w+)",$', (ROOT / "tests/conftest.py").read_text(), re.MULTILINE)

    assert list(told) == [word for line in runner for word in line.split()]
    assert {(folder, suite) for suite, own in told.items() for folder in own} == set(folders)


def test_workflow_runs_suites_that_exist() -> None:
    """What a fork's pull request runs are suites of tests/run, each once."""
    text = (ROOT / ".github/workflows/test.yaml").read_text()
    matrix = yaml.safe_load(text)["jobs"]["suites"]["strategy"]["matrix"]["suites"]
    run = [suite for line in matrix for suite in line.split()]

    assert len(run) == len(set(run))
    assert set(run) == suites() & {"lint", "unit", "abuse", "chart", "page", "call"}


def test_objects_that_documents_name_are_of_the_chart() -> None:
    """A command that looks at a Deployment, Service or Secret of the release names one of a component that there is."""
    components = {path.name for path in (ROOT / "charts/alex/templates").iterdir() if path.is_dir()}
    shape = re.compile(r"\b(?:deployments?|statefulset|services?|svc|secrets?|pod)[/ ]alex-([a-z]+)")
    named = {
        (str(document.relative_to(ROOT)), component)
        for document in documents()
        for component in shape.findall(document.read_text())
    }

    assert named
    assert {(document, component) for document, component in named if component not in components} == set()
