"""What was written to and fro about a request, among all communications of the city: "keep copies" (Oxnard's guide)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from breachwatch.model.intake import Channel, Direction, Message
from breachwatch.model.people import Actor
from breachwatch.model.requests import RequestStep
from breachwatch.respond.intake.communications import keep
from breachwatch.respond.requests.reading import Request

_CHANNELS = {"mail": Channel.LETTER}
_IN, _OUT = Direction.IN, Direction.OUT
WRITTEN = {
    RequestStep.CLARIFICATION_ASKED: _OUT,
    RequestStep.CLARIFIED: _IN,
    RequestStep.EXTENDED: _OUT,
    RequestStep.DETERMINED: _OUT,
    RequestStep.DELIVERED: _OUT,
    RequestStep.SUBMITTED: _OUT,
    RequestStep.RULED: _IN,
}
"""Steps that are something written, and in which direction."""
_NOBODY = "a requester who gave no name"


def keep_written(  # noqa: PLR0913  what a message consists of
    connection: Connection,
    request: Request,
    direction: Direction,
    subject: str,
    *,
    by: Actor,
    at: datetime,
    now: datetime,
    evidence: str = "",
    other: str = "",
) -> int:
    """Keep a message of a request within the caller's transaction; `other` is who it is with, if not the requester."""
    who, city = other or request.requester or _NOBODY, f"{by.name}, for the city"
    message = Message(
        direction=direction,
        channel=_CHANNELS.get(request.channel) or _known(request.channel),
        sender=who if direction is _IN else city,
        recipients=(city,) if direction is _IN else (who,),
        at=at,
        subject=f"{request.number}: {' '.join(subject.split())}"[:500],
        evidence=evidence,
        request=request.number,
    )
    return keep(connection, message, by=by, at=now)


def _known(channel: str) -> Channel:
    return Channel(channel) if channel in set(Channel) else Channel.OTHER
