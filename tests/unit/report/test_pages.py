"""Pages for the terminal, Markdown and JSON: what they tell, and that hostile content is rendered harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from breachwatch.model.evidence import Check, EvidenceLine, VerifyReport
from breachwatch.model.finding import Entity, Level, Match, Outcome, Part
from breachwatch.model.incident import Advice, Incident, IncidentLine
from breachwatch.model.segment import Problem
from breachwatch.model.summary import RunState, RunSummary, SourceReport
from breachwatch.report.evidence import evidence_page, verification_page
from breachwatch.report.incidents import incident_page, queue_page
from breachwatch.report.markdown import summary_markdown
from breachwatch.report.next_steps import can_be_typed, command
from breachwatch.report.plain import to_json
from breachwatch.report.problems import troubles
from breachwatch.report.rules import RuleLine, rules_page
from breachwatch.report.sources import SourceLine, sources_page
from breachwatch.report.summary import summary_page

ZONE = ZoneInfo("America/Chicago")
Render = Callable[..., str]


def harmless(shown: str) -> bool:
    """No control character but the line's end, no bidirectional or zero-width one."""
    return re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown) is None


def test_the_summary_tells_everything_a_person_needs(summary: RunSummary, rendered: Render) -> None:
    shown = rendered(summary_page(summary, ZONE))
    for told in (
        "Night of Sun 2026-11-22: partial in 12 s", "02:11 CST", "web01-auth", "1 234", "1 230", "broke off",
        "4 rules over 1 230 events: 1 matched, 1 no match, 1 not applicable, 1 could not run",
        "Sign-ins after a brute force", "2 new alerts, 1 known", "INC-2026-0001", "EV-2026-000001", "in /ws/vault",
        "permission denied: /srv/logs/vpn01/auth.log", "no space left", "4 records could not be parsed and are kept",
        "incident show INC-2026-0001", "evidence verify --all", "-w /ws queue",
    ):  # fmt: skip
        assert told in shown, told
    assert shown.index("! ") < shown.index("- web01-auth")  # the serious problems first


def test_a_missing_source_is_told_once(summary: RunSummary) -> None:
    nothing = Problem("auth", "/var/log/auth.log*, /var/log/secure*", "there is nothing to collect")
    parts = [Problem("auth", path, "no file matches") for path in ("/var/log/auth.log*", "/var/log/secure*")]
    lost = Problem("auth", "/var/log/secure*", "shrank", lost_data=True)
    source = SourceReport("auth", 0, 0, 0, 0, 0, 0, problems=(*parts, nothing, lost))
    found = troubles(replace(summary, sources=(source,), outcomes=(), failures=()))
    assert [(item.text.split(": ")[-1], item.serious) for item in found] == [
        ("shrank", True),
        ("there is nothing to collect", False),
    ]


def test_a_quiet_night_is_told_without_problems(summary: RunSummary, rendered: Render) -> None:
    quiet = replace(
        summary,
        state=RunState.COMPLETED,
        sources=(),
        outcomes=(),
        snapshots=(),
        failures=(),
        new_incidents=(),
        new_alerts=0,
    )
    shown = rendered(summary_page(quiet, ZONE))
    assert "completed" in shown
    assert "nothing new to seal" in shown
    assert "Problems" not in shown


@pytest.mark.parametrize("width", [40, 80, 200])
def test_pages_keep_within_the_terminal(summary: RunSummary, rendered: Render, width: int) -> None:
    shown, commands = rendered(summary_page(summary, ZONE), width).split("What to type next")
    assert max(len(row) for row in shown.splitlines()) <= width
    assert commands.count("\n") == 5  # commands are never broken


