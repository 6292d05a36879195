"""The papers of evidence: chain-of-custody form, index of an export, transfer form with receipt.

What each handler has to be asked follows NIST SP 800-61r2, section 3.3.2, and the sample form of NIST's *Sample Chain
of Custody Form*: item, identification, who had it from when to when, why, where.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from breachwatch.documents import Block, Document, Fields, Heading, Paragraph, Signatures, Table
from breachwatch.errors import UnknownNameError
from breachwatch.evidence import custody
from breachwatch.evidence.keys import PublicKey
from breachwatch.model.evidence import Transfer
from breachwatch.records import cases
from breachwatch.records.received import FILE, received
from breachwatch.workspace import Workspace

NOT_SPECIFIED = "not specified"
_KNOWN = frozenset({"seq", "prev", "event", "evidence", "actor", "title", "contact", "location", "purpose", "at"})
_MOST_FILES = 2000  # of a bag that the index names; the manifest names all


def custody_document(ws: Workspace, number: str) -> Document:
    """The printable chain-of-custody form of one piece of evidence, as of now. Raises UnknownNameError."""
    with ws.database.read() as connection:
        row = evidence_row(connection, number)
        links = [json.loads(line) for line in custody.lines(connection, number)]
        chain = custody.check_chain(connection)
        taken = connection.execute(select(received).where(received.c.evidence == number)).first()
    now = ws.clock.now()
    blocks: list[Block] = [
        Heading("Item"),
        Fields(_item(ws, row, taken)),
        Heading("Who had it, when and why"),
        custody_table(links, ws.settings.city.zone),
        Heading("The chain"),
        Paragraph(
            f"This form was made from the chain of custody as of {moment(now, ws.settings.city.zone)}. The whole chain "
            f"had {chain.count} links; the SHA-256 of the last is {chain.head}. "
            + ("The chain is unbroken." if chain.ok else f"THE CHAIN IS BROKEN: {chain.detail}")
        ),
        Heading("Handed over by hand after this was printed"),
        Table(["Date and time", "Released by", "Received by", "Purpose"], [[" ", " ", " ", " "]] * 5, [2, 3, 3, 4]),
        Signatures(["Custodian"]),
    ]
    return _document(ws, f"Chain of custody: {number}", blocks, now, number)


def transfer_form(ws: Workspace, number: str, transfer: Transfer, sealed: str, at: datetime) -> Document:
    """The form that goes with evidence to whoever receives it, with the receipt to sign and send back."""
    city, zone = ws.settings.city.name, ws.settings.city.zone
    blocks: list[Block] = [
        Fields(
            [
                ("Transfer", transfer.number or "as recorded by the sender"),
                ("Evidence", number),
                ("SHA-256 of its tag manifest", sealed),
                ("SHA-256 of the archive", transfer.archive_sha256 or "as recorded in the chain of custody"),
                ("From", f"{city}, {transfer.handed_over_by}"),
                ("To", ", ".join(filter(None, (transfer.recipient, transfer.organization))) or NOT_SPECIFIED),
                ("Contact", transfer.contact or NOT_SPECIFIED),
                ("By way of", transfer.method or NOT_SPECIFIED),
                ("Purpose", transfer.purpose),
                ("Authority", transfer.authority or NOT_SPECIFIED),
                ("Date", moment(at, zone)),
            ]
        ),
        Heading("Receipt"),
        Paragraph(
            "I received the evidence named above. I compared the hash of what I received with the one above, or "
            "verified it as its file VERIFY.txt says. I will keep it safe, record who handles it, and return or "
            "destroy it when the purpose is fulfilled."
        ),
        Signatures(["Received by (name, title, signature)", "Released by (name, title, signature)"]),
        Paragraph(f"Please send the signed receipt back to {city}."),
    ]
    return _document(ws, f"Transfer of evidence: {number}", blocks, at, number)


def export_index(
    ws: Workspace,
    number: str,
    links: Sequence[str],
    manifest: Mapping[str, tuple[str, int]],
    key: PublicKey,
    told: Mapping[str, str],
    at: datetime,
) -> Document:
    """The index of an export for people: what it is, what is in it, how to check it, who had it."""
    with ws.database.read() as connection:
        row = evidence_row(connection, number)
        taken = connection.execute(select(received).where(received.c.evidence == number)).first()
    files = [[name, f"{size:,}", sha256] for name, (sha256, size) in sorted(manifest.items())]
    more = f" The first {_MOST_FILES} of {len(files)}." if len(files) > _MOST_FILES else ""
    blocks: list[Block] = [
        Fields([*_item(ws, row, taken), *((name, value or NOT_SPECIFIED) for name, value in told.items())]),
        Heading("What is in this archive"),
        Table(
            ["Name", "What it is"],
            [
                [f"{number}/", "the evidence, as it was sealed (a BagIt bag, RFC 8493)"],
                [
                    f"{number}/VERIFY.txt",
                    "how to verify it with sha256sum, openssl and ssh-keygen alone",
                ],
                ["custody.jsonl", "the links of the chain of custody that are about this evidence"],
                ["custody-head.json, .sig", "length and last hash of the whole chain when this was made, signed"],
                ["custody-form.html, .pdf", "the chain of custody as a form"],
                ["transfer-form.html, .pdf", "the form of this transfer, with a receipt to sign and send back"],
                ["index.html, .pdf", "this page"],
                ["signing.pub, allowed_signers", f"the city's public key, {key.fingerprint}"],
            ],
            [2, 5],
        ),
        Paragraph(
            "Nothing else was added: no notes, and nothing that is privileged. Compare the fingerprint of the key with "
            "what the city has published, or ask for it by another way."
        ),
        Heading("Files of the evidence"),
        Paragraph(f"{len(files)} files.{more}"),
        Table(["File", "Bytes", "SHA-256"], files[:_MOST_FILES], [4, 1.3, 5]),
        Heading("Chain of custody"),
        custody_table([json.loads(line) for line in links], ws.settings.city.zone),
    ]
    return _document(ws, f"Evidence {number}", blocks, at, number)


def custody_table(links: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Table:
    """The links of a chain as people read them."""
    rows = []
    for link in links:
        who = [str(link.get(name) or "") for name in ("actor", "title", "contact", "location")]
        more = "; ".join(f"{name}: {value}" for name, value in sorted(link.items()) if name not in _KNOWN and value)
        why = ". ".join(filter(None, (str(link.get("purpose") or ""), more)))
        at = moment(datetime.fromisoformat(str(link["at"])), zone)
        rows.append([str(link["seq"]), at, str(link["event"]).replace("_", " "), ", ".join(filter(None, who)), why])
    return Table(["Link", "When", "What", "Who", "Why, and what was noted"], rows, [0.6, 2.2, 1.3, 2.6, 4.6])


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time in the city's zone with its offset, and in UTC."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S %z} ({at.astimezone(ZoneInfo('UTC')):%H:%M:%S} UTC)"


def evidence_row(connection: Any, number: str) -> Row[Any]:
    """The record of a piece of evidence. Raises UnknownNameError."""
    columns = cases.evidence.c
    row: Row[Any] | None = connection.execute(select(cases.evidence).where(columns.number == number)).first()
    if row is None:
        raise UnknownNameError("piece of evidence", number, connection.scalars(select(columns.number)))
    return row


def _item(ws: Workspace, row: Row[Any], taken: Row[Any] | None) -> list[tuple[str, str]]:
    zone = ws.settings.city.zone
    kind = "files that were handed over" if row.kind == FILE else f"logs: {row.events} records that detection matched"
    rows = [
        ("Evidence", row.number),
        ("Incident", row.incident or "none"),
        ("What it is", f"{kind}{f': {row.title}' if row.title else ''}"),
        ("Sealed", moment(row.sealed_at, zone)),
        ("Size", f"{row.bytes:,} bytes"),
        ("SHA-256 of its tag manifest", row.tagmanifest_sha256),
        ("Held by", ws.settings.city.name),
        ("Location", ws.settings.evidence.location or NOT_SPECIFIED),
    ]
    if taken is not None:
        rows += [
            ("Received from", taken.received_from),
            ("Received", f"{moment(taken.received_at, zone)} by {taken.received_by}"),
            ("It was before", taken.source or NOT_SPECIFIED),
        ]
    if row.supplements:
        rows.append(("Adds to", row.supplements))
    return rows


def _document(ws: Workspace, title: str, blocks: Sequence[Block], at: datetime, number: str) -> Document:
    return Document(title, blocks, at, author=ws.settings.city.name, footer=f"{ws.settings.city.name} · {number}")
