"""Grouping: which incident an alert belongs to, and why. Pure; the records are read before and written after.

An alert joins an open incident that shares one of its ties (see `entities`), lies within `gap` of those of the
incident's alerts that could open one, and keeps the incident's whole span within `max_span`. The kinds of entities are
tried in the order that the rule or the settings give; where several incidents share an entity of the first kind that
finds any, the oldest is joined. Lower alerts join and keep nothing alive: an administrator's sign-ins of every evening
would draw the incident on until it has taken in what the next intruder does.
An alert at or above the minimum level that joins none opens one, and takes along the alerts below that level that were
waiting without an incident and share a tie with it. Alerts are placed in time order, so that the same alerts
give the same incidents, recorded at once or night by night.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from breachwatch.incidents.common import Common
from breachwatch.incidents.entities import as_named, kept, offers, ties
from breachwatch.incidents.title import make_title
from breachwatch.model.finding import Entity, Level
from breachwatch.model.incident import How, IncidentState, Joined

_MEMBERS_KEPT = 32  # alerts of an incident that are remembered for one entity, to say which one another joined by


@dataclass(frozen=True, slots=True)
class Alert:
    """What grouping needs to know of an alert. `order` is what its rule says; empty: as the settings have it."""

    key: str
    rule_title: str
    level: Level
    first_time: datetime
    last_time: datetime
    entities: tuple[Entity, ...]
    rule_id: str = ""
    order: tuple[str, ...] = ()


@dataclass(slots=True)
class Case:
    """An incident while alerts are placed. `order` counts in the order of opening: the smaller, the older."""

    number: str
    order: int
    state: IncidentState
    level: Level
    title: str
    first_time: datetime
    last_time: datetime
    entities: dict[Entity, datetime] = field(default_factory=dict)  # with the time each was active last
    firm: set[Entity] = field(default_factory=set)  # by which every alert joins
    offered: set[Entity] = field(default_factory=set)  # by which alerts of weight join, too
    members: dict[Entity, deque[Alert]] = field(default_factory=dict)  # alerts that offer an entity, the newest
    active: tuple[datetime, datetime] | None = None  # first and last time of the alerts that could open an incident
    version: int = 1
    new: bool = False
    changed: bool = False

    def take(self, alert: Alert, minimum: Level) -> frozenset[Entity]:
        """Learn from one of its alerts what ties others to it and when it was active; gives what it offers anew."""
        offer = offers(alert.entities, alert.rule_id)
        new = offer.weak - self.offered
        self.firm.update(offer.firm)
        self.offered.update(offer.weak)
        for entity in offer.weak:
            self.members.setdefault(entity, deque(maxlen=_MEMBERS_KEPT)).append(alert)
        if alert.level >= minimum:
            begin, end = self.active or (alert.first_time, alert.last_time)
            self.active = min(begin, alert.first_time), max(end, alert.last_time)
        return new

    def nearest(self, entity: Entity, alert: Alert) -> Alert | None:
        """Of its alerts that offer the entity, the one that lies nearest in time to another alert."""
        others = (item for item in self.members.get(entity, ()) if item.key != alert.key)
        return min(others, key=lambda item: (_apart(item, alert), item.first_time, item.key), default=None)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an alert went and why. `others` are open incidents it also connects; `adopted` waited and came along."""

    case: Case | None
    joined: Joined | None = None
    others: tuple[Case, ...] = ()
    adopted: tuple[tuple[Alert, Joined], ...] = ()
    raised_from: Level | None = None

    @property
    def opened(self) -> bool:
        return self.joined is not None and self.joined.how is How.OPENED


