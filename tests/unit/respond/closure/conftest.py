"""A Texas incident that went the whole way: assessed, told, verified, closed; with notes that only counsel reads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from breachwatch.evidence import custody
from breachwatch.evidence.custody import Deed, Handler
from breachwatch.incidents.casework import actions, advancing, decisions, notes, tasks, timeline, verdicts
from breachwatch.model.casework import ActionKind, Anchor, DecisionKind, Verdict
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.model.incident import IncidentState as S
from breachwatch.records import cases
from breachwatch.respond.duties import assessing, deciding
from breachwatch.workspace import Workspace
from tests.postgresql.choosing import SQLITE
from tests.unit.incidents.casework.conftest import ANALYST, AUDITOR, COUNSEL, DIRECTOR, Desk
from tests.unit.incidents.conftest import make_finding, make_scan
from tests.unit.respond.duties.conftest import MAILBOX

SECRET, SANCTION = "counsel-thinks-the-vendor-is-liable", "a-clerk-is-warned"
TO_PEOPLE, TO_ATTORNEY_GENERAL, TO_STATE = "tx-individuals", "tx-attorney-general", "tx-cyber-command"
TOLD = (TO_PEOPLE, TO_ATTORNEY_GENERAL, TO_STATE)


@pytest.fixture
def desk(make_ws: Callable[..., Workspace]) -> Desk:
    head = '[city]\nname = "Testville"\ntime_zone = "America/Chicago"\njurisdiction = "us-tx-city"\n'
    return Desk(make_ws(head), make_finding, make_scan)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workspace of the worked incident is kept, once a test has made it."""
    return tmp_path_factory.mktemp("worked") / "ws"


@pytest.fixture
def worked(desk: Desk, kept: Path, records_kind: str) -> Desk:
    """INC-2026-0001, detected on 22 November and closed on the 26th; the desk stands at its closing.

    In SQLite it is made once, and copied.
    """
    if kept.exists() and records_kind == SQLITE:
        shutil.copytree(kept, desk.ws.root, dirs_exist_ok=True)
        return desk.later(days=4)
    end = _worked(desk)
    if records_kind == SQLITE:
        end.ws.database.engine.dispose()  # folds the write-ahead log into the file
        desk.ws.database.engine.dispose()
        shutil.copytree(desk.ws.root, kept)
    return end


def _worked(desk: Desk) -> Desk:
    from breachwatch.incidents.casework.anchors import set_anchor

    number = desk.open(make_finding(user="billing"))
    with desk.ws.database.write() as connection:
        who, at = Handler("breachwatch nightly run"), desk.ws.clock.now()
        for deed in (Deed.SEALED, Deed.VERIFIED):
            custody.append(connection, evidence="EV-2026-000001", deed=deed, by=who, at=at, purpose="incident")
    day = desk.later(hours=20)
    ws = day.ws
    action = day.contained(number)
    advancing.advance(ws, number, S.INVESTIGATING, by=ANALYST)
    actions.order(ws, number, ActionKind.SANCTION, SANCTION, by=DIRECTOR)
    actions.done(ws, number, 2, by=DIRECTOR, result=SANCTION)
    actions.verify(ws, number, 2, by=AUDITOR, finding=SANCTION)
    for role in ("it_director", "records_officer", "counsel"):
        decisions.decide(ws, number, DecisionKind.NOTIFIED, role, by=ANALYST, reason="by telephone")
    notes.write(ws, number, SECRET, by=COUNSEL, privileged=True)
    first = next(item for item in timeline.timeline(ws, number, by=ANALYST) if item.kind == "alert")
    meaning = timeline.Curation(pinned=True, interpretation="the first sign")
    timeline.curate(ws, number, first.key, meaning, by=ANALYST)
    advancing.advance(ws, number, S.ASSESSING, by=ANALYST)
    assessing.assess(ws, number, MAILBOX, by=ANALYST, reason="what the mailbox held")
    set_anchor(ws, number, Anchor.DETERMINED, ws.clock.now(), by=COUNSEL, reason="the mailbox held SSNs")
    for obligation in TOLD:
        deciding.decide(ws, number, obligation, DutyOutcome.REQUIRED, by=COUNSEL, basis="unencrypted SSNs of 612")
    deciding.decide_rest(ws, number, by=COUNSEL, basis="the facts of the worksheet")
    for item in assessing.assessments(ws, number, by=COUNSEL)[-1].proposals:
        if item.obligation not in TOLD and item.outcome != "not triggered":
            why = "the city's insurer and bank are not concerned"
            deciding.decide(ws, number, item.obligation, DutyOutcome.NOT_REQUIRED, by=COUNSEL, basis=why)
    advancing.advance(ws, number, S.NOTIFYING, by=ANALYST)
    later = desk.later(hours=60)
    ws = later.ws  # 12 hours after the state's report was due
    for obligation in TOLD:
        for step, who_ in ((DutyStep.APPROVED, COUNSEL), (DutyStep.SENT, ANALYST)):
            at = ws.clock.now()
            detail = {"method": "mail", "proof": "EV-2026-000002"} if step is DutyStep.SENT else None
            deciding.take_step(ws, number, obligation, step, by=who_, at=at, reason="as drafted", detail=detail)
    advancing.advance(ws, number, S.REMEDIATING, by=ANALYST)
    end = desk.later(days=4)
    ws = end.ws
    for anchor in (Anchor.ERADICATED, Anchor.RECOVERED):
        set_anchor(ws, number, anchor, ws.clock.now(), by=ANALYST, reason="the account was rebuilt")
    advancing.advance(ws, number, S.VERIFYING, by=ANALYST)
    verdicts.set_verdict(ws, number, Verdict.TRUE_POSITIVE, by=ANALYST, reason="the owner was in Lisbon")
    actions.verify(ws, number, action, by=AUDITOR, finding="no sign-in since")
    tasks.add(ws, number, "Second factor for all mailboxes", by=ANALYST, assignee="dora")
    waived = "what is left is recommended"
    decisions.decide(ws, number, DecisionKind.WAIVER, "tasks-done", by=DIRECTOR, reason=waived)
    decisions.decide(ws, number, DecisionKind.HOLDS, "none", by=COUNSEL, reason="no claim is expected")
    decisions.decide(
        ws, number, DecisionKind.LESSONS, "learnt", by=DIRECTOR, reason="Forwarding rules are watched now."
    )
    statement = "A mailbox of the billing office was read by a stranger. 612 residents were told."
    decisions.decide(ws, number, DecisionKind.STATEMENT, "made", by=DIRECTOR, reason=statement)
    with ws.database.write() as connection:
        connection.execute(cases.evidence.update().values(verified_at=ws.clock.now(), verified_ok=1))
    advancing.advance(ws, number, S.CLOSED, by=DIRECTOR)
    return end
