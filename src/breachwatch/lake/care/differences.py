"""What a check of the lake may find, and how it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

Progress = Callable[[str, int, int], None]
"""Called with (what, done, total) while long work goes on."""


def quiet(what: str, done: int, total: int) -> None:
    """A `Progress` that says nothing."""


MOST_TOLD = 1000
"""Differences that a report names; more are counted only."""


class Kind(StrEnum):
    """How something differs from what the catalog says."""

    MISSING = "missing"  # the catalog lists it, and it is not there
    CHANGED = "changed"  # other bytes than were written
    UNREADABLE = "unreadable"
    ROWS = "wrong rows"  # another number of rows than the catalog says
    COLUMNS = "wrong columns"
    TIMES = "wrong times"  # events outside the time that the catalog says
    TWICE = "events twice"  # one event id in more than one row of a dataset and day
    EXTRA = "extra"  # nothing that breachwatch wrote or would leave behind
    CATALOG = "catalog"  # the catalog contradicts itself
    LEFTOVER = "leftover"  # of a process that was killed; harmless: nothing reads it


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `path` is relative to the workspace; `remedy` says what to do."""

    kind: Kind
    path: str
    what: str
    remedy: str


@dataclass
class CheckReport:
    """What a check looked at and found. `bytes` are those of lake files and of stored segments as they are kept."""

    quick: bool
    files: int = 0
    segments: int = 0
    bytes: int = 0
    rows: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    leftovers: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether files, catalog and hashes agree; leftovers of killed processes are no disagreement."""
        return all(kind == Kind.LEFTOVER for kind in self.counts)

    def tell(self, kind: Kind, path: str, what: str, remedy: str) -> None:
        """Note a difference."""
        self.counts[kind.value] += 1
        told = self.leftovers if kind is Kind.LEFTOVER else self.differences
        if len(told) < MOST_TOLD:
            told.append(Difference(kind, path, what, remedy))
