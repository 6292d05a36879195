"""The custody log: who did what to which evidence, as a hash chain that is only ever added to.

Each link is one line of JSON. `prev` is the SHA-256 of the exact bytes of the line before, without its line feed;
`GENESIS` in the first. A changed line breaks the next one's `prev`. A cut-off tail does not show in the chain itself,
but against the mirror in the vault, and against the head and count that every export carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection, select

from breachwatch.records import cases, chain
from breachwatch.records.chain import Chain, check_rows, last_link, line_hash, link_line
from breachwatch.workspace import Workspace

_REQUIRED = ("event", "evidence", "actor", "at")


class Deed(StrEnum):
    """What may happen to evidence."""

    RECEIVED = "received"  # a file that somebody handed over came into the vault
    SEALED = "sealed"
    STAMPED = "stamped"  # a time stamp authority's token was added
    VERIFIED = "verified"
    VERIFY_FAILED = "verify_failed"
    ACCESSED = "accessed"  # read where it lies
    COPIED = "copied"  # its bytes were put somewhere else, still in the city's hands
    EXPORTED = "exported"
    TRANSFERRED = "transferred"  # handed to somebody outside, against a receipt
    RETURNED = "returned"
    HOLD_PLACED = "hold_placed"
    HOLD_RELEASED = "hold_released"
    DISPOSED = "disposed"


@dataclass(frozen=True, slots=True)
class Handler:
    """Who handles evidence, with what NIST SP 800-61 asks to be known of each handler."""

    actor: str
    title: str = ""
    contact: str = ""
    location: str = ""


def handler(ws: Workspace) -> Handler:
    """The custodian that the settings name (section `evidence`)."""
    evidence = ws.settings.evidence
    return Handler(evidence.custodian, evidence.title, evidence.contact, evidence.location)


class Person(Protocol):
    """Somebody who handles evidence, as `model.people.Actor` describes a person or the program itself."""

    @property
    def login(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def contact(self) -> str: ...
    @property
    def location(self) -> str: ...


def by(actor: Person) -> Handler:
    """A person as the chain of custody names them: the name, or the login of somebody whose name is not known."""
    return Handler(actor.name or actor.login, actor.title, actor.contact, actor.location)


def append(
    connection: Connection,
    *,
    evidence: str,
    deed: Deed,
    by: Handler,
    at: datetime,
    purpose: str,
    details: Mapping[str, str] | None = None,
) -> str:
    """Add a link inside the caller's write transaction; returns its hash. `at` is aware and keeps its zone."""
    if at.tzinfo is None:
        msg = "a custody event needs an aware time"
        raise ValueError(msg)
    seq, prev = last_link(connection, cases.custody)
    seq += 1
    body = link_line(
        seq,
        prev,
        {
            "event": deed.value,
            "evidence": evidence,
            "actor": by.actor,
            "title": by.title,
            "contact": by.contact,
            "location": by.location,
            "purpose": purpose,
            "at": at.isoformat(),
            **(details or {}),
        },
    )
    digest = line_hash(body)
    connection.execute(
        cases.custody.insert().values(
            seq=seq, prev=prev, hash=digest, evidence=evidence, event=deed.value, at=at, actor=by.actor, body=body
        )
    )
    return digest


def lines(connection: Connection, evidence: str | None = None, after: int = 0) -> Iterable[str]:
    """The links as stored, in order; those of one piece of evidence where it is named."""
    query = select(cases.custody.c.body).where(cases.custody.c.seq > after).order_by(cases.custody.c.seq)
    if evidence is not None:
        query = query.where(cases.custody.c.evidence == evidence)
    return connection.execution_options(yield_per=1000).scalars(query)


def check_chain(connection: Connection) -> Chain:
    """Recompute the whole chain from the database, and compare the columns with the lines they were taken from."""
    return check_rows(connection, cases.custody, ("evidence", "event", "actor"))


def check_lines(lines_: Iterable[str]) -> Chain:
    """Recompute a chain from its lines, as in the mirror `vault/custody.jsonl`."""
    return chain.check_lines(lines_, _REQUIRED)
