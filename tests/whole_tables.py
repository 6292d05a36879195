"""Every table that a test of pages or commands shows is shown once more at 80 columns, where nothing may be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from breachwatch.report.tables import FittedTable

TERMINAL = 80
LONGEST = 36  # a UUID; of what is longer (a path, a hash) a text that wraps may break a word


def missing(table: FittedTable, width: int = TERMINAL) -> list[str]:
    """The words of a table's cells that it does not show whole at this width; lines that are too long for it."""
    to = StringIO()
    console = Console(file=to, width=width, markup=False, emoji=False, highlight=False)
    console.print(table, crop=False)
    shown = to.getvalue()
    words = Counter(
        word
        for column in table.columns
        for cell in column.cells
        if isinstance(cell, Text | str)
        for word in str(cell).split()
        if len(word) <= LONGEST
    )
    lost = [f"not whole: {word}" for word in words - Counter(shown.split())]
    return lost + [f"too long: {line}" for line in shown.splitlines() if len(Text(line)) > width]


@pytest.fixture(autouse=True)
def tables_are_whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at every table that is shown while a test runs."""
    told: list[str] = []
    show = FittedTable.__rich_console__

    def shown(table: FittedTable, console: Console, options: ConsoleOptions) -> RenderResult:
        with monkeypatch.context() as patch:
            patch.setattr(FittedTable, "__rich_console__", show)
            told.extend(missing(table))
        return show(table, console, options)

    monkeypatch.setattr(FittedTable, "__rich_console__", shown)
    yield
    assert told == []
