"""EVTX read in blocks gives the same rows, column by column, as EVTX read record by record."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breachwatch.model.segment import Batch, Segment
from breachwatch.parse import evtx_blocks, parse
from breachwatch.parse.batches import Batches
from breachwatch.parse.evtx import Found, found_records, record_of
from breachwatch.parse.evtx_records import Span
from breachwatch.settings import Limits
from tests.unit.parse.support import make_segment

_GUID = "54849625-5478-4994-A5BA-3E3B0328C30D"
_HOSTILE = st.sampled_from(
    [None, True, False, 0, 1, -5, 1.5, 2**63, 2**64, 10**25, [], ["a", 1], {}, {"b": {"c": "d"}}, {"#text": "x"}, _GUID]
)
_TEXT = st.one_of(
    st.sampled_from(["", "-", "N/A", "a\r\nb", "a\rb", "C:\\run", 'a "b"', "\x01", "ä\u2028", "0x3e7", "x" * 300, "x"]),
    st.sampled_from(["203.0.113.9", "::ffff:203.0.113.9", "LOCAL", "jmeyer", "CITY\\jmeyer", "j@CITY.LAN", "running"]),
    st.sampled_from(["0xc000006d", "0x0", "0x12", "S-1-5-18", "445", "70000", "{" + _GUID + "}", _GUID]),
)  # fmt: skip
_NAMES = (
    *("SubjectUserSid", "SubjectUserName", "SubjectDomainName", "TargetUserSid", "TargetUserName", "TargetDomainName"),
    *("IpAddress", "IpPort", "SourceIp", "SourcePort", "Status", "SubStatus", "FailureCode", "LogonType", "LogonGuid"),
    *("param1", "param2", "User", "Image", "ProcessGuid", "Version", "ThreadID", "Channel", "Own", "OwnGuid", "Data"),
    *("#text", "#attributes", "Own_attributes", "host", "extra", "EventID"),
)
_DATA = st.one_of(
    st.none(),
    st.just("text"),
    *[st.dictionaries(st.sampled_from(_NAMES), st.one_of(_TEXT, _TEXT, _TEXT, _HOSTILE), max_size=5)] * 4,
)
_TIMES = ["2021-04-22T11:32:03.549477Z", "2021-04-22T11:32:03Z", "1601-01-01T00:00:00.000000Z", "no time", "", None]
_TIMES += ["2021-04-22 11:32:03.549477Z", "2021-02-30T11:32:03.549477Z", "0000-01-01T00:00:00.000000Z"]
_ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "Provider": st.sampled_from(
        [
            {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing", "Guid": _GUID}},
            {"#attributes": {"Name": "Service Control Manager", "EventSourceName": "Old"}},
            {"#attributes": {"EventSourceName": "Old"}},
            "Test",
            None,
        ]
    ),
    "EventID": st.sampled_from(
        [
            *(4624, 4624, 4625, 4688, 4768, 4776, 4720, 7036, 1, 3, "4625", None, 2**70),
            *({"#attributes": {"Qualifiers": 16384}, "#text": 7036}, {"#text": 4688}),
        ]
    ),
    "Version": st.sampled_from([0, 2, "1", None]),
    "Level": st.sampled_from([0, 0, 0, 0, 4, 4, 4, "2", True, 2**63]),
    "Task": st.sampled_from([12544, "0"]),
    "Opcode": st.just(0),
    "Keywords": st.sampled_from(["0x8020000000000000", "0x8010000000000000", "", None, 5]),
    "TimeCreated": st.sampled_from(
        [{"#attributes": {"SystemTime": text}} for text in _TIMES[:1] * 9 + _TIMES] + [None]
    ),
    "EventRecordID": st.sampled_from([*range(1, 9), "3", "3", None]),
    "Correlation": st.sampled_from([None, None, {"#attributes": {"ActivityID": _GUID, "RelatedActivityID": "x"}}]),
    "Execution": st.sampled_from(
        [
            *[{"#attributes": {"ProcessID": 4, "ThreadID": 7}}] * 9,
            *({"#attributes": {"ProcessID": "4", "ThreadID": 'a"b'}}, None, {"#text": ""}),
        ]
    ),
    "Channel": st.sampled_from(
        ["Security", "Security", "System", "Microsoft-Windows-Sysmon/Operational", "security", "Own", None, ""]
    ),
    "Computer": st.sampled_from(["dc01", "", None, "ä"]),
    "Security": st.sampled_from([None, {"#attributes": {"UserID": "S-1-5-18"}}]),
}
_SHUFFLED = st.fixed_dictionaries(_ELEMENTS)
_SYSTEMS = st.one_of(_SHUFFLED, *[_SHUFFLED.map(lambda system: {name: system[name] for name in _ELEMENTS})] * 5)
_EVENTS = st.builds(
    lambda system, data, more: {"Event": {"#attributes": {}, "System": system, "EventData": data, **more}},
    _SYSTEMS,
    _DATA,
    st.one_of(
        *[st.just({})] * 8,
        st.just({"UserData": {"EventXML": {"#attributes": {"xmlns": "x", "Kind": "y"}, "Param1": "jmeyer", "Own": 7}}}),
        st.just({"RenderingInfo": {"Message": "text"}}),
    ),
)
_REPLACED = [
    ('"Channel":', '"EventRecordID":9,"Channel":'),
    (',"EventData":', ',"EventRecordID":9,"EventData":'),
    ('},"EventData":', ',"EventRecordID":8},"EventData":'),
    (',"EventData":', ',"System":{},"EventData":'),
    (',"EventData":', ',"EventData":{"param1":"first"},"EventData":'),
    ('"System":{', '"System":{"X":{'),
    ('"Provider":', '"TimeCreated":{"#attributes":{"SystemTime":"2021-04-22T11:32:03.549477Z"}},"Provider":'),
    ('"Provider":', '"Execution":{"#attributes":{"ProcessID":4,"ThreadID":5}},"Provider":'),
    ('"Channel":', '"Execution":{"#attributes":{"ProcessID":4,"ThreadID":5}},"Channel":'),
    (',"Correlation":null,"Execution":{"#attributes":{"ProcessID":4,"ThreadID":7}}', ""),
]
_COMPACT = _EVENTS.map(lambda event: json.dumps(event, ensure_ascii=False, separators=(",", ":")))
_TEXTS = st.one_of(
    *[_COMPACT] * 6,
    *[st.builds(lambda text, pair: text.replace(*pair), _COMPACT, st.sampled_from(_REPLACED))] * 2,
    _COMPACT.map(lambda text: text[:-2] + ',"UserData":{"Own":1}}}'),
    _COMPACT.map(lambda text: text + " "),
    st.sampled_from(["", "{", "[]", "1", '"Event"', '{"Event": []}', '{"Event": {"System": 1}}', '"\\ud800"']),
    st.just('{"Event":{"System":{"EventID":1},"EventData":' + '{"a":' * 40 + "1" + "}" * 42),
    st.just('{"Event":{"System":{"EventID":1,"EventID":2},"EventData":{"a":"1","b":NaN,"a":"2"}}}'),
)  # fmt: skip


def _tables(batches: Iterable[Batch]) -> dict[str, pa.Table]:
    """The rows of each dataset in the order of their records."""
    found: dict[str, list[pa.Table]] = {}
    for batch in batches:
        found.setdefault(batch.dataset, []).append(batch.table)
    return {name: pa.concat_tables(tables).sort_by("record_number") for name, tables in found.items()}


def _one_by_one(segment: Segment, records: Iterable[Found]) -> list[Batch]:
    plain = Batches(segment)
    full = [plain.add(record_of(segment, number, found)) for number, found in enumerate(records, segment.first_record)]
    return [*filter(None, full), *plain.rest()]


def _same(segment: Segment, records: list[Found], rows: int) -> None:
    batches = list(evtx_blocks.batches_of(segment, records, rows))
    assert all(0 < batch.table.num_rows <= rows for batch in batches)
    found, expected = _tables(batches), _tables(_one_by_one(segment, records))
    assert {name: table.to_pylist() for name, table in found.items()} == {
        name: table.to_pylist() for name, table in expected.items()
    }


def _found(texts: list[str | None]) -> list[Found]:
    """As if these texts had been decoded; None for bytes that are no record."""
    return [
        Found(100 * at, b"x" * (at % 7), None if text is None else Span(0, 1, 1000 + at, at * 10**17), text, "damaged")
        for at, text in enumerate(texts)
    ]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.one_of(*[_TEXTS] * 9, st.none()), max_size=8),
    repeated=st.integers(1, 3),
    rows=st.sampled_from([1, 7, 8192]),
    host=st.sampled_from(["", "own"]),
)
@example(
    texts=['{"Event":{"System":{"EventID":' + "9" * 19 + "}}}", '{"Event":{"System":{}}}'], repeated=1, rows=8, host=""
)
@example(
    texts=[
        '{"Event":{"System":{"EventID":4688,"Channel":"Security"},"EventData":{"SubjectUserName":"a"}}}',
        '{"Event":{"System":{"EventID":4624,"Channel":"Security"},"EventData":{"User":"b"}}}',
    ],
    repeated=2,
    rows=8,
    host="",
)
def test_blocks_and_records_give_the_same_rows(texts: list[Any], repeated: int, rows: int, host: str) -> None:
    _same(make_segment("evtx", b"", host=host), _found(texts * repeated), rows)


def test_real_logs_give_the_same_rows_and_are_read_together(shared_logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = []
    monkeypatch.setattr(
        evtx_blocks, "record_of", lambda *found: alone.append(isinstance(found[2].text, str)) or record_of(*found)
    )
    records = 0
    for path in sorted(shared_logs.rglob("*.evtx")):
        data = path.read_bytes()
        segment = make_segment("evtx", data)
        expected = _tables(_one_by_one(segment, found_records(io.BytesIO(data), 0)))
        found = _tables(parse(segment, io.BytesIO(data), Limits()))
        assert found.keys() == expected.keys()
        assert all(found[name].equals(expected[name]) for name in found), path
        records += sum(table.num_rows for table in found.values())
    assert records > 10_000
    assert sum(alone) < 50


def test_a_block_that_breaks_is_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps({"Event": {"System": {"EventID": 4624, "Channel": "Security"}, "EventData": {"IpPort": "7"}}})

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(evtx_blocks, "Events", breaks)
    _same(make_segment("evtx", b""), _found([text, None, text]), 8192)
