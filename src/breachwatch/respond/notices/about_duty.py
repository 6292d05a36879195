"""The duty that a paper serves, its deadlines and its recipient, and the deadlines that run in the incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from breachwatch.papers import Value
from breachwatch.papers.words import Language
from breachwatch.respond.duties.standing import Duty
from breachwatch.respond.law.obligations import Recipient
from breachwatch.respond.law.words import NOT_SPECIFIED, Kind

_AUTHORITIES = frozenset({Kind.REGULATOR, Kind.STATE_CYBER, Kind.FEDERAL, Kind.INTERNAL})
"""Kinds of obligations whose recipient the profile names; others are a class of people, such as "each individual"."""


def about_duty(duty: Duty) -> dict[str, Value]:
    """What the profile says of the obligation, and when it is due."""
    rule = duty.obligation
    named = rule.recipient is not None and rule.kind in _AUTHORITIES and rule.recipient.name != NOT_SPECIFIED
    return {
        "obligation_title": rule.title,
        "citation": "; ".join(rule.citation),
        "deadline": rule.deadline.words,
        "due_safe": duty.due.safe,
        "due_latest": duty.due.latest,
        "recipient_name": rule.recipient.name if named and rule.recipient is not None else None,
        "recipient_channel": _channel(rule.recipient),
    }


def about_clocks(duties: Sequence[Duty], language: Language, zone: ZoneInfo) -> list[dict[str, str]]:
    """The deadlines that count and are not met, in rows."""

    def moment(at: datetime | None, otherwise: str) -> str:
        return language.time(at.astimezone(zone)) if at is not None else otherwise

    return [
        {
            "duty": duty.obligation.title,
            "safe": moment(duty.due.safe, duty.obligation.deadline.words),
            "latest": moment(duty.due.latest, duty.obligation.deadline.words),
            "citation": "; ".join(duty.obligation.citation),
        }
        for duty in duties
        if duty.counts and not duty.met
    ]


def _channel(recipient: Recipient | None) -> Value:
    if recipient is None:
        return None
    parts = [recipient.channel if recipient.channel != NOT_SPECIFIED else "", str(recipient.url or "")]
    return ", ".join(part for part in parts if part) or None
