"""Every modifier against what Python says, over texts, numbers, times and addresses of all kinds."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import pytest
import re2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError

from tests.unit.detect.making import OneTable
from tests.unit.detect.test_properties import escaped, fold

ALPHABET = "aAbBxX01 %_\\^'\"*?\n\t\0;-./ÄäßİıΣσςéÉ漢🔥K\N{EN DASH}"
TEXT = st.text(st.sampled_from(ALPHABET), max_size=8)
MAYBE = st.none() | TEXT
SOME = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Rows:
    """One table with the columns f, g (text), n (number) and t (time), filled anew for every question."""

    def __init__(self) -> None:
        columns = {"f": "VARCHAR", "g": "VARCHAR", "n": "BIGINT", "t": "TIMESTAMP"}
        self.table = OneTable([], columns, extra=True)

    def __call__(self, rows: list[dict[str, Any]], detection: dict[str, Any]) -> list[bool]:
        self.table.fill(rows)
        found = self.table.matches(detection if "s" in detection else {"s": detection})
        return [number in found for number in range(len(rows))]

    def texts(self, texts: list[str | None], selection: dict[str, Any]) -> list[bool]:
        return self([{"f": text} for text in texts], {"s": selection})


@pytest.fixture(scope="module")
def rows() -> Iterator[Rows]:
    made = Rows()
    yield made
    made.table.connection.close()


# --- null, empty, exists, neq, lists ----------------------------------------------------------------------------------


@SOME
@given(texts=st.lists(MAYBE, min_size=1, max_size=5), values=st.lists(MAYBE, min_size=1, max_size=3))
@example(texts=[None, "", "a"], values=[None, ""])
def test_null_empty_and_neq(rows: Rows, texts: list[str | None], values: list[str | None]) -> None:
    asked = [value if value is None else escaped(value) for value in values]
    folded = [value if value is None else fold(value) for value in values]
    hit = [(text if text is None else fold(text)) in folded for text in texts]
    assert rows.texts(texts, {"f": asked}) == hit
    assert rows.texts(texts, {"f|neq": asked}) == [not one for one in hit]
    assert rows.texts(texts, {"f|exists": True}) == [text is not None for text in texts]
    assert rows.texts(texts, {"f|exists": False}) == [text is None for text in texts]
    assert rows(
        [{"f": text} for text in texts], {"s": {"f": asked}, "n": {"f|neq": asked}, "condition": "not s and n"}
    ) == [not one for one in hit]


@SOME
@given(texts=st.lists(MAYBE, min_size=1, max_size=5), values=st.lists(TEXT, min_size=2, max_size=9))
def test_lists_and_all_in_one_expression_or_many(rows: Rows, texts: list[str | None], values: list[str]) -> None:
    """From six strings on an OR list is one regular expression; it must say what its values say one by one."""
    for shape, test in SHAPES.items():
        asked = [escaped(value) for value in values]
        each = [[text is not None and test(fold(text), fold(value)) for value in values] for text in texts]
        assert rows.texts(texts, {f"f|{shape}": asked}) == [any(hits) for hits in each], shape
        assert rows.texts(texts, {f"f|{shape}|all": asked}) == [all(hits) for hits in each], shape
        assert rows.texts(texts, {f"f|{shape}|neq": asked}) == [not any(hits) for hits in each], shape
        cased = [text is not None and any(test(text, value) for value in values) for text in texts]
        assert rows.texts(texts, {f"f|cased|{shape}": asked}) == cased, shape


SHAPES: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, value: value in text,
    "startswith": lambda text, value: text.startswith(value),
    "endswith": lambda text, value: text.endswith(value),
}


@SOME
@given(text=TEXT, values=st.lists(st.text(st.sampled_from("aAb%_^\\'*?\nÄΣ-]["), max_size=6), min_size=6, max_size=8))
def test_a_list_of_wildcards_says_what_its_values_say(rows: Rows, text: str, values: list[str]) -> None:
    alone = [rows.texts([text], {"f": value})[0] for value in values]
    assert rows.texts([text], {"f": values}) == [any(alone)]


def test_thousands_of_values_are_searched(rows: Rows) -> None:
    values = [f"name-{number}*x.exe" if number % 50 == 0 else f"name-{number}.exe" for number in range(5000)]
    texts: list[str | None] = [r"C:\Name-4999.EXE", "name-4950 x.exe", "name-5000.exe", None]
    assert rows.texts(texts, {"f|endswith": values}) == [True, True, False, False]


# --- fieldref ---------------------------------------------------------------------------------------------------------


@SOME
@given(pairs=st.lists(st.tuples(MAYBE, MAYBE), min_size=1, max_size=5))
@example(pairs=[("x", None), (None, None), ("", ""), ("ab", "")])
def test_fieldref_and_its_variants(rows: Rows, pairs: list[tuple[str | None, str | None]]) -> None:
    data = [{"f": one, "g": other} for one, other in pairs]
    tests = {**SHAPES, "": lambda one, other: one == other}
    for shape, test in tests.items():
        hit = [one is not None and other is not None and test(fold(one), fold(other)) for one, other in pairs]
        key = f"f|fieldref|{shape}".rstrip("|")
        assert rows(data, {key: "g"}) == hit, shape
        assert rows(data, {f"{key}|neq": "g"}) == [not one for one in hit], shape


# --- windash ----------------------------------------------------------------------------------------------------------

DASHES = "-/\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}"
OPTIONS = st.lists(st.tuples(st.sampled_from(DASHES), st.sampled_from(["enc", "NoP", "x"])), min_size=1, max_size=6)


@SOME
@given(asked=OPTIONS, given_dashes=st.lists(st.sampled_from(DASHES + "+"), min_size=6, max_size=6))
def test_windash_takes_every_dash_for_every_other(
    rows: Rows, asked: list[tuple[str, str]], given_dashes: list[str]
) -> None:
    """However many dashes a value has; a dash inside a word stays what it is."""
    value = "cmd.exe" + "".join(f" -{word}-a" for _, word in asked)
    text = "CMD.exe" + "".join(f" {dash}{word}-a" for dash, (_, word) in zip(given_dashes, asked, strict=False))
    alike = all(dash in DASHES for dash, _ in zip(given_dashes, asked, strict=False))
    for shape in ("contains", "startswith", "endswith"):
        assert rows.texts([text], {f"f|windash|{shape}": value}) == [alike]
    assert rows.texts([text], {"f|cased|windash|contains": value}) == [False]
    assert rows.texts([text.replace("CMD", "cmd")], {"f|cased|windash|contains": value}) == [alike]


# --- Base64 and UTF-16 ------------------------------------------------------------------------------------------------

CODECS = {"": "utf-8", "wide": "utf-16-le", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf16": "utf-16-le"}


@SOME
@given(
    value=st.text(st.sampled_from("aZ0 é漢🔥-*?\\"), min_size=3, max_size=8),
    pads=st.tuples(*[st.binary(max_size=3)] * 2),
)
def test_base64_and_utf_16_of_any_text(rows: Rows, value: str, pads: tuple[bytes, bytes]) -> None:
    for modifier, codec in CODECS.items():
        data = (b"\xff\xfe" if modifier == "utf16" else b"") + value.encode(codec)
        alone = base64.b64encode(data).decode()
        inside = base64.b64encode(pads[0] + data + pads[1]).decode()
        key = f"f|{modifier}|" if modifier else "f|"
        assert rows.texts([alone, alone.swapcase()], {f"{key}base64": escaped(value)}) == [True, False], modifier
        texts: list[str | None] = [f"-enc {inside}", inside.swapcase(), None]
        assert rows.texts(texts, {f"{key}base64offset|contains": escaped(value)}) == [True, False, False], modifier


def test_utf_16_without_base64_is_text_with_nuls_in_between(rows: Rows) -> None:
    texts: list[str | None] = ["a\0B\0", "\0a\0B", "\ufeffa\0B\0", "a\0b\0", "aB"]
    assert rows.texts(texts, {"f|wide": "aB"}) == [True, False, False, False, False]
    assert rows.texts(texts, {"f|utf16le|contains": "aB"}) == [True, False, True, False, False]
    assert rows.texts(texts, {"f|utf16be": "aB"}) == [False, True, False, False, False]
    assert rows.texts(texts, {"f|utf16": "aB"}) == [False, False, True, False, False]


# --- numbers ----------------------------------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
}
BIG = st.integers(-(2**63), 2**63 - 1) | st.integers(-20, 20) | st.just(2**53 + 1)
NUMBER_TEXTS = st.one_of(
    st.integers(-(10**36), 10**36).map(str),
    BIG.map(str),
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(["nan", "inf", "-inf", "", "0x10", "1e3", "ten", "1_000", " 5", "१", "--1", "+7", "007", "1e999"]),
)


def number(text: str) -> int | float | None:
    """What a text says in the usual decimal notation."""
    if re.fullmatch(r"[-+]?[0-9]{1,38}", text):
        return int(text)
    found = re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?", text)
    return float(text) if found and abs(float(text)) != float("inf") else None


@SOME
@given(texts=st.lists(NUMBER_TEXTS, min_size=1, max_size=6), value=BIG, numbers=st.lists(BIG, min_size=1, max_size=4))
@example(texts=[str(2**53), str(2**53 + 1), str(2**53 + 2)], value=2**53 + 1, numbers=[2**53, 2**53 + 1])
def test_numbers_compare_exactly(rows: Rows, texts: list[str], value: int, numbers: list[int]) -> None:
    meant = [number(text) for text in texts]
    for name, test in OPERATORS.items():
        assert rows.texts([*texts], {f"f|{name}": value}) == [one is not None and test(one, value) for one in meant]
        assert rows.texts([*texts], {f"f|{name}": str(value)}) == [
            one is not None and test(one, value) for one in meant
        ]
        columns = [{"n": one} for one in numbers]
        assert rows(columns, {f"n|{name}": value}) == [test(one, value) for one in numbers], name
    assert rows([{"n": one} for one in numbers], {"n": value}) == [one == value for one in numbers]
    assert rows([{"n": one} for one in numbers], {"n": [value, numbers[0]]}) == [
        one in (value, numbers[0]) for one in numbers
    ]
    whole = [text for text in texts if re.fullmatch(r"[-+]?[0-9]{1,28}", text)]
    assert rows.texts([*whole], {"f": value}) == [int(text) == value for text in whole]
    assert rows.texts([*whole], {"f": [value, 10**30]}) == [int(text) in (value, 10**30) for text in whole]


def test_numbers_under_a_text_modifier_are_texts(rows: Rows) -> None:
    data = [{"f": "port 4444!", "n": 4444}, {"f": "port 444", "n": 14444}, {"f": None, "n": None}]
    assert rows(data, {"f|contains": 4444}) == [True, False, False]
    assert rows(data, {"n|contains": 4444}) == [True, True, False]
    assert rows(data, {"n|startswith": [4444]}) == [True, False, False]
    assert rows(data, {"f|re": 44}) == [True, True, False]
    assert rows(data, {"n": "444?"}) == [True, False, False]


# --- times ------------------------------------------------------------------------------------------------------------


@settings(SOME, max_examples=8)
@given(time=st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1)), asked=st.integers(0, 60))  # noqa: DTZ001 - UTC, as DuckDB keeps it
def test_parts_of_times(rows: Rows, time: datetime, asked: int) -> None:
    parts = {"minute": time.minute, "hour": time.hour, "day": time.day, "week": time.isocalendar().week}
    parts |= {"month": time.month, "year": time.year}
    data = [{"t": time, "f": time.isoformat() + "Z"}, {"t": None, "f": "no time"}]
    for part, is_now in parts.items():
        for field in ("t", "f"):
            assert rows(data, {f"{field}|{part}": is_now}) == [True, False]
            assert rows(data, {f"{field}|{part}": asked}) == [is_now == asked, False]
            assert rows(data, {f"{field}|{part}|gte": asked}) == [is_now >= asked, False]
            assert rows(data, {f"{field}|{part}|neq": asked}) == [is_now != asked, True]


# --- addresses --------------------------------------------------------------------------------------------------------


def spellings(address: IPv6Address) -> list[str]:
    """The ways of RFC 4291 to write an address, with a zone (RFC 4007) and in capitals too."""
    groups = address.exploded.split(":")
    low = int(address) & 0xFFFFFFFF
    dotted = ".".join(str(low >> shift & 255) for shift in (24, 16, 8, 0))
    short = ":".join(f"{int(group, 16):x}" for group in groups[:6])
    return [address.compressed, address.exploded.upper(), f"{address.compressed}%eth0", f"{short}:{dotted}"]


@SOME
@given(
    near=st.integers(0, 2**128 - 1), bits=st.integers(0, 128), others=st.lists(st.integers(0, 2**128 - 1), max_size=2)
)
def test_an_ipv6_network_holds_what_python_says(rows: Rows, near: int, bits: int, others: list[int]) -> None:
    network = IPv6Network((near, bits), strict=False)
    first, last = int(network.network_address), int(network.broadcast_address)
    edges = [one for one in (first - 1, first, last, last + 1) if 0 <= one < 2**128]
    asked = [(text, one in network) for one in map(IPv6Address, (near, *edges, *others)) for text in spellings(one)]
    assert rows.texts([text for text, _ in asked], {"f|cidr": str(network)}) == [inside for _, inside in asked]


@SOME
@given(address=st.ip_addresses(v=4), bits=st.integers(0, 32), asked=st.ip_addresses(v=4))
def test_a_mapped_address_counts_as_its_ipv4_address(rows: Rows, address: Any, bits: int, asked: Any) -> None:
    network = ip_network((int(address), bits), strict=False)
    mapped = ip_address(0xFFFF << 32 | int(asked))
    texts: list[str | None] = [str(asked), *spellings(mapped), f"::ffff:{asked}", f"::{asked}", f"1::{asked}"]
    inside = asked in network
    assert rows.texts(texts, {"f|cidr": str(network)}) == [inside] * 6 + [False, False]


def test_a_keyword_network_is_looked_for_among_the_words(rows: Rows) -> None:
    data = [
        {"f": "Accepted password for mira from 10.1.2.3 port 22"},
        {"f": "src=10.1.2.3:443, dst=192.0.2.1"},
        {"f": "addr:10.1.2.3."},
        {"f": "10.1.2.3.4 and 110.1.2.3 and x10.1.2.3"},
        {"f": "from [2001:db8::5]:22"},
        {"g": "fe80::1%eth0", "extra": json.dumps({"ip": "2001:DB8:0::1"})},
        {"f": None},
    ]
    assert rows(data, {"s": {"|cidr": "10.1.2.0/24"}}) == [True, True, True, False, False, False, False]
    assert rows(data, {"s": {"|cidr": "2001:db8::/32"}}) == [False] * 4 + [True, True, False]
    both = {"s": {"|cidr|all": ["10.0.0.0/8", "192.0.2.0/24"]}}
    assert rows(data, both) == [False, True, *[False] * 5]


# --- regular expressions ----------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["a", "B", ".", "^", "$", "\\n", "[a-c]", "x?", "(a|b)", "\\.", "'", '"', "%", "ä", "$$", "\\b"]
)


@SOME
@given(
    pieces=st.lists(PIECES, min_size=1, max_size=5),
    flags=st.sets(st.sampled_from("ims")),
    texts=st.lists(st.text(st.sampled_from("aAbB.\n'\"%xÄä$"), max_size=6), min_size=1, max_size=4),
)
def test_regular_expressions_and_their_flags(rows: Rows, pieces: list[str], flags: set[str], texts: list[str]) -> None:
    pattern = "".join(pieces)
    try:
        model = re2.compile(f"(?{''.join(sorted(flags))}){pattern}" if flags else pattern)
    except re2.error:
        return
    key = "|".join(["f", "re", *sorted(flags)])
    want = [model.search(text) is not None for text in texts]
    assert rows.texts([*texts, None], {key: pattern}) == [*want, False]
    assert rows.texts([*texts], {f"{key}|startswith": pattern}) == [model.match(text) is not None for text in texts]
    assert rows.texts([*texts], {f"{key}|contains": pattern}) == want


# --- keywords ---------------------------------------------------------------------------------------------------------

WORD = st.text(st.sampled_from("aAbB%_'\\*? ä"), min_size=1, max_size=3)


@SOME
@given(values=st.lists(WORD, min_size=1, max_size=3), cells=st.lists(st.none() | TEXT, min_size=3, max_size=3))
def test_keywords_are_found_in_any_place(rows: Rows, values: list[str], cells: list[str | None]) -> None:
    f, g, more = cells
    data = [{"f": f, "g": g, "extra": json.dumps({"more": more, "number": 7})}]
    places = [fold(cell) for cell in cells if cell is not None]
    found = [any(fold(value) in place for place in places) for value in values]
    asked = [escaped(value) for value in values]
    assert rows(data, {"s": asked}) == [any(found)]
    assert rows(data, {"s": {"|all": asked}}) == [all(found)]
    assert rows(data, {"s": asked, "condition": "not s"}) == [not any(found)]


# --- conditions -------------------------------------------------------------------------------------------------------

EXPRESSIONS = st.recursive(
    st.sampled_from(["sel_a", "sel_b", "other", "1 of sel_*", "all of sel_*", "1 of them", "all of them", "any of s*"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join).map(lambda text: f"({text})")
        | inner.map(lambda text: f"not {text}")
    ),
    max_leaves=5,
)


@SOME
@given(condition=EXPRESSIONS, cells=st.lists(st.sampled_from(["x", "y", None]), min_size=2, max_size=2))
def test_conditions_over_missing_fields(rows: Rows, condition: str, cells: list[str | None]) -> None:
    a, b, other = cells[0] == "x", cells[1] == "x", cells[0] == "y"
    values = {
        "all of them": a and b and other,
        "1 of them": a or b or other,
        "all of sel_*": a and b,
        "1 of sel_*": a or b,
        "any of s*": a or b,
        "sel_a": a,
        "sel_b": b,
        "other": other,
    }
    python = condition
    for name, value in values.items():
        python = python.replace(name, str(value))
    detection = {"sel_a": {"f": "x"}, "sel_b": {"g": "x"}, "other": {"f": "y"}}
    table = rows.table
    table.fill([{"f": cells[0], "g": cells[1]}])
    want = bool(eval(python))  # made of True, False, and, or, not
    assert (table.matches({**detection, "condition": condition}) == [0]) is want
    assert (table.matches({**detection, "condition": ["sel_a", condition]}) == [0]) is (a or want)


# --- expand -----------------------------------------------------------------------------------------------------------


@SOME
@given(values=st.lists(TEXT.filter(str.strip), min_size=1, max_size=4), text=TEXT)
def test_placeholders_stand_for_any_of_their_values(values: list[str], text: str) -> None:
    given_values = [value.strip() for value in values]
    table = OneTable(
        [{"f": text}, {"f": f"<{given_values[0]}>"}],
        {"f": "VARCHAR"},
        placeholders={"x": [escaped(v) for v in given_values]},
    )
    folded = [fold(value) for value in given_values]
    assert (0 in table.matches({"s": {"f|expand": "%X%"}})) is (fold(text) in folded)
    assert 1 in table.matches({"s": {"f|contains|expand": "%x%"}})
    assert 1 in table.matches({"s": {"f|expand": "<%x%>"}})
    assert (0 in table.matches({"s": {"f|expand|neq": "%x%"}})) is (fold(text) not in folded)


def test_placeholders_under_every_modifier() -> None:
    values = {
        "nets": ["10.0.0.0/8", "2001:db8::/32"],
        "limit": ["100"],
        "field": ["g"],
        "word": ["whoami", "net use"],
        "many": [f"host-{number}" for number in range(1000)],
        "dots": ["a.b"],
    }
    whoami = base64.b64encode(b"x whoami").decode()
    data = [
        {"f": "10.2.3.4", "g": "10.2.3.4"},
        {"f": "250", "g": "x"},
        {"f": whoami, "g": "HOST-999"},
        {"f": "a.b-7"},
        {"f": "axb-7"},
    ]
    table = OneTable(data, {"f": "VARCHAR", "g": "VARCHAR"}, placeholders=values)
    for selection, wanted in (
        ({"f|cidr|expand": "%nets%"}, [0]),
        ({"f|expand|cidr": "%nets%"}, [0]),
        ({"f|gte|expand": "%limit%"}, [1]),
        ({"f|fieldref|expand": "%field%"}, [0]),
        ({"f|expand|base64offset|contains": "%word%"}, [2]),
        ({"g|expand": "%many%"}, [2]),
        ({"f|re|expand": r"^%dots%-\d$"}, [3]),
        ({"f|expand": "100%"}, []),
        ({"f|contains|all|expand": ["%dots%", "-7"]}, [3]),
    ):
        assert table.matches({"s": selection}) == wanted, selection
    with pytest.raises(SigmaError, match="more than 100000"):
        table.matches({"s": {"g|expand": "%many%%many%"}})
    with pytest.raises(SigmaError, match=r"%nobody% has no values: give them in .*placeholders"):
        table.matches({"s": {"g|expand": "%nobody%"}})
