"""A browser by its cookie: a random number that says nothing but that it is the same browser as before."""

from __future__ import annotations

import re
import secrets

from quart import Response, request

COOKIE = "alex_session"
# 128 bits. Whoever makes up another one is a new browser, which its address still counts.
RANDOM_BYTES = 16
VALUE = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


def current() -> str:
    """Give the browser's number, or a new one."""
    value = request.cookies.get(COOKIE, "")
    return value if VALUE.fullmatch(value) else secrets.token_urlsafe(RANDOM_BYTES)


def remember(response: Response, session: str) -> None:
    """Let the browser come back as itself, until it is closed; no page of another site ever sends it."""
    if request.cookies.get(COOKIE) != session:
        response.set_cookie(
            COOKIE,
            session,
            path="/api",
            httponly=True,
            samesite="Strict",
            # Behind a proxy that ends TLS we see http where the browser sees https.
            secure=request.headers.get("Origin", "").startswith("https://"),
        )
