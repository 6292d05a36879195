"""The original bytes of a bag as events again: parsed with today's program, in tables of an in-memory DuckDB.

A segment that was kept whole is parsed as it was; of one that was kept in ranges, each range from its first match on.
An event log, which cannot be read from its middle, is put together again with zeros where nothing was kept.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from breachwatch import lake, parse
from breachwatch.errors import EvidenceError
from breachwatch.evidence.content import SOURCES
from breachwatch.evidence.on_disk import BagOnDisk, match_lines
from breachwatch.lake import sql
from breachwatch.lake.authentication import authentication_view
from breachwatch.lake.connection import dataset_view
from breachwatch.model.datasets import DATASETS, REJECTS_DATASET, dataset
from breachwatch.model.formats import format_named
from breachwatch.model.segment import Batch, Segment
from breachwatch.settings import Settings
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

PARSED = "parsed"
"""Schema of the tables that hold what was parsed; the views over them have the lake's own names."""


@contextmanager
def reparsed(ws: Workspace, bag: BagOnDisk, settings: Settings) -> Iterator[tuple[duckdb.DuckDBPyConnection, set[str]]]:
    """A DuckDB with the bag's events under the lake's names, and the datasets that have any.

    `settings` are those under which the query runs. Raises EvidenceError where the bag does not describe its segments,
    and what parsing raises.
    """
    connection = lake.connect_bare(ws)
    try:
        connection.execute(f"CREATE SCHEMA {PARSED}")
        filled: set[str] = set()
        with tempfile.TemporaryDirectory(prefix="reproduce-", dir=ws.scratch) as folder:
            for segment, data in _pieces(bag, Path(folder)):
                with data:
                    for batch in parse.parse(segment, data, ws.settings.limits):
                        _insert(connection, batch, filled)
        for name, data_set in DATASETS.items():
            if name in filled:
                table = f"{PARSED}.{sql.name(data_set.view)}"
                # A record that two segments hold is one event.
                connection.execute(
                    f"CREATE VIEW {sql.name(data_set.view)} AS SELECT * FROM {table} "
                    "QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY segment_id) = 1"
                )
            else:
                connection.execute(dataset_view(data_set, ()))
        connection.execute(authentication_view(frozenset(filled), settings))
        yield connection, filled
    finally:
        connection.close()


def _insert(connection: duckdb.DuckDBPyConnection, batch: Batch, filled: set[str]) -> None:
    if batch.dataset == REJECTS_DATASET.name:
        return
    view = dataset(batch.dataset).view
    rows = batch.table.rename_columns(sql.column_names(batch.table.schema))
    connection.register("batch_now", rows)
    make = f"INSERT INTO {PARSED}.{sql.name(view)}"
    if batch.dataset not in filled:
        make = f"CREATE TABLE {PARSED}.{sql.name(view)} AS"
        filled.add(batch.dataset)
    connection.execute(f"{make} SELECT * FROM batch_now")
    connection.unregister("batch_now")


def _pieces(bag: BagOnDisk, folder: Path) -> Iterator[tuple[Segment, BinaryIO]]:
    """What can be parsed: segments, or parts of segments, with their bytes."""
    firsts = _first_matches(bag)
    try:
        for said in bag.json(SOURCES)["segments"]:
            segment = _segment(said)
            ranges = [(int(part["start"]), int(part["end"]), str(part["file"])) for part in said["ranges"]]
            for _, _, name in ranges:
                if not name.startswith("data/raw/"):
                    raise EvidenceError(f"{SOURCES} names a file that is not in data/raw")
            if said["kept"] != "ranges":
                yield segment, bag.open(ranges[0][2])
            elif format_named(segment.format).framing == "evtx":
                yield segment, _with_gaps(bag, segment, ranges, folder)
            else:
                yield from _ranges(bag, segment, ranges, firsts, folder)
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{SOURCES} does not describe the segments"
        raise EvidenceError(msg) from error


def _first_matches(bag: BagOnDisk) -> dict[str, tuple[int, int]]:
    """For each file the offset in the log and the number of its first match."""
    found: dict[str, tuple[int, int]] = {}
    for match in match_lines(bag):
        found.setdefault(str(match["file"]), (int(match["offset"]), int(match["record_number"])))
    return found


def _ranges(
    bag: BagOnDisk,
    segment: Segment,
    ranges: Iterable[tuple[int, int, str]],
    firsts: Mapping[str, tuple[int, int]],
    folder: Path,
) -> Iterator[tuple[Segment, BinaryIO]]:
    for start, end, name in ranges:
        if name in firsts:
            offset, number = firsts[name]
            part = replace(segment, start=offset, end=end, first_record=number)
            yield part, _from(bag, name, offset - start, folder / f"{segment.segment_id}-{start}")


def _from(bag: BagOnDisk, name: str, offset: int, path: Path) -> BinaryIO:
    """The bytes of a file from an offset on, as a file of their own."""
    with bag.open(name) as file, path.open("xb") as out:
        file.seek(offset)
        shutil.copyfileobj(file, out, 1024 * 1024)
    return path.open("rb")


def _with_gaps(bag: BagOnDisk, segment: Segment, ranges: Iterable[tuple[int, int, str]], folder: Path) -> BinaryIO:
    path = folder / segment.segment_id
    with path.open("xb") as file:
        file.truncate(segment.size)
        for start, _, name in ranges:
            file.seek(start - segment.start)
            with bag.open(name) as part:
                shutil.copyfileobj(part, file, 1024 * 1024)
    return path.open("rb")


def _segment(said: Mapping[str, Any]) -> Segment:
    return Segment(
        segment_id=str(said["segment"]),
        source=str(said["source"]),
        file_id=str(said["file_id"]),
        path=str(said["path"]),
        format=str(said["format"]),
        start=int(said["start"]),
        end=int(said["end"]),
        first_record=int(said["first_record"]),
        modified_at=datetime.fromisoformat(said["modified_at"]),
        planned_at=datetime.fromisoformat(said["planned_at"]),
        time_zone=str(said["time_zone"]),
        host=str(said["host"]),
        after=int(said.get("after", 0)),
        sha256=str(said["sha256"]),
    )
