"""Who and what is touched: systems, accounts, groups of persons. A later statement about the same replaces the earlier.

Single persons never stand here: only groups, with what kinds of their data, how many they are (known or estimated) and
in which states they live, because that is what the duties to notify ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.changing import bounded, changing, said
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Affected
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import casework
from breachwatch.workspace import Workspace

KINDS = ("system", "account", "group")
STATUSES = ("suspected", "accessed", "acquired", "compromised", "encrypted", "not affected")
ELEMENTS = (
    *("ssn", "driver_license", "state_id", "passport", "tax_id", "account_with_code", "card", "credentials"),
    *("health", "health_insurance", "biometric", "date_of_birth", "contact", "alpr", "cjis", "election", "utility"),
    *("personnel", "minors", "other"),
)
"""Kinds of data that state laws name (Tex. B&CC 521.002, Cal. Civ. Code 1798.29(g)), and others that cities hold."""
_STATE = re.compile(r"[A-Z]{2}")
_MOST = 10**10


@dataclass(frozen=True, slots=True)
class Statement:
    """What is stated about one system, account or group. `count` is of persons or records, `states` of residents."""

    kind: str
    name: str
    status: str
    elements: tuple[str, ...] = ()
    count: int | None = None
    estimated: bool = False
    states: Mapping[str, int | None] = field(default_factory=dict)
    vendor: str = ""


def state_affected(
    ws: Workspace,
    number: str,
    what: Statement,
    *,
    by: Actor,
    reason: str,
    expected_version: int | None = None,
) -> int:
    """State that something is affected, or how; returns the statement's number.

    Raises UsageError for words that are not known, NotPermittedError, UnknownNameError, ChangedMeanwhileError.
    """
    reason, name = said(reason, "how that is known"), said(what.name, "the name")
    _check("kind", [what.kind], KINDS)
    _check("status", [what.status], STATUSES)
    _check("data element", what.elements, ELEMENTS)
    _check_counts(name, what)
    with changing(
        ws, number, by=by, may=(Permission.ACT, Permission.DECIDE), expected_version=expected_version
    ) as change:
        values = {
            "incident": number,
            "kind": what.kind,
            "name": name,
            "status": what.status,
            "elements": json.dumps(list(dict.fromkeys(what.elements))),
            "count": what.count,
            "estimated": int(what.estimated),
            "states": json.dumps(sorted(what.states.items())),
            "vendor": bounded(what.vendor, "the vendor"),
            "reason": reason,
            "by": by.name,
            "at": change.at,
        }
        key = change.connection.execute(casework.affected.insert().values(**values)).inserted_primary_key
        told = {column: values[column] for column in ("status", "elements", "count", "estimated", "states")}
        change.note(f"affected {what.kind} {name}: {what.status}", reason, after=told)
    return int(key[0]) if key else 0


def affected(ws: Workspace, number: str, *, by: Actor, history: bool = False) -> tuple[Affected, ...]:
    """What is affected, as stated last; with `history` all that was ever stated, oldest first."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        found = affected_of(connection, members(connection, row_of(connection, number).number))
    return found if history else latest(found)


def latest(found: Iterable[Affected]) -> tuple[Affected, ...]:
    """The last statement about each system, account and group."""
    last = {(item.kind, item.name.casefold()): item for item in found}
    return tuple(sorted(last.values(), key=lambda item: (KINDS.index(item.kind), item.name.casefold())))


def affected_of(connection: Connection, numbers: Iterable[str]) -> tuple[Affected, ...]:
    """All statements about these incidents, oldest first."""
    columns = casework.affected.c
    rows: list[Row[Any]] = []
    for chunk in chunks(numbers):
        rows += connection.execute(select(casework.affected).where(columns.incident.in_(chunk))).all()
    return tuple(
        Affected(
            seq=row.seq,
            kind=row.kind,
            name=row.name,
            status=row.status,
            elements=tuple(json.loads(row.elements)),
            count=row._mapping["count"],
            estimated=bool(row.estimated),
            states=tuple((state, of_it) for state, of_it in json.loads(row.states)),
            vendor=row.vendor,
            reason=row.reason,
            by=row.by,
            at=row.at,
        )
        for row in sorted(rows, key=lambda row: row.seq)
    )


def _check(what: str, given: Iterable[str], known: tuple[str, ...]) -> None:
    for item in given:
        if item not in known:
            msg = f"{item!r} is no {what} that is known here: {', '.join(known)}."
            raise UsageError(msg)


def _check_counts(name: str, what: Statement) -> None:
    for state in what.states:
        if not _STATE.fullmatch(state):
            msg = f"{state!r} is no state of the United States in two letters, such as TX."
            raise UsageError(msg)
    for count in (what.count, *what.states.values()):
        if count is not None and not 0 <= count <= _MOST:
            msg = f"{count:,} is no number of persons or records."
            raise UsageError(msg)
    known = sum(count or 0 for count in what.states.values())
    if what.count is not None and known > what.count:
        msg = f"{known:,} residents by state are more than the {what.count:,} persons of {name!r}."
        raise UsageError(msg)
