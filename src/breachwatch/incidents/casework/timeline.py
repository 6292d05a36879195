"""The story of an incident: built from its alerts, decisions, measures and changes, and curated by people.

A person pins what matters, leaves out what does not, adds what no log knows, and writes what a record means beside what
it says. Nothing is rewritten: a correction is a further row that takes the place of the one before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.incidents.casework.actions import actions_of, visible_to
from breachwatch.incidents.casework.anchors import anchors_of
from breachwatch.incidents.casework.changing import bounded, changing, said
from breachwatch.incidents.casework.finding import members, row_of
from breachwatch.incidents.chunking import chunks
from breachwatch.model.casework import Precision, TimelineItem
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import audit, cases, casework
from breachwatch.workspace import Workspace

_MAY = (Permission.ACT, Permission.DECIDE)
_NUMBERS = re.compile(r"[0-9]+")
_ALERTS = 2_000  # of an incident; more of them say nothing more to a reader


def timeline(ws: Workspace, number: str, *, by: Actor | None, everything: bool = False) -> tuple[TimelineItem, ...]:
    """The story in order of time, as this person may read it; None is an export.

    With `everything` what people left out is there, too.
    """
    if by is not None:
        require(by, Permission.READ)
    with ws.database.read() as connection:
        found, written = _built(connection, number, by), _written(connection, number)
    for key, row in written.items():
        if not row.shown and not everything:
            found.pop(key, None)
            continue
        found[key] = _curated(found.get(key), row)
    return tuple(sorted(found.values(), key=lambda item: (item.at, _in_order(item.key))))


def add(
    ws: Workspace,
    number: str,
    at: datetime,
    text: str,
    *,
    by: Actor,
    precision: Precision = Precision.SECOND,
    interpretation: str = "",
    expected_version: int | None = None,
) -> str:
    """Add what no log knows, such as a telephone call; returns the line's key.

    Raises UsageError for a time without a zone or to come, NotPermittedError, UnknownNameError, ChangedMeanwhileError.
    """
    text = said(text, "what happened")
    with changing(ws, number, by=by, may=_MAY, expected_version=expected_version) as change:
        _check_time(at, change.at)
        values = _values(number, by, change.at, at=at, precision=precision.value, raw=text, key="")
        values["interpretation"] = bounded(interpretation, "the interpretation")
        made = change.connection.execute(casework.timeline.insert().values(**values)).inserted_primary_key
        key = f"entry:{made[0] if made else 0}"
        change.note(f"timeline: {key} added", text[:200], after={"at": at.isoformat()})
    return key


@dataclass(frozen=True, slots=True)
class Curation:
    """What a person changes about a line; None leaves it as it is. Text and time only of lines that a person added."""

    pinned: bool | None = None
    shown: bool | None = None
    interpretation: str | None = None
    text: str | None = None
    at: datetime | None = None


def curate(
    ws: Workspace,
    number: str,
    key: str,
    what: Curation,
    *,
    by: Actor,
    reason: str = "",
    expected_version: int | None = None,
) -> None:
    """Pin a line, leave it out, say what it means, or correct one that a person added (its text and time).

    What a log or the records say is not corrected, only interpreted. A correction and leaving out need a reason.
    """
    changes_text = what.text is not None or what.at is not None
    if changes_text and not key.startswith("entry:"):
        msg = f"{key} is what the records say; it is not corrected. Say what it means instead: --means TEXT."
        raise UsageError(msg)
    if changes_text or what.shown is False:
        reason = said(reason, "why the line changes")
    with changing(ws, number, by=by, may=_MAY, expected_version=expected_version) as change:
        before = _written(change.connection, number).get(key)
        line = _built(change.connection, number, by).get(key)
        if before is None and line is None:
            raise UnknownNameError(
                "line of the timeline", key, hint=f"breachwatch incident timeline {number} shows them."
            )
        if what.at is not None:
            _check_time(what.at, change.at)
        now = _curated(line, before) if before is not None else line
        if now is None:
            raise AssertionError(key)
        was_shown = before is None or bool(before.shown)
        values = _values(
            number,
            by,
            change.at,
            key=key,
            at=what.at or now.at,
            precision=now.precision.value,
            raw=said(what.text, "what happened") if what.text is not None else now.raw,
        )
        values |= {
            "interpretation": now.interpretation
            if what.interpretation is None
            else bounded(what.interpretation, "the text"),
            "source": now.source,
            "pinned": int(now.pinned if what.pinned is None else what.pinned),
            "shown": int(was_shown if what.shown is None else what.shown),
            "reason": bounded(reason, "the reason"),
        }
        change.connection.execute(casework.timeline.insert().values(**values))
        change.note(f"timeline: {key} curated", reason or values["interpretation"][:200] or "pinned")


def _in_order(key: str) -> str:
    """A key that sorts its numbers as numbers: what was written down at once stays in the order of writing."""
    return _NUMBERS.sub(lambda found: found[0].zfill(12), key)


def _check_time(at: datetime, now: datetime) -> None:
    if at.tzinfo is None:
        msg = f"the time {at.isoformat()} has no zone. Give one: 2026-11-22T02:14-06:00, or 2026-11-22T08:14Z."
        raise UsageError(msg)
    if at > now:
        msg = f"nothing can have happened at {at.isoformat()}: that is still to come (it is {now.isoformat()})."
        raise UsageError(msg)


def _values(number: str, by: Actor, now: datetime, **values: Any) -> dict[str, Any]:
    return {
        "incident": number,
        "interpretation": "",
        "source": "",
        "pinned": 0,
        "shown": 1,
        "author": by.name,
        "written_at": now,
        "reason": "",
        **values,
    }


def _written(connection: Connection, number: str) -> dict[str, Row[Any]]:
    """By key: the last thing that people wrote about a line."""
    columns = casework.timeline.c
    rows: list[Row[Any]] = []
    for chunk in chunks(members(connection, number)):
        rows += connection.execute(select(casework.timeline).where(columns.incident.in_(chunk))).all()
    return {row.key or f"entry:{row.seq}": row for row in sorted(rows, key=lambda row: row.seq)}


def _curated(line: TimelineItem | None, row: Row[Any]) -> TimelineItem:
    if line is not None:
        return replace(line, interpretation=row.interpretation, author=row.author, pinned=bool(row.pinned))
    return TimelineItem(
        key=row.key or f"entry:{row.seq}",
        at=row.at,
        precision=Precision(row.precision),
        kind="entry",
        raw=row.raw,
        interpretation=row.interpretation,
        author=row.author,
        source=row.source,
        pinned=bool(row.pinned),
        incident=row.incident,
    )


def _built(connection: Connection, number: str, by: Actor | None) -> dict[str, TimelineItem]:
    row = row_of(connection, number)
    numbers = members(connection, number)
    lines = [
        *_alerts(connection, numbers),
        *_changes(connection, numbers),
        *_actions(connection, numbers, by),
        *_evidence(connection, numbers),
    ]
    for anchor, item in anchors_of(connection, row).items():
        text = f"{anchor}: {item.reason}"
        lines.append(
            TimelineItem(f"anchor:{anchor}", item.at, Precision.SECOND, "anchor", text, "", item.set_by, "", False, "")
        )
    return {line.key: line for line in lines}


def _alerts(connection: Connection, numbers: Iterable[str]) -> Iterator[TimelineItem]:
    alert = cases.alert.c
    for chunk in chunks(numbers):
        query = select(alert.key, alert.incident, alert.rule_title, alert.first_time, alert.event_count, alert.entities)
        found = connection.execute(query.where(alert.incident.in_(chunk))).all()
        # Sorted here: asked for an order and a limit, SQLite walks the alerts of all incidents in that order.
        for row in sorted(found, key=lambda row: row.first_time)[:_ALERTS]:
            who = ", ".join(value for _, value in json.loads(row.entities)[:6])
            events = f"{row.event_count} event{'' if row.event_count == 1 else 's'}"
            text = f"{row.rule_title}: {who} ({events})" if who else f"{row.rule_title} ({events})"
            yield TimelineItem(
                f"alert:{row.key}",
                row.first_time,
                Precision.SECOND,
                "alert",
                text,
                source=row.key,
                incident=row.incident,
            )


def _changes(connection: Connection, numbers: Iterable[str]) -> Iterator[TimelineItem]:
    """Steps, verdicts and decisions; what else the audit log has is told by the lines themselves."""
    for number in numbers:
        for seq, row in enumerate(audit.trail(connection, number)):
            if row.change.startswith(("alert ", "timeline: ", "action ", "task ", "note ", "supplemented ")):
                continue
            yield TimelineItem(
                f"audit:{number}:{seq}",
                row.at,
                Precision.SECOND,
                "change",
                f"{row.change}: {row.reason}",
                author=row.actor,
                incident=number,
            )


def _actions(connection: Connection, numbers: Iterable[str], by: Actor | None) -> Iterator[TimelineItem]:
    for item in visible_to(by, actions_of(connection, numbers)):
        steps = (
            ("ordered", item.ordered_at, item.ordered_by, item.description),
            ("done", item.done_at, item.implementer, item.result),
            ("verified", item.verified_at, item.verifier, item.verification),
        )
        for step, at, who, text in steps:
            if at is not None:
                raw = f"{item.kind} of {item.target} {step}{f': {text}' if text else ''}"
                key = f"action:{item.number}:{step}"
                yield TimelineItem(key, at, Precision.SECOND, "action", raw, author=who, incident=item.incident)


def _evidence(connection: Connection, numbers: Iterable[str]) -> Iterator[TimelineItem]:
    columns = cases.evidence.c
    for chunk in chunks(numbers):
        for row in connection.execute(select(cases.evidence).where(columns.incident.in_(chunk))):
            text = f"{row.number} sealed: {row.events} events"
            yield TimelineItem(
                f"evidence:{row.number}",
                row.sealed_at,
                Precision.SECOND,
                "evidence",
                text,
                source=row.number,
                incident=row.incident,
            )
