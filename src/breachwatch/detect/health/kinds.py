"""What a rule about logs says under its own key.

    breachwatch:
      gap:
        number: EventRecordID
        by: [Channel]
      backwards:
        minutes: 10
      silence:
        history_days: 28

A rule has one of them. `gap` and `backwards` look at the records that the rule's `detection` matches; `silence` at
everything that a source gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from breachwatch.detect.analytics import asked
from breachwatch.detect.analytics.kinds import KEYS as ANALYTIC_KEYS
from breachwatch.errors import UnknownNameError
from breachwatch.model.formats import format_named

KEYS = ("gap", "backwards", "silence")


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that a log gives its records one after the other, some of which are missing.

    `number` is the field with the number (its last digits, where it holds more); one run of numbers is what has the
    same source, host and `by`. Only logs of `formats` are looked at (empty: of all). A number that is lower by more
    than `slack` than the record before it is a fresh start. A stream counts as numbered throughout where it has at
    least `least_records` and at most one step in twenty leaves out numbers (a log that was filtered on its way has
    gaps everywhere).
    """

    number: str
    by: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    slack: int = 100
    least_records: int = 20
    history: timedelta = timedelta(days=14)

    @classmethod
    def of(cls, custom: Mapping[str, Any]) -> Gap | None:
        """Read the key; None where the rule has none. Raises ValueError."""
        known = {"number", "by", "formats", "slack", "least_records", "history_days"}
        said = asked.mapping(custom, "gap", known)
        if said is None:
            return None
        (number,) = asked.field_names("gap.number", said.get("number"))[:1]
        return cls(
            number,
            asked.field_names("gap.by", said["by"]) if "by" in said else (),
            _formats("gap.formats", said.get("formats")),
            int(asked.number("gap.slack", said.get("slack", 100), 1, 10**6)),
            int(asked.number("gap.least_records", said.get("least_records", 20), 2, 10**6)),
            asked.days("gap.history_days", said.get("history_days", 14), most=366),
        )


@dataclass(frozen=True, slots=True)
class Backwards:
    """A log whose time goes back by more than `step` from one record to the next of the same host.

    `order` is a field that numbers the records, where their order in the file is not that of writing.
    """

    step: timedelta = timedelta(minutes=10)
    order: str = ""
    by: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()

    @classmethod
    def of(cls, custom: Mapping[str, Any]) -> Backwards | None:
        """Read the key; None where the rule has none. Raises ValueError."""
        said = asked.mapping(custom, "backwards", {"minutes", "order", "by", "formats"})
        if said is None:
            return None
        (order,) = asked.field_names("backwards.order", said["order"])[:1] if "order" in said else ("",)
        return cls(
            timedelta(minutes=asked.number("backwards.minutes", said.get("minutes", 10), 1 / 60, 60 * 24 * 366)),
            order,
            asked.field_names("backwards.by", said["by"]) if "by" in said else (),
            _formats("backwards.formats", said.get("formats")),
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """A source that says nothing for longer than is usual for it.

    Learned from `history` of its own events, if they go back `least` at least; silences shorter than `floor` are none.
    """

    history: timedelta = timedelta(days=28)
    least: timedelta = timedelta(days=14)
    floor: timedelta = timedelta(hours=3)

    @classmethod
    def of(cls, custom: Mapping[str, Any]) -> Silence | None:
        """Read the key; None where the rule has none. Raises ValueError."""
        said = asked.mapping(custom, "silence", {"history_days", "least_days", "least_hours"})
        if said is None:
            return None
        made = cls(
            asked.days("silence.history_days", said.get("history_days", 28), least=7, most=366),
            asked.days("silence.least_days", said.get("least_days", 14), least=7, most=366),
            timedelta(hours=asked.number("silence.least_hours", said.get("least_hours", 3), 1, 24 * 366)),
        )
        if made.least > made.history:
            msg = "`silence.least_days` must not be more than `silence.history_days`"
            raise ValueError(msg)
        return made


Health = Gap | Backwards | Silence


def health_of(custom: Mapping[str, Any]) -> Health | None:
    """What a rule about logs asks; None for any other rule. Raises ValueError."""
    named = [key for key in (*KEYS, *ANALYTIC_KEYS) if custom.get(key) is not None]
    if not set(named) & set(KEYS):
        return None
    if len(named) > 1:
        msg = f"a rule can be of one type only, not `{named[0]}` and `{named[1]}`"
        raise ValueError(msg)
    return Gap.of(custom) or Backwards.of(custom) or Silence.of(custom)


def is_about_logs(custom: Mapping[str, Any]) -> bool:
    """Whether a rule is of one of these types, rightly written or not."""
    return any(custom.get(key) is not None for key in KEYS)


def _formats(key: str, value: object) -> tuple[str, ...]:
    names = asked.field_names(key, value) if value is not None else ()
    for name in names:
        try:
            format_named(name)
        except UnknownNameError as error:
            msg = f"`{key}`: {error}"
            raise ValueError(msg) from None
    return names
