"""The page: a few files from memory, under a policy that lets them do nothing else than call."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from quart import Response, request
from werkzeug.exceptions import NotFound

STATIC = Path(__file__).parent / "static"

# Compression helps text; images and fonts carry their own.
COMPRESSIBLE = re.compile(r"text/|application/(javascript|json)|image/svg")
# A version in the name: what is behind it never changes.
VERSIONED = re.compile(r"-\d+\.\d+\.\d+\.")
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}

YEAR_SECONDS = 31_536_000


@dataclass(frozen=True)
class File:
    """One file of the page, ready to be sent."""

    content: bytes
    compressed: bytes | None
    content_type: str
    etag: str
    cache_control: str
    modified_ns: int


class Page:
    """The files under `static/`, read at start and again when they change, as they do during development."""

    def __init__(self, server_url: str, folder: Path = STATIC) -> None:
        self._folder = folder
        self._files = {
            path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
        self._policy = policy(server_url)

    def answer(self, name: str) -> Response:
        """Answer a request for a file: 200, or 304 to a browser that has it, or 404."""
        file = self._current(name)
        compress = file.compressed is not None and request.accept_encodings.quality("gzip") > 0
        headers = {
            "Content-Security-Policy": self._policy,
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), display-capture=()",
            "Cache-Control": file.cache_control,
            "ETag": f'W/"{file.etag}"' if compress else f'"{file.etag}"',
        }
        if file.compressed is not None:
            headers["Vary"] = "Accept-Encoding"
        if request.if_none_match.contains_weak(file.etag):
            return Response(b"", HTTPStatus.NOT_MODIFIED, headers)
        if compress and file.compressed is not None:
            return Response(
                file.compressed, headers={**headers, "Content-Encoding": "gzip"}, content_type=file.content_type
            )
        return Response(file.content, headers=headers, content_type=file.content_type)

    def _current(self, name: str) -> File:
        file = self._files.get(name)
        if file is None:
            raise NotFound
        path = self._folder / name
        try:
            if path.stat().st_mtime_ns != file.modified_ns:
                file = self._files[name] = _read(path)
        except OSError:  # being replaced at this very moment: what we have is good
            return file
        return file


def policy(server_url: str) -> str:
    """Write the Content-Security-Policy: our own files, and the media server by WebSocket and by fetch.

    LiveKit's SDK fetches the reason of a refused join over http from the same host.
    """
    parts = urlsplit(server_url)
    secure = parts.scheme in {"wss", "https"}
    livekit = f"{'wss' if secure else 'ws'}://{parts.netloc} {'https' if secure else 'http'}://{parts.netloc}"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"connect-src 'self' {livekit}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _read(path: Path) -> File:
    modified_ns = path.stat().st_mtime_ns
    content = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = COMPRESSIBLE.match(kind) is not None
    smaller = gzip.compress(content, mtime=0) if text else content
    return File(
        content=content,
        compressed=smaller if len(smaller) < len(content) else None,
        content_type=f"{kind}; charset=utf-8" if text else kind,
        etag=hashlib.sha256(content).hexdigest()[:32],
        # Asking each time costs a 304 and makes a new release visible at once.
        cache_control=f"public, max-age={YEAR_SECONDS}, immutable" if VERSIONED.search(path.name) else "no-cache",
        modified_ns=modified_ns,
    )
