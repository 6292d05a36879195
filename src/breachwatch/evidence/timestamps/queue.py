"""What waits for a time stamp, and giving it one: evidence and ledgers, oldest first, each night and by command."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from breachwatch.errors import BreachwatchError, EvidenceError, SettingsError
from breachwatch.evidence import custody, mirror
from breachwatch.evidence.custody import Deed, Handler
from breachwatch.evidence.sealing import ENVELOPE
from breachwatch.evidence.timestamps.asking import AuthorityError
from breachwatch.evidence.timestamps.checking import Found, found_stamp, under_any_roots
from breachwatch.evidence.timestamps.stamping import get_stamp, keep, keep_roots
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases, trust
from breachwatch.workspace import Workspace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that has no recorded stamp: its name, what it is, and the file that is stamped."""

    subject: str
    kind: str  # evidence, ledger
    since: datetime  # aware UTC
    file: Path


@dataclass(frozen=True, slots=True)
class Stamped:
    """What one pass over the queue gave."""

    stamped: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def pending(ws: Workspace) -> Sequence[Waiting]:
    """All evidence and ledgers without a recorded stamp, oldest first. What was disposed of waits for nothing."""
    evidence, ledger, stamp = cases.evidence.c, trust.ledger.c, trust.time_stamp.c
    with ws.database.read() as connection:
        bags = connection.execute(
            select(evidence.number, evidence.path, evidence.sealed_at).where(
                evidence.number.not_in(select(stamp.subject).where(stamp.kind == "evidence"))
            )
        ).all()
        nights = connection.execute(
            select(ledger.name, ledger.made_at).where(
                ledger.name.not_in(select(stamp.subject).where(stamp.kind == "ledger"))
            )
        ).all()
    found = [Waiting(row.number, "evidence", row.sealed_at, ws.vault / row.path / ENVELOPE) for row in bags]
    found += [Waiting(row.name, "ledger", row.made_at, ws.vault / "ledger" / f"{row.name}.dsse.json") for row in nights]
    return sorted((item for item in found if item.file.exists()), key=lambda item: (item.since, item.subject))


def stamp_pending(ws: Workspace, *, by: Actor, handler: Handler | None = None) -> Stamped:
    """Give every waiting piece of evidence and ledger a stamp. Ends at the first time the authority gives none.

    A stamp that is there already (made while sealing, or by a pass that was killed) is checked and recorded first.
    Without an authority in the settings nothing is asked for. Raises NotPermittedError, BusyError.
    """
    require(by, Permission.PRESERVE)
    done: list[str] = []
    problems: list[str] = []
    refused = not ws.settings.evidence.timestamp.url
    with ws.lock("time-stamps"):
        waiting = pending(ws)
        for item in waiting:
            try:
                if _take(ws, item, handler or custody.by(by), ask=not refused):
                    done.append(item.subject)
            except (AuthorityError, SettingsError) as error:
                problems.append(str(error))
                refused = True
            except (BreachwatchError, OSError) as error:
                problems.append(f"{item.subject}: {error}")
    if done:
        mirror.update(ws)
    left = tuple(item.subject for item in waiting if item.subject not in done)
    return Stamped(tuple(done), left, tuple(problems))


def _take(ws: Workspace, item: Waiting, handler: Handler, *, ask: bool) -> bool:
    """Record the stamp of one thing, fetching it where there is none yet; False where it goes on waiting."""
    attestation = item.file.read_bytes()
    found = found_stamp(ws, item.subject)
    if found is not None:
        try:
            token, roots = under_any_roots(ws, found, attestation)
        except EvidenceError:
            if found.path.startswith(item.subject):  # it was sealed with the bag, which never changes
                raise
            _log.warning("%s does not verify; another time stamp is asked for", found.path)
        else:
            _record(ws, item, found, token.at, roots, handler)
            return True
    if not ask:
        return False
    stamp = get_stamp(ws, attestation)
    kept = Found(stamp.query, stamp.answer, keep(ws, item.subject, stamp))
    _record(ws, item, kept, stamp.token.at, keep_roots(ws), handler)
    return True


def _record(ws: Workspace, item: Waiting, found: Found, at: datetime, roots: str, handler: Handler) -> None:
    digest, now = hashlib.sha256(found.answer).hexdigest(), ws.clock.now()
    authority = ws.settings.evidence.timestamp.url
    with ws.database.write() as connection:
        connection.execute(
            trust.time_stamp.insert().values(
                subject=item.subject,
                kind=item.kind,
                at=at,
                received_at=now,
                authority=authority,
                path=found.path,
                token_sha256=digest,
                roots_sha256=roots,
            )
        )
        if item.kind == "evidence":
            custody.append(
                connection,
                evidence=item.subject,
                deed=Deed.STAMPED,
                by=handler,
                at=now,
                purpose="trusted time",
                details={"time_stamp": at.isoformat(), "authority": authority, "token_sha256": digest},
            )
