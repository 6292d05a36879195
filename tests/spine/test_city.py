"""The whole line against the simulated city's ground truth: what is found, what is not, and what an analyst sees."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from benchmarks.grouping import measured, recorded, stored_incidents
from breachwatch import evidence, incidents, lake, layout, run
from breachwatch.clock import FixedClock
from breachwatch.incidents.replay import placed
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.night import Night
from breachwatch.model.summary import RunState
from breachwatch.simulate import simulate
from breachwatch.workspace import Workspace, open_workspace
from tests.somebody import SOMEBODY
from tests.spine.city_truth import Alert, City, Place, Searched, alerts_of, places_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ZONE = "America/Chicago"
LAST_NIGHT = date(2026, 11, 22)
NIGHTS = [LAST_NIGHT - timedelta(days=back) for back in range(13, -1, -1)]
NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)

# What the truth calls a topic, and the rules that speak of it (the beginnings of their titles).
RULES_OF = {
    "brute force": ("Brute force, many failed",),
    "distributed brute force": ("Brute force against one account from many addresses",),
    "spray across accounts": ("Password spray",),
    "success after failures": ("Success after",),
    "sign-in outside hours": ("Sign-in by a person outside working hours",),
    "sign-in from a new address": ("Sign-in from a new address",),
    "sudo to root by a newcomer": ("Sudo to root by a newcomer",),
    "new local account": ("New local account",),
    "new domain account": ("New account on Windows",),
    "new privileged account": ("New privileged account", "Account added to a"),
    "crontab changed": ("A crontab was changed", "Cron runs a job"),
    "log cleared": ("Logs emptied", "The Windows security log was cleared", "A Windows event log was cleared"),
    "suspicious service installed": ("Suspicious service installed",),
    "discovery command": ("Somebody looks around",),
    "Kerberoasting": ("Kerberoasting",),
    "user enumeration": ("User enumeration",),
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Two weeks of logs in a workspace as `breachwatch init` makes it; the lake is filled and nothing is searched."""
    folder = tmp_path_factory.mktemp("city") / "logs"
    simulate(folder, days=14, seed=7, scale=0.4, time_zone=ZONE)
    root = tmp_path_factory.mktemp("city-workspace") / "taken-in"
    ws = layout.lay_out(
        root, name="Port Alder", time_zone=ZONE, sources=layout.read_sources(folder / "sources.toml", root)
    )
    ws.database.engine.dispose()
    ws = open_workspace(root, FixedClock(NOW))
    reports = tuple(run.ingest(ws, source.name) for source in ws.settings.sources)
    ws.database.engine.dispose()
    return City(folder, json.loads((folder / "truth.json").read_text()), reports, root)


def _copy(city: City, name: str) -> Workspace:
    root = city.workspace.with_name(name)
    shutil.copytree(city.workspace, root)
    return open_workspace(root, FixedClock(NOW))


def _night(ws: Workspace, day: date) -> Night:
    return Night.on(day, ws.settings.run.time_of_day, ws.settings.city.zone)


@pytest.fixture(scope="module")
def searched(city: City) -> Iterator[Searched]:
    ws = _copy(city, "at-once")
    summary = run.run(ws, _night(ws, LAST_NIGHT))
    alerts = alerts_of(ws)
    yield Searched(
        ws, summary, alerts, places_of(ws, city.folder, {event for alert in alerts for event in alert.event_ids})
    )
    ws.database.engine.dispose()


# --- what went in -----------------------------------------------------------------------------------------------------


def test_every_line_of_the_city_is_a_row(city: City) -> None:
    assert [report.source for report in city.taken_in if report.failed or report.problems] == []
    assert sum(report.rejects for report in city.taken_in) == 0
    assert all(report.rows + report.rejects == report.records for report in city.taken_in)
    assert sum(report.records for report in city.taken_in) == sum(city.truth["files"].values())


