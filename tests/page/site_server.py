"""The page as web makes it, and a token endpoint that answers as told, with the headers the real server sends.

The page is made of the repository's own files; tests/call has the real server.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from alex_web.brand import Brand
from alex_web.page import LANGUAGE_COOKIE, STATIC, Page, policy

__all__ = ["STATIC"]


@dataclass(frozen=True)
class Answer:
    """What the token endpoint says."""

    status: int
    body: dict[str, str | int]
    headers: dict[str, str] = field(default_factory=dict)


def line(server_url: str = "ws://127.0.0.1:9", token: str = "a-token") -> Answer:
    """Say yes."""
    return Answer(201, {"server_url": server_url, "participant_token": token})


def problem(status: int, title: str, retry_after: str | None = None, kind: str = "") -> Answer:
    """Say no, as problem+json."""
    headers = {"content-type": "application/problem+json"}
    if retry_after is not None:
        headers["retry-after"] = retry_after
    return Answer(
        status,
        {"type": f"urn:alex:problem:{kind}" if kind else "about:blank", "title": title, "status": status},
        headers,
    )


@dataclass
class Site:
    """A running page server; `answers` are given in order, the last one again and again."""

    livekit: str = "ws://127.0.0.1:9"
    brand: Brand = field(default_factory=Brand)
    answers: list[Answer] = field(default_factory=lambda: [line()])
    mint: Callable[[], Answer] | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)
    bearers: list[str] = field(default_factory=list)
    hang_up: Callable[[str], Awaitable[None]] | None = None
    url: str = ""
    _runner: web.AppRunner | None = None
    _page: Page | None = None

    async def start(self) -> None:
        """Listen on a free loopback port; localhost counts as safe, so the microphone is granted."""
        app = web.Application(middlewares=[self._headers])
        app.router.add_get("/", self._index)
        app.router.add_get("/static/{path:.+}", self._static)
        app.router.add_post("/api/token", self._token)
        app.router.add_post("/api/hangup", self._hang_up)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        listener = web.TCPSite(self._runner, "127.0.0.1", 0)
        await listener.start()
        self.url = f"http://localhost:{self._runner.addresses[0][1]}/"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _headers(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await handler(request)
        response.headers["content-security-policy"] = policy(self.livekit)
        response.headers["x-content-type-options"] = "nosniff"
        return response

    @property
    def page(self) -> Page:
        """The page, in the brand that was set before it was first asked for."""
        if self._page is None:
            self._page = Page(self.livekit, self.brand)
        return self._page

    async def _index(self, request: web.Request) -> web.StreamResponse:
        chosen, preferred = request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", "")
        file = self.page.now.pages[self.page.language(chosen, preferred)]
        return web.Response(body=file.content, headers={"content-type": file.content_type})

    async def _static(self, request: web.Request) -> web.StreamResponse:
        found = self.page.find(request.match_info["path"])
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found[0].content, headers={"content-type": found[0].content_type})

    async def _hang_up(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json"
        if self.hang_up is not None:
            await self.hang_up((await request.json())["participant_token"])
        return web.Response(status=204)

    async def _token(self, request: web.Request) -> web.Response:
        self.bearers.append(request.headers.get("authorization", ""))
        self.asked.append((request.headers.get("content-type", ""), await request.text()))
        if self.mint is not None:
            answer = self.mint()
        else:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(
            status=answer.status,
            text=json.dumps(answer.body),
            headers={"content-type": "application/json", **answer.headers},
        )
