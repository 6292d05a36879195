"""From a false positive to a filter: narrow, literal, tried, and in force only by a second person."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from breachwatch import detect, incidents
from breachwatch.cli.app import main
from breachwatch.cli.options import show
from breachwatch.clock import FixedClock
from breachwatch.detect.approved import FOLDER
from breachwatch.detect.filtering import read_filter
from breachwatch.detect.loading import RuleText, documents
from breachwatch.errors import ChangedMeanwhileError, DataError, NotPermittedError, UsageError
from breachwatch.incidents import tuning
from breachwatch.incidents.tuning.choosing import NothingTellsError, choose
from breachwatch.incidents.tuning.writing import Draft, filter_text
from breachwatch.model.finding import Outcome, Scan
from breachwatch.model.people import Actor, Role
from breachwatch.records import audit, cases
from breachwatch.report.tuning import proposals_page
from breachwatch.workspace import Workspace
from tests.unit.detect.making import at, failure, land, pack

UNTIL = at(60 * 24)
RULE_ID = "88888888-8888-4888-8888-888888888888"
MANY_ID = "88888888-8888-4888-8888-888888888889"
RULES = f"""
title: failed sign-in
name: failed
id: {RULE_ID}
level: medium
logsource: {{category: authentication}}
detection: {{s: {{outcome: failure}}, condition: s}}
---
title: many failures
id: {MANY_ID}
level: medium
correlation:
  type: event_count
  rules: failed
  generate: true
  group-by: [source_ip]
  timespan: 10m
  condition: {{gte: 3}}
