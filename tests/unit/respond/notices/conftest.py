"""An incident with everything that people add to one, and with secrets in every place that no paper may repeat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from breachwatch import incidents
from breachwatch.incidents.casework import actions, anchors, decisions, notes
from breachwatch.incidents.casework.affected import Statement, state_affected
from breachwatch.model.casework import ActionKind, Anchor, DecisionKind
from breachwatch.model.duties import DutyOutcome
from breachwatch.model.people import Role
from breachwatch.respond.duties import assessing, deciding
from breachwatch.workspace import Workspace
from tests.somebody import a
from tests.unit.incidents.conftest import make_finding, make_scan

ANALYST, DIRECTOR, COUNSEL = a(Role.ANALYST), a(Role.IT_DIRECTOR), a(Role.COUNSEL)
INC = "INC-2026-0001"
SECRETS = {
    "privileged note": "SECRET-STRATEGY-OF-COUNSEL",
    "sanction": "SECRET-DISMISSAL",
    "sanctioned person": "SECRET-EMPLOYEE",
    "basis of a duty": "SECRET-BASIS",
    "reason of a referral": "SECRET-REFERRAL",
    "reason of an anchor": "SECRET-ANCHOR",
    "reason of the assessment": "SECRET-ASSESSMENT",
    "result of a measure": "SECRET-RESULT",
    "reason of a statement": "SECRET-STATEMENT",
}
CITY = """\
[city]
name = "City of Testville"
time_zone = "America/Chicago"
jurisdiction = "us-tx-city"
address = ["1 Main Street", "Testville, TX 79760"]
phone = "432-555-0100"
email = "city@testville.example"
website = "www.testville.example/notice"

[systems]
file = "systems.csv"

[[contacts]]
name = "Credit Agency A"
kind = "credit_agency"
address = ["P.O. Box 1", "Anytown"]
phone = "800-555-0101"
form = "https://credit.example"

[[contacts]]
name = "Insurance Mutual"
kind = "insurer"
phone = "800-555-0122"
obligations = ["insurer"]

[[people]]
login = "director"
name = "Dana Director"
roles = ["it_director"]
title = "Director of IT"
phone = "432-555-0101"

[[people]]
login = "clerk"
name = "Casey Clerk"
roles = ["records_officer"]
phone = "432-555-0102"

[[people]]
login = "counsel"
name = "Corin Counsel"
roles = ["counsel"]
email = "counsel@testville.example"
"""
WORKSHEET = {
    "breach_confirmed": True,
    "good_faith": False,
    "data_elements": ["ssn", "drivers_license"],
    "with_name": True,
    "encrypted": False,
    "public_information": False,
    "individuals": 612,
    "residents": {"TX": 600, "NM": 12},
    "incident_type": ["breach"],
    "regulated_data": True,
    "utility_reporting": False,
    "election_data": False,
}


def at(ws: Workspace, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ws.settings.city.zone)


@pytest.fixture
def fresh(make_ws: Callable[..., Workspace]) -> Workspace:
    """A Texas city with an incident that a run just opened: nothing else is known."""
    ws = make_ws(CITY)
    (ws.root / "systems.csv").write_text(
        "host,vendor,data,records\nbilling01,Billing Vendor Inc.,ssn;utility,5000\n", encoding="utf-8"
    )
    incidents.record(ws, make_scan(make_finding()), "run-1")
    return ws


@pytest.fixture
def city(fresh: Workspace) -> Workspace:
    """The same incident after the work on it."""
    ws = fresh
    now = ws.clock.now()
    notes.write(ws, INC, SECRETS["privileged note"], by=COUNSEL, privileged=True)
    state_affected(
        ws, INC, Statement("system", "billing01", "accessed"), by=ANALYST, reason=SECRETS["reason of a statement"]
    )
    state_affected(ws, INC, Statement("account", "jmeyer", "compromised"), by=ANALYST, reason="sign-in log")
    carry_out(ws, ActionKind.CONTAINMENT, "billing01", "taken off the network")
    carry_out(ws, ActionKind.ACCESS_SUSPENSION, "jmeyer", "sessions revoked")
    carry_out(ws, ActionKind.SANCTION, SECRETS["sanctioned person"], SECRETS["sanction"])
    actions.order(ws, INC, ActionKind.RECOVERY, "billing01", description="restore from backup", by=DIRECTOR)
    assessing.assess(ws, INC, WORKSHEET, by=ANALYST, reason=SECRETS["reason of the assessment"])
    anchors.set_anchor(ws, INC, Anchor.DETERMINED, now, by=COUNSEL, reason=SECRETS["reason of an anchor"])
    deciding.decide(ws, INC, "tx-individuals", DutyOutcome.REQUIRED, by=COUNSEL, basis=SECRETS["basis of a duty"])
    decisions.decide(
        ws, INC, DecisionKind.REFERRAL, "law-enforcement", by=ANALYST, reason=SECRETS["reason of a referral"]
    )
    return ws


def carry_out(ws: Workspace, kind: ActionKind, target: str, description: str) -> None:
    number = actions.order(ws, INC, kind, target, description=description, by=DIRECTOR)
    actions.done(ws, INC, number, by=ANALYST, result=SECRETS["result of a measure"])
