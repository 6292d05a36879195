"""Every way in which files, catalog and hashes can disagree is told; leftovers of a kill are not called tampering."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from breachwatch import lake
from breachwatch.lake.care import CheckReport, Kind, check, checking
from breachwatch.lake.care import check_extra as extra
from breachwatch.workspace import Workspace
from tests.postgresql.meddling import drop_triggers
from tests.unit.lake.care.site import segments


def first_file(ws: Workspace) -> Path:
    return ws.lake / lake.files(ws, "linux.auth")[0].path


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def told(report: CheckReport) -> list[tuple[Kind, str]]:
    return [(item.kind, item.path) for item in report.differences]


def relative(ws: Workspace, path: Path) -> str:
    return path.relative_to(ws.root).as_posix()


def meddle(ws: Workspace, *statements: str) -> None:
    """Change the records behind the triggers' backs, as whoever owns the database can."""
    with ws.database.write() as connection:
        drop_triggers(connection)
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize("quick", [False, True])
def test_a_sound_lake_agrees_and_is_left_as_it_is(site: Workspace, quick: bool) -> None:
    before = {path: path.stat().st_mtime_ns for path in site.root.rglob("*.parquet")}
    seen: list[tuple[str, int, int]] = []
    report = check(site, quick=quick, progress=lambda *step: seen.append(step))
    assert report.ok
    assert (report.differences, report.leftovers) == ([], [])
    assert report.files == len(lake.files(site)) == len(before)
    assert report.rows == 108
    assert report.segments == len(segments(site)) == 4
    assert {what for what, done, total in seen if done == total} == {"lake files", "stored segments"}
    assert {path: path.stat().st_mtime_ns for path in site.root.rglob("*.parquet")} == before


def test_a_missing_file(site: Workspace) -> None:
    path = first_file(site)
    path.unlink()
    report = check(site, quick=True)
    assert told(report) == [(Kind.MISSING, relative(site, path))]
    assert lake.files(site, "linux.auth")[0].sha256 in report.differences[0].remedy


def test_a_folder_in_the_place_of_a_file(site: Workspace) -> None:
    path = first_file(site)
    path.unlink()
    path.mkdir()
    assert told(check(site)) == [(Kind.MISSING, relative(site, path))]


def test_one_changed_byte_is_seen_by_its_hash_and_a_cut_file_by_its_size(site: Workspace) -> None:
    path = first_file(site)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    overwrite(path, bytes(data))
    assert told(check(site)) == [(Kind.CHANGED, relative(site, path))]
    assert check(site, quick=True).ok  # says itself that it may stay unseen
    overwrite(path, bytes(data[:-1]))
    assert told(check(site, quick=True)) == [(Kind.CHANGED, relative(site, path))]


def test_a_file_of_other_rows_or_columns_whose_hash_was_adjusted_too(site: Workspace) -> None:
    file = lake.files(site, "linux.auth")[0]
    path = site.lake / file.path
    whole = pq.read_table(path, partitioning=None)

    def put(table: Any, rows: int) -> CheckReport:
        path.chmod(0o600)
        pq.write_table(table, path, store_schema=False)
        size, digest = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
        meddle(
            site, f"UPDATE lake_file SET bytes = {size}, sha256 = '{digest}', rows = {rows} WHERE path = '{file.path}'"
        )
        return check(site)

    assert told(put(whole.slice(1), file.rows)) == [(Kind.ROWS, f"lake/{file.path}")]
    assert told(put(whole.drop_columns(["message"]), file.rows)) == [(Kind.COLUMNS, f"lake/{file.path}")]
    found = put(whole.slice(1), file.rows - 1)
    assert Kind.CATALOG in {item.kind for item in found.differences}
    assert (Kind.ROWS, f"lake/{file.path}") in told(found)


def test_what_is_no_parquet_file(site: Workspace) -> None:
    file = lake.files(site, "linux.auth")[0]
    overwrite(site.lake / file.path, b"PAR1" + b"\xff" * (file.bytes - 4))
    assert told(check(site, quick=True)) == [(Kind.UNREADABLE, f"lake/{file.path}")]


def test_times_in_the_catalog_that_the_events_do_not_have(site: Workspace) -> None:
    file = lake.files(site, "linux.auth")[0]
    meddle(site, f"UPDATE lake_part SET max_time = '2020-01-01 00:00:00.000000' WHERE path = '{file.path}'")
    assert told(check(site)) == [(Kind.TIMES, f"lake/{file.path}")]


def test_an_event_that_is_there_twice(site: Workspace) -> None:
    file = lake.files(site, "linux.auth")[0]
    copy = file.path.replace(".parquet", "-copy.parquet")
    (site.lake / copy).write_bytes((site.lake / file.path).read_bytes())
    columns = "segment_id, dataset, date, rows, bytes, sha256, min_time, max_time, scanned_at, shape"
    meddle(
        site,
        f"INSERT INTO lake_file (path, {columns}) SELECT '{copy}', {columns} FROM lake_file WHERE path = '{file.path}'",
        "INSERT INTO lake_part (path, segment_id, rows, min_time, max_time) "
        f"SELECT '{copy}', segment_id, rows, min_time, max_time FROM lake_part WHERE path = '{file.path}'",
    )
    report = check(site)
    assert {item.kind for item in report.differences} == {Kind.CATALOG, Kind.TWICE}
    twice = next(item for item in report.differences if item.kind is Kind.TWICE)
    assert twice.path == f"lake/linux.auth/date={file.date}"
    assert twice.what.startswith(f"{file.rows} events")


