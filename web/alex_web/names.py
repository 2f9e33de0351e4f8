"""What callers and operators may call things, and the names we choose for them."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

# The one identity of the agent in every room: a caller who took it would push Alex out.
AGENT_IDENTITY = "alex"

# Names travel in URLs, logs of others and file names: plain characters only, and never `.` or `..`.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
NAME_RULE = "must be 1 to 128 of the characters A-Z a-z 0-9 . _ - and begin with a letter or a digit"

# 144 bits: whoever does not know a room's name will not guess it.
RANDOM_BYTES = 18

LONGEST_DISPLAY_NAME_CHARS = 128
# Control, format (bidirectional overrides, zero width), private, unassigned, line and paragraph separators.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
EMOJI_JOINER = "\u200d"

# LiveKit and its agents keep their own attributes under this prefix, such as the state the page shows.
RESERVED_ATTRIBUTE_PREFIX = "lk."


CALL_PREFIX = "call-"


def new_room() -> str:
    """Choose a room name that cannot be guessed."""
    return f"{CALL_PREFIX}{secrets.token_urlsafe(RANDOM_BYTES)}"


def is_call_room(name: str) -> bool:
    """Tell whether a room was made for one call, which begins with it."""
    return name.startswith(CALL_PREFIX) and "." in name


def new_identity() -> str:
    """Choose an identity that nobody else has."""
    return f"caller-{secrets.token_urlsafe(RANDOM_BYTES)}"


def is_name(value: str) -> bool:
    """Tell whether a room or a participant may be called this."""
    return NAME.fullmatch(value) is not None


def _name(value: str) -> str:
    if value and not is_name(value):
        raise ValueError(NAME_RULE)
    return value


def _identity(value: str) -> str:
    # Other spellings too: what looks like Alex in a list of participants must be Alex.
    if value.lower() == AGENT_IDENTITY or value.lower().startswith("agent-"):
        raise ValueError("is reserved for the agent")
    return _name(value)


def _display_name(value: str) -> str:
    value = unicodedata.normalize("NFC", value).strip()
    if len(value) > LONGEST_DISPLAY_NAME_CHARS:
        raise ValueError(f"must have at most {LONGEST_DISPLAY_NAME_CHARS} characters")
    if any(unicodedata.category(char) in INVISIBLE and char != EMOJI_JOINER for char in value):
        raise ValueError("must not hold control characters or other invisible ones")
    return value


def _attributes(value: dict[str, str]) -> dict[str, str]:
    if any(not is_name(key) for key in value):
        raise ValueError(f"each key {NAME_RULE}")
    if any(key.lower().startswith(RESERVED_ATTRIBUTE_PREFIX) for key in value):
        raise ValueError(f"keys that begin with {RESERVED_ATTRIBUTE_PREFIX} are reserved for LiveKit")
    return value


# Everyone in the room receives these: room for a few facts, not for documents.
LONGEST_METADATA_CHARS = 2048
LONGEST_ATTRIBUTE_CHARS = 256
MOST_ATTRIBUTES = 16

RoomName = Annotated[str, AfterValidator(_name)]
Identity = Annotated[str, AfterValidator(_identity)]
DisplayName = Annotated[str, AfterValidator(_display_name)]
Metadata = Annotated[str, Field(max_length=LONGEST_METADATA_CHARS)]
Attributes = Annotated[
    dict[str, Annotated[str, Field(max_length=LONGEST_ATTRIBUTE_CHARS)]],
    Field(max_length=MOST_ATTRIBUTES),
    AfterValidator(_attributes),
]
