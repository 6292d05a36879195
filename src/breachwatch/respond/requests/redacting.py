"""What the records officer decides about each item that does not leave by itself: withheld by an exemption, or cleared.

An exemption is one of the profile that was asked at receipt. Proposals come with their reason and decide nothing: they
are taken over by a person, all at once or one by one. A decision falls when the text that it was about is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from sqlalchemy import Connection, select

from breachwatch.errors import UnknownNameError, UsageError
from breachwatch.incidents.casework.changing import said
from breachwatch.model.people import Actor, Permission
from breachwatch.model.requests import Disposition
from breachwatch.people import require
from breachwatch.records import audit
from breachwatch.records import requests as tables
from breachwatch.respond.law.obligations import Exemption
from breachwatch.respond.requests.clocks import obligations_for
from breachwatch.respond.requests.gathering import Gathered, Item, gather
from breachwatch.respond.requests.reading import Request, request_in
from breachwatch.respond.requests.stepping import stepping
from breachwatch.workspace import Workspace

PROPOSED = "proposed"
"""As an exemption: the one that is proposed for each item."""


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """What was decided about an item, on the text with that hash."""

    item: str
    disposition: Disposition
    exemption: str
    sha256: str
    reason: str
    decided_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """An item with the decision that stands, and what is proposed. `fallen` says that its text changed since."""

    item: Item
    decision: ItemDecision | None
    proposed: Exemption | None
    because: str
    fallen: bool


def exemptions_of(request: Request) -> dict[str, Exemption]:
    """The exemptions that the law of a request knows, by their ids."""
    return {item.id: item for duty in obligations_for(request) for item in duty.exemptions}


def standings(ws: Workspace, number: str, *, by: Actor) -> tuple[Standing, ...]:
    """Every item of a request, for who answers it and for counsel. Raises NotPermittedError, UnknownNameError."""
    _readers(by)
    with ws.database.read() as connection:
        found = request_in(connection, number)
        return standings_in(connection, found, gather(connection, found, ws.settings.city.zone))


def standings_in(connection: Connection, request: Request, gathered: Gathered) -> tuple[Standing, ...]:
    """The same on a connection of the caller's."""
    last = {item.item: item for item in decisions_of(connection, request.number)}
    known = exemptions_of(request)
    return tuple(_standing(item, last.get(item.id), known) for item in gathered.items)


def decisions_of(connection: Connection, number: str) -> tuple[ItemDecision, ...]:
    """All decisions about items of a request, oldest first."""
    columns = tables.item.c
    query = select(tables.item).where(columns.request == number).order_by(columns.seq)
    return tuple(
        ItemDecision(
            row.item, Disposition(row.disposition), row.exemption, row.sha256, row.reason, row.decided_by, row.at
        )
        for row in connection.execute(query)
    )


def redact(
    ws: Workspace,
    number: str,
    patterns: Sequence[str],
    *,
    by: Actor,
    reason: str,
    exemption: str = "",
    clear: bool = False,
) -> int:
    """Decide about the items whose ids fit one of the patterns (`note:*/text`); how many were decided.

    With `exemption` they are withheld by it; `PROPOSED` takes what is proposed for each, and leaves those that have a
    decision or no proposal. With `clear` their text leaves: what is sealed cannot be cleared.

    Raises NotPermittedError, UnknownNameError for an exemption or pattern that fits nothing, UsageError.
    """
    if clear == bool(exemption):
        msg = "either clear the items, or name the exemption by which they are withheld."
        raise UsageError(msg)
    reason = said(reason, "why")
    with stepping(ws, number, by=by, may=Permission.ANSWER_REQUESTS) as change:
        found, known = change.request, exemptions_of(change.request)
        if found.closed:
            msg = f"{found.number} is closed."
            raise UsageError(msg)
        if exemption not in {"", PROPOSED, *known}:
            raise UnknownNameError("exemption", exemption, known)
        every = standings_in(change.connection, found, gather(change.connection, found, ws.settings.city.zone))
        chosen = _chosen(every, patterns)
        if exemption == PROPOSED:
            chosen = [item for item in chosen if item.decision is None and item.proposed is not None]
        _refuse_sealed(chosen, clear=clear)
        rows = [
            {
                "request": found.number,
                "item": standing.item.id,
                "disposition": (Disposition.CLEARED if clear else Disposition.WITHHELD).value,
                "exemption": standing.proposed.id if exemption == PROPOSED and standing.proposed else exemption,
                "sha256": standing.item.sha256,
                "reason": f"{reason} ({standing.because})" if exemption == PROPOSED else reason,
                "decided_by": by.name,
                "at": change.now,
            }
            for standing in chosen
        ]
        if rows:
            change.connection.execute(tables.item.insert(), rows)
            what = "cleared" if clear else f"withheld ({exemption})"
            after = {"items": [row["item"] for row in rows][:200], "count": len(rows)}
            audit.append(
                change.connection,
                at=change.now,
                by=by,
                entity=found.number,
                change=f"{len(rows)} items {what}",
                reason=reason,
                after=after,
            )
        return len(rows)


def undecided(found: Iterable[Standing]) -> tuple[Standing, ...]:
    """The items that somebody still has to decide about."""
    return tuple(standing for standing in found if standing.decision is None)


def _standing(item: Item, decision: ItemDecision | None, known: dict[str, Exemption]) -> Standing:
    proposed = next((found for found in known.values() if item.why.value in found.covers), None)
    because = f"{item.why.words}: {proposed.text}" if proposed else f"{item.why.words}: clear it, or name an exemption"
    fits = (
        decision is not None
        and decision.sha256 == item.sha256
        and (item.clearable or decision.disposition is Disposition.WITHHELD)
    )
    return Standing(item, decision if fits else None, proposed, because, decision is not None and not fits)


def _chosen(every: Sequence[Standing], patterns: Sequence[str]) -> list[Standing]:
    chosen: dict[str, Standing] = {}
    for pattern in patterns:
        fitting = [standing for standing in every if fnmatchcase(standing.item.id, pattern)]
        if not fitting:
            hint = "`breachwatch request redact NUMBER` lists them; * stands for anything, as in note:*/text."
            raise UnknownNameError("item of this request", pattern, hint=hint)
        chosen |= {standing.item.id: standing for standing in fitting}
    return list(chosen.values())


def _refuse_sealed(chosen: Sequence[Standing], *, clear: bool) -> None:
    sealed = [standing.item for standing in chosen if clear and not standing.item.clearable]
    if sealed:
        msg = (
            f"{sealed[0].id} is about {sealed[0].why.words} and is not cleared here. Where it is to be disclosed all "
            "the same, counsel hands it over otherwise, and says so in the response."
        )
        raise UsageError(msg)


def _readers(by: Actor) -> None:
    if not by.may(Permission.DECIDE):
        require(by, Permission.ANSWER_REQUESTS)