def test_numbers_of_the_catalog_that_do_not_add_up(site: Workspace) -> None:
    one, other = segments(site)[:2]
    meddle(
        site,
        f"UPDATE segment SET records = records + 1 WHERE segment_id = '{one.segment_id}'",
        f"UPDATE segment SET state = 'stored' WHERE segment_id = '{other.segment_id}'",
    )
    report = check(site, quick=True)
    assert [item.kind for item in report.differences] == [Kind.CATALOG, Kind.CATALOG]
    assert {Path(item.path).stem for item in report.differences} == {one.segment_id, other.segment_id}


def test_stored_bytes_that_are_gone_cut_or_changed(site: Workspace) -> None:
    gone, cut, changed = segments(site)[:3]
    paths = [site.segments / row.source / f"{row.segment_id}.zst" for row in (gone, cut, changed)]
    paths[0].unlink()
    overwrite(paths[1], paths[1].read_bytes()[:-3])
    meddle(site, f"UPDATE segment SET sha256 = '{'0' * 64}' WHERE segment_id = '{changed.segment_id}'")
    report = check(site)
    wanted = [(Kind.MISSING, paths[0]), (Kind.CHANGED, paths[1]), (Kind.CHANGED, paths[2])]
    assert told(report) == [(kind, relative(site, path)) for kind, path in wanted]
    assert told(check(site, quick=True)) == told(report)[:2]


def test_what_nobody_of_ours_wrote(site: Workspace) -> None:
    stranger = first_file(site).with_name("stranger.parquet")
    stranger.write_bytes(b"PAR1")
    named_as_landed = site.lake / "linux.cron" / "date=2026-11-18" / f"{segments(site)[0].segment_id}.parquet"
    named_as_landed.parent.mkdir(parents=True)
    named_as_landed.write_bytes(b"PAR1")
    loose = site.lake / "notes\x1b[2J.txt"
    loose.write_text("x")
    bytes_of_nobody = site.segments / "web01" / "0000.zst"
    bytes_of_nobody.write_bytes(b"x")
    report = check(site)
    assert sorted(told(report)) == sorted(
        (Kind.EXTRA, relative(site, path)) for path in (stranger, named_as_landed, loose, bytes_of_nobody)
    )
    assert not report.ok


def test_leftovers_of_a_kill_are_told_apart(site: Workspace) -> None:
    segment = segments(site)[0].segment_id
    placed = site.lake / "linux.cron" / "date=2026-11-18" / f"{segment}.parquet"
    placed.parent.mkdir(parents=True)
    placed.write_bytes(b"half")
    (site.scratch / f"land-{segment}").mkdir()
    (site.scratch / f"{segment}.zst.part").write_bytes(b"half")
    (site.scratch / "duckdb-1-0a1b2c3d").mkdir()  # process 1 lives
    (site.scratch / "duckdb-999999999-0a1b2c3d").mkdir()
    report = check(site)
    assert report.ok
    assert {item.path for item in report.leftovers} == {
        relative(site, placed),
        f"state/scratch/land-{segment}",
        f"state/scratch/{segment}.zst.part",
        "state/scratch/duckdb-999999999-0a1b2c3d",
    }
    (site.scratch / f"land-{segment}").rmdir()
    assert told(check(site)) == [(Kind.EXTRA, relative(site, placed))]


def test_a_file_that_lands_during_the_check_is_no_stranger(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = extra._listed
    asked = 0

    def late(ws: Workspace, paths: list[str]) -> set[str]:
        nonlocal asked
        asked += 1
        return real(ws, paths) if asked > 1 else set()

    monkeypatch.setattr(extra, "_listed", late)
    assert check(site, quick=True).ok


def test_the_report_is_bounded(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("breachwatch.lake.care.differences.MOST_TOLD", 3)
    for number in range(10):
        (site.lake / f"stray-{number}").write_bytes(b"")
    report = check(site, quick=True)
    assert report.counts[Kind.EXTRA] == 10
    assert len(report.differences) == 3


def test_portions_cover_everything(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (checking.check_files, checking.check_segments, checking.check_lake_folder):
        monkeypatch.setitem(module.__globals__, "PORTION", 2)
        monkeypatch.setitem(module.__globals__, "_PORTION", 2)
    report = check(site)
    assert (report.ok, report.files, report.segments) == (True, len(lake.files(site)), 4)


def test_the_command(site: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    from breachwatch.cli.app import main

    assert main(["-w", str(site.root), "lake", "check", "--quick"]) == 0
    assert "all agree (sizes and footers)" in " ".join(capfd.readouterr().out.split())
    (site.lake / "stray\x1b[2J").write_bytes(b"")
    assert main(["-w", str(site.root), "lake", "check"]) == 1
    shown = capfd.readouterr().out
    assert "1 difference" in shown
    assert "\x1b[2J" not in shown
    assert main(["-w", str(site.root), "lake", "check", "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    assert (told["ok"], told["counts"], told["files"]) == (False, {"extra": 1}, len(lake.files(site)))
    assert told["differences"][0]["remedy"].startswith("Nothing reads it")
