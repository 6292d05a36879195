"""`breachwatch sql`: a DuckDB query over the lake, locked down to reading it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from breachwatch.cli.options import JsonOption, WorkspaceOption, open_workspace, remark, show
from breachwatch.errors import UsageError

if TYPE_CHECKING:
    from breachwatch.workspace import Workspace

_FETCH = 1000
_TABLE_ROWS = 200
_DATA_ROWS = 100_000


def sql(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One query; '-' reads it from standard input.")],
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="At most N rows, 0 for all. Default: 200 in a table, else 100000."),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Run a DuckDB query over the lake.

    It can read the lake and nothing else. Each dataset is a view (linux.auth is linux_auth); `authentication` holds
    every sign-in, `rejects` what could not be parsed. `breachwatch sql "SHOW TABLES"` lists them, "DESCRIBE linux_auth"
    their columns. Times are in UTC.
    """
    if as_json and as_csv:
        msg = "choose --json or --csv, not both."
        raise UsageError(msg)
    text = sys.stdin.read() if query == "-" else query
    most = limit if limit is not None else (_DATA_ROWS if as_json or as_csv else _TABLE_ROWS)
    ws = open_workspace(ctx, workspace)
    rows = _Rows(ws, text, most)
    if as_json:
        _print_json(rows)
    elif as_csv:
        _print_csv(rows)
    else:
        _print_table(rows)
    if rows.cut:
        remark(f"only the first {most} rows are shown; --limit 0 shows all.")


class _Rows:
    """The rows of a query, fetched as they are printed; `cut` says afterwards whether the limit left rows out."""

    def __init__(self, ws: Workspace, query: str, most: int) -> None:
        self.columns: list[str] = []
        self.cut = False
        self._rows = self._run(ws, query)
        self._most = most
        self._first = list(islice(self._rows, 1))  # runs the query, so that its columns are known

    def __iter__(self) -> Iterator[Sequence[Any]]:
        count = 0
        for source in (self._first, self._rows):
            for row in source:
                if self._most and count == self._most:
                    self.cut = True
                    return
                count += 1
                yield row

    def _run(self, ws: Workspace, query: str) -> Iterator[Sequence[Any]]:
        import duckdb

        from breachwatch import lake

        with lake.connect(ws, locked_down=True) as connection:
            try:
                with lake.all_read(ws):
                    result = connection.execute(query)
                    self.columns = [column[0] for column in result.description or ()]
                    while rows := result.fetchmany(_FETCH):
                        yield from rows
            except duckdb.Error as error:
                msg = f"the query does not run: {error}"
                raise UsageError(msg) from None


def _print_json(rows: _Rows) -> None:
    """An array of objects, one a line, written as the rows come."""
    from breachwatch.report.plain import to_json

    typer.echo("[", nl=False)
    names = _different(rows.columns)
    for number, row in enumerate(rows):
        line = to_json(dict(zip(names, row, strict=True)), indent=None)
        typer.echo(f"{',' if number else ''}\n{line}", nl=False)
    typer.echo("\n]")


def _different(names: Sequence[str]) -> list[str]:
    """The names with a number where one comes again: a JSON object would keep only the last."""
    again = dict.fromkeys(names, 0)
    made = []
    for name in names:
        again[name] += 1
        made.append(name if again[name] == 1 else f"{name}_{again[name]}")
    return made


def _print_csv(rows: _Rows) -> None:
    from breachwatch.report.text import csv_cell

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in rows.columns])
    for row in rows:
        # Numbers stay numbers: only text can be a formula.
        writer.writerow([csv_cell(_as_text(cell)) if not isinstance(cell, int | float) else cell for cell in row])


def _print_table(rows: _Rows) -> None:
    from rich.text import Text

    from breachwatch.report.tables import table
    from breachwatch.report.text import safe, visible

    shown = table(*(visible(name, 80) for name in rows.columns), numbered=True)
    for row in rows:
        shown.add_row(*(Text("NULL", "dim") if cell is None else safe(_as_text(cell), longest=2000) for cell in row))
    if shown.columns:
        show(shown)
    plural = "" if shown.row_count == 1 else "s"
    remark(f"{shown.row_count} row{plural}")


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    return cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else str(cell)
