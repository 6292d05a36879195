"""Bounds never lose an event: whatever a rule's SQL matches is among the candidates of its bound."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from breachwatch.detect.backend import DuckDBBackend, Scope
from breachwatch.detect.backend.detections import detections_of
from breachwatch.detect.candidates import _Aside
from breachwatch.detect.prune import columns, distinct, literals, lowering, rows, sifting, templates
from breachwatch.detect.prune.bounds import Every, Leaf, Some, every, from_json, leaves, some, to_json
from breachwatch.detect.prune.expressions import expression_bound
from breachwatch.detect.prune.extracting import bound_of
from breachwatch.detect.prune.scanning import Bytes
from breachwatch.detect.prune.sifting import Reach, Sieve
from tests.unit.detect.making import OneTable

SCHEMA = {"f": "VARCHAR", "g": "VARCHAR", "n": "BIGINT"}
LETTERS = "aAbBkKsSiI\u0130\u00df\u212a\u017f\u03a3\u03c2\u00e4\u00c4%_\\'\"*?-/. \n019\u6f22"
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class _Kept(_Aside):
    """Collects candidates instead of storing them."""

    def __init__(self, table: OneTable) -> None:
        super().__init__(table.connection, table.table)
        self.rows: set[int] = set()

    def keep(self, reach: Reach, events: pa.Table) -> None:
        assert reach in (Reach.FEW, Reach.SOME)
        self.rows.update(events['"row"'].to_pylist())


def compiled(table: OneTable, detection: Mapping[str, Any]) -> tuple[str, Any]:
    """The SQL of a rule and its bound."""
    document = {"title": "t", "logsource": {"product": "x"}, "detection": {"s": {"f": "v"}, "condition": "s"}}
    rule = SigmaRule.from_dict(document)
    rule.detection = detections_of(dict(detection), table.values_of)
    scope = Scope(table.table)
    backend = DuckDBBackend()
    condition = backend.condition(rule, scope)
    bound = bound_of(rule, scope, backend)
    assert from_json(to_json(bound)) == bound
    return f"SELECT row FROM {scope.source} WHERE {condition}", bound


def candidates(table: OneTable, bounds: Sequence[Any]) -> tuple[set[int], list[Reach]]:
    """The rows that are candidates of some bounds, and how far each reaches."""

    def lower(values: Any) -> Any:
        with table.connection.cursor() as cursor:
            cursor.register("asked", pa.table({"value": values}))
            found = cursor.sql("SELECT lower(value) AS value FROM asked").to_arrow_table()["value"]
            return pa.concat_arrays(found.chunks) if found.num_chunks else pa.array([], pa.string())

    texts = sorted({str(value) for bound in bounds for leaf in leaves(bound) for value in leaf.values})
    lowered = dict(zip(texts, lower(pa.array(texts, pa.string())).to_pylist(), strict=True))
    joined = {table.table.searched_text: table.table.searched}
    sought: dict[str, columns.Sought] = {}
    plans = [None if bound is None else rows.plan(bound, sought, lowered, joined) for bound in bounds]
    with table.connection.cursor() as cursor:
        batch = cursor.sql("SELECT * FROM t ORDER BY row").to_arrow_table().combine_chunks()
    kept = _Kept(table)
    sieve = Sieve(plans, sought, {})
    sifted = sieve.sift([batch.rename_columns([f'"{name}"' for name in batch.column_names])], kept, lower)
    return kept.rows, sifted.reach


@pytest.fixture(scope="module")
def table() -> OneTable:
    return OneTable([], SCHEMA, extra=True)


@pytest.fixture(params=["as it is", "every text is common", "values have templates"])
def _common(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with every text taken for a common one, and values taken as they come; and with digits looked past."""
    if request.param == "values have templates":
        monkeypatch.setattr(templates, "_LEAST_BYTES", 0)
        monkeypatch.setattr(templates, "_MOST", 1)
    if request.param == "every text is common":
        monkeypatch.setattr(literals, "_COMMON_VALUES", 0)
        monkeypatch.setattr(literals, "_COMMON_SHARE", 0)
        monkeypatch.setattr(literals, "_FIRST_BYTES", 4)
        monkeypatch.setattr(rows, "_FEW", 0)
        monkeypatch.setattr(distinct, "_SAMPLE", 1)


WORDS = st.text(st.sampled_from(LETTERS), min_size=0, max_size=6)
PLAIN = ("", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|windash|contains", "|neq")
ENCODED = ("|base64", "|base64offset|contains", "|wide|base64offset|contains", "|utf16le|contains")


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "^$.*+?()[]{}|\\" else char for char in text)


