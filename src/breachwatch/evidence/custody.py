"""The custody log: who did what to which evidence, as a hash chain that is only ever added to.

Each link is one line of JSON. `prev` is the SHA-256 of the exact bytes of the line before, without its line feed;
`GENESIS` in the first. A changed line breaks the next one's `prev`. A cut-off tail does not show in the chain itself,
but against the mirror in the vault, and against the head and count that every export carries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection, select, text

from breachwatch.records import cases
from breachwatch.workspace import Workspace

GENESIS = "GENESIS"


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


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of a chain: whether it holds, how many links it has, and the hash of the last."""

    ok: bool
    count: int
    head: str
    detail: str = ""


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
    if connection.dialect.name == "postgresql":
        # SQLite's write transaction excludes every other writer; here two could read the same last link.
        connection.execute(text("LOCK TABLE custody IN EXCLUSIVE MODE"))
    last = connection.execute(
        select(cases.custody.c.seq, cases.custody.c.hash).order_by(cases.custody.c.seq.desc()).limit(1)
    ).first()
    seq, prev = (last.seq + 1, last.hash) if last else (1, GENESIS)
    body = json.dumps(
        {
            "seq": seq,
            "prev": prev,
            "event": deed.value,
            "evidence": evidence,
            "actor": by.actor,
            "title": by.title,
            "contact": by.contact,
            "location": by.location,
            "purpose": purpose,
            "at": at.isoformat(),
            **(details or {}),
        }
    )  # ASCII: whatever a name holds, the line is the same bytes everywhere and harmless on a terminal
    digest = line_hash(body)
    connection.execute(
        cases.custody.insert().values(
            seq=seq, prev=prev, hash=digest, evidence=evidence, event=deed.value, at=at, actor=by.actor, body=body
        )
    )
    return digest


def line_hash(body: str) -> str:
    """The hash that the next link names: SHA-256 of the line's bytes without its line feed."""
    return hashlib.sha256(body.encode()).hexdigest()


def lines(connection: Connection, evidence: str | None = None, after: int = 0) -> Iterable[str]:
    """The links as stored, in order; those of one piece of evidence where it is named."""
    query = select(cases.custody.c.body).where(cases.custody.c.seq > after).order_by(cases.custody.c.seq)
    if evidence is not None:
        query = query.where(cases.custody.c.evidence == evidence)
    return connection.execution_options(yield_per=1000).scalars(query)


def check_chain(connection: Connection) -> Chain:
    """Recompute the whole chain from the database, and compare the columns with the lines they were taken from."""
    columns = cases.custody.c
    rows = connection.execution_options(yield_per=1000).execute(select(cases.custody).order_by(columns.seq))
    count, head = 0, GENESIS
    for row in rows:
        fault = _fault(row.body, count + 1, head)
        if fault is None and (row.seq, row.prev, row.hash) != (count + 1, head, line_hash(row.body)):
            fault = "its columns seq, prev and hash are not those of its line"
        if fault is None:
            body = json.loads(row.body)
            said = (body["evidence"], body["event"], body["actor"], datetime.fromisoformat(body["at"]))
            if said != (row.evidence, row.event, row.actor, row.at):
                fault = "its columns evidence, event, actor and at are not those of its line"
        if fault is not None:
            return Chain(ok=False, count=count, head=head, detail=f"link {count + 1}: {fault}")
        count, head = count + 1, line_hash(row.body)
    return Chain(ok=True, count=count, head=head)


def check_lines(chain: Iterable[str]) -> Chain:
    """Recompute a chain from its lines, as in the mirror `vault/custody.jsonl`."""
    count, head = 0, GENESIS
    for line in chain:
        body = line.removesuffix("\n")
        fault = _fault(body, count + 1, head)
        if fault is not None:
            return Chain(ok=False, count=count, head=head, detail=f"link {count + 1}: {fault}")
        count, head = count + 1, line_hash(body)
    return Chain(ok=True, count=count, head=head)


def _fault(line: str, seq: int, prev: str) -> str | None:
    """What is wrong with a line that should be link `seq` after the line whose hash is `prev`; None when nothing."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return "it is no JSON"
    if not isinstance(body, dict) or not {"seq", "prev", "event", "evidence", "actor", "at"} <= body.keys():
        return "it lacks a field"
    if body["prev"] != prev:
        return "it does not follow the link before it; one of them was changed, or one is missing"
    if body["seq"] != seq:
        return f"it says it is link {body['seq']}"
    return None
