"""Network ranges (modifier cidr) as SQL over addresses kept as text.

DuckDB's `inet` extension is not part of its package, so addresses are parsed by plain expressions: IPv4 to an integer,
IPv6 to its 32 hexadecimal digits, whatever way it is spelt (RFC 4291 section 2.2). An IPv4-mapped IPv6 address
(`::ffff:192.0.2.1`, as dual-stack Windows services write it) counts as its IPv4 address. Text that is no address
matches no range.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

_IPV4 = r"'[0-9]{1,3}(\.[0-9]{1,3}){3}'"
_GROUPS = "[0-9a-f]{1,4}(:[0-9a-f]{1,4})*"
_IPV6 = f"'(({_GROUPS})?::({_GROUPS})?|{_GROUPS})'"


def in_network(text: str, network: IPv4Network | IPv6Network) -> str:
    """SQL that is true where the address in the SQL expression `text` lies in `network`, false where it does not.

    NULL where `text` is NULL or no address.
    """
    if isinstance(network, IPv4Network):
        first, last = int(network.network_address), int(network.broadcast_address)
        return f"{_ipv4_number(text)} BETWEEN {first} AND {last}"
    mapped_first, mapped_last = network.network_address, network.broadcast_address
    first_hex, last_hex = f"{int(mapped_first):032x}", f"{int(mapped_last):032x}"
    return f"{_ipv6_digits(text)} BETWEEN '{first_hex}' AND '{last_hex}'"


def _ipv4_number(text: str) -> str:
    bare = f"regexp_replace(lower({text}), '^(::|(0+:){{1,5}}:|(0+:){{5}})ffff:', '')"
    octets = " + ".join(
        f"TRY_CAST(split_part({bare}, '.', {number}) AS UTINYINT)::BIGINT * {256 ** (4 - number)}"
        for number in range(1, 5)
    )
    return f"CASE WHEN regexp_full_match({bare}, {_IPV4}) THEN {octets} END"


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
