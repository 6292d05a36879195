"""What a snapshot says of the detection, and of what the people and machines of the case did before and after."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from breachwatch.model.finding import CompiledRule, RuleOrigin
from tests.unit.evidence.making import City

RULE = "data/detection/many-failed-sign-ins"


def read(bag: Path, name: str) -> Any:
    return json.loads((bag / name).read_text())


def rows(bag: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(bag / "data/context/activity.parquet").to_pylist()
    return found


def test_what_they_did_before_during_and_after(make_city: Callable[..., City]) -> None:
    city = make_city("[evidence]\ncontext_events = 4\n")
    log = city.log(source="auth")
    city.log(source="other", path="/var/log/other", user="somebody")
    finding = city.finding(log.event_ids[10:20])
    times = [finding.first_time.replace(second=at) for at in (10, 19)]
    bag = Path(city.seal(city.waiting(replace(finding, first_time=times[0], last_time=times[1]))[0]).path)
    about = read(bag, "data/context/activity.json")
    assert about["entities"] == {"user": ["jdoe"]}
    assert about["events"] == {"linux.auth": {"before": 10, "during": 10, "after": 20}}
    assert about["kept"] == {"before": 4, "during": 4, "after": 4}
    kept = rows(bag)
    assert [row["event_id"] for row in kept] == [log.event_ids[at] for at in (*range(6, 14), *range(20, 24))]
    assert [row["phase"] for row in kept] == ["before"] * 4 + ["during"] * 4 + ["after"] * 4
    assert {row["user"] for row in kept} == {"jdoe"}
    assert len((bag / "data/context/activity.csv").read_text().splitlines()) == 13


def test_activity_is_told_whatever_the_case_of_a_name(city: City) -> None:
    log = city.log(user="JDoe")
    bag = Path(city.seal(city.waiting(city.finding(log.event_ids[:5]))[0]).path)
    assert len(rows(bag)) == 40


def test_no_activity_is_asked_for_where_the_settings_say_so(make_city: Callable[..., City]) -> None:
    bag = Path(make_city("[evidence]\ncontext_events = 0\n").snapshot().path)
    assert rows(bag) == []
    assert read(bag, "data/context/activity.json")["kept"] == {}


def test_the_filters_in_force_stand_beside_the_rule(city: City) -> None:
    log = city.log()
    finding = city.finding(log.event_ids[:5])
    rule = "title: Many failed sign-ins\n---\nstray: document\n"
    filters = ["title: Scanner =1\nfilter: {}\n", "title: ../x\nfilter: {}"]
    text = "---\n".join(part if part.endswith("\n") else f"{part}\n" for part in (rule, *filters))
    titles = ("Scanner =1", "../x")
    origins = tuple(
        RuleOrigin(title=title, sha256=hashlib.sha256(part.encode()).hexdigest())
        for title, part in zip(titles, filters, strict=True)
    )
    ran = city.rules[finding.rule_revision]
    city.rules[finding.rule_revision] = CompiledRule(
        ran.rule_id, ran.title, ran.revision, text, ran.sql, ran.dataset, (*ran.origins, *origins)
    )
    bag = Path(city.seal(city.waiting(finding)[0]).path)
    found = sorted((bag / RULE / "filters").iterdir())
    assert [path.name for path in found] == ["01-Scanner=20=3D1.yml", "02-=2E./x.yml".replace("/", "=2F")]
    assert [path.read_text() for path in found] == [filters[0], filters[1] + "\n"]


def test_query_parameters_result_and_counts(city: City) -> None:
    log = city.log()
    [job] = city.waiting(city.finding(log.event_ids[:5]))
    bag = Path(city.seal(job).path)
    assert (bag / RULE / "query.sql").read_text() == "SELECT event_id FROM linux_auth"
    parameters = read(bag, f"{RULE}/params.json")
    assert parameters["city_time_zone"] == "America/Chicago"
    assert parameters["lookback_days"] == 7
    with (bag / RULE / "result.csv").open(newline="") as file:
        result = list(csv.DictReader(file))
    assert [row["event_id"] for row in result] == sorted(log.event_ids[:5])
    assert {(row["alert"], row["level"], row["entities"]) for row in result} == {
        (job.alert_keys[0], "high", "user:jdoe")
    }
    stats = read(bag, f"{RULE}/stats.json")
    assert (stats["alerts"], stats["events_matched"]) == (1, 5)


def test_how_much_was_searched_is_told(city: City) -> None:
    from breachwatch import lake
    from breachwatch.incidents import record
    from breachwatch.model.finding import Scan, Window
    from tests.unit.evidence.making import NIGHT

    log = city.log()
    finding = city.finding(log.event_ids[:5])
    paths = tuple(file.path for file in lake.files(city.ws))
    scan = Scan(Window(NIGHT, NIGHT), (finding,), (), tuple(city.rules.values()), 40, paths)
    bag = Path(city.seal(record(city.ws, scan, "run-1").to_preserve[0]).path)
    searched = read(bag, f"{RULE}/stats.json")["searched"]
    assert (searched["files"], searched["rows"]) == (1, 40)
    assert searched["first_time"] == NIGHT.isoformat()


def test_environment_and_clock(city: City) -> None:
    bag = Path(city.snapshot().path)
    assert read(bag, "data/environment.json")["run_id"] == "run-1"
    clock = read(bag, "data/clock.json")
    assert clock["collector_clock_offset"]["measured"] in {True, False}
    assert clock["time_zone_data"]["version"]
