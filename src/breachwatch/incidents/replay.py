"""What other parameters of grouping would do: stored alerts are placed anew, by both, and nothing is written.

Both times it is the parameters alone that decide: what people merged, closed or moved is left aside, so that what
differs comes from the parameters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from breachwatch.errors import UsageError
from breachwatch.incidents import stored
from breachwatch.incidents.common import Common, Sighting, sightings
from breachwatch.incidents.grouping import Alert, Grouping
from breachwatch.incidents.orders import join_orders
from breachwatch.model.finding import Level
from breachwatch.records import cases
from breachwatch.settings_incidents import Incidents
from breachwatch.workspace import Workspace

MOST_ALERTS = 200_000
_NAMED = 12


@dataclass(frozen=True, slots=True)
class Regrouped:
    """An incident of one way of grouping that is several of the other. Numbers are those of stored incidents."""

    incidents: tuple[str, ...]  # that would be one; of a split: the one
    parts: tuple[int, ...]  # alerts of each part
    title: str


@dataclass(frozen=True, slots=True)
class GroupingPreview:
    """What would differ for the alerts of [since, until), aware UTC."""

    since: datetime
    until: datetime
    alerts: int
    nights: int  # on which alerts began
    incidents_now: int
    incidents_then: int
    joined: tuple[Regrouped, ...]
    split: tuple[Regrouped, ...]
    left_out: int  # alerts that belong to an incident now and would not
    taken_in: int  # alerts that belong to none now and would


def placed(alerts: Sequence[Alert], settings: Incidents, history: Iterable[Sighting] = ()) -> dict[str, str]:
    """By key: the incident that each alert would get, all placed in time order from nothing; without one, left out.

    `history` is what earlier alerts named.
    """
    minimum = Level.parse(settings.minimum_level)
    common = Common(settings, minimum)
    common.learn(history)
    common.learn(Sighting(alert.first_time, alert.level, alert.entities) for alert in alerts)
    count = 0

    def next_number() -> tuple[str, int]:
        nonlocal count
        count += 1
        return f"{count}", count

    grouping = Grouping(
        (),
        (),
        gap=timedelta(hours=settings.gap_hours),
        max_span=timedelta(days=settings.max_span_days),
        minimum=minimum,
        order=settings.order,
        common=common,
        next_number=next_number,
    )
    found: dict[str, str] = {}
    for alert in sorted(alerts, key=lambda item: (item.first_time, item.key)):
        result = grouping.place(alert)
        if result.case is not None:
            found[alert.key] = result.case.number
            found.update((other.key, result.case.number) for other, _ in result.adopted)
    return found


def preview_grouping(
    ws: Workspace, changed: Incidents, *, since: datetime | None = None, until: datetime | None = None
) -> GroupingPreview:
    """What grouping by `changed` instead of the settings would do to the stored alerts that began in [since, until).

    Without `since`, those of the last thirty days. Raises UsageError for more than 200,000 alerts.
    """
    until = until or ws.clock.now()
    since = since or until - timedelta(days=30)
    now = ws.settings.incidents
    reach = max(now.history_days, changed.history_days)
    with ws.database.read() as connection:
        alerts, incident_of = _stored(connection, since, until)
        history = list(sightings(connection, since - timedelta(days=reach + 1), since))
    before, after = placed(alerts, now, history), placed(alerts, changed, history)
    titles = {alert.key: alert.rule_title for alert in alerts}
    return GroupingPreview(
        since=since,
        until=until,
        alerts=len(alerts),
        nights=len({alert.first_time.astimezone(ws.settings.city.zone).date() for alert in alerts}),
        incidents_now=len(set(before.values())),
        incidents_then=len(set(after.values())),
        joined=_regrouped(after, before, incident_of, titles),
        split=_regrouped(before, after, incident_of, titles),
        left_out=len(before.keys() - after.keys()),
        taken_in=len(after.keys() - before.keys()),
    )


def _stored(connection: Connection, since: datetime, until: datetime) -> tuple[list[Alert], dict[str, str]]:
    columns = cases.alert.c
    rows = connection.execute(
        select(cases.alert)
        .where(columns.first_time >= since, columns.first_time < until)
        .order_by(columns.first_time, columns.key)
        .limit(MOST_ALERTS + 1)
    ).all()
    if len(rows) > MOST_ALERTS:
        msg = f"more than {MOST_ALERTS:,} alerts began since {since:%Y-%m-%d}; look at fewer days."
        raise UsageError(msg)
    orders = join_orders(connection, (row.rule_revision for row in rows))
    alerts = [stored.to_alert(row, orders.get(row.rule_revision, ())) for row in rows]
    return alerts, {row.key: row.incident for row in rows if row.incident}


def _regrouped(
    whole: Mapping[str, str], parts: Mapping[str, str], incident_of: Mapping[str, str], titles: Mapping[str, str]
) -> tuple[Regrouped, ...]:
    """The groups of `whole` whose alerts are in several of `parts`, the largest first."""
    members: dict[str, list[str]] = defaultdict(list)
    for key, group in whole.items():
        members[group].append(key)
    found = []
    for keys in members.values():
        sizes = Counter(parts[key] for key in keys if key in parts)
        if len(sizes) < 2:
            continue
        numbers = dict.fromkeys(incident_of[key] for key in keys if key in incident_of)
        found.append(
            Regrouped(tuple(list(numbers)[:_NAMED]), tuple(sorted(sizes.values(), reverse=True)), titles[keys[0]])
        )
    return tuple(sorted(found, key=lambda item: (-sum(item.parts), item.incidents)))
