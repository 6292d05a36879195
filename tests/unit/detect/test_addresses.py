"""Network ranges agree with Python's `ipaddress` on any network and any spelling of an address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.detect.backend.addresses import in_network

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
