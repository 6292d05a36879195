"""Hash-chained logs: lines of JSON of which each names the SHA-256 of the line before.

`prev` is the hash of the exact bytes of the line before, without its line feed; `GENESIS` in the first. A changed line
breaks the next one's `prev`. A cut-off tail does not show in the chain itself, but against what was written elsewhere:
its mirror, and the head and count in every ledger and export.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, select, text

GENESIS = "GENESIS"


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of a chain: whether it holds, how many links it has, and the hash of the last."""

    ok: bool
    count: int
    head: str
    detail: str = ""


def last_link(connection: Connection, table: Table) -> tuple[int, str]:
    """Number and hash of the last link, (0, GENESIS) for none; nobody else adds one before this transaction ends."""
    if connection.dialect.name == "postgresql":
        # SQLite's write transaction excludes every other writer; here two could read the same last link.
        connection.execute(text(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE"))
    query = select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)
    last = connection.execute(query).first()
    return (last.seq, last.hash) if last else (0, GENESIS)


def link_line(seq: int, prev: str, fields: Mapping[str, object]) -> str:
    """The line of a link. ASCII: whatever a name holds, it is the same bytes everywhere and harmless on a terminal."""
    return json.dumps({"seq": seq, "prev": prev, **fields})


def line_hash(line: str) -> str:
    """The hash that the next link names: SHA-256 of the line's bytes without its line feed."""
    return hashlib.sha256(line.encode()).hexdigest()


def check_rows(connection: Connection, table: Table, said: Collection[str]) -> Chain:
    """Recompute the chain in a table, and compare the columns `said` (and `at`) with the lines they were taken from."""
    rows = connection.execution_options(yield_per=1000).execute(select(table).order_by(table.c.seq))
    count, head = 0, GENESIS
    for row in rows:
        fault = fault_of(row.body, count + 1, head, ("at", *said))
        if fault is None and (row.seq, row.prev, row.hash) != (count + 1, head, line_hash(row.body)):
            fault = "its columns seq, prev and hash are not those of its line"
        if fault is None:
            body = json.loads(row.body)
            if datetime.fromisoformat(body["at"]) != row.at or any(body[name] != row._mapping[name] for name in said):
                fault = f"its columns {', '.join(said)} and at are not those of its line"
        if fault is not None:
            return Chain(ok=False, count=count, head=head, detail=f"link {count + 1}: {fault}")
        count, head = count + 1, row.hash
    return Chain(ok=True, count=count, head=head)


def check_lines(lines: Iterable[str], required: Collection[str]) -> Chain:
    """Recompute a chain from its lines; each must have the fields that are `required`."""
    count, head = 0, GENESIS
    for line in lines:
        body = line.removesuffix("\n")
        fault = fault_of(body, count + 1, head, required)
        if fault is not None:
            return Chain(ok=False, count=count, head=head, detail=f"link {count + 1}: {fault}")
        count, head = count + 1, line_hash(body)
    return Chain(ok=True, count=count, head=head)


def fault_of(line: str, seq: int, prev: str, required: Collection[str]) -> str | None:
    """What is wrong with a line that should be link `seq` after the line whose hash is `prev`; None when nothing."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return "it is no JSON"
    if not isinstance(body, dict) or not {"seq", "prev", *required} <= body.keys():
        return "it lacks a field"
    if body["prev"] != prev:
        return "it does not follow the link before it; one of them was changed, or one is missing"
    if body["seq"] != seq:
        return f"it says it is link {body['seq']}"
    return None
