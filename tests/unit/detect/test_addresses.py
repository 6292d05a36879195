"""Network ranges agree with Python's `ipaddress` on any network and any spelling of an address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.detect.backend.addresses import in_network, in_networks

CONNECTION = duckdb.connect()
MAPPED = ("", "::ffff:", "0:0:0:0:0:FFFF:")


@settings(max_examples=60, deadline=None)
@given(
    near=st.integers(0, 2**32 - 1),
    bits=st.integers(0, 32),
    others=st.lists(st.integers(0, 2**32 - 1), max_size=5),
    zeros=st.booleans(),
)
def test_an_ipv4_network_holds_what_python_says(near: int, bits: int, others: list[int], zeros: bool) -> None:
    network = IPv4Network((near, bits), strict=False)
    first, last = int(network.network_address), int(network.broadcast_address)
    edges = [number for number in (first - 1, first, last, last + 1) if 0 <= number < 2**32]
    addresses = [IPv4Address(number) for number in (near, *edges, *others)]
    texts = {mapped + _spelled(address, zeros): address in network for address in addresses for mapped in MAPPED}
    query = f"SELECT t FROM unnest(?) AS asked(t) WHERE {in_network('t', network)}"
    found = {text for (text,) in CONNECTION.execute(query, [list(texts)]).fetchall()}
    assert found == {text for text, inside in texts.items() if inside}


def _spelled(address: IPv4Address, zeros: bool) -> str:
    return ".".join(f"{octet:03d}" for octet in address.packed) if zeros else str(address)


_NETWORKS = [
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("203.0.113.7/32"),
    IPv6Network("fc00::/7"),
    IPv6Network("2001:db8::/33"),
]
_TEXTS = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number))),
    st.integers(0, 2**128 - 1).map(lambda number: str(ip_address(number.to_bytes(16)))),
    st.sampled_from(
        ["10.1.2.3", "::ffff:172.31.0.1", "::ffff:a00:1", "fd00::1%eth0", "2001:DB8:7fff::1", "203.0.113.7", "-", ""]
    ),
)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=8), networks=st.lists(st.sampled_from(_NETWORKS), min_size=1))
def test_several_networks_at_once_hold_what_each_of_them_holds(
    texts: list[str], networks: list[IPv4Network | IPv6Network]
) -> None:
    each = " OR ".join(f"coalesce({in_network('t', network)}, false)" for network in networks)
    query = f"SELECT t, coalesce({in_networks('t', networks)}, false), {each} FROM unnest(?) AS asked(t)"
    for text, together, one_by_one in CONNECTION.execute(query, [texts]).fetchall():
        assert together == one_by_one, text
