"""Who may promise slots: whoever signs with the secret that LiveKit, web and agents share."""

from __future__ import annotations

import jwt

# Web's own tokens for callers are signed with the same secret; they are not for agents.
AUDIENCE = "alex-agent"


def may_reserve(authorization: str, api_key: str, api_secret: str) -> bool:
    """Tell whether an `Authorization` header holds a token that web signed for agents and that is still good."""
    scheme, _, token = authorization.partition(" ")
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
    return scheme.lower() == "bearer"
