"""A place in a call, asked for over HTTP exactly as a browser asks."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp

REQUEST_SECONDS = 10.0  # the web service needs well under one
CONNECT_PATIENCE_SECONDS = 5.0  # a Service's address works a moment after its pod is ready, not with it
RETRY_SECONDS = 2.0  # when a full house does not say when to come back
LONGEST_RETRY_SECONDS = 30.0  # an answer that asks for an hour still gets asked again within the patience
SHOWN_CHARACTERS = 200  # of a body that is not what was expected


class TokenError(Exception):
    """No token could be had; the message says why in words for a person."""


@dataclass(frozen=True)
class Invitation:
    """Where to join, and the right to. The token is a secret and never printed."""

    server_url: str
    token: str = field(repr=False)


async def take_token(
    http: aiohttp.ClientSession, url: str, patience_seconds: float, access_code: str = ""
) -> Invitation:
    """Ask the web service at `url` for a place in a new call, with the access code where it wants one.

    503 means that every slot is taken: waits as long as `Retry-After` says and asks again, for `patience_seconds` in
    all. Raises TokenError.
    """
    endpoint = url.rstrip("/") + "/api/token"
    headers = {"Authorization": f"Bearer {access_code}"} if access_code else {}
    started = time.monotonic()
    while True:
        waited = time.monotonic() - started
        try:
            # No redirects: a POST that is redirected arrives as something else.
            async with http.post(
                endpoint,
                json={},
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
                allow_redirects=False,
            ) as answer:
                body = await answer.text(errors="replace")
                if answer.status == HTTPStatus.CREATED:
                    return _invitation(endpoint, body)
                if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise TokenError(f"{endpoint} answered {_problem(answer, body)}")
                pause = retry_after(answer.headers.get("Retry-After"), time.time())
                if waited + pause > patience_seconds:
                    raise TokenError(f"{endpoint} still had no room after {waited:.0f} s: {_problem(answer, body)}")
        except aiohttp.ClientConnectorError as error:
            if waited > CONNECT_PATIENCE_SECONDS:
                raise TokenError(f"{url} cannot be reached: {reason(error.os_error)}") from error
            pause = 0.5
        except TimeoutError:
            raise TokenError(f"{endpoint} did not answer within {REQUEST_SECONDS:.0f} s") from None
        except aiohttp.ClientError as error:
            raise TokenError(f"{endpoint} does not speak HTTP as expected: {error}") from error
        await asyncio.sleep(pause)


def retry_after(header: str | None, now: float) -> float:
    """Seconds to wait before asking again; the header holds seconds or a date, `now` is seconds since the epoch."""
    pause = RETRY_SECONDS
    if header and header.strip().isdecimal():
        pause = float(header)
    elif header:
        try:
            pause = parsedate_to_datetime(header).timestamp() - now
        except ValueError:
            pause = RETRY_SECONDS
    return min(max(pause, 0.1), LONGEST_RETRY_SECONDS)


def _invitation(endpoint: str, body: str) -> Invitation:
    try:
        answer = json.loads(body)
        return Invitation(_text(answer["server_url"]), _text(answer["participant_token"]))
    except ValueError:
        raise TokenError(f"{endpoint} answered 201, but not with JSON: {_shorten(body)}") from None
    except (KeyError, TypeError):
        # Never the body: half of it may be a token.
        raise TokenError(f"{endpoint} answered 201 without server_url and participant_token") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _problem(answer: aiohttp.ClientResponse, body: str) -> str:
    """Put an error answer into words: status, and title and detail of its problem+json or the beginning of its body."""
    said = [str(answer.status)]
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        said += [str(problem[name]) for name in ("title", "detail") if problem.get(name)]
    elif body.strip():
        said.append(_shorten(body))
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        said.append(f"to {answer.headers.get('Location', 'nowhere')}; use that address")
    return ": ".join(said)


def reason(error: OSError) -> str:
    """Say what a failed connection failed of; aiohttp hides "Connection refused" behind the address."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


def _shorten(body: str) -> str:
    text = " ".join(body.split())
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
