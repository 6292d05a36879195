# ruff: noqa: DTZ001  (times in the lake are UTC without a zone)
from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachwatch import lake
from breachwatch.errors import DataError, UnknownNameError, UsageError
from breachwatch.lake import ReadingConnection, connection
from breachwatch.model.datasets import DATASETS, REJECTS_DATASET, dataset
from breachwatch.model.segment import Batch
from breachwatch.workspace import Workspace
from tests.unit.lake.making import batch, logon, stored_segment

DAY = datetime(2026, 11, 20, 12, 0)
EVERY_DATASET = (*DATASETS.values(), REJECTS_DATASET)


@pytest.fixture
def landed(ws: Workspace) -> Workspace:
    for day in range(3):
        segment = stored_segment(ws, 1000 * day)
        rows = [logon(DAY + timedelta(days=day, minutes=n), f"user{n}") for n in range(5)]
        lake.land(ws, segment, [batch(segment, "linux.auth", rows), batch(segment, "rejects", [{}], first=5)])
    return ws


def columns_of(con: Any, view: str) -> pa.Schema:
    return con.sql(f'SELECT * FROM "{view}"').to_arrow_table().schema


def test_an_empty_lake_has_every_view_with_its_types(ws: Workspace) -> None:
    with lake.connect(ws) as con:
        for data in EVERY_DATASET:
            found = columns_of(con, data.view)
            assert [name.removesuffix("_1") for name in found.names] == data.schema.names
            assert found.types == data.schema.types
        assert con.sql("SELECT count(*) FROM authentication").fetchall() == [(0,)]
        assert con.sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_views_hold_what_landed(landed: Workspace) -> None:
    with lake.connect(landed) as con:
        assert con.sql("SELECT count(*), min(time), max(time) FROM linux_auth").fetchall() == [
            (15, DAY, DAY + timedelta(days=2, minutes=4))
        ]
        assert con.sql("SELECT count(*) FROM rejects").fetchall() == [(3,)]
        assert con.sql("SELECT count(*) FROM linux_cron").fetchall() == [(0,)]
        assert columns_of(con, "linux_auth").types == dataset("linux.auth").schema.types


def test_a_native_field_that_differs_by_case_keeps_its_own_value(ws: Workspace) -> None:
    segment = stored_segment(ws, form="evtx")
    row = {"time": DAY, "user": "mira", "User": r"CITY\mira", "Image": "cmd.exe"}
    lake.land(ws, segment, [batch(segment, "windows.sysmon", [row])])
    with lake.connect(ws) as con:
        assert con.sql('SELECT "user", "User_1" FROM windows_sysmon').fetchall() == [("mira", r"CITY\mira")]


def test_files_that_land_later_do_not_appear(landed: Workspace) -> None:
    with lake.connect(landed) as con:
        segment = stored_segment(landed, 9000)
        lake.land(landed, segment, [batch(segment, "linux.auth", [logon(DAY)])])
        assert con.sql("SELECT count(*) FROM linux_auth").fetchall() == [(15,)]


def test_a_time_range_reads_only_files_that_overlap_it(landed: Workspace) -> None:
    timeless = stored_segment(landed, 9000)
    lake.land(landed, timeless, [batch(timeless, "linux.auth", [logon(None)])])
    noon = DAY.replace(tzinfo=UTC)
    with lake.connect(landed, since=noon + timedelta(hours=1), until=noon + timedelta(days=1, minutes=2)) as con:
        days = con.sql("SELECT DISTINCT time::DATE::VARCHAR FROM linux_auth ORDER BY ALL").fetchall()
    assert days == [("2026-11-21",), (None,)]
    with pytest.raises(UsageError, match="time zone"):
        lake.connect(landed, since=DAY)


def test_a_missing_file_is_named(landed: Workspace) -> None:
    gone = landed.lake / lake.files(landed)[0].path
    gone.unlink()
    with pytest.raises(DataError, match=gone.name):
        lake.connect(landed)


