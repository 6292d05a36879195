"""Papers, their templates and the directory of contacts, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.model.papers import Paper, PaperState
from breachwatch.papers.plain_language import Reading
from breachwatch.papers.vocabulary import Field
from breachwatch.report.tables import heading, indented, table, typed
from breachwatch.report.text import visible
from breachwatch.respond.contacts import Directory

_STATES = {PaperState.SENT: "green", PaperState.APPROVED: "cyan", PaperState.CHANGED: "yellow"}


def papers_page(papers: Sequence[Paper], zone: ZoneInfo) -> RenderableType:
    """All papers, the latest last."""
    if not papers:
        return Text("No paper was drafted.")
    rows = table("number", "state", "version", "belongs to", "of", "title", right=("version",), flexible="title")
    for paper in papers:
        belongs = paper.incident or paper.request or paper.report or "-"
        rows.add_row(
            paper.number,
            Text(paper.state.value, _STATES.get(paper.state, "")),
            str(paper.latest.number),
            visible(belongs),
            f"{paper.latest.at.astimezone(zone):%Y-%m-%d %H:%M %Z}",
            Text(visible(paper.title)) + Text(f"  {paper.template}, {paper.language}", "dim"),
        )
    return rows


def paper_page(paper: Paper, zone: ZoneInfo, reading: Reading | None = None) -> RenderableType:
    """One paper: what is missing, how hard it is to read, every version, approvals, what was sent."""
    parts: list[RenderableType] = [
        Text(f"{paper.number}  {visible(paper.title)}", style="bold"),
        Text(f"{paper.state.value}; for: {paper.audience}; template {paper.template} ({paper.latest.template_origin})"),
    ]
    if reading is not None:
        parts.append(Text(f"Plain language: {reading.described}", "" if reading.plain else "yellow"))
    if paper.latest.blanks:
        parts += [heading("Blanks"), *(indented(Text(visible(name))) for name in paper.latest.blanks)]
    if paper.latest.remarks:
        parts += [heading("In the file beside its text"), indented(Text(", ".join(paper.latest.remarks)))]
    rows = table("version", "kind", "when", "by", "sha256", "reason", flexible="reason")
    for item in paper.versions:
        when = f"{item.at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
        rows.add_row(str(item.number), item.kind, when, visible(item.made_by), item.sha256[:16], visible(item.reason))
    parts += [heading("Versions"), indented(rows)]
    if paper.approvals:
        rows = table("version", "by", "when", "sha256", "reason", flexible="reason")
        for approval in paper.approvals:
            when = f"{approval.at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
            why = f"{approval.reason}{f'; blanks: {approval.blanks_reason}' if approval.blanks_reason else ''}"
            rows.add_row(str(approval.version), visible(approval.by), when, approval.sha256[:16], visible(why))
        parts += [heading("Approved"), indented(rows)]
    if paper.sendings:
        rows = table(
            "version", "when", "how", "many", "evidence", "to, and proof", right=("many",), flexible="to, and proof"
        )
        for sending in paper.sendings:
            rows.add_row(
                f"{sending.version} {sending.form.value}",
                f"{sending.sent_at.astimezone(zone):%Y-%m-%d %H:%M %Z}",
                sending.way.value,
                f"{sending.count:,}",
                sending.evidence,
                visible(f"{sending.recipients}; {sending.proof}"),
            )
        parts += [heading("Sent"), indented(rows)]
    return Group(*parts)


def templates_page(templates: Sequence[tuple[str, str, str, str, str]]) -> RenderableType:
    """Templates: id, language, audience, obligations, origin or what is wrong."""
    rows = table("template", "language", "for", "origin", "obligations", flexible="obligations")
    for name, language, audience, origin, obligations in templates:
        rows.add_row(name, language, audience, visible(origin), visible(obligations))
    return Group(rows, Text(), typed("breachwatch paper templates NAME", "the text of one, to copy and change"))


def fields_page(fields: Sequence[Field]) -> RenderableType:
    """The fields that templates can print."""
    rows = table("field", "kind", "what it is", flexible="what it is")
    for field in fields:
        columns = f" (columns: {', '.join(field.columns)})" if field.columns else ""
        rows.add_row(field.name, field.kind.value, f"{field.words}{columns}")
    return rows


def directory_page(found: Directory) -> RenderableType:
    """The directory, and what is missing in it."""
    rows = table("role or kind", "name", "how to reach", flexible="how to reach")
    for person in found.people:
        roles = ", ".join(role.words for role in person.roles)
        rows.add_row(roles, visible(person.name), visible(person.contact or "-"))
    for item in found.contacts:
        ways = (*item.address, item.person, item.phone, item.email, item.form, item.note)
        rows.add_row(item.kind.words, visible(item.name), visible("; ".join(way for way in ways if way) or "-"))
    missing = [Text(f"! {text}", style="yellow") for text in found.missing]
    return Group(rows, *((heading("Missing"), *missing) if missing else ()))
