"""Where a condition is searched, and what it used there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from breachwatch.detect.backend.tables import OPEN_TABLE, Column, Table

if TYPE_CHECKING:
    from sigma.types import SigmaString

SEARCHED = '"searched text"'
"""The column, made by the query itself, that keywords are looked for in."""


@dataclass
class Scope:
    """Where a condition is searched: the table, what its fields are called there, and what the condition used."""

    table: Table = OPEN_TABLE
    fields: Mapping[str, str] = field(default_factory=dict)  # Sigma name -> the table's name
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # Sigma name -> value -> the table's value
    used: dict[str, Column] = field(default_factory=dict)
    keywords: bool = False

    def column(self, name: str) -> Column:
        """The column of a rule's field; remembers that the rule uses it."""
        column = self.table.column(self.fields.get(name, name))
        self.used[name] = column
        return column

    def value(self, name: str, value: SigmaString) -> SigmaString:
        """The value as this table writes it."""
        known = self.values.get(name)
        if not known or str(value) not in known:
            return value
        from sigma.types import SigmaString

        return SigmaString(known[str(value)])

    @property
    def source(self) -> str:
        """What stands after FROM."""
        if not self.keywords:
            return self.table.sql
        return f"(SELECT *, {self.table.searched_text} AS {SEARCHED} FROM {self.table.sql})"
