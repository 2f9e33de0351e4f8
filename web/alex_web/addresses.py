"""Whose address a request comes from, also behind proxies: what limits are counted by."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

# A connection without an address, as over a socket file: all of these share one place.
UNKNOWN = "unknown"

# A household or an office gets a whole IPv6 network of this size, and its machines change addresses within it at will.
IPV6_PREFIX_BITS = 64


def caller_address(peer: str, forwarded: Iterable[str], proxies: int) -> str:
    """Tell by which address a caller is counted.

    A proxy appends whom it heard from to `X-Forwarded-For`. Only as many entries as there are proxies of ours were
    written by them, counted from the end; whatever stands before is what the client chose to send.

    Args:
        peer: the address at the other end of the connection.
        forwarded: the values of all `X-Forwarded-For` headers, in their order.
        proxies: how many proxies of the operator stand in front.

    Returns:
        An IPv4 address or an IPv6 network; that of the peer when the header does not hold what it should.

    """
    entries = [entry for header in forwarded for entry in header.split(",")]
    told = entries[-proxies] if 0 < proxies <= len(entries) else peer
    return _network(told) or _network(peer) or UNKNOWN


def _network(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(_bare(text.strip()))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(address), IPV6_PREFIX_BITS), strict=False))
        address = address.ipv4_mapped
    return str(address)


def _bare(text: str) -> str:
    """Take away the port that some proxies write."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
