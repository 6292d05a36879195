"""Report numbers: R-YYYY-NNNNNN, by the year of receipt in the city's time zone."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select

from breachwatch.errors import UnknownNameError
from breachwatch.records import intake

_PER_YEAR = 10**9
_NUMBER = re.compile(r"(?:R-)?(?:(\d{4})-)?(\d{1,9})", re.ASCII)


def next_number(connection: Connection, at: datetime, zone: ZoneInfo) -> tuple[str, int]:
    """The next number and its order. The caller holds the write transaction."""
    year = at.astimezone(zone).year
    column = intake.report.c.ordinal
    of_year = (column > year * _PER_YEAR) & (column < (year + 1) * _PER_YEAR)
    last = connection.scalar(select(func.max(column)).where(of_year)) or year * _PER_YEAR
    return f"R-{year}-{(last + 1) % _PER_YEAR:06d}", last + 1


def report_number(text: str, year: int) -> str:
    """A number as people type it: `R-2026-000042`, or `42` for the one of `year`."""
    found = _NUMBER.fullmatch(text.strip().upper())
    return f"R-{found[1] or year}-{int(found[2]):06d}" if found else text.strip().upper()


def row_of(connection: Connection, number: str) -> Row[tuple[object, ...]]:
    """The row of a report. Raises UnknownNameError, which names the latest."""
    row = connection.execute(select(intake.report).where(intake.report.c.number == number)).first()
    if row is None:
        latest = select(intake.report.c.number).order_by(intake.report.c.ordinal.desc()).limit(200)
        raise UnknownNameError("report", number, connection.scalars(latest))
    return row