def test_a_file_of_an_older_version_reads_null_where_it_lacks_a_column(
    landed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = landed.lake / lake.files(landed, "linux.auth")[0].path
    table = pq.read_table(path, partitioning=None).drop_columns(["tty", "command"])
    path.unlink()
    pq.write_table(table.select(table.schema.names[::-1]), path)
    with lake.connect(landed) as con:
        assert con.sql("SELECT count(*), count(tty), count(user) FROM linux_auth").fetchall() == [(15, 0, 15)]


@pytest.mark.parametrize("folder", ["it's", 'a "city"', "we[ir]d*?", "{a,b} é", "; DROP"])
def test_any_folder_name_can_hold_a_workspace(make_ws: Callable[..., Workspace], folder: str) -> None:
    ws = make_ws(folder=folder)
    segment = stored_segment(ws)
    lake.land(ws, segment, [batch(segment, "linux.auth", [logon(DAY)])])
    for locked in (False, True):
        with lake.connect(ws, locked_down=locked) as con:
            assert con.sql("SELECT count(*) FROM linux_auth").fetchall() == [(1,)]


# --- weird values -----------------------------------------------------------------------------------------------------

texts = st.one_of(st.none(), st.text(max_size=40), st.sampled_from(["\x00", "a\x00b", "🚨", "x" * 100_000, "'; --"]))
times = st.one_of(st.none(), st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)))
rows = st.lists(st.fixed_dictionaries({"time": times, "message": texts, "user": texts, "uid": st.integers(-9, 9)}))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows)
def test_what_lands_is_what_is_read(ws: Workspace, made: list[dict[str, Any]]) -> None:
    before = sum(count.segments for count in lake.counts(ws))  # one workspace serves all examples
    segment = stored_segment(ws, 1_000_000 * before)
    wanted = batch(segment, "linux.auth", made)
    landed = lake.land(ws, segment, [wanted])
    assert landed.records == landed.rows + landed.rejects == len(made)
    with lake.connect(ws) as con:
        found = con.sql(
            "SELECT * FROM linux_auth WHERE segment_id = ? ORDER BY record_number", params=[segment.segment_id]
        ).to_arrow_table()
    assert found.to_pylist() == wanted.table.to_pylist()


def test_bytes_of_rejects_come_back_unchanged(ws: Workspace) -> None:
    segment = stored_segment(ws)
    raw = [bytes(range(256)), b"", b"\x00" * 5000]
    lake.land(ws, segment, [batch(segment, "rejects", [{"raw": item} for item in raw])])
    with lake.connect(ws) as con:
        assert con.sql("SELECT raw FROM rejects ORDER BY record_number").fetchall() == [(item,) for item in raw]


# --- locked down ------------------------------------------------------------------------------------------------------


QUERIES = [
    "SELECT count(*) FROM linux_auth",
    "FROM rejects SELECT count(*)",
    "WITH a AS (SELECT * FROM authentication) SELECT count(*) FROM a",
    "DESCRIBE linux_auth",
    "SUMMARIZE linux_auth",
    "SHOW TABLES",
    "EXPLAIN SELECT * FROM linux_auth",
    "EXPLAIN ANALYZE SELECT * FROM linux_auth",
    "SELECT ';' -- a remark; with a semicolon",
]


def test_queries_run_on_a_locked_connection(landed: Workspace, subtests: pytest.Subtests) -> None:
    with lake.connect(landed, locked_down=True) as con:
        assert isinstance(con, ReadingConnection)
        for query in QUERIES:
            with subtests.test(query):
                assert con.execute(query).fetchall()
                assert con.sql(query).fetchall()


def test_values_are_bound(landed: Workspace) -> None:
    with lake.connect(landed, locked_down=True) as con:
        assert con.execute("SELECT count(*) FROM linux_auth WHERE user = ?", ["user1"]).fetchall() == [(3,)]
        assert con.sql("SELECT count(*) FROM linux_auth WHERE user = $u", {"u": "x' OR 1=1"}).fetchall() == [(0,)]


STATEMENTS = [
    "COPY (SELECT 1) TO '{out}'",
    "COPY (SELECT 1 AS a) TO '{lake_file}' (FORMAT parquet, USE_TMP_FILE false)",
    "EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO '{lake_file}' (FORMAT parquet, USE_TMP_FILE false)",
    "EXPLAIN /* x */ ANALYZE COPY (SELECT 1 AS a) TO '{lake_file}' (FORMAT parquet, USE_TMP_FILE false)",
    "SELECT 1; COPY (SELECT 1) TO '{out}'",
    "EXPORT DATABASE '{out}'",
    "ATTACH '{out}'",
    "INSTALL inet",
    "LOAD inet",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "SET memory_limit = '99GB'",
    "CREATE TABLE t AS SELECT 1",
    "DROP VIEW linux_auth",
    "PREPARE q AS COPY (SELECT 1) TO '{out}'",
    "CALL enable_logging()",
    "PRAGMA enable_profiling",
    "IMPORT DATABASE '{out}'",
    "",
    "-- nothing",
]


def test_other_statements_are_refused(landed: Workspace, tmp_path: Path, subtests: pytest.Subtests) -> None:
    path = landed.lake / lake.files(landed)[0].path
    before = path.read_bytes()
    with lake.connect(landed, locked_down=True) as con:
        for statement in STATEMENTS:
            text = statement.format(out=tmp_path / "out", lake_file=path)
            for run in (con.execute, con.sql):
                with subtests.test(statement), pytest.raises(UsageError):
                    run(text)
    assert not (tmp_path / "out").exists()
    assert path.read_bytes() == before


