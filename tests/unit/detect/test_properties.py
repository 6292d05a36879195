"""Strings against a model in plain Python, and rule text that tries to leave its literal."""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from breachwatch.detect.backend import DuckDBBackend, Scope
from breachwatch.detect.backend.detections import detections_of
from breachwatch.detect.why_sql import explanation
from tests.unit.detect.making import OneTable

ALPHABET = "aAbBxX01 %_\\^'\"*?\n\t\0;-./ÄäßİıΣσςéÉ漢🔥K"
WORDS = st.text(st.sampled_from(ALPHABET), max_size=8)
SLOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fold(text: str) -> str:
    """Lower case letter by letter, as DuckDB does it: no letter becomes two."""
    return "".join(char.lower()[0] for char in text)


def escaped(text: str) -> str:
    """A text written so that Sigma takes every character of it for itself."""
    return re.sub(r"([*?\\])", r"\\\1", text)


def as_regex(sigma: str) -> re.Pattern[str]:
    """A Sigma string as a regular expression: `*`, `?`, and the backslash before them or itself."""
    pattern = re.sub(
        r"\\[*?\\]|[*?]|.",
        lambda found: {"*": ".*", "?": "."}.get(found[0]) or re.escape(found[0][-1] if len(found[0]) > 1 else found[0]),
        sigma,
        flags=re.DOTALL,
    )
    return re.compile(pattern, re.DOTALL)


class Matcher:
    """One row with one text, and the question whether a selection matches it."""

    def __init__(self) -> None:
        self.table = OneTable([{"f": ""}], {"f": "VARCHAR"})

    def __call__(self, text: str, selection: dict[str, Any]) -> bool:
        self.table.connection.execute("UPDATE t SET f = ?", [text])
        return self.table.matches({"s": selection}) == [0]


@pytest.fixture(scope="module")
def matches() -> Matcher:
    return Matcher()


@SLOW
@given(text=WORDS, value=WORDS)
@example(text="100%", value="100_")
@example(text="a\\b", value="A\\B")
@example(text="it's", value="IT'S")
def test_equality_contains_and_ends_are_those_of_python(matches: Matcher, text: str, value: str) -> None:
    low, want = fold(text), fold(value)
    assert matches(text, {"f": escaped(value)}) == (low == want)
    assert matches(text, {"f|contains": escaped(value)}) == (want in low)
    assert matches(text, {"f|startswith": escaped(value)}) == low.startswith(want)
    assert matches(text, {"f|endswith": escaped(value)}) == low.endswith(want)
    assert matches(text, {"f|contains|cased": escaped(value)}) == (value in text)
    assert matches(text, {"f": [escaped(value), "never this"]}) == (low == want)


@SLOW
@given(text=WORDS, value=st.text(st.sampled_from("aAb%_^\\'*?\nÄΣ"), max_size=6))
@example(text="^%a", value="^%?")
@example(text="a%", value="?_*")
def test_wildcards_are_those_of_python(matches: Matcher, text: str, value: str) -> None:
    assert matches(text, {"f": value}) == bool(as_regex(fold(value)).fullmatch(fold(text)))
    assert matches(text, {"f|cased": value}) == bool(as_regex(value).fullmatch(text))


@SLOW
@given(text=st.text(max_size=20), value=st.text(max_size=20))
def test_a_text_matches_itself_whatever_it_holds(matches: Matcher, text: str, value: str) -> None:
    for mark in (value, text):
        if all(not "\ud800" <= char <= "\udfff" for char in mark + text):
            joined = f"{mark}{text}"
            assert matches(joined, {"f": escaped(joined)})
            assert matches(joined, {"f|contains|cased": escaped(mark)})


