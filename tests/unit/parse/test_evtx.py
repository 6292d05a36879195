"""EVTX files: every record a row or a reject with its bytes, also where the file is damaged."""

from __future__ import annotations

import io
import json
import re
import struct
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachwatch.model.datasets import DATASETS
from breachwatch.model.segment import Segment
from breachwatch.parse.base import Rejected, Row
from breachwatch.parse.evtx import parse_evtx
from breachwatch.parse.evtx_records import CHUNK, FILE_HEADER, RECORD_MAGIC, read_chunks
from breachwatch.parse.windows_event import event_row
from breachwatch.parse.windows_evtx_json import from_evtx_json
from breachwatch.parse.windows_xml import from_xml
from breachwatch.settings import Limits

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
SMALL = "windows-evtx/evtx/Security_short_selected.evtx"


def parse(data: bytes, after: int = 0) -> list[Row | Rejected]:
    segment = Segment("seg", "win", "log", "Security.evtx", "evtx", 0, len(data), 1, NOW, NOW, "UTC", "", after)
    return list(parse_evtx(segment, io.BytesIO(data), Limits()))


def rows(found: list[Row | Rejected]) -> list[Row]:
    return [item for item in found if isinstance(item, Row)]


@cache
def truth(folder: Path) -> dict[str, dict[str, object]]:
    lines = (folder / "_truth" / "evtx_counts.jsonl").read_text(encoding="utf-8").splitlines()
    return {item["file"]: item for item in map(json.loads, lines)}


def record_id(raw: bytes) -> int:
    return int(struct.unpack_from("<Q", raw, 8)[0])


def written(raw: bytes) -> int:
    return int(struct.unpack_from("<Q", raw, 16)[0])


def test_every_file_gives_the_records_that_other_tools_count(shared_logs: Path) -> None:
    assert len(truth(shared_logs)) > 100
    for name, expected in truth(shared_logs).items():
        data = (shared_logs / name).read_bytes()
        found = parse(data)
        by_event = Counter(f"{row.values.get('Channel')}/{row.values['EventID']}" for row in rows(found))
        if name.endswith("sample_with_a_bad_chunk_magic.evtx"):
            # The other tool gave up at the first bad chunk; its last record was one that it could not decode.
            assert by_event["Microsoft-Windows-AppXDeployment/Operational/325"] == 298
        else:
            assert by_event == expected["by_event"], name
        assert [item.record_number for item in found] == list(range(1, len(found) + 1))
        for row in rows(found):
            raw = data[row.byte_offset : row.byte_offset + row.byte_length]
            assert raw.startswith(RECORD_MAGIC)
            # An export numbers its records anew; EventRecordID keeps the number of the original log.
            assert row.position == "/".join(
                [row.values["Channel"], row.values["Computer"], str(record_id(raw)), str(written(raw))]
            )
            assert int.from_bytes(raw[-4:], "little") == len(raw) == row.byte_length


def test_damage_is_counted_with_its_bytes_and_place(shared_logs: Path) -> None:
    data = (shared_logs / "windows-evtx/evtx/sample_with_a_bad_chunk_magic.evtx").read_bytes()
    rejects = [item for item in parse(data) if isinstance(item, Rejected)]
    assert len(rejects) == 5
    assert all(data[item.byte_offset : item.byte_offset + item.byte_length] == item.raw for item in rejects)
    assert "chunk at offset 397312 is damaged: it does not start with the chunk signature" in [
        r.reason for r in rejects
    ]


def test_records_landed_before_are_neither_rows_nor_rejects(shared_logs: Path) -> None:
    data = (shared_logs / SMALL).read_bytes()
    everything = parse(data)
    ids = sorted(record_id(data[row.byte_offset :]) for row in rows(everything))
    assert len(ids) == 7
    new = parse(data, after=ids[3])
    assert sorted(record_id(data[row.byte_offset :]) for row in rows(new)) == ids[4:]
    assert {row.position for row in rows(new)} <= {row.position for row in rows(everything)}
    assert parse(data, after=ids[-1]) == []


@pytest.mark.timeout(20)
def test_a_chunk_with_circular_tables_is_read(shared_logs: Path) -> None:
    data = bytearray((shared_logs / SMALL).read_bytes())
    # A name's "next" points to the bucket that points to the name. The library alone would follow them for ever.
    bucket, name = 256, 1665
    assert struct.unpack_from("<II", data, FILE_HEADER + bucket)[0] == name
    struct.pack_into("<I", data, FILE_HEADER + name, bucket)
    assert len(rows(parse(bytes(data)))) == 7


