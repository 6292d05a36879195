"""Records found many at once are those that the scanner finds step by step."""

from __future__ import annotations

import json
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breachwatch.collect import json_records
from breachwatch.collect.json_records import ENVELOPES, JsonRecords, Span
from breachwatch.collect.json_runs import plain_run

PIECES = st.sampled_from(
    [
        *("{", "}", "{}", "[", "]", ",", ":", '"', "\\", '\\"', "\\\\", "\n", "\r\n", " ", "\t", "\0", "\f", "x", "1"),
        *("\ufeff", "{{", "{ {", "\n{", '{"a":1}', '{"a":{"b":"}"}}\n', '{"a":"\\""}', '{"a":"\\\\"},', '{"a":\n1}'),
        *('{"a":"\n"}', '{"a":\\"b"}', '{"Records":[', '{"k":1,"value":[', "]}", '],"next":null}', "text", '"a{b"'),
        *("{" * 12 + "}" * 12, "{" * 13 + "}" * 13, '{"a":' * 12 + "1" + "}" * 12, '{"a":' * 13 + "1" + "}" * 13),
    ]
)


def found(data: bytes, cuts: list[int], *, runs: bool) -> tuple[list[Span], int, int, bool, Span | None]:
    with mock.patch.multiple(json_records, _FEW=0, _TRIES=4 if runs else 0):
        scanner = JsonRecords(0)
        edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        spans = [span for begin, end in pairwise(edges) for span in scanner.feed(data[begin:end])]
        return spans, scanner.settled, scanner.boundary, scanner.waiting, scanner.close()


@settings(max_examples=500, deadline=None)
@given(pieces=st.lists(PIECES, max_size=25), cuts=st.lists(st.integers(0, 400), max_size=4))
@example(pieces=['{"a":1}', "\\", '{"b":"}"}'], cuts=[])
@example(pieces=['{"a":1}', ",", '{"Records":[', '{"a":1}', "]}"], cuts=[])
@example(pieces=["{", "\\", '"', "}", '{"a":1}', '"'], cuts=[])
def test_runs_find_what_steps_find(pieces: list[str], cuts: list[int]) -> None:
    data = "".join(pieces).encode()
    assert found(data, cuts, runs=True) == found(data, cuts, runs=False)


@pytest.mark.parametrize("separator", ["\n", ",", ",\n", "\r\n", "\n\n"])
def test_plain_records_are_one_run(separator: str) -> None:
    records = [{"n": number, "text": 'a "}" \\ and \u00fc', "in": {"list": [{}, "{"]}} for number in range(50)]
    data = separator.join(map(json.dumps, records)).encode()
    spans = plain_run(data, 0)
    assert [json.loads(data[start:end]) for start, end in spans] == records


@pytest.mark.parametrize("name", [name.decode() for name in ENVELOPES])
def test_an_envelope_is_no_record(name: str) -> None:
    data = (json.dumps({"a": 1}) + "\n" + json.dumps({"kind": "x", name: [{"b": 2}, {"c": 3}]}) + "\n").encode()
    spans = found(data, [], runs=True)[0]
    assert [data[start:end] for start, end in spans] == [b'{"a": 1}', b'{"b": 2}', b'{"c": 3}']
