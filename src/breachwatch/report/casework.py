"""Case work on a terminal: anchor times, measures, tasks, notes, timeline, who is affected, alerts that stand alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from breachwatch.incidents.casework.alerts import AlertLine
from breachwatch.incidents.casework.case import Case
from breachwatch.model.casework import (
    Action,
    Affected,
    AnchorTime,
    Decision,
    DecisionKind,
    Link,
    Note,
    Precision,
    SeenBefore,
    Task,
    TaskState,
    TimelineItem,
)
from breachwatch.report.quantities import counted, day_and_time, number, short_span, zone_name
from breachwatch.report.tables import heading, indented, level_text, table
from breachwatch.report.text import safe, visible

_SHOWN = 20
_FORMS = {
    Precision.SECOND: "%Y-%m-%d %H:%M:%S",
    Precision.MINUTE: "%Y-%m-%d %H:%M",
    Precision.HOUR: "%Y-%m-%d about %H h",
    Precision.DAY: "%Y-%m-%d",
}


def case_parts(case: Case, now: datetime, zone: ZoneInfo) -> Iterator[RenderableType]:
    """What people added to an incident, for the page of the incident; what is empty is left out."""
    if case.seen:
        yield heading("Seen before")
        yield from (indented(seen_text(item, zone)) for item in case.seen[:5])
    if case.merged:
        yield heading("Merged into this incident")
        yield indented(Text(", ".join(case.merged)))
    links = [item for item in case.links if item.undone_at is None]
    if links:
        yield heading("Links")
        yield from (indented(_link(item, case.number)) for item in links[:_SHOWN])
    yield heading("When")
    yield indented(anchors_page(case.anchors, zone))
    if case.affected:
        yield heading("Affected")
        yield indented(affected_page(case.affected))
    if case.actions:
        yield heading("Measures")
        yield indented(actions_page(case.actions, zone))
    left = [task for task in case.tasks if task.state in {TaskState.OPEN, TaskState.BLOCKED}]
    if case.tasks:
        yield heading(f"Tasks: {len(left)} of {len(case.tasks)} left")
        if left:
            yield indented(tasks_page(left[:_SHOWN], now, zone))
    if case.decisions:
        yield heading("Decisions")
        yield indented(_decisions(case.decisions, zone))
    if case.notes:
        yield heading("Notes")
        yield indented(notes_page(case.notes[-_SHOWN:], zone))


def seen_text(item: SeenBefore, zone: ZoneInfo) -> Text:
    """What people said about the like before, in a line."""
    where = f" ({item.incident})" if item.incident else ""
    shared = visible(", ".join(item.shared[:3]), 100)
    return Text.assemble(
        (f"{item.verdict}{where}", "bold"),
        f" by {visible(item.by, 60)} on {day_and_time(item.at, zone)}: {visible(item.reason, 200)}",
        (f"  [{shared}]" if shared else "", "dim"),
    )


def anchors_page(found: Sequence[AnchorTime], zone: ZoneInfo) -> RenderableType:
    """The moments, in the city's zone and as they were given."""
    shown = table("moment", "when", "set by", "why", flexible="why")
    for item in found:
        why = item.reason if item.seq is not None else f"{item.reason} (from the records)"
        shown.add_row(
            Text(item.anchor.value),
            Text(day_and_time(item.at, zone)),
            safe(item.set_by, "" if item.seq is not None else "dim", 200),
            safe(why, "" if item.seq is not None else "dim", 200),
        )
    return shown


def affected_page(found: Sequence[Affected]) -> RenderableType:
    """Systems, accounts and groups of persons, with counts as known or estimated."""
    if not found:
        return Text("Nothing is stated yet.")
    shown = table("what", "name", "how", "data", "persons or records", flexible="name")
    for item in found:
        count = "not known" if item.count is None else f"{'about ' if item.estimated else ''}{number(item.count)}"
        states = ", ".join(f"{state} {'?' if of_it is None else number(of_it)}" for state, of_it in item.states)
        vendor = f" (of {item.vendor})" if item.vendor else ""
        shown.add_row(
            Text(item.kind),
            safe(item.name + vendor, longest=200),
            Text(item.status),
            safe(", ".join(item.elements), longest=300),
            Text(f"{count}{f' ({states})' if states else ''}"),
        )
    return shown


def actions_page(found: Sequence[Action], zone: ZoneInfo) -> RenderableType:
    """Measures: who carried them out, and who verified them."""
    if not found:
        return Text("No measure is recorded.")
    shown = table("no", "kind", "target and what", "ordered by", "done", "verified", flexible="target and what")
    for item in found:
        done = f"{day_and_time(item.done_at, zone)} by {item.implementer}" if item.done_at else "not yet"
        verified = f"{day_and_time(item.verified_at, zone)} by {item.verifier}" if item.verified_at else "not yet"
        waived = f" (by the same person: {item.waiver})" if item.waiver else ""
        shown.add_row(
            Text(str(item.number)),
            Text(item.kind.value),
            safe(f"{item.target}{f': {item.description}' if item.description else ''}", longest=300),
            safe(item.ordered_by, longest=200),
            safe(done, "" if item.done_at else "yellow", 200),
            safe(verified + waived, "" if item.verified_at else "yellow", 300),
        )
    return shown


