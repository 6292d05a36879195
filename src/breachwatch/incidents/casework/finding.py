"""Finding incidents, those that were merged into them, and alerts by the beginning of their key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.incidents.chunking import chunks
from breachwatch.records import cases

_KEY = re.compile(r"[0-9a-f]{4,32}")


def row_of(connection: Connection, number: str) -> Row[Any]:
    """The row of an incident. Raises UnknownNameError, which names the latest incidents."""
    row = connection.execute(select(cases.incident).where(cases.incident.c.number == number)).one_or_none()
    if row is None:
        latest = select(cases.incident.c.number).order_by(cases.incident.c.ordinal.desc()).limit(200)
        raise UnknownNameError("incident", number, connection.scalars(latest))
    return row


def members(connection: Connection, number: str) -> list[str]:
    """The incident and all that were merged into it, directly or not; itself first."""
    return list(all_members(connection, [number]))


def all_members(connection: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Each of the incidents, and each that was merged into one of them, with the one of `numbers` it belongs to."""
    found = {number: number for number in numbers}
    fresh = list(found)
    columns = cases.incident.c
    while fresh:
        step: list[str] = []
        for chunk in chunks(fresh):
            query = select(columns.number, columns.merged_into).where(columns.merged_into.in_(chunk))
            for row in connection.execute(query.order_by(columns.ordinal)):
                if row.number not in found:
                    found[row.number] = found[row.merged_into]
                    step.append(row.number)
        fresh = step
    return found


def root_of(connection: Connection, number: str) -> str:
    """The incident in which a merged one goes on; itself where it was not merged."""
    return roots(connection, [number]).get(number, number)


def roots(connection: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """By the number of each that was merged: the incident in which it goes on, through however many merges."""
    into: dict[str, str] = {}
    columns = cases.incident.c
    fresh = set(numbers)
    while fresh:
        step: set[str] = set()
        for chunk in chunks(fresh):
            query = select(columns.number, columns.merged_into).where(columns.number.in_(chunk))
            for row in connection.execute(query.where(columns.merged_into.is_not(None))):
                into[row.number] = row.merged_into
                step.add(row.merged_into)
        fresh = step - into.keys()
    found = {}
    for number in numbers:
        end = number
        while end in into:
            end = into[end]
        if end != number:
            found[number] = end
    return found


def alert_row(connection: Connection, key: str) -> Row[Any]:
    """The alert whose key begins so (4 characters and more). Raises UnknownNameError, UsageError where several do."""
    begin = key.lower()
    if not _KEY.fullmatch(begin):
        msg = f"{key!r} is no key of an alert: at least the first 4 of its 32 characters, 0-9 and a-f."
        raise UsageError(msg)
    columns = cases.alert.c
    rows = connection.execute(
        select(cases.alert).where(columns.key >= begin, columns.key < f"{begin}g").order_by(columns.key).limit(2)
    ).all()
    if not rows:
        raise UnknownNameError("alert", key, hint="`breachwatch alert list` shows those without an incident.")
    if len(rows) > 1 and rows[0].key != begin:
        msg = f"several alerts begin with {key!r}: {rows[0].key}, {rows[1].key}. Give more characters."
        raise UsageError(msg)
    return rows[0]
