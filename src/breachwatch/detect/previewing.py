"""What a filter would have hidden: tried on stored events and alerts before it goes into force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule
from sqlalchemy import select

from breachwatch import lake
from breachwatch.detect.compiling import Compiler, RuleError
from breachwatch.detect.filtering import Filter, Filters
from breachwatch.detect.rulepack import Rule
from breachwatch.detect.starting import compiler_for, load_rules
from breachwatch.lake.sql import moment
from breachwatch.model.finding import Level
from breachwatch.records import cases
from breachwatch.workspace import Workspace

EXAMPLES = 3
MESSAGE_CHARS = 200


@dataclass(frozen=True, slots=True)
class HiddenEvent:
    """An event that a rule would no longer see. `time` is UTC without a zone."""

    event_id: str
    time: datetime
    user: str | None
    source_ip: str | None
    host: str | None
    message: str


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What the filter does to one rule: how many events it matches, and how many of them would be hidden."""

    rule_id: str
    title: str
    level: Level
    matched: int
    hidden: int
    examples: tuple[HiddenEvent, ...] = ()
    problem: str = ""  # why it could not be tried


@dataclass(frozen=True, slots=True)
class AlertPreview:
    """A stored alert that the filter touches: `hidden` of its `events` would not have been seen."""

    key: str
    rule_title: str
    incident: str | None
    events: int
    hidden: int

    @property
    def gone(self) -> bool:
        return self.hidden == self.events


@dataclass(frozen=True, slots=True)
class FilterPreview:
    """What a filter would have hidden of the events of [since, until), aware UTC."""

    title: str
    owner: str
    reason: str
    since: datetime
    until: datetime
    rules: tuple[RulePreview, ...] = ()
    alerts: tuple[AlertPreview, ...] = ()


def preview(ws: Workspace, item: Filter, days: float) -> FilterPreview:
    """Try a filter on the events of the last `days`, and on the alerts over them.

    Filters that are in force stay in force on both sides, so that what is counted is this filter's work alone.
    """
    until = ws.clock.now()
    since = until - timedelta(days=days)
    pack = load_rules(ws)
    before, _ = compiler_for(ws, pack, until)
    others = tuple(known for known in before.filters.applied if known.text.revision != item.text.revision)
    plain = Compiler(before.mappings, Filters(others, ()), placeholders=before.placeholders)
    tuned = Compiler(before.mappings, Filters((*others, item), ()), placeholders=before.placeholders)
    hidden: dict[str, set[str]] = {}
    with lake.connect(ws, since=since, until=until) as connection:
        within = f"time >= {moment(since)} AND time < {moment(until)}"
        found = tuple(
            tried(connection, rule, (plain, tuned), within, hidden.setdefault(rule.id, set()))
            for rule in pack.rules
            if not rule.is_correlation and is_meant(item, rule)
        )
    # A correlation loses what its rules lose.
    lost = {
        rule.id: set[str]().union(*(hidden.get(base.id, ()) for base in (rule.bases() or [rule])))
        for rule in pack.rules
    }
    alerts = tuple(_alerts(ws, since, lost))
    return FilterPreview(item.title, item.owner, item.reason, since, until, found, alerts)


def is_meant(item: Filter, rule: Rule) -> bool:
    """Whether the filter is for a rule, judged by what it says of itself: its condition is not looked at."""
    # What is kept of a rule says it all: of thousands no YAML is read.
    said = {key: rule.head.said[key] for key in ("title", "id", "name", "logsource") if key in rule.head.said}
    try:
        plain = {**said, "detection": {"any": {"field": "value"}, "condition": "any"}}
        return item.is_for(SigmaRule.from_dict(plain))
    except (SigmaError, ValueError, TypeError, AttributeError, KeyError):
        return False  # no rule that runs; its outcome says what is wrong with it


def tried(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    compilers: tuple[Compiler, Compiler],
    within: str,
    hidden: set[str],
) -> RulePreview:
    """What separates two compilers over one rule's events; `hidden` takes the ids that the second leaves out."""
    matched = 0
    examples: list[HiddenEvent] = []
    try:
        for plain, tuned in zip(*(compiler.searches(rule) for compiler in compilers), strict=True):
            matched += _number(connection, f"SELECT count(*) FROM (\n{plain.sql}\n) WHERE {within}")
            gone = (
                f"FROM (\n{plain.sql}\n) WHERE {within}\n"
                f"AND event_id NOT IN (SELECT event_id FROM (\n{tuned.sql}\n) WHERE {within})\nORDER BY time, event_id"
            )
            hidden.update(event for (event,) in connection.execute(f"SELECT event_id {gone}").fetchall())
            columns = f'event_id, time, "user", source_ip, host, left(message, {MESSAGE_CHARS})'
            rows = connection.execute(f"SELECT {columns} {gone} LIMIT {EXAMPLES}").fetchall()
            examples += [
                HiddenEvent(event, time, user, ip, host, message or "") for event, time, user, ip, host, message in rows
            ]
    except (RuleError, duckdb.Error) as error:
        reason = str(error).strip().splitlines()[0][:300]
        return RulePreview(rule.id, rule.title, rule.level, matched, len(hidden), problem=reason)
    return RulePreview(rule.id, rule.title, rule.level, matched, len(hidden), tuple(examples[:EXAMPLES]))


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _alerts(ws: Workspace, since: datetime, lost: Mapping[str, set[str]]) -> list[AlertPreview]:
    """The alerts since then that stand on any of the hidden events, those that would be gone first."""
    alert, event = cases.alert.c, cases.alert_event.c
    query = (
        select(alert.key, alert.rule_id, alert.rule_title, alert.incident, event.event_id)
        .join(cases.alert_event, event.alert_key == alert.key)
        .where(alert.last_time >= since)
        .order_by(alert.first_time, alert.key)
    )
    counts: dict[str, list[int]] = {}
    named: dict[str, tuple[str, str | None]] = {}
    with ws.database.read() as connection:
        for key, rule_id, title, incident, event_id in connection.execute(query):
            named[key] = (title, incident)
            total = counts.setdefault(key, [0, 0])
            total[0] += 1
            total[1] += event_id in lost.get(rule_id, ())
    touched = [AlertPreview(key, *named[key], events, gone) for key, (events, gone) in counts.items() if gone]
    return sorted(touched, key=lambda item: not item.gone)
