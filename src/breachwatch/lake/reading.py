"""A DuckDB connection that runs queries and refuses every other statement."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self

import duckdb

from breachwatch.errors import UsageError

_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+|ANALYSE\s+)?(\([^()]*\)\s*)?", re.IGNORECASE)


class ReadingConnection:
    """Runs SELECT (also WITH, FROM, VALUES, DESCRIBE, SHOW, SUMMARIZE) and EXPLAIN of those, one statement at a time.

    DuckDB's own locks leave one hole: a path that may be read may also be written with COPY. Hence the check of the
    statement's kind, made by DuckDB's parser. Errors of the query itself are duckdb.Error.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def sql(self, query: str, params: Any = None) -> duckdb.DuckDBPyRelation:
        """The query as a relation; raises UsageError for a statement that is no query, duckdb.Error for a wrong one."""
        self._check(query)
        return self._connection.sql(query, params=params)

    def execute(self, query: str, params: Any = None) -> duckdb.DuckDBPyConnection:
        """Run the query; fetch from what is returned. Raises like `sql`."""
        self._check(query)
        return self._connection.execute(query, params)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, query: str) -> None:
        statements = self._connection.extract_statements(query)
        if len(statements) != 1:
            msg = f"give one query; this text holds {len(statements)} statements."
            raise UsageError(msg)
        kind = statements[0].type
        if kind == duckdb.StatementType.EXPLAIN:
            kind = self._explained(query)
        if kind != duckdb.StatementType.SELECT:
            msg = f"only queries run here (SELECT, WITH, FROM, DESCRIBE, SUMMARIZE), not {kind.name}."
            raise UsageError(msg)

    def _explained(self, query: str) -> duckdb.StatementType:
        """The kind of the statement an EXPLAIN is about (EXPLAIN ANALYZE runs it), or EXPLAIN where that is unclear."""
        head = _EXPLAIN.match(query)
        try:
            inner = self._connection.extract_statements(query[head.end() :]) if head else []
        except duckdb.ParserException:
            inner = []
        return inner[0].type if len(inner) == 1 else duckdb.StatementType.EXPLAIN