FILE_QUERIES = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "SELECT * FROM '{settings}'",
    "SELECT * FROM read_text('{settings}')",
    "SELECT * FROM read_parquet('{lake}/*/*/*.parquet')",
    "SELECT * FROM sqlite_scan('{records}', 'alert')",
    "SELECT * FROM read_parquet('https://example.org/x.parquet')",
    "SELECT * FROM secret_of_the_caller",
]


def test_a_locked_connection_opens_nothing_but_lake_files(landed: Workspace, subtests: pytest.Subtests) -> None:
    secret_of_the_caller = pa.table({"a": [1]})
    assert secret_of_the_caller.num_rows == 1
    places = {"settings": landed.root / "breachwatch.toml", "lake": landed.lake, "records": landed.state / "records.db"}
    with lake.connect(landed, locked_down=True) as con:
        for query in FILE_QUERIES:
            with subtests.test(query), pytest.raises(duckdb.Error):
                con.execute(query.format(**places)).fetchall()


# --- what the catalog knows -------------------------------------------------------------------------------------------


def test_spans_and_counts_come_from_the_catalog(landed: Workspace) -> None:
    stored_segment(landed, 9000)
    span = lake.spans(landed)["linux.auth"]
    assert (span.files, span.rows) == (3, 15)
    assert span.min_time == DAY.replace(tzinfo=UTC)
    assert span.max_time == (DAY + timedelta(days=2, minutes=4)).replace(tzinfo=UTC)
    assert set(lake.spans(landed)) == {"linux.auth", "rejects"}
    (count,) = lake.counts(landed)
    assert (count.source, count.segments, count.waiting, count.lost) == ("auth", 4, 1, 0)
    assert (count.records, count.rows, count.rejects) == (18, 15, 3)
    assert count.last_event == span.max_time
    assert count.last_landed == landed.clock.now()


def test_an_empty_catalog_gives_empty_answers(ws: Workspace) -> None:
    assert (lake.files(ws), lake.spans(ws), lake.counts(ws), lake.unscanned_files(ws)) == ((), {}, (), ())


def test_unscanned_files_are_those_without_a_mark(landed: Workspace) -> None:
    from breachwatch.records import catalog

    waiting = lake.unscanned_files(landed)
    assert [file.dataset for file in waiting] == ["linux.auth"] * 3
    with landed.database.write() as con:
        con.execute(
            catalog.lake_file.update()
            .where(catalog.lake_file.c.path == waiting[0].path)
            .values(scanned_at=landed.clock.now())
        )
    assert lake.unscanned_files(landed) == waiting[1:]


# --- original bytes ---------------------------------------------------------------------------------------------------


def test_original_bytes_are_read_at_the_events_place(landed: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from breachwatch import collect

    monkeypatch.setattr(collect, "segment", lambda ws, segment_id: segment_id, raising=False)
    monkeypatch.setattr(
        collect,
        "read_range",
        lambda ws, segment, offset, length: f"{segment}:{offset}:{length}".encode(),
        raising=False,
    )
    with lake.connect(landed) as con:
        places = con.sql(
            "SELECT event_id, segment_id, byte_offset, byte_length FROM linux_auth "
            "UNION ALL SELECT event_id, segment_id, byte_offset, byte_length FROM rejects"
        ).fetchall()
    assert len(places) == 18
    for event_id, segment_id, offset, length in places[::4]:
        assert lake.original_bytes(landed, event_id) == f"{segment_id}:{offset}:{length}".encode()


def test_an_id_that_is_no_events(landed: Workspace) -> None:
    for event_id in ("", "x", "0" * 32, "' OR 1=1 --", "0" * 31 + "\x00"):
        with pytest.raises(UnknownNameError, match="32 hexadecimal"):
            lake.original_bytes(landed, event_id)


@pytest.mark.slow
def test_two_thousand_files_are_one_view(ws: Workspace) -> None:
    """A year of six segments a night."""
    schema = dataset("linux.auth").schema
    segment = stored_segment(ws)
    table = batch(segment, "linux.auth", [logon(DAY + timedelta(seconds=n)) for n in range(100)]).table
    target = ws.lake / "many"
    target.mkdir()
    pq.write_table(table, target / "0.parquet", compression="zstd")
    paths = [target / f"{number}.parquet" for number in range(2000)]
    for path in paths[1:]:
        path.write_bytes(paths[0].read_bytes())
    with lake.connect(ws) as con:
        con.execute("DROP VIEW linux_auth")
        con.execute(connection.dataset_view(dataset("linux.auth"), paths))
        assert con.sql("SELECT count(*), count(user) FROM linux_auth").fetchall() == [(200_000, 200_000)]
    assert Batch("linux.auth", table).table.schema.equals(schema)
