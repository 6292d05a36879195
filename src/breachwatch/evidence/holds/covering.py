"""Which evidence an active hold covers: decided once for each hold and each bag, and never taken back.

Until it is decided, the hold covers the evidence: `records.keeping_evidence` says so to the code and to the database.
What a hold covers gets a link `hold_placed` in its chain of custody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from breachwatch.errors import EvidenceError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.custody import Deed
from breachwatch.evidence.holds.searching import About, about
from breachwatch.lake.care import Hold, holds
from breachwatch.model.people import Actor
from breachwatch.records import cases
from breachwatch.records.evidence_care import disposal_item, hold_evidence
from breachwatch.workspace import Workspace

AROUND = timedelta(days=1)
"""What lies so far from an incident that is under hold belongs to it, as in the lake; so do a bag's times."""

NAMES = frozenset({"account", "host"})


@dataclass(frozen=True, slots=True)
class Covered:
    """A piece of evidence that a hold was found to cover, or not, and why."""

    hold: str
    evidence: str
    covered: bool
    why: str


def cover(ws: Workspace, *, by: Actor) -> tuple[Covered, ...]:
    """Decide what is undecided: every active hold against every piece of evidence that is there.

    Reads each bag once, however many holds wait for it. Killed in between, the next call goes on.
    """
    found: list[Covered] = []
    active = {hold.number: hold for hold in holds(ws) if hold.released_at is None}
    with ws.database.read() as connection:
        spans = _spans(connection, active.values())
        waiting = [(row, _undecided(connection, row.number, active)) for row in _there(connection)]
    for row, numbers in waiting:
        if numbers:
            decided = _decide(ws, row, [active[number] for number in numbers], spans)
            _record(ws, decided, by)
            found += decided
    if found:
        mirror.update(ws)
    return tuple(found)


def _there(connection: Connection) -> list[Row[*tuple[Any, ...]]]:
    """The evidence that was not disposed of, oldest first."""
    gone = select(disposal_item.c.evidence).where(disposal_item.c.disposed_at.is_not(None))
    columns = cases.evidence.c
    query = select(columns.number, columns.incident, columns.path, columns.tagmanifest_sha256)
    found = connection.execute(query.where(columns.number.not_in(gone)).order_by(columns.sealed_at, columns.number))
    return list(found.all())


def _undecided(connection: Connection, evidence: str, active: dict[str, Hold]) -> list[str]:
    known = set(connection.scalars(select(hold_evidence.c.hold).where(hold_evidence.c.evidence == evidence)))
    return [number for number in active if number not in known]


def _spans(connection: Connection, active: Any) -> dict[str, tuple[Any, Any]]:
    """First and last time of the incidents that holds name."""
    wanted = {value for hold in active for kind, value in hold.items if kind == "incident"}
    columns = cases.incident.c
    query = select(columns.number, columns.first_time, columns.last_time).where(columns.number.in_(wanted))
    return {row.number: (row.first_time, row.last_time) for row in connection.execute(query)}


def _decide(ws: Workspace, row: Row[Any], waiting: Sequence[Hold], spans: dict[str, tuple[Any, Any]]) -> list[Covered]:
    if not (ws.vault / row.path).is_dir():
        return []  # being disposed of in this moment, or gone: undecided keeps it
    names = {item for hold in waiting for item in hold.items if item[0] in NAMES}
    try:
        found, doubt = about(ws.vault / row.path, row.tagmanifest_sha256, sorted(names)), ""
    except EvidenceError as error:
        found, doubt = None, f"it cannot be told: {error}"
    except OSError as error:
        found, doubt = None, f"it cannot be told: the machine does not read it ({error.strerror})"
    decided = []
    for hold in waiting:
        why = next((f"of {value}" for kind, value in hold.items if (kind, value) == ("incident", row.incident)), doubt)
        if not why and found is not None:
            why = _why(hold, found, spans)
        decided.append(Covered(hold.number, row.number, bool(why), why or "it is about other things"))
    return decided


def _why(hold: Hold, found: About, spans: dict[str, tuple[Any, Any]]) -> str:
    """Why a hold covers a bag that is about these things; empty where it does not."""
    if not _in_time(found, hold.since, hold.until):
        return ""
    if not hold.items:
        return "of its time"
    for kind, value in hold.items:
        if kind in NAMES and (kind, value) in found.named:
            return f"names the {kind} {value}"
        if kind == "source" and (found.sources is None or value in found.sources):
            known = found.sources is not None
            return f"of the source {value}" if known else f"it was handed over and may be of the source {value}"
        if kind == "incident" and value in spans:
            first, last = spans[value]
            if _in_time(found, first - AROUND, last + AROUND):
                return f"of the time around {value}"
    return ""


def _in_time(found: About, since: Any, until: Any) -> bool:
    """Whether a bag may have something of that time; the lines around what matched may be of before or after."""
    if found.first is None or found.last is None:
        return True
    return (since is None or found.last + AROUND >= since) and (until is None or found.first - AROUND < until)


def _record(ws: Workspace, decided: Sequence[Covered], by: Actor) -> None:
    now = ws.clock.now()
    with ws.database.write() as connection:
        for item in decided:
            known = hold_evidence.c.hold == item.hold, hold_evidence.c.evidence == item.evidence
            ended = select(cases.hold.c.released_at).where(cases.hold.c.number == item.hold)
            if connection.execute(select(hold_evidence.c.hold).where(*known)).first() or connection.scalar(ended):
                continue  # another process decided it meanwhile, or the hold was released
            values = {"hold": item.hold, "evidence": item.evidence, "covered": int(item.covered), "why": item.why}
            connection.execute(insert(hold_evidence).values(**values, decided_at=now))
            if item.covered:
                custody.append(
                    connection,
                    evidence=item.evidence,
                    deed=Deed.HOLD_PLACED,
                    by=custody.by(by),
                    at=now,
                    purpose=f"{item.hold}: {item.why}",
                    details={"hold": item.hold},
                )
