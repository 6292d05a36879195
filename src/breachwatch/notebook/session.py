"""A workspace as a notebook sees it: read-only questions, answered with DuckDB relations.

A relation is lazy: `.df()` turns it into pandas, `.to_arrow_table()` into Arrow, and showing it prints its first rows.
All times are UTC without a zone, as in the lake.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from breachwatch import incidents, lake
from breachwatch.errors import UsageError
from breachwatch.evidence.handover import read_lines
from breachwatch.model.datasets import dataset
from breachwatch.model.people import Actor, Via
from breachwatch.notebook import html, tables
from breachwatch.notebook.incident import IncidentView
from breachwatch.people import acting
from breachwatch.workspace import Workspace, open_workspace

_MOST_RECORDS = 1_000_000  # of a piece of evidence, in one look
Moment = datetime | date | str
"""A time: aware or naive (UTC), a date (its start), or ISO 8601 text of either."""


def open(root: str | Path | None = None) -> Session:  # noqa: A001  it reads well: breachwatch.open(...)
    """Open the workspace at `root`, or the one that $BREACHWATCH_WORKSPACE or the current folder names.

    Raises SettingsError when there is no workspace, with what to do.
    """
    return Session(open_workspace(root))


class Session:
    """Questions to one workspace. Close it after use, or use it as a context manager.

    The lake is seen as it was on opening; open anew to see what landed since.
    """

    def __init__(self, ws: Workspace) -> None:
        self.workspace = ws
        self.connection = lake.connect(ws)
        """The DuckDB connection, to register frames of your own with `connection.register(name, frame)`."""

    def sql(self, query: str, params: Any = None) -> duckdb.DuckDBPyRelation:
        """A query over the views: one a dataset (`linux_auth`), `rejects` and `authentication`.

        Give values apart, never pasted into the text: `ws.sql("FROM linux_auth WHERE user = ?", [name])`.
        """
        return self.connection.sql(query, params=params)

    def events(self, name: str, since: Moment | None = None, until: Moment | None = None) -> duckdb.DuckDBPyRelation:
        """The events of a dataset (`linux.auth`), of [since, until) where given; reads only files of that time.

        Raises UnknownNameError for a name that is no dataset, UsageError for a text that is no time.
        """
        return self.connection.sql(lake.select_between(self.workspace, dataset(name), moment(since), moment(until)))

    def authentication(self, since: Moment | None = None, until: Moment | None = None) -> duckdb.DuckDBPyRelation:
        """Every attempt to sign in, whatever product wrote it, of [since, until) where given."""
        relation = self.connection.view("authentication")
        first, end = moment(since), moment(until)
        if first is not None:
            relation = relation.filter(f"time >= '{first.replace(tzinfo=None).isoformat()}'::TIMESTAMP")
        if end is not None:
            relation = relation.filter(f"time < '{end.replace(tzinfo=None).isoformat()}'::TIMESTAMP")
        return relation

    def incidents(self, *, closed: bool = True) -> duckdb.DuckDBPyRelation:
        """The incidents, a row each: highest level first, then the oldest; closed ones last or left out."""
        return self.connection.from_arrow(
            tables.incidents_table(incidents.queue(self.workspace, by=self._reader(), closed=closed))
        )

    def incident(self, number: str) -> IncidentView:
        """One incident (`INC-2026-0001`). Raises UnknownNameError."""
        return IncidentView(
            self.workspace, self.connection, incidents.incident(self.workspace, number, by=self._reader())
        )

    def evidence(self, number: str, purpose: str = "looked at in a notebook") -> duckdb.DuckDBPyRelation:
        """The matched records of a piece of evidence (`EV-2026-000001`), a row each, with where their bytes are.

        The chain of custody tells who looked, and for what purpose. Raises NotPermittedError, UnknownNameError,
        EvidenceError where it holds no logs.
        """
        lines = read_lines(self.workspace, number, by=self._reader(), purpose=purpose, most=_MOST_RECORDS)
        return self.connection.from_arrow(tables.records_table(lines))

    def _reader(self) -> Actor:
        return acting(self.workspace, via=Via.NOTEBOOK)

    def datasets(self) -> duckdb.DuckDBPyRelation:
        """What the lake holds of each dataset: rows, files, first and last time."""
        return self.connection.from_arrow(tables.datasets_table(lake.spans(self.workspace).values()))

    def sources(self) -> duckdb.DuckDBPyRelation:
        """What each source has given: records, rows, rejects, its newest event."""
        return self.connection.from_arrow(tables.sources_table(lake.counts(self.workspace)))

    def original(self, event_id: str) -> bytes:
        """The original bytes of an event or reject. Raises UnknownNameError."""
        return lake.original_bytes(self.workspace, event_id)

    def close(self) -> None:
        """Let go of the lake; relations of this session cannot be read any more."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<breachwatch workspace {self.workspace.root}>"

    def _repr_html_(self) -> str:
        spans = lake.spans(self.workspace).values()
        rows = [(span.dataset, f"{span.rows:,}", span.min_time, span.max_time) for span in spans]
        return html.block(
            f"{self.workspace.settings.city.name}: {self.workspace.root}",
            html.table(("dataset", "rows", "first (UTC)", "last (UTC)"), rows)
            if rows
            else html.paragraph("The lake is empty. `breachwatch run` collects the logs."),
        )


def moment(value: Moment | None) -> datetime | None:
    """The time that is meant, aware, in UTC. Raises UsageError for a text that is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            msg = f"{value!r} is no time. Write 2026-11-20, 2026-11-20T18:00 (UTC) or 2026-11-20T12:00-06:00."
            raise UsageError(msg) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value is None:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
