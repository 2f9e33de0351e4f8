"""Who may promise slots: whoever signs with the secret that LiveKit, web and agents share."""

from __future__ import annotations

from collections.abc import Iterable

import jwt

# Web's own tokens for callers are signed with the same secret; they are not for agents.
AUDIENCE = "alex-agent"


def may_reserve(authorization: str, pairs: Iterable[tuple[str, str]]) -> bool:
    """Tell whether an `Authorization` header holds a token that web signed for agents and that is still good.

    Any of several pairs of key and secret will do: while keys are changed, web may have others than we.
    """
    scheme, _, token = authorization.partition(" ")
    return scheme.lower() == "bearer" and any(_is_good(token, key, secret) for key, secret in pairs)


def _is_good(token: str, api_key: str, api_secret: str) -> bool:
    try:
        jwt.decode(
            token,
            api_secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            issuer=api_key,
            options={"require": ["exp", "aud", "iss"]},
        )
    except jwt.InvalidTokenError:
        return False
    return True
