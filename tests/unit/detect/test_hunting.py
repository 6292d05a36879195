"""Hunting: the findings of the nights, whatever the pieces, however often it is broken off."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from breachwatch import incidents, lake
from breachwatch.detect import hunting, scan
from breachwatch.detect.chosen import chosen_rules
from breachwatch.detect.hunting import Hunt, hunt, plan
from breachwatch.errors import UnknownNameError
from breachwatch.model.finding import Outcome, Scan
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, logon, mark_scanned, pack
from tests.unit.detect.test_correlation import BASES, BRUTE
from tests.unit.detect.test_nights import RULES, timeline

DAYS = 5
END = at(DAYS * 1440)
FIRST = """
---
title: new address
id: 22222222-2222-4222-8222-222222222222
logsource: {category: authentication}
detection: {s: {outcome: success}, condition: s}
breachwatch: {first_seen: {fields: [user, source_ip], history_days: 10, learning_days: 2}}
"""


def quiet(what: str, done: int, total: int) -> None:
    pass


def nights(ws: Workspace, rows: list[dict[str, Any]], rules: str) -> dict[str, str]:
    """The findings of one night after the other, by key."""
    seen = {}
    for day in range(DAYS):
        begin, until = at(day * 1440), at((day + 1) * 1440)
        land(ws, "linux.auth", [row for row in rows if begin <= row["time"] < until])
        found = scan(ws, until, pack=pack(rules))
        seen |= {item.key: item.rule_title for item in found.findings}
        mark_scanned(ws, found)
    return seen


class Stopped(BaseException):
    """What a killed process looks like from inside."""


def search_until(ws: Workspace, asked: Hunt, pieces: int) -> None:
    """Break a hunt off in the middle of the piece after so many."""

    def progress(what: str, done: int, total: int) -> None:
        if what == "parts" and done == pieces:
            raise Stopped

    with pytest.raises(Stopped):
        hunt(ws, asked, progress)


def test_a_hunt_finds_what_the_nights_found_in_pieces_of_any_size(ws: Workspace, monkeypatch: Any) -> None:
    rows = [row for row in timeline(1) if row["time"] < END]
    expected = nights(ws, rows, RULES + FIRST)
    assert set(expected.values()) >= {"brute", "spray", "new address"}
    whole = hunt(ws, plan(ws, pack(RULES + FIRST), at(0), END), quiet)
    assert {item.key: item.rule_title for item in whole.findings} == expected
    monkeypatch.setattr(hunting, "PIECE_ROWS", 1)
    asked = plan(ws, pack(RULES + FIRST), at(0), END)
    assert len(asked.pieces) == 4  # nothing happened on one of the days
    pieced = hunt(ws, asked, quiet)
    assert {item.key: item.rule_title for item in pieced.findings} == expected
    assert pieced.events_in_window == whole.events_in_window == len(rows)
    assert [item.outcome for item in pieced.outcomes] == [item.outcome for item in whole.outcomes]
    assert {item.rule_revision for item in pieced.findings} <= {rule.revision for rule in pieced.rules}


def test_broken_off_anywhere_it_goes_on_and_gives_the_same(
    make_ws: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunting, "PIECE_ROWS", 1)
    ws = make_ws()
    land(ws, "linux.auth", [failure("1.1.1.1", day * 1440 + minute) for day in range(4) for minute in range(-2, 4)])
    undisturbed = hunt(ws, plan(ws, pack(BASES + BRUTE), at(0), END), quiet)
    assert undisturbed.findings
    plan(ws, pack(BASES + BRUTE), at(0), END).kept.path.unlink()  # type: ignore[union-attr]
    searched: list[datetime] = []
    real = hunting.search_past

    def counted(*args: Any) -> Scan:
        searched.append(args[2].start)
        return real(*args)

    monkeypatch.setattr(hunting, "search_past", counted)
    for pieces in (0, 2):
        search_until(ws, plan(ws, pack(BASES + BRUTE), at(0), END), pieces)
        assert len(plan(ws, pack(BASES + BRUTE), at(0), END).done) == pieces
    again = hunt(ws, plan(ws, pack(BASES + BRUTE), at(0), END), quiet)
    assert again == undisturbed
    assert len(searched) == 4 == len(set(searched))  # no piece twice
    assert hunt(ws, plan(ws, pack(BASES + BRUTE), at(0), END), quiet) == undisturbed
    assert len(searched) == 4


def test_changed_rules_logs_and_state_are_searched_anew(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunting, "PIECE_ROWS", 1)
    land(ws, "linux.auth", [failure("1.1.1.1", day * 1440 + minute) for day in range(4) for minute in range(4)])
    rules = pack(BASES + BRUTE)
    first = plan(ws, rules, at(0), END)
    assert len(hunt(ws, first, quiet).findings) == 4
    assert len(plan(ws, rules, at(0), END).done) == 4
    assert plan(ws, pack((BASES + BRUTE).replace("gte: 3", "gte: 4")), at(0), END).done == ()
    # A late log: only the pieces within reach of it, which an episode that goes on may be followed back through.
    land(ws, "linux.auth", [failure("2.2.2.2", 1440 + minute) for minute in range(700, 705)])
    extended = plan(ws, rules, at(0), END)
    assert [piece.window.start for piece in extended.pieces if not extended.is_done(piece)] == [
        at(1440 * n) for n in (1, 2, 3)
    ]
    assert len(hunt(ws, extended, quiet).findings) == 5
    # Another end of the time: the last piece alone.
    assert len(plan(ws, rules, at(0), END + timedelta(hours=1)).done) == 3
    # A state that somebody altered counts for nothing.
    path = extended.kept.path
    assert path is not None
    data = path.read_bytes()
    path.write_bytes(data.replace(b"2.2.2.2", b"9.9.9.9"))
    assert plan(ws, rules, at(0), END).done == ()
    path.write_bytes(data)
    fresh = plan(ws, rules, at(0), END)
    assert len(fresh.done) == 4
    fresh.forget()
    assert fresh.done == ()


def test_an_episode_over_several_pieces_is_one_finding_with_all_its_events(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunting, "PIECE_ROWS", 1)
    land(ws, "linux.auth", [failure("1.1.1.1", 1440 + minute) for minute in range(-4, 5)])
    asked = plan(ws, pack(BASES + BRUTE), at(0), END)
    assert len(asked.pieces) == 2
    (found,) = hunt(ws, asked, quiet).findings
    assert (len(found.event_ids), len(set(found.event_ids)), found.event_count) == (9, 9, 9)
    assert (found.first_time, found.last_time) == (at(1436), at(1444))


def test_an_empty_lake_is_said_for_every_rule(ws: Workspace) -> None:
    found = hunt(ws, plan(ws, pack(BASES + BRUTE), at(0), END), quiet)
    assert found.findings == ()
    assert {item.outcome for item in found.outcomes} == {Outcome.NOT_APPLICABLE}
    assert plan(ws, pack(BASES + BRUTE)).pieces == ()


def test_a_hunt_changes_nothing_but_its_own_state(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("1.1.1.1", minute) for minute in range(4)])
    before = lake.files(ws)
    found = hunt(ws, plan(ws, pack(BASES + BRUTE), at(0), END), quiet)
    assert found.findings
    assert found.scanned_files == ()
    assert lake.files(ws) == before
    assert [path.stat().st_mode & 0o777 for path in (ws.state / "hunts").iterdir()] == [0o600]
    # The night finds the same, and recorded by both it is one alert.
    night = scan(ws, END, pack=pack(BASES + BRUTE))
    assert [item.key for item in night.findings] == [item.key for item in found.findings]
    assert incidents.record(ws, found, "hunt-1").new_alerts == 1
    assert (incidents.record(ws, night, "run-1").new_alerts, incidents.record(ws, found, "h").new_alerts) == (0, 0)


def test_only_the_last_hunts_are_remembered(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunting, "HUNTS", 2)
    folder = ws.state / "hunts"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.cache").write_bytes(b"")
        os.utime(folder / f"{number}.cache", (number, number))
    hunt(ws, plan(ws, pack(BASES), at(0), END), quiet)
    assert sorted(path.name for path in folder.iterdir()) == ["3.cache", "4.cache"]


RULE = """
title: {title}
id: 33333333-3333-4333-8333-33333333333{number}
logsource: {{product: linux, service: auth}}
detection: {{s: {{user: {user}}}, condition: s}}
"""


@pytest.fixture
def ruled(make_ws: Callable[..., Workspace]) -> Workspace:
    ws = make_ws('[detect]\nrules = ["mine"]\n')
    (ws.root / "mine").mkdir()
    texts = [RULE.format(title="Somebody", number=1, user="mira"), BASES.strip() + "\n" + BRUTE]
    texts += [RULE.format(title="Twin", number=number, user="x") for number in (3, 4)]
    (ws.root / "mine" / "rules.yml").write_text("\n---\n".join(map(textwrap.dedent, texts)))
    land(ws, "linux.auth", [failure("1.1.1.1", minute) for minute in range(4)])
    return ws


def test_rules_are_named_by_id_title_file_or_folder(ruled: Workspace) -> None:
    def titles(*named: str) -> list[tuple[str, bool]]:
        return [(rule.title, rule.reports) for rule in chosen_rules(ruled, named, ruled.root).rules]

    assert titles("somebody") == titles("33333333-3333-4333-8333-333333333331") == [("Somebody", True)]
    assert titles("episode") == [("failure", False), ("episode", True)]
    assert titles("failure") == [("failure", True)]  # asked for itself, it reports
    assert titles("failure", "episode") == [("failure", True), ("episode", True)]
    everything = titles("mine")
    assert ("Somebody", True) in everything
    assert ("failure", False) in everything
    with pytest.raises(UnknownNameError, match=r"'Twin'.*2 rules fit.*3{11}3.*3{11}4"):
        titles("Twin")
    with pytest.raises(UnknownNameError, match="Did you mean Somebody"):
        titles("Sombody")


def test_a_draft_takes_the_place_of_the_rule_it_changes_and_may_refer_to_ours(ruled: Workspace, tmp_path: Path) -> None:
    (tmp_path / "draft.yml").write_text(
        RULE.format(title="Somebody else", number=1, user="root")
        + "---\n"
        + BRUTE.replace("title: episode", "title: mine").replace("gte: 3", "gte: 2")
        + "---\ntitle: [\n"
    )
    found = chosen_rules(ruled, ["draft.yml"], tmp_path)
    assert [(rule.title, rule.reports, rule.problem) for rule in found.rules] == [
        ("Somebody else", True, ""),
        ("failure", False, ""),
        ("mine", True, ""),
    ]
    assert [item.rule_id for item in found.problems] == ["draft.yml, document 3"]
    ended = hunt(ruled, plan(ruled, found, at(0), END), quiet)
    assert {item.title: str(item.outcome) for item in ended.outcomes} == {
        "draft.yml, document 3": "could not run",
        "Somebody else": "no match",
        "failure": "matched",
        "mine": "matched",
    }


def test_the_filters_of_the_settings_hold_in_hunts_too(make_ws: Callable[..., Workspace]) -> None:
    ws = make_ws('[detect]\nrules = ["mine"]\nfilters = ["tuned"]\n')
    for folder in ("mine", "tuned"):
        (ws.root / folder).mkdir()
    (ws.root / "mine" / "rule.yml").write_text(RULE.format(title="Somebody", number=1, user="mira"))
    (ws.root / "tuned" / "filter.yml").write_text(
        json.dumps(
            {
                "title": "not from the jump host",
                "logsource": {"product": "linux", "service": "auth"},
                "filter": {
                    "rules": ["33333333-3333-4333-8333-333333333331"],
                    "jump": {"source_ip": "10.0.0.1"},
                    "condition": "not jump",
                },
            }
        )
    )
    land(ws, "linux.auth", [logon("10.0.0.1", 1), logon("10.0.0.2", 2)])
    found = hunt(ws, plan(ws, chosen_rules(ws, ["Somebody"], ws.root), at(0), END), quiet)
    assert [item.event_ids for item in found.findings] == [("s2",)]
