"""Incident numbers: INC-YYYY-NNNN, by the year of opening in the city's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from breachwatch.records import cases

_PER_YEAR = 10**9


def order_of(number: str) -> int:
    """A number that sorts incidents by opening, also beyond 9999 in a year."""
    _, year, count = number.split("-")
    return int(year) * _PER_YEAR + int(count)


def numbering(connection: Connection, at: datetime, zone: ZoneInfo) -> Callable[[], tuple[str, int]]:
    """Hands out the year's next numbers, with their order. The caller holds the write transaction."""
    year = at.astimezone(zone).year
    prefix = f"INC-{year}-"
    column = cases.incident.c.ordinal
    of_year = (column > year * _PER_YEAR) & (column < (year + 1) * _PER_YEAR)
    last = connection.scalar(select(func.max(column)).where(of_year)) or year * _PER_YEAR

    def next_number() -> tuple[str, int]:
        nonlocal last
        last += 1
        return f"{prefix}{last % _PER_YEAR:04d}", last

    return next_number
