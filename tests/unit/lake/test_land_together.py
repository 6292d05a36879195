# ruff: noqa: DTZ001  (times in the lake are UTC without a zone)
"""Segments that land together: one file a dataset and day, all of them or none, each with its own numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from breachwatch import lake
from breachwatch.errors import UnknownNameError
from breachwatch.lake import landing, parquet, partition, storage
from breachwatch.lake.care.checking import check
from breachwatch.lake.care.differences import Kind
from breachwatch.lake.lots import ApartError, Lot, sweep_broken_off
from breachwatch.model.segment import Batch, Segment
from breachwatch.records import catalog
from breachwatch.workspace import Workspace
from tests.unit.lake.making import batch, logon, stored_segment

DAY = datetime(2026, 11, 20, 12, 0)


def lake_bytes(ws: Workspace) -> dict[str, str]:
    return {
        path.relative_to(ws.lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in ws.lake.rglob("*")
        if path.is_file()
    }


def three(ws: Workspace, form: str = "syslog") -> list[Segment]:
    """Segments of three logs of one source."""
    return [stored_segment(ws, 5000 * number, file_id=f"{number}" * 32, form=form) for number in (3, 1, 2)]


def events(segments: Sequence[Segment]) -> list[Batch]:
    """Two days of sign-ins and a reject in each, and in the last also a job."""
    found = []
    for number, segment in enumerate(segments):
        times = [DAY + timedelta(days=n % 2, minutes=n, seconds=number) for n in range(4 + number)]
        found += [
            batch(segment, "linux.auth", [logon(time) for time in times]),
            batch(segment, "rejects", [{"raw": b"\x00"}], first=50),
        ]
    return [*found, batch(segments[-1], "linux.cron", [{"time": DAY, "message": "job"}], first=60)]


def rows_of(ws: Workspace, view: str) -> list[dict[str, Any]]:
    with lake.connect(ws) as connection:
        return connection.sql(f"SELECT * FROM {view} ORDER BY event_id").to_arrow_table().to_pylist()


def test_they_become_one_file_a_dataset_and_day(ws: Workspace, make_ws: Any) -> None:
    segments = three(ws)
    landed = lake.land_together(ws, segments, events(segments))
    assert [(item.segment_id, item.records, item.rows, item.rejects) for item in landed] == [
        (segments[0].segment_id, 5, 4, 1),
        (segments[1].segment_id, 6, 5, 1),
        (segments[2].segment_id, 8, 7, 1),
    ]
    assert landed[2].by_dataset == (("linux.auth", 6), ("linux.cron", 1))
    stem = Lot(tuple(segments)).stem
    assert set(lake_bytes(ws)) == {
        f"linux.auth/date=2026-11-20/{stem}.parquet",
        f"linux.auth/date=2026-11-21/{stem}.parquet",
        f"linux.cron/date=2026-11-20/{stem}.parquet",
        f"rejects/date=2026-11-22/{stem}.parquet",
    }
    assert not list(ws.scratch.iterdir())
    again = lake.land_together(ws, segments, iter([]))
    assert [(item.already, item.records, item.by_dataset) for item in again] == [
        (True, item.records, item.by_dataset) for item in landed
    ]

    apart = make_ws(folder="apart")
    for segment in three(apart):
        mine = [item for item in events(segments) if item.table["segment_id"][0].as_py() == segment.segment_id]
        lake.land(apart, segment, mine)
    assert len(lake.files(apart)) == 10
    for view in ("linux_auth", "linux_cron", "rejects"):
        assert rows_of(ws, view) == rows_of(apart, view)


def test_the_catalog_knows_what_is_of_which_segment(ws: Workspace) -> None:
    segments = three(ws)
    lake.land_together(ws, segments, events(segments))
    newest = lake.files(ws, "linux.auth")[1]
    with ws.database.read() as connection:
        parts = connection.execute(select(catalog.lake_part).where(catalog.lake_part.c.path == newest.path)).all()
        states = connection.execute(select(catalog.segment.c.state)).scalars().all()
    assert states == ["landed"] * 3
    second = (DAY + timedelta(days=1)).replace(tzinfo=UTC)
    assert {part.segment_id: (part.rows, part.min_time, part.max_time) for part in parts} == {
        segments[0].segment_id: (2, second + timedelta(minutes=1), second + timedelta(minutes=3)),
        segments[1].segment_id: (2, second + timedelta(minutes=1, seconds=1), second + timedelta(minutes=3, seconds=1)),
        segments[2].segment_id: (3, second + timedelta(minutes=1, seconds=2), second + timedelta(minutes=5, seconds=2)),
    }
    assert lake.segments_in(ws, [newest]) == {("linux.auth", segment.segment_id) for segment in segments}
    assert not [item for item in check(ws).differences if item.path.startswith("lake/")]


def test_of_a_record_in_several_of_them_the_first_ones_lands(ws: Workspace) -> None:
    segments = three(ws, form="evtx")
    earlier = stored_segment(ws, 90_000, file_id="9" * 32, form="evtx")
    lake.land(ws, earlier, [batch(earlier, "linux.auth", [{**logon(DAY), "event_id": "0" * 32}])])
    twice = [{**logon(DAY + timedelta(seconds=n)), "event_id": f"{n}" * 32} for n in range(4)]
    batches = [
        batch(segments[0], "linux.auth", twice[:2]),
        batch(segments[1], "linux.auth", twice[1:3]),
        batch(segments[2], "linux.auth", [*twice, logon(DAY + timedelta(hours=1))]),
        *(batch(segment, "rejects", [{"event_id": "b" * 32}], first=9) for segment in segments),
    ]
    landed = lake.land_together(ws, segments, reversed(batches))
    assert [(item.rows, item.rejects) for item in landed] == [(1, 1), (1, 0), (2, 0)]
    first = {row["event_id"]: row["segment_id"] for row in rows_of(ws, "linux_auth")}
    assert [first[f"{n}" * 32] for n in range(4)] == [
        item.segment_id for item in (earlier, segments[0], segments[1], segments[2])
    ]


@pytest.mark.parametrize("together", [True, False])
def test_different_events_with_one_id_both_land(ws: Workspace, together: bool) -> None:
    """Exported by a program that numbers from 1 and writes no times into the headers of records."""
    segments = three(ws, form="evtx")[:2]
    same = [{**logon(DAY + timedelta(hours=n)), "event_id": "a" * 32} for n in (0, 1)]
    more = [{**logon(DAY + timedelta(hours=n)), "event_id": f"{n}" * 32} for n in (2, 3)]
    batches = [batch(segments[n], "linux.auth", [same[n], *more], first=n) for n in (0, 1)]
    if together:
        lake.land_together(ws, segments, batches)
    else:
        for segment, mine in zip(segments, batches, strict=True):
            lake.land(ws, segment, [mine])
    assert [row["event_id"][0] for row in rows_of(ws, "linux_auth")] == ["2", "3", "a", "a"]


class Killed(BaseException):
    """Stands for the process being killed: no code of the lake runs after it."""


POINTS = [
    (landing, "_gather", 0, "together"),
    (landing, "write_scratch", 2, "in pairs"),
    (parquet.os, "fsync", 2, "apart"),
    (storage, "move_in", 1, "in pairs"),
    (storage, "_sync_folder", 0, "together"),
    (storage, "_sync_folder", 2, "apart"),
    (landing, "record_shapes", 0, "in pairs"),
    (landing, "_counted", 0, "apart"),
    (landing, "remove_folder", 1, "together"),
]


@pytest.mark.parametrize(("where", "what", "after", "then"), POINTS, ids=[f"{name}-{n}" for _, name, n, _ in POINTS])
def test_killed_anywhere_and_landed_in_any_company(
    make_ws: Any, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, after: int, then: str
) -> None:
    """All of them or none is there; the next run finishes, with the same rows and no file beside them."""
    calm, ws = make_ws(folder="calm"), make_ws(folder="killed")
    segments = three(calm)
    lake.land_together(calm, segments, events(segments))
    three(ws)
    real = getattr(where, what)
    calls = 0

    def dies(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(landing, "remove_folder", lambda folder: None)  # a kill -9 leaves it as it was
        patch.setattr(where, what, dies)
        with pytest.raises(Killed):
            lake.land_together(ws, segments, events(segments))
    committed = what == "remove_folder"
    assert len(lake.files(ws)) == (4 if committed else 0)
    left = check(ws, quick=True).differences
    assert {item.kind for item in left if item.path.startswith("lake/")} <= {Kind.LEFTOVER}
    assert not sweep_broken_off(ws, "aut", [])  # a source whose name begins another's
    assert sweep_broken_off(ws, "auth", [])
    assert not list(ws.scratch.iterdir())
    assert set(lake_bytes(ws)) == {file.path for file in lake.files(ws)}
    chosen = {"together": [segments], "in pairs": [segments[:2], segments[2:]], "apart": [[s] for s in segments]}
    for lot in chosen[then]:
        ids = {segment.segment_id for segment in lot}
        mine = [item for item in events(segments) if item.table["segment_id"][0].as_py() in ids]
        assert all(item.already == committed for item in lake.land_together(ws, lot, mine))
    assert rows_of(ws, "linux_auth") == rows_of(calm, "linux_auth")
    assert rows_of(ws, "rejects") == rows_of(calm, "rejects")
    assert set(lake_bytes(ws)) == {file.path for file in lake.files(ws)}
    assert not list(ws.scratch.iterdir())


def test_one_that_was_killed_alone_lands_together(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had put into the lake under its own name goes, so that nothing of it is there twice."""
    segments = three(ws)
    with monkeypatch.context() as patch:
        patch.setattr(landing, "_counted", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            lake.land(ws, segments[1], events(segments[1:2]))
    assert len(lake_bytes(ws)) == 4
    ids = [segment.segment_id for segment in segments]
    assert not sweep_broken_off(ws, "auth", ids[:1])
    assert sweep_broken_off(ws, "auth", ids)
    assert lake_bytes(ws) == {}
    lake.land_together(ws, segments, events(segments))
    assert set(lake_bytes(ws)) == {file.path for file in lake.files(ws)}
    assert not list(ws.scratch.iterdir())


def test_one_that_names_too_many_days_does_not_cost_the_others_theirs(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "MAX_DAYS", 3)
    segments = three(ws)
    hostile = batch(segments[0], "linux.auth", [logon(DAY + timedelta(days=n)) for n in range(5)])
    honest = batch(segments[1], "linux.auth", [logon(DAY - timedelta(days=1))])
    with pytest.raises(ApartError, match="days"):
        lake.land_together(ws, segments, [hostile, honest])
    assert lake_bytes(ws) == {}
    assert not list(ws.scratch.iterdir())


def test_those_of_which_one_has_landed_do_not_land_together(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = three(ws)
    mine = events(segments[1:2])
    lake.land(ws, segments[1], mine)
    before = lake_bytes(ws)
    with pytest.raises(ApartError):
        lake.land_together(ws, segments, events(segments))
    assert lake_bytes(ws) == before
    with ws.database.write() as connection:
        gone = catalog.segment.c.segment_id == segments[2].segment_id
        connection.execute(update(catalog.segment).where(gone).values(state="stored", segment_id="f" * 32))
    with pytest.raises(UnknownNameError):
        lake.land_together(ws, [segments[0], segments[2]], [])


def test_another_process_that_was_faster_leaves_no_second_file(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = three(ws)
    put = storage.LocalStorage.put

    def others_land_first(self: Any, finished: Any) -> None:
        put(self, finished)
        monkeypatch.setattr(storage.LocalStorage, "put", put)
        for segment in segments:
            mine = [item for item in events(segments) if item.table["segment_id"][0].as_py() == segment.segment_id]
            lake.land(ws, segment, mine)

    monkeypatch.setattr(storage.LocalStorage, "put", others_land_first)
    assert all(item.already for item in lake.land_together(ws, segments, events(segments)))
    assert set(lake_bytes(ws)) == {file.path for file in lake.files(ws)}
    assert len(rows_of(ws, "linux_auth")) == 15