HOSTILE = [
    "'; DROP TABLE t; --",
    "' OR 1=1 --",
    "') OR true OR ('",
    '" OR "row" IS NOT NULL OR "',
    "\\' OR true --",
    "/* */ ' || chr(39) || '",
    "$$; SELECT 1; $$",
    "'||(SELECT 1)||'",
    "{field}{0}%s%(x)s",
    "\0' OR true",
    "\n-- x\n'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_rule_text_leaves_its_place(text: str) -> None:
    """The statement stays one SELECT with the same shape, and finds nothing that it should not."""
    table = OneTable([{"f": "harmless", "extra": "{}"}], {"f": "VARCHAR"}, extra=True)
    for selection in (
        {"f": text},
        {"f|contains": text},
        {"f|cased": text},
        {"f|re": re.escape(text).replace("\0", "x")},
        {"f": [text, "other"]},
        {f"{text.replace('|', '')}": "value"},
        {f"{text.replace('|', '')}|fieldref": "f"},
        {"f|fieldref": text},
        [text],
        {"f|base64": text},
    ):
        try:
            sql = table.sql({"s": selection})
        except SigmaError:
            continue
        (statement,) = duckdb.extract_statements(sql)
        assert statement.type == duckdb.StatementType.SELECT
        assert nodes(table, sql) == ["QUERY"]
        assert table.connection.execute(sql).fetchall() == []
    assert table.connection.execute("SELECT count(*) FROM t").fetchone() == (1,)


@pytest.mark.parametrize("text", HOSTILE)
def test_neither_mappings_nor_placeholders_nor_reasons_leave_their_place(text: str) -> None:
    """What a route's mapping says, what stands for a placeholder, and what a selection is called."""
    given: list[dict[str, Any]] = [{"f": "harmless", "extra": "{}"}]
    table = OneTable(given, {"f": "VARCHAR", "event_id": "VARCHAR"}, extra=True, placeholders={"x": [text, "other"]})
    table.connection.execute("CREATE TABLE asked_events AS SELECT 'none' AS event_id")
    name = re.sub(r"[|*?\0]", "", text)  # no column's name holds a NUL, no reference a wildcard
    rule = SigmaRule.from_dict(
        {"title": text[:200], "logsource": {"product": "p"}, "detection": {"s": {"f": "v"}, "condition": "s"}}
    )
    rule.detection = detections_of(
        {
            name: {
                "mapped": "High",
                name: text,
                "f|contains|expand": "%x%",
                "f|re|expand": "^%x%$",
                "f|fieldref": name,
            },
            "words": [text, "other"],
            "windash": {"f|windash": f" -a -b -c -d{text}"},
            "condition": "all of them",
        },
        table.values_of,
    )
    scope = Scope(table.table, {"mapped": name}, {"mapped": {"High": text}})
    condition = DuckDBBackend().condition(rule, scope)
    why = explanation(DuckDBBackend(), rule, scope, "t", "").sql
    for sql in (f"SELECT row FROM {scope.source} WHERE {condition}", why):
        (statement,) = duckdb.extract_statements(sql)
        assert statement.type == duckdb.StatementType.SELECT
        assert nodes(table, sql) == ["QUERY"]
        assert table.connection.execute(sql).fetchall() == []
    assert table.connection.execute("SELECT count(*) FROM t").fetchone() == (1,)


@pytest.fixture(scope="module")
def table() -> OneTable:
    return OneTable([{"f": "harmless", "extra": "{}"}], {"f": "VARCHAR"}, extra=True)


@SLOW
@given(value=st.text(max_size=40), name=st.text(min_size=1, max_size=20))
def test_any_text_as_value_and_field_gives_one_select(table: OneTable, value: str, name: str) -> None:
    try:
        sql = table.sql(
            {"s": {name.replace("|", ""): "v" + value}, "k": {"f|contains": "v" + value}, "condition": "s or k"}
        )
    except SigmaError:
        return
    assert len(duckdb.extract_statements(sql)) == 1
    table.connection.execute(sql)


def nodes(table: OneTable, sql: str) -> list[str]:
    """The kinds of the statements in a text, as DuckDB's own parser sees them."""
    row = table.connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    assert row is not None
    parsed = json.loads(row[0])
    assert parsed["error"] is False, parsed
    return ["QUERY" for _ in parsed["statements"]]
