"""Whom the API listens to: our own page and origins the operator names, in JSON, or an operator with the key."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from quart import request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge, RequestTimeout

from alex_web.addresses import caller_address
from alex_web.problems import Problem, invalid, raise_invalid

M = TypeVar("M", bound=BaseModel)

# The largest honest token request is about 7 kB: metadata and 16 attributes at their limits.
LARGEST_BODY_BYTES = 16 * 1024
# A body of that size takes a second on the slowest line worth a call.
BODY_SECONDS = 10.0

DEFAULT_PORTS = {"http": 80, "https": 443}


def is_own_origin(origin: str, host: str) -> bool:
    """Tell whether an Origin header names the host the request was sent to.

    The scheme is not compared: behind a proxy that ends TLS we see http where the browser sees https.
    """
    try:
        theirs = urlsplit(origin)
        ours = urlsplit(f"{theirs.scheme}://{host}")
        port = DEFAULT_PORTS[theirs.scheme]
        same = (theirs.hostname, theirs.port or port) == (ours.hostname, ours.port or port)
    except (KeyError, ValueError):
        return False
    return same and bool(theirs.hostname) and origin.lower() == f"{theirs.scheme}://{theirs.netloc}".lower()


def refuse_foreign(allowed: Iterable[str]) -> None:
    """Refuse a request that a page of somebody else's makes a browser send.

    Programs send no Origin and are let through: they could send any.

    Raises:
        Problem: 403.

    """
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin.lower() in allowed:
        return
    own = origin is None or is_own_origin(origin, request.host)
    if not own or site not in {None, "same-origin", "none"}:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "foreign-origin",
            "This page may not ask here",
            "The request comes from a page of another origin. An operator can allow it with the chart value "
            "web.allowedOrigins (ALEX_ALLOWED_ORIGINS).",
        )


def refuse_ambiguous() -> None:
    """Refuse a request that a proxy in front may have read in another way than we do.

    Raises:
        Problem: 400 for a body with two lengths.
        NotFound: 404 for an address that begins with two slashes, which Quart takes for one.

    """
    if "Transfer-Encoding" in request.headers and "Content-Length" in request.headers:
        raise invalid("Content-Length and Transfer-Encoding exclude each other.")
    if request.scope["path"].startswith("//"):
        raise NotFound


def address(proxies: int) -> str:
    """Tell by which address whoever asks is counted."""
    return caller_address(request.remote_addr or "", request.headers.getlist("X-Forwarded-For"), proxies)


async def read_body(largest_bytes: int) -> bytes:
    """Read the body, no more of it than `largest_bytes` and no longer than `BODY_SECONDS`.

    Raises:
        RequestEntityTooLarge: 413.
        RequestTimeout: 408.

    """
    if (request.content_length or 0) > largest_bytes:
        raise RequestEntityTooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.body:
                body += chunk
                if len(body) > largest_bytes:  # its length was not announced, or not truly
                    raise RequestEntityTooLarge
    except TimeoutError:
        raise RequestTimeout from None
    return bytes(body)


async def read_json(model: type[M]) -> M:
    """Read the body as JSON; no body at all is an empty object.

    Raises:
        Problem: 415 for another content type, 400 for what is not JSON or not acceptable.

    """
    body = await read_body(LARGEST_BODY_BYTES)
    if not body:
        body = b"{}"
    elif request.mimetype != "application/json":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "not-json",
            "The body must be JSON",
            "Send Content-Type: application/json.",
        )
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        kinds = {finding["type"] for finding in error.errors(include_input=False, include_context=False)}
        if "json_invalid" in kinds:
            raise invalid("The body is not valid JSON.") from None
        raise_invalid(error)


def require_admin(key: str) -> None:
    """Let only the holder of the admin key through.

    Raises:
        Problem: 404 when no key is configured (there is no such API then), 401 without the right one.

    """
    if not key:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "no-room-api",
            "The room API is switched off",
            "An operator can switch it on with the chart value web.adminKey (ALEX_ADMIN_KEY).",
        )
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    # Bytes, because compare_digest refuses text beyond ASCII.
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), key.encode()):
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "admin-key",
            "The admin key is missing or wrong",
            "Send Authorization: Bearer followed by the key of the chart value web.adminKey (ALEX_ADMIN_KEY).",
            headers={"WWW-Authenticate": 'Bearer realm="alex rooms"'},
        )
