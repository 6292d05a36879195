"""Triage of reports, next to that of alerts: attach to an incident, open one, or close with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, select

from breachwatch import evidence as vault
from breachwatch.errors import UsageError, explain
from breachwatch.incidents import mark_failed, mark_sealed
from breachwatch.incidents.casework.anchors import anchors_of, write_anchor
from breachwatch.incidents.casework.changing import Change, changing, said
from breachwatch.incidents.casework.finding import row_of as incident_row
from breachwatch.incidents.casework.opening import Opening, open_by_hand
from breachwatch.model.casework import Anchor
from breachwatch.model.finding import Level
from breachwatch.model.incident import IncidentState
from breachwatch.model.intake import ReportRecord, ReportState
from breachwatch.model.people import Actor, Permission, program
from breachwatch.people import require
from breachwatch.records import audit, cases
from breachwatch.respond.duties.standing import recalculate
from breachwatch.respond.intake.again import seal_for
from breachwatch.respond.intake.numbers import row_of
from breachwatch.respond.intake.reading import REOPENED, record_in, waiting
from breachwatch.respond.intake.receiving import LOCK, finish_sealing, note_event
from breachwatch.workspace import Workspace


def attach(ws: Workspace, number: str, incident: str, *, by: Actor, reason: str) -> str:
    """Attach a report to an incident, whose evidence it becomes; the evidence's number.

    Where the report knows an earlier moment of discovery, or of occurrence, that one counts. Raises NotPermittedError,
    UnknownNameError, UsageError where it was triaged already, EvidenceError where it cannot be sealed: then nothing is
    attached.
    """
    reason = said(reason, "why it belongs to this incident")
    with _triage(ws, by):
        with ws.database.read() as connection:
            report = record_in(connection, number)
            _refuse_triaged(report)
            _refuse_ended(connection, incident)
        evidence = seal_for(ws, report, incident, by=by)
        with changing(ws, incident, by=by, may=Permission.TRIAGE_REPORT, expected_version=None) as change:
            _earlier(change, report)
            change.note(f"report {number} attached; sealed in {evidence}", reason)
            _enter(change.connection, number, ReportState.ATTACHED, reason, by=by, at=change.at, incident=incident)
    recalculate(ws, incident, because=f"report {number} was attached")
    return evidence


def open_incident(
    ws: Workspace, number: str, *, by: Actor, reason: str, level: Level = Level.MEDIUM, title: str = ""
) -> str:
    """Open an incident from a report; its number. It is shown once its evidence is sealed, or loudly failed to be.

    Raises NotPermittedError, UnknownNameError, UsageError where it was triaged already.
    """
    reason = said(reason, "why an incident is opened")
    with _triage(ws, by):
        now = ws.clock.now()
        with ws.database.write() as connection:
            report = record_in(connection, number)
            _refuse_triaged(report)
            incident = open_by_hand(ws, connection, _opening(report, level, title), by=by, at=now, reason=reason)
            _enter(connection, number, ReportState.OPENING, reason, by=by, at=now, incident=incident)
        _finish_one(ws, number, by)
    return incident


def close(ws: Workspace, number: str, state: ReportState, *, by: Actor, reason: str, duplicate_of: str = "") -> None:
    """Close a report: the duplicate of another, or no incident. Raises as `attach` does."""
    reason = said(reason, "why nothing more is to be done")
    if state not in {ReportState.DUPLICATE, ReportState.NO_INCIDENT}:
        msg = f"a report is closed as a duplicate or as no incident, not as {state.value}."
        raise UsageError(msg)
    if (state is ReportState.DUPLICATE) != bool(duplicate_of) or duplicate_of == number:
        msg = "a duplicate, and only that, names the other report that it repeats."
        raise UsageError(msg)
    require(by, Permission.TRIAGE_REPORT)
    now = ws.clock.now()
    with ws.database.write() as connection:
        report = record_in(connection, number)
        _refuse_triaged(report)
        if duplicate_of:
            row_of(connection, duplicate_of)
        _enter(connection, number, state, reason, by=by, at=now, other=duplicate_of)


def reopen(ws: Workspace, number: str, *, by: Actor, reason: str) -> None:
    """Let a report that was closed or attached by mistake wait again. What was sealed stays where it is."""
    reason = said(reason, "why it waits again")
    require(by, Permission.TRIAGE_REPORT)
    now = ws.clock.now()
    with ws.database.write() as connection:
        report = record_in(connection, number)
        if report.state.waits or report.state is ReportState.OPENED:
            msg = f"{number} is {report.state.value}: there is nothing to take back."
            raise UsageError(msg)
        note_event(connection, number, REOPENED, reason, by=by, at=now)
        change = f"{report.state.value} -> {ReportState.NEW.value}"
        audit.append(connection, at=now, by=by, entity=number, change=change, reason=reason)


def finish(ws: Workspace) -> tuple[str, ...]:
    """Finish what a killed process left: reports that are not sealed, incidents whose opening broke off."""
    done = list(finish_sealing(ws))
    with ws.lock(LOCK):
        with ws.database.read() as connection:
            begun = [report.number for report in waiting(connection) if report.state is ReportState.OPENING]
        for number in begun:
            _finish_one(ws, number, program())
            done.append(number)
    return tuple(dict.fromkeys(done))


@contextmanager
def _triage(ws: Workspace, by: Actor) -> Iterator[None]:
    """One triage at a time, after what killed ones left was finished."""
    require(by, Permission.TRIAGE_REPORT)
    vault.sweep(ws)
    finish(ws)
    with ws.lock(LOCK):
        yield


def _finish_one(ws: Workspace, number: str, by: Actor) -> None:
    """Seal an opened incident's evidence and show it; where that fails it is shown loudly, and tried again later."""
    with ws.database.read() as connection:
        report = record_in(connection, number)
        state = connection.scalar(select(cases.incident.c.state).where(cases.incident.c.number == report.incident))
    evidence, failure = _sealed(ws, report, report.incident, by)
    now = ws.clock.now()
    with ws.database.write() as connection:
        if evidence:
            mark_sealed(connection, incident=report.incident, alert_keys=(), evidence=evidence, at=now, by=by)
            text = f"sealed in {evidence}"
            _enter(connection, number, ReportState.OPENED, text, by=by, at=now, incident=report.incident)
        elif state == IncidentState.PRESERVING.value:
            mark_failed(connection, incident=report.incident, reason=failure, at=now, by=by)