@pytest.mark.parametrize("size", [0, 1, 7, 8, 100, FILE_HEADER, FILE_HEADER + 5, FILE_HEADER + 513, FILE_HEADER + 3000])
def test_a_cut_off_file_gives_what_is_whole(shared_logs: Path, size: int) -> None:
    data = (shared_logs / SMALL).read_bytes()[:size]
    found = parse(data)
    assert len(found) <= 8
    whole_header = 8 <= size <= FILE_HEADER
    assert bool(found) == (size > 0 and not whole_header)
    assert all(data[item.byte_offset :].startswith(item.raw) for item in found if isinstance(item, Rejected))


def test_bytes_that_are_no_event_log_are_rejected() -> None:
    found = parse(b"MZ not an event log")
    assert [type(item) for item in found] == [Rejected]
    assert parse(b"") == []


def test_times_addresses_and_accounts_of_a_failed_sign_in(shared_logs: Path) -> None:
    folder = "windows-evtx/EVTX-to-MITRE-Attack/TA0006-Credential_Access/T1110.xxx-Brut_force"
    data = (shared_logs / folder / "ID_4776_4625-AccountRestore_local_bruteforce.evtx").read_bytes()
    failed = next(row for row in rows(parse(data)) if row.values["EventID"] == 4625)
    assert failed.dataset == "windows.security"
    assert failed.values["action"] == "logon"
    assert failed.values["outcome"] == "failure"
    assert failed.values["user"] == failed.values["TargetUserName"]
    assert failed.values["LogonType"].isdigit()
    assert failed.values["message"].startswith("4625 An account failed to log on: ")
    assert failed.values["time"].tzinfo is None


def values_of(event: object) -> tuple[str, dict[str, object], dict[str, object]]:
    dataset, values, extra = event_row(event)  # type: ignore[arg-type]
    values.pop("time_text", None)
    # An element without text and one of the null type look the same in XML.
    return dataset, {k: v for k, v in values.items() if v != ""}, {k: v for k, v in extra.items() if v != ""}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the library warns of every damaged record
def test_xml_and_json_renderings_give_the_same_values(shared_logs: Path) -> None:
    from evtx import PyEvtxParser

    compared = 0
    for name in sorted(truth(shared_logs)):
        path = str(shared_logs / name)
        options = {"number_of_threads": 1, "skip_errors": True}
        try:
            as_json = list(PyEvtxParser(path, **options).records_json())
            as_xml = list(PyEvtxParser(path, **options).records())
        except RuntimeError:
            continue
        for one, other in zip(as_json[:40], as_xml[:40], strict=False):
            # The library breaks the line inside an element without text.
            xml = from_xml(re.sub(r">\n\s*</", "></", other["data"].partition("?>")[2].strip()))
            assert values_of(xml) == values_of(from_evtx_json(json.loads(one["data"]))), name
            compared += 1
    assert compared > 500


def test_the_regression_json_is_what_the_evtx_files_give(shared_logs: Path) -> None:
    compared = 0
    for path in sorted((shared_logs / "sigma-regression").rglob("*.json")):
        evtx = path.with_suffix(".evtx")
        if not evtx.exists():
            continue
        by_id = {row.values["EventRecordID"]: row for row in rows(parse(evtx.read_bytes()))}
        text, decoder = path.read_text(encoding="utf-8"), json.JSONDecoder()
        at = 0
        while at < len(text.rstrip()):
            document, at = decoder.raw_decode(text, at)
            while at < len(text) and text[at] in " \r\n\t,":
                at += 1
            for item in document if isinstance(document, list) else [document]:
                dataset, values, extra = event_row(from_evtx_json(item))
                row = by_id[values["EventRecordID"]]
                # That rendering has lost the blanks at the ends of texts.
                stripped = {k: v.rstrip() if isinstance(v, str) else v for k, v in row.values.items()}
                del stripped["message"], values["message"]
                assert (dataset, values, extra) == (row.dataset, stripped, row.extra), path.name
                compared += 1
    assert compared > 40


def test_every_value_has_its_column(shared_logs: Path) -> None:
    for row in rows(parse((shared_logs / "windows-evtx/evtx/system.evtx").read_bytes())):
        assert set(row.values) <= set(DATASETS[row.dataset].schema.names)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 12_000), st.integers(0, 255)), max_size=12), cut=st.integers(0, 70_000))
def test_no_damage_crashes_or_loses_a_record(shared_logs: Path, flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray((shared_logs / SMALL).read_bytes())
    for at, value in flips:
        data[at] = value
    damaged = bytes(data[: max(cut, 0)] if cut < len(data) else data)
    found = parse(damaged)
    spans = 0
    for chunk in read_chunks(io.BytesIO(damaged)):
        spans += 1 if chunk.damage else len(chunk.spans)
    assert len(found) == spans or (not spans and len(found) <= 1)
    end = 0
    for item in found:
        assert item.byte_offset >= end, "records overlap"
        end = item.byte_offset + item.byte_length
        assert end <= max(len(damaged), FILE_HEADER + CHUNK)
        if isinstance(item, Rejected):
            assert damaged[item.byte_offset : end] == item.raw
