"""What belongs to an incident beside its casework is listed with it, for those who may see it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.errors import NotPermittedError, UnknownNameError
from breachwatch.evidence import create_key
from breachwatch.model.people import Actor, Permission
from breachwatch.model.referrals import ReferralKind
from breachwatch.respond.belonging import Belonging, belongings
from breachwatch.respond.intake import receiving, triage
from breachwatch.respond.notices import draft
from breachwatch.respond.referrals import making
from breachwatch.respond.referrals.making import To
from breachwatch.respond.requests.receiving import Incoming, link, receive
from breachwatch.workspace import Workspace
from tests.conftest import NOW
from tests.unit.incidents.conftest import make_finding, make_scan
from tests.unit.respond.intake.conftest import ANALYST, AUDITOR, CLERK, COUNSEL, HELPDESK, both, mailbox
from tests.unit.respond.referrals.conftest import Case

TEXAS = '[city]\nname = "Testville"\ntime_zone = "America/Chicago"\njurisdiction = "us-tx-city"\n'
SECRET = "the clerk sold the password"


@pytest.fixture
def case(make_ws: Callable[..., Workspace]) -> Case:
    ws = make_ws(TEXAS)
    create_key(ws.keys)
    number = receiving.receive(ws, mailbox(), by=HELPDESK).number
    incident = triage.open_incident(ws, number, by=ANALYST, reason="rules that nobody made")
    return Case(ws, incident, "EV-2026-000002")


def _filled(case: Case) -> None:
    """Beside the report that opened it: two referrals, of which one is restricted, a paper and a records request."""
    police, office = To("Det. of the day", "Testville Police"), To("HR director", "Human Resources")
    making.refer(case.ws, case.incident, ReferralKind.LAW_ENFORCEMENT, police, by=ANALYST, basis="a crime")
    making.refer(case.ws, case.incident, ReferralKind.HUMAN_RESOURCES, office, by=COUNSEL, basis=SECRET)
    told = {"it_director": "The IT director, 555-0100"}
    draft(case.ws, "containment-order", by=ANALYST, incident=case.incident, values=told, reason="to tell them")
    asked = receive(case.ws, Incoming("All of it.", "e-mail", NOW, "A. Resident", "a@example.org"), by=CLERK)
    link(case.ws, asked.number, case.incident, by=CLERK, reason="it names the date")
    # Neither of these belongs to it.
    receiving.receive(case.ws, mailbox(), by=HELPDESK)
    receive(case.ws, Incoming("Something else.", "mail", NOW, "B. Resident", "b@example.org"), by=CLERK)


def _told(found: tuple[Belonging, ...]) -> list[tuple[str, str, str]]:
    return [(item.what, item.kind, item.state) for item in found]


@both
def test_each_is_listed_for_those_who_may_see_it(case: Case) -> None:
    _filled(case)
    everything = [
        ("report", "suspicion", "opened an incident"),
        ("referral", "law enforcement", "made"),
        ("referral", "human resources", "made"),
        ("paper", "containment-order", "draft"),
        ("request", "e-mail", "received"),
    ]
    assert _told(belongings(case.ws, case.incident, by=ANALYST)) == everything
    assert _told(belongings(case.ws, case.incident, by=AUDITOR)) == everything[:2] + everything[3:]
    assert SECRET not in str(belongings(case.ws, case.incident, by=COUNSEL))
    number = belongings(case.ws, case.incident, by=CLERK)[-1].number
    link(case.ws, number, case.incident, by=CLERK, reason="another incident was meant", undo=True)
    assert _told(belongings(case.ws, case.incident, by=ANALYST)) == everything[:-1]


def test_reading_is_asked_for_and_an_unknown_incident_refused(case: Case) -> None:
    nobody = Actor("Nobody", frozenset())
    assert not nobody.may(Permission.READ)
    with pytest.raises(NotPermittedError):
        belongings(case.ws, case.incident, by=nobody)
    with pytest.raises(UnknownNameError):
        belongings(case.ws, "INC-2026-0999", by=ANALYST)


def test_the_page_of_the_incident_shows_it(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(case)
    monkeypatch.setenv("COLUMNS", "80")
    found = belongings(case.ws, case.incident, by=COUNSEL)
    capsys.readouterr()
    assert main(["-w", str(case.ws.root), "incident", "show", "1"]) == 0
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    for item in found:
        assert any({item.number, item.kind, item.state} <= {word.strip() for word in line} for line in lines), item
    assert main(["-w", str(case.ws.root), "incident", "show", "1", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["belonging"]
    assert [(item["number"], item["what"], item["incident"]) for item in listed] == [
        (item.number, item.what, case.incident) for item in found
    ]
    [other] = incidents.record(case.ws, make_scan(make_finding()), "run-1").new_incidents
    assert main(["-w", str(case.ws.root), "incident", "show", other]) == 0
    assert "Reports, referrals" not in capsys.readouterr().out