def test_the_run_is_complete(city: City, searched: Searched) -> None:
    assert searched.summary.state is RunState.COMPLETED
    assert [outcome for outcome in searched.summary.outcomes if outcome.outcome.value == "could not run"] == []
    assert searched.summary.events_searched == sum(report.rows for report in city.taken_in)
    assert {line.state for line in incidents.queue(searched.ws, by=SOMEBODY)} == {IncidentState.NEW}


# --- what was found ---------------------------------------------------------------------------------------------------


def test_every_attack_is_found_in_one_sealed_incident_that_names_it(city: City, searched: Searched) -> None:
    told = {}
    for attack in city.stories("attacks"):
        found = searched.touching(attack, Level.parse(attack["level"]))
        numbers = sorted({alert.incident for alert in found if alert.incident})
        told[attack["id"]] = numbers
        assert found, attack["id"]
        for number in numbers:
            incident = incidents.incident(searched.ws, number, by=SOMEBODY)
            assert incident.state is IncidentState.NEW
            assert incident.evidence
            assert all(alert.unsealed == 0 for alert in incident.alerts)
            named = {entity.value for entity in incident.entities}
            assert named & {name.casefold() for name in (*attack["accounts"], *attack["addresses"])}, attack["id"]
    # One incident for each attack, and none for what every host on the Internet sees every night.
    assert {key: len(numbers) for key, numbers in told.items()} == {
        attack["id"]: 0 if attack["level"] == "low" else 1 for attack in city.stories("attacks")
    }
    assert len({numbers[0] for numbers in told.values() if numbers}) == 8


def test_the_expected_rules_fire(city: City, searched: Searched) -> None:
    for story in city.stories("attacks"):
        titles = {alert.title for alert in searched.touching(story, Level.INFORMATIONAL)}
        missing = [topic for topic in story["topics"] if not any(title.startswith(RULES_OF[topic]) for title in titles)]
        assert missing == [], (story["id"], sorted(titles))


def test_alerts_lead_back_to_the_very_lines_of_the_attacks(city: City, searched: Searched) -> None:
    hash_at = {
        Place(line["file"], line["line"]): line["sha256"]
        for story in city.stories("attacks")
        for line in story["lines"]
    }
    checked = 0
    for alert in searched.alerts:
        place = searched.places[alert.event_ids[0]]
        if alert.level >= Level.HIGH and place in hash_at:
            original = lake.original_bytes(searched.ws, alert.event_ids[0])
            assert hashlib.sha256(original).hexdigest() == hash_at[place]
            checked += 1
    assert checked > 10


def test_no_near_miss_is_in_an_alert_of_weight(city: City, searched: Searched) -> None:
    for story in city.stories("benign"):
        found = [(alert.title, alert.level) for alert in searched.touching(story, Level.MEDIUM)]
        assert found == [], story["id"]


def test_the_weather_opens_no_incident(city: City, searched: Searched) -> None:
    """Hammering that leads nowhere is an alert of low level; an employee who is locked out is none of ours."""
    found = {
        story["id"]: sorted({(alert.level, alert.incident) for alert in searched.touching(story, Level.INFORMATIONAL)})
        for story in city.stories("background")
    }
    assert found == {"B01-hammering": [(Level.LOW, None)], "B02-locked-out": []}


def test_every_incident_is_an_attack_and_nothing_else(city: City, searched: Searched) -> None:
    """No incident of daily life, and no event of daily life in an alert that could open one."""
    lines = {Place(line["file"], line["line"]) for story in city.stories("attacks") for line in story["lines"]}
    stray = [
        (alert.incident, alert.title)
        for alert in searched.alerts
        if alert.level >= Level.MEDIUM and not all(searched.places[event] in lines for event in alert.event_ids)
    ]
    assert stray == []
    assert len(incidents.queue(searched.ws, by=SOMEBODY)) == 8


