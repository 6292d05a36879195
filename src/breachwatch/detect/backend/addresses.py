"""Network ranges (modifier cidr) as SQL over addresses kept as text.

DuckDB's `inet` extension is not part of its package, so an IPv4 network becomes a regular expression, and an
IPv6 address its 32 hexadecimal digits, whatever way it is spelt (RFC 4291 section 2.2). An IPv4-mapped IPv6 address
(`::ffff:192.0.2.1`, as dual-stack Windows services write it) counts as its IPv4 address. Text that is no address
matches no range.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

_MAPPED = "((::|(0+:){1,5}:|(0+:){5})ffff:)?"
_LEADING_ZEROS = {1: "0{0,2}", 2: "0?", 3: ""}  # by the digits that follow
_ANY_OCTET = "(25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
_GROUPS = "[0-9a-f]{1,4}(:[0-9a-f]{1,4})*"
_IPV6 = f"'(({_GROUPS})?::({_GROUPS})?|{_GROUPS})'"


def in_network(text: str, network: IPv4Network | IPv6Network) -> str:
    """SQL that is true where the address in the SQL expression `text` lies in `network`, else false or NULL.

    NULL where `text` is NULL; text that is no address is in no network.
    """
    if isinstance(network, IPv4Network):
        return f"regexp_full_match(lower({text}), '{_ipv4_pattern(network)}')"
    mapped_first, mapped_last = network.network_address, network.broadcast_address
    first_hex, last_hex = f"{int(mapped_first):032x}", f"{int(mapped_last):032x}"
    return f"{_ipv6_digits(text)} BETWEEN '{first_hex}' AND '{last_hex}'"


def _ipv4_pattern(network: IPv4Network) -> str:
    """The network as a regular expression: one automaton, where cutting each address to numbers takes many steps."""
    pairs = zip(network.network_address.packed, network.broadcast_address.packed, strict=True)
    return _MAPPED + r"\.".join(_octet(first, last) for first, last in pairs)


def _octet(first: int, last: int) -> str:
    """The numbers from `first` to `last`, with up to three digits."""
    if (first, last) == (0, 255):
        return _ANY_OCTET
    return f"({'|'.join(_LEADING_ZEROS[len(str(number))] + str(number) for number in range(first, last + 1))})"


def _ipv6_digits(text: str) -> str:
    bare = f"split_part(lower({text}), '%', 1)"  # without the zone id of RFC 4007
    before = _groups(f"split_part({bare}, '::', 1)")
    after = _groups(f"split_part({bare}, '::', 2)")
    zeros = f"repeat('0000', 8 - len({before}) - len({after}))"
    digits = f"{_padded(before)} || {zeros} || {_padded(after)}"
    return (
        f"CASE WHEN regexp_full_match({bare}, {_IPV6}) "
        f"AND len({before}) + len({after}) <= 7 + CAST(NOT contains({bare}, '::') AS INTEGER) "
        f"AND (contains({bare}, '::') OR len({before}) = 8) THEN {digits} END"
    )


def _groups(text: str) -> str:
    return f"list_filter(string_split({text}, ':'), lambda g: g <> '')"


def _padded(groups: str) -> str:
    return f"array_to_string(list_transform({groups}, lambda g: lpad(g, 4, '0')), '')"