"""
FIRST = Actor(name="First Analyst", login="first", account="first", roles=frozenset({Role.ANALYST}))
DIRECTOR = Actor(name="IT Director", login="director", account="director", roles=frozenset({Role.IT_DIRECTOR}))
CLERK = Actor(name="City Clerk", login="clerk", account="clerk", roles=frozenset({Role.RECORDS_OFFICER}))
HOSTILE = [
    "plain",
    "a*b",
    "a?b",
    "back\\slash",
    "back\\*star",
    "ends\\",
    "\\\\server\\share\\*",
    'it\'s "quoted"',
    "line\nbreak: yes\n---\ntitle: other",
    "tab\tand\x1b[31m",
    "{a: b} # no comment",
    "%PLACE%",
    "true",
    "1e3",
    "ünïcode\u2028sep",
    "'; DROP TABLE x; --",
]


def drafted(value: str, field: str = "user") -> str:
    return filter_text(
        Draft(
            filter_id="99999999-9999-4999-8999-999999999999",
            title=f"t {value}",
            logsource={"product": "linux", "service": "auth"},
            rules=[RULE_ID],
            wanted={field: value},
            author="First Analyst",
            on=date(2026, 11, 22),
            owner="IT",
            reason=f"because {value}",
            expires=date(2027, 2, 20),
            references=["INC-2026-0001"],
        )
    )


LINUX = RULES.replace("category: authentication", "product: linux, service: auth")
"""The same over the records themselves: the view of sign-ins takes a domain off an account."""


def found(ws: Workspace, *texts: str) -> set[str]:
    """The ids of the events that the rule still reports."""
    scan = detect.scan(ws, UNTIL, pack=pack(LINUX + "".join(f"\n---\n{text}" for text in texts)))
    assert [item for item in scan.outcomes if item.outcome is Outcome.COULD_NOT_RUN] == []
    return {item.event_ids[0] for item in scan.findings if item.rule_id == RULE_ID}


# --- the text ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_hostile_values_are_literals_that_hide_themselves_and_nothing_else(ws: Workspace) -> None:
    """Positive and negative events for each: the value itself is hidden, what a wildcard would take is not."""
    near = ["axxb", "axb", "backXslash", "back\\anystar", "ends", "\\\\server\\share\\x", "backslash", "10", "PLACE"]
    users = [*HOSTILE, *near]
    land(ws, "linux.auth", [failure("10.0.0.5", n, id=f"e{n}", user=user) for n, user in enumerate(users)])
    everything = found(ws)
    assert len(everything) == len(users)
    hidden = {_id(ws, value) for value in HOSTILE}
    assert everything - found(ws, *map(drafted, HOSTILE)) == hidden
    assert everything - found(ws, drafted("a*b")) == {_id(ws, "a*b")}


def _id(ws: Workspace, user: str) -> str:
    from breachwatch import lake

    with lake.connect(ws, empty_views=False) as connection:
        rows = connection.execute('SELECT event_id FROM linux_auth WHERE "user" = ?', [user]).fetchall()
    assert len(rows) == 1
    return str(rows[0][0])


@settings(max_examples=150)
@example("---\n")
@example("\\")
@example("\u0085---\u2028")
@given(st.text(min_size=1, max_size=40))
def test_any_value_is_read_back_as_it_is(value: str) -> None:
    text = drafted(value)
    (only,) = documents("x.yml", text.encode())  # one document, whatever the value holds
    assert isinstance(only, RuleText)
    item = read_filter(only)
    (detection,) = item.parsed.filter.detections["selection"].detection_items
    (told,) = detection.value
    plain = str(told) if not hasattr(told, "s") else "".join(part for part in told.s if isinstance(part, str))
    assert all(isinstance(part, str) for part in getattr(told, "s", ())), "a wildcard slipped through"
    assert plain == value
    assert item.expires == date(2027, 2, 20)


def test_the_condition_takes_out_and_does_not_keep(ws: Workspace) -> None:
    land(ws, "linux.auth", [failure("10.0.0.5", 0, id="a", user="robot"), failure("10.0.0.5", 1, id="b", user="mira")])
    text = drafted("robot")
    assert "not selection" in text
    assert found(ws, text) == {_id(ws, "mira")}
    with pytest.raises(ValueError, match="would keep only"):
        read_filter(RuleText("x.yml", text.replace("not selection", "selection")))


# --- the choice -------------------------------------------------------------------------------------------------------


def test_the_narrowest_filter_asks_for_all_that_the_events_share() -> None:
    events = [
        {"user": "scan", "source_ip": "10.0.0.9", "host": f"h{n}", "EventID": 4625, "source_port": 5, "event_id": "x"}
        for n in range(3)
    ]
    assert choose(events) == {"user": "scan", "source_ip": "10.0.0.9", "EventID": 4625}


def test_a_confirmed_case_makes_it_narrower_or_impossible() -> None:
    wide = dict.fromkeys(("user", "source_ip", "host", "program", "service", "command"), "x")
    event = {**wide, "terminal": "pts/1"}
    assert "terminal" not in choose([event])
    assert choose([event], [{**wide, "terminal": "pts/2"}])["terminal"] == "pts/1"
    with pytest.raises(NothingTellsError, match="confirmed case"):
        choose([event], [{**event, "time": "later"}])
    with pytest.raises(NothingTellsError, match="confirmed case"):
        choose([{"user": "A"}], [{"user": "a"}])  # Sigma compares without regard to case


def test_events_without_anything_telling_in_common_make_no_filter() -> None:
    with pytest.raises(NothingTellsError, match="no account"):
        choose([{"user": "a", "EventID": 1}, {"user": "b", "EventID": 1}])


# --- the way into force -----------------------------------------------------------------------------------------------


@pytest.fixture
def city(make_ws: Callable[..., Workspace]) -> Workspace:
    """A scanner that fails to sign in, another machine that does the same, recorded as alerts and incidents."""
    ws = make_ws('[detect]\nrules = ["mine"]\n', now=datetime(2026, 11, 22, 10, 15, tzinfo=UTC))
    (ws.root / "mine").mkdir()
    (ws.root / "mine" / "rules.yml").write_text(RULES)
    rows = [failure("10.0.0.9", minute, id=f"s{minute}", user="scan", host="web01") for minute in range(4)]
    rows += [failure("203.0.113.7", minute, id=f"b{minute}", user="mira", host="web01") for minute in range(4)]
    land(ws, "linux.auth", rows)
    incidents.record(ws, _scan(ws), "run-1")
    return ws


def _scan(ws: Workspace) -> Scan:
    return detect.scan(ws, UNTIL)


def alerts_of(ws: Workspace, entity: str, rule: str = RULE_ID) -> list[str]:
    with ws.database.read() as connection:
        rows = connection.execute(select(cases.alert).where(cases.alert.c.rule_id == rule))
        return sorted(row.key for row in rows if entity in row.entities)


def set_incident(ws: Workspace, key: str, **values: str) -> str:
    with ws.database.write() as connection:
        number = connection.scalar(select(cases.alert.c.incident).where(cases.alert.c.key == key))
        connection.execute(cases.incident.update().where(cases.incident.c.number == number).values(**values))
    return str(number)


def test_a_proposal_is_filed_tried_and_not_in_force(city: Workspace) -> None:
    before = {item.key for item in _again(city).findings}
    keys = alerts_of(city, "10.0.0.9")
    number = set_incident(city, keys[0], state="triage")
    (proposal,) = tuning.propose_filter(city, keys, by=FIRST, reason="approved weekly scan", owner="network team")
    assert {name: proposal.wanted[name] for name in ("user", "source_ip", "host")} == {
        "user": "scan",
        "source_ip": "10.0.0.9",
        "host": "web01",
    }
    assert (proposal.trial.events, proposal.trial.alerts_gone, proposal.trial.confirmed) == (4, 5, ())
    (filed,) = tuning.tuned_filters(city)
    assert (filed.state, filed.owner, filed.expires, filed.incident) == (
        tuning.FilterState.PENDING, "network team", "2027-02-20", number,
    )  # fmt: skip
    assert (city.root / FOLDER / f"{filed.name}.yml").read_text() == filed.text == proposal.text
    assert {item.key for item in _again(city).findings} == before


def _again(ws: Workspace) -> Scan:
    """All that the rules of the settings find now, recorded or not."""
    with ws.database.write() as connection:
        from breachwatch.records import catalog

        connection.execute(catalog.lake_file.update().values(scanned_at=None))
    return _scan(ws)


def test_the_command_that_approves_it_can_be_copied(
    city: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (proposal,) = tuning.propose_filter(city, alerts_of(city, "10.0.0.9"), by=FIRST, reason="approved weekly scan")
    show(proposals_page([proposal], city.root))
    last = capsys.readouterr().out.splitlines()[-1]
    assert f"rules filters approve {proposal.name} --reason WHY  # as somebody else" in last


def test_a_second_person_puts_it_into_force_until_it_expires(city: Workspace) -> None:
    (proposal,) = tuning.propose_filter(city, alerts_of(city, "10.0.0.9"), by=FIRST, reason="approved weekly scan")
    with pytest.raises(NotPermittedError, match="second person"):
        tuning.approve(city, proposal.name, reason="fine", by=FIRST)
    with pytest.raises(NotPermittedError):
        tuning.approve(city, proposal.name, reason="fine", by=CLERK)
    with pytest.raises(UsageError, match="reason"):
        tuning.approve(city, proposal.name, reason="", by=DIRECTOR)
    with pytest.raises(ChangedMeanwhileError):
        tuning.approve(city, proposal.name, reason="fine", by=DIRECTOR, expected_version=7)
    done = tuning.approve(city, proposal.name, reason="agreed with the network team", by=DIRECTOR, expected_version=1)
    assert (done.state, done.decided_by, done.version) == (tuning.FilterState.APPROVED, "director", 2)
    assert {name for item in _again(city).findings for name in (e.value for e in item.entities)} == {
        "203.0.113.7", "mira", "web01",
    }  # fmt: skip
    later = Workspace(city.root, city.settings, FixedClock(datetime(2027, 3, 1, tzinfo=UTC)))
    expired = detect.scan(later, datetime(2027, 3, 1, tzinfo=UTC))
    assert any("expired on 2027-02-20" in item.reason for item in expired.outcomes)
    with pytest.raises(UsageError, match="is approved"):
        tuning.refuse(city, proposal.name, reason="x", by=DIRECTOR)
    assert (
        tuning.withdraw(city, proposal.name, reason="scanner is gone", by=FIRST).state is tuning.FilterState.WITHDRAWN
    )
    assert "10.0.0.9" in {e.value for item in _again(city).findings for e in item.entities}
    with city.database.read() as connection:
        assert audit.check_chain(connection).ok
        told = [(row.change, row.actor) for row in audit.trail(connection, f"filter {proposal.name}")]
    assert told == [
        ("none -> pending", "First Analyst"),
        ("pending -> approved", "IT Director"),
        ("approved -> withdrawn", "First Analyst"),
    ]


def test_a_changed_file_is_not_in_force_and_cannot_be_approved(city: Workspace) -> None:
    (proposal,) = tuning.propose_filter(city, alerts_of(city, "10.0.0.9"), by=FIRST, reason="scan")
    path = city.root / FOLDER / f"{proposal.name}.yml"
    good = path.read_text()
    path.write_text(good.replace("10.0.0.9", "203.0.113.7"))
    with pytest.raises(DataError, match="changed since"):
        tuning.approve(city, proposal.name, reason="fine", by=DIRECTOR)
    path.write_text(good)
    tuning.approve(city, proposal.name, reason="fine", by=DIRECTOR)
    path.write_text(good.replace("10.0.0.9", "203.0.113.7"))
    scan = _again(city)
    assert len({item.key for item in scan.findings}) == 10
    assert any("not the text that was approved" in item.reason for item in scan.outcomes)
    (city.root / FOLDER / "mine.yml").write_text(good.replace("10.0.0.9", "203.0.113.7"))  # nobody approved this one
    assert len({item.key for item in _again(city).findings}) == 10


def test_a_filter_that_would_hide_a_confirmed_case_is_refused(city: Workspace) -> None:
    """The same scanner was once a break-in: nothing in the events tells one from the other."""
    first, *rest = alerts_of(city, "10.0.0.9")
    with city.database.write() as connection:
        connection.execute(
            cases.alert.update().where(cases.alert.c.key == first).values(verdict="true positive", verdict_reason="x")
        )
    with pytest.raises(DataError, match="confirmed case"):
        tuning.propose_filter(city, rest, by=FIRST, reason="scan")
    assert tuning.tuned_filters(city) == []
    assert not (city.root / FOLDER).exists()
    with pytest.raises(UsageError, match="closed as true positive"):
        tuning.propose_filter(city, [first], by=FIRST, reason="scan")


def test_what_is_confirmed_after_the_proposal_stops_the_approval(city: Workspace) -> None:
    later = failure("10.0.0.9", 600, id="later", user="scan", host="web01")
    (proposal,) = tuning.propose_filter(city, alerts_of(city, "10.0.0.9"), by=FIRST, reason="scan")
    land(city, "linux.auth", [later], source="second")
    incidents.record(city, _scan(city), "run-2")
    with city.database.write() as connection:
        key = connection.scalar(select(cases.alert.c.key).order_by(cases.alert.c.first_time.desc()).limit(1))
        connection.execute(cases.alert.update().where(cases.alert.c.key == key).values(verdict="true positive"))
    with pytest.raises(DataError, match="confirmed case"):
        tuning.approve(city, proposal.name, reason="fine", by=DIRECTOR)


def test_the_state_of_an_incident_confirms_its_alerts(city: Workspace) -> None:
    keys = alerts_of(city, "203.0.113.7")
    number = set_incident(city, keys[0], state="investigating")
    with city.database.read() as connection:
        assert set(tuning_confirmed(connection).values()) == {number}
        assert keys[0] not in tuning_confirmed(connection, keys)
    set_incident(city, keys[0], state="closed", verdict="false positive")
    with city.database.read() as connection:
        assert tuning_confirmed(connection) == {}


def tuning_confirmed(connection: object, leave_out: tuple[str, ...] | list[str] = ()) -> dict[str, str]:
    from breachwatch.incidents.tuning.events import confirmed_alerts

    return confirmed_alerts(connection, leave_out)  # type: ignore[arg-type]


def test_a_correlation_is_reached_through_its_rule(city: Workspace) -> None:
    (key,) = alerts_of(city, "10.0.0.9", MANY_ID)
    (proposal,) = tuning.propose_filter(city, [key], by=FIRST, reason="scan")
    assert proposal.rules == ("failed sign-in",)
    assert RULE_ID in proposal.text
    assert MANY_ID not in proposal.text
    assert proposal.trial.alerts_gone == 5


def test_an_incident_stands_for_all_of_its_alerts(city: Workspace) -> None:
    number = set_incident(city, alerts_of(city, "10.0.0.9")[0], state="false positive", verdict="false positive")
    (proposal,) = tuning.propose_filter(city, [number.lower()], by=FIRST, reason="scan")
    assert (proposal.events, proposal.trial.alerts_gone) == (4, 5)
    assert tuning.tuned_filters(city)[0].incident == number


def test_proposing_needs_a_role_a_reason_and_stored_events(city: Workspace) -> None:
    keys = alerts_of(city, "10.0.0.9")
    with pytest.raises(NotPermittedError):
        tuning.propose_filter(city, keys, by=CLERK, reason="x")
    with pytest.raises(UsageError, match="reason"):
        tuning.propose_filter(city, keys, by=FIRST)
    with pytest.raises(UsageError, match="no alert"):
        tuning.propose_filter(city, [], by=FIRST, reason="x")
    (dry,) = tuning.propose_filter(city, keys, by=FIRST, reason="x", file=False)
    assert dry.name == ""
    assert tuning.tuned_filters(city) == []


@pytest.mark.slow
def test_the_commands_lead_through_it(
    city: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    root = str(city.root)
    key = alerts_of(city, "10.0.0.9")[0][:8]
    assert main(["--as", "first", "rules", "filters", "propose", key, "--reason", "scan", "--json", "-w", root]) == 0
    name = json.loads(capsys.readouterr().out)[0]["name"]
    assert main(["rules", "filters", "try", name, "-w", root]) == 0
    assert "no event of a confirmed case" in capsys.readouterr().out
    assert main(["--as", "first", "rules", "filters", "approve", name, "--reason", "ok", "-w", root]) == 77
    assert main(["--as", "director", "rules", "filters", "approve", name, "--reason", "ok", "-w", root]) == 0
    capsys.readouterr()
    assert main(["rules", "filters", "-w", root]) == 0
    assert "in force" in capsys.readouterr().out
    assert main(["rules", "filters", "proposed", "-w", root]) == 0
    assert name in "".join(capsys.readouterr().out.split())
