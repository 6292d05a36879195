"""Obligations of a jurisdiction profile: when they apply, when they are due, to whom, with what."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, model_validator

from breachwatch.respond.law.conditions import Condition, Threshold
from breachwatch.respond.law.words import (
    Confidence,
    DeadlineKind,
    Kind,
    NotSpecified,
    Part,
    Slug,
    Start,
    Words,
)


class Clock(Part):
    """What the time runs from. `arguable`: starts that others may name; the safe date takes the earliest."""

    start: Start
    arguable: tuple[Start, ...] = ()
    note: Words | None = None


class Deadline(Part):
    """How long there is. Hours run through weekends and clock changes; days exclude the first and include the last."""

    kind: DeadlineKind
    amount: Annotated[int, Field(ge=1, le=3660)] | None = None
    qualifier: Words | None = None
    roll: Literal["none", "next_business_day"] = "none"
    roll_authority: Words | None = None
    calendar: Slug | None = None
    note: Words | None = None

    @model_validator(mode="after")
    def _complete(self) -> Deadline:
        if self.kind.counted != (self.amount is not None):
            what = "needs an amount" if self.kind.counted else "has no amount"
            msg = f"a deadline of kind {self.kind.value!r} {what}"
            raise ValueError(msg)
        if self.kind in {DeadlineKind.QUALITATIVE, DeadlineKind.IMMEDIATE} and self.qualifier is None:
            msg = f"a deadline of kind {self.kind.value!r} is its words: it needs a qualifier"
            raise ValueError(msg)
        needs_calendar = self.kind is DeadlineKind.BUSINESS_DAYS or self.roll != "none"
        if needs_calendar != (self.calendar is not None):
            msg = "a calendar is named where business days are counted or the last day may move, and only there"
            raise ValueError(msg)
        if self.roll != "none" and (self.kind is not DeadlineKind.CALENDAR_DAYS or self.roll_authority is None):
            msg = "only the last of calendar days moves, and roll_authority names the law that says so"
            raise ValueError(msg)
        return self

    @property
    def words(self) -> str:
        """The deadline as people say it, without its start."""
        if not self.kind.counted:
            return self.qualifier or {DeadlineKind.NONE: "none"}.get(self.kind, self.kind.value)
        unit = self.kind.value.replace("_", " ")
        limit = f"{self.amount} {unit if self.amount != 1 else unit.removesuffix('s')}"
        return f"{self.qualifier}, at most {limit}" if self.qualifier else limit


class PolicyTarget(Part):
    """What a city may set itself; always shown as policy, never as law."""

    amount: Annotated[int, Field(ge=1, le=3660)]
    unit: Literal["hours", "calendar_days", "months"]
    start: Start | None = None
    note: Words

    @model_validator(mode="after")
    def _complete(self) -> PolicyTarget:
        if (self.start is None) != (self.unit == "months"):
            msg = "a target in hours or days has a start; one in months is a length of service and has none"
            raise ValueError(msg)
        return self


class Extension(Part):
    """What moves or pauses a deadline. `pauses`: for as long as it lasts, as at the request of law enforcement."""

    id: Slug
    text: Words
    pauses: bool = False
    amount: Annotated[int, Field(ge=1, le=3660)] | None = None  # calendar days more
    citation: Words
    confidence: Confidence

    @model_validator(mode="after")
    def _one_way(self) -> Extension:
        if self.pauses and self.amount is not None:
            msg = "an extension pauses the clock or adds days to it, not both"
            raise ValueError(msg)
        return self


class Recipient(Part):
    """Who is told, and through which door."""

    role: Slug
    name: Words | NotSpecified = "not specified"
    channel: Words | NotSpecified = "not specified"
    url: HttpUrl | None = None
    fallback: Words | None = None
    instead: Words | None = None  # another recipient in some cases


class Substitute(Part):
    """Another way to tell people, where the ordinary one cannot be used."""

    if_any: Annotated[tuple[Condition, ...], Field(min_length=1)]
    ways: Annotated[tuple[Words, ...], Field(min_length=1)]
    all_ways: bool
    confidence: Confidence


class Method(Part):
    """How notice is given."""

    ways: Annotated[tuple[Words, ...], Field(min_length=1)]
    substitute: Substitute | None = None
    special_cases: tuple[Words, ...] = ()
    own_procedure: Words | None = None  # a city with its own consistent procedure may follow that
    citation: Words


class Content(Part):
    """What it must say. `document` names the profile's entry under `documents`."""

    mandated: bool
    document: Slug | None = None
    fields: tuple[Words, ...] = ()
    note: Words | None = None


class Exemption(Part):
    """Why a record may be withheld; `covers` are the reasons of the allow-list of releases that it is proposed for."""

    id: Slug
    text: Words
    citation: Words
    confidence: Confidence
    covers: tuple[Literal["security", "investigation", "privileged", "personnel", "private"], ...] = ()


class Obligation(Part):
    """A duty, or a recommendation (`required_by_law` false), with everything a clock and a draft need."""

    id: Slug
    title: Words
    kind: Kind
    enabled: bool = True
    disabled_because: Words | None = None
    required_by_law: bool = True
    applies_if: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    threshold: Threshold | None = None
    clock: Clock | None = None
    deadline: Deadline
    policy_target: PolicyTarget | None = None
    extensions: tuple[Extension, ...] = ()
    recipient: Recipient | None = None
    method: Method | None = None
    content: Content | None = None
    exemptions: tuple[Exemption, ...] = ()
    warning: Words | None = None
    note: Words | None = None
    citation: Annotated[tuple[Words, ...], Field(min_length=1)]
    formerly: tuple[Words, ...] = ()
    effective_from: date | NotSpecified
    effective_to: date | None = None
    confidence: Annotated[dict[Slug, Confidence], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Obligation:
        if self.deadline.kind.counted and self.clock is None:
            msg = "a deadline with an amount needs a clock: what does it run from?"
            raise ValueError(msg)
        if isinstance(self.effective_from, date) and self.effective_to and self.effective_to < self.effective_from:
            msg = f"it ends ({self.effective_to}) before it begins ({self.effective_from})"
            raise ValueError(msg)
        if self.enabled == (self.disabled_because is not None):
            msg = "an obligation that is not enabled says why (disabled_because), and only that one does"
            raise ValueError(msg)
        return self

    def in_force(self, day: date) -> bool:
        """Whether this version of the rule holds for a clock that begins on `day`."""
        begun = self.effective_from == "not specified" or (
            isinstance(self.effective_from, date) and day >= self.effective_from
        )
        return begun and (self.effective_to is None or day <= self.effective_to)
