"""The words that jurisdiction profiles are written in."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

NOT_SPECIFIED = "not specified"
"""Stands where a source says nothing; printed as it is, never filled by a guess."""

NotSpecified = Literal["not specified"]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=64)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
StateCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Part(BaseModel):
    """A table of a profile: an unknown key is an error, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Confidence(StrEnum):
    """How a value of a profile was checked by whoever wrote it."""

    TEXT = "text"  # the wording of the statute or of the agency was read
    SUMMARY = "summary"  # a summary or quotation of it was read
    UNVERIFIED = "unverified"  # nothing was read: to be looked up
    CONFLICTING = "conflicting"  # sources disagree


class Kind(StrEnum):
    """What an obligation is."""

    INDIVIDUALS = "notify individuals"
    REGULATOR = "notify a regulator"
    STATE_CYBER = "report to the state's cyber authority"
    FEDERAL = "report to a federal body"
    CREDIT_AGENCIES = "notify consumer reporting agencies"
    DATA_OWNER = "notify the owner of the data"
    MEDIA = "notify the media"
    CONTRACT = "notify under a contract"
    INTERNAL = "report inside"
    RECORDS_REQUEST = "answer a public-records request"
    REMEDY = "offer a remedy"
    DOCUMENTATION = "write down"
    VOLUNTARY = "share by choice"


class Start(StrEnum):
    """What a clock begins with."""

    OCCURRED = "occurred"
    DISCOVERED = "discovered"
    SUSPECTED = "suspected"  # there was reason to suspect it
    CONFIRMED = "confirmed"  # as an incident
    DETERMINED = "determined"  # as a breach in the sense of the law: counsel's judgement
    NOTICE_DECIDED = "notice_decided"
    NOTICE_SENT = "notice_sent"  # to individuals
    RECOVERED = "recovered"  # eradicated, closed and recovered: the last of them
    DISCOVERY_YEAR_END = "discovery_year_end"  # 31 December of the year of discovery
    REQUEST_RECEIVED = "request_received"  # for public records

    @property
    def words(self) -> str:
        """The start as people say it."""
        return {
            Start.OCCURRED: "the occurrence",
            Start.DISCOVERED: "discovery",
            Start.SUSPECTED: "reasonable suspicion",
            Start.CONFIRMED: "confirmation of the incident",
            Start.DETERMINED: "determination that it is a breach",
            Start.NOTICE_DECIDED: "the decision to notify individuals",
            Start.NOTICE_SENT: "notice to individuals",
            Start.RECOVERED: "eradication, closure and recovery",
            Start.DISCOVERY_YEAR_END: "the end of the calendar year of discovery",
            Start.REQUEST_RECEIVED: "receipt of the request",
        }[self]


class DeadlineKind(StrEnum):
    """How a deadline is stated."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    BUSINESS_DAYS = "business_days"
    IMMEDIATE = "immediate"
    QUALITATIVE = "qualitative"  # words and no number
    NONE = "none"
    NOT_SPECIFIED = "not specified"

    @property
    def counted(self) -> bool:
        """Whether it has an amount."""
        return self in {DeadlineKind.HOURS, DeadlineKind.CALENDAR_DAYS, DeadlineKind.BUSINESS_DAYS}


class Cited(Part):
    """A statement with where it stands and how it was checked."""

    text: Words
    citation: Words
    confidence: Confidence = Field(description="how the statement was checked")