def tasks_page(found: Sequence[Task], now: datetime, zone: ZoneInfo) -> RenderableType:
    """Tasks, what is open first; what is late is red."""
    if not found:
        return Text("No task is planned.")
    shown = table("no", "phase", "task", "whose", "due", "state", flexible="task")
    for item in sorted(found, key=lambda task: (task.state in {TaskState.DONE, TaskState.NOT_APPLICABLE}, task.number)):
        open_ = item.state in {TaskState.OPEN, TaskState.BLOCKED}
        late = open_ and item.due_at is not None and item.due_at < now
        told = f"{item.title}{f' ({item.reason})' if item.reason else ''}"
        shown.add_row(
            Text(str(item.number)),
            Text(item.phase),
            safe(told, "" if open_ else "dim", 300),
            safe(item.assignee or item.role.replace("_", " "), longest=200),
            Text(day_and_time(item.due_at, zone) if item.due_at else "", style="bold red" if late else ""),
            Text(f"{item.state}{f' by {visible(item.done_by, 200)}' if item.done_by else ''}"),
        )
    return shown


def notes_page(found: Sequence[Note], zone: ZoneInfo) -> RenderableType:
    """Notes, oldest first; privileged ones say so."""
    if not found:
        return Text("There is no note that you may read.")
    parts: list[RenderableType] = []
    for item in found:
        head = f"{day_and_time(item.at, zone)}  {visible(item.author, 60)}"
        parts.append(Text.assemble((head, "dim"), ("  PRIVILEGED" if item.privileged else "", "bold magenta")))
        parts.extend(indented(safe(line, longest=2000)) for line in item.text.splitlines()[:40])
    return Group(*parts)


def timeline_page(found: Sequence[TimelineItem], zone: ZoneInfo) -> RenderableType:
    """The story, line by line: when, what the record says, and what a person makes of it."""
    if not found:
        return Text("The story is empty.")
    shown = table("when", "what", "who", "key", flexible="what")
    for item in found:
        text = safe(item.raw, "bold" if item.pinned else "", 400)
        if item.interpretation:
            text = Text.assemble(text, "\n", (f"= {visible(item.interpretation, 400)}", "green"))
        when = f"{item.at.astimezone(zone):{_FORMS[item.precision]}} {zone_name(item.at, zone)}"
        shown.add_row(Text(when), text, safe(item.author, "dim", 200), safe(item.key, "dim"))
    return shown


def alerts_page(found: Sequence[AlertLine], now: datetime, zone: ZoneInfo, *, full: bool) -> RenderableType:
    """Alerts that stand alone, with what was said about the like before."""
    if not found:
        return Text("No alert waits here.")
    shown = table(
        "key", "level", "rule and who", "events", "from, to", "state", right=("events",), flexible="rule and who"
    )
    for item in found:
        text = safe(f"{item.rule_title}: {', '.join(item.entities[:4])}", longest=300)
        for seen in item.seen[:1]:
            text = Text.assemble(text, "\n", ("seen before: ", "yellow"), seen_text(seen, zone))
        state = f"{item.state}{f': {item.verdict}' if item.verdict else ''}"
        shown.add_row(
            Text(item.key[:8]),
            level_text(item.level),
            text,
            Text(number(item.events)),
            Text(short_span(item.first_time, item.last_time, now, zone)),
            Text(state),
        )
    more = (
        Text(f"More: --after {found[-1].key[:12]}", style="dim")
        if full
        else Text(counted(len(found), "alert"), style="dim")
    )
    return Group(shown, more)


def _link(item: Link, mine: str) -> Text:
    other = item.other if item.incident == mine else item.incident
    way = f"{item.relation} of" if item.incident == mine else f"has as {item.relation}"
    return Text.assemble(way, " ", (other, "bold"), (f"  {visible(item.by, 40)}: {visible(item.reason, 200)}", "dim"))


def _decisions(found: Sequence[Decision], zone: ZoneInfo) -> RenderableType:
    shown = table("when", "what", "by", "basis", flexible="basis")
    for item in found:
        what = f"{item.kind} {item.subject} {item.outcome}".replace("  ", " ")
        shown.add_row(
            Text(day_and_time(item.at, zone)),
            Text(what, style="bold" if item.kind is DecisionKind.NOTICE else ""),
            safe(item.decided_by, longest=200),
            safe(item.reason, longest=300),
        )
    return shown
