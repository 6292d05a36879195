"""Quick JSON gives what the standard library gives, or nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breachwatch.parse import quick_json
from breachwatch.parse.quick_json import NotQuickError

_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.integers(-(2**70), 2**70)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)
_TEXTS = st.text(alphabet='{}[]":,0123456789.eE+-truefalsn \\u\ud800d\n\x00', max_size=30)


@settings(max_examples=200, deadline=None)
@given(text=st.one_of(_VALUES.map(json.dumps), _TEXTS))
@example(text="18446744073709551616")
@example(text="-9223372036854775809")
@example(text='{"a":1,"a":2}')
@example(text="1e999")
@example(text="NaN")
@example(text="\ufeff1")
def test_what_is_read_is_what_the_standard_library_reads(text: str) -> None:
    for form in (text, text.encode("utf-8", "surrogatepass")):
        try:
            found = quick_json.read(form)
        except NotQuickError:
            continue
        expected = json.loads(text)
        assert repr(found) == repr(expected)  # repr tells 1 from 1.0 and -0.0 from 0.0


@settings(max_examples=200, deadline=None)
@given(value=_VALUES)
@example(value={"a": "".join(map(chr, range(256)))})
@example(value={"a": [1, -(2**63), 2**64 - 1, True, None, {"b": [{}]}]})
@example(value=[[[]] * 3] * 3)
def test_what_is_written_is_what_the_standard_library_writes(value: Any) -> None:
    try:
        found = quick_json.write(value)
    except NotQuickError:
        return
    assert found == json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def test_objects_of_texts_and_whole_numbers_are_written() -> None:
    value = {"a": "\x00\u00fc", "b": [1, None, True, {"c": "d"}]}
    assert json.loads(quick_json.write(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        *({"a": 1e-5}, {"a": [1.0]}, {"a": float("nan")}, {"a": "\ud800"}, {"\ud800": "a"}, {1: "a"}, {"a": 2**64}),
        *({"a": b"b"}, {"a": (1,)}, {"a": datetime(2026, 1, 1, tzinfo=UTC)}),
    ],
)
def test_other_values_are_not_written(value: Any) -> None:
    with pytest.raises(NotQuickError):
        quick_json.write(value)
