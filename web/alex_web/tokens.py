"""Tokens: what a caller asks for, what the operator lets callers choose, and the least a call needs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import jwt
from livekit import api
from pydantic import BaseModel, ConfigDict, Field

from alex_web.names import Attributes, DisplayName, Identity, Metadata, RoomName
from alex_web.problems import Problem
from alex_web.settings import Choice, Settings


class TokenRequest(BaseModel):
    """What a caller may say about itself, as in LiveKit's standard token endpoint. Empty means: you choose."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    room_name: RoomName | None = Field(None, description="refused unless the operator allows `room`")
    participant_identity: Identity | None = Field(None, description="refused unless the operator allows `identity`")
    participant_name: DisplayName | None = Field(None, description="a name for people to read")
    participant_metadata: Metadata | None = Field(None, description="refused unless the operator allows `metadata`")
    participant_attributes: Attributes | None = Field(
        None, description="refused unless the operator allows `attributes`"
    )
    room_config: dict[str, Any] | None = Field(None, description="always refused: the server decides this")


class TokenAnswer(BaseModel):
    """Where to join and the right to do so, as in LiveKit's standard token endpoint."""

    server_url: str
    participant_token: str


class HangUp(BaseModel):
    """The call that is over."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    # Metadata and attributes at their limits, in base64, fit; what is longer is no token of ours.
    participant_token: str = Field(max_length=12 * 1024, description="the token that the call was joined with")


# Agent pods take no token that was signed for anybody else.
AGENTS = "alex-agent"
# One request, and clocks that differ a little.
BADGE_SECONDS = 30

# A call lasts far longer than its token may be used to join; no call lasts longer than this (ALEX_MAX_CALL_SECONDS).
LONGEST_CALL = timedelta(days=1)

# Field of the request → word in ALEX_CALLER_MAY.
CHOICES: dict[str, Choice] = {
    "room_name": "room",
    "participant_identity": "identity",
    "participant_name": "name",
    "participant_metadata": "metadata",
    "participant_attributes": "attributes",
}


def refuse_forbidden(request: TokenRequest, may: frozenset[Choice]) -> None:
    """Refuse a request that chooses more than the operator allows.

    Raises:
        Problem: 403, naming the field and the chart value that would allow it.

    """
    if request.room_config:
        raise _forbidden("room_config is decided by the server and cannot be chosen by callers.")
    for field, choice in CHOICES.items():
        if getattr(request, field) and choice not in may:
            raise _forbidden(
                f"{field} cannot be chosen by callers here. Leave it out; an operator can allow it by adding "
                f'"{choice}" to the chart value web.callerMay (ALEX_CALLER_MAY).'
            )


def mint(settings: Settings, request: TokenRequest, room: str, identity: str) -> TokenAnswer:
    """Sign a token for one caller in one room: speak, hear, type, nothing else."""
    grants = api.VideoGrants(
        room_join=True,
        room=room,
        can_publish=True,
        can_publish_sources=["microphone"],
        can_subscribe=True,
        can_publish_data=True,  # typing needs it
        can_update_own_metadata=False,
    )
    token = (
        api.AccessToken(settings.secret("livekit_api_key"), settings.secret("livekit_api_secret"))
        .with_identity(identity)
        .with_name(request.participant_name or "")
        .with_ttl(timedelta(seconds=settings.token_ttl_seconds))
        .with_grants(grants)
    )
    if request.participant_metadata:
        token = token.with_metadata(request.participant_metadata)
    if request.participant_attributes:
        token = token.with_attributes(request.participant_attributes)
    return TokenAnswer(server_url=settings.server_url, participant_token=token.to_jwt())


def badge(settings: Settings) -> Callable[[], str]:
    """Make what signs the tokens that agent pods know web by."""

    def sign() -> str:
        claims = {
            "iss": settings.secret("livekit_api_key"),
            "aud": AGENTS,
            "exp": datetime.now(UTC) + timedelta(seconds=BADGE_SECONDS),
        }
        return jwt.encode(claims, settings.secret("livekit_api_secret"), algorithm="HS256")

    return sign


def holder(settings: Settings, token: str) -> tuple[str, str]:
    """Tell the room and the identity that one of our tokens was given for, though it may have run out meanwhile.

    Raises:
        Problem: 401 when it is not a token of ours.

    """
    claims = None
    for key, secret in settings.livekit_pairs:
        with contextlib.suppress(jwt.InvalidTokenError):
            claims = api.TokenVerifier(key, secret, leeway=LONGEST_CALL).verify(token)
            break
    if claims is None or claims.video is None or not claims.video.room_join or not claims.identity:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "not-our-token",
            "The token is not one of ours",
            "Send the participant_token that /api/token answered with.",
        )
    return claims.video.room, claims.identity


def _forbidden(detail: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, "not-yours-to-choose", "Callers cannot choose this", detail)
