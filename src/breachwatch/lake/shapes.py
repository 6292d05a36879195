"""With which columns a lake file was written, and how a file of other columns is read today.

Datasets gain fields, and a field may change its type. A file is never rewritten for that. The catalog keeps the columns
of each file (its *shape*, shared by all files that one version wrote of a dataset), and files of another shape than
today's are read by a SELECT of their own: a column they lack is NULL; one whose type changed is converted, and a value
that cannot be converted without a loss stands in `extra` under the column's name; so does a column that is no more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, select

from breachwatch.lake import sql
from breachwatch.lake.storage import storage
from breachwatch.model.datasets import Dataset, dataset
from breachwatch.records import catalog
from breachwatch.workspace import Workspace

Columns = tuple[tuple[str, str], ...]
"""Names and DuckDB types, in order."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a lake file is, and its columns where they are not today's."""

    place: str
    columns: Columns | None = None


def columns_of(data: Dataset) -> Columns:
    """The columns that files of a dataset are written with by this program."""
    return tuple(zip(sql.column_names(data.schema), map(sql.type_of, data.schema), strict=True))


def shape_of(columns: Columns) -> str:
    """The short name of a set of columns."""
    return hashlib.sha256(_text(columns).encode()).hexdigest()[:16]


@cache
def current_shape(name: str) -> str:
    """The shape of what is written today of the dataset of that name."""
    return shape_of(columns_of(dataset(name)))


def record_shapes(connection: Connection, shapes: Iterable[Columns]) -> None:
    """Enter shapes that are new into the catalog."""
    known = set(connection.execute(select(catalog.lake_shape.c.shape)).scalars())
    for columns in dict.fromkeys(shapes):
        if shape_of(columns) not in known:
            connection.execute(catalog.lake_shape.insert().values(shape=shape_of(columns), columns=_text(columns)))


def shapes(ws: Workspace) -> dict[str, Columns]:
    """The columns of every shape that the catalog knows."""
    with ws.database.read() as connection:
        rows = connection.execute(select(catalog.lake_shape)).all()
    return {row.shape: tuple((str(name), str(kind)) for name, kind in json.loads(row.columns)) for row in rows}


def stored(ws: Workspace, files: Iterable[tuple[str, str, str | None]]) -> list[Stored]:
    """Where files are, given as (dataset, path relative to the lake, shape); files without a shape read as today's."""
    listed = list(files)
    others = {shape for name, _, shape in listed if shape and shape != current_shape(name)}
    columns: dict[str, Columns] = {}
    if others:
        with ws.database.read() as connection:
            for row in connection.execute(select(catalog.lake_shape)):
                columns[row.shape] = tuple((str(name), str(kind)) for name, kind in json.loads(row.columns))
    place = storage(ws).location
    return [Stored(place(path), columns.get(shape) if shape in others else None) for _, path, shape in listed]


def dataset_select(data: Dataset, files: Sequence[Path | Stored]) -> str:
    """The SELECT that reads a dataset from exactly these files.

    Columns come from the schema in this program and the catalog, by name: no file is opened to learn them.
    """
    mine = columns_of(data)
    groups: dict[Columns, list[str]] = {}
    for file in files:
        item = file if isinstance(file, Stored) else Stored(str(file))
        groups.setdefault(item.columns or mine, []).append(item.place)
    parts = [
        _read(places, columns)
        if columns == mine
        else f"SELECT {_converted(columns, mine)} FROM ({_read(places, columns)})"
        for columns, places in groups.items()
    ]
    if parts:
        return " UNION ALL ".join(parts)
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {sql.name(name)}" for name, kind in mine)
    return f"SELECT {nulls} WHERE false"


def keeps_everything(data: Dataset, columns: Columns) -> bool:
    """Whether rows with these columns lose nothing when they are written with today's."""
    mine = columns_of(data)
    return any(name == "extra" for name, _ in mine) or not _left_over(columns, mine)


def _read(places: Sequence[str], columns: Columns) -> str:
    fields = ", ".join(
        f"{sql.text(name)}: {{name: {sql.text(name)}, type: {sql.text(kind)}, default_value: NULL}}"
        for name, kind in columns
    )
    return f"SELECT * FROM read_parquet({sql.text_list(places)}, hive_partitioning = false, schema = MAP {{{fields}}})"


def _converted(theirs: Columns, mine: Columns) -> str:
    """The columns of today out of those of another shape."""
    have = {name.lower(): (name, kind) for name, kind in theirs}
    shown = []
    for name, kind in mine:
        found = have.get(name.lower())
        if name == "extra":
            shown.append(f"{_extra(theirs, mine)} AS {sql.name(name)}")
        elif found is None:
            shown.append(f"CAST(NULL AS {kind}) AS {sql.name(name)}")
        else:
            value = sql.name(found[0])
            shown.append(f"{value if found[1] == kind else _try(value, kind)} AS {sql.name(name)}")
    return ", ".join(shown)


def _try(value: str, kind: str) -> str:
    return f"TRY_CAST({value} AS {kind})"


def _left_over(theirs: Columns, mine: Columns) -> list[tuple[str, str]]:
    """What has no place in the columns of today: (name, SQL of the value, NULL where it has a place after all)."""
    kinds = {name.lower(): kind for name, kind in mine}
    found = []
    for name, kind in theirs:
        wanted = kinds.get(name.lower())
        value = sql.name(name)
        if wanted is None:
            found.append((name, f"CAST({value} AS VARCHAR)" if kind in _AS_TEXT else value))
        elif wanted not in (kind, "VARCHAR"):
            # What does not come back as it was (007, 1.6 as a whole number) is kept beside the number.
            back = _try(_try(value, wanted), kind)
            found.append((name, f"CASE WHEN {back} IS DISTINCT FROM {value} THEN CAST({value} AS VARCHAR) END"))
    return found


_AS_TEXT = frozenset({"BLOB", "TIMESTAMP"})


def _extra(theirs: Columns, mine: Columns) -> str:
    """`extra` with what is left over. Both are JSON objects: they are joined as texts, so that no value changes."""
    has = any(name == "extra" and kind == "VARCHAR" for name, kind in theirs)
    own = '"extra"' if has else "CAST(NULL AS VARCHAR)"
    left = _left_over(theirs, mine)
    if not left:
        return own
    members = ", ".join(f"{sql.text(name)}, {value}" for name, value in left)
    nothing = " AND ".join(f"({value}) IS NULL" for _, value in left)
    # A patch drops the members that are null.
    more = f"CAST(json_merge_patch('{{}}', json_object({members})) AS VARCHAR)"
    joined = f"left({more}, -1) || ',' || substr({own}, 2)"
    return f"CASE WHEN {nothing} THEN {own} WHEN {own} IS NULL OR {own} = '{{}}' THEN {more} ELSE {joined} END"


def _text(columns: Columns) -> str:
    return json.dumps([list(pair) for pair in columns], separators=(",", ":"))
