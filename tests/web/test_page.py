"""The page as web serves it: in the reader's language, compressed, cached for good, under a strict policy."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import brotli
import pytest
from alex_web.page import STATIC, Page, policy
from web.front_door import FrontDoor

Open = Callable[..., Awaitable[FrontDoor]]
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


# What the server makes of others: the page of every language, the style sheet of its parts, and the brand's colours.
MADE = {"index.html", "app.css", "css/brand.css"}
UNPACK: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress}


async def static(door: FrontDoor) -> str:
    """Give the address under which the page asks for its files now."""
    found = re.search(r'"(/static/[0-9a-f]{12})/app\.css"', (await door.ask("GET", "/")).body.decode())
    assert found
    return found[1]


@pytest.mark.parametrize("name", [name for name in FILES if name not in MADE])
async def test_every_file_is_served(door: FrontDoor, name: str) -> None:
    """Each file comes as it is, compressed as the browser can, with its type, and nothing may sniff another."""
    plain = await door.ask("GET", f"/static/{name}")
    assert plain.body == (STATIC / name).read_bytes()
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    for coding, unpack in UNPACK.items():
        packed = await door.ask("GET", f"/static/{name}", headers={"Accept-Encoding": coding})
        if "Content-Encoding" in packed.headers:
            assert packed.headers["Content-Encoding"] == coding
            assert packed.headers["Vary"] == "Accept-Encoding"
            assert unpack(packed.body) == plain.body
        else:
            assert packed.body == plain.body
        if name.endswith(".js"):
            assert len(packed.body) < len(plain.body)
    if name.endswith(".js"):
        assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_one_style_sheet_is_sent(door: FrontDoor) -> None:
    """The style sheets come as one, in their order, with the brand's last."""
    sheet = (await door.ask("GET", "/static/app.css")).body.decode()
    names = re.findall(r'@import "(css/[a-z]+\.css)"', (STATIC / "app.css").read_text())
    begins = [sheet.index((STATIC / name).read_text()[:40]) for name in names if name != "css/brand.css"]

    assert len(begins) > 5
    assert begins == sorted(begins)
    assert "@import" not in sheet
    assert {f"css/{path.name}" for path in (STATIC / "css").iterdir()} == set(names)


async def test_page_finds_its_files(door: FrontDoor) -> None:
    """Everything the page refers to on this server is there, and may be kept for good."""
    page = (await door.ask("GET", "/")).body.decode()
    references = re.findall(r'(?:src|href)="(/[^"#]*)"', page)

    assert len(references) > 20
    assert "{{" not in page
    for reference in references:
        answer = await door.ask("GET", reference)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def test_page_preloads_every_module(door: FrontDoor) -> None:
    """The browser is told of all code and words at once, so that it does not find them one behind the other."""
    page = (await door.ask("GET", "/")).body.decode()
    modules = {name for name in FILES if name.startswith("js/")} | {"lang/en.js"}
    told = re.findall(r'"/static/[0-9a-f]{12}/((?:js|lang)/[a-z]+\.js)"', page)

    assert sorted(told) == sorted(modules)


async def test_page_of_another_release_still_works(door: FrontDoor) -> None:
    """During a rollout a page may ask for the files of its own release: it gets ours, and keeps them only for now."""
    answer = await door.ask("GET", "/static/0123456789ab/js/main.js")

    assert answer.body == (STATIC / "js/main.js").read_bytes()
    assert answer.headers["Cache-Control"] == "no-cache"
    assert (await door.ask("GET", "/static/another/js/main.js")).status == 404


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        ({"Accept-Language": "de"}, "de"),
        ({"Accept-Language": "de-CH, en;q=0.8"}, "de"),
        ({"Accept-Language": "fr, de;q=0.4, en;q=0.8"}, "en"),
        ({"Accept-Language": "tlh"}, "en"),
        ({"Accept-Language": "\"';,,q=;*"}, "en"),
        ({"Cookie": "alex-language=de", "Accept-Language": "en"}, "de"),
        ({"Cookie": "alex-language=../x", "Accept-Language": "de"}, "de"),
    ],
)
async def test_page_speaks_the_readers_language(door: FrontDoor, headers: dict[str, str], language: str) -> None:
    """The page comes in the language that was chosen on it, or that the browser likes best, and caches know why."""
    answer = await door.ask("GET", "/", headers={**headers, "Accept-Encoding": "br"})

    assert f'<html lang="{language}"' in brotli.decompress(answer.body).decode()
    assert answer.headers["Content-Language"] == language
    assert answer.headers["Vary"] == "Accept-Language, Cookie, Accept-Encoding"


async def test_brand_reaches_the_page(open_door: Open) -> None:
    """What the operator sets stands in the page and its style sheet, with no room for markup."""
    brand = (
        '{"name": "Juno", "greeting": "<b>Hi</b>", "accent": "#00ff00", "links": {"imprint": "https://a.example/i"}}'
    )
    door = await open_door(ALEX_BRAND=brand)
    page = (await door.ask("GET", "/")).body.decode()
    sheet = (await door.ask("GET", f"{await static(door)}/app.css")).body.decode()

    assert "Talk to Juno" in page
    assert "&lt;b&gt;Hi&lt;/b&gt;" in page
    assert "<b>Hi" not in page
    assert '<a href="https://a.example/i" target="_blank" rel="noopener" data-text="links.imprint">Imprint</a>' in page
    assert re.search(r":root \{ --accent: #[0-9a-f]{6};", sheet)


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
    first = await door.ask("GET", "/", headers={"Accept-Encoding": "br"})
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


def copy(tmp_path: Path) -> Path:
    """Make a page of its own to be changed."""
    return Path(shutil.copytree(STATIC, tmp_path / "static"))


async def test_changed_file_is_served_changed(door: FrontDoor, tmp_path: Path) -> None:
    """A file that somebody edits is served anew with the next page, with another tag and version, without a restart."""
    folder = copy(tmp_path)
    file = folder / "js/main.js"
    page = Page("ws://x", folder=folder)
    async with door.app.test_request_context("/"):
        before, version = page.file("js/main.js"), page.now.version
        file.write_text("new")
        os.utime(file, ns=(1, 1))
        page.index()
        after, newer = page.file("js/main.js"), page.now.version

    assert await after.get_data(as_text=True) == "new"
    assert before.headers["ETag"] != after.headers["ETag"]
    assert version != newer


def test_hidden_files_stay_hidden(tmp_path: Path) -> None:
    """An editor's leftovers are not part of the page."""
    folder = copy(tmp_path)
    (folder / "js/.main.js.swp").write_text("x")

    assert not [name for name in Page("ws://x", folder=folder).now.files if ".swp" in name]