def _expressions() -> st.SearchStrategy[str]:
    pieces = st.one_of(
        WORDS.filter(bool).map(_escaped),
        st.sampled_from(
            [
                ".",
                ".*",
                "[ab]",
                "[ab]{1}",
                "[^k]+",
                r"\d",
                r"\s?",
                r"\n",
                "[ -/]",
                "(?:a|bk)",
                "(si)?",
                "(as)+",
                "b{2}",
                "a*",
                "^",
                "x|",
                r"\.",
            ]
        ),
    )
    return st.tuples(st.sampled_from(["", "(?i)", "(?s)"]), st.lists(pieces, min_size=1, max_size=4)).map(
        lambda made: made[0] + "".join(made[1])
    )


def _items() -> st.SearchStrategy[dict[str, Any]]:
    field = st.sampled_from(["f", "g", "m", "o.p"])
    texts = st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=3))
    numbers = st.sampled_from([0, 1, 11, -1, 1.5])
    return st.one_of(
        st.builds(lambda name, how, value: {f"{name}{how}": value}, field, st.sampled_from(PLAIN + ENCODED), texts),
        st.builds(
            lambda name, how, value: {f"{name}|re{how}": value}, field, st.sampled_from(["", "|i"]), _expressions()
        ),
        st.builds(lambda name, value: {name: value}, st.sampled_from(["n", "f", "m"]), numbers),
        st.sampled_from(
            [{"f": None}, {"g": ""}, {"f|exists": True}, {"m|exists": False}, {"n|gt": 1}, {"f|fieldref": "g"}]
        ),
        st.sampled_from([{"f|cidr": "1.0.0.0/8"}, {"f": True}]),
    )


def _selections() -> st.SearchStrategy[Any]:
    maps = st.lists(_items(), min_size=1, max_size=2).map(
        lambda items: {k: v for item in items for k, v in item.items()}
    )
    keywords = st.lists(WORDS.filter(bool), min_size=1, max_size=3)
    return st.one_of(
        maps, st.lists(maps, min_size=1, max_size=2), keywords, keywords.map(lambda words: {"|all": words})
    )


CONDITIONS = st.sampled_from(
    [
        "a",
        "a and b",
        "a or b",
        "a and not c",
        "not a",
        "(a or b) and not c",
        "1 of them",
        "all of them",
        "a and (b or not c)",
    ]
)
ROWS = st.lists(st.lists(st.one_of(st.none(), WORDS, WORDS), min_size=5, max_size=5), min_size=1, max_size=8)


def _row(values: Sequence[str | None], words: Sequence[str]) -> dict[str, Any]:
    """A row of drawn texts, and now and then of the rule's own, in another case and with something around."""
    f, g, m, p, n = values
    f = f if f is None or not words else (f[:1] + words[len(f) % len(words)].swapcase() + f[1:])
    g = words[0] if g == "" and words else g
    member = {key: value for key, value in (("m", m), ("o", None if p is None else {"p": p})) if value is not None}
    number = None if n is None else len(n) * (-1 if "k" in n else 11 if "s" in n else 1)
    return {"f": f, "g": g, "n": number, "extra": json.dumps(member, ensure_ascii="a" in (m or "")) if member else None}


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)


@pytest.mark.usefixtures("_common")
@SLOW
@given(a=_selections(), b=_selections(), c=_selections(), condition=CONDITIONS, drawn=ROWS)
@example(a={"f|re|i": "sik"}, b=["x"], c=["x"], condition="a", drawn=[["\u017fi\u212a"] + [None] * 4])
@example(a={"f|re|i": "[k-m]{16}"}, b=["x"], c=["x"], condition="a", drawn=[["\u212aLm" * 8] + [None] * 4])
@example(a={"f|re|i": "[a-c]{16}"}, b=["x"], c=["x"], condition="a", drawn=[["aBc" * 8] + [None] * 4])
@example(a={"f|re": "[A\u00e4]{16}"}, b=["x"], c=["x"], condition="a", drawn=[["A\u00e4" * 9] + [None] * 4])
@example(a=["x"], b={"|re": "[^b]{16}"}, c=["x"], condition="b", drawn=[["a" * 9, "a" * 9, None, None, None]])
@example(a={"f|contains": "\u0130"}, b=["x"], c=["x"], condition="a", drawn=[["i"] + [None] * 4])
@example(a=["a\nb"], b=["x"], c=["x"], condition="a", drawn=[["a", "b", None, None, None]])
def test_what_matches_is_a_candidate(
    table: OneTable, a: Any, b: Any, c: Any, condition: str, drawn: list[list[str | None]]
) -> None:
    detection = {"a": a, "b": b, "c": c, "condition": condition}
    words = [word for word in _words([a, b]) if len(word) > 1]
    try:
        sql, bound = compiled(table, detection)
    except SigmaError:
        return
    table.fill([_row(values, words) for values in drawn])
    exact = {row for (row,) in table.connection.execute(sql).fetchall()}
    found, (reach,) = candidates(table, [bound])
    assert reach is Reach.ALL or exact <= found