def test_hostile_content_is_harmless_in_every_page(
    hostile: str,
    hostile_summary: RunSummary,
    line: IncidentLine,
    make_incident: Callable[..., Incident],
    rendered: Render,
) -> None:
    bad_line = replace(line, title=hostile, entities=(hostile,))
    source = SourceLine(hostile, "files", "auto", (hostile,), True, False, True, 1, 0, 0, 1, 1, 0, None, None)
    rule = RuleLine(hostile, hostile, Level.LOW, hostile, Outcome.COULD_NOT_RUN, 0, hostile)
    report = VerifyReport("EV-1", hostile, (Check("payload", False, hostile),), hostile)
    evidence = EvidenceLine("EV-1", hostile, line.opened_at, 1, 1, hostile, "/v", "ab", None, None)
    pages = [
        summary_page(hostile_summary, ZONE),
        queue_page([bad_line], line.opened_at, ZONE, width=200),
        incident_page(make_incident(hostile, failure=hostile, opened_by_run=hostile), ZONE, Path("/ws")),
        sources_page([source], ZONE),
        rules_page([rule]),
        verification_page([report]),
        evidence_page([evidence], ZONE, Path("/v")),
    ]
    for page in pages:
        shown = rendered(page, 200)
        assert harmless(shown)
        assert "\\x1b" in shown
        assert "[bold" in shown  # markup is text


def test_colours_are_ours_alone(hostile: str, make_incident: Callable[..., Incident], rendered: Render) -> None:
    shown = rendered(incident_page(make_incident(hostile), ZONE, Path("/ws")), 200, colour=True)
    assert set(re.findall("\x1b(.)", shown)) == {"["}
    assert harmless(re.sub("\x1b\\[[0-9;]*m", "", shown))


def test_the_queue_says_how_old_how_bad_and_what(line: IncidentLine, rendered: Render) -> None:
    failed = replace(line, number="INC-2026-0002", failure="no space left", evidence=())
    shown = rendered(queue_page([line, failed], line.opened_at + timedelta(hours=6), ZONE, waiting=1, width=200), 200)
    for told in ("INC-2026-0001", "6 h", "high", "jmeyer from 203.0.113.7", "02:11 to 02:14 CST", "EV-2026-000001"):
        assert told in shown
    narrow = rendered(queue_page([line, failed], line.opened_at + timedelta(hours=6), ZONE, width=80), 80)
    for told in (
        "INC-2026-0001",
        "6 h old, 2 alerts",
        "jmeyer from 203.0.113.7",
        "02:11 to 02:14 CST",
        "EV-2026-000001",
    ):
        assert told in narrow
    assert "FAILED" in shown
    assert "FAILED" in narrow
    assert "1 incident is not shown" in shown
    assert "queue is empty" in rendered(queue_page([], line.opened_at, ZONE))


def test_an_incident_s_page_explains_it(make_incident: Callable[..., Incident], rendered: Render) -> None:
    shown = rendered(incident_page(make_incident(), ZONE, Path("/ws")), 160)
    for told in (
        "why: user = jmeyer", "attack.t1110", "24 events", "in EV-2026-000001", "good 2026-11-22 02:11 CST",
        "none -> preserving", "evidence verify INC-2026-0001",
        "sql \"FROM authentication WHERE lower(user) = 'jmeyer' ORDER BY time\"",
    ):  # fmt: skip
        assert told in shown, told


def test_an_alert_says_by_what_it_matched(make_incident: Callable[..., Incident], rendered: Render) -> None:
    (alert,) = make_incident().alerts
    hostile = Match("r1", "e1", "sel_cli", "CommandLine", "contains", "kat\x1bz", "x.exe mimiKAT\x1bz -y", "KAT\x1bz")
    alike = [Match("r1", f"e{number}", "failed", "outcome", "is", "failure", "failure") for number in range(9)]
    parts = (Part("r1", "Failure", tuple("abc")), Part("r2", "Success", ("d",)))
    told = replace(alert, matched=(hostile, *alike), parts=parts)
    shown = rendered(incident_page(make_incident(alerts=(told,)), ZONE, Path("/ws")), 160)
    assert r"sel_cli: CommandLine contains 'kat\x1bz'  in  x.exe mimiKAT\x1bz -y" in shown
    assert shown.count("failed: outcome is 'failure'") == 1
    assert "Failure: 3 events;  Success: 1 event;" in shown


