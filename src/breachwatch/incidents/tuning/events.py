"""The stored events of alerts, with their fields as the rules that found them see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from breachwatch import lake
from breachwatch.detect.compiling import Compiler
from breachwatch.detect.rulepack import Rule
from breachwatch.incidents import reasons
from breachwatch.incidents.casework.finding import roots
from breachwatch.incidents.chunking import chunks
from breachwatch.incidents.tuning.choosing import Values
from breachwatch.lake.sql import text as sql_text
from breachwatch.model.casework import Verdict
from breachwatch.model.incident import IncidentState
from breachwatch.records import cases
from breachwatch.workspace import Workspace

MOST_EVENTS = 5000
"""Of one rule; more are not needed to see what they have in common."""

_AROUND = timedelta(hours=1)
_NEVER, _EVER = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
_WORKED_ON = frozenset(IncidentState) - {
    IncidentState.PRESERVING,
    IncidentState.NEW,
    IncidentState.TRIAGE,
    IncidentState.CLOSED,
    IncidentState.FALSE_POSITIVE,
    IncidentState.MERGED,
}
"""States in which people treat an incident as one."""


@dataclass(slots=True)
class Found:
    """Events of alerts by the rule over single events that matched them, and the time they lie in."""

    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    first: datetime = _NEVER
    last: datetime = _EVER

    def add(self, row: Any, events: Iterable[str]) -> None:
        """Take in an alert's events: of a correlation, each goes to the rule that it matched."""
        _, parts = reasons.from_json(row.matched)
        for part in parts:
            self.ids[part.rule_id].update(part.event_ids)
        if not parts:
            self.ids[row.rule_id].update(events)
        self.first, self.last = min(self.first, row.first_time), max(self.last, row.last_time)


def events_of(connection: Connection, keys: Iterable[str]) -> Found:
    """The events of these alerts."""
    found = Found()
    for chunk in chunks(keys):
        events: dict[str, list[str]] = defaultdict(list)
        columns = cases.alert_event.c
        for row in connection.execute(
            select(columns.alert_key, columns.event_id).where(columns.alert_key.in_(chunk)).order_by(columns.event_id)
        ):
            events[row.alert_key].append(row.event_id)
        for row in connection.execute(select(cases.alert).where(cases.alert.c.key.in_(chunk))).all():
            found.add(row, events.get(str(row.key), []))
    return found


def confirmed_alerts(connection: Connection, leave_out: Iterable[str] = ()) -> dict[str, str]:
    """The alerts of confirmed cases, with the incident (or "") that each is in.

    Confirmed is what people gave the verdict true positive, and what they work on as an incident; an incident that was
    merged goes by the one in which it goes on. `leave_out` names alerts that are false positives themselves.
    """
    verdict = Verdict.TRUE_POSITIVE.value
    incident = cases.incident.c
    rows = connection.execute(select(incident.number, incident.state, incident.verdict)).all()
    worked_on = {state.value for state in _WORKED_ON}
    sure = {row.number for row in rows if row.verdict == verdict or row.state in worked_on}
    merged = roots(connection, [row.number for row in rows if row.state == IncidentState.MERGED.value])
    sure.update(number for number, root in merged.items() if root in sure)
    alert, without = cases.alert.c, frozenset(leave_out)
    found: dict[str, str] = {}
    for chunk in chunks(sure):
        query = select(alert.key, alert.incident, alert.verdict).where(alert.incident.in_(chunk))
        found.update((row.key, row.incident) for row in connection.execute(query) if row.verdict in ("", verdict))
    for row in connection.execute(select(alert.key, alert.incident).where(alert.verdict == verdict)):
        found[row.key] = row.incident or ""
    return {key: number for key, number in found.items() if key not in without}


def values_of(ws: Workspace, compiler: Compiler, rule: Rule, found: Found) -> list[Values]:
    """The stored events of one rule, with the columns of the tables that it searches; what is gone is left out.

    Raises RuleError, duckdb.Error.
    """
    wanted = sorted(found.ids.get(rule.id, ()))[:MOST_EVENTS]
    if not wanted:
        return []
    listed = ", ".join(sql_text(event) for event in wanted)
    seen: dict[str, dict[str, str | int]] = {}
    with lake.connect(ws, since=found.first - _AROUND, until=found.last + _AROUND) as connection:
        for search in compiler.searches(rule):
            rows = connection.execute(f"SELECT * FROM (\n{search.sql}\n) WHERE event_id IN ({listed})")
            names = [str(column[0]) for column in rows.description or ()]
            for values in rows.fetchall():
                row = dict(zip(names, values, strict=True))
                seen.setdefault(str(row["event_id"]), _plain(row))
    return [seen[event] for event in wanted if event in seen]


def _plain(row: Mapping[str, Any]) -> dict[str, str | int]:
    """Texts and whole numbers: what a filter can ask for."""
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and not name.startswith("searched")
    }
