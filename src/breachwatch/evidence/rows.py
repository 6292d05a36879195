"""The parsed rows of a case: found in the lake, written as Parquet for programs and as CSV for people.

Everything streams in blocks of a fixed number of rows, so that memory stays bounded and the same rows give the same
bytes, however DuckDB's threads divide the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self, cast

from sqlalchemy import select

from breachwatch import lake
from breachwatch.errors import EvidenceError
from breachwatch.evidence.bag import BagWriter
from breachwatch.evidence.case import Case
from breachwatch.evidence.cells import harmless
from breachwatch.lake import sql
from breachwatch.model.datasets import DATASETS, dataset
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROWS_PARQUET = "data/events.parquet"
ROWS_CSV = "data/events.csv"
_BLOCK = 8192  # rows in a block and in a row group of the Parquet file


class Position(NamedTuple):
    """Where the original bytes of one event lie, counted from the start of its uncompressed log."""

    event_id: str
    dataset: str
    record_number: int
    offset: int
    length: int


class Rows:
    """The events of one case in the lake. Holds a DuckDB connection; use it as a context manager.

    One thread may ask where events lie while another writes them.
    """

    def __init__(self, ws: Workspace, case: Case) -> None:
        with ws.database.read() as connection:
            held = set(connection.scalars(select(catalog.lake_file.c.dataset).distinct()))
        self._datasets = [name for name in sorted(DATASETS) if name in held]
        self._ws = ws
        # No views: they would bind every file of the lake for each incident, and a case needs the files of a few days.
        self._connection: duckdb.DuckDBPyConnection = lake.connect_bare(ws)
        self._places = self._connection.cursor()  # for positions, which may be asked for beside the writing
        self._found: list[tuple[str, str]] = []  # dataset and table
        self._find(case)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._places.close()
        self._connection.close()

    def _find(self, case: Case) -> None:
        """Fill the tables of the events, and `picked` with their positions. Raises EvidenceError where one is lacking.

        The lake is read once: whole rows go to tables of this connection, which DuckDB keeps on the disk where they are
        too many for its memory.
        """
        import pyarrow as pa

        wanted = case.all_event_ids
        self._connection.register("wanted_ids", pa.table({"event_id": pa.array(wanted, pa.string())}))
        self._connection.execute("CREATE TABLE wanted AS SELECT event_id FROM wanted_ids")
        self._connection.execute(
            "CREATE TABLE picked (event_id VARCHAR, dataset VARCHAR, source VARCHAR, segment_id VARCHAR, "
            "record_number BIGINT, byte_offset BIGINT, byte_length BIGINT)"
        )
        first, last = case.span
        # First where the events should be: the alerts' datasets and days. Then anywhere.
        named = sorted({alert.dataset for alert in case.alerts} & set(self._datasets)) or self._datasets
        self._pick(named, first, last + timedelta(microseconds=1))
        self._connection.execute("DELETE FROM wanted WHERE event_id IN (SELECT event_id FROM picked)")
        if self._count("wanted"):
            self._pick(self._datasets)
            self._connection.execute("DELETE FROM wanted WHERE event_id IN (SELECT event_id FROM picked)")
        missing = self._count("wanted")
        if missing:
            [(lacking,)] = self._connection.execute("SELECT min(event_id) FROM wanted").fetchall()
            msg = f"{missing} of {len(wanted)} events are not in the lake, the first is {lacking}"
            raise EvidenceError(msg)

    def _pick(self, names: Sequence[str], since: datetime | None = None, until: datetime | None = None) -> None:
        for name in names:
            events = lake.select_between(self._ws, dataset(name), since, until)
            table = sql.name(f"found{len(self._found)}")
            # DuckDB plans without opening the lake's files and takes them for small: it would keep all their rows in
            # memory, and look the wanted events up in them. Told to leave the sides as they are, it does the reverse.
            self._connection.execute("SET disabled_optimizers = 'build_side_probe_side'")
            self._connection.execute(
                f"CREATE TABLE {table} AS SELECT * FROM ({events}) WHERE event_id IN (SELECT event_id FROM wanted)"
            )
            self._connection.execute("RESET disabled_optimizers")
            if not self._count(table):
                self._connection.execute(f"DROP TABLE {table}")
                continue
            self._found.append((name, table))
            # One row per event, even where two segments hold the same record.
            self._connection.execute(
                "INSERT INTO picked SELECT event_id, ?, min(source), min(segment_id), "
                "arg_min(record_number, segment_id), arg_min(byte_offset, segment_id), "
                f"arg_min(byte_length, segment_id) FROM {table} GROUP BY event_id",
                [name],
            )

    def _count(self, table: str) -> int:
        [(count,)] = self._connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(count)

    @property
    def count(self) -> int:
        """How many events there are."""
        return self._count("picked")

    def segments(self) -> list[str]:
        """The segments that the events come from, by source and id."""
        rows = self._places.execute("SELECT DISTINCT source, segment_id FROM picked ORDER BY ALL").fetchall()
        return [str(row[1]) for row in rows]

    def positions(self, segment_id: str) -> list[Position]:
        """The events of one segment, in the order in which they lie in it."""
        rows = self._places.execute(
            "SELECT event_id, dataset, record_number, byte_offset, byte_length FROM picked WHERE segment_id = ? "
            "ORDER BY byte_offset, record_number, event_id",
            [segment_id],
        ).fetchall()
        return [Position._make(row) for row in rows]

    def record_offsets(self, segment_id: str) -> list[int]:
        """Where the records of a segment begin, events and rejects alike, in order."""
        names = lake.datasets_of(self._ws, segment_id)
        records = [lake.select_segments(self._ws, dataset(name), [segment_id]) for name in names]
        parts = [f"SELECT byte_offset FROM ({select})" for select in records]
        query = f"SELECT DISTINCT byte_offset FROM ({' UNION ALL '.join(parts)}) ORDER BY byte_offset"
        return [int(row[0]) for row in self._places.execute(query).fetchall()]

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection to the lake, for what else is read for the same case."""
        return self._connection

    def write(self, bag: BagWriter) -> None:
        """Write data/events.parquet, and from it data/events.csv."""
        import pyarrow.parquet as pq

        schema = _union(sorted({name for name, _ in self._found}))
        filled: set[str] = set()
        with (
            bag.open(ROWS_PARQUET) as file,
            pq.ParquetWriter(cast("IO[Any]", file), schema, compression="zstd", version="2.6") as writer,
        ):
            for block in self._blocks(schema):
                writer.write_table(block, row_group_size=_BLOCK)
                filled.update(name for name in schema.names if block[name].null_count < len(block))
        columns = [name for name in schema.names if name in filled]
        with bag.open(ROWS_CSV) as file:
            write_csv(bag.folder / ROWS_PARQUET, columns, cast("IO[Any]", file))

    def _blocks(self, schema: pa.Schema) -> Iterator[pa.Table]:
        import pyarrow as pa

        reader = self._connection.sql(_select_rows(self._found, schema)).to_arrow_reader(_BLOCK)
        waiting: list[pa.Table] = []
        for batch in reader:
            waiting.append(pa.Table.from_batches([batch]).select(schema.names).cast(schema))
            if sum(len(table) for table in waiting) >= _BLOCK:
                table = pa.concat_tables(waiting)
                yield table.slice(0, _BLOCK).combine_chunks()
                waiting = [table.slice(_BLOCK)]
        rest = pa.concat_tables(waiting).combine_chunks() if waiting else schema.empty_table()
        if len(rest):
            yield rest


