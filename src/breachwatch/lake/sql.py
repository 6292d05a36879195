"""Writing names, texts and types into DuckDB's SQL, for the few places that cannot take bound values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

_TYPES = {
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.timestamp("us"): "TIMESTAMP",
}


def text(value: str) -> str:
    """A text as an SQL literal."""
    if "\0" in value:
        msg = "an SQL text cannot hold a NUL"
        raise ValueError(msg)
    return "'" + value.replace("'", "''") + "'"


def text_list(values: Iterable[str]) -> str:
    """Texts as a literal of DuckDB's list type."""
    return "[" + ", ".join(text(value) for value in values) + "]"


def moment(value: datetime) -> str:
    """An aware time as a TIMESTAMP literal in UTC."""
    return f"TIMESTAMP {text(value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds'))}"


def name(value: str) -> str:
    """A column or view as a quoted identifier."""
    return '"' + value.replace('"', '""') + '"'


def column_names(schema: pa.Schema) -> list[str]:
    """The names of a schema's columns in Parquet and SQL, in order.

    DuckDB (like Spark and Trino) ignores case in names. A native field that differs from an earlier column by case only
    (Sysmon's `User` beside `user`) gets a number, as DuckDB would give it: `User_1`.
    """
    names: list[str] = []
    taken: set[str] = set()
    for field in schema:
        unique, number = field.name, 0
        while unique.lower() in taken:
            number += 1
            unique = f"{field.name}_{number}"
        taken.add(unique.lower())
        names.append(unique)
    return names


def type_of(field: pa.Field[Any]) -> str:
    """The DuckDB type of an Arrow field of the event schemas."""
    return _TYPES[field.type]


def type_or_text(field: pa.Field[Any]) -> str:
    """The DuckDB type of an Arrow field, or Arrow's own name of a type that the event schemas do not use."""
    return _TYPES.get(field.type, str(field.type))
