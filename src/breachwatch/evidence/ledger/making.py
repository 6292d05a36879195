"""Making a night's ledger: what is new is listed, all there ever was is in the roots, the chains' heads beside them.

Its files come first, then one transaction with its row and its leaves: a ledger that a killed run left unrecorded was
sent to nobody, and the next one takes its place.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from breachwatch.durable import sync_folder
from breachwatch.errors import EnvironmentFault
from breachwatch.evidence import signing
from breachwatch.evidence.bag import one_line
from breachwatch.evidence.keyring.current import signing_key
from breachwatch.evidence.keys import SigningKey
from breachwatch.evidence.ledger.leaves import Leaf, counts, leaf_of, lost, trees, unlisted
from breachwatch.evidence.ledger.reading import FOLDER, FORMAT, Entry, entries, last, path_of
from breachwatch.evidence.merkle import Tree, root
from breachwatch.evidence.names import year_and_count
from breachwatch.evidence.timestamps.stamping import put_file
from breachwatch.model.night import Night
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases, trust
from breachwatch.records.chain import GENESIS
from breachwatch.workspace import Workspace

PREDICATE_TYPE = "urn:breachwatch:ledger:1"


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What a ledger will say, and the leaves that it is the first to list."""

    page: dict[str, Any]
    leaves: tuple[tuple[str, int, Leaf], ...]  # source, position, leaf


def make(ws: Workspace, night: Night, run_id: str, *, by: Actor) -> Entry:
    """Write the ledger of a night: files in `vault/ledger/`, then its row. A second one of a night is `<night>.2`.

    Raises NotPermittedError, EvidenceError (no key), EnvironmentFault (the vault cannot be written), BusyError.
    """
    require(by, Permission.PRESERVE)
    with ws.lock("ledger"):
        key = signing_key(ws)
        made = entries(ws)
        number, previous = last(made)
        name = _free_name(night.date.isoformat(), {item.name for item in made})
        at = ws.clock.now()
        head = {
            "format": FORMAT,
            "number": number + 1,
            "night": night.date.isoformat(),
            "made_at": at.isoformat(),
            "organization": one_line(ws.settings.city.name),
            "run_id": run_id,
            "previous_sha256": previous,
        }
        with ws.database.read() as connection:  # all of one moment
            gathered = _gather(connection, head, [source.name for source in ws.settings.sources])
        text = (json.dumps(gathered.page, indent=1) + "\n").encode()
        try:
            digest = _write(ws, name, text, key, at)
        except OSError as error:
            msg = f"cannot write the ledger to {ws.vault / FOLDER}: {error.strerror}"
            raise EnvironmentFault(msg) from error
        with ws.database.write() as connection:
            _record(connection, Entry(number + 1, name, night.date.isoformat(), at, previous, digest), run_id, gathered)
    return Entry(number + 1, name, night.date.isoformat(), at, previous, digest)


def _free_name(night: str, taken: set[str]) -> str:
    name, count = night, 1
    while name in taken:
        count += 1
        name = f"{night}.{count}"
    return name


def _gather(connection: Connection, head: dict[str, Any], configured: list[str]) -> _Gathered:
    grown, new, gone = trees(connection), unlisted(connection), lost(connection)
    sources: list[dict[str, Any]] = []
    leaves: list[tuple[str, int, Leaf]] = []
    for source in sorted({*configured, *grown, *new, *gone}):
        tree, rows = grown.get(source, Tree()), new.get(source, ())
        lines = []
        for row in rows:
            leaf = leaf_of(row)
            leaves.append((source, tree.size, leaf))
            tree.add(leaf.hash)
            lines.append(leaf.line)
        size, digest = tree.size, tree.root()
        sources.append(
            {
                "source": source,
                "tree_size": size,
                "root": digest.hex(),
                "lost": gone.get(source, 0),
                **counts(rows),
                "segments": lines,
            }
        )
    page = {
        **head,
        "custody": _chain(connection, cases.custody),
        "audit": _chain(connection, cases.audit),
        "evidence": evidence_root(connection),
        "sources": sources,
    }
    return _Gathered(page, tuple(leaves))


def _chain(connection: Connection, table: Table) -> dict[str, Any]:
    row = connection.execute(select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)).first()
    return {"links": row.seq, "head": row.hash} if row else {"links": 0, "head": GENESIS}


def evidence_root(connection: Connection, pieces: int | None = None) -> dict[str, Any]:
    """How many pieces of evidence there are, and the root over their tag manifests' hashes, by number.

    With `pieces`, over the first so many. The hashes themselves are the leaves' hashes.
    """
    columns = cases.evidence.c
    found = connection.execute(select(columns.number, columns.tagmanifest_sha256)).all()
    rows = sorted(found, key=lambda row: year_and_count(row.number))[:pieces]
    return {"pieces": len(rows), "root": root(bytes.fromhex(row.tagmanifest_sha256) for row in rows).hex()}


def _write(ws: Workspace, name: str, text: bytes, key: SigningKey, at: datetime) -> str:
    """Write the files, the page itself last; returns its SHA-256."""
    folder = ws.vault / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256(text).hexdigest()
    envelope = signing.attest(key, f"{name}.json", digest, {"made_at": at.isoformat()}, PREDICATE_TYPE)
    for ending, content in (
        (".json.sig", signing.ssh_sign(key, text)),
        (".pae", envelope.pae),
        (".sig", envelope.signature),
        (".dsse.json", envelope.to_json()),
        (".json", text),
    ):
        put_file(ws, path_of(ws, name, ending), content)
    sync_folder(folder)
    return digest


def _record(connection: Connection, made: Entry, run_id: str, gathered: _Gathered) -> None:
    connection.execute(
        trust.ledger.insert().values(
            number=made.number,
            name=made.name,
            night=made.night,
            made_at=made.made_at,
            run_id=run_id,
            previous=made.previous,
            sha256=made.sha256,
        )
    )
    if gathered.leaves:
        connection.execute(
            trust.ledger_leaf.insert(),
            [
                {
                    "source": source,
                    "position": position,
                    "segment_id": leaf.segment_id,
                    "leaf": leaf.hash.hex(),
                    "ledger": made.number,
                }
                for source, position, leaf in gathered.leaves
            ],
        )
