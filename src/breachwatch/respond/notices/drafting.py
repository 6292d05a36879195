"""Papers are drafted from what is known, and drafted again when more is; counsel's own wording comes back as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Column, Connection, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.incidents.casework.changing import permitted, said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.model.duties import DutyStep
from breachwatch.model.papers import Form, Paper, Version
from breachwatch.model.people import Actor, Permission
from breachwatch.papers import Filled, Value, fill, load_template
from breachwatch.papers.vocabulary import VOCABULARY
from breachwatch.records import intake, requests
from breachwatch.records import papers as tables
from breachwatch.respond.contacts import require_roles
from breachwatch.respond.notices import given
from breachwatch.respond.notices.edited import other_forms
from breachwatch.respond.notices.entering import About, add_paper, add_version, files_of, version_row
from breachwatch.respond.notices.facts import about_city, facts_of
from breachwatch.respond.notices.files import store
from breachwatch.respond.notices.lawful import refuse_other_form
from breachwatch.respond.notices.reading import paper_on
from breachwatch.respond.notices.stepping import note_step
from breachwatch.respond.notices.word_file import WordFile
from breachwatch.workspace import Workspace

MAY_DRAFT = (Permission.TRIAGE, Permission.DECIDE, Permission.DRAFT_PAPER)


def draft(  # noqa: PLR0913  what a paper can belong to
    ws: Workspace,
    template: str,
    *,
    by: Actor,
    reason: str,
    incident: str | None = None,
    obligation: str | None = None,
    request: str | None = None,
    report: str | None = None,
    values: Mapping[str, Value] | None = None,
    language: str = "en",
) -> Paper:
    """Draft a paper from a template: what the records know of the incident, with `values` before that.

    Raises NotPermittedError, UnknownNameError (template, incident, obligation), UsageError for a value that no field
    takes or a form that the law does not allow, DataError for a template that cannot be used.
    """
    permitted(by, MAY_DRAFT)
    reason = said(reason, "what the paper is for")
    front = load_template(ws, template, language).front
    if obligation and not incident:
        msg = f"the obligation {obligation!r} is one of an incident: name the incident, too."
        raise UsageError(msg)
    at, own = ws.clock.now(), dict(values or {})
    made = _filled(ws, template, language, incident, obligation, own, at)
    files = files_of(ws, made[0].document)
    with ws.database.write() as connection:
        if incident:
            row_of(connection, incident)
        _refuse_unknown(connection, "report", report, intake.report.c.number)
        _refuse_unknown(connection, "request", request, requests.request.c.number)
        about = About(template, language, front.audience, incident or "", obligation or "", request or "", report or "")
        number = add_paper(ws, connection, about, by=by, at=at)
        add_version(connection, number, version_row(made, files, own), by=by, at=at, reason=reason)
        found = paper_on(connection, number)
        note_step(ws, connection, found, DutyStep.DRAFTED, by=by, at=at, reason=reason)
        return found


def revise(ws: Workspace, number: str, *, by: Actor, reason: str, values: Mapping[str, Value] | None = None) -> Paper:
    """Draft a paper again, from what is known now; `values` come over those given before. Raises as `draft` does."""
    permitted(by, MAY_DRAFT)
    reason = said(reason, "what is different")
    at = ws.clock.now()
    with ws.database.read() as connection:
        old = paper_on(connection, number)
        own = _given_before(connection, number) | dict(values or {})
    made = _filled(ws, old.template, old.language, old.incident or None, old.obligation or None, own, at)
    files = files_of(ws, made[0].document)
    with ws.database.write() as connection:
        add_version(connection, number, version_row(made, files, own), by=by, at=at, reason=reason)
        return paper_on(connection, number)


def take_back(ws: Workspace, number: str, content: bytes, *, by: Actor, reason: str) -> Paper:
    """Take an edited DOCX as the next version, byte for byte: that file is then what is approved.

    It gets HTML and PDF as well, where all that it says can be carried there (see `edited`), and is sent as PDF then.
    Raises NotPermittedError, UnknownNameError, DataError for what is no DOCX, or holds macros or embedded files.
    """
    permitted(by, MAY_DRAFT)
    reason = said(reason, "what was edited, and why")
    at = ws.clock.now()
    with ws.database.read() as connection:
        old = paper_on(connection, number)
    read = WordFile.read(content, old.language)
    files = {Form.DOCX: store(ws, content)} | ({} if read.remarks else other_forms(ws, old, content, at))
    with ws.database.write() as connection:
        values = {
            "kind": "edited",
            "title": old.title,
            "files": files,
            "template_sha256": old.latest.template_sha256,
            "template_origin": old.latest.template_origin,
            "given": given.to_json(_given_before(connection, number)),
            "filled": "{}",
            "blanks": json.dumps(read.blanks),
            "remarks": json.dumps(read.remarks),
        }
        add_version(connection, number, values, by=by, at=at, reason=reason)
        return paper_on(connection, number)


def values_of(connection: Connection, version: Version) -> dict[str, Value]:
    """All values that a version was filled with."""
    columns = tables.paper_version.c
    query = select(columns.filled).where(columns.paper == version.paper, columns.version == version.number)
    return given.from_json(connection.execute(query).scalar_one())


def _refuse_unknown(connection: Connection, kind: str, number: str | None, column: Column[str]) -> None:
    if number and connection.scalar(select(column).where(column == number)) is None:
        raise UnknownNameError(kind, number, connection.scalars(select(column).order_by(column.desc()).limit(200)))


def _filled(
    ws: Workspace,
    template: str,
    language: str,
    incident: str | None,
    obligation: str | None,
    own: Mapping[str, Value],
    at: datetime,
) -> tuple[Filled, dict[str, Value]]:
    unknown = [name for name in own if name not in VOCABULARY]
    if unknown:
        msg = f"no paper has a field {unknown[0]!r}; `breachwatch paper fields` lists those that there are."
        raise UsageError(msg)
    known = facts_of(ws, incident, obligation, language=language) if incident else about_city(ws)
    found = load_template(ws, template, language)
    require_roles(ws, found.front.fields.keys() - own.keys(), f"the template {template!r}")
    values = {name: value for name, value in (dict(known) | dict(own)).items() if name in found.front.fields}
    made = fill(ws, template, values, at=at, language=language)
    refuse_other_form(ws, found, made)
    return made, values


def _given_before(connection: Connection, number: str) -> dict[str, Value]:
    columns = tables.paper_version.c
    query = select(columns.given).where(columns.paper == number).order_by(columns.version.desc()).limit(1)
    return given.from_json(connection.execute(query).scalar_one())
