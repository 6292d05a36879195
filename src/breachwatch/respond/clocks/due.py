"""When an obligation is due: a safe date, and the latest that the law can be read to allow.

`safe` counts from the earliest start that anybody could name, moves for no weekend, and of holidays leaves out only
national ones; alerts go by it. `latest` counts from the start that the law names, moves where the law moves the last
day, and knows every holiday and closed day of the calendar. Neither is ever made up: a deadline in words stays words.

Days exclude the first and include the last (Tex. Gov't Code 311.014; Cal. Gov. Code 6800); a day ends at midnight in
the city's time zone. Hours are elapsed hours, across clock changes and weekends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from breachwatch.errors import UsageError
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.profile import CONFIRM, Profile
from breachwatch.respond.law.words import DeadlineKind, Start

_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Delay:
    """A pause by an extension of the obligation, such as a request of law enforcement; `until` None while it lasts."""

    extension: str
    since: datetime  # aware
    until: datetime | None
    authority: str  # who asked for it, with the reference


@dataclass(frozen=True, slots=True)
class Longer:
    """An extension by days that was taken, with the day on which the notice that it needs was given."""

    extension: str
    taken_at: datetime  # aware


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due, in the zone of the city; with the steps of the count, for people to check.

    `safe` and `latest` are None where the deadline is words or its clock has not begun. `paused` names who asked for a
    delay that still lasts: neither date counts while it does.
    """

    obligation: str
    words: str
    start: Start | None
    started_at: datetime | None
    counted_from: datetime | None  # what the safe date counts from
    safe: datetime | None
    latest: datetime | None
    policy: datetime | None
    paused: str = ""
    steps: tuple[str, ...] = ()
    citation: tuple[str, ...] = ()
    confidence: Mapping[str, str] = field(default_factory=dict)
    confirm: str = CONFIRM


def due(
    profile: Profile,
    obligation: Obligation,
    anchors: Mapping[Start, datetime],
    zone: ZoneInfo,
    *,
    delays: Sequence[Delay] = (),
    longer: Sequence[Longer] = (),
) -> Due:
    """Compute one deadline from the anchor times that are known (aware; days are those of `zone`).

    Raises UsageError for a time without a zone, and for a delay or extension that the obligation does not know.
    """
    for moment in (*anchors.values(), *(delay.since for delay in delays)):
        if moment.tzinfo is None:
            msg = f"{moment} has no time zone; anchor times are aware."
            raise UsageError(msg)
    count = _Count(profile, obligation, zone, [])
    started, earliest = _starts(obligation, anchors, zone)
    safe = latest = None
    if obligation.deadline.kind.counted and earliest is not None:
        safe = count.safe(*earliest)
        if started is not None:
            count.steps.append(f"starts {_shown(started, zone)}: {_start_of(obligation).words}")
            latest = count.latest(started)
    elif obligation.deadline.kind.counted:
        count.steps.append(f"the clock has not begun: it runs from {_start_of(obligation).words}")
    safe, latest = count.extended(safe, latest, longer)
    safe, latest, paused = count.paused(safe, latest, delays)
    return Due(
        obligation.id,
        obligation.deadline.words,
        obligation.clock.start if obligation.clock else None,
        started,
        earliest[1] if earliest else None,
        safe,
        latest,
        _policy(obligation, anchors, zone),
        paused,
        tuple(count.steps),
        obligation.citation,
        {name: level.value for name, level in obligation.confidence.items()},
    )


