"""Merging small files changes where events lie and nothing else, wherever it is killed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, select

from breachwatch import lake
from breachwatch.clock import FixedClock
from breachwatch.errors import EnvironmentFault
from breachwatch.lake.care import Compacted, check, compact, compacting, merging, remove_retired, retired
from breachwatch.records import cases, catalog
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY
from tests.unit.lake.care.site import NOW, Killed, all_rows, dies_at, later, searched, segments, with_settings


def merged(ws: Workspace) -> Compacted:
    return compact(ws, by=SOMEBODY)


def on_disk(ws: Workspace) -> dict[str, str]:
    return {
        path.relative_to(ws.lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in ws.lake.rglob("*.parquet")
    }


def retired_paths(ws: Workspace) -> set[str]:
    with ws.database.read() as connection:
        return set(connection.execute(select(catalog.lake_retired.c.path)).scalars())


def test_each_day_becomes_one_file_with_the_same_rows(site: Workspace) -> None:
    before, files = all_rows(site), lake.files(site, "linux.auth")
    searched(site)
    done = merged(site)
    days = {file.date for file in files}
    after = lake.files(site, "linux.auth")
    assert (done.merges, done.files, done.rows) == (len(days), len(files), 108)
    assert {file.date for file in after} == days
    assert len(after) == len(days) < len(files)
    assert all_rows(site) == before  # every column, segment and offset among them
    assert check(site).ok
    assert merged(site).merges == 0


def test_original_bytes_are_found_as_before(site: Workspace) -> None:
    ids = [row["event_id"] for row in all_rows(site)][::50]
    before = [lake.original_bytes(site, event) for event in ids]
    searched(site)
    merged(site)
    remove_retired(later(site, 2))
    assert [lake.original_bytes(site, event) for event in ids] == before


def test_a_merged_file_is_laid_out_like_a_landed_one(site: Workspace) -> None:
    searched(site)
    one = lake.files(site, "linux.auth")[0]
    landed = pq.read_metadata(site.lake / one.path)
    merged(site)
    file = lake.files(site, "linux.auth")[0]
    path = site.lake / file.path
    meta, table = pq.read_metadata(path), pq.read_table(path, partitioning=None)
    assert meta.schema.equals(landed.schema)
    for number in range(meta.num_columns):
        mine, theirs = meta.row_group(0).column(number), landed.row_group(0).column(number)
        assert (mine.compression, set(mine.encodings)) == (theirs.compression, set(theirs.encodings))
    keys = list(zip(*(table[name].to_pylist() for name in ("time", "record_number", "byte_offset")), strict=True))
    assert keys == sorted(keys)
    assert (file.min_time, file.max_time) == (
        keys[0][0].replace(tzinfo=NOW.tzinfo),
        keys[-1][0].replace(tzinfo=NOW.tzinfo),
    )
    assert path.stat().st_mode & 0o222 == 0
    assert len(set(table["segment_id"].to_pylist())) > 1
    with site.database.read() as connection:
        parts = connection.execute(select(catalog.lake_part).where(catalog.lake_part.c.path == file.path)).all()
    assert {row.segment_id: row.rows for row in parts} == {
        row["values"]: row["counts"] for row in table["segment_id"].value_counts().to_pylist()
    }


def test_row_groups_are_cut_as_in_landed_files(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "ROW_GROUP_ROWS", 7)
    searched(site)
    before = all_rows(site)
    merged(site)
    meta = pq.read_metadata(site.lake / lake.files(site, "linux.auth")[0].path)
    sizes = [meta.row_group(number).num_rows for number in range(meta.num_row_groups)]
    assert len(sizes) > 1
    assert set(sizes[:-1]) == {7}
    assert all_rows(site) == before


def test_what_no_run_has_searched_stays(site: Workspace) -> None:
    files = lake.files(site, "linux.auth")
    assert merged(site).merges == 0
    day = [file for file in files if file.date == "2026-11-19"]
    searched(site, [file.path for file in day[1:]])
    assert merged(site).files == len(day) - 1
    left = [file for file in lake.files(site, "linux.auth") if file.date == "2026-11-19"]
    assert {file.scanned_at for file in left} == {None, site.clock.now()}
    assert day[0].path in {file.path for file in left}


def test_the_same_files_give_the_same_bytes(site: Workspace, tmp_path: Path) -> None:
    searched(site)
    site.database.engine.dispose()
    shutil.copytree(site.root, tmp_path / "other")
    other = open_workspace(tmp_path / "other", FixedClock(NOW))
    assert lake.files(other) == lake.files(site)
    merged(site)
    merged(other)
    assert on_disk(site) == on_disk(other)


def test_readers_from_before_the_merge_read_on_and_old_files_go_later(site: Workspace) -> None:
    searched(site)
    files = {f"lake/{file.path}" for file in lake.files(site, "linux.auth")}
    with lake.connect(site) as reader:
        merged(site)
        assert reader.sql("SELECT count(DISTINCT event_id) FROM linux_auth").fetchall() == [(108,)]
    assert retired_paths(site) == files
    report = check(site)
    assert report.ok
    assert {item.path for item in report.leftovers} == files
    assert remove_retired(site).files == 0
    assert remove_retired(later(site, 1)).files == len(files)
    assert (retired_paths(site), check(site).leftovers) == (set(), [])
    assert len(all_rows(site)) == 108


def test_evidence_finds_the_events_of_its_segments_only(site: Workspace) -> None:
    searched(site)
    chosen = segments(site)[0].segment_id
    from breachwatch.model.datasets import dataset

    def of_segment() -> list[Any]:
        with lake.connect_bare(site) as connection:
            return connection.sql(
                lake.select_segments(site, dataset("linux.auth"), [chosen]) + " ORDER BY ALL"
            ).fetchall()

    before = of_segment()
    merged(site)
    assert of_segment() == before
    with site.database.read() as connection:
        query = select(catalog.lake_part.c.path).where(catalog.lake_part.c.segment_id == chosen)
        wanted = set(connection.execute(query).scalars())
    assert {file.path for file in lake.files(site, segment_ids=[chosen])} == wanted


def test_small_means_small_and_a_merged_file_has_a_bound(site: Workspace) -> None:
    searched(site)
    largest = max(file.bytes for file in lake.files(site))
    bounded = with_settings(site, f"[lake]\nsmall_file_bytes = {largest + 1}\nmerged_file_bytes = {2 * largest + 1}\n")
    done = merged(bounded)
    assert done.merges > len({file.date for file in lake.files(site, "linux.auth")}) - 1
    assert done.files // done.merges == 2
    assert merged(with_settings(site, "[lake]\nsmall_file_bytes = 4096\n")).merges == 0


def test_a_file_that_was_changed_never_becomes_part_of_another(site: Workspace) -> None:
    searched(site)
    file = lake.files(site, "linux.auth")[0]
    path = site.lake / file.path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    done = merged(site)
    assert len(done.refused) == 1
    assert file.path in done.refused[0]
    assert file.path in {item.path for item in lake.files(site)}
    assert not list(site.scratch.iterdir())
    path.unlink()
    assert "is gone" in merged(site).refused[0]


def test_rows_that_get_lost_on_the_way_stop_the_merge(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(site)
    before = lake.files(site)
    monkeypatch.setattr(merging, "_groups", lambda batches: (batch for batch in [next(iter(batches))][:0]))
    done = merged(site)
    assert done.merges == 0
    assert all("did not give the rows" in why for why in done.refused)
    assert lake.files(site) == before


POINTS = [
    (compacting, "storage", 1),
    (compacting, "_commit", 1),
    (compacting.shutil, "rmtree", 0),
    (retired, "_remove", 1),
]


def merged_and_removed(site: Workspace) -> None:
    for days in (0, 1):  # the removal of what was merged comes a day later
        compact(later(site, days), by=SOMEBODY)


@pytest.mark.parametrize(("where", "what", "after"), POINTS, ids=[name for _, name, _ in POINTS])
def test_killed_anywhere(site: Workspace, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, after: int) -> None:
    searched(site)
    before = all_rows(site)
    wanted = len({(file.dataset, file.date) for file in lake.files(site)})
    with monkeypatch.context() as patch:
        dies_at(patch, where, what, after)
        # A kill leaves scratch space as it is.
        if where is not compacting.shutil:
            patch.setattr(compacting.shutil, "rmtree", lambda folder: None)
        with pytest.raises(Killed):
            merged_and_removed(site)
    assert all_rows(site) == before
    report = check(site, quick=True)
    assert report.ok, report.differences  # what is left over is explained
    last = later(site, 3)
    compact(last, by=SOMEBODY)
    remove_retired(later(site, 5))
    assert all_rows(last) == before
    assert len(lake.files(last)) == wanted
    assert set(on_disk(last)) == {file.path for file in lake.files(last)}
    assert not list(last.scratch.iterdir())
    report = check(last)
    assert (report.ok, report.leftovers) == (True, [])


def test_a_full_disk_leaves_everything_as_it_was(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(site)
    before = lake.files(site)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(merging.os, "fsync", full)
    with pytest.raises(EnvironmentFault, match="no space left"):
        merged(site)
    assert lake.files(site) == before
    assert not list(site.scratch.iterdir())


def test_clearances_of_holds_pass_on_only_where_all_files_have_them(site: Workspace) -> None:
    searched(site)
    by_day: dict[str, list[str]] = {}
    for file in lake.files(site, "linux.auth"):
        by_day.setdefault(file.date, []).append(file.path)
    one, other, *_ = sorted(by_day)
    with site.database.write() as connection:
        connection.execute(insert(cases.hold).values(number="HOLD-1", reason="r", placed_at=NOW, placed_by="mira"))
        connection.execute(insert(cases.hold_item).values(hold="HOLD-1", kind="account", value="eve"))
        for path in [*by_day[one], *by_day[other][1:]]:
            connection.execute(insert(cases.hold_clearance).values(hold="HOLD-1", path=path))
    merged(site)
    with site.database.read() as connection:
        cleared = list(connection.execute(select(cases.hold_clearance.c.path)).scalars())
    assert [path.split("/")[1] for path in cleared] == [f"date={one}"]


def test_the_audit_log_says_what_went_into_what(site: Workspace) -> None:
    searched(site)
    files = [file for file in lake.files(site, "linux.auth") if file.date == "2026-11-19"]
    merged(site)
    (now,) = (file for file in lake.files(site, "linux.auth") if file.date == "2026-11-19")
    with site.database.read() as connection:
        row = connection.execute(select(cases.audit).where(cases.audit.c.entity == Path(now.path).stem)).one()
    assert row.actor == SOMEBODY.name
    assert now.sha256 in row.change
    assert all(file.sha256 in row.reason for file in files)


def test_the_command(site: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    from breachwatch.cli.app import main

    searched(site)
    count = len(lake.files(site))
    assert main(["-w", str(site.root), "lake", "compact", "--dry-run"]) == 0
    assert f"{count} files" in capfd.readouterr().out
    assert len(lake.files(site)) == count
    assert main(["-w", str(site.root), "lake", "compact"]) == 0
    assert len(lake.files(site)) < count
    capfd.readouterr()
    assert main(["-w", str(site.root), "lake", "compact", "--json"]) == 0
    assert '"merges": 0' in capfd.readouterr().out


def test_it_does_not_run_twice_at_once(site: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from breachwatch.errors import BusyError

    real: Callable[..., Any] = Workspace.lock
    monkeypatch.setattr(Workspace, "lock", lambda ws, name: real(ws, name, 0.01))
    with real(replace(site), compacting.LOCK), pytest.raises(BusyError):
        merged(site)
