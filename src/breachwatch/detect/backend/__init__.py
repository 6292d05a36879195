"""The pySigma backend: Sigma rules as DuckDB SQL."""

from __future__ import annotations

from breachwatch.detect.backend.duckdb import BACKEND_VERSION, DuckDBBackend
from breachwatch.detect.backend.scope import SEARCHED, Scope
from breachwatch.detect.backend.tables import OPEN_TABLE, Column, Kind, LocalTime, Table, table_of

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
