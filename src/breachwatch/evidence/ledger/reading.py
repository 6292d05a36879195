"""Ledgers as they lie in the vault.

vault/ledger/2026-11-22.json    a night's page; beside it, under the same name:
.json.sig       SSH signature over the .json, for ssh-keygen
.dsse.json      in-toto statement in a DSSE envelope: subject is the .json; what a time stamp is over
.pae, .sig      the bytes that are signed, and the bare signature, for openssl
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from breachwatch.errors import EvidenceError, UnknownNameError
from breachwatch.records import trust
from breachwatch.records.chain import GENESIS
from breachwatch.workspace import Workspace

FOLDER = "ledger"
FORMAT = "breachwatch-ledger-1"
LARGEST = 1024 * 1024 * 1024  # bytes of a ledger beyond which it is not read


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger as the records know it. Times are aware UTC."""

    number: int
    name: str
    night: str
    made_at: datetime
    previous: str
    sha256: str
    sent: tuple[str, ...] = ()  # channel and recipient of each delivery
    stamped_at: datetime | None = None


def entries(ws: Workspace) -> tuple[Entry, ...]:
    """All ledgers, oldest first."""
    ledger, delivery, stamp = trust.ledger, trust.ledger_delivery, trust.time_stamp
    with ws.database.read() as connection:
        rows = connection.execute(select(ledger).order_by(ledger.c.number)).all()
        times = connection.execute(select(stamp.c.subject, stamp.c.at).where(stamp.c.kind == "ledger")).all()
        stamps = {row.subject: row.at for row in times}
        sent: dict[int, list[str]] = {}
        for row in connection.execute(select(delivery).order_by(delivery.c.seq)):
            sent.setdefault(row.ledger, []).append(f"{row.channel}: {row.recipient}")
    return tuple(
        Entry(
            row.number, row.name, row.night, row.made_at, row.previous, row.sha256,
            tuple(sent.get(row.number, ())), stamps.get(row.name),
        )
        for row in rows
    )  # fmt: skip


def entry(ws: Workspace, name: str) -> Entry:
    """The ledger of that name (2026-11-22), or `last`. Raises UnknownNameError."""
    found = entries(ws)
    for item in found[-1:] if name == "last" else found:
        if name in ("last", item.name):
            return item
    raise UnknownNameError("ledger", name, (item.name for item in found))


def path_of(ws: Workspace, name: str, ending: str = ".json") -> Path:
    """A file of a ledger."""
    return ws.vault / FOLDER / f"{name}{ending}"


def load(path: Path) -> tuple[bytes, Mapping[str, Any]]:
    """A ledger's bytes, and what they say. Raises EvidenceError where it is missing or is none."""
    try:
        if path.stat().st_size > LARGEST:
            msg = f"{path.name} is larger than any ledger"
            raise EvidenceError(msg)
        text = path.read_bytes()
    except OSError as error:
        msg = f"cannot read the ledger {path}: {error.strerror}"
        raise EvidenceError(msg) from error
    return text, parse(text, path.name)


def parse(text: bytes, name: str) -> Mapping[str, Any]:
    """What a ledger says; its shape is checked. Raises EvidenceError."""
    value: dict[str, Any]
    try:
        value = json.loads(text)
        sound = (
            isinstance(value, dict)
            and value["format"] == FORMAT
            and isinstance(value["number"], int)
            and isinstance(value["previous_sha256"], str)
            and datetime.fromisoformat(value["made_at"]).tzinfo is not None
            and all(isinstance(value[chain]["links"], int) for chain in ("custody", "audit"))
            and all(
                isinstance(source["source"], str)
                and isinstance(source["tree_size"], int)
                and isinstance(source["root"], str)
                and all(isinstance(line, dict) for line in source["segments"])
                for source in value["sources"]
            )
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        msg = f"{name} is no ledger"
        raise EvidenceError(msg)
    return value


def last(found: Sequence[Entry]) -> tuple[int, str]:
    """Number and SHA-256 of the last ledger; (0, GENESIS) where there is none."""
    return (found[-1].number, found[-1].sha256) if found else (0, GENESIS)
