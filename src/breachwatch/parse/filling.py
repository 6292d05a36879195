"""Columns of texts that groups of rows fill, each group behind the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Texts = Sequence[str | None]


class Filling:
    """Takes what each group fills; what a group leaves out is empty in its rows."""

    def __init__(self) -> None:
        self.size = 0
        """Rows of the groups that are done."""
        self._columns: dict[str, list[str | None]] = {}

    def fill(self, name: str, values: Iterable[str | None]) -> None:
        """A column of the group at hand, as many values as it has rows. A group fills a column once."""
        column = self._columns.setdefault(name, [])
        column.extend([None] * (self.size - len(column)))
        column.extend(values)

    def done(self, rows: int) -> None:
        """The group at hand, of so many rows, has no more columns."""
        self.size += rows

    def columns(self) -> dict[str, list[str | None]]:
        """All columns that any group filled."""
        for column in self._columns.values():
            column.extend([None] * (self.size - len(column)))
        return self._columns
