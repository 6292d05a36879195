"""What analytic rules know of the time before the window: narrow tables, read once and shared by the rules.

A rule that asks when something was seen last needs a few columns of a long past. For each table and each reach there is
one copy of the columns that the rules over it name, with the last time (`time`) and the first (`past_since`) of each
combination of values and source; where a rule asks for the time itself, it keeps every row. The copies go by the
tables' own names in a schema of their own, so that a rule's search runs over them as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from breachwatch.detect.backend import Table
from breachwatch.detect.copies import columns_of
from breachwatch.detect.sources import earlier
from breachwatch.detect.window import LakeWindow
from breachwatch.lake.sql import moment

_NAME = re.compile(r'"((?:[^"]|"")+)"')


@dataclass
class _Copy:
    schema: str
    columns: set[str] = field(default_factory=set)


Planned = Callable[[str, timedelta], Iterable[str]]
"""The SQL that other rules will run over a table with a reach, so that one copy serves them all."""


class History:
    """The copies that one run needs, made when a rule first asks."""

    def __init__(self, window: LakeWindow, planned: Planned) -> None:
        self.window = window
        self._planned = planned
        self._copies: dict[tuple[str, timedelta], _Copy] = {}
        self._made = 0

    def tables(self, searches: Sequence[tuple[str, str]], reach: timedelta) -> tuple[str, list[str]]:
        """The schema in which the searches (dataset, SQL) run over the past, and each one's table, qualified."""
        wanted = {dataset: set[str]() for dataset, _ in searches}
        for dataset, sql in searches:
            wanted[dataset] |= self._columns(dataset, [sql])
        schemas = {dataset: self._copy(dataset, columns, reach) for dataset, columns in wanted.items()}
        names = [f"{schemas[dataset]}.{self._table(dataset).sql}" for dataset, _ in searches]
        return ",".join(dict.fromkeys(schemas.values())), names

    def _copy(self, dataset: str, columns: set[str], reach: timedelta) -> str:
        known = self._copies.get((dataset, reach))
        if known is None or not columns <= known.columns:
            columns = (
                columns | self._columns(dataset, self._planned(dataset, reach)) | (known.columns if known else set())
            )
            if known is not None:
                self.window.connection.execute(f"DROP TABLE {known.schema}.{self._table(dataset).sql}")
            known = _Copy(self._make(dataset, columns, reach), columns)
            self._copies[dataset, reach] = known
        return known.schema

    def _make(self, dataset: str, columns: set[str], reach: timedelta) -> str:
        self._made += 1
        schema = f"night.past_{self._made}"
        self.window.connection.execute(f"CREATE SCHEMA {schema}")
        table = self._table(dataset)
        start = earlier(self.window.spans.window.start, reach)
        end = self.window.spans.window.start
        named = "".join(f"{name}, " for name in sorted(columns - {'"time"', '"source"'}))
        whole = '"time"' in columns
        times = "time, time AS past_since" if whole else "max(time) AS time, min(time) AS past_since"
        self.window.connection.execute(
            f"CREATE TABLE {schema}.{table.sql} AS SELECT {named}source, {times} FROM {self.window.view(dataset)}\n"
            f"WHERE time >= {moment(start)} AND time < {moment(min(end, self.window.spans.window.end))}"
            f"{'' if whole else ' GROUP BY ALL'}"
        )
        return schema

    def _columns(self, dataset: str, sqls: Iterable[str]) -> set[str]:
        """The table's columns that stand in the SQL; everything the backend writes is quoted."""
        own = frozenset(name[1:-1] for name in columns_of(dataset))
        return {f'"{name}"' for sql in sqls for name in _NAME.findall(sql) if name in own}

    def _table(self, dataset: str) -> Table:
        return self.window.mappings.tables[dataset]
