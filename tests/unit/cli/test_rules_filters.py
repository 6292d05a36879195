"""`breachwatch rules filters` and `filter-preview`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import insert

from breachwatch import detect
from breachwatch.clock import FixedClock
from breachwatch.detect.hiding import hidden_by_filters
from breachwatch.model.night import Night
from breachwatch.records import cases
from breachwatch.report.summary import summary_page
from breachwatch.run import run, to_json
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land

Call = Callable[..., Any]
RULES = """
title: failed sign-in
name: failed
id: 77777777-7777-4777-8777-777777777777
level: low
logsource: {category: authentication}
detection: {s: {outcome: failure}, condition: s}
---
title: many failures
id: 77777777-7777-4777-8777-777777777778
correlation: {type: event_count, rules: failed, group-by: [source_ip], timespan: 10m, condition: {gte: 3}}
---
title: failed sign-in again
id: 77777777-7777-4777-8777-777777777779
logsource: {category: authentication}
detection: {s: {outcome: failure, user: robot}, condition: s}
"""
FILTER = """
title: the backup robot
logsource: {category: authentication}
filter: {rules: failed, robot: {user: robot}, condition: not robot}
breachwatch: {owner: IT operations, reason: a known wrong password, expires: 2026-12-31}
"""


@pytest.fixture
def tuned(make_ws: Callable[..., Workspace]) -> Workspace:
    ws = make_ws('[detect]\nrules = ["mine"]\nfilters = ["filters"]\n')
    for name, text in (("mine/rules.yml", RULES), ("new.yml", FILTER)):
        path = ws.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (ws.root / "filters").mkdir()
    rows = [failure("10.0.0.5", minute, user="robot", message="\x1b[31mred") for minute in range(4)]
    rows += [failure("10.0.0.6", minute, id=f"x{minute}", user="robot" if minute else "mira") for minute in range(3)]
    land(ws, "linux.auth", rows)
    _record(ws)
    return ws


def _record(ws: Workspace) -> None:
    """The alerts of a run, as the incident stage keeps them."""
    found = detect.scan(ws, at(60 * 24)).findings
    with ws.database.write() as connection:
        for item in found:
            texts = dict.fromkeys(("entities", "tags", "why"), "[]")
            connection.execute(
                insert(cases.alert).values(
                    **{
                        name: getattr(item, name)
                        for name in ("key", "rule_id", "rule_title", "rule_revision", "dataset")
                    },
                    **{name: getattr(item, name) for name in ("level", "first_time", "last_time", "event_count")},
                    **texts,
                    detected_at=at(0),
                    run_id="r",
                )
            )
            for event in item.event_ids:
                connection.execute(insert(cases.alert_event).values(alert_key=item.key, event_id=event))


def test_preview_tells_what_a_filter_would_have_hidden(call: Call, tuned: Workspace) -> None:
    ended = call("rules", "filter-preview", tuned.root / "new.yml", "--json", "--workspace", tuned.root)
    assert ended.code == 0
    found = json.loads(ended.out)
    (rule,) = found["rules"]
    assert (rule["title"], rule["matched"], rule["hidden"]) == ("failed sign-in", 7, 6)
    assert [event["event_id"] for event in rule["examples"]] == ["f0", "f1", "x1"]
    # The third rule names the same events, and the filter is not for it: its alerts stay.
    assert [(item["rule_title"], item["events"], item["hidden"]) for item in found["alerts"]] == [
        ("many failures", 4, 4),
        ("many failures", 3, 2),
    ]
    shown = call("rules", "filter-preview", tuned.root / "new.yml", "--workspace", tuned.root)
    assert "IT operations - a known wrong password" in shown.out
    assert "1 alert would not have been raised, 1 with less" in shown.out
    assert "\x1b[31m" not in shown.out


def test_preview_reads_only_so_many_days_and_what_is_in_force_stays(call: Call, tuned: Workspace) -> None:
    ended = call("rules", "filter-preview", tuned.root / "new.yml", "--days", "1", "--json", "--workspace", tuned.root)
    assert json.loads(ended.out)["rules"][0]["matched"] == 0
    (tuned.root / "filters" / "f.yml").write_text(FILTER.replace("{user: robot}", "{source_ip: 10.0.0.5}"))
    ended = call("rules", "filter-preview", tuned.root / "new.yml", "--json", "--workspace", tuned.root)
    (rule,) = json.loads(ended.out)["rules"]
    assert (rule["matched"], rule["hidden"]) == (3, 2)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (FILTER.replace("not robot", "robot"), 1, "would keep only"),
        (RULES.split("---", maxsplit=1)[0], 1, "no Sigma filter"),
        (RULES, 2, "3 documents"),
        ("title: [", 1, "cannot be applied"),
        ("\x00", 1, ""),
        (FILTER.replace("rules: failed", "rules: nobody"), 0, "for no rule that runs here"),
    ],
)
def test_a_filter_that_cannot_be_tried_says_why(call: Call, tuned: Workspace, text: str, code: int, said: str) -> None:
    (tuned.root / "new.yml").write_text(text)
    ended = call("rules", "filter-preview", tuned.root / "new.yml", "--workspace", tuned.root)
    assert ended.code == code
    assert said in ended.out + ended.err


def test_a_file_that_is_not_there_says_so(call: Call, tuned: Workspace) -> None:
    assert call("rules", "filter-preview", Path("/no/such"), "--workspace", tuned.root).code == 2


def test_filters_are_listed_with_owner_reason_and_end(call: Call, tuned: Workspace) -> None:
    assert "no filters" in call("rules", "filters", "--workspace", tuned.root).out
    (tuned.root / "filters" / "a.yml").write_text(FILTER)
    (tuned.root / "filters" / "b.yml").write_text(FILTER.replace("2026-12-31", "2026-01-01"))
    (tuned.root / "filters" / "c.yml").write_text(FILTER.replace("not robot", "robot"))
    lines = json.loads(call("rules", "filters", "--json", "--workspace", tuned.root).out)
    assert [(line["owner"], line["expires"], line["state"][:8]) for line in lines[:1]] == [
        ("IT operations", "2026-12-31", "in force")
    ]
    assert "expired on 2026-01-01" in lines[1]["state"]
    assert "would keep only" in lines[2]["state"]
    assert "a known wrong password" in call("rules", "filters", "--workspace", tuned.root).out


def test_a_night_counts_what_filters_hid(tuned: Workspace) -> None:
    tuned = replace(tuned, clock=FixedClock(at(60 * 10)))
    until = Night.scheduled_at(tuned.clock.now(), tuned.settings.city.zone).until
    assert hidden_by_filters(tuned, until) == ()
    (tuned.root / "filters" / "robot.yml").write_text(FILTER)
    [found] = hidden_by_filters(tuned, until)
    assert (found.title, found.owner, found.rules, found.problem) == ("the backup robot", "IT operations", 1, "")
    assert found.events == 6
    summary = run(tuned)
    assert summary.hidden == (found,)
    shown = io.StringIO()
    Console(file=shown, width=120).print(summary_page(summary, tuned.settings.city.zone))
    assert "filter the backup robot (owner: IT operations): hid 6 events of 1 rule in the last day" in shown.getvalue()
    assert json.loads(to_json(summary))["hidden"][0]["events"] == 6


def test_a_filter_for_very_many_rules_is_named_and_not_counted(
    tuned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("breachwatch.detect.hiding.MOST_RULES", 0)
    (tuned.root / "filters" / "robot.yml").write_text(FILTER)
    [found] = hidden_by_filters(tuned, tuned.clock.now())
    assert "not counted" in found.problem