def test_alerts_that_repeat_are_told_once(make_incident: Callable[..., Incident], rendered: Render) -> None:
    (alert,) = make_incident().alerts
    later = [replace(alert, key=f"k{n}", last_time=alert.last_time + timedelta(hours=n)) for n in range(45)]
    other = replace(alert, key="x", why={"user": "other"})
    shown = rendered(incident_page(make_incident(alerts=(*later, other)), ZONE, Path("/ws")), 160)
    assert shown.count("Brute force jmeyer") == 2
    assert "45 alerts, 1 080 events" in shown
    assert "2026-11-22 02:11 to 2026-11-23 22:14 CST" in shown
    assert "46 alerts, in order of time" in shown


def test_no_hostile_name_gets_into_a_suggested_command(
    make_incident: Callable[..., Incident], rendered: Render
) -> None:
    evil = "x'; DROP VIEW linux_auth; --"
    incident = make_incident("ok", entities=(Entity("user", evil), Entity("source_ip", "$(reboot)")))
    steps = rendered(incident_page(incident, ZONE, Path("/ws")), 200).split("What to type next")[1]
    assert "DROP" not in steps
    assert "reboot" not in steps
    assert not can_be_typed(evil)
    assert not can_be_typed("-rf")
    assert can_be_typed("j.meyer@odessa")


def test_suggested_commands_are_quoted(tmp_path: Path) -> None:
    typed = command("queue", workspace=tmp_path / "a b'c")
    assert typed.endswith(" queue")
    import shlex

    assert shlex.split(typed)[-2] == str(tmp_path / "a b'c")


def test_the_markdown_summary_holds_counts_ids_and_levels_only(
    summary: RunSummary, hostile_summary: RunSummary
) -> None:
    text = summary_markdown(summary)
    for told in ("2026-11-22: partial", "web01", "1 234", "high", "INC", "`" + "ab" * 32 + "`", "Preservation failed"):
        assert told in text
    for kept_out in ("permission denied", "/srv/logs", "no space left", "/ws"):
        assert kept_out not in text
    bad = summary_markdown(hostile_summary)
    assert harmless(bad)
    assert "<img" not in bad.replace("\\<img", "")
    assert all(len(re.findall(r"(?<!\\)\|", row)) in {0, 5, 6, 7} for row in bad.splitlines())


def test_json_names_levels_and_zones_and_is_ascii(hostile: str, make_incident: Callable[..., Incident]) -> None:
    text = to_json(make_incident(hostile))
    assert text.isascii()
    assert harmless(text)
    found = json.loads(text)
    assert found["level"] == "high"
    assert found["state"] == "new"
    assert found["first_time"] == "2026-11-22T08:11:00+00:00"
    assert found["alerts"][0]["why"]["user"] == hostile
    assert to_json(float("nan")) == "null"


def test_verification_tells_what_failed() -> None:
    good = VerifyReport("EV-1", "/v/EV-1", (Check("payload", True, "3 files"),), "SHA256:x")
    bad = VerifyReport("EV-2", "/v/EV-2", (Check("payload", False, "changed: data/raw/a"),))
    from io import StringIO

    from rich.console import Console

    console = Console(file=StringIO(), width=120)
    console.print(verification_page([good, bad]))
    assert isinstance(console.file, StringIO)
    shown = console.file.getvalue()
    for told in ("EV-1  good", "EV-2  DOES NOT VERIFY", "changed: data/raw/a", "2 snapshots: 1 does not verify"):
        assert told in shown


def test_an_incident_shows_the_first_steps_of_its_highest_rules(
    make_incident: Callable[..., Incident], rendered: Render
) -> None:
    advice = (
        Advice("r1", "Guessed password", Level.HIGH, ("Call the owner.", "Keep \x1b[31mthe host.")),
        Advice("r2", "New address", Level.LOW, ("Not in the first place.",)),
    )
    page = rendered(incident_page(make_incident(advice=advice), ZONE, Path("/ws")))
    assert "What to do first" in page
    assert "1. Call the owner." in page
    assert "\x1b[31m" not in page
    assert "Not in the first place" not in page
