"""The pySigma backend: Sigma rules as DuckDB SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from breachwatch.detect.backend.scope import SEARCHED, Scope
from breachwatch.detect.backend.tables import OPEN_TABLE, Column, Kind, LocalTime, Table, table_of

if TYPE_CHECKING:
    from breachwatch.detect.backend.duckdb import BACKEND_VERSION, DuckDBBackend

__all__ = [
    "BACKEND_VERSION",
    "OPEN_TABLE",
    "SEARCHED",
    "Column",
    "DuckDBBackend",
    "Kind",
    "LocalTime",
    "Scope",
    "Table",
    "table_of",
]


def __getattr__(name: str) -> Any:
    # pySigma is loaded by what converts rules, not by what reads a table's columns.
    if name in ("BACKEND_VERSION", "DuckDBBackend"):
        from breachwatch.detect.backend import duckdb

        return getattr(duckdb, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
