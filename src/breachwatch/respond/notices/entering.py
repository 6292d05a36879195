"""Entering a paper and its versions into the register, within the transaction of whoever makes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from breachwatch.documents import Document, render_docx, render_html, render_pdf
from breachwatch.model.papers import Form
from breachwatch.model.people import Actor
from breachwatch.papers import Audience, Filled, Value
from breachwatch.records import audit
from breachwatch.records import papers as tables
from breachwatch.respond.notices import given
from breachwatch.respond.notices.files import store, version_hash
from breachwatch.respond.notices.reading import next_number
from breachwatch.workspace import Workspace


@dataclass(frozen=True, slots=True)
class About:
    """What a paper is and what it belongs to; empty where there is none."""

    template: str
    language: str
    audience: Audience
    incident: str = ""
    obligation: str = ""
    request: str = ""
    report: str = ""


def files_of(ws: Workspace, document: Document) -> dict[Form, str]:
    """Keep a document in all its forms; their hashes. Raises EnvironmentFault."""
    return {
        Form.DOCX: store(ws, render_docx(document)),
        Form.HTML: store(ws, render_html(document)),
        Form.PDF: store(ws, render_pdf(document)),
    }


def add_paper(ws: Workspace, connection: Connection, about: About, *, by: Actor, at: datetime) -> str:
    """Enter a paper without a version yet; its number."""
    number, ordinal = next_number(connection, at, ws.settings.city.zone)
    connection.execute(
        tables.paper.insert().values(
            number=number,
            ordinal=ordinal,
            template=about.template,
            language=about.language,
            audience=about.audience.value,
            incident=about.incident or None,
            obligation=about.obligation,
            request=about.request,
            report=about.report,
            drafted_by=by.name,
            at=at,
        )
    )
    return number


def version_row(
    made: tuple[Filled, dict[str, Value]], files: dict[Form, str], own: Mapping[str, Value]
) -> dict[str, Any]:
    """What a version that was filled in from records is entered with; `own`: values that somebody gave."""
    filled, values = made
    return {
        "kind": "filled",
        "title": filled.document.title,
        "files": files,
        "template_sha256": filled.sha256,
        "template_origin": filled.origin,
        "given": given.to_json(own),
        "filled": given.to_json(values),
        "blanks": json.dumps(filled.blanks),
        "remarks": "[]",
    }


def add_version(
    connection: Connection, number: str, values: dict[str, Any], *, by: Actor, at: datetime, reason: str
) -> None:
    """Enter the next version of a paper, within the caller's transaction."""
    columns = tables.paper_version.c
    version = len(connection.scalars(select(columns.seq).where(columns.paper == number)).all()) + 1
    files = values.pop("files")
    row = {
        **values,
        "paper": number,
        "version": version,
        "files": json.dumps({form.value: digest for form, digest in files.items()}),
        "sha256": version_hash(files),
        "made_by": by.name,
        "at": at,
        "reason": reason,
    }
    connection.execute(tables.paper_version.insert().values(**row))
    after = {"version": version, "sha256": row["sha256"], "blanks": json.loads(row["blanks"])}
    audit.append(
        connection, at=at, by=by, entity=number, change=f"version {version} {row['kind']}", reason=reason, after=after
    )
