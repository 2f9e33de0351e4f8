"""Web as a hostile client reaches it: over a socket, through a proxy of ours that says where it comes from."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from web.front_door import Answer

ADMIN_KEY = "an-admin-key-of-some-length"
_places = itertools.count(1)


def somewhere() -> str:
    """Give an address that no other test comes from."""
    number = next(_places)
    return f"198.18.{number // 250}.{number % 250 + 1}"


@dataclass
class Door:
    """One web process and where its client comes from."""

    url: str
    http: aiohttp.ClientSession
    address: str = field(default_factory=somewhere)

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **request: Any) -> Answer:
        """Send a request, with what a proxy of ours appends."""
        told = headers or {}
        forged = told.get("X-Forwarded-For")
        told = {**told, "X-Forwarded-For": f"{forged}, {self.address}" if forged else self.address}
        async with self.http.request(method, self.url + path, headers=told, allow_redirects=False, **request) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def start(self, body: Any = None, headers: dict[str, str] | None = None, **request: Any) -> Answer:
        """Ask for a token."""
        if body is not None:
            request["json"] = body
        return await self.ask("POST", "/api/token", headers, **request)

    async def raw(self, *parts: bytes, pause: float = 0.0, seconds: float = 20.0) -> bytes:
        """Send bytes as they are, one part after the other; give all that comes back until the end or the deadline."""
        host, _, port = self.url.rpartition("/")[2].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        answer = b""
        try:
            async with asyncio.timeout(seconds):
                with contextlib.suppress(ConnectionError):  # it was answered before it was sent
                    for part in parts:
                        writer.write(part)
                        await writer.drain()
                        await asyncio.sleep(pause)
                while chunk := await reader.read(65_536):
                    answer += chunk
        except (TimeoutError, ConnectionError):
            pass  # what came until then is the answer
        finally:
            writer.close()
        return answer


def status_of(answer: bytes) -> int:
    """Read the status of a raw answer; 0 when there is none, because the connection was cut."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0