@pytest.mark.parametrize(
    ("expression", "least", "chars"),
    [
        (r"\s[a-fA-F0-9]{64}\s[a-fA-F0-9]{16}", [64, 16], "0123456789abcdef"),
        ("(.){200,}", [200], ""),
        (".{1000,}", [1000], ""),
        ("[^/]{100,}$", [100], ""),
        ("(?:[a-z]{10}|[0-9]{12}){2}", [20], ""),
        ("[\u00e4b]{20}", [20], ""),
        ("(?i)[a-z]{20}", [20], ""),  # the long s and the Kelvin sign are letters, too
        ("(?i)[bc]{20}", [20], "bc"),
        ("[a-z]{15}", [], ""),
        ("([a-z]{20})?", [], ""),
    ],
)
def test_runs_of_regular_expressions(expression: str, least: list[int], chars: str) -> None:
    found = [leaf.values for leaf in leaves(expression_bound(expression, "t")) if leaf.kind == "run"]
    assert found == [(str(number), chars) for number in least]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("abc", ["abc"]),
        ("ab+c", ["ab"]),
        ("abc?de", ["ab", "de"]),
        (r"a\.b\\c", [r"a.b\c"]),
        ("foo(bar)?baz", ["foo", "baz"]),
        ("foo(bar)baz", ["foo", "bar", "baz"]),
        ("(?:foo|bar)", ["foo", "bar"]),
        ("foo[xyz]bar", ["fooxbar", "fooybar", "foozbar"]),
        ("(?i)mask", ["ma"]),
        ("foo{2,3}bar", ["foo", "bar"]),
        ("^foo$", ["foo"]),
        ("[]a]foo[^]b]", ["]foo", "afoo"]),
        ("[[:alpha:]x]foo", ["foo"]),
        ("(?i:x)foo", ["foo"]),
        (r"\\[a-z]{1,32}\.[ '\"]{1}", ["\\", '."', ".'", ". "]),
        (r"a[0-3]{2}b", ["a0", "a1", "a2", "a3"]),
        (r"\n\n\tx", ["\n\n\tx"]),
        ("(?i)x[ks]ab", ["ab"]),
        (r"foo[\d-]{2,}bar", ["foo-", *(f"foo{number}" for number in range(10)), "bar"]),
    ],
)
def test_texts_of_regular_expressions(expression: str, expected: list[str]) -> None:
    bound = expression_bound(expression, "t")
    assert sorted(str(value) for leaf in leaves(bound) for value in leaf.values) == sorted(expected)


@pytest.mark.parametrize(
    "expression",
    ["foo|", "a", r"\x41bc", r"\pLfoo", r"\Qfoo\E", "(?=foo)", "foo**", "(foo", "foo)", "[foo", "x*", "(foo)?"],
)
def test_expressions_without_a_bound(expression: str) -> None:
    assert expression_bound(expression, "t") is None


@SLOW
@given(
    values=st.lists(st.text("ab \u00e4", max_size=40), max_size=8),
    text=st.text("ab \u00e4", min_size=1, max_size=4),
    skipped=st.integers(0, 3),
)
@example(values=["a" * 16, "b" * 7 + "a" * 16, "a" * 8, "a" * 8], text="a", skipped=0)
def test_bytes_of_many_values_are_looked_through(values: list[str], text: str, skipped: int) -> None:
    scanned = Bytes(pa.array(values, pa.string()).slice(skipped))
    values = values[skipped:]
    assert scanned.holding(text.encode()).tolist() == [text in value for value in values]
    for chars, pattern in (("a", "a{16}"), ("ab", "[ab]{16}"), ("", "(?s).{16}")):
        held = scanned.runs(16, chars.encode())
        assert all(may for may, value in zip(held, values, strict=True) if re.search(pattern, value))
    assert not scanned.runs(16, b"b").any() or any("b" * 8 in value for value in values)


