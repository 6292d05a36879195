"""How bad an incident is: computed with its reasons, never sinking by itself, set by people with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from breachwatch import incidents, run
from breachwatch.cli.app import main
from breachwatch.errors import ChangedMeanwhileError, NotPermittedError, UsageError
from breachwatch.incidents import weighing
from breachwatch.incidents.weighing.severity import Facts, weigh
from breachwatch.model.finding import Finding, Level, Scan, Window
from breachwatch.model.people import Actor, Role
from breachwatch.model.severity import About
from breachwatch.model.systems import Criticality, DataCategory, System
from breachwatch.records import audit
from breachwatch.records.triage import privileged_account
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

Make = Callable[..., Finding]
MakeScan = Callable[..., Scan]
NUMBER = "INC-2026-0001"
ANALYST = Actor(name="First Analyst", login="first", account="first", roles=frozenset({Role.ANALYST}))
CLERK = Actor(name="City Clerk", login="clerk", account="clerk", roles=frozenset({Role.RECORDS_OFFICER}))

PLAIN = System("web01")
HOLDING = System("db01", criticality=Criticality.CRITICAL, data=(DataCategory.CARD, DataCategory.SSN), records=1200)
WORTH = System("cad", criticality=Criticality.HIGH)


@pytest.mark.parametrize(
    ("level", "systems", "privileged", "expected"),
    [
        (Level.MEDIUM, (), (), Level.MEDIUM),
        (Level.MEDIUM, (PLAIN,), (), Level.MEDIUM),
        (Level.MEDIUM, (WORTH,), (), Level.HIGH),
        (Level.MEDIUM, (WORTH, HOLDING), (), Level.HIGH),  # worth and data are one step
        (Level.MEDIUM, (), (("adm", "x"),), Level.HIGH),
        (Level.MEDIUM, (HOLDING,), (("adm", "x"),), Level.CRITICAL),
        (Level.CRITICAL, (HOLDING,), (("adm", "x"),), Level.CRITICAL),
        (Level.LOW, (System("t", criticality=Criticality.LOW),), (), Level.LOW),
    ],
)
def test_what_is_touched_raises(
    level: Level, systems: tuple[System, ...], privileged: tuple[tuple[str, str], ...], expected: Level
) -> None:
    found = weigh(Facts(level, "A rule", systems, privileged))
    assert found.level == found.computed == expected
    assert min(Level.CRITICAL, level + sum(ground.raises for ground in found.grounds)) == expected


def test_the_reasons_say_what_kind_of_data_may_be_touched() -> None:
    found = weigh(Facts(Level.HIGH, "A rule", (HOLDING,)))
    assert found.data == (DataCategory.SSN, DataCategory.CARD)
    assert found.records == 1200
    assert [ground.text for ground in found.grounds] == [
        "the highest level of its alerts is high (A rule)",
        "it touches db01 (critical)",
        "data may be touched: db01 holds payment cards, Social Security numbers of 1,200 people",
    ]


@pytest.fixture
def city(make_ws: Callable[..., Workspace]) -> Workspace:
    ws = make_ws('[systems]\nfile = "systems.csv"\n[incidents]\nprivileged = ["adm-*"]\n')
    (ws.root / "systems.csv").write_text("host,criticality,data,records\ndb01,normal,ssn,1200\n")
    return ws


def judged(ws: Workspace) -> tuple[Level, Level]:
    found = incidents.incident(ws, NUMBER, by=SOMEBODY).severity
    assert found is not None
    return found.level, found.computed


def test_it_is_judged_when_an_incident_opens_and_when_alerts_join(
    city: Workspace, finding: Make, scan: MakeScan
) -> None:
    incidents.record(city, scan(finding(0, level=Level.MEDIUM, host="web01")), "run-1")
    assert judged(city) == (Level.MEDIUM, Level.MEDIUM)
    incidents.record(city, scan(finding(1, level=Level.MEDIUM, host="db01", rule="b")), "run-2")
    assert judged(city) == (Level.HIGH, Level.HIGH)
    found = incidents.incident(city, NUMBER, by=SOMEBODY)
    assert [row.change for row in found.audit if row.change.startswith("severity")] == [
        "severity none -> medium",
        "severity medium -> high",
    ]
    before = found.audit
    incidents.record(city, scan(finding(1, level=Level.MEDIUM, host="db01", rule="b")), "run-3")
    assert incidents.incident(city, NUMBER, by=SOMEBODY).audit == before  # nothing new, nothing written


def test_the_queue_has_the_most_severe_first(city: Workspace, finding: Make, scan: MakeScan) -> None:
    night = scan(finding(0, level=Level.HIGH, user="a"), finding(1, level=Level.HIGH, user="adm-b", host="DB01"))
    incidents.record(city, night, "run-1")
    with city.database.write() as connection:
        for job in incidents.unsealed(connection):
            incidents.mark_sealed(
                connection, incident=job.incident, alert_keys=job.alert_keys, evidence="EV-1", at=city.clock.now()
            )
    lines = incidents.queue(city, by=SOMEBODY)
    assert [(line.number, line.severity, line.data) for line in lines] == [
        ("INC-2026-0002", Level.CRITICAL, (DataCategory.SSN,)),
        (NUMBER, Level.HIGH, ()),
    ]


def test_it_never_sinks_by_itself(city: Workspace, finding: Make, scan: MakeScan) -> None:
    incidents.record(city, scan(finding(0, level=Level.MEDIUM, host="db01")), "run-1")
    (city.root / "systems.csv").write_text("host,criticality\ndb01,low\n")
    assert weighing.judge_anew(city, by=ANALYST) == {}
    assert judged(city) == (Level.HIGH, Level.MEDIUM)


def test_a_person_sets_it_and_new_facts_raise_it_again(city: Workspace, finding: Make, scan: MakeScan) -> None:
    incidents.record(city, scan(finding(0, level=Level.MEDIUM, host="db01")), "run-1")
    version = incidents.incident(city, NUMBER, by=SOMEBODY).version
    kept = weighing.override(city, NUMBER, Level.LOW, reason="a test machine", by=ANALYST, expected_version=version)
    assert (kept.level, kept.set_by) == (Level.LOW, "First Analyst")
    assert kept.grounds[-1].about is About.PERSON
    assert "First Analyst set it to low: a test machine" in kept.grounds[-1].text
    with pytest.raises(ChangedMeanwhileError, match="First Analyst"):
        weighing.override(city, NUMBER, Level.HIGH, reason="x", by=ANALYST, expected_version=version)
    incidents.record(city, scan(finding(1, level=Level.MEDIUM, host="db01", rule="b")), "run-2")
    assert judged(city) == (Level.LOW, Level.HIGH)  # more of the same
    incidents.record(city, scan(finding(2, level=Level.HIGH, host="db01", rule="c")), "run-3")
    assert judged(city) == (Level.CRITICAL, Level.CRITICAL)  # something new
    with city.database.read() as connection:
        assert audit.check_chain(connection).ok


def test_setting_it_needs_a_reason_and_a_role(city: Workspace, finding: Make, scan: MakeScan) -> None:
    incidents.record(city, scan(finding(0)), "run-1")
    with pytest.raises(UsageError, match="reason"):
        weighing.override(city, NUMBER, Level.LOW, reason=" ", by=ANALYST)
    with pytest.raises(NotPermittedError):
        weighing.override(city, NUMBER, Level.LOW, reason="x", by=CLERK)


def test_a_broken_register_is_told_and_stops_nothing(city: Workspace, finding: Make, scan: MakeScan) -> None:
    (city.root / "systems.csv").write_text("nonsense\n")
    incidents.record(city, scan(finding(0)), "run-1")
    severity = incidents.incident(city, NUMBER, by=SOMEBODY).severity
    assert severity is not None
    assert [ground.about for ground in severity.grounds] == [About.RULE, About.REGISTER]


def test_accounts_are_privileged_by_patterns_and_by_what_logs_said(city: Workspace) -> None:
    seen = datetime(2026, 11, 20, tzinfo=UTC)
    rows = [{"account": "jroot", "why": "acted as root", "dataset": "linux.auth", "event_id": "e", "seen_at": seen}]
    with city.database.write() as connection:
        weighing.keep(connection, rows)
        weighing.keep(connection, [{**rows[0], "seen_at": seen + timedelta(days=1)}])
        assert connection.execute(privileged_account.select()).one().seen_at == seen + timedelta(days=1)
        found = weighing.Privileged(connection, ["adm-*"])
        assert found.among(["city\\adm-south", "adm-x@city.example", "madm-x", "jroot@db01", "JROOT".lower()]) == (
            ("city\\adm-south", "the settings name it under incidents.privileged"),
            ("adm-x@city.example", "the settings name it under incidents.privileged"),
            ("jroot@db01", "acted as root"),
            ("jroot", "acted as root"),
        )


def test_logs_say_who_may_do_much(make_ws: Callable[..., Workspace], tmp_path: Path) -> None:
    """A sudo to root, an account put into the group sudo; and nothing for who only signed in."""
    lines = [
        "Nov 22 03:04:40 web01 sudo[3101]:   jmeyer : TTY=pts/0 ; PWD=/home/jmeyer ; USER=root ; COMMAND=/bin/bash",
        "Nov 22 03:04:50 web01 usermod[3103]: add 'helper2' to group 'sudo'",
        "Nov 22 03:05:50 web01 sshd[3104]: Accepted password for akim from 10.1.0.4 port 41000 ssh2",
        "Nov 22 03:06:50 web01 usermod[3105]: add 'akim' to group 'games'",
    ]
    (tmp_path / "auth.log").write_text("".join(line + "\n" for line in lines))
    ws = make_ws(
        f'[[sources]]\nname = "auth"\npaths = ["{tmp_path}/auth.log"]\nhost = "web01"\ntime_zone = "UTC"\n'
        "settle_seconds = 0\n"
    )
    run.ingest(ws, "auth")
    end = datetime(2026, 11, 23, tzinfo=UTC)
    rows, unread = weighing.learn(ws, Window(end - timedelta(days=400), end))
    assert unread == ""
    assert {str(row["account"]): row["why"] for row in rows} == {
        "jmeyer": "acted as root (sudo or su)",
        "helper2": "was added to a group of administrators",
    }
    assert {row["seen_at"] for row in rows} == {datetime(2026, 11, 22, 3, 4, second, tzinfo=UTC) for second in (40, 50)}
    # Out of the week before the window's end, nothing is learnt.
    assert weighing.learn(ws, Window(end - timedelta(days=400), end + timedelta(days=30)))[0] == []


def test_the_command_shows_and_sets(
    city: Workspace, finding: Make, scan: MakeScan, capsys: pytest.CaptureFixture[str]
) -> None:
    incidents.record(city, scan(finding(0, level=Level.MEDIUM, host="db01")), "run-1")
    root = str(city.root)
    assert main(["incident", "severity", NUMBER, "-w", root]) == 0
    assert "Social Security numbers" in capsys.readouterr().out
    assert main(["incident", "severity", NUMBER, "--set", "low", "-w", root]) == 2
    assert main(["incident", "severity", NUMBER, "--set", "low", "--reason", "test machine", "-w", root]) == 0
    assert main(["incident", "severity", "--again", "-w", root]) == 0
    assert "0 severities changed" in capsys.readouterr().out
    assert main(["incident", "show", NUMBER, "-w", root]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "set it to low: test machine" in shown
    assert "data that may be touched: Social Security numbers" in shown
