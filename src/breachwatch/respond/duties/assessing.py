"""Assessments of an incident: facts weighed against the law as it was, kept version by version.

A new version supersedes the one before and says what changed: which facts, and which proposals. A decision of counsel
that was made on an earlier version is open again where its proposal changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.changing import changing, said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import duties
from breachwatch.respond.assessment.facts import facts_of
from breachwatch.respond.assessment.weighing import Ground, Outcome, Proposal, Truth, weigh
from breachwatch.respond.law.loading import load_profile
from breachwatch.respond.law.profile import Profile
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that differs between two versions; None where a side does not have it."""

    fact: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A proposal that differs between two versions."""

    obligation: str
    before: Outcome | None
    after: Outcome | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One version: the law and the facts that were weighed, and what they gave. `made_at` is aware UTC."""

    seq: int
    incident: str
    version: int
    profile: Profile
    profile_sha256: str
    law_of: date
    facts: Mapping[str, Any]
    proposals: tuple[Proposal, ...]
    made_by: str
    made_at: datetime
    reason: str

    def proposal(self, obligation: str) -> Proposal | None:
        """What it proposed for an obligation; None for one that its profile does not have."""
        return next((item for item in self.proposals if item.obligation == obligation), None)


def assess(
    ws: Workspace,
    number: str,
    facts: Mapping[str, Any],
    *,
    by: Actor,
    reason: str,
    profile: str = "",
    expected_version: int | None = None,
) -> Assessment:
    """Weigh the facts of a worksheet against the city's profile, in the law of today, and keep the result.

    Raises UsageError without a profile or for facts that cannot be, NotPermittedError, UnknownNameError,
    ChangedMeanwhileError (`expected_version` is that of the incident).
    """
    reason = said(reason, "what the assessment rests on")
    name = profile or ws.settings.city.jurisdiction
    if not name:
        msg = "no jurisdiction profile: set city.jurisdiction in the settings, or name one."
        raise UsageError(msg)
    law = load_profile(name, ws.root)
    try:
        known = facts_of(facts)
    except ValueError as error:
        msg = f"the facts cannot be used: {error}"
        raise UsageError(msg) from error
    permissions = (Permission.TRIAGE, Permission.DECIDE)
    with changing(ws, number, by=by, may=permissions, expected_version=expected_version) as change:
        day = change.at.astimezone(ws.settings.city.zone).date()
        proposals = weigh(law, known, day)
        text = json.dumps(law.model_dump(mode="json", by_alias=True), sort_keys=True)
        former = _rows(change.connection, number)
        values = {
            "incident": number,
            "version": len(former) + 1,
            "profile": law.id,
            "profile_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "law": text,
            "law_of": day.isoformat(),
            "facts": json.dumps(dict(facts), sort_keys=True, default=str),
            "proposals": json.dumps([asdict(item) for item in proposals]),
            "made_by": by.name,
            "made_at": change.at,
            "reason": reason,
        }
        change.connection.execute(duties.assessment.insert().values(**values))
        change.note(f"assessment {len(former)} -> {len(former) + 1}", reason, after={"profile": law.id})
        return _assessment(_rows(change.connection, number)[-1])


def assessments(ws: Workspace, number: str, *, by: Actor) -> tuple[Assessment, ...]:
    """All versions, oldest first. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        row_of(connection, number)
        return tuple(_assessment(row) for row in _rows(connection, number))


def latest_assessment(connection: Connection, number: str) -> Assessment | None:
    """The version that counts; None before the first."""
    rows = _rows(connection, number)
    return _assessment(rows[-1]) if rows else None


def assessment_of(connection: Connection, seq: int) -> Assessment:
    """The assessment with this key, which a decision names."""
    return _assessment(connection.execute(select(duties.assessment).where(duties.assessment.c.seq == seq)).one())


def fact_changes(before: Assessment, after: Assessment) -> tuple[FactChange, ...]:
    """The facts that differ, in the order of the later worksheet."""
    names = dict.fromkeys((*after.facts, *before.facts))
    return tuple(
        FactChange(name, before.facts.get(name), after.facts.get(name))
        for name in names
        if before.facts.get(name) != after.facts.get(name)
    )


def outcome_changes(before: Assessment, after: Assessment) -> tuple[OutcomeChange, ...]:
    """The proposals that differ."""
    old, new = ({item.obligation: item.outcome for item in side.proposals} for side in (before, after))
    return tuple(
        OutcomeChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*new, *old))
        if old.get(name) is not new.get(name)
    )


def _rows(connection: Connection, number: str) -> list[Row[Any]]:
    columns = duties.assessment.c
    query = select(duties.assessment).where(columns.incident == number).order_by(columns.version)
    return list(connection.execute(query).all())


def _assessment(row: Row[Any]) -> Assessment:
    return Assessment(
        seq=row.seq,
        incident=row.incident,
        version=row.version,
        profile=Profile.model_validate(json.loads(row.law)),
        profile_sha256=row.profile_sha256,
        law_of=date.fromisoformat(row.law_of),
        facts=json.loads(row.facts),
        proposals=tuple(_proposal(item) for item in json.loads(row.proposals)),
        made_by=row.made_by,
        made_at=row.made_at,
        reason=row.reason,
    )


def _proposal(stored: dict[str, Any]) -> Proposal:
    grounds, deciding = (tuple(_ground(item) for item in stored.pop(key)) for key in ("grounds", "deciding"))
    values = stored | {"outcome": Outcome(stored["outcome"]), "citation": tuple(stored["citation"])}
    return Proposal(**values, grounds=grounds, deciding=deciding)


def _ground(stored: dict[str, Any]) -> Ground:
    return Ground(**(stored | {"holds": Truth(stored["holds"]), "facts": tuple(stored["facts"])}))
