"""The page's files: read once, pressed small, and together named by what they hold."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import brotli

# Compression helps text; images and fonts carry their own.
COMPRESSIBLE = re.compile(r"text/|application/(javascript|json)|image/svg")
# A version in the name: what is behind it never changes.
VERSIONED = re.compile(r"-\d+\.\d+\.\d+\.")
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}

# Style sheets are written apart and sent as one: each further request keeps a phone waiting before it sees anything.
IMPORT = re.compile(rb'^@import "(?P<name>[\w./-]+)";$', re.MULTILINE)

# The SDK takes 0.4 s at the start of web so, and is 8 kB smaller than at 9; 11 would take another half second for 2 kB.
BROTLI_QUALITY = 10

Stamp = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class File:
    """One file of the page, ready to be sent."""

    content: bytes
    packed: Mapping[str, bytes]  # by content coding, the smallest first; empty when packing does not help
    content_type: str
    etag: str


def read(folder: Path) -> dict[str, bytes]:
    """Read the files under a folder by their names; what begins with a dot is an editor's."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in _paths(folder)}


def stamp(folder: Path) -> Stamp:
    """Tell the names and times of the files, which change when somebody edits one."""
    return tuple((str(path), path.stat().st_mtime_ns) for path in _paths(folder))


def joined(files: Mapping[str, bytes], name: str) -> bytes:
    """Give a style sheet with those it imports in their places."""
    return IMPORT.sub(lambda found: joined(files, found["name"].decode()), files[name])


def version(files: Mapping[str, bytes]) -> str:
    """Name a set of files by what they hold."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


@lru_cache(maxsize=256)  # an edited file is packed anew, all others are not
def packed(name: str, content: bytes) -> File:
    """Make a file ready to be sent."""
    kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = COMPRESSIBLE.match(kind) is not None
    ways = {"br": brotli.compress(content, quality=BROTLI_QUALITY), "gzip": gzip.compress(content, mtime=0)}
    return File(
        content=content,
        packed={coding: small for coding, small in ways.items() if len(small) < len(content)} if text else {},
        content_type=f"{kind}; charset=utf-8" if text else kind,
        etag=hashlib.sha256(content).hexdigest()[:32],
    )


def _paths(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
