"""A jurisdiction profile: who is bound, what data is covered, and what a breach obliges them to.

Schema 1. Every value that is law has a citation and says how it was checked; what a source leaves open is written
`not specified`. All of it is planning data that counsel confirms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from breachwatch.respond.law.calendars import Calendar
from breachwatch.respond.law.conditions import Condition
from breachwatch.respond.law.facts import ELEMENTS
from breachwatch.respond.law.obligations import Obligation
from breachwatch.respond.law.words import Cited, Confidence, Part, Slug, StateCode, Words
from breachwatch.settings_base import time_zone

CONFIRM = "Planning data, not legal advice: confirm with counsel."
"""Printed beside everything that comes from a profile."""


class Local(Part):
    """A fact of the city itself: a value, or `not specified` where its published pages say nothing."""

    value: Words | tuple[Words, ...]
    source: Words
    note: Words | None = None


class Definition(Part):
    """What the law calls a breach, or an incident."""

    text: Words
    acquisition_or_access: Literal["acquisition", "access", "either"]
    computerized_only: bool
    good_faith_exception: bool
    citation: Words
    confidence: Confidence


class CoveredData(Part):
    """Data whose breach counts: any of the elements, with what must come with it."""

    id: Slug
    any_of: Annotated[tuple[str, ...], Field(min_length=1)]
    with_name: bool = False  # only together with a person's name
    identifies_individual: bool = False  # only where it identifies somebody
    encrypted_excluded: bool
    citation: Words
    confidence: Confidence
    note: Words | None = None

    @model_validator(mode="after")
    def _known(self) -> CoveredData:
        unknown = [element for element in self.any_of if element not in ELEMENTS]
        if unknown:
            msg = f"there is no data element {unknown[0]!r}; known: {', '.join(ELEMENTS)}"
            raise ValueError(msg)
        return self


class Encryption(Part):
    """Whether encryption takes data out, and what brings it back."""

    excludes: bool
    lost_if: Words
    definition: Words
    citation: Words
    confidence: Confidence


class Document(Part):
    """What a notice or report must contain, and how it must look."""

    mandated: bool
    title: Words | None = None
    headings: tuple[Words, ...] = ()
    min_type_points: Annotated[int, Field(ge=6, le=24)] | None = None
    must_include: tuple[Words, ...] = ()
    must_include_if: tuple[Words, ...] = ()
    may_include: tuple[Words, ...] = ()
    languages: tuple[Slug, ...] = ("en",)
    citation: Words
    confidence: Confidence


class Retention(Part):
    """How long the file of an incident is kept."""

    minimum_years: Annotated[int, Field(ge=1, le=100)] | Literal["not specified"]
    rule: Words
    holds: tuple[Words, ...]
    citation: Words
    confidence: Confidence


class MailedRequest(Part):
    """When a mailed request for records counts as received, where nobody can show on which day it came."""

    business_days: Annotated[int, Field(ge=1, le=30)]  # after the date of the postmark, which does not count itself
    calendar: Slug
    citation: Words
    confidence: Confidence


class Profile(Part):
    """A state's rules for a city, or an overlay (federal law, contracts) that is added to one."""

    schema_version: Literal[1] = Field(alias="schema")
    id: Slug
    title: Words
    overlay: bool = False
    state: StateCode | None = None
    time_zone: str | None = None
    as_of: date
    review_by: date
    reviewed_by: Words | None = None  # counsel; while nobody has, it is a draft
    reviewed_at: date | None = None
    overlays: tuple[Slug, ...] = ()
    bound: tuple[Cited, ...]
    local: dict[Slug, Local] = Field(default={})
    definitions: dict[Slug, Definition] = Field(default={})
    covered_data: tuple[CoveredData, ...] = ()
    exclusions: tuple[Cited, ...] = ()
    encryption: Encryption | None = None
    risk_of_harm_test: Cited | None = None
    calendars: tuple[Calendar, ...] = ()
    obligations: tuple[Obligation, ...]
    retention: Retention | None = None
    mailed_request: MailedRequest | None = None
    penalties: tuple[Cited, ...] = ()
    penalties_of_city: Words = "not specified"
    documents: dict[Slug, Document] = Field(default={})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.time_zone is not None:
            time_zone(self.time_zone)
        if self.overlay == (self.state is not None and self.time_zone is not None):
            msg = "a profile names its state and time_zone; an overlay names neither"
            raise ValueError(msg)
        if (self.reviewed_by is None) != (self.reviewed_at is None):
            msg = "reviewed_by and reviewed_at stand together: who confirmed it, and when"
            raise ValueError(msg)
        if self.review_by <= self.as_of:
            msg = f"review_by ({self.review_by}) must be after as_of ({self.as_of})"
            raise ValueError(msg)
        _no_doubles("calendar", (item.id for item in self.calendars))
        _no_doubles("covered_data", (item.id for item in self.covered_data))
        _no_doubles("obligation", (f"{item.id} from {item.effective_from}" for item in self.obligations))
        for obligation in self.obligations:
            self._references(obligation)
        mailed = self.mailed_request
        if mailed is not None and mailed.calendar not in {item.id for item in self.calendars}:
            msg = f"mailed_request: there is no calendar {mailed.calendar!r} in this profile"
            raise ValueError(msg)
        return self

    def _references(self, obligation: Obligation) -> None:
        where = f"obligation {obligation.id!r}"
        calendar = obligation.deadline.calendar
        if calendar is not None and calendar not in {item.id for item in self.calendars}:
            msg = f"{where}: there is no calendar {calendar!r} in this profile"
            raise ValueError(msg)
        document = obligation.content.document if obligation.content else None
        if document is not None and document not in self.documents:
            msg = f"{where}: there is no document {document!r} under documents"
            raise ValueError(msg)
        ids, covered = {item.id for item in self.obligations}, {item.id for item in self.covered_data}
        for condition in self._conditions(obligation):
            if condition.obligation is not None and condition.obligation not in ids:
                msg = f"{where}: it applies if {condition.obligation!r} does, and there is no such obligation"
                raise ValueError(msg)
            missing = [item for item in condition.covered_data or () if item not in covered]
            if missing:
                msg = f"{where}: there is no covered_data {missing[0]!r} in this profile"
                raise ValueError(msg)
        _no_circle(obligation.id, {item.id: self._conditions(item) for item in self.obligations})

    @staticmethod
    def _conditions(obligation: Obligation) -> tuple[Condition, ...]:
        return (*obligation.applies_if, *obligation.unless)

    def obligation(self, name: str, day: date | None = None) -> Obligation:
        """The obligation of that id, in the version for clocks that begin on `day`; the newest without a day.

        Raises KeyError.
        """
        versions = [item for item in self.obligations if item.id == name]
        for item in reversed(versions):
            if day is None or item.in_force(day):
                return item
        if versions:
            return versions[-1]
        raise KeyError(name)

    def calendar(self, name: str) -> Calendar:
        """The calendar of that id. Raises KeyError."""
        for item in self.calendars:
            if item.id == name:
                return item
        raise KeyError(name)

    @property
    def status(self) -> str:
        """Whether counsel has confirmed it."""
        if self.reviewed_by is None:
            return "draft: not confirmed by counsel"
        return f"confirmed by {self.reviewed_by} on {self.reviewed_at}"


def _no_doubles(what: str, ids: Iterable[str]) -> None:
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        msg = f"two of the same {what}: {twice[0]}"
        raise ValueError(msg)


def _no_circle(start: str, conditions: dict[str, tuple[Condition, ...]]) -> None:
    seen, waiting = set(), [start]
    while waiting:
        for condition in conditions[waiting.pop()]:
            if condition.obligation == start:
                msg = f"obligation {start!r} depends on itself"
                raise ValueError(msg)
            if condition.obligation is not None and condition.obligation not in seen:
                seen.add(condition.obligation)
                if condition.obligation in conditions:
                    waiting.append(condition.obligation)
