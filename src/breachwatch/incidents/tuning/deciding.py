"""Filters on their way into force: pending until a second person approves; refused or withdrawn with a reason."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.detect.approved import FOLDER
from breachwatch.detect.filtering import read_filter
from breachwatch.detect.loading import RuleText
from breachwatch.errors import ChangedMeanwhileError, DataError, NotPermittedError, UnknownNameError, UsageError
from breachwatch.incidents.casework.changing import changed_since, said
from breachwatch.incidents.tuning.trying import Trial, try_filter
from breachwatch.incidents.tuning.writing import Draft
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records.triage import rule_filter
from breachwatch.workspace import PRIVATE_DIR, Workspace


class FilterState(StrEnum):
    """Only an approved filter is in force, and only until it expires."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class TunedFilter:
    """A filter of the folder `tuning`, with who wants it and why. Times are aware UTC."""

    name: str
    title: str
    state: FilterState
    reason: str
    owner: str
    expires: str
    incident: str
    alerts: tuple[str, ...]
    tried: dict[str, Any]  # what the dry run counted when it was proposed
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    text: str  # of the file as it is now; "" where it is gone
    changed: bool  # whether the file is another than the one that was proposed
    version: int


def tuned_filters(ws: Workspace, *states: FilterState) -> list[TunedFilter]:
    """The filters in these states (none named: all), the latest first."""
    query = select(rule_filter).order_by(rule_filter.c.proposed_at.desc(), rule_filter.c.name)
    if states:
        query = query.where(rule_filter.c.state.in_(state.value for state in states))
    with ws.database.read() as connection:
        return [_filter(ws, row) for row in connection.execute(query)]


def add_proposal(
    ws: Workspace,
    stem: str,
    text: str,
    draft: Draft,
    keys: Sequence[str],
    incident: str,
    trial: Trial,
    *,
    by: Actor,
) -> str:
    """File a proposal: the row and the file, which nothing reads before it is approved. Gives its name."""
    at = ws.clock.now()
    with ws.database.write() as connection:
        name = _free_name(connection, ws, stem)
        _write(ws, name, text)
        connection.execute(
            rule_filter.insert().values(
                name=name,
                filter_id=draft.filter_id,
                title=draft.title,
                state=FilterState.PENDING.value,
                sha256=sha256(text.encode()).hexdigest(),
                alerts=json.dumps(list(keys)),
                incident=incident,
                reason=draft.reason,
                owner=draft.owner,
                expires=draft.expires.isoformat(),
                tried=json.dumps(trial.counts()),
                proposed_by=by.login,
                proposed_at=at,
                decided_by="",
                version=1,
            )
        )
        counts = f"would have hidden {trial.events} events, {trial.alerts_gone} alerts, no confirmed case"
        audit.append(
            connection,
            at=at,
            by=by,
            entity=f"filter {name}",
            change="none -> pending",
            reason=f"{draft.reason} ({counts})",
            after={"version": 1, "incident": incident, "expires": draft.expires.isoformat()},
        )
    return name


def approve(ws: Workspace, name: str, *, reason: str, by: Actor, expected_version: int | None = None) -> TunedFilter:
    """Put a filter into force. It is tried again: the cases confirmed since count.

    Raises NotPermittedError (whoever proposed it cannot approve it), UnknownNameError, UsageError, DataError,
    ChangedMeanwhileError.
    """
    require(by, Permission.APPROVE_FILTER)
    with ws.database.read() as connection:
        row = _row(connection, name)
    _refuse_own(row, by)
    known = _filter(ws, row)
    if not known.text or known.changed:
        msg = f"{FOLDER}/{name}.yml is gone or was changed since it was proposed. Propose the filter anew."
        raise DataError(msg)
    trial = try_filter(ws, read_filter(RuleText(f"{FOLDER}/{name}.yml", known.text)), leave_out=known.alerts)
    if trial.confirmed:
        case = trial.confirmed[0]
        msg = f"{name} would now hide events of {case.incident or case.key[:8]}, a confirmed case. Refuse it instead."
        raise DataError(msg)
    return _decide(ws, name, FilterState.PENDING, FilterState.APPROVED, reason, by, expected_version)


