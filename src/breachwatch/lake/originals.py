"""The original bytes of a record, found by its event id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from breachwatch.errors import BreachwatchError, UnknownNameError
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


def original_records(
    ws: Workspace, event_ids: Sequence[str], since: datetime, until: datetime
) -> dict[str, bytes | str]:
    """The bytes of some records, or a sentence that says why there are none, by event id.

    They are looked for among the events of [since, until] (aware) first, which is much faster than everywhere.
    """
    from breachwatch import collect  # see above

    asked = list(dict.fromkeys(event_ids))
    places: dict[str, tuple[str, int, int]] = {}
    with connect_bare(ws) as connection:
        for when in ((since, until + timedelta(microseconds=1)), (None, None)):
            for name, paths in listed_files(ws, *when).items():
                wanted = [event for event in asked if event not in places]
                if wanted:
                    select = dataset_select(dataset(name), paths)
                    query = f"SELECT event_id, segment_id, byte_offset, byte_length FROM ({select}) WHERE event_id IN "
                    for row in connection.execute(f"{query} (SELECT unnest(?))", [wanted]).fetchall():
                        places[str(row[0])] = str(row[1]), int(row[2]), int(row[3])
    found: dict[str, bytes | str] = {}
    for event in asked:
        if event not in places:
            found[event] = "the lake no longer has this event"
            continue
        segment_id, offset, length = places[event]
        try:
            found[event] = collect.read_range(ws, collect.segment(ws, segment_id), offset, length)
        except BreachwatchError as error:
            found[event] = str(error)
    return found


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
