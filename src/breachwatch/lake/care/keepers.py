"""The holds and open incidents that cover lake files and stored bytes, by the conditions of records.keeping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
from sqlalchemy import Connection, bindparam, insert, select, text

from breachwatch.lake.care.holds import ACCOUNT, HOST
from breachwatch.lake.care.naming import names_any
from breachwatch.lake.catalog import LakeFile
from breachwatch.model.datasets import REJECTS_DATASET
from breachwatch.records import cases, keeping
from breachwatch.workspace import Workspace

# Rejects are dated by when they were collected: their events may be of any time before.
_FILES = (
    f"(SELECT path, CASE WHEN dataset = '{REJECTS_DATASET.name}' THEN NULL ELSE min_time END AS min_time, max_time "
    "FROM lake_file WHERE path IN :keys)"
)
# When the events of a segment were, as far as their disposal noted it; of rejects the first is not known.
_REJECTS = f"sum(CASE WHEN d.dataset = '{REJECTS_DATASET.name}' THEN 1 ELSE 0 END)"
_ALL_KNOWN = "count(p.segment_id) > 0 AND count(p.segment_id) ="
_EXTENTS = (
    "(SELECT s.segment_id AS path, s.source, "
    f"CASE WHEN {_ALL_KNOWN} count(p.min_time) AND {_REJECTS} = 0 THEN min(p.min_time) END AS min_time, "
    f"CASE WHEN {_ALL_KNOWN} count(p.max_time) THEN max(p.max_time) END AS max_time "
    "FROM segment s LEFT JOIN disposal_part p ON p.segment_id = s.segment_id "
    "LEFT JOIN disposal d ON d.seq = p.disposal WHERE s.segment_id IN :keys GROUP BY s.segment_id, s.source)"
)


def clear(ws: Workspace, duck: duckdb.DuckDBPyConnection, files: Sequence[LakeFile]) -> None:
    """Note which files name none of the accounts and hosts that active holds are about; each is read once a hold."""
    item = cases.hold_item.c
    with ws.database.read() as connection:
        active = (
            connection.execute(select(cases.hold.c.number).where(cases.hold.c.released_at.is_(None))).scalars().all()
        )
        rows = connection.execute(select(item.hold, item.kind, item.value).where(item.hold.in_(active))).all()
    for number in active:
        items = [(row.kind, row.value) for row in rows if row.hold == number and row.kind in {ACCOUNT, HOST}]
        if not items:
            continue
        cleared = _cleared(ws, number)
        new = [file.path for file in files if file.path not in cleared and not names_any(ws, duck, file, items)]
        if new:
            with ws.database.write() as connection:
                connection.execute(insert(cases.hold_clearance), [{"hold": number, "path": path} for path in new])


def keepers_of_files(connection: Connection, paths: Iterable[str]) -> dict[str, list[str]]:
    """Numbers of the holds and open incidents that cover lake files (paths relative to the lake)."""
    dialect = connection.dialect.name
    return _keepers(connection, _FILES, list(paths), keeping.hold_covers("f", dialect))


def keepers_of_bytes(connection: Connection, segment_ids: Iterable[str]) -> dict[str, list[str]]:
    """Numbers of the holds and open incidents that may cover the bytes of segments without events in the lake."""
    dialect = connection.dialect.name
    return _keepers(connection, _EXTENTS, list(segment_ids), keeping.hold_covers_bytes("f", dialect))


def _keepers(connection: Connection, rows: str, keys: list[str], hold_covers: str) -> dict[str, list[str]]:
    around = keeping.around_incident("f", connection.dialect.name)
    queries = (
        f"SELECT f.path, h.number FROM {rows} f JOIN hold h ON {hold_covers}",
        f"SELECT f.path, i.number FROM {rows} f JOIN incident i ON i.state NOT IN ({keeping.ENDED}) AND {around}",
    )
    found: dict[str, list[str]] = {}
    for query in queries:
        statement = text(query).bindparams(bindparam("keys", expanding=True))
        for path, number in connection.execute(statement, {"keys": keys}):
            found.setdefault(path, []).append(number)
    return {path: sorted(numbers) for path, numbers in found.items()}


def _cleared(ws: Workspace, hold: str) -> set[str]:
    column = cases.hold_clearance.c
    with ws.database.read() as connection:
        return set(connection.execute(select(column.path).where(column.hold == hold)).scalars())
