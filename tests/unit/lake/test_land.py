# ruff: noqa: DTZ001  (times in the lake are UTC without a zone)
from __future__ import annotations

import errno
import hashlib
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select, update

from breachwatch import lake
from breachwatch.errors import DataError, EnvironmentFault, TransientError, UnknownNameError
from breachwatch.lake import landing, parquet, partition, storage
from breachwatch.model.datasets import dataset
from breachwatch.model.segment import Batch, Segment
from breachwatch.records import catalog
from breachwatch.workspace import Workspace
from tests.unit.lake.making import batch, logon, stored_segment

DAY = datetime(2026, 11, 20, 12, 0)


def rows_of(ws: Workspace, view: str = "linux_auth") -> list[dict[str, Any]]:
    with lake.connect(ws) as connection:
        return connection.sql(f"SELECT * FROM {view} ORDER BY event_id").to_arrow_table().to_pylist()


def lake_bytes(ws: Workspace) -> dict[str, str]:
    return {
        path.relative_to(ws.lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in ws.lake.rglob("*")
        if path.is_file()
    }


def three_days(segment: Segment) -> list[Batch]:
    return [
        batch(segment, "linux.auth", [logon(DAY + timedelta(days=n % 3, seconds=-n)) for n in range(30)]),
        batch(segment, "linux.auth", [logon(None)], first=30),
        batch(segment, "linux.cron", [{"time": DAY, "message": "job"}], first=31),
        batch(segment, "rejects", [{"raw": b"\x00\xff"}], first=32),
    ]


def test_a_segment_lands_as_one_file_a_dataset_and_day(ws: Workspace) -> None:
    segment = stored_segment(ws)
    landed = lake.land(ws, segment, three_days(segment))

    assert (landed.records, landed.rows, landed.rejects, landed.already) == (33, 32, 1, False)
    assert landed.by_dataset == (("linux.auth", 31), ("linux.cron", 1))
    assert set(lake_bytes(ws)) == {
        f"linux.auth/date=2026-11-20/{segment.segment_id}.parquet",
        f"linux.auth/date=2026-11-21/{segment.segment_id}.parquet",
        f"linux.auth/date=2026-11-22/{segment.segment_id}.parquet",
        f"linux.auth/date=unknown/{segment.segment_id}.parquet",
        f"linux.cron/date=2026-11-20/{segment.segment_id}.parquet",
        f"rejects/date=2026-11-22/{segment.segment_id}.parquet",
    }
    assert not list(ws.scratch.iterdir())


def test_the_catalog_describes_each_file(ws: Workspace) -> None:
    segment = stored_segment(ws)
    lake.land(ws, segment, three_days(segment))
    for file in lake.files(ws):
        path = ws.lake / file.path
        table = pq.read_table(path, partitioning=None)
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (file.bytes, file.rows) == (path.stat().st_size, table.num_rows)
        assert path.stat().st_mode & 0o222 == 0
        assert table.schema.equals(dataset(file.dataset).schema)
        times = [time for time in table[partition.time_column(file.dataset)].to_pylist() if time is not None]
        assert times == sorted(times)
        assert file.min_time == (times[0].replace(tzinfo=UTC) if times else None)
        assert file.max_time == (times[-1].replace(tzinfo=UTC) if times else None)
    with ws.database.read() as connection:
        row = connection.execute(select(catalog.segment)).one()
    assert (row.state, row.records, row.rows, row.rejects) == ("landed", 33, 32, 1)
    assert row.landed_at == ws.clock.now()


def test_files_are_zstd_with_filters_on_ids_and_names(ws: Workspace) -> None:
    segment = stored_segment(ws)
    lake.land(ws, segment, three_days(segment))
    meta = pq.read_metadata(ws.lake / lake.files(ws, "linux.cron")[0].path)
    group = meta.row_group(0)
    assert {group.column(number).compression for number in range(group.num_columns)} == {"ZSTD"}
    with lake.connect(ws) as connection:
        found = connection.execute(
            "SELECT path_in_schema FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL ORDER BY ALL",
            [str(ws.lake / lake.files(ws, "linux.cron")[0].path)],
        ).fetchall()
    assert [name for (name,) in found] == ["event_id", "host", "source_ip", "user"]


def test_a_row_group_without_a_name_is_left_out(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 1000)
    segment = stored_segment(ws)
    rows = 3 * parquet.ROW_GROUP_ROWS
    # Names on both sides of the one asked for, in every group: minimum and maximum alone would leave none out.
    names = [f"user{(number * 7) % 5000:04}" for number in range(rows)]
    names[rows // 2] = "user2500x"
    events = [{**logon(DAY + timedelta(microseconds=number)), "user": name} for number, name in enumerate(names)]
    lake.land(ws, segment, [batch(segment, "linux.auth", events)])
    path = str(ws.lake / lake.files(ws)[0].path)
    with lake.connect(ws) as connection:
        left_out = connection.execute("FROM parquet_bloom_probe(?, 'user', 'user2500x')", [path]).fetchall()
        found = connection.execute("SELECT count(*) FROM linux_auth WHERE user = 'user2500x'").fetchone()
    assert sorted(row[-1] for row in left_out) == [False, True, True]
    assert found == (1,)


def test_landing_again_changes_nothing_and_does_not_parse(ws: Workspace) -> None:
    segment = stored_segment(ws)
    first = lake.land(ws, segment, three_days(segment))
    before = lake_bytes(ws)

    def must_not_be_read() -> Any:
        pytest.fail("a landed segment was parsed again")
        yield

    again = lake.land(ws, segment, must_not_be_read())
    assert again.already
    assert (again.records, again.rows, again.rejects, again.by_dataset) == (33, 32, 1, first.by_dataset)
    assert lake_bytes(ws) == before


def test_how_rows_are_cut_into_batches_does_not_show_in_the_bytes(make_ws: Any) -> None:
    times = [DAY + timedelta(seconds=n) for n in range(50)]
    one, other = make_ws(folder="one"), make_ws(folder="other")
    segment = stored_segment(one)
    lake.land(one, segment, [batch(segment, "linux.auth", [logon(time) for time in times])])
    segment = stored_segment(other)
    parts = [batch(segment, "linux.auth", [logon(time)], first=n) for n, time in enumerate(times)]
    lake.land(other, segment, reversed(parts))
    assert lake_bytes(one) == lake_bytes(other)


def test_a_segment_without_records_lands(ws: Workspace) -> None:
    segment = stored_segment(ws)
    assert lake.land(ws, segment, []).records == 0
    assert lake.land(ws, segment, []).already
    assert lake.files(ws) == ()


FAILURE_POINTS = [
    (landing, "_gather"),
    (landing, "write_scratch"),
    (storage, "move_in"),
    (storage, "_sync_folder"),
    (landing, "_commit"),
    (parquet.os, "fsync"),
]


class Killed(BaseException):
    """Stands for the process being killed: no code of the lake runs after it."""


@pytest.mark.parametrize(("where", "what"), FAILURE_POINTS, ids=[name for _, name in FAILURE_POINTS])
@pytest.mark.parametrize("after", [0, 2])
def test_killed_anywhere_and_repeated_is_the_same_as_undisturbed(
    make_ws: Any, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, after: int
) -> None:
    calm, ws = make_ws(folder="calm"), make_ws(folder="killed")
    segment = stored_segment(calm)
    lake.land(calm, segment, three_days(segment))

    segment = stored_segment(ws)
    calls = 0
    real = getattr(where, what)

    def dies(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(where, what, dies)
        if after:  # a kill -9 leaves the scratch folder as it was
            patch.setattr(landing, "remove_folder", lambda folder: None)
        try:
            lake.land(ws, segment, three_days(segment))
        except Killed:
            assert lake.files(ws) == ()
            assert rows_of(ws) == []
    lake.land(ws, segment, three_days(segment))
    assert lake_bytes(ws) == lake_bytes(calm)
    assert rows_of(ws) == rows_of(calm)
    assert not list(ws.scratch.iterdir())


def test_killed_right_after_the_commit(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = stored_segment(ws)
    real = landing._commit
    with monkeypatch.context() as patch:
        patch.setattr(landing, "_commit", lambda *args: (real(*args), (_ for _ in ()).throw(Killed()))[0])
        patch.setattr(landing, "remove_folder", lambda folder: None)
        with pytest.raises(Killed):
            list(lake.land(ws, segment, three_days(segment)))
    before = lake_bytes(ws)
    assert lake.land(ws, segment, []).already
    assert lake_bytes(ws) == before
    assert len(rows_of(ws)) == 31
    assert not list(ws.scratch.iterdir())


def test_a_killed_attempt_that_cut_other_days_leaves_no_stray_file(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = stored_segment(ws)
    with monkeypatch.context() as patch:
        patch.setattr(landing, "_commit", lambda *args: (_ for _ in ()).throw(Killed()))
        patch.setattr(landing, "remove_folder", lambda folder: None)
        with pytest.raises(Killed):
            lake.land(ws, segment, three_days(segment))
    lake.land(ws, segment, [batch(segment, "linux.auth", [logon(DAY)])])
    assert set(lake_bytes(ws)) == {f"linux.auth/date=2026-11-20/{segment.segment_id}.parquet"}


def test_a_file_that_is_not_in_the_catalog_is_never_read(ws: Workspace) -> None:
    segment = stored_segment(ws)
    lake.land(ws, segment, [batch(segment, "linux.auth", [logon(DAY)])])
    stray = ws.lake / "linux.auth" / "date=2026-11-20" / "stray.parquet"
    stray.write_bytes((ws.lake / lake.files(ws)[0].path).read_bytes())
    assert len(rows_of(ws)) == 1


def test_an_error_of_the_parser_leaves_nothing_and_passes_on(ws: Workspace) -> None:
    segment = stored_segment(ws)

    def breaks() -> Any:
        yield batch(segment, "linux.auth", [logon(DAY)])
        msg = "the log is damaged"
        raise DataError(msg)

    with pytest.raises(DataError, match="damaged"):
        lake.land(ws, segment, breaks())
    assert lake_bytes(ws) == {}
    assert not list(ws.scratch.iterdir())


@pytest.mark.parametrize(("code", "transient"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)])
def test_a_full_or_closed_disk_is_explained(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch, code: int, transient: bool
) -> None:
    segment = stored_segment(ws)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(code, "it does not work")

    with monkeypatch.context() as patch:
        patch.setattr(parquet.pq, "write_table", full)
        with pytest.raises(EnvironmentFault) as caught:
            lake.land(ws, segment, three_days(segment))
    assert isinstance(caught.value, TransientError) is transient
    assert str(ws.scratch) in str(caught.value)
    assert ("free some space" if transient else "write access") in str(caught.value)
    assert lake_bytes(ws) == {}
    assert not list(ws.scratch.iterdir())
    assert lake.land(ws, segment, three_days(segment)).records == 33


def test_a_lake_that_cannot_be_written_is_explained(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = stored_segment(ws)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(EnvironmentFault, match=r"linux\.auth"):
            lake.land(ws, segment, three_days(segment))
    assert lake.land(ws, segment, three_days(segment)).records == 33


def test_segments_that_cannot_land(ws: Workspace) -> None:
    segment = stored_segment(ws)
    with ws.database.write() as connection:
        connection.execute(update(catalog.segment).values(state="planned"))
    with pytest.raises(DataError, match="planned"):
        lake.land(ws, segment, [])
    with ws.database.write() as connection:
        connection.execute(catalog.segment.delete())
    with pytest.raises(UnknownNameError):
        lake.land(ws, segment, [])


def test_a_batch_with_another_schema_is_refused(ws: Workspace) -> None:
    segment = stored_segment(ws)
    wrong = Batch("linux.cron", batch(segment, "linux.auth", [logon(DAY)]).table)
    with pytest.raises(TypeError, match=r"linux\.cron"):
        lake.land(ws, segment, [wrong])


def test_the_same_id_twice_in_one_segment_is_one_row(ws: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    segment = stored_segment(ws, form="evtx")
    rows = [{**logon(DAY), "event_id": "a" * 32, "message": text} for text in ("first", "second")]
    with caplog.at_level(logging.INFO):
        landed = lake.land(ws, segment, [batch(segment, "linux.auth", [*rows, logon(DAY)])])
    assert (landed.records, landed.rows) == (2, 2)
    assert [row["message"] for row in rows_of(ws) if row["event_id"] == "a" * 32] == ["first"]
    assert "1 records were landed before" in caplog.text


def test_a_record_that_another_segment_landed_is_left_out(ws: Workspace) -> None:
    first = stored_segment(ws, form="journald-json", source="journal")
    same = [{**logon(DAY + timedelta(seconds=n)), "event_id": f"{n:032x}"} for n in range(10)]
    lake.land(ws, first, [batch(first, "linux.auth", same)])
    copy = stored_segment(ws, 5000, form="journald-json", source="journal", file_id="c" * 32)
    more = [{**logon(DAY + timedelta(hours=1)), "event_id": "e" * 32}]
    landed = lake.land(ws, copy, [batch(copy, "linux.auth", same + more)])
    assert landed.records == 1
    assert len(rows_of(ws)) == 11
    assert {row["segment_id"] for row in rows_of(ws)} == {first.segment_id, copy.segment_id}
    wholly = stored_segment(ws, 9000, form="journald-json", source="journal", file_id="d" * 32)
    assert lake.land(ws, wholly, [batch(wholly, "linux.auth", same)]).records == 0


def test_a_reject_of_a_rewritten_file_is_kept_once(ws: Workspace) -> None:
    first = stored_segment(ws, form="evtx")
    bad = [{"event_id": "b" * 32, "raw": b"torn", "observed_at": datetime(2026, 11, 1)}]
    lake.land(ws, first, [batch(first, "rejects", bad)])
    again = stored_segment(ws, 5000, form="evtx")
    landed = lake.land(ws, again, [batch(again, "rejects", [{**bad[0], "observed_at": datetime(2026, 11, 2)}])])
    assert landed.records == 0
    assert len(rows_of(ws, "rejects")) == 1


def test_other_sources_and_days_do_not_hide_a_record(ws: Workspace) -> None:
    first = stored_segment(ws, form="evtx", source="dc01")
    lake.land(ws, first, [batch(first, "linux.auth", [{**logon(DAY), "event_id": "a" * 32}])])
    other = stored_segment(ws, form="evtx", source="dc02", file_id="2" * 32)
    assert lake.land(ws, other, [batch(other, "linux.auth", [{**logon(DAY), "event_id": "b" * 32}])]).records == 1


def test_a_log_that_names_a_thousand_days_makes_a_bounded_number_of_files(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "MAX_DAYS", 3)
    segment = stored_segment(ws)
    rows = [logon(DAY + timedelta(days=n)) for n in range(20)] + [logon(DAY + timedelta(days=7))]
    landed = lake.land(ws, segment, [batch(segment, "linux.auth", rows)])
    assert landed.rows == 21
    assert [file.date for file in lake.files(ws)] == ["2026-11-20", "2026-11-21", "2026-11-27", "unknown"]
    assert len(rows_of(ws)) == 21
    overflow = lake.files(ws, since=datetime(2026, 12, 1, tzinfo=UTC), until=datetime(2026, 12, 2, tzinfo=UTC))
    assert [file.date for file in overflow] == ["unknown"]


def test_times_that_no_calendar_holds_land_under_unknown(ws: Workspace) -> None:
    segment = stored_segment(ws)
    table = batch(segment, "linux.auth", [logon(None), logon(None), logon(datetime(1, 1, 1))]).table
    far = pa.array([2**62, -(2**62), -62135596800000000], pa.int64()).cast(pa.timestamp("us"))
    table = table.set_column(table.schema.get_field_index("time"), table.schema.field("time"), far)
    assert lake.land(ws, segment, [Batch("linux.auth", table)]).rows == 3
    assert [file.date for file in lake.files(ws)] == ["0001-01-01", "unknown"]
    with lake.connect(ws) as connection:
        assert connection.sql("SELECT count(*), count(local_time) FROM authentication").fetchall() == [(3, 0)]
