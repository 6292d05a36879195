"""An incident opened by hand, from what somebody reported: no alert stands behind it.

It is *preserving*, and shown to nobody, until what was handed in is sealed under its number, or could not be sealed;
then it is new, as one that a run opened. What the report names (accounts, systems) ties later alerts to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from breachwatch.errors import UsageError
from breachwatch.incidents import weighing
from breachwatch.incidents.casework.anchors import write_anchor
from breachwatch.incidents.casework.changing import Change, bounded, said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.incidents.entities import kept, storable
from breachwatch.incidents.numbers import numbering
from breachwatch.model.casework import Anchor
from breachwatch.model.finding import Entity, Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.workspace import Workspace

BY_HAND = "by hand"
"""Stands in place of the run that opened an incident."""

_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Opening:
    """What an incident is opened with. Times are aware; `discovered_at` is when somebody first noticed it."""

    title: str
    level: Level
    discovered_at: datetime
    occurred_from: datetime | None = None
    occurred_until: datetime | None = None
    accounts: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    source: str = ""  # what it rests on, such as the number of a report


def open_by_hand(
    ws: Workspace, connection: Connection, opening: Opening, *, by: Actor, at: datetime, reason: str
) -> str:
    """Open it within a write transaction; its number. The caller seals its evidence and then says so (`mark_sealed`).

    Raises NotPermittedError, and UsageError for no reason or an impossible time.
    """
    require(by, Permission.TRIAGE_REPORT)
    reason = said(reason, "why an incident is opened")
    title = bounded(storable(" ".join(opening.title.split())), "the title")[:_LONGEST_TITLE] or "Reported by a person"
    first = opening.occurred_from or opening.discovered_at
    last = max(first, opening.occurred_until or opening.discovered_at)
    _refuse_impossible(opening, first, last, at)
    number, ordinal = numbering(connection, at, ws.settings.city.zone)()
    connection.execute(
        insert(cases.incident).values(
            number=number,
            ordinal=ordinal,
            state=IncidentState.PRESERVING.value,
            level=int(opening.level),
            title=title,
            first_time=first,
            last_time=last,
            opened_at=at,
            opened_by_run=BY_HAND,
        )
    )
    entities = kept(_entities(opening))
    if entities:
        rows = [{"incident": number, "kind": item.kind, "value": item.value, "last_time": last} for item in entities]
        connection.execute(insert(cases.incident_entity), rows)
    rests_on = f" on {opening.source}" if opening.source else ""
    audit.append(
        connection,
        at=at,
        by=by,
        entity=number,
        change=f"none -> {IncidentState.PRESERVING}",
        reason=f"opened by hand{rests_on}: {reason}",
    )
    _set_anchors(Change(connection, row_of(connection, number), by, at), opening)
    weighing.recompute(connection, ws, [number], at=at, by=by)
    return number


def _set_anchors(change: Change, opening: Opening) -> None:
    """The moments that clocks begin from: what the report says, and when the incident was opened."""
    why = f"as {opening.source or 'the reporter'} says"
    if opening.occurred_from is not None:
        write_anchor(change, Anchor.OCCURRED, opening.occurred_from, why, before=None)
    write_anchor(change, Anchor.DETECTED, change.at, "no log pointed to it: when the report was taken up", before=None)
    write_anchor(change, Anchor.DISCOVERED, opening.discovered_at, f"when it was noticed, {why}", before=None)


def _entities(opening: Opening) -> Iterable[Entity]:
    for kind, names in (("user", opening.accounts), ("host", opening.systems)):
        # A sentence about a system is no name of a host.
        yield from (Entity(kind, name.strip()) for name in names if name.strip() and " " not in name.strip())


def _refuse_impossible(opening: Opening, first: datetime, last: datetime, at: datetime) -> None:
    for what, moment in (("discovered", opening.discovered_at), ("begun", first), ("ended", last)):
        if moment.tzinfo is None or moment > at:
            msg = f"it cannot have been {what} at {moment.isoformat()}: a time has a zone, and is past."
            raise UsageError(msg)
    if opening.occurred_from is not None and opening.occurred_from > opening.discovered_at:
        msg = (
            f"it cannot have been discovered at {opening.discovered_at.isoformat()}, before it occurred at "
            f"{opening.occurred_from.isoformat()}. Correct the report first: breachwatch report correct."
        )
        raise UsageError(msg)
