"""Tasks: planned from playbooks when work on an incident begins, or added by people; done, blocked or set aside."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UsageError
from breachwatch.incidents.casework import playbooks
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.changing import Change, bounded, changing, numbered, said
from breachwatch.incidents.casework.finding import members
from breachwatch.incidents.casework.playbooks import Fired, Playbook
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Anchor, Task, TaskState
from breachwatch.model.finding import Level
from breachwatch.model.people import Actor, Permission, Role
from breachwatch.people import require
from breachwatch.records import cases, casework
from breachwatch.workspace import Workspace

_BY_HAND = "by-hand"


def load_playbooks(ws: Workspace) -> tuple[Playbook, ...]:
    """Our playbooks and those of the workspace. Raises SettingsError."""
    return playbooks.load(ws.root / playbooks.FOLDER)


def plan(ws: Workspace, number: str, *, by: Actor, expected_version: int | None = None) -> int:
    """Add the tasks that the playbooks ask for and the incident has not yet; how many are new."""
    books = load_playbooks(ws)
    with changing(ws, number, by=by, may=Permission.TRIAGE, expected_version=expected_version) as change:
        return plan_within(change, books)


def plan_within(change: Change, books: Sequence[Playbook]) -> int:
    """The same within a change that is under way."""
    connection = change.connection
    columns, task = cases.alert.c, casework.task
    query = select(columns.rule_id, columns.dataset, columns.level, columns.tags).distinct()
    fired = [
        Fired(row.rule_id, row.dataset, Level(row.level), json.loads(row.tags))
        for row in connection.execute(query.where(columns.incident == change.number))
    ]
    known = {
        (row.playbook, row.step)
        for row in connection.execute(select(task.c.playbook, task.c.step).where(task.c.incident == change.number))
    }
    discovered = anchors_of(connection, change.row)[Anchor.DISCOVERED].at
    new = [
        _values(
            change.number,
            playbook=book.name,
            step=step.id,
            phase=step.phase,
            title=step.title,
            how=step.how,
            role=step.role.value,
            due_at=discovered + timedelta(hours=step.due_hours) if step.due_hours else None,
            mandatory=int(step.mandatory),
        )
        for book in books
        if book.is_for(fired)
        for step in book.tasks
        if (book.name, step.id) not in known
    ]
    if new:
        connection.execute(task.insert(), new)
        names = sorted({str(row["playbook"]) for row in new})
        change.note(f"{len(new)} tasks planned", f"playbooks: {', '.join(names)}")
    return len(new)


def add(
    ws: Workspace,
    number: str,
    title: str,
    *,
    by: Actor,
    role: Role = Role.ANALYST,
    assignee: str = "",
    due_at: datetime | None = None,
    expected_version: int | None = None,
) -> int:
    """Add a task by hand; returns its number."""
    title = said(title, "what is to be done")
    with changing(
        ws, number, by=by, may=(Permission.ACT, Permission.DECIDE), expected_version=expected_version
    ) as change:
        values = _values(
            number,
            playbook=_BY_HAND,
            step=uuid.uuid4().hex,
            phase="investigate",
            title=title,
            how="",
            role=role.value,
            assignee=assignee.strip(),
            due_at=due_at,
            mandatory=1,
        )
        key = change.connection.execute(casework.task.insert().values(**values)).inserted_primary_key
        change.note(f"task {key[0] if key else 0} added", title)
    return int(key[0]) if key else 0


def done(
    ws: Workspace, number: str, task: int, *, by: Actor, reason: str = "", expected_version: int | None = None
) -> None:
    """Record that a task is done."""
    _to(ws, number, task, TaskState.DONE, by=by, reason=reason, expected_version=expected_version)


def not_applicable(
    ws: Workspace, number: str, task: int, *, by: Actor, reason: str, expected_version: int | None = None
) -> None:
    """Record why a task does not apply."""
    reason = said(reason, "why the task does not apply")
    _to(ws, number, task, TaskState.NOT_APPLICABLE, by=by, reason=reason, expected_version=expected_version)


def block(
    ws: Workspace, number: str, task: int, *, by: Actor, reason: str, expected_version: int | None = None
) -> None:
    """Record what a task waits for."""
    reason = said(reason, "what the task waits for")
    _to(ws, number, task, TaskState.BLOCKED, by=by, reason=reason, expected_version=expected_version)


def reopen(
    ws: Workspace, number: str, task: int, *, by: Actor, reason: str, expected_version: int | None = None
) -> None:
    """Open a task again that was done, blocked or set aside."""
    reason = said(reason, "why the task is open again")
    _to(ws, number, task, TaskState.OPEN, by=by, reason=reason, expected_version=expected_version)


def assign(
    ws: Workspace, number: str, task: int, assignee: str, *, by: Actor, expected_version: int | None = None
) -> None:
    """Say who does a task."""
    with changing(ws, number, by=by, may=(Permission.ACT, Permission.DECIDE), expected_version=None) as change:
        row = numbered(change, casework.task, "task", task, expected_version)
        _write(change, row, f"task {task} assigned to {assignee}", row.title, {"assignee": assignee.strip()})


def tasks(ws: Workspace, number: str, *, by: Actor) -> tuple[Task, ...]:
    """The tasks of an incident and of what was merged into it."""
    require(by, Permission.READ)
    with ws.database.read() as connection:
        return tasks_of(connection, members(connection, number))


def tasks_of(connection: Connection, numbers: Iterable[str]) -> tuple[Task, ...]:
    """The tasks of these incidents in the order in which they were planned."""
    columns = casework.task.c
    found: list[Row[Any]] = []
    for chunk in chunks(numbers):
        found += connection.execute(select(casework.task).where(columns.incident.in_(chunk))).all()
    return tuple(_task(row) for row in sorted(found, key=lambda row: row.number))


def _task(row: Row[Any]) -> Task:
    return Task(
        number=row.number,
        incident=row.incident,
        playbook=row.playbook,
        step=row.step,
        phase=row.phase,
        title=row.title,
        how=row.how,
        role=row.role,
        assignee=row.assignee,
        due_at=row.due_at,
        state=TaskState(row.state),
        reason=row.reason,
        done_by=row.done_by,
        done_at=row.done_at,
        mandatory=bool(row.mandatory),
        version=row.version,
    )


def _to(
    ws: Workspace,
    number: str,
    task: int,
    state: TaskState,
    *,
    by: Actor,
    reason: str,
    expected_version: int | None,
) -> None:
    with changing(ws, number, by=by, may=(Permission.ACT, Permission.DECIDE), expected_version=None) as change:
        row = numbered(change, casework.task, "task", task, expected_version)
        if row.state == state.value:
            msg = f"task {task} of {number} is {state} already{f' ({row.done_by})' if row.done_by else ''}."
            raise UsageError(msg)
        ended = state in {TaskState.DONE, TaskState.NOT_APPLICABLE}
        values = {
            "state": state.value,
            "reason": bounded(reason, "the reason"),
            "done_by": by.name if ended else "",
            "done_at": change.at if ended else None,
        }
        _write(change, row, f"task {task}: {row.state} -> {state}", reason.strip() or row.title, values)


def _write(change: Change, row: Row[Any], what: str, reason: str, values: dict[str, Any]) -> None:
    change.connection.execute(
        casework.task.update().where(casework.task.c.number == row.number).values(version=row.version + 1, **values)
    )
    before = {name: str(getattr(row, name) or "") for name in values}
    change.note(what, reason, before, {name: str(value or "") for name, value in values.items()})


def _values(number: str, **values: Any) -> dict[str, Any]:
    return {
        "incident": number,
        "assignee": "",
        "state": TaskState.OPEN.value,
        "reason": "",
        "done_by": "",
        "done_at": None,
        "version": 1,
        **values,
    }
