"""The original bytes of a record, found by its event id."""

from __future__ import annotations

import re

from breachwatch.errors import UnknownNameError
from breachwatch.lake.connection import connect_bare, listed_files
from breachwatch.lake.shapes import dataset_select
from breachwatch.model.datasets import dataset
from breachwatch.workspace import Workspace

_EVENT_ID = re.compile(r"[0-9a-f]{32}")


def original_bytes(ws: Workspace, event_id: str) -> bytes:
    """The bytes of the record that became this event or reject, without its line ending.

    Searches all datasets (a filter in each file tells whether it can hold the id: 2 000 files take about a second).
    Raises UnknownNameError when no event of the lake has this id, and what collect raises when its segment is gone.
    """
    from breachwatch import collect  # its readers of every kind of log, which nothing else here needs

    found = _where(ws, event_id) if _EVENT_ID.fullmatch(event_id) else None
    if found is None:
        raise UnknownNameError("event", event_id, hint="An event id is 32 hexadecimal digits, as in column event_id.")
    segment_id, offset, length = found
    return collect.read_range(ws, collect.segment(ws, segment_id), offset, length)


def _where(ws: Workspace, event_id: str) -> tuple[str, int, int] | None:
    with connect_bare(ws) as connection:
        for name, paths in listed_files(ws).items():
            select = dataset_select(dataset(name), paths)
            row = connection.execute(
                f"SELECT segment_id, byte_offset, byte_length FROM ({select}) WHERE event_id = ? LIMIT 1", [event_id]
            ).fetchone()
            if row is not None:
                return str(row[0]), int(row[1]), int(row[2])
    return None
