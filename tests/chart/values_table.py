"""Read the prose of values.yaml, and write it as the table of the chart's README.

`python tests/chart/values_table.py` rewrites the table; a test compares it with what it would write.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.tables import between

CHART = Path(__file__).parents[2] / "charts" / "alex"
BEGIN, END = "<!-- values -->\n", "<!-- /values -->\n"
_LINE = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z]+):")
_COMMENT = re.compile(r"^ *# ?(?P<text>.*)$")


@dataclass(frozen=True)
class Setting:
    """One key of values.yaml that an operator can set: its path, its default and its sentence."""

    path: str
    default: Any
    prose: str


def settings(text: str | None = None) -> list[Setting]:
    """List the settings in the order of the file."""
    text = (CHART / "values.yaml").read_text() if text is None else text
    tree = yaml.safe_load(text)
    return [
        Setting(path, default, prose)
        for path, prose in _commented(text)
        if not isinstance(default := _at(tree, path), dict) or not default
    ]


def table() -> str:
    """Write the table as Markdown, one section for each component."""
    lines = []
    section = None
    for setting in settings():
        head = setting.path.split(".")[0] if "." in setting.path else "all components"
        if head != section:
            lines += ["", f"### {head}", "", "| value | default | what it does |", "| --- | --- | --- |"]
            section = head
        default = json.dumps(setting.default, ensure_ascii=False).replace("|", "\\|")
        lines.append(f"| `{setting.path}` | `{default}` | {setting.prose.replace('|', chr(92) + '|')} |")
    return "\n".join(lines[1:]) + "\n"


def with_table(readme: str) -> str:
    """Give the README with the current table between its marks."""
    return between(readme, BEGIN, END, table())


def _commented(text: str) -> Iterator[tuple[str, str]]:
    """Walk keys and the `# --` comment above each; keys without one have an empty sentence."""
    parents: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        if note := _COMMENT.match(line):
            words = note["text"]
            comment = [words[3:]] if words.startswith("-- ") else [*comment, words] if comment else []
            continue
        if found := _LINE.match(line):
            indent = len(found["indent"])
            parents = [(depth, name) for depth, name in parents if depth < indent]
            parents.append((indent, found["key"]))
            yield ".".join(name for _, name in parents), " ".join(comment)
        comment = []


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree[key]
    return tree


def main() -> None:
    """Rewrite the table of the README."""
    readme = CHART / "README.md"
    readme.write_text(with_table(readme.read_text()))
    sys.stdout.write(f"{len(settings())} values in {readme}\n")


if __name__ == "__main__":
    main()
