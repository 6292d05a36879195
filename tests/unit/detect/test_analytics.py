"""Rule types beside Sigma: impossible travel, dormant accounts, first-seen places."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from breachwatch.detect import scan
from breachwatch.detect.analytics import analytic_of
from breachwatch.model.finding import Outcome, Scan
from breachwatch.workspace import Workspace
from tests.unit.detect.geo import LAGOS, MIDLAND, ODESSA, asn_database, city_database
from tests.unit.detect.making import at, land, logon, mark_scanned, pack

DAY = 60 * 24
SUCCESS = """
title: TITLE
id: 44444444-4444-4444-8444-444444444444
logsource: {category: authentication}
detection: {s: {outcome: success}, condition: s}
breachwatch: CUSTOM
"""
TRAVEL = SUCCESS.replace("TITLE", "travel").replace("CUSTOM", "{impossible_travel: {speed_kmh: 900}}")
DORMANT = SUCCESS.replace("TITLE", "dormant").replace("CUSTOM", "{dormant: {days: 60}}")


@pytest.fixture(scope="module")
def geoip(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("geo")
    city, asn = city_database(folder / "city.mmdb"), asn_database(folder / "asn.mmdb")
    return f'[geoip]\ncity_database = "{city}"\nasn_database = "{asn}"\n'


def ids(result: Scan) -> list[tuple[str, ...]]:
    assert [item.reason for item in result.outcomes if item.outcome is Outcome.COULD_NOT_RUN] == []
    return [found.event_ids for found in result.findings]


# --- impossible travel ------------------------------------------------------------------------------------------------


def test_two_places_too_far_apart(make_ws: Callable[..., Workspace], geoip: str) -> None:
    ws = make_ws(geoip)
    land(ws, "linux.auth", [logon(ODESSA, 0), logon(LAGOS, 90, user="MIRA", host="vpn1")])
    result = scan(ws, at(DAY), pack=pack(TRAVEL))
    assert ids(result) == [("s0", "s90")]
    (found,) = result.findings
    assert found.event_count == 2
    assert {str(entity) for entity in found.entities} >= {f"source_ip:{ODESSA}", f"source_ip:{LAGOS}", "user:mira"}
    assert found.why["user"] == "mira"
    assert found.why["from"] == f"Odessa, US ({ODESSA})"
    assert found.why["to"] == f"Lagos, NG ({LAGOS})"
    assert found.why["distance"] == "11,096 km"  # by the law of cosines, too
    assert found.why["time between"] == "1 h 30 min"
    assert found.why["located by"].startswith("GeoLite2-City of ")
    assert "authentication" in result.rules[0].sql


@pytest.mark.parametrize(
    "rows",
    [
        [logon(ODESSA, 0), logon(LAGOS, 60 * 13)],  # 11,096 km in 13 h
        [logon(ODESSA, 0), logon(MIDLAND, 1)],  # a neighbouring town
        [logon(ODESSA, 0), logon(LAGOS, 1, user="juan")],
        [logon(ODESSA, 0), logon(LAGOS, 1, outcome="failure")],
        [logon(ODESSA, 0), logon("10.0.0.1", 1), logon("8.8.8.8", 2), logon(None, 3), logon("odd", 4)],
        [logon(ODESSA, 0, user=None), logon(LAGOS, 1, user=None)],
        [logon(ODESSA, 0), {**logon(LAGOS, 1), "time": None}],
    ],
)
def test_what_is_no_travel(make_ws: Callable[..., Workspace], geoip: str, rows: list[dict[str, Any]]) -> None:
    ws = make_ws(geoip)
    land(ws, "linux.auth", rows)
    assert ids(scan(ws, at(DAY), pack=pack(TRAVEL))) == []


def test_pairs_without_a_possible_step_between_are_one_finding(make_ws: Callable[..., Workspace], geoip: str) -> None:
    ws = make_ws(geoip)
    there_and_back = [logon(ip, minute) for minute, ip in enumerate([ODESSA, LAGOS, "10.0.0.1", ODESSA, LAGOS])]
    later = [logon(LAGOS, 600), logon(ODESSA, 610)]
    land(ws, "linux.auth", [*there_and_back, *later])
    result = scan(ws, at(DAY), pack=pack(TRAVEL))
    assert ids(result) == [("s0", "s1", "s3", "s4"), ("s600", "s610")]
    assert result.findings[0].event_count == 4


def test_places_of_ones_own_are_left_out(make_ws: Callable[..., Workspace], geoip: str, tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("network,country,city,lat,lon,asn\n102.89.0.0/16,,,,,\n")
    ws = make_ws(f'{geoip}places = "{tmp_path}/places.csv"\n')
    land(ws, "linux.auth", [logon(ODESSA, 0), logon(LAGOS, 1)])
    assert ids(scan(ws, at(DAY), pack=pack(TRAVEL))) == []


def test_without_a_database_the_rule_is_not_applicable(make_ws: Callable[..., Workspace]) -> None:
    country = SUCCESS.replace("TITLE", "country").replace("4444-8444", "4444-8445")
    country = country.replace("CUSTOM", "{first_seen: {fields: [user, source_country]}}")
    plain = SUCCESS.replace("TITLE", "abroad").replace("4444-8444", "4444-8446").replace("CUSTOM", "{}")
    plain = plain.replace("{outcome: success}", "{source_asn: 1}")
    rules = pack(f"{TRAVEL}---\n{country}---\n{plain}")
    for text, reason in (("", "no GeoIP database configured"), ('[geoip]\ncity_database = "no.mmdb"\n', "no.mmdb")):
        ws = make_ws(text, folder=f"ws{len(text)}")
        land(ws, "linux.auth", [logon(ODESSA, 0), logon(LAGOS, 1)])
        outcomes = scan(ws, at(DAY), pack=rules).outcomes
        assert [item.outcome for item in outcomes] == [Outcome.NOT_APPLICABLE] * 3
        assert reason in outcomes[0].reason
        assert "geoip.asn_database" in outcomes[2].reason


@pytest.mark.slow
def test_travel_is_the_same_however_nights_cut_it(make_ws: Callable[..., Workspace], geoip: str) -> None:
    random = Random(5)
    places = [ODESSA, ODESSA, MIDLAND, LAGOS, "10.0.0.1"]
    rows = [
        logon(random.choice(places), minute, id=f"{n}", user=random.choice(["mira", "MIRA", "juan", "ana"]))
        for n, minute in enumerate(sorted(random.uniform(0, 10 * DAY) for _ in range(150)))
    ]
    whole = make_ws(geoip, folder="whole")
    land(whole, "linux.auth", rows)
    once = {found.key for found in scan(whole, at(10 * DAY), pack=pack(TRAVEL)).findings}
    assert len(once) > 5
    ws = make_ws(f"{geoip}[detect]\nlookback_days = 1\n", folder="nightly")
    seen: set[str] = set()
    begin, until = at(-1), at(0)
    while until < at(10 * DAY):
        begin, until = until, until + timedelta(hours=17)
        land(ws, "linux.auth", [row for row in rows if begin <= row["time"] < until])
        result = scan(ws, until, pack=pack(TRAVEL))
        seen |= {found.key for found in result.findings}
        mark_scanned(ws, result)
    assert seen == once


# --- dormant ----------------------------------------------------------------------------------------------------------


def heartbeat(days: int, **more: Any) -> list[dict[str, Any]]:
    """Somebody else signs in every day, so that the log is known to be whole."""
    return [logon("10.0.0.2", day * DAY + 1, user="robot", id=f"beat{day}", **more) for day in range(days)]


def test_an_account_that_wakes_up(ws: Workspace) -> None:
    rows = [logon("10.0.0.1", 5 * DAY, user="Mira"), logon("10.0.0.1", 70 * DAY), logon("10.0.0.1", 71 * DAY)]
    land(ws, "linux.auth", [*heartbeat(75), *rows, logon("10.0.0.1", 70 * DAY, user="new", id="new")])
    result = scan(ws, at(75 * DAY), pack=pack(DORMANT))
    assert ids(result) == [(f"s{70 * DAY}",)]
    assert result.findings[0].why["user"] == "mira"
    assert result.findings[0].why["silent for"] == "65 d"
    assert result.findings[0].why["seen before that"] == "2026-11-25 00:00:00 UTC"
    mark_scanned(ws, result)
    assert ids(scan(ws, at(75 * DAY), pack=pack(DORMANT))) == []
    land(ws, "linux.auth", [logon("10.0.0.1", 72 * DAY, id="late"), logon("10.0.0.1", 69 * DAY, id="later")])
    assert ids(scan(ws, at(75 * DAY), pack=pack(DORMANT))) == [("later",)]  # what was searched before was there, too


def test_a_silence_that_nobody_listened_to_is_none(ws: Workspace) -> None:
    rows = [logon("10.0.0.1", 0), *(logon("10.0.0.1", day * DAY, id=f"{day}") for day in (70, 71))]
    land(ws, "linux.auth", rows)
    assert ids(scan(ws, at(75 * DAY), pack=pack(DORMANT))) == []
    trusting = DORMANT.replace("days: 60", "days: 60, learning_days: 100")
    assert ids(scan(ws, at(75 * DAY), pack=pack(trusting))) == [("70",)]


def test_another_log_of_the_same_source_counts_as_listening(ws: Workspace) -> None:
    land(ws, "linux.auth", [logon("10.0.0.1", 0), logon("10.0.0.1", 70 * DAY)])
    land(ws, "linux.syslog", [{"time": at(day * DAY), "message": "up"} for day in range(75)])
    assert ids(scan(ws, at(75 * DAY), pack=pack(DORMANT))) == [(f"s{70 * DAY}",)]


def test_dormant_looks_no_further_than_its_history(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws("[detect]\nlearning_days = 0\n")
    land(ws, "linux.auth", [logon("10.0.0.1", 0), logon("10.0.0.1", 70 * DAY)])
    near = DORMANT.replace("days: 60", "days: 60, history_days: 65")
    assert ids(scan(ws, at(75 * DAY), pack=pack(near))) == []
    assert ids(scan(ws, at(75 * DAY), pack=pack(DORMANT))) == [(f"s{70 * DAY}",)]


# --- first seen -------------------------------------------------------------------------------------------------------


def test_the_first_country_of_an_account(make_ws: Callable[..., Workspace], geoip: str) -> None:
    ws = make_ws(f"{geoip}[detect]\nlearning_days = 1\n")
    rule = SUCCESS.replace("TITLE", "new country")
    rule = rule.replace("CUSTOM", "{first_seen: {fields: [user, source_country], history_days: 30}}")
    rows = [logon(ODESSA, 0), logon(MIDLAND, 20 * DAY), logon(LAGOS, 20 * DAY + 5), logon("10.0.0.1", 20 * DAY + 6)]
    land(ws, "linux.auth", rows)
    result = scan(ws, at(21 * DAY), pack=pack(rule))
    assert ids(result) == [(f"s{20 * DAY + 5}",)]
    assert result.findings[0].why["source_country"] == "NG"


def test_rules_share_one_reading_of_the_past_and_find_what_each_would_alone(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws("[detect]\nlearning_days = 2\nlookback_days = 3\n")
    random = Random(3)
    rows = [
        logon(
            f"10.0.0.{random.randrange(9)}",
            n * 37,
            id=f"{n:04d}",
            user=random.choice("abcd"),
            host=random.choice("xyz"),
        )
        for n in range(500)
    ]
    land(ws, "linux.auth", rows)
    rules = [
        SUCCESS.replace("TITLE", f"rule {n}")
        .replace("4444-8444", f"4444-844{n}")
        .replace("{outcome: success}", where)
        .replace("CUSTOM", f"{{{custom}}}")
        for n, (where, custom) in enumerate(
            [
                ("{outcome: success}", "first_seen: {fields: [user, source_ip], history_days: 5}"),
                ("{outcome: success}", "first_seen: {fields: [user, host], history_days: 1}"),
                ("{outside_hours: true}", "first_seen: {fields: [user, host, source_ip], history_days: 1}"),
                ("{message|contains: sign}", "first_seen: {fields: [host, source_ip], history_days: 5}"),
                ("{outcome: success}", "dormant: {days: 1, by: [user, source_ip], learning_days: 0.5}"),
            ]
        )
    ]
    until = at(500 * 37)
    together = scan(ws, until, pack=pack("---\n".join(rules))).findings
    alone = [found for rule in rules for found in scan(ws, until, pack=pack(rule)).findings]
    assert sorted(found.key for found in together) == sorted(found.key for found in alone)
    assert {found.rule_title for found in together} == {f"rule {n}" for n in range(5)}


@pytest.mark.parametrize(
    ("custom", "reason"),
    [
        ("{impossible_travel: {speed_kmh: 10}}", "speed_kmh"),
        ("{impossible_travel: {min_km: true}}", "min_km"),
        ("{impossible_travel: {far: 1}}", "mapping"),
        ("{impossible_travel: [1]}", "mapping"),
        ("{impossible_travel: {by: []}}", "by"),
        ("{dormant: {}}", "dormant.days"),
        ("{dormant: {days: 60, history_days: 50}}", "history_days"),
        ("{dormant: {days: .nan}}", "dormant.days"),
        ("{dormant: {days: 60}, first_seen: {fields: [user]}}", "one type"),
        ("{first_seen: {fields: user, history_days: 0}}", "history_days"),
    ],
)
def test_what_a_rule_says_wrongly_is_named(ws: Workspace, custom: str, reason: str) -> None:
    land(ws, "linux.auth", [logon(ODESSA, 0)])
    (outcome,) = scan(ws, at(DAY), pack=pack(SUCCESS.replace("CUSTOM", custom))).outcomes
    assert outcome.outcome is Outcome.COULD_NOT_RUN
    assert reason in outcome.reason


def test_a_plain_rule_is_of_no_type() -> None:
    assert analytic_of({}) is None
    assert analytic_of({"guide": "x"}) is None
