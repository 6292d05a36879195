"""The period of retention: the law's minimum, and what the records officer enters with its source.

Where the profile says `not specified` there is no period until somebody enters one: nothing is ever due by a guess. An
entered period may be longer than the law's minimum and never shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.changing import said
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records import retention as tables
from breachwatch.respond.law.loading import load_profile
from breachwatch.respond.law.profile import Retention
from breachwatch.workspace import Workspace

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Period:
    """How many years a file is kept after its incident was closed, and by what."""

    years: int
    source: str


def law_of(ws: Workspace) -> Retention | None:
    """What the city's profile says of retention; None where no profile is set or it says nothing."""
    name = ws.settings.city.jurisdiction
    return load_profile(name, ws.root).retention if name else None


def enter_period(ws: Workspace, years: int, *, source: str, by: Actor) -> Period:
    """Enter the period of the city's schedule. Raises NotPermittedError, UsageError below the law's minimum."""
    require(by, Permission.REQUEST_DISPOSAL)
    source = said(source, "the schedule, statute or resolution that sets the period")
    law = law_of(ws)
    least = law.minimum_years if law is not None and isinstance(law.minimum_years, int) else 1
    if not least <= years <= LONGEST:
        by_law = f" ({law.citation})" if law is not None else ""
        msg = f"{years} years: a period is {least} to {LONGEST} years{by_law}."
        raise UsageError(msg)
    now = ws.clock.now()
    with ws.database.write() as connection:
        before = _entered(connection)
        values = {"years": years, "source": source, "entered_by": by.name, "at": now}
        connection.execute(tables.period.insert().values(**values))
        change = f"{before.years if before else 'none'} -> {years} years"
        audit.append(connection, at=now, by=by, entity="retention of incident files", change=change, reason=source)
    return Period(years, source)


def period(ws: Workspace, connection: Connection) -> Period | None:
    """The period that holds: what was entered last, else the law's minimum; None where neither is there."""
    law = law_of(ws)
    least = law.minimum_years if law is not None and isinstance(law.minimum_years, int) else 0
    entered = _entered(connection)
    if entered is not None and entered.years >= least:
        return entered
    return Period(least, f"{law.rule} ({law.citation})") if law is not None and least else None


def period_ends(closed_at: datetime, years: int, zone: ZoneInfo) -> datetime:
    """The end of the day, in the city's zone, on which so many years have passed; 29 February becomes 1 March."""
    day = closed_at.astimezone(zone)
    try:
        last = day.replace(year=day.year + years)
    except ValueError:  # 29 February of a year that has none
        last = day.replace(year=day.year + years, month=3, day=1)
    return last.replace(hour=23, minute=59, second=59, microsecond=0, fold=0)


def _entered(connection: Connection) -> Period | None:
    row = connection.execute(select(tables.period).order_by(tables.period.c.seq.desc()).limit(1)).first()
    return Period(row.years, row.source) if row is not None else None
