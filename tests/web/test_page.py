"""The page as web serves it: the repository's own files, compressed, cached, under a strict policy."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from alex_web.page import STATIC, Page, policy
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served(door: FrontDoor, name: str) -> None:
    """Each file of the page comes as it is, with its type, and nothing may sniff another."""
    plain = await door.ask("GET", f"/static/{name}")
    packed = await door.ask("GET", f"/static/{name}", headers={"Accept-Encoding": "gzip"})

    assert plain.body == (STATIC / name).read_bytes()
    unpacked = gzip.decompress(packed.body) if "Content-Encoding" in packed.headers else packed.body
    assert unpacked == plain.body
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    if name.endswith(".js"):
        assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert len(packed.body) < len(plain.body)


async def test_page_finds_its_files(door: FrontDoor) -> None:
    """Everything the page refers to on this server is there."""
    page = (await door.ask("GET", "/")).body.decode()
    references = re.findall(r'(?:src|href)="(/[^"#]*|static/[^"]*)"', page)

    assert references
    for reference in references:
        assert (await door.ask("GET", "/" + reference.lstrip("/"))).status == 200


async def test_policy_lets_the_page_call_and_nothing_else(open_door: Open) -> None:
    """The page may load itself and reach the public media server, by WebSocket and by fetch."""
    door = await open_door(ALEX_PUBLIC_LIVEKIT_URL="wss://calls.example")
    headers = (await door.ask("GET", "/")).headers

    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self' wss://calls.example https://calls.example; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert "microphone=(self)" in headers["Permissions-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"


def test_policy_follows_the_scheme() -> None:
    """A media server without TLS is reached without TLS."""
    assert "connect-src 'self' ws://localhost:7880 http://localhost:7880;" in policy("ws://localhost:7880")


async def test_unchanged_file_is_not_sent_again(door: FrontDoor) -> None:
    """A browser that has the file gets 304, compressed or not; a changed file has another tag."""
    first = await door.ask("GET", "/", headers={"Accept-Encoding": "gzip"})
    again = await door.ask("GET", "/", headers={"If-None-Match": first.headers["ETag"]})
    other = await door.ask("GET", "/", headers={"If-None-Match": '"other"'})

    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"]
    assert other.status == 200
    assert first.headers["Cache-Control"] == "no-cache"


async def test_versioned_file_is_kept_for_good(door: FrontDoor) -> None:
    """A file with a version in its name is never asked for twice."""
    (vendor,) = [name for name in FILES if re.search(r"livekit-client.*\.js$", name)]

    assert "immutable" in (await door.ask("GET", f"/static/{vendor}")).headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static//etc/passwd",
        "/static/js",
        "/static/",
        "/static",
    ],
)
async def test_nothing_else_is_served(door: FrontDoor, path: str) -> None:
    """No path leads out of the page's folder or lists it."""
    assert (await door.ask("GET", path)).status == 404


async def test_changed_file_is_served_changed(door: FrontDoor, tmp_path: Path) -> None:
    """A file that somebody edits is served anew, with another tag, without a restart."""
    file = tmp_path / "index.html"
    file.write_text("old")
    os.utime(file, ns=(1, 1))
    page = Page("ws://x", tmp_path)
    async with door.app.test_request_context("/"):
        before = page.answer("index.html")
        file.write_text("new")
        after = page.answer("index.html")
        file.unlink()
        gone = page.answer("index.html")

    assert [await answer.get_data(as_text=True) for answer in (before, after, gone)] == ["old", "new", "new"]
    assert before.headers["ETag"] != after.headers["ETag"]


def test_hidden_files_stay_hidden(tmp_path: Path) -> None:
    """An editor's leftovers are not part of the page."""
    (tmp_path / "index.html").write_text("x")
    (tmp_path / ".index.html.swp").write_text("x")

    assert list(Page("ws://x", tmp_path)._files) == ["index.html"]
