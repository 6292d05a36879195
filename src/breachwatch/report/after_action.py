"""The after-action report of an incident as a document: what happened, what was decided and done, what was kept.

It is made from the records alone and dated with the last of them: the same records give the same bytes. The version for
anybody has no privileged note and no measure about somebody's employment; the one for counsel says so on every page.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from breachwatch.documents import Block, Document, Fields, Heading, Paragraph
from breachwatch.model.casework import Anchor, DecisionKind
from breachwatch.report.after_action_parts import (
    actions_blocks,
    clocks_blocks,
    decisions_blocks,
    evidence_blocks,
    notices_blocks,
    timeline_blocks,
)
from breachwatch.report.quantities import counted, day_and_time
from breachwatch.respond.closure.record import CaseRecord
from breachwatch.respond.law.profile import CONFIRM

PRIVILEGED = "PRIVILEGED AND CONFIDENTIAL: attorney-client communication. Do not copy or release."
"""On every page of the version for counsel."""


def after_action(record: CaseRecord, city: str, zone: ZoneInfo, *, privileged: bool = False) -> Document:
    """The report; times in the city's `zone`. With `privileged` it is the version for counsel, and says so."""
    blocks: list[Block] = [
        *([Paragraph(PRIVILEGED)] if privileged else []),
        *_summary(record, zone),
        *timeline_blocks(record, zone),
        *decisions_blocks(record, zone),
        *actions_blocks(record, zone),
        *notices_blocks(record, zone),
        *clocks_blocks(record, zone),
        *evidence_blocks(record, zone),
        *_lessons(record, zone),
        *_recommendations(record, zone),
    ]
    if privileged:
        blocks += _counsel(record, zone)
    blocks.append(Paragraph(CONFIRM))
    mark = f"{PRIVILEGED} · " if privileged else ""
    title = f"After-action report: incident {record.number}"
    return Document(
        f"{title} (privileged)" if privileged else title,
        blocks,
        record.as_of,
        author=city,
        footer=f"{mark}{city} · {record.number} · records as of {day_and_time(record.as_of, zone)}",
    )


def _summary(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    yield Heading("Summary")
    statement = _said(record, DecisionKind.STATEMENT)
    yield Paragraph(statement or "There is no closing statement yet.")
    rows = [
        ("Incident", record.number),
        ("What was detected", record.title),
        ("Severity", str(record.level)),
        ("Verdict", f"{record.verdict}: {record.verdict_reason}" if record.verdict else "none yet"),
        ("State", str(record.state)),
        ("Led by", record.lead or "nobody was named"),
    ]
    if record.merged:
        rows.append(("Merged into it", ", ".join(record.merged)))
    known = {item.anchor: item for item in record.anchors}
    for anchor in Anchor:
        said = f"{day_and_time(known[anchor].at, zone)} ({known[anchor].reason})" if anchor in known else "not recorded"
        rows.append((anchor.value.capitalize(), said))
    if record.closed_by:
        rows.append(("Closed by", record.closed_by))
    for item in record.affected:
        count = (
            "how many is not known"
            if item.count is None
            else f"{item.count:,}{' (estimated)' if item.estimated else ''}"
        )
        data = f": {', '.join(item.elements)}" if item.elements else ""
        rows.append((f"Affected {item.kind}", f"{item.name}, {item.status}, {count}{data}"))
    yield Fields(rows)
    yield Paragraph(
        f"This report was made from {counted(len(record.evidence), 'piece')} of evidence, "
        f"{counted(len(record.decisions), 'decision')} and {counted(len(record.actions), 'measure')} on record. "
        "Each line below stands in the records, with who wrote it and when."
    )


def _lessons(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    yield Heading("Lessons learned")
    found = [item for item in record.decisions if item.kind is DecisionKind.LESSONS]
    if not found:
        yield Paragraph("Nobody has written down yet what was learnt.")
    for item in found:
        earlier = "" if item.seq in record.current else " For an earlier closing."
        yield Paragraph(f"{item.reason} ({item.decided_by}, {day_and_time(item.at, zone)}.{earlier})")


def _recommendations(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    from breachwatch.report.after_action_parts import recommendations_table

    yield Heading("Open recommendations")
    yield recommendations_table(record, zone) or Paragraph("None is open.")
    if record.warnings:
        yield Paragraph("Open beside the incident: " + "; ".join(record.warnings) + ".")


def _counsel(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    yield Heading("Notes of counsel (privileged)")
    if not record.privileged:
        yield Paragraph("There are none.")
    for note in record.privileged:
        yield Paragraph(f"{day_and_time(note.at, zone)}, {note.author}: {note.text}")


def _said(record: CaseRecord, kind: DecisionKind) -> str:
    """What was said last for this closing."""
    found = [item for item in record.decisions if item.kind is kind and item.seq in record.current]
    return found[-1].reason if found else ""
