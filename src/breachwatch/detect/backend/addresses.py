"""Network ranges (modifier cidr) as SQL over addresses kept as text.

DuckDB's `inet` extension is not part of its package, so an IPv4 network becomes a regular expression, and an
IPv6 address its 32 hexadecimal digits, whatever way it is spelt (RFC 4291 section 2.2: leading zeros, `::`, the last
32 bits as dotted numbers; RFC 4007: `%` and a zone). An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, as dual-stack
Windows services write it) counts as its IPv4 address. Text that is no address matches no range.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

_MAPPED = "((::|(0+:){1,5}:|(0+:){5})ffff:)?"
_MAPPED_PREFIX = 0xFFFF << 32  # ::ffff:0:0
_LEADING_ZEROS = {1: "0{0,2}", 2: "0?", 3: ""}  # by the digits that follow
_ANY_OCTET = "(25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
_GROUPS = "[0-9a-f]{1,4}(:[0-9a-f]{1,4})*"
_IPV6 = f"'(({_GROUPS})?::({_GROUPS})?|{_GROUPS})'"
_DOTTED = r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})"


def in_network(text: str, network: IPv4Network | IPv6Network) -> str:
    """SQL that is true where the address in the SQL expression `text` lies in `network`, else false or NULL.

    NULL where `text` is NULL; text that is no address is in no network.
    """
    return in_networks(text, [network])


def in_networks(text: str, networks: Sequence[IPv4Network | IPv6Network]) -> str:
    """The same for any of some networks: the address is read once for all, since DuckDB plans longer than it reads."""
    spans = [_span(network) for network in networks]
    within = " OR ".join(f"digits BETWEEN '{first:032x}' AND '{last:032x}'" for first, last in spans)
    spelt = _let(_ipv6_digits(text), "digits", within)
    patterns = [_ipv4_pattern(network) for network in networks if isinstance(network, IPv4Network)]
    if not patterns:
        return f"({spelt})"
    dotted = f"regexp_full_match(lower({text}), '{_MAPPED}({'|'.join(patterns)})')"
    return f"({dotted} OR (contains({text}, ':') AND coalesce({spelt}, false)))"


def _span(network: IPv4Network | IPv6Network) -> tuple[int, int]:
    """The first and the last IPv6 address of a network; of an IPv4 one, mapped."""
    mapped = _MAPPED_PREFIX if isinstance(network, IPv4Network) else 0
    return mapped + int(network.network_address), mapped + int(network.broadcast_address)


def found_in_network(text: str, network: IPv4Network | IPv6Network) -> str:
    """SQL that is true where one of the words of `text` is an address in `network`, with or without a port."""
    words = f"regexp_extract_all(lower({text}), '[0-9a-z.:]+')"
    parts = "[word, rtrim(word, '.:'), split_part(word, ':', 1), rtrim(split_part(word, ':', -1), '.')]"
    tried = f"flatten(list_transform({words}, lambda word: {parts}))"
    return f"len(list_filter({tried}, lambda word: {in_network('word', network)})) > 0"


def _ipv4_pattern(network: IPv4Network) -> str:
    """The network as a regular expression: one automaton, where cutting each address to numbers takes many steps."""
    pairs = zip(network.network_address.packed, network.broadcast_address.packed, strict=True)
    return r"\.".join(_octet(first, last) for first, last in pairs)


def _octet(first: int, last: int) -> str:
    """The numbers from `first` to `last`, with up to three digits."""
    if (first, last) == (0, 255):
        return _ANY_OCTET
    return f"({'|'.join(_LEADING_ZEROS[len(str(number))] + str(number) for number in range(first, last + 1))})"


def _ipv6_digits(text: str) -> str:
    """SQL of an IPv6 address as 32 digits; NULL where the text is none."""
    # Each step names what the next one repeats: DuckDB's only LET is a lambda.
    spelt = f"split_part(lower({text}), '%', 1)"
    hexadecimal = _let(spelt, "spelt", _without_dots("spelt"))
    return _let(hexadecimal, "address", _digits("address"))


def _without_dots(spelt: str) -> str:
    """SQL of the address with its last 32 bits in hexadecimal, where they are dotted numbers."""
    octets = f"list_transform(regexp_extract_all({spelt}, '[0-9]+')[-4:], lambda octet: TRY_CAST(octet AS INTEGER))"
    tail = "printf('%02x%02x:%02x%02x', octets[1], octets[2], octets[3], octets[4])"
    rewritten = _let(
        octets, "octets", f"CASE WHEN list_max(octets) <= 255 THEN regexp_replace({spelt}, '{_DOTTED}$', {tail}) END"
    )
    return f"CASE WHEN regexp_full_match({spelt}, '[0-9a-f:]*:{_DOTTED}') THEN {rewritten} ELSE {spelt} END"


def _digits(address: str) -> str:
    before = _groups(f"split_part({address}, '::', 1)")
    after = _groups(f"split_part({address}, '::', 2)")
    count = f"(len({before}) + len({after}))"
    digits = f"{_padded(before)} || repeat('0000', 8 - {count}) || {_padded(after)}"
    whole = f"(contains({address}, '::') AND {count} <= 7 OR NOT contains({address}, '::') AND {count} = 8)"
    return f"CASE WHEN regexp_full_match({address}, {_IPV6}) AND {whole} THEN {digits} END"


def _let(value: str, name: str, expression: str) -> str:
    return f"list_transform([{value}], lambda {name}: {expression})[1]"


def _groups(text: str) -> str:
    return f"list_filter(string_split({text}, ':'), lambda g: g <> '')"


def _padded(groups: str) -> str:
    return f"array_to_string(list_transform({groups}, lambda g: lpad(g, 4, '0')), '')"