@given(
    parts=st.lists(st.lists(st.text("aZ@[`\u00c4\u0130\u212a", max_size=9), max_size=4), max_size=4),
    skipped=st.integers(0, 2),
)
@example(parts=[["A" * 70_000, "B"], [], ["\u00c4B"]], skipped=1)
@settings(max_examples=50)
def test_texts_of_several_arrays_in_lower_case(parts: list[list[str]], skipped: int) -> None:
    arrays = [pa.array(part, pa.string()).slice(min(skipped, len(part))) for part in parts]
    expected = [value for array in arrays for value in pc.utf8_lower(array).to_pylist()]
    assert lowering.lowered(arrays, pc.utf8_lower).to_pylist() == expected


@given(
    chunks=st.lists(st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=5), min_size=1, max_size=4),
    data=st.data(),
)
@settings(max_examples=50)
def test_values_of_some_events(chunks: list[list[str | None]], data: st.DataObject) -> None:
    values = [value for chunk in chunks for value in chunk]
    events = data.draw(st.lists(st.sampled_from(range(len(values))), unique=True)) if values else []
    for kind in (pa.dictionary(pa.int32(), pa.string()), pa.string()):
        column = pa.chunked_array([pa.array(chunk, kind) for chunk in chunks])
        found = distinct.taken(column, np.array(events, np.int64))
        assert found.to_pylist() == [values[event] for event in events]


@given(
    values=st.lists(st.text("a019", max_size=5), unique=True, max_size=12),
    texts=st.lists(
        st.tuples(st.text("a019", min_size=1, max_size=3), st.sampled_from(["has", "starts", "ends"])), max_size=6
    ),
    share=st.sampled_from([0.0, 1.0]),
)
@settings(max_examples=100)
def test_templates_of_values_lose_and_add_nothing(
    values: list[str], texts: list[tuple[str, Any]], share: float
) -> None:
    holds = {"has": str.__contains__, "starts": str.startswith, "ends": str.endswith}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "_LEAST_BYTES", 0)
        patch.setattr(templates, "_MOST", 1)
        patch.setattr(literals, "_COMMON_VALUES", 0)
        patch.setattr(literals, "_COMMON_SHARE", share)
        found = literals.Texts(texts).find(pa.array(values, pa.string()))
    for number, (text, place) in enumerate(texts):
        expected = [at for at, value in enumerate(values) if holds[place](value, text)]
        if number in found.common:
            assert np.flatnonzero(found.holding(number)).tolist() == expected
        elif number in found.hits:
            assert found.ids(number).tolist() == expected
            assert set(expected) <= set(found.may(number).tolist())
        else:
            assert not expected


def test_bounds_put_together() -> None:
    one, other, number = Leaf("has", "f", ("x",)), Leaf("has", "f", ("y",)), Leaf("num", "n", (1,))
    assert every([one, None]) == one
    assert every([None]) is None
    assert some([one, None]) is None
    assert some([one, other]) == Leaf("has", "f", ("x", "y"))
    assert some([one, number, other]) == Some((Leaf("has", "f", ("x", "y")), number))
    assert every([every([one, number]), other]) == Every((one, number, other))


def test_common_texts_and_many_values(table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds over a thousand values: few candidates of a rare text beside a common one, all of them right."""
    monkeypatch.setattr(sifting, "_FEW_ROWS", 64)
    monkeypatch.setattr(sifting, "_SOME_ROWS", 100)
    table.fill(
        {"f": f"c:\\windows\\tool{n}.exe /x{n % 50}", "g": "a" if n % 10 else "B", "n": n % 7} for n in range(1000)
    )
    rules = [
        {"s": {"f|contains": "windows", "g": "b"}, "condition": "s"},
        {"s": {"f|contains": ["/X49", "nothing"]}, "condition": "s"},
        {"s": {"f|endswith": "nothing"}, "condition": "s"},
        {"s": {"f|contains|all": ["windows", ".exe"], "n": 3}, "condition": "s"},
        {"s": {"f|contains": "windows"}, "condition": "not s"},
    ]
    made = [compiled(table, rule) for rule in rules]
    found, reaches = candidates(table, [bound for _, bound in made])
    assert reaches == [Reach.SOME, Reach.FEW, Reach.NONE, Reach.ALL, Reach.NONE]
    for (sql, _), reach in zip(made, reaches, strict=True):
        exact = {row for (row,) in table.connection.execute(sql).fetchall()}
        assert reach is Reach.ALL or exact <= found
