"""How far the obligations of an incident are, as its guards need it: read from the tables of what the law asks.

The law itself is a later stage's; here counts what was proposed in the latest assessment, what counsel decided since,
and whether it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.incidents.chunking import chunks
from breachwatch.model.duties import DutyOutcome, DutyStep
from breachwatch.records import duties

_OF_REQUESTS = "answer a public-records request"
"""A kind of obligation with a clock for each request, not for the incident: requests are closed by themselves."""


@dataclass(frozen=True, slots=True)
class ObligationState:
    """One obligation of the latest assessment. `outcome` is counsel's word, None where none stands.

    `reopened` says that counsel decided, and that what was proposed has changed since.
    """

    obligation: str
    title: str
    proposed: str
    outcome: DutyOutcome | None
    decided_by: str
    reopened: bool
    sent: bool

    @property
    def terminal(self) -> bool:
        """Whether nothing is left to do: not required, or required and sent."""
        return self.outcome is DutyOutcome.NOT_REQUIRED or (self.outcome is DutyOutcome.REQUIRED and self.sent)


def obligations_of(connection: Connection, numbers: Iterable[str]) -> dict[str, ObligationState]:
    """By their ids the obligations of the latest assessments of an incident and of what was merged into it.

    Where two of them have the same obligation, the decision that counsel took last counts, and either may have sent it.
    """
    numbers = list(numbers)
    found: dict[str, ObligationState] = {}
    rows = _latest(connection, numbers)
    decided = _decisions(connection, rows)
    sent = _sent(connection, numbers)
    last: dict[str, int] = {}
    for incident, assessment in rows.items():
        for name, title, proposed in _proposals(assessment):
            decision = decided.get((incident, name))
            stands = decision is not None and _stands(connection, decision, assessment, proposed)
            known = found.get(name)
            seq = decision.seq if decision is not None else 0
            if known is not None and (not stands or (known.outcome is not None and last[name] > seq)):
                continue
            last[name] = seq
            found[name] = ObligationState(
                obligation=name,
                title=title,
                proposed=proposed,
                outcome=DutyOutcome(decision.outcome) if decision is not None and stands else None,
                decided_by=decision.decided_by if decision is not None else "",
                reopened=decision is not None and not stands,
                sent=name in sent,
            )
    return found


def _latest(connection: Connection, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    """By incident its latest assessment, in the order of the numbers."""
    columns = duties.assessment.c
    found: dict[str, Row[Any]] = {}
    for chunk in chunks(numbers):
        query = select(duties.assessment).where(columns.incident.in_(chunk)).order_by(columns.version)
        found.update((row.incident, row) for row in connection.execute(query))
    return found


def _decisions(connection: Connection, incidents: Iterable[str]) -> dict[tuple[str, str], Row[Any]]:
    """By incident and obligation the decision that counts: the last."""
    columns = duties.duty_decision.c
    found: dict[tuple[str, str], Row[Any]] = {}
    for chunk in chunks(incidents):
        query = select(duties.duty_decision).where(columns.incident.in_(chunk)).order_by(columns.seq)
        found.update(((row.incident, row.obligation), row) for row in connection.execute(query))
    return found


def _sent(connection: Connection, incidents: Iterable[str]) -> frozenset[str]:
    columns = duties.duty_step.c
    done = columns.step.in_([DutyStep.SENT.value, DutyStep.ACKNOWLEDGED.value])
    found: set[str] = set()
    for chunk in chunks(incidents):
        found.update(connection.scalars(select(columns.obligation).where(columns.incident.in_(chunk), done)))
    return frozenset(found)


def _proposals(assessment: Row[Any]) -> Iterable[tuple[str, str, str]]:
    """Obligation, title and proposed outcome of an assessment, without those that belong to requests for records."""
    law = json.loads(assessment.law)
    kinds = {item["id"]: item["kind"] for item in law.get("obligations", ())}
    for item in json.loads(assessment.proposals):
        if kinds.get(item["obligation"]) != _OF_REQUESTS:
            yield item["obligation"], item.get("title", item["obligation"]), item["outcome"]


def _stands(connection: Connection, decision: Row[Any], latest: Row[Any], proposed: str) -> bool:
    """Whether a decision was made on what is proposed now."""
    if decision.assessment == latest.seq:
        return True
    columns = duties.assessment.c
    former = connection.execute(select(duties.assessment).where(columns.seq == decision.assessment)).one()
    return any(name == decision.obligation and was == proposed for name, _, was in _proposals(former))