def _columns(name: str) -> dict[str, pa.Field[Any]]:
    """The columns of a dataset as the lake names them (`User_1` for Sysmon's `User` beside `user`), by folded name."""
    schema = dataset(name).schema
    fields = zip(sql.column_names(schema), schema, strict=True)
    return {column.lower(): field.with_name(column).with_nullable(True) for column, field in fields}


def _union(names: Sequence[str]) -> pa.Schema:
    """One schema for rows of several datasets; a column that two datasets type differently becomes text.

    Names that differ by case only (the firewall's `protocol`, Sysmon's `Protocol`) are one column, as SQL reads them.
    """
    import pyarrow as pa

    fields: dict[str, pa.Field[Any]] = {"dataset": pa.field("dataset", pa.string())}
    for name in names:
        for folded, field in _columns(name).items():
            known = fields.setdefault(folded, field)
            if known.type != field.type:
                fields[folded] = known.with_type(pa.string())
    return pa.schema(list(fields.values()))


def _select_rows(found: Iterable[tuple[str, str]], schema: pa.Schema) -> str:
    parts = []
    for name, table in found:
        own = _columns(name)
        columns = [
            "p.dataset"
            if column == "dataset"
            else f"CAST(e.{sql.name(own[column.lower()].name)} AS {sql.type_of(schema.field(column))}) "
            f"AS {sql.name(column)}"
            if column.lower() in own
            else f"CAST(NULL AS {sql.type_of(schema.field(column))}) AS {sql.name(column)}"
            for column in schema.names
        ]
        parts.append(
            f"SELECT {', '.join(columns)} FROM {table} e JOIN picked p "
            f"ON e.event_id = p.event_id AND e.segment_id = p.segment_id AND p.dataset = {sql.text(name)}"
        )
    order = "time NULLS LAST, source, segment_id, byte_offset, event_id"
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY {order}"


def write_csv(parquet: Path, columns: list[str], file: IO[Any]) -> None:
    """Write columns of a Parquet file as CSV with harmless cells."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    source = pq.ParquetFile(parquet)
    schema = pa.schema([pa.field(name, harmless(source.schema_arrow.empty_table()[name]).type) for name in columns])
    with pc.CSVWriter(file, schema) as writer:
        for batch in source.iter_batches(batch_size=_BLOCK, columns=columns):
            table = pa.Table.from_batches([batch]).select(columns)
            writer.write_table(pa.table([harmless(table[name]) for name in columns], schema=schema))