class Grouping:
    """The open incidents and the alerts without one, while new alerts are placed."""

    def __init__(
        self,
        cases: Iterable[Case],
        loose: Iterable[Alert],
        *,
        gap: timedelta,
        max_span: timedelta,
        minimum: Level,
        order: tuple[str, ...],
        common: Common,
        next_number: Callable[[], tuple[str, int]],
    ) -> None:
        self._gap = gap
        self._max_span = max_span
        self._minimum = minimum
        self._order = order
        self._common = common
        self._next_number = next_number
        self._by_entity: dict[Entity, list[Case]] = {}
        self._loose: dict[Entity, dict[str, Alert]] = {}
        self.cases: list[Case] = []
        for case in cases:
            self.cases.append(case)
            for entity in case.offered | case.entities.keys():
                self._by_entity.setdefault(entity, []).append(case)
        for alert in loose:
            self._wait(alert)

    def place(self, alert: Alert) -> Placed:
        """Find or open the incident of a new alert, or of one that grew while it waited without an incident."""
        self._forget(alert)
        found = self._candidates(alert)
        if found:
            entity, case = found[0]
            joined = self._joined(How.JOINED, case, entity, alert)
            connected = tuple({item.number: item for _, item in found if item is not case}.values())
        elif alert.level >= self._minimum:
            case, connected = self._open(alert), ()
            joined = Joined(case.number, How.OPENED)
        else:
            self._wait(alert)
            return Placed(None)
        old_level = case.level
        self.extend(case, alert)
        if alert.level > old_level:
            case.level = alert.level
            case.title = make_title(alert.rule_title, alert.entities)
        adopted = self._adopt(case, alert)
        return Placed(case, joined, connected, adopted, raised_from=old_level if case.level != old_level else None)

    def extend(self, case: Case, alert: Alert) -> None:
        """Take an alert's times and entities into its incident: a new alert, or one that grew."""
        case.first_time = min(case.first_time, alert.first_time)
        case.last_time = max(case.last_time, alert.last_time)
        case.changed = True
        for entity in case.take(alert, self._minimum) - case.entities.keys():
            self._by_entity.setdefault(entity, []).append(case)
        for entity in kept(alert.entities):
            if entity not in case.entities and entity not in case.offered:
                self._by_entity.setdefault(entity, []).append(case)
            case.entities[entity] = max(alert.last_time, case.entities.get(entity, alert.last_time))

    def ties(self, alert: Alert) -> tuple[Entity, ...]:
        """What the alert joins by, in order."""
        is_common = self._common.at(alert.first_time)
        return ties(alert.entities, alert.order or self._order, rule_id=alert.rule_id, is_common=is_common)

    def _open(self, alert: Alert) -> Case:
        number, order = self._next_number()
        case = Case(
            number,
            order,
            IncidentState.PRESERVING,
            alert.level,
            make_title(alert.rule_title, alert.entities),
            alert.first_time,
            alert.last_time,
            new=True,
        )
        self.cases.append(case)
        return case

    def _candidates(self, alert: Alert) -> list[tuple[Entity, Case]]:
        """The incidents it may join with the entity that ties it: by the order of kinds, then the oldest."""
        ranks: dict[str, int] = {}
        found: list[tuple[int, int, int, Entity, Case]] = []
        for place, entity in enumerate(self.ties(alert)):
            rank = ranks.setdefault(entity.kind, len(ranks))
            found += [
                (rank, case.order, place, entity, case)
                for case in self._by_entity.get(entity, ())
                if (alert.level >= self._minimum or entity in case.firm) and self._fits(case, alert)
            ]
        return [(entity, case) for *_, entity, case in sorted(found, key=lambda item: item[:3])]

    def _fits(self, case: Case, alert: Alert) -> bool:
        begin, end = case.active or (case.first_time, case.last_time)
        apart = max(alert.first_time - end, begin - alert.last_time)
        span = max(case.last_time, alert.last_time) - min(case.first_time, alert.first_time)
        return not case.state.ended and apart <= self._gap and span <= self._max_span

    def _joined(self, how: How, case: Case, entity: Entity, alert: Alert) -> Joined:
        other = case.nearest(entity, alert)
        gap = int(_apart(other, alert).total_seconds()) if other else 0
        return Joined(case.number, how, as_named(entity), other.key if other else "", gap)

    def _wait(self, alert: Alert) -> None:
        for entity in self.ties(alert):
            self._loose.setdefault(entity, {})[alert.key] = alert

    def _forget(self, alert: Alert) -> None:
        for entity in self.ties(alert):
            self._loose.get(entity, {}).pop(alert.key, None)

    def _adopt(self, case: Case, alert: Alert) -> tuple[tuple[Alert, Joined], ...]:
        waiting = {
            key: (loose, entity)
            for entity in reversed(self.ties(alert))
            for key, loose in self._loose.get(entity, {}).items()
            if self._fits(case, loose)
        }
        adopted = []
        for loose, entity in sorted(waiting.values(), key=lambda item: (item[0].first_time, item[0].key)):
            if not self._fits(case, loose):  # an earlier one may have used up the span
                continue
            joined = self._joined(How.CAME_ALONG, case, entity, loose)
            self.extend(case, loose)
            adopted.append((loose, joined))
            self._forget(loose)
        return tuple(adopted)


def _apart(one: Alert, other: Alert) -> timedelta:
    """The time between two alerts; none where they overlap."""
    return max(one.first_time - other.last_time, other.first_time - one.last_time, timedelta())
