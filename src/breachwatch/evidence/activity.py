"""What the accounts, hosts and addresses of a case did before and after: data/context of a bag.

Of every dataset, the events of the hours around the case in which one of them is named. Where there are more than the
settings allow, the last ones before the case, the first ones of it and the first ones after it are kept.
data/context/activity.json says whose events were asked for and how many there were.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, cast

from breachwatch import lake
from breachwatch.evidence.bag import BagWriter
from breachwatch.evidence.case import Case
from breachwatch.evidence.rows import write_csv
from breachwatch.lake import sql
from breachwatch.model.datasets import REJECTS_DATASET, dataset
from breachwatch.model.events import CORE, PROVENANCE
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

ACTIVITY = "data/context/activity.parquet"
ACTIVITY_CSV = "data/context/activity.csv"
ABOUT = "data/context/activity.json"
_FIELDS = [field.with_nullable(True).remove_metadata() for field in (*CORE, *PROVENANCE)]
_KINDS = ("user", "host", "source_ip")
_MOST_NAMED = 1000  # entities of a kind that are looked for
_BLOCK = 8192  # rows in a row group
_PHASES = {"before": "DESC", "during": "ASC", "after": "ASC"}


def write_activity(ws: Workspace, case: Case, connection: duckdb.DuckDBPyConnection, bag: BagWriter) -> None:
    """Write the files of data/context. Raises what reading the lake raises."""
    settings = ws.settings.evidence
    around = timedelta(hours=settings.context_hours)
    first, last = case.span
    since, until = _moved(first, -around), _moved(last, around)
    named = {kind: [value for name, value in case.entities if name == kind][:_MOST_NAMED] for kind in _KINDS}
    asked = {kind: values for kind, values in named.items() if values}
    connection.execute(
        "CREATE OR REPLACE TABLE activity AS SELECT CAST('' AS VARCHAR) AS phase, CAST('' AS VARCHAR) AS dataset, "
        + ", ".join(f"CAST(NULL AS {sql.type_of(field)}) AS {sql.name(field.name)}" for field in _FIELDS)
        + " WHERE false"
    )
    counts: dict[str, dict[str, int]] = {}
    held = {file.dataset for file in lake.files(ws, since=since, until=until)} - {REJECTS_DATASET.name}
    if asked and settings.context_events:
        for name in sorted(held):
            events = f"({lake.select_between(ws, dataset(name), since, until)}) WHERE {_tests(asked)}"
            found = _gather(connection, name, events, first, last, settings.context_events)
            counts |= {name: found} if found else {}
    kept = _write(connection, settings.context_events, bag)
    bag.add_json(
        ABOUT,
        {
            "entities": asked,
            "since": since.isoformat(),
            "until": until.isoformat(),
            "hours_before_and_after": settings.context_hours,
            "most_events_of_a_phase": settings.context_events,
            "events": counts,
            "kept": kept,
        },
    )


def _moved(moment: datetime, by: timedelta) -> datetime:
    """The moment moved, or as it is where no calendar holds the other: a broken clock may write any time."""
    try:
        return moment + by
    except OverflowError:
        return moment


def _tests(asked: Mapping[str, list[str]]) -> str:
    lists = {kind: map(sql.text, sorted({value.lower() for value in values})) for kind, values in asked.items()}
    tests = (f"lower({sql.name(kind)}) IN ({', '.join(values)})" for kind, values in lists.items())
    return f"({' OR '.join(tests)})"


def _gather(
    connection: duckdb.DuckDBPyConnection, name: str, events: str, first: datetime, last: datetime, most: int
) -> dict[str, int]:
    """Add a dataset's events to the table `activity`; how many there are in each phase of the case."""
    when = {
        "before": f"time < {sql.moment(first)}",
        "during": f"time BETWEEN {sql.moment(first)} AND {sql.moment(last)}",
        "after": f"time > {sql.moment(last)}",
    }
    filters = ", ".join(f"count(*) FILTER ({test})" for test in when.values())
    [row] = connection.execute(f"SELECT {filters} FROM {events}").fetchall()
    counts = {phase: int(count) for phase, count in zip(when, row, strict=True) if count}
    columns = ", ".join(sql.name(field.name) for field in _FIELDS)
    for phase in counts:
        connection.execute(
            f"INSERT INTO activity SELECT {sql.text(phase)}, {sql.text(name)}, {columns} FROM {events} "
            f"AND {when[phase]} ORDER BY time {_PHASES[phase]}, event_id LIMIT {int(most)}"
        )
    return counts


def _write(connection: duckdb.DuckDBPyConnection, most: int, bag: BagWriter) -> dict[str, int]:
    """Write what is kept, in the order of time; how many events of each phase that is."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [
        f"(SELECT * FROM activity WHERE phase = {sql.text(phase)} ORDER BY time {order}, event_id, dataset "
        f"LIMIT {int(most)})"
        for phase, order in _PHASES.items()
    ]
    table = connection.sql(f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY time, dataset, event_id")
    schema = pa.schema([pa.field("phase", pa.string()), pa.field("dataset", pa.string()), *_FIELDS])
    rows = table.to_arrow_table().cast(schema)
    with (
        bag.open(ACTIVITY) as file,
        pq.ParquetWriter(cast("IO[Any]", file), schema, compression="zstd", version="2.6") as writer,
    ):
        writer.write_table(rows, row_group_size=_BLOCK)
    with bag.open(ACTIVITY_CSV) as file:
        write_csv(bag.folder / ACTIVITY, schema.names, cast("IO[Any]", file))
    phases = rows["phase"].to_pylist()
    return {phase: phases.count(phase) for phase in _PHASES if phase in phases}