@dataclass(slots=True)
class _Count:
    profile: Profile
    obligation: Obligation
    zone: ZoneInfo
    steps: list[str]

    def safe(self, start: Start, moment: datetime) -> datetime:
        """The cautious date: no move for weekends or holidays, national holidays alone are no business days."""
        deadline, amount = self.obligation.deadline, self.obligation.deadline.amount or 0
        if self.obligation.clock and start is not self.obligation.clock.start:
            self.steps.append(f"the safe date counts from {_shown(moment, self.zone)}: {start.words}")
        if deadline.kind is DeadlineKind.HOURS:
            return _hours_later(moment, amount, self.zone)
        day = moment.astimezone(self.zone).date()
        if deadline.kind is DeadlineKind.BUSINESS_DAYS:
            calendar = self.profile.calendar(deadline.calendar or "")
            return self._end(calendar.add_business_days(day, amount, cautious=True)[0])
        return self._end(day + timedelta(days=amount))

    def latest(self, moment: datetime) -> datetime:
        """The last moment that the law's own words allow."""
        deadline, amount = self.obligation.deadline, self.obligation.deadline.amount or 0
        if deadline.kind is DeadlineKind.HOURS:
            return _hours_later(moment, amount, self.zone)
        day = moment.astimezone(self.zone).date()
        if deadline.kind is DeadlineKind.BUSINESS_DAYS:
            last, steps = self.profile.calendar(deadline.calendar or "").add_business_days(day, amount)
            self.steps += steps
            return self._end(last)
        return self._rolled(day + timedelta(days=amount))

    def extended(
        self, safe: datetime | None, latest: datetime | None, longer: Sequence[Longer]
    ) -> tuple[datetime | None, datetime | None]:
        """Both dates with the days of an extension that was taken in time."""
        for taken in longer:
            found = next((item for item in self.obligation.extensions if item.id == taken.extension), None)
            if found is None or found.amount is None:
                known = ", ".join(item.id for item in self.obligation.extensions if item.amount) or "none"
                msg = f"{self.obligation.id} has no extension {taken.extension!r} by days. Known: {known}."
                raise UsageError(msg)
            if safe is None or latest is None:
                continue
            if taken.taken_at > latest:
                self.steps.append(f"the notice of {found.id} came after the last day and moves nothing")
                continue
            self.steps.append(f"{found.id}: {found.amount} calendar days more ({found.citation})")
            safe = self._end(safe.astimezone(self.zone).date() + timedelta(days=found.amount))
            latest = self._rolled(latest.astimezone(self.zone).date() + timedelta(days=found.amount))
        return safe, latest

    def paused(
        self, safe: datetime | None, latest: datetime | None, delays: Sequence[Delay]
    ) -> tuple[datetime | None, datetime | None, str]:
        """Both dates after delays. After a release notice is due at once: no law gives back the days that passed."""
        paused = ""
        for delay in delays:
            known = {item.id: item for item in self.obligation.extensions if item.pauses}
            if delay.extension not in known:
                names = ", ".join(known) or "nothing"
                msg = f"{self.obligation.id} is not paused by {delay.extension!r}; it is by: {names}."
                raise UsageError(msg)
            citation = known[delay.extension].citation
            if latest is not None and delay.since > latest:
                self.steps.append(f"the delay by {delay.authority} began after the last day and moves nothing")
            elif delay.until is None:
                paused = delay.authority
                self.steps.append(f"paused since {_shown(delay.since, self.zone)} by {delay.authority} ({citation})")
            else:
                self.steps.append(f"paused until {_shown(delay.until, self.zone)} by {delay.authority} ({citation})")
                if safe is not None and latest is not None:
                    released = delay.until.astimezone(self.zone)
                    safe = max(safe, released)
                    latest = max(latest, self._end(released.date()))
        return safe, latest, paused

    def _rolled(self, day: date) -> datetime:
        if self.obligation.deadline.roll == "none":
            return self._end(day)
        last, steps = self.profile.calendar(self.obligation.deadline.calendar or "").roll(day)
        self.steps += [
            *steps,
            *([f"moves to {last:%a %Y-%m-%d} ({self.obligation.deadline.roll_authority})"] if steps else []),
        ]
        return self._end(last)

    def _end(self, day: date) -> datetime:
        return datetime.combine(day, _END_OF_DAY, self.zone)


def _starts(
    obligation: Obligation, anchors: Mapping[Start, datetime], zone: ZoneInfo
) -> tuple[datetime | None, tuple[Start, datetime] | None]:
    """When the clock began by the law's words, and the earliest start that could be argued."""
    if obligation.clock is None:
        return None, None
    known = {start: _moment(start, anchors, zone) for start in (obligation.clock.start, *obligation.clock.arguable)}
    given = [(moment, start) for start, moment in known.items() if moment is not None]
    earliest = min(given, key=lambda item: item[0]) if given else None
    return known[obligation.clock.start], (earliest[1], earliest[0]) if earliest else None


def _moment(start: Start, anchors: Mapping[Start, datetime], zone: ZoneInfo) -> datetime | None:
    if start is not Start.DISCOVERY_YEAR_END:
        return anchors.get(start)
    discovered = anchors.get(Start.DISCOVERED)
    if discovered is None:
        return None
    return datetime.combine(date(discovered.astimezone(zone).year, 12, 31), _END_OF_DAY, zone)


def _start_of(obligation: Obligation) -> Start:
    return obligation.clock.start if obligation.clock else Start.DISCOVERED


def _policy(obligation: Obligation, anchors: Mapping[Start, datetime], zone: ZoneInfo) -> datetime | None:
    target = obligation.policy_target
    if target is None or target.start is None:
        return None
    moment = _moment(target.start, anchors, zone)
    if moment is None:
        return None
    if target.unit == "hours":
        return _hours_later(moment, target.amount, zone)
    return datetime.combine(moment.astimezone(zone).date() + timedelta(days=target.amount), _END_OF_DAY, zone)


def _hours_later(moment: datetime, hours: int, zone: ZoneInfo) -> datetime:
    return (moment.astimezone(UTC) + timedelta(hours=hours)).astimezone(zone)


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
