"""The register of papers as it stands: one paper, those of an incident, the file of a form."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, func, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.chunking import chunks
from breachwatch.model.papers import Approval, Form, Paper, Sending, Version, Way
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import papers as tables
from breachwatch.respond.intake.reading import of_incident
from breachwatch.respond.notices.files import read
from breachwatch.workspace import Workspace

_PER_YEAR = 10**9
_NUMBER = re.compile(r"(?:P-)?(?:(\d{4})-)?(\d{1,9})", re.ASCII)


def paper_number(text: str, year: int) -> str:
    """A number as people type it: `P-2026-000042`, or `42` for the one of `year`."""
    found = _NUMBER.fullmatch(text.strip().upper())
    return f"P-{found[1] or year}-{int(found[2]):06d}" if found else text.strip().upper()


def next_number(connection: Connection, at: datetime, zone: ZoneInfo) -> tuple[str, int]:
    """The next number and its order. The caller holds the write transaction."""
    year = at.astimezone(zone).year
    column = tables.paper.c.ordinal
    of_year = (column > year * _PER_YEAR) & (column < (year + 1) * _PER_YEAR)
    last = connection.scalar(select(func.max(column)).where(of_year)) or year * _PER_YEAR
    return f"P-{year}-{(last + 1) % _PER_YEAR:06d}", last + 1


def paper(ws: Workspace, number: str, *, by: Actor) -> Paper:
    """One paper. Raises NotPermittedError, UnknownNameError."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return paper_on(connection, number)


def papers_of(
    ws: Workspace, *, by: Actor, incident: str | None = None, request: str | None = None, report: str | None = None
) -> tuple[Paper, ...]:
    """The papers of an incident (of what was merged into it, and of its reports), of a request or report, or all."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return papers_on(connection, incident=incident, request=request, report=report)


def papers_on(
    connection: Connection, *, incident: str | None = None, request: str | None = None, report: str | None = None
) -> tuple[Paper, ...]:
    """The same on a connection of the caller's."""
    columns = tables.paper.c
    query = select(tables.paper).order_by(columns.ordinal)
    if incident:
        numbers = members(connection, incident)
        reports = [report.number for number in numbers for report in of_incident(connection, number)]
        query = query.where(columns.incident.in_(numbers) | columns.report.in_(reports))
    if request:
        query = query.where(columns.request == request)
    if report:
        query = query.where(columns.report == report)
    return _with_all(connection, connection.execute(query).all())


def paper_on(connection: Connection, number: str) -> Paper:
    """One paper on a connection of the caller's. Raises UnknownNameError, which names the latest."""
    row = connection.execute(select(tables.paper).where(tables.paper.c.number == number)).one_or_none()
    if row is None:
        latest = select(tables.paper.c.number).order_by(tables.paper.c.ordinal.desc()).limit(200)
        raise UnknownNameError("paper", number, connection.scalars(latest))
    return _with_all(connection, [row])[0]


def file_of(ws: Workspace, found: Paper, form: Form | str = Form.PDF, *, version: int | None = None) -> bytes:
    """The bytes of one form, of the latest version where none is named.

    Raises UsageError for a form or version that there is none of, EvidenceError for a file that was changed.
    """
    wanted = (
        found.latest if version is None else next((item for item in found.versions if item.number == version), None)
    )
    if wanted is None:
        msg = f"{found.number} has {len(found.versions)} versions, and no version {version}."
        raise UsageError(msg)
    form = Form(form)
    if form not in wanted.files:
        kinds = ", ".join(known.value for known in wanted.files)
        from breachwatch.respond.notices.edited import why_only_docx  # reads documents: only for the reason

        why = ", ".join(wanted.remarks) or why_only_docx(ws, found, wanted)
        msg = (
            f"version {wanted.number} of {found.number} was edited by hand and comes as {kinds}, not as {form.value}"
            f"{f': {why}' if why else ''}. The word processor makes a PDF of it."
        )
        raise UsageError(msg)
    return read(ws, wanted.files[form])


def _with_all(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Paper, ...]:
    versions: dict[str, list[Any]] = {row.number: [] for row in rows}
    approvals: dict[str, list[Approval]] = {row.number: [] for row in rows}
    sendings: dict[str, list[Sending]] = {row.number: [] for row in rows}
    for some in chunks(list(versions)):
        for row in connection.execute(_of(tables.paper_version, some)):
            versions[row.paper].append(row)
        for row in connection.execute(_of(tables.paper_approval, some)):
            approvals[row.paper].append(
                Approval(row.version, row.sha256, row.by, row.at, row.reason, row.blanks_reason)
            )
        for row in connection.execute(_of(tables.paper_sending, some)):
            sendings[row.paper].append(_sending(row))
    return tuple(
        Paper(
            number=row.number,
            template=row.template,
            language=row.language,
            title=versions[row.number][-1].title,
            audience=row.audience,
            incident=row.incident or "",
            obligation=row.obligation,
            request=row.request,
            report=row.report,
            versions=tuple(_version(item) for item in versions[row.number]),
            approvals=tuple(approvals[row.number]),
            sendings=tuple(sendings[row.number]),
        )
        for row in rows
    )


def _of(table: Any, numbers: Sequence[str]) -> Select[Any]:
    return select(table).where(table.c.paper.in_(numbers)).order_by(table.c.seq)


def _version(row: Row[Any]) -> Version:
    return Version(
        paper=row.paper,
        number=row.version,
        kind=row.kind,
        files={Form(form): digest for form, digest in json.loads(row.files).items()},
        sha256=row.sha256,
        template_sha256=row.template_sha256,
        template_origin=row.template_origin,
        blanks=tuple(json.loads(row.blanks)),
        remarks=tuple(json.loads(row.remarks)),
        made_by=row.made_by,
        at=row.at,
        reason=row.reason,
    )


def _sending(row: Row[Any]) -> Sending:
    return Sending(
        version=row.version,
        form=Form(row.form),
        sha256=row.sha256,
        way=Way(row.way),
        recipients=row.recipients,
        count=row.copies,
        sent_at=row.sent_at,
        evidence=row.evidence,
        proof=row.proof,
        recorded_by=row.recorded_by,
        at=row.at,
    )