def _sealed(ws: Workspace, report: ReportRecord, incident: str, by: Actor) -> tuple[str, str]:
    """The evidence that holds the report for the incident, or why there is none."""
    try:
        return seal_for(ws, report, incident, by=by), ""
    except Exception as error:  # noqa: BLE001  nothing is swallowed: the incident says it loudly
        return "", explain(error)


def _enter(
    connection: Connection, number: str, state: ReportState, reason: str, *, by: Actor, at: datetime, **more: str
) -> None:
    note_event(connection, number, state.value, reason, by=by, at=at, **more)
    where = more.get("incident") or more.get("other") or ""
    change = f"-> {state.value}{f' ({where})' if where else ''}"
    audit.append(connection, at=at, by=by, entity=number, change=change, reason=reason)


def _refuse_triaged(report: ReportRecord) -> None:
    if report.state is not ReportState.NEW:
        where = f" ({report.incident or report.duplicate_of})" if report.incident or report.duplicate_of else ""
        msg = (
            f"{report.number} was triaged: {report.state.value}{where}. Where that was a mistake: "
            f"breachwatch report triage {report.number} --reopen --reason WHY"
        )
        raise UsageError(msg)


def _refuse_ended(connection: Connection, incident: str) -> None:
    row = incident_row(connection, incident)
    if IncidentState(row.state) is IncidentState.MERGED:
        msg = f"{incident} goes on in {row.merged_into}: attach it there."
        raise UsageError(msg)


def _opening(report: ReportRecord, level: Level, title: str) -> Opening:
    said_ = report.said
    first_line = next((line.strip() for line in said_.what.splitlines() if line.strip()), "")
    noticed = said_.noticed_at or report.received_at
    return Opening(
        title=title or first_line,
        level=level,
        discovered_at=min(noticed, report.received_at),
        occurred_from=said_.occurred_from,
        occurred_until=said_.occurred_until,
        accounts=said_.accounts,
        systems=said_.systems,
        source=f"report {report.number}",
    )


def _earlier(change: Change, report: ReportRecord) -> None:
    """Set the moments that the report knows to be earlier: clocks count from the earliest."""
    now = anchors_of(change.connection, change.row)
    noticed = min(report.said.noticed_at or report.received_at, report.received_at)
    why = f"report {report.number} knows of an earlier moment"
    occurred, discovered = now.get(Anchor.OCCURRED), now.get(Anchor.DISCOVERED)
    began = report.said.occurred_from
    if discovered is not None and noticed < discovered.at:
        if occurred is not None and noticed < occurred.at:
            began = min(began or noticed, noticed)
        write_anchor(change, Anchor.DISCOVERED, noticed, why, before=discovered)
    if began is not None and occurred is not None and began < occurred.at:
        write_anchor(change, Anchor.OCCURRED, began, why, before=occurred)
