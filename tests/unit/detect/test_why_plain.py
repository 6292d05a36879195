"""Plain tests told from the values say what the rule's own query says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaRule

from breachwatch.detect.backend import DuckDBBackend, Scope
from breachwatch.detect.backend.detections import detections_of
from breachwatch.detect.why_sql import explanation
from breachwatch.detect.why_told import Explanation
from tests.unit.detect.making import OneTable

LETTERS = "aAbB k\u2013\u0130\u00df\u212a\u03a3\u00e4%_\\'\"*?-/.\n"
WORDS = st.text(st.sampled_from(LETTERS), min_size=1, max_size=5)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def table() -> OneTable:
    return OneTable([], {"event_id": "VARCHAR", "f": "VARCHAR", "g": "VARCHAR", "n": "BIGINT"})


def explained(table: OneTable, detection: Mapping[str, Any]) -> Explanation:
    document = {"title": "t", "logsource": {"product": "x"}, "detection": {"s": {"f": "v"}, "condition": "s"}}
    rule = SigmaRule.from_dict(document)
    rule.detection = detections_of(dict(detection), table.values_of)
    return explanation(DuckDBBackend(), rule, Scope(table.table), "t", "")


def told(table: OneTable, item: Explanation) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the query tells of each event that matches, and what is told without it."""
    ids = [row for (row,) in table.connection.execute("SELECT event_id FROM t").fetchall()]
    table.connection.register("asked_events", pa.table({"event_id": pa.array(ids, pa.string())}))
    by_query = {event: held for event, held, _ in table.connection.execute(item.sql).fetchall()}
    assert item.plain is not None
    rows = table.connection.execute(item.plain.sql).fetchall()
    held = item.plain.held([row[1:] for row in rows])
    return by_query, {row[0]: one for row, one in zip(rows, held, strict=True) if row[0] in by_query}


def _selections() -> st.SearchStrategy[Any]:
    how = st.sampled_from(["", "|contains", "|startswith", "|endswith", "|contains|all", "|windash|contains"])
    texts = st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=3))
    item = st.builds(lambda name, kind, value: {f"{name}{kind}": value}, st.sampled_from("fg"), how, texts)
    maps = st.lists(item, min_size=1, max_size=2).map(lambda items: {k: v for one in items for k, v in one.items()})
    return st.one_of(maps, st.lists(maps, min_size=1, max_size=2))


def _row(number: int, values: Sequence[str | None], words: Sequence[str]) -> dict[str, Any]:
    """An event with the rule's own words in another case, now and then far in."""
    f, g = values
    word = words[number % len(words)] if words else ""
    long = "ab " * 90 if number % 3 == 0 else ""
    return {"event_id": f"e{number}", "f": f and f + word.swapcase() + long, "g": g and long + word + g}


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [word for item in (value.values() if isinstance(value, dict) else value) for word in _words(item)]


CONDITIONS = st.sampled_from(["a", "a and b", "a or b", "1 of them", "a and not c", "not (not a and not b)"])


@SLOW
@given(
    a=_selections(),
    b=_selections(),
    c=_selections(),
    condition=CONDITIONS,
    drawn=st.lists(st.tuples(st.one_of(st.none(), WORDS), st.one_of(st.none(), WORDS)), min_size=1, max_size=6),
)
@example(a={"f|contains": "a"}, b={"g": "x"}, c={"g": "x"}, condition="a", drawn=[("\u0130A", None)])
@example(a=[{"f": "b", "g": "b"}, {"f": "a"}], b={"g": "x"}, c={"g": "x"}, condition="a", drawn=[("a", "b")] * 4)
def test_what_is_told_is_what_the_query_tells(
    table: OneTable, a: Any, b: Any, c: Any, condition: str, drawn: list[tuple[str | None, str | None]]
) -> None:
    item = explained(table, {"a": a, "b": b, "c": c, "condition": condition})
    table.fill(_row(number, values, _words([a, b])) for number, values in enumerate(drawn))
    if item.plain is not None:
        by_query, without = told(table, item)
        assert without == by_query


@pytest.mark.parametrize(
    ("selection", "plain"),
    [
        ({"f|contains": "Evil", "g": ["one", "TWO"]}, True),
        ([{"f|startswith": "x"}, {"g|endswith|windash": " -a"}], True),
        ({"f": "a*b"}, False),
        ({"f|re": "ab"}, False),
        ({"f|cased": "ab"}, False),
        ({"f|neq": "ab"}, False),
        ({"f": None}, False),
        ({"f": ""}, False),
        ({"f|contains": "\u00e4"}, False),
        ({"n": 3}, False),
        ({"f|fieldref": "g"}, False),
        (["keyword"], False),
    ],
)
def test_which_tests_are_plain(table: OneTable, selection: Any, plain: bool) -> None:
    item = explained(table, {"s": selection, "condition": "s"})
    assert (item.plain is not None) is plain


def test_parts_of_a_selection_that_do_not_hold_tell_nothing(table: OneTable) -> None:
    item = explained(table, {"s": [{"f|contains": "one", "g": "no"}, {"f|contains": "TWO"}], "condition": "s"})
    table.fill([{"event_id": "e", "f": "one and Two", "g": None}])
    by_query, without = told(table, item)
    assert without == by_query == {"e": [{"test": 3, "value": "one and Two", "found": "Two"}]}
