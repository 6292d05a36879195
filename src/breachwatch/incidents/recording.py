"""Recording a scan: alerts, their incidents and the mark "these files are searched", in one transaction.

Killed before it commits, nothing has changed and the next run searches again. Killed after it, the incidents wait for
their evidence and the next run's `Opened.to_preserve` names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from breachwatch.incidents import joins, reasons, stored, weighing
from breachwatch.incidents.casework.finding import roots
from breachwatch.incidents.casework.recurrence import mark_recurrences
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.common import Common, Sighting, sightings
from breachwatch.incidents.entities import named
from breachwatch.incidents.grouping import Alert, Case, Grouping, Placed
from breachwatch.incidents.numbers import numbering
from breachwatch.incidents.orders import join_orders, orders_of
from breachwatch.incidents.sealing import unsealed
from breachwatch.model.casework import AlertState
from breachwatch.model.finding import CompiledRule, Entity, Finding, Level, Scan
from breachwatch.model.incident import IncidentState, Joined, Opened
from breachwatch.model.people import program
from breachwatch.records import audit, cases, catalog
from breachwatch.workspace import Workspace


def record(ws: Workspace, scan: Scan, run_id: str) -> Opened:
    """Record the findings of a scan as alerts and open or extend their incidents. Recording it twice adds nothing."""
    at = ws.clock.now()
    learnt, unread = weighing.learn(ws, scan.window) if scan.findings else ([], "")
    with ws.database.write() as connection:
        book = _Book(ws, connection, scan, at, run_id)
        for finding in sorted(scan.findings, key=lambda item: (item.first_time, item.key)):
            book.enter(finding)
        book.save()
        opened = [case.number for case in book.grouping.cases if case.new]
        mark_recurrences(connection, opened, at=at, by=program(run_id))
        weighing.keep(connection, learnt)
        touched = [case.number for case in book.grouping.cases if case.changed]
        weighing.recompute(connection, ws, touched, at=at, by=program(run_id), incomplete=unread)
        _record_rules(connection, scan.rules, at)
        _mark_searched(connection, scan.scanned_files, at)
        to_preserve = unsealed(connection)
    return Opened(
        new_alerts=len(book.new),
        known_alerts=len(book.seen) - len(book.new),
        new_incidents=tuple(case.number for case in book.grouping.cases if case.new),
        extended_incidents=tuple(sorted(case.number for case in book.grouping.cases if case.changed and not case.new)),
        to_preserve=to_preserve,
    )


@dataclass(slots=True)
class _Known:
    """An alert that is recorded, or was entered a moment ago."""

    incident: str | None
    events: set[str]
    values: dict[str, Any] = field(default_factory=dict)


class _Book:
    """Alerts and incidents as they are recorded, plus what this scan adds; `save` writes it all."""

    def __init__(self, ws: Workspace, connection: Connection, scan: Scan, at: datetime, run_id: str) -> None:
        settings = ws.settings.incidents
        self._connection, self._at, self._run_id = connection, at, run_id
        findings = scan.findings
        rows = stored.known_alerts(connection, {finding.key for finding in findings})
        events = stored.known_events(connection, rows)
        self._known = {
            key: _Known(row.incident, events.get(key, set()), dict(row._mapping)) for key, row in rows.items()
        }
        gap = timedelta(hours=settings.gap_hours)
        max_span = timedelta(days=settings.max_span_days)
        start = min((finding.first_time for finding in findings), default=at) - gap
        end = max((finding.last_time for finding in findings), default=at) + gap
        minimum = Level.parse(settings.minimum_level)
        also = {row.incident for row in rows.values() if row.incident}
        self._roots = roots(connection, also)
        also.update(self._roots.values())
        cases_now = stored.load_cases(connection, start, end, sorted(also), minimum)
        self._cases = {case.number: case for case in cases_now}
        loose = stored.loose_alerts(connection, start - max_span, end + max_span)
        known_orders = join_orders(connection, (finding.rule_revision for finding in findings))
        self._orders = {**known_orders, **orders_of(scan.rules)}
        self.grouping = Grouping(
            cases_now,
            loose,
            gap=gap,
            max_span=max_span,
            minimum=minimum,
            order=settings.order,
            common=_common(ws, connection, findings, loose),
            next_number=numbering(connection, at, ws.settings.city.zone),
        )
        self.seen: set[str] = set()
        self.new: dict[str, dict[str, Any]] = {}
        self._events: list[dict[str, Any]] = []
        self._grown: dict[str, dict[str, Any]] = {}
        self._moved: dict[str, str] = {}
        self._joined: dict[str, Joined] = {}
        self._audit: list[audit.Entry] = []

    def enter(self, finding: Finding) -> None:
        """Take in one finding: a new alert, an alert that grew, or one that is known as it is."""
        self.seen.add(finding.key)
        known = self._known.get(finding.key)
        if known is None:
            self._enter_new(finding)
            return
        added = [event for event in dict.fromkeys(finding.event_ids) if event not in known.events]
        if added:
            self._grow(finding, known, added)

    def save(self) -> None:
        """Write what changed: incidents first, because alerts refer to them."""
        changed = [case for case in self.grouping.cases if case.changed]
        stored.save_cases(self._connection, changed, at=self._at, run_id=self._run_id)
        stored.save_alerts(self._connection, list(self.new.values()), self._events)
        stored.update_grown(self._connection, list(self._grown.values()))
        stored.move_to(self._connection, self._moved)
        joins.save(self._connection, self._joined, at=self._at, run_id=self._run_id)
        audit.append_all(self._connection, self._audit)

    def _enter_new(self, finding: Finding) -> None:
        values = stored.alert_values(finding, at=self._at, run_id=self._run_id)
        self.new[finding.key] = values
        events = dict.fromkeys(finding.event_ids)
        self._add_events(finding.key, events)
        self._known[finding.key] = _Known(None, set(events), values)
        self._place(finding, finding.entities)

    def _place(self, finding: Finding, entities: tuple[Entity, ...]) -> None:
        placed = self.grouping.place(self._alert(finding, entities))
        if placed.case is None or placed.joined is None:
            return
        self._cases[placed.case.number] = placed.case
        self._assign(finding.key, placed.case, placed.joined)
        self._tell(finding, placed, placed.case)
        for loose, joined in placed.adopted:
            self._assign(loose.key, placed.case, joined)
            self._note(placed.case.number, f"alert {loose.key} joined", f"it waited; {joins.told(joined)}")

    def _assign(self, key: str, case: Case, joined: Joined) -> None:
        self._joined[key] = joined
        if key in self.new:
            self.new[key]["incident"] = case.number
        else:
            self._moved[key] = case.number
        if key in self._known:
            self._known[key].incident = case.number

    def _grow(self, finding: Finding, known: _Known, added: list[str]) -> None:
        before = known.values
        merged = tuple(dict.fromkeys([*stored.entities_from_json(before["entities"]), *finding.entities]))
        changes = {
            "last_time": max(before["last_time"], finding.last_time),
            "event_count": max(before["event_count"], finding.event_count),
            "why": json.dumps(dict(finding.why)),
            "matched": reasons.grown(before["matched"], finding),
            "entities": stored.entities_to_json(merged),
            "rule_revision": finding.rule_revision,  # the wording that found the new events
            "state": before.get("state", AlertState.NEW.value),
        }
        if changes["state"] == AlertState.CLOSED:
            changes["state"] = AlertState.NEW.value  # with the verdict that it had: it was seen before
            reason = f"{len(added)} more events after it was closed ({before['verdict']}: {before['verdict_reason']})"
            self._note(finding.key, f"{AlertState.CLOSED} -> {AlertState.NEW}", reason)
        before.update(changes)
        known.events.update(added)
        self._add_events(finding.key, added)
        if finding.key not in self.new:
            self._grown[finding.key] = {"b_key": finding.key, **{f"b_{name}": to for name, to in changes.items()}}
        if known.incident is None:
            self._place(finding, merged)
            return
        case = self._cases[known.incident]
        self.grouping.extend(case, self._alert(finding, merged))
        self._note(case.number, f"alert {finding.key} grew", f"{len(added)} more events of {finding.rule_title}")
        if case.state is IncidentState.MERGED:
            self._grow_root(case, finding, merged)
        elif case.state.ended:
            self._note(
                case.number,
                f"{case.state} -> {IncidentState.INVESTIGATING}",
                "activity of one of its alerts went on after it was closed",
            )
            case.state = IncidentState.INVESTIGATING

    def _grow_root(self, case: Case, finding: Finding, entities: tuple[Entity, ...]) -> None:
        """The incident in which a merged one goes on covers what its alerts cover."""
        self.grouping.extend(self._cases[self._roots[case.number]], self._alert(finding, entities))

    def _tell(self, finding: Finding, placed: Placed, case: Case) -> None:
        reason = f"{finding.rule_title} ({finding.level})"
        if placed.opened:
            self._note(case.number, f"none -> {IncidentState.PRESERVING}", f"opened by alert {finding.key}: {reason}")
            return
        why = f"; {joins.told(placed.joined)}" if placed.joined else ""
        self._note(case.number, f"alert {finding.key} joined", f"{reason}{why}")
        if placed.raised_from is not None:
            self._note(case.number, f"level {placed.raised_from} -> {case.level}", f"alert {finding.key}: {reason}")
        for other in placed.others:
            self._note(
                case.number, f"related to {other.number}", f"alert {finding.key} shares an entity with both; not merged"
            )
            self._note(other.number, f"related to {case.number}", f"alert {finding.key} joined the older incident")

    def _alert(self, finding: Finding, entities: tuple[Entity, ...]) -> Alert:
        return Alert(
            finding.key,
            finding.rule_title,
            finding.level,
            finding.first_time,
            finding.last_time,
            entities,
            finding.rule_id,
            self._orders.get(finding.rule_revision, ()),
        )

    def _add_events(self, key: str, events: Iterable[str]) -> None:
        self._events.extend({"alert_key": key, "event_id": event, "sealed_in": None} for event in events)

    def _note(self, number: str, change: str, reason: str) -> None:
        self._audit.append(audit.Entry(self._at, program(self._run_id), number, change, reason))


def _common(ws: Workspace, connection: Connection, findings: Iterable[Finding], loose: Iterable[Alert]) -> Common:
    """The judge of what is common, who knows what recorded alerts and these findings named before each of them."""
    settings = ws.settings.incidents
    common = Common(settings, Level.parse(settings.minimum_level))
    asked: list[Finding | Alert] = [*findings, *loose]
    if not asked:
        return common
    about = {entity for item in asked for entity in named(item.entities)}
    since = min(item.first_time for item in asked) - timedelta(days=settings.history_days + 1)
    common.learn(sightings(connection, since, max(item.first_time for item in asked)), about)
    common.learn((Sighting(item.first_time, item.level, item.entities) for item in findings), about)
    return common


def _record_rules(connection: Connection, rules: Iterable[CompiledRule], at: datetime) -> None:
    """Keep the wording and the SQL of every rule that matched, and where it came from; evidence needs them.

    A known revision stays as it is, but for where it came from: a pack's update may leave a rule as it was.
    """
    by_revision = {rule.revision: rule for rule in rules}
    columns = cases.detection.c
    for chunk in chunks(list(by_revision)):
        query = select(columns.rule_revision, columns.origins).where(columns.rule_revision.in_(chunk))
        for known in connection.execute(query).all():
            origins = stored.origins_to_json(by_revision.pop(known.rule_revision).origins)
            if origins != known.origins:
                same = columns.rule_revision == known.rule_revision
                connection.execute(cases.detection.update().where(same).values(origins=origins))
    if by_revision:
        connection.execute(
            cases.detection.insert(),
            [
                {
                    "rule_revision": rule.revision,
                    "rule_id": rule.rule_id,
                    "title": rule.title,
                    "text": rule.text,
                    "sql": rule.sql,
                    "dataset": rule.dataset,
                    "origins": stored.origins_to_json(rule.origins),
                    "first_used_at": at,
                }
                for rule in by_revision.values()
            ],
        )


def _mark_searched(connection: Connection, paths: Iterable[str], at: datetime) -> None:
    columns = catalog.lake_file.c
    for chunk in chunks(paths):
        connection.execute(
            catalog.lake_file.update()
            .where(columns.path.in_(chunk), columns.scanned_at.is_(None))
            .values(scanned_at=at)
        )
