"""The severity of incidents as it is kept: computed anew when alerts join, set by people with a reason.

A severity never sinks by itself. Where new facts give less than what holds, what holds stays; where a person has set
it, it stays as set until new facts give more than was known then. Every change is a row and an entry of the audit log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from breachwatch.incidents.casework.changing import changing, said
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.weighing.privilege import Privileged
from breachwatch.incidents.weighing.severity import Facts, weigh
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Permission
from breachwatch.model.severity import About, Ground, Severity
from breachwatch.model.systems import DataCategory
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.records.triage import incident_severity
from breachwatch.register import Register, load
from breachwatch.workspace import Workspace


def severity_of(connection: Connection, number: str) -> Severity | None:
    """The severity that holds, with its reasons; None where it was never judged."""
    row = _latest(connection, [number]).get(number)
    return None if row is None else _severity(row)


def recompute(
    connection: Connection,
    ws: Workspace,
    numbers: Iterable[str],
    *,
    at: datetime,
    by: Actor,
    register: Register | None = None,
    incomplete: str = "",
) -> dict[str, Level]:
    """Judge incidents anew within a write transaction; gives those whose severity changed.

    To be called whenever alerts join, incidents are merged, or the register changes.
    """
    listed = list(dict.fromkeys(numbers))
    register = load(ws) if register is None else register
    privileged = Privileged(connection, ws.settings.incidents.privileged)
    missing = "; ".join(text for text in (register.incomplete, incomplete) if text)
    before = _latest(connection, listed)
    changed: dict[str, Level] = {}
    for number in listed:
        facts = _facts(connection, number, register, privileged, missing)
        now = weigh(facts)
        old = _severity(before[number]) if number in before else None
        held = now.level if old is None else _holds(old, now)
        if old is not None and (held, now.computed, now.grounds, now.data) == (
            old.level,
            old.computed,
            tuple(ground for ground in old.grounds if ground.about is not About.PERSON),
            old.data,
        ):
            continue
        person = tuple(ground for ground in old.grounds if ground.about is About.PERSON) if old else ()
        stays = old is not None and bool(old.set_by) and held == old.level
        kept = Severity(
            held,
            now.computed,
            (*now.grounds, *(person if stays else ())),
            now.data,
            now.systems,
            now.records,
            old.set_by if old is not None and stays else "",
            at,
        )
        _write(connection, number, kept)
        if old is None or held != old.level:
            changed[number] = held
            reason = "; ".join(ground.text for ground in now.grounds)
            was = "none" if old is None else str(old.level)
            audit.append(
                connection, at=at, by=by, entity=number, change=f"severity {was} -> {held}", reason=reason[:2000]
            )
    return changed


def judge_anew(ws: Workspace, *, by: Actor) -> dict[str, Level]:
    """Judge all incidents that wait for somebody anew, after the register or the settings changed."""
    require(by, Permission.TRIAGE)
    with ws.database.write() as connection:
        columns = cases.incident.c
        rows = connection.execute(select(columns.number, columns.state).order_by(columns.ordinal))
        numbers = [row.number for row in rows if not IncidentState(row.state).ended]
        return recompute(connection, ws, numbers, at=ws.clock.now(), by=by)


def override(
    ws: Workspace, number: str, level: Level, *, reason: str, by: Actor, expected_version: int | None = None
) -> Severity:
    """Set the severity of an incident by a person's judgement, higher or lower. It holds until new facts give more.

    Raises NotPermittedError, UnknownNameError, ChangedMeanwhileError, UsageError (no reason).
    """
    reason = said(reason, "The reason for the severity")
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=expected_version) as change:
        old = severity_of(change.connection, change.number)
        if old is None:
            recompute(change.connection, ws, [change.number], at=change.at, by=by)
            old = severity_of(change.connection, change.number)
        assert old is not None  # noqa: S101  it was judged a line above
        computed = tuple(ground for ground in old.grounds if ground.about is not About.PERSON)
        ground = Ground(About.PERSON, f"{by.name} set it to {level}: {reason}")
        kept = Severity(
            level, old.computed, (*computed, ground), old.data, old.systems, old.records, by.name, change.at
        )
        _write(change.connection, change.number, kept)
        change.note(f"severity {old.level} -> {level}", reason, {"severity": str(old.level)}, {"severity": str(level)})
    return kept


def _holds(old: Severity, now: Severity) -> Level:
    """What holds of an old severity and what the facts give now."""
    if old.set_by and now.computed <= old.computed:
        return old.level
    return max(old.level, now.level)


def _facts(connection: Connection, number: str, register: Register, privileged: Privileged, incomplete: str) -> Facts:
    # Those that were merged into it are part of it.
    numbers = members(connection, number)
    entity, alert = cases.incident_entity.c, cases.alert.c
    entities = connection.execute(
        select(entity.kind, entity.value).where(entity.incident.in_(numbers)).distinct()
    ).all()
    highest = connection.execute(
        select(alert.level, alert.rule_title)
        .where(alert.incident.in_(numbers))
        .order_by(alert.level.desc(), alert.first_time, alert.key)
        .limit(1)
    ).first()
    level = connection.scalar(select(cases.incident.c.level).where(cases.incident.c.number == number))
    datasets = connection.scalars(select(alert.dataset).where(alert.incident.in_(numbers)).distinct()).all()
    hosts = sorted(row.value for row in entities if row.kind == "host")
    users = sorted(row.value for row in entities if row.kind == "user")
    return Facts(
        Level(max(level or 0, highest.level if highest else 0)),
        highest.rule_title if highest else "",
        register.of(hosts, datasets),
        privileged.among(users),
        incomplete,
    )


def _latest(connection: Connection, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    columns = incident_severity.c
    found: dict[str, Row[Any]] = {}
    for chunk in chunks(numbers):
        newest = select(func.max(columns.seq)).where(columns.incident.in_(chunk)).group_by(columns.incident)
        for row in connection.execute(select(incident_severity).where(columns.seq.in_(newest))):
            found[row.incident] = row
    return found


def _severity(row: Row[Any]) -> Severity:
    body = json.loads(row.body)
    return Severity(
        Level(row.level),
        Level(row.computed),
        tuple(Ground(About(item["about"]), item["text"], item["raises"]) for item in body["grounds"]),
        tuple(DataCategory(item) for item in body["data"]),
        tuple(body["systems"]),
        body["records"],
        row.set_by,
        row.at,
    )


def _write(connection: Connection, number: str, severity: Severity) -> None:
    body = {
        "grounds": [
            {"about": ground.about.value, "text": ground.text, "raises": ground.raises} for ground in severity.grounds
        ],
        "data": [category.value for category in severity.data],
        "systems": list(severity.systems),
        "records": severity.records,
    }
    connection.execute(
        incident_severity.insert().values(
            incident=number,
            level=int(severity.level),
            computed=int(severity.computed),
            body=json.dumps(body),
            set_by=severity.set_by,
            at=severity.at,
        )
    )
    connection.execute(
        cases.incident.update()
        .where(cases.incident.c.number == number)
        .values(severity=int(severity.level), data_touched=json.dumps(body["data"]))
    )
