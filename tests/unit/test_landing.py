"""Segments land the same on one core and on several, also where a helper process dies."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from breachwatch import collect, lake, landing, landing_order, run
from breachwatch.collect.store import DiskFullError
from breachwatch.errors import DataError
from breachwatch.landing_order import lots
from breachwatch.model.segment import Landed, Segment
from breachwatch.model.summary import SourceReport
from breachwatch.records import catalog
from breachwatch.workspace import Workspace
from tests.unit.lake.making import stored_segment

_SETTINGS = """
[city]
time_zone = "America/Chicago"
[run]
cores = 3
[limits]
segment_bytes = 65536
[[sources]]
name = "hosts"
kind = "files"
paths = ["{folder}/*.log"]
settle_seconds = 0
"""


def _log() -> bytes:
    lines = [
        f"Nov 20 {number // 3600:02}:{number // 60 % 60:02}:{number % 60:02} web{number % 3} sshd[{number}]: "
        f"Failed password for root from 203.0.113.{number % 256} port {number % 65536} ssh2"
        for number in range(0, 20_000, 5)
    ]
    return "\n".join([*lines, "a line that is no syslog", ""]).encode()


def _landed(ws: Workspace) -> dict[str, str]:
    return {
        path.relative_to(ws.lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(ws.lake.rglob("*.parquet"))
    }


def _ingested(ws: Workspace) -> tuple[SourceReport, list[tuple[str, int]]]:
    told: list[tuple[str, int]] = []
    report = run.ingest(ws, "hosts", lambda source, done, total: told.append((source, total)))
    assert len(told) == report.segments
    return report, told


@pytest.fixture(autouse=True)
def _two_segments_land_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_order, "TOGETHER_BYTES", 2 * 65536)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "auth.log").write_bytes(_log())
    return folder


def _alone(make_ws: Callable[[str], Workspace], logs: Path) -> tuple[SourceReport, dict[str, str]]:
    ws = make_ws(_SETTINGS.format(folder=logs))
    report, _ = _ingested(ws)
    assert report.segments > 4
    assert (report.rows, report.rejects, report.problems) == (4000, 1, ())
    files = _landed(ws)
    ws.database.engine.dispose()
    shutil.rmtree(ws.root)
    return report, files


def test_several_processes_leave_the_same_lake(
    make_ws: Callable[[str], Workspace], logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, files = _alone(make_ws, logs)
    monkeypatch.setattr(landing, "SHARED_BYTES", 0)
    ws = make_ws(_SETTINGS.format(folder=logs))
    assert _ingested(ws)[0] == report
    assert _landed(ws) == files
    with ws.database.read() as connection:
        assert set(connection.execute(select(catalog.segment.c.landed_at)).scalars()) == {ws.clock.now()}
    assert sorted(path.name for path in (ws.state / "locks").glob("landing-hosts-*.lock")) == [
        "landing-hosts-0.lock",
        "landing-hosts-1.lock",
    ]


def test_helpers_that_die_cost_no_segment(
    make_ws: Callable[[str], Workspace], logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, files = _alone(make_ws, logs)
    monkeypatch.setattr(landing, "SHARED_BYTES", 0)
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    ws = make_ws(_SETTINGS.format(folder=logs))
    assert _ingested(ws)[0] == report
    assert _landed(ws) == files


def test_a_helper_of_a_killed_run_is_waited_for(
    make_ws: Callable[[str], Workspace], logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "_ORPHANS_WAIT", 0.01)
    ws = make_ws(_SETTINGS.format(folder=logs))
    with ws.lock("landing-hosts-0"):
        refused = run.ingest_or_report(ws, "hosts")
    assert "landing-hosts-0" in (refused.failed or "")
    assert not _landed(ws)


def _journal() -> bytes:
    """Entries, and half of them once more: a journal that was exported twice into one file."""
    entries = [
        json.dumps(
            {
                "__CURSOR": f"s=1;i={number:x}",
                "__REALTIME_TIMESTAMP": str(1_763_600_000_000_000 + number * 1_000_000),
                "_HOSTNAME": "web01",
                "SYSLOG_IDENTIFIER": "sshd",
                "MESSAGE": f"Failed password for root from 203.0.113.{number % 256} port {number} ssh2",
            }
        ).encode()
        for number in range(2000)
    ]
    return b"".join(entry + b"\n" for entry in (*entries, *entries[500:1500]))


@pytest.fixture
def journal(logs: Path) -> Path:
    (logs / "auth.log").write_bytes(_journal())
    return logs


def test_segments_that_repeat_records_enter_the_lake_in_their_order(
    make_ws: Callable[[str], Workspace], journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_ws(_SETTINGS.format(folder=journal))
    report = _ingested(ws)[0]
    files = _landed(ws)
    assert (report.rows, report.records, report.problems) == (2000, 2000, ())
    assert report.segments > 4
    ws.database.engine.dispose()
    shutil.rmtree(ws.root)
    monkeypatch.setattr(landing, "SHARED_BYTES", 0)
    ws = make_ws(_SETTINGS.format(folder=journal))
    assert _ingested(ws)[0] == report
    assert _landed(ws) == files


def test_what_comes_after_a_segment_that_cannot_be_landed_waits(
    make_ws: Callable[[str], Workspace], journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "SHARED_BYTES", 0)
    ws = make_ws(_SETTINGS.format(folder=journal))
    land = landing.land

    def disk_is_full(ws: Workspace, segment_ids: Sequence[str], turn: Callable[[], None]) -> list[Landed]:
        if collect.segment(ws, segment_ids[0]).start == 0:
            raise DiskFullError("the disk is full")
        return land(ws, segment_ids, turn)

    monkeypatch.setattr(landing, "land", disk_is_full)
    monkeypatch.setattr(landing, "_helper", _this_process)
    with pytest.raises(DiskFullError):
        run.ingest(ws, "hosts")
    assert not _landed(ws)
    monkeypatch.setattr(landing, "land", land)
    assert run.ingest(ws, "hosts").rows == 2000


@contextmanager
def _this_process(ws: Workspace, source: str, _: int) -> Iterator[Callable[..., list[landing.Found]]]:
    yield lambda segment_ids, turn: landing._land_or_say(ws, source, segment_ids, turn)


def test_neighbours_land_together_up_to_a_size(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_order, "TOGETHER_BYTES", 2500)
    segments = [stored_segment(ws, 1000 * number) for number in range(5)]  # of 1000 bytes each
    assert lots(segments) == [segments[:2], segments[2:4], segments[4:]]
    assert lots(segments, apart=True) == [[segment] for segment in segments]
    monkeypatch.setattr(landing_order, "TOGETHER_BYTES", 999)
    assert lots(segments) == [[segment] for segment in segments]
    assert lots([]) == []


@pytest.mark.parametrize("shared", [False, True])
def test_a_segment_that_cannot_be_read_costs_no_other(
    make_ws: Callable[[str], Workspace], logs: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    """Its stored bytes are damaged; those it was to land with land one by one, and the report names it."""
    monkeypatch.setattr(landing_order, "TOGETHER_BYTES", 1024 * 1024)
    if shared:
        monkeypatch.setattr(landing, "SHARED_BYTES", 0)
    ws = make_ws(_SETTINGS.format(folder=logs))
    stored = collect.collect(ws, ws.settings.source("hosts")).segment_ids
    assert len(lots(collect.segments(ws, stored))) == 1
    bad = ws.segments / "hosts" / f"{stored[2]}.zst"
    whole = bad.read_bytes()
    bad.chmod(0o600)
    bad.write_bytes(whole[:100] + bytes(20) + whole[120:])
    report = run.ingest(ws, "hosts")
    assert [problem.where for problem in report.problems] == [stored[2]]
    assert "damaged" in report.problems[0].what
    assert report.segments == len(stored) - 1
    assert {file.segment_id for file in lake.files(ws)} == set(stored) - {stored[2]}
    assert not list(ws.scratch.iterdir())
    bad.write_bytes(whole)
    assert (run.ingest(ws, "hosts").segments, sum(file.rows for file in lake.files(ws))) == (1, 4001)


def test_after_a_landing_that_was_killed_each_segment_lands_by_itself(
    make_ws: Callable[[str], Workspace], logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of those that landed together may be what ended the run: it must not do so to the others for ever."""
    ws = make_ws(_SETTINGS.format(folder=logs))
    parsed = landing.sharing.parsed

    class Killed(BaseException):
        pass

    def ends_the_process(ws: Workspace, segment: Segment, data: object) -> object:
        if segment.start:
            raise Killed
        return parsed(ws, segment, data)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(landing.sharing, "parsed", ends_the_process)
        patch.setattr("breachwatch.lake.landing.remove_folder", lambda folder: None)
        with pytest.raises(Killed):
            run.ingest(ws, "hosts")
    assert not _landed(ws)
    assert [path.name.rpartition("-")[0] for path in ws.scratch.iterdir()] == ["lot-hosts"]
    report = run.ingest(ws, "hosts")
    assert len(lake.files(ws)) >= report.segments > 4
    assert not list(ws.scratch.iterdir())


def test_a_transient_fault_is_no_fault_of_a_segment(
    make_ws: Callable[[str], Workspace], logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_ws(_SETTINGS.format(folder=logs))
    tried: list[int] = []

    def fails(ws: Workspace, segment_ids: Sequence[str], turn: Callable[[], None]) -> list[Landed]:
        tried.append(len(segment_ids))
        raise DiskFullError("the disk is full") if len(tried) == 2 else DataError("it is damaged")

    monkeypatch.setattr(landing, "land", fails)
    with pytest.raises(DiskFullError):
        run.ingest(ws, "hosts")
    assert tried == [2, 1]
