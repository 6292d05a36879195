"""Grouping: which incident an alert belongs to. Pure; the records are read before and written after.

An alert joins an open incident that shares a strong entity with it (see `entities`), lies within `gap` of those of the
incident's alerts that could open one, and keeps the incident's whole span within `max_span`. Where several do, the
oldest is joined. Lower alerts join and keep nothing alive: an administrator's sign-ins of every evening would draw the
incident on until it has taken in what the next intruder does.
An alert at or above the minimum level that joins none opens one, and takes along the alerts below that level that were
waiting without an incident and share a strong entity with it. Alerts are placed in time order, so that the same alerts
give the same incidents, recorded at once or night by night.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from breachwatch.incidents.entities import kept, strong
from breachwatch.incidents.title import make_title
from breachwatch.model.finding import Entity, Level
from breachwatch.model.incident import IncidentState


@dataclass(frozen=True, slots=True)
class Alert:
    """What grouping needs to know of an alert."""

    key: str
    rule_title: str
    level: Level
    first_time: datetime
    last_time: datetime
    entities: tuple[Entity, ...]


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
    ties: set[Entity] = field(default_factory=set)  # those by which every alert joins: the strong ones of its alerts
    active: tuple[datetime, datetime] | None = None  # first and last time of the alerts that could open an incident
    version: int = 1
    new: bool = False
    changed: bool = False

    def take(self, alert: Alert, minimum: Level) -> None:
        """Learn from one of its alerts what ties others to it and when it was active."""
        self.ties.update(strong(alert.entities))
        if alert.level >= minimum:
            begin, end = self.active or (alert.first_time, alert.last_time)
            self.active = min(begin, alert.first_time), max(end, alert.last_time)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an alert went. `others` are open incidents it also connects; `adopted` waited and came along."""

    case: Case | None
    opened: bool = False
    others: tuple[Case, ...] = ()
    adopted: tuple[Alert, ...] = ()
    raised_from: Level | None = None


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
        next_number: Callable[[], tuple[str, int]],
    ) -> None:
        self._gap = gap
        self._max_span = max_span
        self._minimum = minimum
        self._next_number = next_number
        self._by_entity: dict[Entity, list[Case]] = {}
        self._loose: dict[Entity, dict[str, Alert]] = {}
        self.cases: list[Case] = []
        for case in cases:
            self.cases.append(case)
            for entity in case.entities:
                self._by_entity.setdefault(entity, []).append(case)
        for alert in loose:
            self._wait(alert)

    def place(self, alert: Alert) -> Placed:
        """Find or open the incident of a new alert, or of one that grew while it waited without an incident."""
        self._forget(alert)
        candidates = self._candidates(alert)
        if candidates:
            case, others, opened = candidates[0], tuple(candidates[1:]), False
        elif alert.level >= self._minimum:
            case, others, opened = self._open(alert), (), True
        else:
            self._wait(alert)
            return Placed(None)
        old_level = case.level
        self.extend(case, alert)
        if alert.level > old_level:
            case.level = alert.level
            case.title = make_title(alert.rule_title, alert.entities)
        adopted = self._adopt(case, alert)
        return Placed(
            case,
            opened,
            others,
            adopted,
            raised_from=old_level if case.level != old_level else None,
        )

    def extend(self, case: Case, alert: Alert) -> None:
        """Take an alert's times and entities into its incident: a new alert, or one that grew."""
        case.first_time = min(case.first_time, alert.first_time)
        case.last_time = max(case.last_time, alert.last_time)
        case.changed = True
        case.take(alert, self._minimum)
        for entity in kept(alert.entities):
            if entity not in case.entities:
                self._by_entity.setdefault(entity, []).append(case)
            case.entities[entity] = max(alert.last_time, case.entities.get(entity, alert.last_time))

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

    def _candidates(self, alert: Alert) -> list[Case]:
        found = {
            case.number: case
            for entity in strong(alert.entities)
            for case in self._by_entity.get(entity, ())
            if self._ties(case, entity, alert) and self._fits(case, alert)
        }
        return sorted(found.values(), key=lambda case: case.order)

    def _ties(self, case: Case, entity: Entity, alert: Alert) -> bool:
        return alert.level >= self._minimum or entity.kind == "host" or entity in case.ties

    def _fits(self, case: Case, alert: Alert) -> bool:
        begin, end = case.active or (case.first_time, case.last_time)
        apart = max(alert.first_time - end, begin - alert.last_time)
        span = max(case.last_time, alert.last_time) - min(case.first_time, alert.first_time)
        return case.state is not IncidentState.CLOSED and apart <= self._gap and span <= self._max_span

    def _wait(self, alert: Alert) -> None:
        for entity in strong(alert.entities):
            self._loose.setdefault(entity, {})[alert.key] = alert

    def _forget(self, alert: Alert) -> None:
        for entity in strong(alert.entities):
            self._loose.get(entity, {}).pop(alert.key, None)

    def _adopt(self, case: Case, alert: Alert) -> tuple[Alert, ...]:
        waiting = {
            key: loose
            for entity in strong(alert.entities)
            for key, loose in self._loose.get(entity, {}).items()
            if self._fits(case, loose)
        }
        adopted = []
        for loose in sorted(waiting.values(), key=lambda item: (item.first_time, item.key)):
            if not self._fits(case, loose):  # an earlier one may have used up the span
                continue
            self.extend(case, loose)
            adopted.append(loose)
            self._forget(loose)
        return tuple(adopted)
