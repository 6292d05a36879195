"""Notices that went to residents or the public: what was public before is disclosed without another reading.

California says so of the sample notice that the Attorney General has (Gov. Code 7923.600 exempts investigatory files,
not that); Texas says that 552.139 changes nothing about notices under 521.053. The text is made anew from the values
that the notice was filled with, without those that name its recipient. A notice that somebody edited by hand, or whose
template is another now, has no such values: it is among the records that are decided about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from breachwatch.documents import Block, Bullets, Fields, Heading, Lines, Numbered, Paragraph, Table
from breachwatch.model.papers import Paper, Version
from breachwatch.papers import Audience, fill, load_template
from breachwatch.respond.notices.drafting import values_of
from breachwatch.respond.notices.reading import papers_on
from breachwatch.workspace import Workspace

PUBLIC = frozenset({Audience.RESIDENT.value, Audience.PUBLIC.value})
_OF_ONE_PERSON = "recipient_"
"""How the fields begin that say to whom a single letter went."""


def sent_notices(ws: Workspace, connection: Connection, incidents: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
    """Title, day and text of each notice that was sent to residents or the public, each version once."""
    found: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    for number in incidents:
        for paper in papers_on(connection, incident=number):
            if paper.audience in PUBLIC and paper.number not in seen:
                seen.add(paper.number)
                found += _sent(ws, connection, paper)
    return tuple(found)


def _sent(ws: Workspace, connection: Connection, paper: Paper) -> Iterator[Mapping[str, Any]]:
    first = {item.version: item for item in reversed(paper.sendings)}
    for version in paper.versions:
        sending = first.get(version.number)
        if sending is None or version.kind != "filled":
            continue
        text = _text(ws, connection, paper, version)
        if text is not None:
            title, lines = text
            day = sending.sent_at.astimezone(ws.settings.city.zone).date().isoformat()
            yield {"title": title, "sent_at": day, "text": lines}


def _text(ws: Workspace, connection: Connection, paper: Paper, version: Version) -> tuple[str, list[str]] | None:
    template = load_template(ws, paper.template, paper.language)
    if template.sha256 != version.template_sha256:
        return None
    values = {
        name: value for name, value in values_of(connection, version).items() if not name.startswith(_OF_ONE_PERSON)
    }
    document = fill(ws, paper.template, values, at=version.at, language=paper.language).document
    return document.title, [line for block in document.blocks for line in _lines(block)]


def _lines(block: Block) -> Iterator[str]:
    match block:
        case Heading(text) | Paragraph(text):
            yield text
        case Lines(lines):
            yield from lines
        case Bullets(items) | Numbered(items):
            yield from (f"- {item}" for item in items)
        case Fields(rows):
            yield from (f"{name}: {value}" for name, value in rows)
        case Table(header, rows):
            yield from (" | ".join(row) for row in (header, *rows))
        case _:
            return
