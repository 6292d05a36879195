"""Gaps, steps back and silence over several nights, through incidents and evidence."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from breachwatch import detect, run
from breachwatch.clock import FixedClock
from breachwatch.detect import engine
from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.loading import read_rules
from breachwatch.detect.rulepack import RulePack, pack_of
from breachwatch.evidence import create_key
from breachwatch.model.finding import Finding, Level, Outcome, Window
from breachwatch.model.incident import Snapshot
from breachwatch.model.night import Night
from breachwatch.workspace import Workspace

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NIGHT = timedelta(days=1)


def windows(numbers: Iterable[int], start: datetime, channel: str = "Security") -> str:
    lines = []
    for place, number in enumerate(numbers):
        at = (start + timedelta(seconds=place)).isoformat().replace("+00:00", ".000000Z")
        system = {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": 4634,
            "EventRecordID": number,
            "Channel": channel,
            "Computer": "FS01",
            "TimeCreated": {"#attributes": {"SystemTime": at}},
        }
        lines.append(json.dumps({"Event": {"System": system, "EventData": {"TargetUserName": "svc"}}}))
    return "\n".join(lines) + "\n"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def city(make_ws: Callable[..., Workspace], logs: Path) -> Workspace:
    ws = make_ws(f'[[sources]]\nname = "log"\npaths = ["{logs}/*"]\n')
    create_key(ws.keys)
    return ws


@pytest.fixture(scope="module")
def pack() -> RulePack:
    rules = builtin_folder() / "rules"
    names = ["windows_records_missing", "linux_time_backwards", "breachwatch_sources_silent"]
    return pack_of(text for name in names for text in read_rules(str(rules / f"{name}.yml"), rules))


@pytest.fixture(autouse=True)
def _only_rules_about_logs(monkeypatch: pytest.MonkeyPatch, pack: RulePack) -> None:
    monkeypatch.setattr(engine, "load_rules", lambda _ws: pack)


def night(ws: Workspace, until: datetime) -> run.Searched:
    """Collect, land, search and seal as a night does; returns what was searched."""
    then = replace(ws, clock=FixedClock(until))
    begun = run.begin(then, Night.scheduled_at(until, ws.settings.city.zone))
    begun = replace(begun, night=replace(begun.night, until=until))
    for source in ws.settings.sources:
        report = run.ingest(then, source.name)
        assert not report.rejects
    searched = run.search(then, begun)
    for job in searched.to_preserve:
        assert isinstance(run.preserve(then, begun, job), Snapshot)
    return searched


def write(path: Path, text: str, at: datetime) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_a_gap_between_two_nights_is_found_once_and_its_records_are_sealed(city: Workspace, logs: Path) -> None:
    write(logs / "a.json", windows(range(1, 41), DAY), DAY)
    assert night(city, DAY + NIGHT).new_alerts == 0
    write(logs / "a.json", windows(range(50, 91), DAY + NIGHT), DAY + NIGHT)
    second = night(city, DAY + 2 * NIGHT)
    assert (second.new_alerts, len(second.new_incidents)) == (1, 1)
    write(logs / "a.json", windows(range(91, 101), DAY + 2 * NIGHT), DAY + 2 * NIGHT)
    third = night(city, DAY + 3 * NIGHT)
    assert (third.new_alerts, third.known_alerts) == (0, 0)
    (bag,) = city.vault.glob("EV-*")
    rows = "".join(path.read_text() for path in (bag / "data" / "detection").rglob("finding.json"))
    (alert,) = json.loads(rows)["alerts"]
    assert alert["why"]["missing"] == "9 of the numbers 41 to 49"
    assert len(alert["event_ids"]) == 2


def test_a_rotated_file_goes_on_and_a_cleared_log_begins_anew(city: Workspace, logs: Path) -> None:
    write(logs / "a.json", windows(range(1, 41), DAY), DAY)
    night(city, DAY + NIGHT)
    write(logs / "b.json", windows(range(41, 81), DAY + NIGHT), DAY + NIGHT)
    assert night(city, DAY + 2 * NIGHT).new_alerts == 0
    write(logs / "c.json", windows(range(1, 41), DAY + 2 * NIGHT), DAY + 2 * NIGHT)
    assert night(city, DAY + 3 * NIGHT).new_alerts == 0


def test_a_host_that_was_off_for_a_week_is_held_against_its_last_record(city: Workspace, logs: Path) -> None:
    write(logs / "a.json", windows(range(1, 41), DAY), DAY)
    night(city, DAY + NIGHT)
    later = DAY + 7 * NIGHT
    write(logs / "b.json", windows(range(60, 101), later), later)
    assert night(city, later + NIGHT).new_alerts == 1


def found(ws: Workspace, until: datetime) -> list[Finding]:
    scan = detect.scan(ws, until)
    assert all(item.outcome is not Outcome.COULD_NOT_RUN for item in scan.outcomes), scan.outcomes
    return list(scan.findings)


def test_a_step_back_between_two_nights_is_found_once(city: Workspace, logs: Path) -> None:
    def lines(start: datetime) -> str:
        times = [start + n * timedelta(minutes=1) for n in range(20)]
        return "".join(f"{at.isoformat()} web01 app[1]: tick\n" for at in times)

    write(logs / "app.log", lines(DAY), DAY)
    assert night(city, DAY + NIGHT).new_alerts == 0
    write(logs / "app.log", lines(DAY - timedelta(hours=3)), DAY + NIGHT)
    assert night(city, DAY + 2 * NIGHT).new_alerts == 1
    write(logs / "app.log", lines(DAY + NIGHT), DAY + 2 * NIGHT)
    assert night(city, DAY + 3 * NIGHT).new_alerts == 0


def test_the_settings_of_a_source_say_how_long_it_may_be_silent(make_ws: Callable[..., Workspace], logs: Path) -> None:
    write(logs / "app.log", f"{DAY.isoformat()} web01 app[1]: the last line\n", DAY)
    said = []
    for limit in ("silent_after_hours = 30", "silent_after_hours = 0", ""):
        ws = make_ws(f'[[sources]]\nname = "app"\npaths = ["{logs}/*"]\n{limit}\n', folder=f"ws{len(said)}")
        create_key(ws.keys)
        first = night(ws, DAY + timedelta(hours=29)).new_alerts
        again = [night(ws, DAY + timedelta(hours=hours)).new_alerts for hours in (31, 55)]
        said.append((first, *again))
    assert said == [(0, 1, 0), (0, 0, 0), (0, 0, 0)]


def test_a_clock_in_the_future_does_not_keep_a_source_alive(make_ws: Callable[..., Workspace], logs: Path) -> None:
    lines = [f"{DAY.isoformat()} web01 app[1]: now", "2031-01-01T00:00:00+00:00 web01 app[1]: in five years"]
    write(logs / "app.log", "\n".join(lines) + "\n", DAY)
    ws = make_ws(f'[[sources]]\nname = "app"\npaths = ["{logs}/*"]\nsilent_after_hours = 30\n')
    create_key(ws.keys)
    assert night(ws, DAY + timedelta(hours=1)).new_alerts == 0
    assert night(ws, DAY + timedelta(hours=32)).new_alerts == 1


def test_hunts_leave_rules_about_logs_out(city: Workspace, logs: Path, pack: RulePack) -> None:
    write(logs / "a.json", windows([*range(1, 41), *range(50, 91)], DAY), DAY)
    for source in city.settings.sources:
        run.ingest(city, source.name)
    assert len(found(city, DAY + NIGHT)) == 1
    past = engine.search_past(city, pack, Window(DAY, DAY + NIGHT))
    assert {item.outcome for item in past.outcomes} == {Outcome.NOT_APPLICABLE}


def test_the_settings_give_a_rule_another_level(
    make_ws: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch, pack: RulePack
) -> None:
    monkeypatch.undo()
    rule = next(item for item in pack.rules if item.title.startswith("Time goes backwards"))
    ws = make_ws(f'[detect]\nlevels = {{"{rule.id}" = "low"}}\n')
    levels = {item.id: item.level for item in engine.load_rules(ws).rules}
    assert levels[rule.id] is Level.LOW
    assert rule.level is Level.MEDIUM
    assert {levels[item.id] for item in pack.rules if item.id != rule.id} == {Level.MEDIUM}
