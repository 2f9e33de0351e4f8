"""By which address a caller is counted: nothing it sends itself ever changes that."""

from __future__ import annotations

import pytest
from alex_web.addresses import UNKNOWN, caller_address

CLIENT, PROXIES = "203.0.113.7", ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
FORGERIES: list[list[str]] = [
    [],
    ["198.51.100.1"],
    ["198.51.100.1, 198.51.100.2, 198.51.100.3, 198.51.100.4"],
    ["198.51.100.1", "198.51.100.2"],
    [""],
    [",,,,"],
    ["::1"],
    ["unknown, _hidden, \x00"],
    ["198.51.100.1" * 500],
]


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("forged", FORGERIES)
def test_a_forged_header_never_helps(depth: int, forged: list[str]) -> None:
    """Behind any number of proxies that append, a caller is counted by the address from which it came to the first."""
    heard = [CLIENT, *PROXIES][:depth]  # what each proxy appends: whom it heard from
    peer = [CLIENT, *PROXIES][depth]
    joined = [", ".join([*forged, *heard])] if forged or heard else []

    assert caller_address(peer, joined, depth) == CLIENT
    assert caller_address(peer, [*forged, *heard], depth) == CLIENT  # a proxy that adds a header of its own


@pytest.mark.parametrize("forged", FORGERIES[2:])
def test_nobody_is_believed_without_proxies(forged: list[str]) -> None:
    """Without proxies the address of the connection counts, whatever the header says."""
    assert caller_address(CLIENT, forged, 0) == CLIENT


@pytest.mark.parametrize("forged", [[], ["198.51.100.1"], ["nonsense, 10.0.0.9"]])
def test_who_goes_around_a_proxy_is_counted_by_the_connection(forged: list[str]) -> None:
    """A header that is too short, or whose entry is no address, leaves the peer."""
    assert caller_address(CLIENT, forged, 2) == CLIENT


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("<local>", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_addresses_are_counted_by_who_owns_them(told: str, counted: str) -> None:
    """An IPv4 address counts alone, an IPv6 address with the 2^64 others of its network, and a port never."""
    assert caller_address(told, [], 0) == counted
    assert caller_address("10.0.0.1", [told], 1) == (counted if counted != UNKNOWN else "10.0.0.1")
