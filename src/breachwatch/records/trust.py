"""Tables of what makes evidence believable: time stamps, and each night's ledger. All of them only grow."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from breachwatch.records.catalog import metadata
from breachwatch.records.types import UtcDateTime

time_stamp = Table(
    "time_stamp",
    metadata,
    Column("subject", String(64), primary_key=True),  # EV-2026-000001, or the name of a ledger: 2026-11-22
    Column("kind", String(16), nullable=False),  # evidence, ledger
    Column("at", UtcDateTime, nullable=False),  # what the authority says
    Column("received_at", UtcDateTime, nullable=False),  # by our clock, entered into the records
    Column("authority", Text, nullable=False),  # its address
    Column("path", Text, nullable=False),  # of the .tsr, relative to the vault
    Column("token_sha256", String(64), nullable=False),  # of the .tsr
    Column("roots_sha256", String(64), nullable=False),  # of the PEM it was verified with, kept in vault/timestamps
)

ledger = Table(
    "ledger",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without gaps
    Column("name", String(32), nullable=False),  # 2026-11-22; a second one of that night 2026-11-22.2
    Column("night", String(10), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("previous", String(64), nullable=False),  # SHA-256 of the ledger before, GENESIS in the first
    Column("sha256", String(64), nullable=False),  # of the file's bytes
    UniqueConstraint("name"),
    UniqueConstraint("previous"),
)

ledger_leaf = Table(
    "ledger_leaf",
    metadata,
    Column("source", String(63), primary_key=True),
    Column("position", BigInteger, primary_key=True),  # in the source's Merkle tree, from 0
    Column("segment_id", String(32), ForeignKey("segment.segment_id"), nullable=False),
    Column("leaf", String(64), nullable=False),  # the leaf's hash
    Column("ledger", Integer, ForeignKey("ledger.number"), nullable=False),  # the first that lists it
    UniqueConstraint("segment_id"),
    Index("ix_ledger_leaf_ledger", "ledger"),
)

ledger_delivery = Table(
    "ledger_delivery",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("ledger", Integer, ForeignKey("ledger.number"), nullable=False),
    Column("channel", String(16), nullable=False),  # mail, store
    Column("recipient", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_ledger_delivery_ledger", "ledger"),
)