def test_a_night_of_attacks_is_a_handful_of_incidents(city: City, searched: Searched) -> None:
    """Each attack is in one incident, each incident tells of one attack, and little else has come along."""
    of_line: dict[Place, set[str]] = {}
    for story in city.stories("attacks"):
        for line in story["lines"]:
            of_line.setdefault(Place(line["file"], line["line"]), set()).add(story["id"])
    attacks = {event: frozenset(of_line.get(place, ())) for event, place in searched.places.items()}
    told = recorded(searched.ws, lambda _: attacks)
    found = measured(told, stored_incidents(searched.ws))
    assert (found.incidents, found.attacks, found.attacks_split, found.of_daily_life) == (8, 8, 0, 0)
    assert found.most_attacks_an_incident == 1
    assert found.most_a_night <= 4
    assert found.purity > 0.8
    # Placed anew from what is stored, they are the same incidents: the preview tells the truth.
    again = measured(told, placed([item.alert for item in told], searched.ws.settings.incidents))
    assert (again.incidents, again.attacks_split, again.pure) == (found.incidents, 0, found.pure)


def test_an_analyst_can_tell_from_the_titles(searched: Searched) -> None:
    titles = "\n".join(line.title for line in incidents.queue(searched.ws, by=SOMEBODY))
    for words in (
        "a guessed password: plotter from 203.0.113.50",
        "after a spray, one of many accounts let an address in: 22 accounts from 203.0.113.61",
        "from many addresses: gisadmin from 40 addresses",
        "Sign-in from a new address outside working hours: ven-water from 203.0.113.77",
        "New privileged account on Windows: helpdesk2 and svc-update",
        "Kerberoasting, weak tickets for many services: permits01 from 10.20.150.66",
        "Logs emptied or removed on Linux: intern1 on db01",
        "Suspicious service installed from another computer: adm-south from 10.20.1.23",
    ):
        assert words in titles


# --- what stays -------------------------------------------------------------------------------------------------------


def test_all_evidence_verifies(searched: Searched) -> None:
    reports = evidence.verify_all(searched.ws)
    assert len(reports) == len(incidents.queue(searched.ws, by=SOMEBODY))
    assert [report.number for report in reports if not report.ok] == []


def test_night_by_night_gives_the_same_incidents(city: City, searched: Searched) -> None:
    """Four runs, each up to its own night; what is later is left to the next.

    No exception is made for rules of the kind "the first time": what counts as learned, and as seen before, is told by
    the times of the events, not by the runs.
    """
    ws = _copy(city, "by-night")
    new = {}
    for day in (*NIGHTS[9:12], LAST_NIGHT):  # each of these runs takes in all days before it, too
        summary = run.run(ws, _night(ws, day))
        assert summary.state is RunState.COMPLETED
        new[day] = len(summary.new_incidents)
    # Each attack is in the queue on the morning after, or after the next run.
    assert {day.day: count for day, count in new.items() if count} == {18: 1, 19: 2, 20: 3, 22: 2}
    assert _told(alerts_of(ws)) == _told(searched.alerts)
    assert _queue(ws) == _queue(searched.ws)
    assert [report.number for report in evidence.verify_all(ws) if not report.ok] == []
    ws.database.engine.dispose()


def _told(alerts: tuple[Alert, ...]) -> tuple[set[Alert], set[frozenset[str]]]:
    """The alerts without the numbers of their incidents, and which of them belong together."""
    together: dict[str, set[str]] = {}
    for alert in alerts:
        together.setdefault(alert.incident or "", set()).add(alert.key)
    alone = together.pop("", set())
    plain = {replace(alert, incident=None) for alert in alerts}
    return plain, {frozenset(keys) for keys in (alone, *together.values())}


def _queue(ws: Workspace) -> set[tuple[Any, ...]]:
    return {
        (line.title, line.level, frozenset(line.entities), line.alerts, line.first_time, line.last_time)
        for line in incidents.queue(ws, by=SOMEBODY)
    }


def test_a_second_run_adds_nothing(searched: Searched) -> None:
    again = run.run(searched.ws, _night(searched.ws, LAST_NIGHT))
    assert (again.new_alerts, again.new_incidents, again.extended_incidents, again.snapshots) == (0, (), (), ())
    assert sum(report.records for report in again.sources) == 0