def refuse(ws: Workspace, name: str, *, reason: str, by: Actor, expected_version: int | None = None) -> TunedFilter:
    """Turn a proposal down. Raises NotPermittedError, UnknownNameError, UsageError, ChangedMeanwhileError."""
    require(by, Permission.APPROVE_FILTER)
    return _decide(ws, name, FilterState.PENDING, FilterState.REFUSED, reason, by, expected_version)


def withdraw(ws: Workspace, name: str, *, reason: str, by: Actor, expected_version: int | None = None) -> TunedFilter:
    """Take a filter out of force, which one person may: the rule finds again what it hid. Raises as `refuse`."""
    require(by, Permission.PROPOSE_FILTER)
    return _decide(ws, name, FilterState.APPROVED, FilterState.WITHDRAWN, reason, by, expected_version)


def _decide(
    ws: Workspace, name: str, old: FilterState, new: FilterState, reason: str, by: Actor, expected: int | None
) -> TunedFilter:
    reason = said(reason, "The reason")
    at = ws.clock.now()
    columns = rule_filter.c
    with ws.database.write() as connection:
        row = _row(connection, name)
        if expected is not None and row.version != expected:
            told = changed_since(connection, f"filter {name}", expected)
            msg = f"filter {name} was changed since you read it (version {expected}, now {row.version}). {told}."
            raise ChangedMeanwhileError(msg)
        if row.state != old.value:
            msg = f"filter {name} is {row.state}; only one that is {old} can become {new}."
            raise UsageError(msg)
        connection.execute(
            rule_filter.update()
            .where(columns.name == name)
            .values(state=new.value, decided_by=by.login, decided_at=at, version=row.version + 1)
        )
        audit.append(
            connection,
            at=at,
            by=by,
            entity=f"filter {name}",
            change=f"{old} -> {new}",
            reason=reason,
            before={"state": old.value},
            after={"state": new.value, "version": row.version + 1, "sha256": row.sha256},
        )
        return _filter(ws, _row(connection, name))


def _refuse_own(row: Row[Any], by: Actor) -> None:
    if row.proposed_by == by.login:
        msg = f"{by.name} proposed {row.name}; a second person must approve it."
        raise NotPermittedError(msg)


def _row(connection: Connection, name: str) -> Row[Any]:
    row = connection.execute(select(rule_filter).where(rule_filter.c.name == name)).one_or_none()
    if row is None:
        raise UnknownNameError("filter", name, connection.scalars(select(rule_filter.c.name)))
    return row


def _filter(ws: Workspace, row: Row[Any]) -> TunedFilter:
    path = _path(ws, row.name)
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return TunedFilter(
        name=row.name,
        title=row.title,
        state=FilterState(row.state),
        reason=row.reason,
        owner=row.owner,
        expires=row.expires,
        incident=row.incident,
        alerts=tuple(json.loads(row.alerts)),
        tried=json.loads(row.tried),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        text=text,
        changed=sha256(text.encode()).hexdigest() != row.sha256,
        version=row.version,
    )


def _free_name(connection: Connection, ws: Workspace, stem: str) -> str:
    taken = set(connection.scalars(select(rule_filter.c.name).where(rule_filter.c.name.startswith(stem))))
    number = 1
    while (name := f"{stem}-{number}") in taken or _path(ws, name).exists():
        number += 1
    return name


def _path(ws: Workspace, name: str) -> Path:
    return ws.root / FOLDER / f"{name}.yml"


def _write(ws: Workspace, name: str, text: str) -> None:
    """The file, whole or not at all; never over another."""
    folder = ws.root / FOLDER
    folder.mkdir(mode=PRIVATE_DIR, exist_ok=True)
    scratch = ws.scratch / f"filter-{os.getpid()}-{name}.yml"
    scratch.write_text(text, encoding="utf-8")
    scratch.chmod(0o600)
    scratch.replace(_path(ws, name))
