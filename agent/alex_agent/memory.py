"""What was said so far, kept where the next agent finds it when this one dies: in the room's own metadata.

Everybody in a room receives its metadata, so what is kept is sealed with a key that only the operator's programs have.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# LiveKit sends the metadata to everybody in the room after each turn, and to everybody who joins.
LARGEST_BYTES = 16 * 1024

# Base64 makes four characters of three bytes, and a nonce and a tag are 28 bytes.
LARGEST_PLAIN_BYTES = LARGEST_BYTES * 3 // 4 - 64

# Tells ours from what an operator keeps in a room; the number is the format.
PREFIX = "alex.memory.1:"

# The size that AES-GCM is made for (NIST SP 800-38D §5.2.1.1).
NONCE_BYTES = 12


@dataclass(frozen=True)
class Said:
    """One thing said in a call."""

    role: Literal["user", "assistant"]
    text: str


class Memory:
    """Seals the conversation of one room with the first secret, and opens it with any of them."""

    def __init__(self, room: str, *api_secrets: str) -> None:
        self._ciphers = [
            AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=b"alex room memory").derive(secret.encode()))
            for secret in api_secrets
        ]
        self._room = room.encode()  # what was sealed for one room cannot be put into another

    def seal(self, conversation: Iterable[Said]) -> str:
        """Give the room's metadata for a conversation; the oldest is left out when it would be too long."""
        kept: list[list[str]] = []
        size = 2
        for said in reversed(list(conversation)):
            entry = [said.role, said.text]
            size += len(json.dumps(entry).encode()) + 2
            if size > LARGEST_PLAIN_BYTES:
                break
            kept.insert(0, entry)
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._ciphers[0].encrypt(nonce, json.dumps(kept).encode(), self._room)
        return PREFIX + base64.b64encode(sealed).decode()

    def open(self, metadata: str) -> list[Said]:
        """Read the conversation from a room's metadata; empty when there is none, or none that is ours."""
        if not self.is_ours(metadata):
            return []
        for cipher in self._ciphers:
            try:
                sealed = base64.b64decode(metadata.removeprefix(PREFIX), validate=True)
                plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._room)
            except (ValueError, InvalidTag):  # the secret was changed meanwhile, or somebody wrote into it
                continue
            return [Said(role, text) for role, text in json.loads(plain)]
        return []

    @staticmethod
    def is_ours(metadata: str) -> bool:
        """Tell whether a room's metadata is a sealed conversation, and not something of the operator's."""
        return metadata.startswith(PREFIX)
