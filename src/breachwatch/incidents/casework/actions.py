"""Measures against an incident: ordered, carried out by one person, verified by another.

breachwatch records what was done; it isolates nothing by itself. Sanctions of staff are restricted: they are left out
for people who neither work on the case nor advise on it, and of every export.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UsageError
from breachwatch.incidents.casework.changing import Change, bounded, changing, numbered, said
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Action, ActionKind
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import casework
from breachwatch.workspace import Workspace


def order(  # noqa: PLR0913  each is something that a containment order states
    ws: Workspace,
    number: str,
    kind: ActionKind,
    target: str,
    *,
    by: Actor,
    description: str = "",
    ordered_by: str = "",
    implementer: str = "",
    expected_version: int | None = None,
) -> int:
    """Record that somebody ordered a measure on a target (a host, an account, a vendor); returns its number.

    `ordered_by` names who gave the order where that is somebody else than who writes it down; the audit log has both.
    Raises NotPermittedError, UnknownNameError, UsageError, ChangedMeanwhileError.
    """
    target = said(target, "the target of the action")
    with changing(ws, number, by=by, may=Permission.ACT, expected_version=expected_version) as change:
        row = {
            "incident": number,
            "kind": kind.value,
            "target": target,
            "description": bounded(description, "the description"),
            "ordered_by": bounded(ordered_by, "who ordered it") or by.name,
            "ordered_at": change.at,
            "implementer": implementer.strip(),
            "result": "",
            "verifier": "",
            "verification": "",
            "waiver": "",
            "version": 1,
        }
        key = change.connection.execute(casework.action.insert().values(**row)).inserted_primary_key
        action = int(key[0]) if key else 0
        told = "restricted" if kind.restricted else target
        after = {} if kind.restricted else {"target": target, "ordered_by": row["ordered_by"]}
        change.note(f"action {action} ordered: {kind}", told, after=after)
    return action


def done(
    ws: Workspace,
    number: str,
    action: int,
    *,
    by: Actor,
    result: str = "",
    implementer: str = "",
    at: datetime | None = None,
    expected_version: int | None = None,
) -> None:
    """Record that a measure was carried out, by `implementer` (default: who records it), `at` (default: now).

    `expected_version` is the action's. Raises NotPermittedError, UnknownNameError, UsageError, ChangedMeanwhileError.
    """
    with changing(ws, number, by=by, may=Permission.ACT, expected_version=None) as change:
        row = numbered(change, casework.action, "action", action, expected_version)
        if row.verified_at is not None:
            msg = f"action {action} of {number} is verified already; order a new one for what is done now."
            raise UsageError(msg)
        moment = at or change.at
        if moment > change.at:
            msg = f"action {action} of {number} cannot be done at {moment.isoformat()}: that is still to come."
            raise UsageError(msg)
        who = implementer.strip() or row.implementer or by.name
        values = {"done_at": moment, "implementer": who, "result": bounded(result, "the result")}
        _write(change, row, f"action {action} done", result or "carried out", values)


def verify(
    ws: Workspace,
    number: str,
    action: int,
    *,
    by: Actor,
    finding: str,
    waiver: str = "",
    expected_version: int | None = None,
) -> None:
    """Record that a measure works, by somebody else than who carried it out, or with a reason why nobody else could.

    Raises NotPermittedError, UnknownNameError, UsageError, ChangedMeanwhileError.
    """
    finding = said(finding, "what was verified, and how,")
    with changing(ws, number, by=by, may=Permission.VERIFY_ACTION, expected_version=None) as change:
        row = numbered(change, casework.action, "action", action, expected_version)
        if row.done_at is None:
            msg = f"action {action} of {number} is not done yet, so nothing can be verified."
            raise UsageError(msg)
        own = by.name.casefold() == row.implementer.casefold() or by.login.casefold() == row.implementer.casefold()
        waiver = bounded(waiver, "the reason")
        if own and not waiver:
            msg = (
                f"{by.name} carried out action {action} of {number}, so somebody else verifies it. Where nobody else "
                'can, say why: --waive "REASON".'
            )
            raise UsageError(msg)
        values = {
            "verifier": by.name,
            "verified_at": change.at,
            "verification": finding,
            "waiver": waiver if own else "",
        }
        _write(change, row, f"action {action} verified", finding, values)


def actions(ws: Workspace, number: str, *, by: Actor) -> tuple[Action, ...]:
    """The measures of an incident and of what was merged into it, as far as this person may see them."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return visible_to(by, actions_of(connection, members(connection, number)))


def visible_to(by: Actor | None, found: Iterable[Action]) -> tuple[Action, ...]:
    """Without restricted ones unless the person works on the case or advises on it; nobody is an export."""
    everything = by is not None and (by.may(Permission.TRIAGE) or by.may(Permission.DECIDE))
    return tuple(item for item in found if everything or not item.kind.restricted)


def actions_of(connection: Connection, numbers: Iterable[str]) -> tuple[Action, ...]:
    """All measures of these incidents in the order in which they were ordered."""
    columns = casework.action.c
    found: list[Row[Any]] = []
    for chunk in chunks(numbers):
        found += connection.execute(select(casework.action).where(columns.incident.in_(chunk))).all()
    return tuple(_action(row) for row in sorted(found, key=lambda row: row.number))


def _action(row: Row[Any]) -> Action:
    return Action(
        number=row.number,
        incident=row.incident,
        kind=ActionKind(row.kind),
        target=row.target,
        description=row.description,
        ordered_by=row.ordered_by,
        ordered_at=row.ordered_at,
        implementer=row.implementer,
        done_at=row.done_at,
        result=row.result,
        verifier=row.verifier,
        verified_at=row.verified_at,
        verification=row.verification,
        waiver=row.waiver,
        version=row.version,
    )


def _write(change: Change, row: Row[Any], what: str, reason: str, values: dict[str, Any]) -> None:
    restricted = ActionKind(row.kind).restricted
    change.connection.execute(
        casework.action.update().where(casework.action.c.number == row.number).values(version=row.version + 1, **values)
    )
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    before = {name: str(getattr(row, name) or "") for name in values}
    change.note(what, "restricted" if restricted else reason, {} if restricted else before, {} if restricted else told)
