"""Asking for a place in a call."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import aiohttp
import pytest
from aiohttp import web
from alex_caller.invitation import Invitation, TokenError, retry_after, take_token
from stack import free_port

GOOD = {"server_url": "ws://media", "participant_token": "s3cret"}


@contextlib.asynccontextmanager
async def serving(
    *replies: Callable[[], web.Response], heard: Callable[[web.Request], None] = lambda _: None
) -> AsyncIterator[str]:
    """Answer token requests with these replies, the last one for ever; `heard` sees each request."""
    waiting = list(replies)

    async def handler(request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        heard(request)
        return (waiting.pop(0) if len(waiting) > 1 else waiting[0])()

    app = web.Application()
    app.router.add_post("/api/token", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def problem(status: int, title: str, detail: str, **headers: str) -> web.Response:
    """Give an error as the web service words it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json", headers=headers)


async def ask(url: str, patience: float = 5.0) -> Invitation:
    """Take a token with a client of its own."""
    async with aiohttp.ClientSession() as http:
        return await take_token(http, url, patience)


async def test_take_token_like_a_browser() -> None:
    """A 201 is an invitation, and printing it does not print the token."""
    async with serving(lambda: web.json_response(GOOD, status=201)) as url:
        invitation = await ask(url + "/")

    assert invitation == Invitation("ws://media", "s3cret")
    assert "s3cret" not in repr(invitation)


async def test_take_token_waits_for_a_slot() -> None:
    """503 is asked again after as long as Retry-After says."""
    full = problem(503, "Busy", "every line is taken", **{"Retry-After": "1"})
    async with serving(lambda: full, lambda: web.json_response(GOOD, status=201)) as url:
        started = time.monotonic()
        await ask(url)

    assert 0.9 < time.monotonic() - started < 10


async def test_take_token_gives_up_on_a_full_house() -> None:
    """A house that stays full is left when patience ends, with its own words."""
    async with serving(lambda: problem(503, "Busy", "every line is taken", **{"Retry-After": "1"})) as url:
        started = time.monotonic()
        with pytest.raises(TokenError, match=r"still had no room after .* 503: Busy: every line is taken"):
            await ask(url, 1.5)

    assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (lambda: problem(403, "Forbidden", "this origin may not"), "403: Forbidden: this origin may not"),
        (lambda: problem(429, "Slow down", "too many"), "429: Slow down: too many"),
        (lambda: web.Response(status=500, text="<h1>oops</h1>"), "500: <h1>oops</h1>"),
        (lambda: web.Response(status=201, text="<html>hello</html>"), "201, but not with JSON: <html>hello"),
        (lambda: web.json_response({"server_url": "ws://x"}, status=201), "without server_url and participant_token"),
        (lambda: web.json_response(["s3cret"], status=201), "without server_url and participant_token"),
        (lambda: web.Response(status=308, headers={"Location": "https://there"}), "to https://there; use that"),
        (lambda: web.Response(status=404), "answered 404"),
    ],
)
async def test_take_token_explains_a_refusal(reply: Callable[[], web.Response], message: str) -> None:
    """Whatever else comes back is put into words, without what might be a token."""
    async with serving(reply) as url:
        with pytest.raises(TokenError) as caught:
            await ask(url)

    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_take_token_of_nobody() -> None:
    """An address where nobody listens, or no such host, is named with the reason."""
    asking: list[tuple[Awaitable[Invitation], str]] = [
        (ask(f"http://127.0.0.1:{free_port()}", 1), "cannot be reached: Connection refused"),
        (ask("http://no-such-host.invalid", 1), "cannot be reached"),
    ]
    for question, reason in asking:
        with pytest.raises(TokenError, match=reason):
            await question


def test_retry_after_of_any_form() -> None:
    """Seconds, a date, nonsense and nothing each give a bounded pause."""
    now = 1_792_000_000.0

    assert retry_after("7", now) == 7
    assert retry_after("Wed, 14 Oct 2026 11:06:43 GMT", 1_791_975_999.0) == pytest.approx(4)
    assert retry_after("Wed, 14 Oct 2020 11:06:43 GMT", now) == pytest.approx(0.1)
    assert retry_after("soon", now) == 2
    assert retry_after(None, now) == 2
    assert retry_after("86400", now) == 30


async def test_take_token_with_the_access_code() -> None:
    """Where a code opens the door it is sent as a bearer; without one nothing is sent."""
    sent: list[str | None] = []
    good = partial(web.json_response, GOOD, status=201)
    async with (
        serving(good, heard=lambda request: sent.append(request.headers.get("Authorization"))) as url,
        aiohttp.ClientSession() as http,
    ):
        await take_token(http, url, 5.0, "open sesame")
        await take_token(http, url, 5.0)

    assert sent == ["Bearer open sesame", None]
