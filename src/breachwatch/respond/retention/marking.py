"""Putting marks in the place of texts, table by table; what each row had goes into the certificate as a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, or_, select, update

from breachwatch.model.requests import RequestStep
from breachwatch.records import cases, intake, outbox, referrals
from breachwatch.records import papers as paper_tables
from breachwatch.records import requests as request_tables
from breachwatch.records.catalog import metadata
from breachwatch.records.disposing_parts import PART_TEXTS
from breachwatch.records.disposing_texts import FREE_TEXTS, TEXTS
from breachwatch.respond.retention.parts import Parts

_STRUCTURED = {"request_step": "detail"}
"""Columns whose JSON has numbers that a request stands on; it goes only where people's words stand in it."""
_SAID = frozenset({RequestStep.CORRECTED.value, RequestStep.APPEALED.value})


def mark_all(connection: Connection, parts: Parts) -> Iterator[dict[str, str]]:
    """Mark the texts of a file, in the caller's transaction; gives what went: table, row, SHA-256 of the texts."""
    for name, marks in {**TEXTS, **PART_TEXTS, **FREE_TEXTS}.items():
        yield from _marked(connection, name, marks, parts)


def files_of(connection: Connection, parts: Parts) -> dict[str, str]:
    """The files of a file's papers by their hash, but for those that another paper has, too."""
    version, paper = paper_tables.paper_version.c, paper_tables.paper.c
    mine = set(connection.scalars(select(paper.number).where(_about(paper_tables.paper, parts))))
    own: dict[str, str] = {}
    others: set[str] = set()
    for row in connection.execute(select(version.paper, version.files)):
        hashes = json.loads(row.files).values()
        if row.paper in mine:
            own |= dict.fromkeys(hashes, row.paper)
        else:
            others |= set(hashes)
    return {digest: number for digest, number in own.items() if digest not in others}


def sha256_of(text: str) -> str:
    """Of a text that came from anywhere."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _marked(connection: Connection, name: str, marks: Mapping[str, str], parts: Parts) -> Iterator[dict[str, str]]:
    table = metadata.tables[name]
    key = next(iter(table.primary_key.columns))
    for row in connection.execute(select(table).where(_owned(table, parts)).order_by(key)).all():
        texts = {column: row._mapping[column] for column in marks if not _kept(name, column, row)}
        changed = {column: marks[column] for column, text in texts.items() if text not in {"", None, marks[column]}}
        if not changed:
            continue
        connection.execute(update(table).where(key == row._mapping[key.name]).values(**changed))
        told = json.dumps({column: texts[column] for column in changed}, sort_keys=True)
        yield {"what": name.replace("_", " "), "number": str(row._mapping[key.name]), "sha256": sha256_of(told)}


def _kept(name: str, column: str, row: Any) -> bool:
    """Of the steps of a request only what was corrected, and who appealed, are words of people."""
    if _STRUCTURED.get(name) != column:
        return False
    return row.step not in _SAID or "received_at" in json.loads(row.detail)


def _owned(table: Table, parts: Parts) -> Any:
    """The rows of a table that belong to the file."""
    referral, paper = referrals.referral, paper_tables.paper
    others: dict[Table, tuple[str, Any]] = {
        cases.incident: ("number", parts.incidents),
        intake.report: ("number", parts.reports),
        intake.report_event: ("report", parts.reports),
        request_tables.request: ("number", parts.requests),
        outbox.notification: ("subject", (*parts.incidents, *parts.reports, *parts.requests)),
        referrals.referral_event: ("referral", select(referral.c.number).where(_about(referral, parts))),
        paper_tables.paper_version: ("paper", select(paper.c.number).where(_about(paper, parts))),
    }
    if table not in others:
        return _about(table, parts)
    name, owners = others[table]
    return table.c[name].in_(owners)


def _about(table: Table, parts: Parts) -> Any:
    """The rows that name an incident, report or request of the file."""
    known = {"incident": parts.incidents, "report": parts.reports, "request": parts.requests}
    return or_(*(table.c[name].in_(numbers) for name, numbers in known.items() if name in table.c))
