"""Counsel's word about all that was found not triggered: each in a row, and none that counsel decided before."""

from __future__ import annotations

import pytest

from breachwatch.errors import NotPermittedError, UsageError
from breachwatch.model.duties import DutyOutcome
from breachwatch.respond.duties import assessing, deciding
from breachwatch.respond.duties.standing import duties_of
from tests.postgresql.choosing import both
from tests.unit.incidents.casework.conftest import ANALYST, COUNSEL, Desk
from tests.unit.incidents.conftest import make_finding
from tests.unit.respond.duties.conftest import MAILBOX


@both
def test_the_rest_is_what_is_not_triggered_and_not_decided(desk: Desk) -> None:
    number = desk.open(make_finding())
    with pytest.raises(UsageError, match="no assessment yet"):
        deciding.decide_rest(desk.ws, number, by=COUNSEL, basis="x")
    assessing.assess(desk.ws, number, MAILBOX, by=ANALYST, reason="x")
    with pytest.raises(NotPermittedError, match="that is for: counsel"):
        deciding.decide_rest(desk.ws, number, by=ANALYST, basis="x")
    before = {duty.obligation.id: duty.proposal.outcome for duty in duties_of(desk.ws, number, by=ANALYST)}
    left = [name for name, outcome in before.items() if outcome == "not triggered"]
    deciding.decide(desk.ws, number, left[0], DutyOutcome.REQUIRED, by=COUNSEL, basis="to be safe")
    made = deciding.decide_rest(desk.ws, number, by=COUNSEL, basis="the facts of the worksheet")
    assert [item.obligation for item in made] == left[1:]
    assert deciding.decide_rest(desk.ws, number, by=COUNSEL, basis="again") == ()
    found = {duty.obligation.id: duty.decision for duty in duties_of(desk.ws, number, by=ANALYST)}
    assert {name for name, decision in found.items() if decision is None} == before.keys() - set(left)
    first = found[left[0]]
    assert first is not None
    assert first.outcome is DutyOutcome.REQUIRED
