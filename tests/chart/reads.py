"""List what the templates read of the values, by following `with` and variables as far as one can without running them.

Go's templates take a key that does not exist for an empty one, without a word: a misspelt one would switch off what
it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_ACTION = re.compile(r"\{\{-?\s*(?P<code>.*?)\s*-?\}\}", re.DOTALL)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`')
_ABSOLUTE = re.compile(r"(?:\$|\.root|\$\.root|\$self\.root)?\.Values\.(?P<path>\w+(?:\.\w+)*)")
_RELATIVE = re.compile(r"(?<![\w$.)])\.(?P<path>[a-z]\w*(?:\.\w+)*)")
_VARIABLE = re.compile(r"\$(?P<name>\w+)\.(?P<path>\w+(?:\.\w+)*)")
_ASSIGNED = re.compile(r"\$(?P<name>\w+)\s*:?=\s*(?P<from>.*)", re.DOTALL)


@dataclass
class _Scope:
    """Where the dot is: a path among the values, or somewhere else."""

    kind: str
    dot: str | None
    outer: str | None


@dataclass
class _Reader:
    scopes: list[_Scope] = field(default_factory=list)
    variables: dict[str, str | None] = field(default_factory=dict)

    @property
    def dot(self) -> str | None:
        return self.scopes[-1].dot if self.scopes else None

    def path(self, code: str) -> str | None:
        """Resolve an expression that is nothing but a path."""
        if found := re.fullmatch(_ABSOLUTE, code):
            return found["path"]
        if (found := re.fullmatch(r"\.(?P<path>\w+(?:\.\w+)*)", code)) and self.dot:
            return f"{self.dot}.{found['path']}"
        if (found := re.fullmatch(_VARIABLE, code)) and self.variables.get(found["name"]):
            return f"{self.variables[found['name']]}.{found['path']}"
        return None

    def reads(self, code: str) -> Iterator[str]:
        """Give every path among the values that an action names."""
        yield from (found["path"] for found in _ABSOLUTE.finditer(code))
        rest = _ABSOLUTE.sub(" ", code)
        for found in _VARIABLE.finditer(rest):
            if above := self.variables.get(found["name"]):
                yield f"{above}.{found['path']}"
        if self.dot:
            yield from (f"{self.dot}.{found['path']}" for found in _RELATIVE.finditer(rest))

    def follow(self, code: str) -> Iterator[str]:
        """Take one action in, and give what it reads."""
        word, _, rest = code.partition(" ")
        if word == "else":
            inner = self.scopes[-1]
            inner.dot = inner.outer
            word, _, rest = rest.partition(" ")
            yield from self.reads(rest)
            if word == "with":
                inner.dot = self.path(rest)
            return
        yield from self.reads(code)
        if word in {"if", "define", "block"}:
            self.scopes.append(_Scope(word, None if word == "define" else self.dot, self.dot))
        elif word in {"with", "range"}:
            inner_dot = self.path(rest.split(":=")[-1].strip()) if word == "with" else None
            self.scopes.append(_Scope(word, inner_dot, self.dot))
        elif word == "end":
            self.scopes.pop()
        elif found := re.fullmatch(_ASSIGNED, code):
            self.variables[found["name"]] = self.path(found["from"])


def reads(template: Path) -> set[str]:
    """Give the dotted paths among the values that a template reads."""
    reader = _Reader()
    found: set[str] = set()
    for action in _ACTION.finditer(template.read_text()):
        code = _STRING.sub('""', _COMMENT.sub("", action["code"])).strip()
        found |= set(reader.follow(code))
    assert not reader.scopes, template
    return found
