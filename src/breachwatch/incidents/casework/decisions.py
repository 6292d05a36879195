"""Decisions and confirmations about an incident: who decided, on what basis. Rows are only ever added.

What a later part of the program would know by itself (that a notice went out, that a role was told) is asked for here
in the words of whoever answers for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from breachwatch.errors import UnknownNameError
from breachwatch.incidents.casework.changing import changing, said
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.casework.states import GUARDS
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Decision, DecisionKind
from breachwatch.model.people import Actor, Permission, Role
from breachwatch.records import casework
from breachwatch.workspace import Workspace

REQUIRED, NOT_REQUIRED = "required", "not-required"
INSIDERS: tuple[Role, ...] = (Role.IT_DIRECTOR, Role.RECORDS_OFFICER, Role.COUNSEL)
"""Whom the Odessa guide asks to tell: "inform the IT director, records officer, and legal counsel"."""

VALUES: dict[DecisionKind, tuple[str, ...]] = {
    DecisionKind.NOTICE: (REQUIRED, NOT_REQUIRED),
    DecisionKind.NOTIFIED: tuple(role.value for role in Role if role is not Role.PROGRAM),
    DecisionKind.WAIVER: tuple(guard.value for guard, text in GUARDS.items() if text.waivable),
    DecisionKind.HOLDS: ("none", "placed"),
    DecisionKind.OBLIGATIONS: ("met",),
    DecisionKind.LESSONS: ("learnt",),
    DecisionKind.STATEMENT: ("made",),
    DecisionKind.REFERRAL: (
        *("law-enforcement", "city-attorney", "regulator", "municipal-court"),
        *("human-resources", "vendor-management"),
    ),
}
"""What may be decided, by kind. Referrals are those that the Odessa and Oxnard guides name."""

_ABOUT_SOMETHING = frozenset({DecisionKind.NOTIFIED, DecisionKind.WAIVER, DecisionKind.REFERRAL})
_MAY: dict[DecisionKind, tuple[Permission, ...]] = {DecisionKind.NOTICE: (Permission.DECIDE,)}
_OTHERS = (Permission.TRIAGE, Permission.DECIDE)


def decide(
    ws: Workspace,
    number: str,
    kind: DecisionKind,
    value: str,
    *,
    by: Actor,
    reason: str,
    decided_by: str = "",
    expected_version: int | None = None,
) -> Decision:
    """Record a decision; `decided_by` names who decided where that is somebody else than who writes it down.

    Whether a notice is required only counsel decides, and records. Raises NotPermittedError, UnknownNameError,
    UsageError, ChangedMeanwhileError.
    """
    reason = said(reason, "the basis of the decision")
    if value not in VALUES[kind]:
        raise UnknownNameError(f"decision about {kind}", value, VALUES[kind])
    subject, outcome = (value, _WORDS[kind]) if kind in _ABOUT_SOMETHING else ("", value)
    with changing(ws, number, by=by, may=_MAY.get(kind, _OTHERS), expected_version=expected_version) as change:
        decider = decided_by.strip() or by.name
        row = {
            "incident": number,
            "kind": kind.value,
            "subject": subject,
            "outcome": outcome,
            "reason": reason,
            "decided_by": decider,
            "recorded_by": by.name,
            "at": change.at,
        }
        key = change.connection.execute(casework.decision.insert().values(**row)).inserted_primary_key
        if kind is DecisionKind.REFERRAL:
            change.values["referred"] = 1
        change.note(f"decided: {kind} {value}", reason, after={"decided_by": decider})
    return Decision(int(key[0]) if key else 0, kind, subject, outcome, reason, decider, by.name, change.at, number)


_WORDS = {DecisionKind.NOTIFIED: "told", DecisionKind.WAIVER: "set aside", DecisionKind.REFERRAL: "referred"}


def decisions_of(connection: Connection, numbers: Iterable[str]) -> tuple[Decision, ...]:
    """All decisions about these incidents, oldest first."""
    columns = casework.decision.c
    found = []
    for chunk in chunks(numbers):
        query = select(casework.decision).where(columns.incident.in_(chunk))
        found += [
            Decision(
                row.seq,
                DecisionKind(row.kind),
                row.subject,
                row.outcome,
                row.reason,
                row.decided_by,
                row.recorded_by,
                row.at,
                row.incident,
            )
            for row in connection.execute(query)
        ]
    return tuple(sorted(found, key=lambda item: item.seq))


def decisions(ws: Workspace, number: str) -> tuple[Decision, ...]:
    """All decisions about an incident and what was merged into it; the last of a kind and subject counts."""
    with ws.database.read() as connection:
        return decisions_of(connection, members(connection, number))
