"""What the documents promise: commands that a test runs, links that lead somewhere, values that exist."""

from __future__ import annotations

import re
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.metrics_table import METRICS, names, with_tables
from stack import PROGRAMS, ROOT

TOP_LEVEL = {"images", "charts", "k8s", "web", "agent", "tests", "skaffold.yaml", "Tiltfile", "README.md", "LICENSE"}

# Each command of the README, and the test (or script that CI runs) in which it is run.
COMMANDS = {
    "k8s/up": "tests/cluster/conftest.py",
    "k8s/call": "tests/cluster/test_install.py",
    "k8s/down": "tests/zero/test_zero.py",
    "tests/run": ".ci/run",
    "tests/run stack": "tests/call/test_stack.py",
    "images/push": "tests/images/test_build.py",
    "helm install": "tests/cluster/test_uninstall.py",
    "helm test": "tests/cluster/test_install.py",
    "helm upgrade --install": "k8s/up",
    "python tests/bench/footprint.py": "tests/call/test_stack.py",
}


def documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if "/static/" not in line]


def commands(text: str) -> list[str]:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    inline = re.findall(r"`((?:k8s|tests|images)/\w[^`]*|python tests/[^`]*)`", text)
    found = [line.split("#")[0].strip() for line in [*lines, *inline]]
    return [line for line in found if line and not line.endswith("/")]


def known(command: str) -> str | None:
    return max((c for c in COMMANDS if command == c or command.startswith(c + " ")), key=len, default=None)


def test_every_command_of_the_readme_is_run_by_a_test() -> None:
    """A command in the README is one that a test runs: the file named for it contains it."""
    readme = (ROOT / "README.md").read_text()
    found = commands(readme)

    assert "k8s/up" in found
    assert [c for c in found if known(c) is None] == []
    for command in found:
        name = str(known(command))
        text = (ROOT / COMMANDS[name]).read_text()
        words = re.findall(r"\w[\w./-]*", name)
        assert all(re.search(rf"\b{re.escape(w.split('/')[-1])}\b", text) for w in words), f"{COMMANDS[name]}: {name}"


def test_the_top_level_is_the_nine_names() -> None:
    """Nothing lies at the top that the design does not name."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}

    assert {name for name in top if not name.startswith(".")} == TOP_LEVEL


def anchors(text: str) -> set[str]:
    """Give the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    bare = [re.sub(r"[^\w\- ]", "", re.sub(r"\]\(.*?\)", "", heading).lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in bare}


@pytest.mark.parametrize("path", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every link within the repository leads to a file that is there, and to a heading that it has."""
    targets = re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", path.read_text())
    missing = [target for target, _ in targets if not (path.parent / target).exists()]
    lost = [
        f"{target}#{anchor}"
        for target, anchor in targets
        if anchor
        and target not in missing
        and anchor not in anchors((path.parent / target if target else path).read_text())
    ]

    assert missing == []
    assert lost == []


def test_every_picture_is_shown() -> None:
    """No picture lies about that no document shows or links."""
    listed = subprocess.run(
        ["git", "ls-files", ".github", "charts/alex/docs"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pictures = {ROOT / line for line in listed.stdout.splitlines() if line.endswith((".png", ".svg"))}
    shown = {
        (document.parent / target).resolve()
        for document in documents()
        for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    }

    assert pictures
    assert pictures - shown == set()


@pytest.mark.parametrize("program", ["agent", "web", "offline"])
def test_chart_values_in_settings_exist(program: str) -> None:
    """The chart value that an error names is one that the chart has."""
    assert program in PROGRAMS
    values: dict[str, Any] = yaml.safe_load((ROOT / "charts/alex/values.yaml").read_text())
    module = import_module(f"alex_{program}.settings")
    fields = module.Settings.model_fields.values()
    named = {str(f.json_schema_extra["chart"]) for f in fields if f.json_schema_extra}
    named |= set(getattr(module, "CHART_VALUES", {}).values()) - {"set by the chart"}

    assert named
    for name in named:
        node: Any = values
        for key in name.split("."):
            assert key in (node or {}), name
            node = node[key]


def test_no_document_names_a_machine() -> None:
    """No tracked file names a registry's address or a path of somebody's machine."""
    pattern = r"([^t]-index-url|\"resolved\":|GOPROXY=|(^|[^[:alnum:]])/root/|/home/[a-z]+/)"
    listed = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ":!tests/docs", ":!*vendor*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert listed.stdout == ""


def test_metrics_tables_are_fresh() -> None:
    """METRICS.md lists every series as the programs tell it; `python tests/docs/metrics_table.py` rewrites it."""
    text = METRICS.read_text()

    assert with_tables(text) == text


def test_metrics_that_documents_name_exist() -> None:
    """No document sends a reader to a series that nobody tells."""
    known = names()
    for document in documents():
        named = set(re.findall(r"\balex_(?:agent|web|offline)_[a-z0-9_]+\b", document.read_text()))
        missing = {name for name in named if name not in known and not any(k.startswith(name) for k in known)}
        assert missing - {"alex_agent", "alex_web", "alex_offline"} == set(), document
