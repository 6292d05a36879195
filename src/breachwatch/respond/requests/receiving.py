"""A request for public records as it comes in: its exact words, its bytes as evidence, and the clock of the statute.

Nobody has to say who asks, or why. The law that is asked is the city's profile on the day of receipt, kept with the
request: a profile that is changed later moves no deadline behind anybody's back.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from breachwatch.errors import UsageError
from breachwatch.evidence.adding import Given, Receipt, add_file
from breachwatch.incidents.casework.changing import bounded, said
from breachwatch.incidents.casework.finding import row_of
from breachwatch.incidents.entities import storable
from breachwatch.model.intake import Direction
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import RequestStep
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records import requests as tables
from breachwatch.respond.law.loading import load_profile
from breachwatch.respond.requests.clocks import keep_reading
from breachwatch.respond.requests.mailed import presumed
from breachwatch.respond.requests.reading import Request, request_in
from breachwatch.respond.requests.stepping import stepping
from breachwatch.respond.requests.written import keep_written
from breachwatch.workspace import Workspace

CHANNELS = ("mail", "e-mail", "portal", "fax", "in person", "telephone", "other")
LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Incoming:
    """What came. `words` exactly as the requester wrote or said them; `received_at` aware, in the zone it was given.

    `because`: how the time of receipt is known, where it is not simply known (see `mailed`).
    """

    words: str
    channel: str
    received_at: datetime
    requester: str = ""
    contact: str = ""
    language: str = "en"
    because: str = ""


def receive(ws: Workspace, what: Incoming, *, by: Actor, files: Sequence[Path | Given] = ()) -> Request:
    """Write down a request, seal its bytes (the files, or the words where there is none), and start its clocks.

    Raises NotPermittedError, UsageError for a time without a zone or to come, an unknown channel or language, without
    words, and where the city has named no jurisdiction; EvidenceError and EnvironmentFault as `evidence.add_file` does.
    """
    require(by, Permission.ANSWER_REQUESTS)
    now = ws.clock.now()
    words = storable(said(what.words, "what is asked for"))
    _check(what, now)
    given = [*files] or [Given("request.txt", io.BytesIO(what.words.encode("utf-8", "surrogateescape")))]
    law, text = _law(ws)
    source = f"request for public records by {what.channel}"
    receipt = Receipt(what.requester.strip() or "a requester who gave no name", "a request", source, what.received_at)
    sealed = add_file(ws, given, by=by, receipt=receipt)
    with ws.database.write() as connection:
        number = _number(connection, now.astimezone(ws.settings.city.zone).year)
        row: dict[str, Any] = {
            "number": number,
            "received_at": what.received_at,
            "zone": _zone(what.received_at),
            "channel": what.channel,
            "requester": storable(bounded(what.requester, "the requester")),
            "contact": storable(bounded(what.contact, "the contact")),
            "language": what.language,
            "words": words,
            "evidence": sealed.number,
            "profile": law,
            "profile_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "law": text,
            "law_of": what.received_at.astimezone(ws.settings.city.zone).date().isoformat(),
            "recorded_by": by.name,
            "recorded_at": now,
        }
        connection.execute(tables.request.insert().values(**row))
        after = {"evidence": sealed.number, "received_at": what.received_at.isoformat(), "profile": law}
        after |= {"because": what.because} if what.because else {}
        audit.append(
            connection, at=now, by=by, entity=number, change="none -> received", reason=what.channel, after=after
        )
        keep_reading(connection, number, ws, because=what.because or "the request was received")
        found = request_in(connection, number)
        keep_written(
            connection, found, Direction.IN, "request", by=by, at=what.received_at, now=now, evidence=sealed.number
        )
        return found


def receive_mailed(
    ws: Workspace, what: Incoming, postmark: date, *, by: Actor, files: Sequence[Path | Given] = ()
) -> Request:
    """Write down a mailed request of which nobody can show when it came: by the law's rule, from its postmark.

    `what.received_at` is not used. Raises as `receive` does, and UsageError where the request was not mailed, the law
    has no such rule, or the day that it gives is to come.
    """
    require(by, Permission.ANSWER_REQUESTS)
    if what.channel != "mail":
        msg = f"a request by {what.channel} has no postmark: say when it came (--received)."
        raise UsageError(msg)
    counted = presumed(ws, load_profile(_jurisdiction(ws), ws.root), postmark)
    return receive(ws, replace(what, received_at=counted.at, because=counted.because), by=by, files=files)


def correct(
    ws: Workspace, number: str, *, by: Actor, reason: str, received_at: datetime | None = None, **texts: str
) -> Request:
    """Correct what was written down at receipt (requester, contact, channel, words, language, or when it came).

    The earlier text stays, and so does the earlier reading of the clock. Raises NotPermittedError, UsageError.
    """
    given = {name: value for name, value in texts.items() if value}
    unknown = set(given) - {"requester", "contact", "channel", "words", "language"}
    if unknown:
        msg = f"{min(unknown)!r} of a request is not corrected."
        raise UsageError(msg)
    if not given and received_at is None:
        msg = "say what is corrected: the requester, contact, channel, words, language, or when it was received."
        raise UsageError(msg)
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        was = change.request
        changed = Incoming(
            words=given.get("words", was.words),
            channel=given.get("channel", was.channel),
            received_at=received_at or was.received_at,
            requester=given.get("requester", was.requester),
            contact=given.get("contact", was.contact),
            language=given.get("language", was.language),
        )
        _check(changed, change.now)
        if given:
            words = {name: storable(bounded(value, name)) for name, value in given.items()}
            change.take(RequestStep.CORRECTED, reason, detail=words)
        if received_at is not None:  # a step of its own: the time stays when the words are disposed of
            moment = {"received_at": received_at.isoformat(), "zone": _zone(received_at)}
            change.take(RequestStep.CORRECTED, reason, detail=moment)
        keep_reading(change.connection, was.number, ws, because=f"corrected: {reason.strip()}")
        return request_in(change.connection, was.number)


def link(ws: Workspace, number: str, incident: str, *, by: Actor, reason: str, undo: bool = False) -> Request:
    """Say which incident a request is about, or take that back. Raises UsageError where it is so already."""
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        row_of(change.connection, incident)
        if (incident in change.request.incidents) is not undo:
            msg = f"{change.request.number} is {'not' if undo else 'already'} linked to {incident}."
            raise UsageError(msg)
        step = RequestStep.UNLINKED if undo else RequestStep.LINKED
        change.take(step, reason, detail={"incident": incident})
        return request_in(change.connection, change.request.number)


def _check(what: Incoming, now: datetime) -> None:
    if what.received_at.tzinfo is None or what.received_at > now:
        msg = f"{what.received_at} is no time at which it can have been received: it needs a zone, and is past."
        raise UsageError(msg)
    for name, value, known in (("channel", what.channel, CHANNELS), ("language", what.language, LANGUAGES)):
        if value not in known:
            msg = f"{value!r} is no {name} that is known here: {', '.join(known)}."
            raise UsageError(msg)


def _zone(moment: datetime) -> str:
    return str(getattr(moment.tzinfo, "key", None) or moment.strftime("%z"))


def _law(ws: Workspace) -> tuple[str, str]:
    """The city's profile as it is now: its id and its text."""
    law = load_profile(_jurisdiction(ws), ws.root)
    return law.id, json.dumps(law.model_dump(mode="json", by_alias=True), sort_keys=True)


def _jurisdiction(ws: Workspace) -> str:
    if not ws.settings.city.jurisdiction:
        msg = "no jurisdiction profile: set city.jurisdiction in the settings. Without one no deadline is known here."
        raise UsageError(msg)
    return ws.settings.city.jurisdiction


def _number(connection: Connection, year: int) -> str:
    prefix = f"PR-{year}-"
    taken = connection.scalars(select(tables.request.c.number).where(tables.request.c.number.startswith(prefix)))
    return f"{prefix}{max((int(number.removeprefix(prefix)) for number in taken), default=0) + 1:04d}"
