"""What each Sigma construct matches, row by row."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from sigma.exceptions import SigmaError

from tests.unit.detect.making import OneTable, at

TEXTS = ["cmd.exe", "CMD.EXE", "a_b", "axb", "100%", "1000", r"C:\Temp\x", "", None, "line\nbreak", "Ünïcode", "it's"]
TEXT = {"f": "VARCHAR", "n": "BIGINT", "g": "VARCHAR"}


@pytest.fixture(scope="module")
def texts() -> OneTable:
    return OneTable([{"f": text} for text in TEXTS], TEXT)


def rows(*wanted: str | None) -> list[int]:
    return [TEXTS.index(text) for text in TEXTS if text in wanted]


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        ({"f": "cmd.exe"}, ("cmd.exe", "CMD.EXE")),
        ({"f|cased": "cmd.exe"}, ("cmd.exe",)),
        ({"f": ["CMD.exe", "axb"]}, ("cmd.exe", "CMD.EXE", "axb")),
        ({"f|contains": "a_b"}, ("a_b",)),
        ({"f": "a?b"}, ("a_b", "axb")),
        ({"f": r"a\?b"}, ()),
        ({"f|contains": "%"}, ("100%",)),
        ({"f|startswith": "100%"}, ("100%",)),
        ({"f|startswith": "100"}, ("100%", "1000")),
        ({"f|endswith": ".EXE"}, ("cmd.exe", "CMD.EXE")),
        ({"f|endswith|cased": ".EXE"}, ("CMD.EXE",)),
        ({"f": r"C:\temp\\*"}, (r"C:\Temp\x",)),
        ({"f": r"c:\\*\x"}, (r"C:\Temp\x",)),
        ({"f": "c*e*e"}, ("cmd.exe", "CMD.EXE")),
        ({"f": "l*k"}, ("line\nbreak",)),
        ({"f": "1?0%"}, ("100%",)),
        ({"f|contains|all": ["c", "d"]}, ("cmd.exe", "CMD.EXE", "Ünïcode")),
        ({"f": "üNÏCODE"}, ("Ünïcode",)),
        ({"f": "it's"}, ("it's",)),
        ({"f": ""}, ("",)),
        ({"f": None}, (None,)),
        ({"f|exists": True}, tuple(text for text in TEXTS if text is not None)),
        ({"f|exists": False}, (None,)),
        ({"f": "*"}, tuple(text for text in TEXTS if text is not None)),
        ({"f|re": "^CMD"}, ("CMD.EXE",)),
        ({"f|re|i": "^CMD"}, ("cmd.exe", "CMD.EXE")),
        ({"f|re|m": "^break"}, ("line\nbreak",)),
        ({"f|re": "^break"}, ()),
        ({"f|re|s": "line.break"}, ("line\nbreak",)),
        ({"f|re": "it's"}, ("it's",)),
        ({"f": 1000}, ("1000",)),
        ({"f|gte": 1000}, ("1000",)),
        ({"f|lt": 2000}, ("1000",)),
        ({"f|neq": "cmd.exe"}, tuple(text for text in TEXTS if text not in ("cmd.exe", "CMD.EXE"))),
    ],
    ids=str,
)
def test_one_text_field(texts: OneTable, selection: dict[str, Any], wanted: tuple[str | None, ...]) -> None:
    assert texts.matches({"s": selection}) == rows(*wanted)


def test_not_is_true_over_a_missing_field(texts: OneTable) -> None:
    everything_else = [number for number, text in enumerate(TEXTS) if text != "a_b"]
    assert texts.matches({"s": {"f": "a_b"}, "condition": "not s"}) == everything_else


def test_not_over_and_with_a_missing_field() -> None:
    table = OneTable([{"f": "x", "g": None}, {"f": "x", "g": "y"}, {"f": None, "g": "y"}], TEXT)
    detection = {"a": {"f": "x"}, "b": {"g": "y"}, "condition": "a and not b"}
    assert table.matches(detection) == [0]
    assert table.matches({**detection, "condition": "not (a and b)"}) == [0, 2]
    assert table.matches({**detection, "condition": "not not a"}) == [0, 1]


def test_of_selections_and_condition_lists() -> None:
    table = OneTable([{"f": "x"}, {"g": "y"}, {"f": "x", "g": "y"}], TEXT)
    detection = {"sel_a": {"f": "x"}, "sel_b": {"g": "y"}}
    assert table.matches({**detection, "condition": "1 of sel_*"}) == [0, 1, 2]
    assert table.matches({**detection, "condition": "all of sel_*"}) == [2]
    assert table.matches({**detection, "condition": "all of them"}) == [2]
    assert table.matches({**detection, "condition": ["sel_a", "sel_b"]}) == [0, 1, 2]
    assert table.matches({"s": [{"f": "x"}, {"g": "y"}]}) == [0, 1, 2]


def test_number_columns() -> None:
    table = OneTable([{"n": 4624}, {"n": 4625}, {"n": None}], TEXT)
    assert table.matches({"s": {"n": 4624}}) == [0]
    assert table.matches({"s": {"n": [4624, 4625]}}) == [0, 1]
    assert table.matches({"s": {"n": "4624"}}) == [0]
    assert table.matches({"s": {"n|startswith": "46"}}) == [0, 1]
    assert table.matches({"s": {"n|gt": 4624}}) == [1]
    assert table.matches({"s": {"n": 4624}, "condition": "not s"}) == [1, 2]


def test_text_that_only_looks_like_a_number_is_none() -> None:
    table = OneTable([{"f": text} for text in ("nan", "inf", "1e3", "99", "100", "0x64", "9007199254740993")], TEXT)
    assert table.matches({"s": {"f|gte": 100}}) == [2, 4, 6]
    assert table.matches({"s": {"f": 100}}) == [4]


@pytest.mark.parametrize(
    ("network", "wanted"),
    [
        ("10.0.0.0/8", ["10.1.2.3", "::ffff:10.1.2.3", "0:0:0:0:0:FFFF:10.1.2.3"]),
        ("192.168.5.0/25", ["192.168.5.127"]),
        (
            "0.0.0.0/0",
            ["10.1.2.3", "11.1.2.3", "::ffff:10.1.2.3", "0:0:0:0:0:FFFF:10.1.2.3", "192.168.5.127", "192.168.5.128"],
        ),
        ("2001:db8::/33", ["2001:DB8::1", "2001:0db8:0:0:0:0:0:1"]),
        ("fe80::/10", ["fe80::1%eth0"]),
        ("::1/128", ["::1", "0:0:0:0:0:0:0:1"]),
    ],
)
def test_cidr_on_parsed_addresses(network: str, wanted: list[str]) -> None:
    addresses = ["10.1.2.3", "11.1.2.3", "::ffff:10.1.2.3", "0:0:0:0:0:FFFF:10.1.2.3", "192.168.5.127", "192.168.5.128"]
    addresses += ["2001:DB8::1", "2001:0db8:0:0:0:0:0:1", "2001:db8:8000::1", "fe80::1%eth0", "::1", "0:0:0:0:0:0:0:1"]
    addresses += ["10.1.2.256", "10.1.2", "10.1.2.3.4", "x10.1.2.3", "1:2:3:4:5:6:7:8:9", "12345::", ":::", "", "-"]
    table = OneTable([{"f": address} for address in addresses], TEXT)
    assert [addresses[row] for row in table.matches({"s": {"f|cidr": network}})] == wanted


def test_base64_keeps_its_case_and_offsets_are_found() -> None:
    whole = base64.b64encode(b"whoami").decode()
    texts = [
        f"-enc {whole}",
        f"-enc {whole.lower()}",
        *(base64.b64encode(pad + b"whoami /all").decode() for pad in (b"", b"x", b"xy")),
    ]
    table = OneTable([{"f": text} for text in texts], TEXT)
    assert table.matches({"s": {"f|base64|contains": "whoami"}}) == [0, 2]
    assert table.matches({"s": {"f|base64offset|contains": "whoami /all"}}) == [2, 3, 4]
    wide = base64.b64encode("whoami".encode("utf-16le")).decode()
    other = OneTable([{"f": wide}, {"f": wide.swapcase()}], TEXT)
    assert other.matches({"s": {"f|wide|base64offset|contains": "whoami"}}) == [0]


def test_windash_and_fieldref() -> None:
    table = OneTable([{"f": "x -Enc y", "g": "X -enc Y"}, {"f": "x /enc y", "g": "enc"}, {"f": "enc", "g": None}], TEXT)
    assert table.matches({"s": {"f|windash|contains": " -enc "}}) == [0, 1]
    assert table.matches({"s": {"f|fieldref": "g"}}) == [0]
    assert table.matches({"s": {"f|fieldref|contains": "g"}}) == [0, 1]
    assert table.matches({"s": {"f|fieldref": "g"}, "condition": "not s"}) == [1, 2]


def test_parts_of_times_are_utc_and_local_fields_are_the_citys() -> None:
    table = OneTable([{"time": at(3 * 60 + 7).replace(tzinfo=None)}, {"time": None}], {"time": "TIMESTAMP"})
    for part, number in {"minute": 7, "hour": 3, "day": 20, "week": 47, "month": 11, "year": 2026}.items():
        assert table.matches({"s": {f"time|{part}": number}}) == [0], part
    assert table.matches({"s": {"time|hour|lt": 4}}) == [0]
    assert table.matches({"s": {"local_hour": 3, "local_weekday": 5, "outside_hours": True}}) == [0]
    assert table.matches({"s": {"outside_hours": False}}) == [1]


def test_a_field_that_no_schema_names_is_found_in_the_rest() -> None:
    extra = [{"Odd \"Field'": "A"}, {"a.b": "x"}, {"a": {"b": "x"}}, {"a/b~c": "y"}, {}]
    table = OneTable([{"extra": json.dumps(item)} for item in extra], {"f": "VARCHAR"}, extra=True)
    assert table.matches({"s": {"Odd \"Field'": "a"}}) == [0]
    assert table.matches({"s": {"a.b": "x"}}) == [1, 2]
    assert table.matches({"s": {"a/b~c": "y"}}) == [3]
    assert table.matches({"s": {"a.b": None}}) == [0, 3, 4]


def test_keywords_are_looked_for_in_every_text_and_in_the_rest() -> None:
    given = [
        {"f": r"saw MIMIKATZ here"},
        {"g": "y"},
        {"extra": json.dumps({"p": r"C:\Tools\mimikatz.exe"})},
        {"f": "mimi", "g": "katz"},
    ]
    table = OneTable(given, TEXT, extra=True)
    assert table.matches({"s": ["mimikatz"]}) == [0, 2]
    assert table.matches({"s": [r"tools\mimikatz"]}) == [2]
    assert table.matches({"s": ["saw*here", "Y"]}) == [0, 1]
    assert table.matches({"s": {"|all": ["saw", "here"]}}) == [0]
    assert table.matches({"s": {"|re": "MIMI[A-Z]+"}}) == [0]
    assert table.matches({"s": ["mimikatz"], "condition": "not s"}) == [1, 3]


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        ({"f|re": "a(?=b)"}, "regular expression"),
        ({"f|expand": "%servers%"}, "placeholder %servers%"),
        ({"f": "\ud800"}, "surrogate"),
        ({"n|hour": 3}, "number, not a time"),
        ({"f|nosuch": "x"}, "nosuch"),
    ],
)
def test_what_cannot_be_said_in_sql_is_refused(texts: OneTable, selection: dict[str, Any], reason: str) -> None:
    with pytest.raises(SigmaError, match=f"(?i){reason}"):
        texts.matches({"s": selection})
