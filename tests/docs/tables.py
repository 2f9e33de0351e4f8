"""Markdown tables that programs write into documents between two marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def sections(columns: Sequence[str], rows: Mapping[str, Iterable[Sequence[str]]]) -> str:
    """Write a table for each section, below its heading."""
    lines = []
    for heading, found in rows.items():
        lines += [f"## {heading}", "", _line(columns), _line(["---"] * len(columns))]
        lines += [_line(row) for row in found]
        lines.append("")
    return "\n".join(lines)


def between(document: str, begin: str, end: str, text: str) -> str:
    """Give a document with another text between its marks."""
    before, rest = document.split(begin, 1)
    return f"{before}{begin}{text}{end}{rest.split(end, 1)[1]}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
