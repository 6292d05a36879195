"""The chapters of the after-action report: timeline, decisions, measures, notices, clocks, evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from breachwatch.documents import Block, Heading, Paragraph, Table
from breachwatch.model.casework import Anchor, Decision, DecisionKind, Task, TaskState, TimelineItem
from breachwatch.model.duties import DutyStep
from breachwatch.model.people import Role
from breachwatch.report.quantities import day_and_time
from breachwatch.report.timeline import timeline_table
from breachwatch.respond.closure.record import CaseRecord, EvidenceRecord
from breachwatch.respond.duties.standing import Duty
from breachwatch.respond.metrics.compliance import Kept, kept, sent_at

_LINES = 500  # of a timeline; an incident of thousands of alerts has them all in its records
_TOLD_ELSEWHERE = re.compile(rf"(?:{'|'.join(Anchor)}) at \d{{4}}-|[a-z0-9_-]+: (?:not )?required: ")
"""Changes that the report tells by themselves: anchor times, and counsel's decisions about each obligation."""

_SENDING = frozenset({DutyStep.SENT, DutyStep.ACKNOWLEDGED})


def timeline_blocks(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    """What people pinned first, then everything in order of time."""
    pinned = [item for item in record.timeline if item.pinned]
    yield Heading("Timeline")
    if pinned:
        yield Heading("What matters most", 2)
        yield timeline_table(pinned, zone)
        yield Heading("Everything, in order of time", 2)
    lines = [item for item in record.timeline if item.kind != "change" or not _TOLD_ELSEWHERE.match(item.raw)]
    yield from _cut(lines, zone)


def _cut(items: Sequence[TimelineItem], zone: ZoneInfo) -> Iterator[Block]:
    yield timeline_table(items[:_LINES], zone)
    if len(items) > _LINES:
        yield Paragraph(f"The first {_LINES} of {len(items)} lines; the records hold them all.")


def decisions_blocks(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    """Decisions about the case, then counsel's about each obligation, with what each rests on."""
    yield Heading("Decisions")
    rows = []
    for item in record.decisions:
        if item.kind in {DecisionKind.LESSONS, DecisionKind.STATEMENT}:
            continue
        earlier = "" if item.seq in record.current else " (for an earlier closing)"
        written = f"; written down by {item.recorded_by}" if item.recorded_by != item.decided_by else ""
        rows.append(
            [day_and_time(item.at, zone), f"{_decided(item)}{earlier}", f"{item.decided_by}{written}", item.reason]
        )
    if rows:
        yield Table(["When", "What", "Who decided", "Basis"], rows, [1.6, 2, 1.6, 4])
    else:
        yield Paragraph("No decision about the case is on record.")
    yield Heading("Obligations", 2)
    if not record.duties:
        yield Paragraph("What the law asks was not assessed.")
        return
    yield Table(
        ["Obligation and its law", "Proposed", "Decided", "Who and when", "Basis"],
        [_obligation(duty, zone) for duty in record.duties],
        [3, 1.2, 1.2, 1.6, 3],
    )


def _decided(item: Decision) -> str:
    """A decision as people say it."""
    match item.kind:
        case DecisionKind.NOTIFIED:
            return f"{Role(item.subject).words} told"
        case DecisionKind.WAIVER:
            return f"{item.subject} set aside"
        case DecisionKind.REFERRAL:
            return f"referred to {item.subject.replace('-', ' ')}"
    return f"{item.kind}: {item.outcome}"


def _obligation(duty: Duty, zone: ZoneInfo) -> list[str]:
    name = f"{duty.obligation.title} ({'; '.join(duty.obligation.citation)})"
    made = duty.decision
    if made is None:
        return [name, duty.proposal.outcome.value, "not decided", "", ""]
    decided = f"open again: {duty.reopened}" if duty.reopened else made.outcome.value
    who = f"{made.decided_by}, {day_and_time(made.at, zone)}"
    return [name, duty.proposal.outcome.value, decided, who, made.basis]


def actions_blocks(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    """Measures: who carried them out, and who else made sure that they work."""
    yield Heading("Measures")
    if not record.actions:
        yield Paragraph("No measure is on record.")
        return
    rows = []
    for item in record.actions:
        done = f"{item.implementer}, {day_and_time(item.done_at, zone)}: {item.result}" if item.done_at else "not done"
        seen = "not verified"
        if item.verified_at:
            own = f" By who carried it out, because: {item.waiver}" if item.waiver else ""
            seen = f"{item.verifier}, {day_and_time(item.verified_at, zone)}: {item.verification}{own}"
        what = f"{item.number}. {item.kind.value.replace('_', ' ')}: {item.target}"
        rows.append([what, f"{item.ordered_by}, {day_and_time(item.ordered_at, zone)}", done.rstrip(": "), seen])
    yield Table(["Measure", "Ordered by", "Carried out by", "Verified by"], rows, [2, 1.8, 2.6, 2.6])


def notices_blocks(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    """What was sent to whom, with the proof that was kept of it."""
    yield Heading("Notices sent")
    rows = []
    for duty in record.duties:
        to = duty.obligation.recipient.name if duty.obligation.recipient else "not specified"
        for step in duty.steps:
            if step.step in _SENDING:
                proof = "; ".join(f"{name}: {value}" for name, value in sorted(step.detail.items()))
                what = f"{duty.obligation.title}: {step.step.value}"
                told = f"{step.reason}{f' ({proof})' if proof else ''}"
                rows.append([day_and_time(step.at, zone), what, str(to), step.recorded_by, told])
    if rows:
        yield Table(["When", "What", "To", "Recorded by", "How, and its proof"], sorted(rows), [1.6, 2.4, 1.8, 1.2, 3])
    papers = [
        [day_and_time(item.sent_at, zone), f"{paper.number} {paper.title}", f"{item.count} {item.recipients}",
         f"{item.way}; {item.proof}; {item.evidence}", item.sha256]
        for paper in record.papers
        for item in paper.sendings
    ]  # fmt: skip
    if papers:
        yield Heading("Papers that went out", 2)
        header = ["When", "Paper", "To how many", "How, its proof and evidence", "SHA-256 of the file"]
        yield Table(header, sorted(papers), [1.6, 2.6, 1.6, 2.6, 3])
    if not rows and not papers:
        yield Paragraph("No notice is on record as sent.")


def clocks_blocks(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    """Each clock that counted: safe and latest date against the time of sending."""
    yield Heading("Legal clocks")
    rows = []
    counts = dict.fromkeys(Kept, 0)
    for duty in record.duties:
        found = kept(duty, record.as_of)
        if found is None:
            continue
        counts[found] += 1
        sent = sent_at(duty)
        safe, latest = (day_and_time(at, zone) if at else "none" for at in (duty.due.safe, duty.due.latest))
        law = f"{duty.obligation.title}: {duty.due.words} ({'; '.join(duty.obligation.citation)})"
        if duty.due.paused:
            law = f"{law}; paused: {duty.due.paused}"
        rows.append([law, safe, latest, day_and_time(sent, zone) if sent else "not sent", found.value])
    if not rows:
        yield Paragraph("No clock counted.")
        return
    told = "; ".join(f"{count} {kind.value}" for kind, count in counts.items() if count)
    yield Paragraph(
        f"Of {len(rows)} clocks: {told}. Open and missed are told as of {day_and_time(record.as_of, zone)}."
    )
    yield Table(["Obligation and its law", "Safe date", "Latest date", "Sent", "Kept"], rows, [3.4, 1.6, 1.6, 1.6, 1.6])


def evidence_blocks(record: CaseRecord, zone: ZoneInfo) -> Iterator[Block]:
    """The register of evidence with hashes and verification, then its custody in short."""
    yield Heading("Evidence")
    if not record.evidence:
        yield Paragraph("No evidence is on record.")
        return
    rows = []
    for item in record.evidence:
        what = f"{item.kind}{f': {item.title}' if item.title else ''}, {item.bytes:,} bytes"
        sealed = day_and_time(item.sealed_at, zone)
        rows.append([item.number, what, sealed, _verified(item, zone), item.tagmanifest_sha256])
    yield Table(
        ["Number", "What it is", "Sealed", "Verified", "SHA-256 of its tag manifest"], rows, [1.6, 2, 1.6, 2, 3.2]
    )
    yield Heading("Custody in short", 2)
    yield Table(
        ["Number", "What was done with it", "First and last", "SHA-256 of the last link"],
        [_custody(item, zone) for item in record.evidence],
        [1.6, 3, 2.4, 3.2],
    )


def _verified(item: EvidenceRecord, zone: ZoneInfo) -> str:
    if item.disposed_at is not None:
        return f"disposed of {day_and_time(item.disposed_at, zone)}"
    if item.verified_at is None:
        return "never"
    outcome = "as it was sealed" if item.verified_ok else "NOT what was sealed"
    return f"{outcome}, {day_and_time(item.verified_at, zone)}"


def _custody(item: EvidenceRecord, zone: ZoneInfo) -> list[str]:
    deeds = ", ".join(f"{deed.replace('_', ' ')} {count} times" if count > 1 else deed.replace("_", " ")
                      for deed, count in item.deeds)  # fmt: skip
    span = " to ".join(day_and_time(at, zone) for at in (item.first_deed_at, item.last_deed_at) if at)
    return [item.number, deeds or "nothing is on record", span, item.last_link]


def recommendations_table(record: CaseRecord, zone: ZoneInfo) -> Table | None:
    """Tasks that are left, with who is to do them and by when; None where none is."""
    left = [task for task in record.tasks if task.state in {TaskState.OPEN, TaskState.BLOCKED}]
    rows = [[f"{task.number}. {task.title}", _owner(task), _due(task, zone), _how_far(task)] for task in left]
    return Table(["What", "Owner", "Due", "State"], rows, [4, 1.6, 1.6, 2]) if rows else None


def _owner(task: Task) -> str:
    return task.assignee or task.role.replace("_", " ")


def _due(task: Task, zone: ZoneInfo) -> str:
    return day_and_time(task.due_at, zone) if task.due_at else "none"


def _how_far(task: Task) -> str:
    return f"{task.state}: {task.reason}" if task.reason else str(task.state)
