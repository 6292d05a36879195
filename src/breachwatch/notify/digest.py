"""The morning digest: what waits for somebody, what failed, what runs out. Nothing to say is said in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select

from breachwatch import lake
from breachwatch.errors import explain
from breachwatch.evidence import disposal, holds
from breachwatch.evidence.disposed import disposed_at
from breachwatch.evidence.timestamps import queue as stamps
from breachwatch.incidents.casework.finding import all_members
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import TaskState
from breachwatch.model.incident import IncidentState
from breachwatch.model.moment import told
from breachwatch.model.people import Role, program
from breachwatch.model.summary import RunState
from breachwatch.notify.answers import severity_of
from breachwatch.notify.outbox import State, messages
from breachwatch.notify.planning import unanswered
from breachwatch.notify.reminder_texts import line
from breachwatch.notify.reminders import due_now
from breachwatch.records import cases, casework, catalog
from breachwatch.respond.intake.reading import waiting
from breachwatch.workspace import Workspace

FILTERS_WITHIN = timedelta(days=14)
TASKS_WITHIN = timedelta(days=1)
RUN_WITHIN = timedelta(hours=26)
_MOST = 50  # of each kind


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know: what it is about (a number or name) and what is with it. `what` may be log content."""

    about: str
    what: str


@dataclass(frozen=True, slots=True)
class Digest:
    """What a morning has to say, by kind; each kind's first fifty lines, and how many there are."""

    day: date  # in the city's time zone
    kinds: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to say."""
        return not self.kinds


def digest(ws: Workspace) -> Digest:
    """Look at everything that a morning should know. What cannot be looked at is a line of its own."""
    made = Digest(ws.clock.now().astimezone(ws.settings.city.zone).date())
    looks: tuple[tuple[str, Callable[[Workspace], Iterable[Line]]], ...] = (
        ("The nightly run", _run),
        ("Evidence that could not be sealed", _unsealed),
        ("Deadlines", _deadlines),
        ("Tasks that are due or overdue", _tasks),
        ("Reports that wait for triage", _reports),
        ("New incidents", _new),
        ("Incidents that nobody has acknowledged", _unacknowledged),
        ("Evidence that does not verify", _altered),
        ("Sources that failed or are silent", _sources),
        ("Holds that custodians have not acknowledged", _holds),
        ("Disposals that wait for a decision", _disposals),
        ("Filters that end soon", _filters),
        ("Time stamps that are missing", _stamps),
        ("Messages that could not be delivered", _undelivered),
    )
    for kind, look in looks:
        try:
            lines = tuple(look(ws))
        except Exception as error:  # noqa: BLE001  nothing is swallowed: the digest says it
            lines = (Line("could not be looked at", explain(error)),)
        if lines:
            made.kinds[kind], made.counts[kind] = lines[:_MOST], len(lines)
    return made


def _run(ws: Workspace) -> Iterable[Line]:
    column = catalog.run.c
    query = select(column.run_id, column.state, column.started_at).order_by(column.started_at.desc()).limit(1)
    with ws.database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        yield Line("no run", "breachwatch has not run yet")
    elif ws.clock.now() - row.started_at > RUN_WITHIN:
        yield Line(row.run_id, f"the last run began on {row.started_at:%Y-%m-%d %H:%M} UTC, more than a day ago")
    elif row.state in {RunState.FAILED.value, RunState.PARTIAL.value}:
        said = "failed" if row.state == RunState.FAILED.value else "left something out"
        yield Line(row.run_id, f"the last run {said}; its summary says what")


def _incidents(ws: Workspace, *conditions: Any) -> list[Any]:
    ended = [state.value for state in IncidentState if state.ended]
    column = cases.incident.c
    query = select(cases.incident).where(column.state.not_in(ended), *conditions)
    with ws.database.read() as connection:
        rows = connection.execute(query).all()
    return sorted(rows, key=lambda row: (-severity_of(row), row.opened_at, row.number))


def _unsealed(ws: Workspace) -> Iterable[Line]:
    return [Line(row.number, row.failure) for row in _incidents(ws, cases.incident.c.failure != "")]


def _new(ws: Workspace) -> Iterable[Line]:
    rows = _incidents(ws, cases.incident.c.state == IncidentState.NEW.value)
    return [Line(row.number, f"{severity_of(row)}: {row.title}") for row in rows]


def _deadlines(ws: Workspace) -> Iterable[Line]:
    """The clocks of which half of the time is gone, or more; with the safe date."""
    for clock, step in due_now(ws):
        yield Line(clock.subject, line(clock, step, ws.settings.city.zone))


def _tasks(ws: Workspace) -> Iterable[Line]:
    """Of each open incident, with what was merged into it, the tasks that are due within a day; the oldest is named."""
    now, zone, column = ws.clock.now(), ws.settings.city.zone, casework.task.c
    waits = column.state.in_([TaskState.OPEN.value, TaskState.BLOCKED.value])
    late: dict[str, list[Row[Any]]] = {}
    open_ones = [row.number for row in _incidents(ws)]
    with ws.database.read() as connection:
        belongs = all_members(connection, open_ones)
        for chunk in chunks(belongs):
            query = select(casework.task).where(column.incident.in_(chunk), waits, column.due_at <= now + TASKS_WITHIN)
            for row in connection.execute(query.order_by(column.due_at, column.number)):
                late.setdefault(belongs[row.incident], []).append(row)
    for number, rows in sorted(late.items(), key=lambda item: item[1][0].due_at):
        first, due = rows[0], rows[0].due_at.astimezone(zone)
        more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
        when = f"{'overdue since' if first.due_at < now else 'due'} {told(due)}"
        yield Line(number, f"{when}: {first.title} ({first.assignee or Role(first.role).words}){more}")


def _reports(ws: Workspace) -> Iterable[Line]:
    with ws.database.read() as connection:
        for report in waiting(connection):
            what = next((line for line in report.said.what.splitlines() if line.strip()), "")
            unsealed = "; NOT ALL OF IT IS SEALED" if report.failure else ""
            yield Line(report.number, f"{report.said.kind.value}, {report.said.relation.value}: {what[:200]}{unsealed}")


def _unacknowledged(ws: Workspace) -> Iterable[Line]:
    """Those that people were asked about in time and did not answer."""
    now = ws.clock.now()
    with ws.database.read() as connection:
        rows = unanswered(connection)
    for row in rows:
        minutes = ws.settings.notify.telling(severity_of(row)).acknowledge_minutes
        if minutes and now - row.opened_at > timedelta(minutes=minutes):
            yield Line(row.number, f"{severity_of(row)}: open since {row.opened_at:%Y-%m-%d %H:%M} UTC")


def _altered(ws: Workspace) -> Iterable[Line]:
    column = cases.evidence.c
    with ws.database.read() as connection:
        gone = disposed_at(connection)
        rows = connection.execute(select(column.number, column.verified_at).where(column.verified_ok == 0)).all()
    return [Line(row.number, f"checked {row.verified_at:%Y-%m-%d}") for row in rows if row.number not in gone]


def _sources(ws: Workspace) -> Iterable[Line]:
    import json

    from breachwatch.detect.health import Silence
    from breachwatch.detect.health.listening import silent_sources

    column = catalog.run.c
    query = select(column.summary).where(column.summary.is_not(None)).order_by(column.started_at.desc()).limit(1)
    with ws.database.read() as connection:
        said = json.loads(connection.scalar(query) or "{}")
    for source in said.get("sources", ()):
        if source.get("failed"):
            yield Line(str(source["source"]), f"failed: {source['failed']}")
    with closing(lake.connect_bare(ws)) as connection:
        for item in silent_sources(ws, connection, ws.clock.now(), Silence()):
            yield Line(item.source, "is silent for longer than usual")


def _holds(ws: Workspace) -> Iterable[Line]:
    for record in holds.records(ws, by=program()):
        if record.unacknowledged:
            yield Line(record.hold.number, ", ".join(person.name for person in record.unacknowledged))


def _disposals(ws: Workspace) -> Iterable[Line]:
    for item in disposal.disposals(ws, by=program()):
        if item.decision is None:
            yield Line(item.number, f"asked for by {item.requested_by} on {item.requested_at:%Y-%m-%d}")


def _filters(ws: Workspace) -> Iterable[Line]:
    from breachwatch import detect
    from breachwatch.detect.filtering import load_filters
    from breachwatch.detect.placeholders import load_placeholders

    values = load_placeholders(ws.settings.detect.placeholders, ws.root)
    today = ws.clock.now().astimezone(ws.settings.city.zone)
    for item in load_filters(detect.load_rules(ws).filters, today, values.of).applied:
        if item.expires is not None and item.expires <= today.date() + FILTERS_WITHIN:
            yield Line(item.title, f"ends {item.expires:%Y-%m-%d}{f', owner {item.owner}' if item.owner else ''}")


def _stamps(ws: Workspace) -> Iterable[Line]:
    if not ws.settings.evidence.timestamp.url:
        return
    waiting = stamps.pending(ws)
    if waiting:
        yield Line(f"{len(waiting)} waiting", f"the oldest, {waiting[0].subject}, since {waiting[0].since:%Y-%m-%d}")


def _undelivered(ws: Workspace) -> Iterable[Line]:
    since = ws.clock.now() - timedelta(days=2)
    for item in messages(ws, states=[State.FAILED]):
        if item.created_at > since:
            yield Line(item.subject, f"{item.kind} by {item.channel}: {item.error}")
