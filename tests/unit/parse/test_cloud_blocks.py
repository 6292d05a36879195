"""Cloud services' logs read in blocks give the same rows, column by column, as read record by record."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.model.segment import Batch
from breachwatch.parse import parse
from breachwatch.parse.batches import Batches
from breachwatch.parse.cloud import blocks
from breachwatch.parse.driver import read_records
from breachwatch.parse.registry import parser_for
from breachwatch.settings import Limits
from tests.unit.parse.support import make_segment
from tests.unit.parse.test_cloud import CLOUDTRAIL, OKTA

_LIMITS = Limits(record_bytes=4096)
_ODD = st.sampled_from(
    [
        *(None, True, 0, -7, 1.5, 1e300, 2**63, 2**64, "", " ", "-", "Root", '{"type":"Root"}', '["a"]', "{", "[1,"),
        *({}, [], {"a": 1.0}, {"userName": ["a", "b"]}, [{"type": "Root"}], {"sessionContext": []}, {"type": {"a": 1}}),
        *({"sessionContext": {"sessionIssuer": {"userName": 5}, "attributes": None}}, "x" * 4000, "\x7f", 10**40),
    ]
)  # fmt: skip
_SETS = st.sampled_from(
    [
        *({"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com"}, {"errorCode": "AccessDenied"}),
        *({"responseElements": {"ConsoleLogin": "Failure"}, "eventName": "ConsoleLogin"}, {"@timestamp": "2026-11-22"}),
        *({"errorMessage": "Failed authentication", "additionalEventData": {"MFAUsed": "No"}}, {"eventTime": "later"}),
        *({"additionalEventData": {"MFAUsed": "Yes", "UserName": "jmeyer"}}, {"sourceIPAddress": "::ffff:203.0.113.9"}),
        *({"userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/a", "userName": "{}"}}, {"category": 1}),
        *({"sourceIPAddress": "203.0.113.9:443"}, {"eventTime": "2026-11-22T10:15:00.123456Z"}, {"EventName": "other"}),
        *({"eventTime": "1969-12-31T23:59:59Z"}, {"tlsDetails": {"a": {"b": [1, None, "c"]}}}, {"detail": {}}),
        *({"requestParameters": {"userName": " ", "roleName": 7, "bucketName": True, "limit": 0.5}}, {}, {}, {}),
    ]
)  # fmt: skip


def _changed(base: dict[str, Any], more: dict[str, Any], name: str | None, odd: Any) -> dict[str, Any]:
    record = {**base, **more}
    return record if name is None else {**record, name: odd}


_RECORDS = st.builds(
    _changed,
    st.just(CLOUDTRAIL),
    _SETS,
    st.one_of(st.none(), st.none(), st.none(), st.sampled_from(sorted(CLOUDTRAIL))),
    _ODD,
)
_TEXTS = st.one_of(
    *[_RECORDS.map(json.dumps)] * 4,
    *[_RECORDS.map(lambda record: json.dumps(record, ensure_ascii=False, separators=(",", ":")))] * 4,
    st.sampled_from([json.dumps(OKTA), '{"a": 1}', "no JSON", '{"eventName":NaN}', '"\\ud800"', "{}"]),
    st.just(json.dumps(CLOUDTRAIL)[:-1] + ',"eventName":"last","requestParameters":{"a":"\\ud800"}}'),
    st.just(json.dumps(CLOUDTRAIL)[:-1] + ',"eventName":"last"}'),
    st.just(json.dumps(CLOUDTRAIL)[:-1] + ',"requestParameters":' + '{"a":' * 60 + "1" + "}" * 61),
)


def _rows(batches: Iterable[Batch]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[pa.Table]] = {}
    for batch in batches:
        found.setdefault(batch.dataset, []).append(batch.table)
    return {name: pa.concat_tables(tables).sort_by("record_number").to_pylist() for name, tables in found.items()}


def _same(data: bytes, limits: Limits, rows: int, host: str = "") -> int:
    segment = make_segment("cloud-json", data, host=host)
    plain = Batches(segment)
    full = [plain.add(record) for record in read_records(parser_for("cloud-json"), segment, io.BytesIO(data), limits)]
    expected = _rows([*filter(None, full), *plain.rest()])
    batches = list(parse(segment, io.BytesIO(data), limits, batch_rows=rows))
    assert all(0 < batch.table.num_rows <= rows for batch in batches)
    assert _rows(batches) == expected
    return sum(map(len, expected.values()))


@settings(max_examples=50, deadline=None)
@given(
    texts=st.lists(_TEXTS, max_size=8),
    repeated=st.integers(1, 5),
    rows=st.sampled_from([1, 7, 8192]),
    host=st.sampled_from(["", "own"]),
    layout=st.sampled_from(["{}", '{{"Records":[{}]}}', "[{}]", "\ufeff{}"]),
)
def test_blocks_and_records_give_the_same_rows(
    texts: list[str], repeated: int, rows: int, host: str, layout: str
) -> None:
    between = "\n" if "[" not in layout else ","
    text = layout.format(between.join(texts * repeated))
    _same(text.encode("utf-8", "backslashreplace"), _LIMITS, rows, host)
    if "\ufeff" in layout:
        _same(text.encode("utf-16-le", "replace"), _LIMITS, rows, host)


def test_records_of_one_kind_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [
        {**CLOUDTRAIL, "eventID": str(count), "requestParameters": {"bucketName": f"b{count}", "n": count, "ok": True}}
        for count in range(300)
    ]
    records[7]["requestParameters"] = {"share": 0.5}
    alone = []
    read = blocks.read_line
    monkeypatch.setattr(blocks, "read_line", lambda *given: alone.append(given[1][0]) or read(*given))
    assert _same(json.dumps({"Records": records}).encode(), Limits(), 8192) == 300
    assert alone == [7]


def test_real_logs_give_the_same_rows(shared_logs: Path) -> None:
    records = 0
    for folder in ("aws-cloudtrail", "okta", "google-workspace"):
        for path in sorted((shared_logs / folder).rglob("*.json*")):
            data = path.read_bytes()
            records += _same(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data, Limits(), 8192)
    assert records > 500


def test_a_block_that_breaks_is_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(blocks.Calls, "columns", breaks)
    assert _same("\n".join([json.dumps(CLOUDTRAIL)] * 9).encode(), Limits(), 8192) == 9
