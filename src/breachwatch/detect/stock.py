"""A small part of the lake, read once for a whole piece.

A night's new events often lie in hundreds of files of a few events each: to open them takes longer than to search them,
and each set of events that rules ask for (see `window`) would open them again. Where files are that small, a table is
copied whole into memory when it is first asked for, and the lake's view of it reads the copy from then on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from breachwatch.detect.mapping import AUTHENTICATION, Mappings
from breachwatch.lake import LakeFile
from breachwatch.model.datasets import DATASETS

MOST_CELLS = 25_000_000
"""So many values, empty ones included, are copied at most: some 200 MB."""

MOST_IN_A_FILE = 100_000
"""Where files hold more values than this on average, to search them in place is cheaper than to copy all columns."""


class Stock:
    """The tables of a connection's views, copied where all of them together are small."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, mappings: Mappings, listed: Iterable[LakeFile] | None
    ) -> None:
        """`listed`: the files that the connection's views are over; None copies nothing."""
        self.connection = connection
        self.mappings = mappings
        self._paths: dict[str, set[str]] = {}
        cells = count = 0
        for file in listed or ():
            if file.dataset in DATASETS:
                self._paths.setdefault(file.dataset, set()).add(file.path)
                cells += file.rows * len(DATASETS[file.dataset].schema.names)
                count += 1
        self.serves = listed is not None and cells <= min(MOST_CELLS, count * MOST_IN_A_FILE)
        """Whether its tables are copied."""
        self._kept: set[str] = set()
        if self.serves:
            connection.execute("CREATE SCHEMA memory.stock")

    def keep(self, dataset: str) -> str:
        """The copy of a dataset (or of `authentication`), which its view reads from then on; empty without one."""
        if not self.serves or not self._paths.get(dataset, dataset == AUTHENTICATION):
            return ""
        table = self.mappings.tables[dataset].sql
        if dataset not in self._kept:
            self._kept.add(dataset)
            if dataset == AUTHENTICATION:
                for name in self._below():
                    self.keep(name)
            self.connection.execute(f"CREATE TABLE memory.stock.{table} AS FROM memory.main.{table}")
            self.connection.execute(f"CREATE OR REPLACE VIEW memory.main.{table} AS FROM memory.stock.{table}")
        return f"memory.stock.{table}"

    def is_whole(self, dataset: str, files: Sequence[LakeFile]) -> bool:
        """Whether the view of a dataset is over these files of it and no others, and a copy."""
        mine = {file.path for file in files if file.dataset == dataset}
        return self.serves and mine == self._paths.get(dataset, set())

    def filled(self, source: str, columns: Sequence[str]) -> frozenset[str]:
        """Those of some columns (quoted) that have a value somewhere in a copy; `source` stands after FROM."""
        counts = ", ".join(f"count({name})" for name in columns)
        (found,) = self.connection.execute(f"SELECT {counts} FROM {source}").fetchall()
        return frozenset(name for name, number in zip(columns, found, strict=True) if number)

    def _below(self) -> list[str]:
        """The datasets that the view `authentication` names."""
        rows = self.connection.execute(
            f"SELECT sql FROM duckdb_views() WHERE view_name = '{AUTHENTICATION}' AND database_name = 'memory'"
        ).fetchall()
        text = "\n".join(sql for (sql,) in rows)
        return [name for name in self._paths if DATASETS[name].view in text]
