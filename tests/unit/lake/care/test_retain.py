"""Retention disposes of whole files past their period, once, with a record; holds, incidents and doubts keep them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DatabaseError

from breachwatch import lake
from breachwatch.errors import DataError, SettingsError, UnknownNameError, UsageError
from breachwatch.evidence.holds import place, release
from breachwatch.lake.care import (
    Retained,
    check,
    compact,
    disposals,
    disposing,
    holds,
    retain,
    retaining,
    retaining_bytes,
    retired,
)
from breachwatch.lake.care.naming import pieces
from breachwatch.records import cases, catalog
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.unit.lake.care.site import NOW, Killed, all_rows, dies_at, later, searched, segments, with_settings

PERIODS = "[lake]\nretention = {default = 10, segments = 20}\n[detect]\nlookback_days = 7\n"


@pytest.fixture
def kept(site: Workspace) -> Workspace:
    """The site with periods of ten and twenty days, all of it searched."""
    searched(site)
    return with_settings(site, PERIODS)


def tended(ws: Workspace, days: float = 11, **how: Any) -> Retained:
    return retain(later(ws, days), by=SOMEBODY, **how)


def hold(ws: Workspace, *items: tuple[str, str], **how: Any) -> str:
    return place(ws, items, reason="a request", by=SOMEBODY, **how).number


def incident(ws: Workspace, at: datetime, state: str = "new") -> str:
    number = f"INC-2026-{at:%H%M}"
    with ws.database.write() as connection:
        connection.execute(
            insert(cases.incident).values(
                number=number, state=state, level=3, title="t", first_time=at, last_time=at, opened_at=NOW,
                opened_by_run="run-1",
            )
        )  # fmt: skip
    return number


def paths(ws: Workspace) -> set[str]:
    return {file.path for file in lake.files(ws)}


def stored(ws: Workspace) -> set[str]:
    return {path.stem for path in ws.segments.rglob("*.zst")}


def test_nothing_goes_before_its_period_and_nothing_without_one(site: Workspace) -> None:
    searched(site)
    assert tended(site, 10_000, sure_of_clock=True).files == 0
    short = with_settings(site, PERIODS)
    assert tended(short, 9.9).files == 0  # counted from the landing, which is later than the events
    assert len(paths(short)) > 0


def test_past_the_period_files_go_and_a_record_stays(kept: Workspace) -> None:
    files = lake.files(kept)
    done = tended(kept)
    assert (done.files, done.rows, done.by_dataset) == (len(files), 108, {"linux.auth": len(files)})
    assert paths(kept) == set()
    assert [path for path in kept.lake.rglob("*") if path.is_file()] == []
    found = disposals(kept)
    assert {(item.path, item.sha256, item.rows) for item in found} == {
        (f"lake/{file.path}", file.sha256, file.rows) for file in files
    }
    assert {(item.actor, item.kind, item.days) for item in found} == {(SOMEBODY.name, "events", 10)}
    assert all(item.at == later(kept, 11).clock.now() and item.segments for item in found)
    assert sum(row.pruned_rows for row in segments(kept)) == 108
    report = check(later(kept, 11))
    assert (report.ok, report.leftovers) == (True, [])
    again = tended(kept)
    assert (again.files, again.segments, len(disposals(kept))) == (0, 0, len(files))


def test_each_dataset_has_its_own_period(site: Workspace) -> None:
    searched(site)
    other = with_settings(site, '[lake]\nretention = {default = 10, "linux.auth" = 0}\n')
    assert tended(other, 30).files == 0
    longer = with_settings(site, '[lake]\nretention = {"linux.auth" = 25}\n')
    assert tended(longer, 24).files == 0
    assert tended(longer, 26).files > 0


def test_only_whole_days_that_are_over_go(site: Workspace) -> None:
    """A log of today, kept for one day: tomorrow at noon its day is not over for 24 hours yet."""
    searched(site)
    ws = with_settings(site, "[lake]\nretention = {default = 1}\n[detect]\nlookback_days = 1\n")
    with ws.database.write() as connection:
        connection.execute(text("UPDATE segment SET landed_at = '2026-11-18 00:00:00.000000'"))
    days = {file.date for file in lake.files(ws)}
    moment = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    retain(later(ws, (moment - NOW) / timedelta(days=1)), by=SOMEBODY)
    assert {file.date for file in lake.files(ws)} == {day for day in days if day >= "2026-11-19"}


def test_a_dry_run_tells_and_leaves_all(kept: Workspace) -> None:
    before = paths(kept)
    done = tended(kept, dry_run=True)
    assert (done.files, done.removed) == (len(before), 0)
    assert paths(kept) == before
    assert disposals(kept) == ()
    assert len(all_rows(kept)) == 108


def test_original_bytes_go_after_their_own_period_and_never_before_their_events(kept: Workspace) -> None:
    ids = {row.segment_id for row in segments(kept)}
    tended(kept, 11)
    assert stored(kept) == ids
    done = tended(kept, 21)
    assert (done.segments, stored(kept)) == (len(ids), set())
    found = [item for item in disposals(kept) if item.kind == "bytes"]
    assert {(Path(item.path).stem, item.sha256) for item in found} == {
        (row.segment_id, row.sha256) for row in segments(kept)
    }
    assert all(row.pruned_at for row in segments(kept))
    assert check(later(kept, 21)).ok
    assert tended(kept, 22).segments == 0


def test_bytes_stay_while_their_events_do(site: Workspace) -> None:
    searched(site)
    ws = with_settings(site, "[lake]\nretention = {default = 30, segments = 10}\n")
    assert tended(ws, 20).segments == 0
    with (
        pytest.raises(DatabaseError, match="events of this segment are in the lake"),
        ws.database.write() as connection,
    ):
        connection.execute(catalog.segment.update().values(pruned_at=NOW))
    assert tended(ws, 31).segments == len(segments(ws))


@pytest.mark.parametrize(
    ("items", "covered"),
    [
        ([("source", "web01")], "web01"),
        ([("account", "CITY\\OMAR1")], "db01"),
        ([("account", "omar1@city.gov")], "db01"),
        ([("host", "db01.city.gov")], "db01"),
        ([("host", "nowhere")], ""),
        ([], "web01 db01"),
    ],
)
def test_what_a_hold_covers_stays(kept: Workspace, items: list[tuple[str, str]], covered: str) -> None:
    hold(kept, *items)
    wanted = {row["event_id"] for row in all_rows(kept) if row["source"] in covered.split()}
    done = tended(kept)
    assert {row["event_id"] for row in all_rows(kept)} == wanted
    assert bool(done.kept) == bool(wanted)
    assert done.doubted == 0
    # Bytes without events have no names to be told by: a hold on names keeps all of its time, one on sources its own.
    tended(kept, 21)
    sources = {row.source for row in segments(kept) if row.pruned_at is None}
    named = any(kind in {"account", "host"} for kind, _ in items)
    assert sources == ({"web01", "db01"} if named else set(covered.split()))


def test_released_holds_and_other_times_cover_nothing(kept: Workspace) -> None:
    number = hold(kept, ("source", "web01"))
    hold(kept, since=NOW)
    hold(kept, until=NOW - timedelta(days=30))
    release(kept, number, reason="settled", authority="a letter", by=SOMEBODY)
    tended(kept)
    assert paths(kept) == set()


def test_a_hold_of_a_time_keeps_the_files_of_that_time(kept: Workspace) -> None:
    hold(kept, since=datetime(2026, 11, 19, 8, tzinfo=UTC), until=datetime(2026, 11, 19, 9, tzinfo=UTC))
    done = tended(kept)
    assert {file.date for file in lake.files(kept)} == {"2026-11-19"}
    assert done.kept["HOLD-2026-0001"] == len(paths(kept))
    with kept.database.read() as connection:
        here = set(connection.execute(select(catalog.lake_part.c.segment_id)).scalars())
    tended(kept, 21)
    assert stored(kept) == here  # when the events of the others were was noted as they went


@pytest.mark.parametrize("ended", ["closed", "false positive", "merged"])
def test_incidents_that_are_not_closed_keep_what_is_around_them(kept: Workspace, ended: str) -> None:
    at = datetime(2026, 11, 18, 0, 30, tzinfo=UTC)
    number = incident(kept, at)
    done = tended(kept)
    assert {file.date for file in lake.files(kept)} == {"2026-11-18", "2026-11-19"}
    assert done.kept == {number: len(paths(kept))}
    with kept.database.write() as connection:
        connection.execute(cases.incident.update().values(state=ended))
    hold(kept, ("incident", number))
    assert tended(kept).kept == {"HOLD-2026-0001": len(paths(kept))}
    release(kept, "HOLD-2026-0001", reason="settled", authority="a letter", by=SOMEBODY)
    assert tended(kept).files > 0
    assert paths(kept) == set()


def test_a_hold_that_is_placed_in_this_moment_wins(kept: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "keepers_of_files", lambda connection, paths: {})
    monkeypatch.setattr(retaining_bytes, "keepers_of_bytes", lambda connection, ids: {})
    hold(kept)
    before = paths(kept)
    done = tended(kept)
    assert paths(kept) == before
    assert done.kept == {"a hold or an incident has come to cover it": len(before)}
    assert disposals(kept) == ()
    assert sum(row.pruned_rows for row in segments(kept)) == 0


def test_the_database_itself_refuses(kept: Workspace) -> None:
    hold(kept, ("source", "web01"))
    for statement in ("DELETE FROM lake_file", "DELETE FROM hold", "UPDATE hold SET since = '2027-01-01'"):
        with pytest.raises(DatabaseError), kept.database.write() as connection:
            connection.execute(text(statement))
    tended(with_settings(kept, PERIODS))
    for statement in ("DELETE FROM disposal", "UPDATE disposal SET actor = 'nobody'", "DELETE FROM disposal_part"):
        with pytest.raises(DatabaseError, match=r"only ever added|do not change"), kept.database.write() as connection:
            connection.execute(text(statement))


def test_doubts_keep(site: Workspace) -> None:
    one, other, third, *rest = (file.path for file in lake.files(site))
    searched(site, [other, third, *rest])
    ws = with_settings(site, PERIODS)
    data = (ws.lake / other).read_bytes()
    (ws.lake / other).chmod(0o600)
    (ws.lake / other).write_bytes(data[:-1] + b"x")
    (ws.lake / third).unlink()
    done = tended(ws)
    assert done.doubted == 3
    assert dict(done.told).keys() == {f"lake/{path}" for path in (one, other, third)}
    assert "no run has searched it" in dict(done.told)[f"lake/{one}"]
    assert paths(ws) == {one, other, third}
    assert (ws.lake / other).exists()


def test_a_clock_far_ahead_removes_nothing(kept: Workspace) -> None:
    before = paths(kept)
    with pytest.raises(UsageError, match="clock"):
        tended(kept, 400)
    assert paths(kept) == before
    assert tended(kept, 400, sure_of_clock=True).files == len(before)


def test_periods_that_detection_needs_are_refused(site: Workspace) -> None:
    with pytest.raises(SettingsError, match=r"lake\.retention: default = 3 .*lookback_days = 7"):
        tended(with_settings(site, "[lake]\nretention = {default = 3}\n"))
    with pytest.raises(SettingsError, match=r"'linux\.nothing' is no dataset"):
        with_settings(site, '[lake]\nretention = {"linux.nothing" = 30}\n')
    with pytest.raises(SettingsError, match="0 to keep for ever"):
        with_settings(site, "[lake]\nretention = {default = -1}\n")


POINTS = [
    (disposing, "retire", 1),
    (retired, "_remove", 1),
    (retaining_bytes, "retire", 1),
]


@pytest.mark.parametrize(("where", "what", "after"), POINTS, ids=[what for _, what, _ in POINTS])
def test_killed_anywhere_and_taken_up_again(
    kept: Workspace, monkeypatch: pytest.MonkeyPatch, where: Any, what: str, after: int
) -> None:
    files, ids = len(paths(kept)), len(segments(kept))
    with monkeypatch.context() as patch:
        dies_at(patch, where, what, after)
        with pytest.raises(Killed):
            tended(kept, 21)
    report = check(later(kept, 21), quick=True)
    assert report.ok, report.differences
    tended(kept, 21)
    assert (paths(kept), stored(kept)) == (set(), set())
    kinds = [item.kind for item in disposals(kept)]
    assert (kinds.count("events"), kinds.count("bytes")) == (files, ids)  # each once
    assert sum(row.pruned_rows for row in segments(kept)) == 108
    report = check(later(kept, 21))
    assert (report.ok, report.leftovers) == (True, [])


def test_merged_files_are_kept_and_go_like_others(kept: Workspace) -> None:
    compact(kept, by=SOMEBODY)
    hold(kept, ("source", "web01"))
    assert tended(kept).files == 0  # every merged day has events of web01
    release(kept, "HOLD-2026-0001", reason="settled", authority="a letter", by=SOMEBODY)
    done = tended(kept)
    assert (done.rows, paths(kept)) == (108, set())
    assert sum(row.pruned_rows for row in segments(kept)) == 108


def test_collecting_again_brings_nothing_back(kept: Workspace) -> None:
    from breachwatch import run

    tended(kept, 21)
    report = run.ingest(later(kept, 21), "web01")
    assert (report.rows, report.problems) == (0, ())
    assert paths(kept) == set()


def test_an_event_that_was_disposed_of_is_told_so(kept: Workspace) -> None:
    event = all_rows(kept)[0]["event_id"]
    tended(kept, 21)
    with pytest.raises((UnknownNameError, DataError)):
        lake.original_bytes(kept, event)


def test_holds_say_what_is_wrong(kept: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="no source is named 'web02'"):
        hold(kept, ("source", "web02"))
    with pytest.raises(UnknownNameError, match="incident"):
        hold(kept, ("incident", "INC-1"))
    with pytest.raises(UsageError, match="covers nothing"):
        hold(kept, since=NOW, until=NOW)
    with pytest.raises(UsageError, match="what the hold is for"):
        place(kept, [], reason=" ", by=SOMEBODY)
    number = hold(kept)
    release(kept, number, reason="settled", authority="a letter", by=SOMEBODY)
    with pytest.raises(UsageError, match="was released"):
        release(kept, number, reason="again", authority="a letter", by=SOMEBODY)
    with kept.database.read() as connection:
        trail = connection.execute(select(cases.audit.c.change).where(cases.audit.c.entity == number)).scalars().all()
    assert trail == ["none -> in force", "in force -> released"]
    assert [item.number for item in holds(kept)] == ["HOLD-2026-0001"]


def test_names_are_looked_for_by_what_is_certain() -> None:
    assert pieces("account", "CITY\\J.Meyer") == ["j", "meyer"]
    assert pieces("account", "jörg@city.gov") == ["j", "rg"]
    assert pieces("account", "@") == []
    assert pieces("host", "web01.city.gov") == ["web01"]
    assert pieces("host", "203.0.113.7") == ["203", "0", "113", "7"]


def test_the_commands(kept: Workspace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from breachwatch.cli import app, options

    monkeypatch.setenv("COLUMNS", "160")
    real = options.open_workspace
    for group in ("lake", "hold"):
        monkeypatch.setattr(f"breachwatch.cli.{group}.open_workspace", lambda ctx, named: later(real(ctx, named), 0))
    monkeypatch.setattr("breachwatch.workspace.SystemClock", lambda: later(kept, 11).clock)

    def call(*words: str) -> tuple[int, str]:
        group = [] if words[0] == "hold" else ["lake"]
        code = app.main(["-w", str(kept.root), *group, *words])
        said = capfd.readouterr()
        return code, " ".join((said.out + said.err).split())

    assert call("hold", "place", "--reason", "order 7")[0] == 2
    code, said = call("hold", "place", "--source", "web01", "--reason", "order 7", "--until", "2026-12-01")
    assert code == 0
    assert "source web01" in said
    assert call("retain", "--dry-run", "--json")[0] == 0
    code, said = call("retain")
    assert (code, "HOLD-2026-0001" in said, "disposed of" in said) == (0, True, True)
    ended = ("hold", "release", "hold-2026-0001", "--reason", "settled")
    assert call(*ended)[0] == 2  # by which authority?
    assert call(*ended, "--authority", "letter of May 4")[0] == 0
    assert json.loads(call("hold", "list", "--json")[1])[0]["hold"]["release_reason"] == "settled"
    assert call("retain")[0] == 0
    assert paths(kept) == set()
    code, said = call("disposals")
    assert (code, "linux.auth 2026-11-18" in said) == (0, True)
    assert len(json.loads(call("disposals", "--json", "--last", "1")[1])) == 1
