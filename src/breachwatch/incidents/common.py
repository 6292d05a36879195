"""Entities that many cases have in common: a NAT address, a scanner, a domain controller, a service account.

An entity is common if the settings say so (`[incidents] shared`), or if the alerts of the days before name it with many
others (an address or host with many accounts, an account with many hosts and addresses), or if it was in alerts of
weight on many of those days. Only whole days (UTC) before an alert's own count, so that an attack of one night does not
make its own source common, and so that the same alerts are judged alike, recorded at once or night by night.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fnmatch import translate
from functools import cached_property

from sqlalchemy import Connection, select

from breachwatch.incidents.entities import CROWD, named
from breachwatch.model.finding import Entity, Level
from breachwatch.records import cases
from breachwatch.settings_incidents import Incidents

_NIGHTS_AT_LEAST = 3
"""Partners count from so many days on: an attacker may try a hundred accounts from one address in a night."""
_PARTNERS_KEPT = 64  # of one entity and day; more than any bound that makes sense


@dataclass(frozen=True, slots=True)
class Sighting:
    """That an alert named these entities."""

    at: datetime
    level: Level
    entities: tuple[Entity, ...]


@dataclass(slots=True)
class _Day:
    partners: set[str] = field(default_factory=set)
    weighty: bool = False


@dataclass(frozen=True)
class SharedNames:
    """The names of the settings: texts with `*`, addresses and networks, of whatever kind."""

    names: tuple[str, ...]

    @cached_property
    def _texts(self) -> re.Pattern[str]:
        return patterns(name for name in self.names if "/" not in name)

    @cached_property
    def _networks(self) -> Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        return [ipaddress.ip_network(name, strict=False) for name in self.names if "/" in name]

    def has(self, entity: Entity) -> bool:
        value = entity.value
        if self._texts.fullmatch(value) or (
            entity.kind == "user" and self._texts.fullmatch(value.rsplit("\\", 1)[-1].split("@")[0])
        ):
            return True
        try:
            address = ipaddress.ip_address(value) if self._networks else None
        except ValueError:
            return False
        return address is not None and any(address in network for network in self._networks)


def patterns(names: Iterable[str]) -> re.Pattern[str]:
    """One expression that matches lower-case text that one of the names, with `*` and `?`, describes whole."""
    parts = [translate(name.strip().casefold()) for name in names]
    return re.compile("|".join(parts) or r"(?!)")


class Common:
    """Judges whether an entity was common on a day, by the settings and by what alerts named on the days before."""

    def __init__(self, settings: Incidents, minimum: Level) -> None:
        self._settings = settings
        self._minimum = minimum
        self._shared = SharedNames(settings.shared)
        self._days: dict[Entity, dict[date, _Day]] = defaultdict(dict)
        self._judged: dict[tuple[Entity, date], str] = {}

    def learn(self, sightings: Iterable[Sighting], about: Collection[Entity] | None = None) -> None:
        """Remember what alerts named; with `about`, only of these entities. An alert may be told more than once."""
        self._judged.clear()
        for seen in sightings:
            known = named(seen.entities)
            users = [item for item in known if item.kind == "user"]
            others = [item for item in known if item.kind != "user"]
            for entity in known:
                if about is not None and entity not in about:
                    continue
                day = self._days[entity].setdefault(seen.at.date(), _Day())
                day.weighty = day.weighty or seen.level >= self._minimum
                partners = others if entity.kind == "user" else users
                if len(partners) <= CROWD and len(day.partners) < _PARTNERS_KEPT:
                    day.partners.update(item.value for item in partners)

    def why(self, entity: Entity, at: datetime) -> str:
        """Why the entity was common at that time; "" if it was not."""
        key = (entity, at.date())
        if key not in self._judged:
            self._judged[key] = self._judge(*key)
        return self._judged[key]

    def at(self, moment: datetime) -> Callable[[Entity], bool]:
        """The judgement at one time, as `entities.ties` asks for it."""
        return lambda entity: bool(self.why(entity, moment))

    def _judge(self, entity: Entity, today: date) -> str:
        if self._shared.has(entity):
            return "the settings list it under incidents.shared"
        since = today - timedelta(days=self._settings.history_days)
        days = [day for on, day in self._days.get(entity, {}).items() if since <= on < today]
        partners = set[str]().union(*(day.partners for day in days))
        if len(days) >= _NIGHTS_AT_LEAST and len(partners) >= self._settings.common_partners:
            others = "hosts and addresses" if entity.kind == "user" else "accounts"
            return f"alerts of {len(days)} days before name it with {len(partners)} {others}"
        weighty = sum(day.weighty for day in days)
        if weighty >= self._settings.common_days:
            return f"alerts of weight name it on {weighty} days before"
        return ""


def sightings(connection: Connection, start: datetime, end: datetime) -> Iterator[Sighting]:
    """What the recorded alerts that began in [start, end) named."""
    columns = cases.alert.c
    query = select(columns.first_time, columns.level, columns.entities).where(
        columns.first_time >= start, columns.first_time < end
    )
    for row in connection.execute(query):
        entities = tuple(Entity(kind, value) for kind, value in json.loads(row.entities))
        yield Sighting(row.first_time, Level(row.level), entities)
