"""The page: a few files from memory, in the reader's language and the operator's colours, under a strict policy."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from quart import Response, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.exceptions import NotFound
from werkzeug.http import parse_accept_header

from alex_web import files
from alex_web.brand import Brand
from alex_web.files import File

STATIC = Path(__file__).parent / "static"

YEAR_SECONDS = 31_536_000
FOR_GOOD = f"public, max-age={YEAR_SECONDS}, immutable"
# Asking each time costs a 304 and makes a new release visible at once.
ASK_AGAIN = "no-cache"

# The language that somebody chose on the page, kept by the browser; js/strings.js writes it.
LANGUAGE_COOKIE = "alex-language"
# For everybody whose languages we do not speak.
FIRST_LANGUAGE = "en"

VERSION = re.compile("[0-9a-f]{12}")

# How index.html says which words stand where; js/view.js knows the same marks.
TEXT = re.compile(r'data-text="(?P<key>[\w.-]+)"(?P<rest>[^<>]*)>')
ATTRIBUTE = re.compile(r'data-(?P<mark>label|placeholder|content)="(?P<key>[\w.-]+)"')
ATTRIBUTES = {"label": "aria-label", "placeholder": "placeholder", "content": "content"}

Words = dict[str, Any]


@dataclass(frozen=True)
class Build:
    """The files as they are now, all of one moment."""

    stamp: files.Stamp
    version: str
    files: dict[str, File]
    pages: dict[str, File]  # the page itself, by language


class Page:
    """The files under `static/`, read at start, and again for a page when one has changed, as in development."""

    def __init__(
        self, server_url: str, brand: Brand | None = None, spoken: str = "en-US", folder: Path = STATIC
    ) -> None:
        self._folder = folder
        self._brand = brand or Brand()
        self._spoken = spoken.partition("-")[0]
        self._headers = {
            "Content-Security-Policy": policy(server_url),
            "Permissions-Policy": "microphone=(self), speaker-selection=(self), camera=(), geolocation=(), "
            "display-capture=()",
        }
        self._build = self._read()

    def index(self) -> Response:
        """Answer a request for the page, in the language that its reader chose, or prefers."""
        chosen, preferred = request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("Accept-Language", "")
        language = self.language(chosen, preferred)
        more = {**self._headers, "Content-Language": language, "Vary": "Accept-Language, Cookie"}
        return self._answer(self.now.pages[language], ASK_AGAIN, more)

    def file(self, path: str) -> Response:
        """Answer a request for a file: 200, or 304 to a browser that has it, or 404."""
        found = self.find(path)
        if found is None:
            raise NotFound
        return self._answer(*found)

    def find(self, path: str) -> tuple[File, str] | None:
        """Find a file by its path, with or without the version that it is asked for in, and how long it may be kept."""
        build = self._build
        if path in build.files:
            return build.files[path], FOR_GOOD if files.VERSIONED.search(path) else ASK_AGAIN
        version, _, name = path.partition("/")
        if name not in build.files or not VERSION.fullmatch(version):
            return None
        # A page of another release asks for its own version: better this file than none, but not for good.
        return build.files[name], FOR_GOOD if version == build.version else ASK_AGAIN

    def language(self, chosen: str, preferred: str) -> str:
        """Give the language for a reader: the one chosen on the page, or the best of an Accept-Language header."""
        spoken = list(self._build.pages)
        if chosen in spoken:
            return chosen
        # "de-CH" before "en" is German: a browser that names no plain "de" would get English else.
        wishes = [(tag.partition("-")[0], share) for tag, share in parse_accept_header(preferred, LanguageAccept)]
        return LanguageAccept(wishes).best_match(spoken) or FIRST_LANGUAGE

    @property
    def now(self) -> Build:
        """The files as they are now: looked at for each page, not for each file of it."""
        try:
            if files.stamp(self._folder) != self._build.stamp:
                self._build = self._read()
        except (OSError, ValueError, KeyError):  # one is being written at this very moment: what we have is good
            pass
        return self._build

    def _answer(self, file: File, cache_control: str, more: dict[str, str] | None = None) -> Response:
        coding = next((name for name in file.packed if request.accept_encodings.quality(name) > 0), None)
        headers = {
            **(more or {}),
            "Cache-Control": cache_control,
            "ETag": f'W/"{file.etag}"' if coding else f'"{file.etag}"',
        }
        if file.packed:
            headers["Vary"] = ", ".join(filter(None, [headers.get("Vary"), "Accept-Encoding"]))
        if request.if_none_match.contains_weak(file.etag):
            return Response(b"", HTTPStatus.NOT_MODIFIED, headers)
        if coding:
            headers["Content-Encoding"] = coding
        return Response(
            file.packed[coding] if coding else file.content, headers=headers, content_type=file.content_type
        )

    def _read(self) -> Build:
        stamp = files.stamp(self._folder)
        found = files.read(self._folder)
        found["css/brand.css"] = self._brand.css().encode()
        found["app.css"] = files.joined(found, "app.css")
        version = files.version(found)
        template = found.pop("index.html").decode()
        words = {
            Path(name).stem: words_of(content.decode()) for name, content in found.items() if name.startswith("lang/")
        }
        pages = {
            language: files.packed("index.html", self._page(template, language, words, version).encode())
            for language in words
        }
        return Build(stamp, version, {name: files.packed(name, content) for name, content in found.items()}, pages)

    def _page(self, template: str, language: str, words: dict[str, Words], version: str) -> str:
        """Fill the page in, so that it is complete before any of its code has run."""
        brand, mine = self._brand, words[language]

        def word(key: str) -> str:
            # Three exceptions, which js/strings.js makes as well.
            if key == "states.idle.hint" and brand.greeting:
                return html.escape(brand.greeting)
            if (key == "maker" and not brand.maker) or key == f"speaks.{language}":
                return ""
            return html.escape(brand.filled(at(mine, key)))

        for name, value in {
            "language": language,
            "languages": "".join(
                f'<option value="{code}" lang="{code}"{" selected" if code == language else ""}>'
                f"{html.escape(their['language'])}</option>"
                for code, their in words.items()
            ),
            "static": f"/static/{version}",
            "links": "".join(
                f'<a href="{html.escape(str(url))}" target="_blank" rel="noopener"'
                + (f' data-text="links.{label}"></a>' if label in mine["links"] else f">{html.escape(label)}</a>")
                for label, url in brand.links.items()
            ),
            "name": html.escape(brand.name),
            "maker": html.escape(brand.maker),
            "greeting": html.escape(brand.greeting),
            "speaks": f'<span data-text="speaks.{self._spoken}"></span>' if self._spoken in words else "",
            "paper": brand.paper("light"),
            "paperDark": brand.paper("dark"),
        }.items():
            template = template.replace(f"{{{{{name}}}}}", value)
        template = ATTRIBUTE.sub(lambda m: f'{m[0]} {ATTRIBUTES[m["mark"]]}="{word(m["key"])}"', template)
        return TEXT.sub(lambda m: m[0] + word(m["key"]), template)


def at(words: Words, key: str) -> str:
    """Give the words that stand under a key such as `states.idle.hint`."""
    found: Any = words
    for part in key.split("."):
        found = found[part]
    return str(found)


def words_of(source: str) -> Words:
    """Read a file of words: one JSON object, behind a comment and `export default`."""
    words: Words = json.loads(source[source.index("export default ") :].removeprefix("export default ").rstrip("; \n"))
    return words


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
