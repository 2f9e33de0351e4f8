"""A caller whose network lets nothing but TLS out: as much of TURN (RFC 8656) as asks a relay for a place and a way."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import socket
import ssl
import struct
from dataclasses import dataclass, field
from pathlib import Path

COOKIE = 0x2112A442
ALLOCATE, PERMIT = 0x0003, 0x0008
USERNAME, INTEGRITY, ERROR, PEER, REALM, NONCE, TRANSPORT = 0x0006, 0x0008, 0x0009, 0x0012, 0x0014, 0x0015, 0x0019


@dataclass
class Relay:
    """A relay reached over TLS, and what it has told of itself."""

    tls: ssl.SSLSocket
    username: str
    password: str
    realm: bytes = b""
    nonce: bytes = b""
    _read: bytes = field(default=b"", repr=False)

    @classmethod
    def reach(cls, port: int, host: str, certificate: Path, username: str = "", password: str = "") -> Relay:
        """Connect to a port of loopback as to `host`, and trust nothing but that certificate."""
        trust = ssl.create_default_context(cafile=str(certificate))
        tcp = socket.create_connection(("127.0.0.1", port), timeout=10)
        return cls(trust.wrap_socket(tcp, server_hostname=host), username, password)

    def allocate(self) -> int:
        """Ask for a place, first as nobody, then by name; give the last error, 0 for none."""
        udp = (TRANSPORT, bytes([17, 0, 0, 0]))
        answer = self._ask(ALLOCATE, udp)
        if error(answer) == 401 and self.username:
            self.realm, self.nonce = answer[REALM], answer[NONCE]
            answer = self._ask(ALLOCATE, udp)
        return error(answer)

    def permit(self, address: str) -> int:
        """Ask for a way to an address; give the error, 0 for none."""
        word = int(ipaddress.IPv4Address(address)) ^ COOKIE
        return error(self._ask(PERMIT, (PEER, struct.pack("!BBHI", 0, 1, 7882 ^ (COOKIE >> 16), word))))

    def close(self) -> None:
        """End the connection."""
        self.tls.close()

    def _ask(self, method: int, *attributes: tuple[int, bytes]) -> dict[int, bytes]:
        given = list(attributes)
        if self.nonce:
            given += [(USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        body = b"".join(map(_attribute, given))
        transaction = os.urandom(12)
        if self.nonce:
            signed = struct.pack("!HHI12s", method, len(body) + 24, COOKIE, transaction) + body
            secret = hashlib.md5(f"{self.username}:{self.realm.decode()}:{self.password}".encode()).digest()
            body += _attribute((INTEGRITY, hmac.new(secret, signed, hashlib.sha1).digest()))
        self.tls.sendall(struct.pack("!HHI12s", method, len(body), COOKIE, transaction) + body)
        _, length, _, answered = struct.unpack("!HHI12s", self._take(20))
        assert answered == transaction
        return _attributes(self._take(length))

    def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            more = self.tls.recv(4096)
            assert more, "the relay hung up"
            self._read += more
        taken, self._read = self._read[:size], self._read[size:]
        return taken


def error(answer: dict[int, bytes]) -> int:
    """Give the number of the error in an answer, 0 for none."""
    return answer[ERROR][2] * 100 + answer[ERROR][3] if ERROR in answer else 0


def _attribute(pair: tuple[int, bytes]) -> bytes:
    kind, value = pair
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _attributes(body: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at < len(body):
        kind, length = struct.unpack_from("!HH", body, at)
        found[kind] = body[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4
    return found
