"""Why events matched, as it is kept of a rule: a query, or plain tests that are told from the values themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

VALUE_CHARS = 200
BEFORE_CHARS = 60
"""How much of a long value is shown before the part that matched."""

_AT_ONCE = 2048
"""So many events are asked about together, so that what is known of them meanwhile stays small."""

Mask: TypeAlias = npt.NDArray[np.bool_]

_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "has": str.__contains__,
    "starts": str.startswith,
    "ends": str.endswith,
    "is": str.__eq__,
}

Tree: TypeAlias = "int | list[Any]"
"""The number of a leaf, or `and` or `or` and what stands under it."""


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain tests of a rule.

    `columns` are the fields as SQL, `leaves` of each distinct test its kind, the number of its field, and its text;
    `tests` the leaf of each test that can be told, in the order of `Explanation.tests`; `selections` of each selection
    when it holds and what it then tells of: numbers of tests (from 0), and parts of it with the same two.
    """

    source: str
    columns: list[str]
    leaves: list[tuple[str, int, str]]
    tests: list[int]
    selections: list[list[Any]]

    @property
    def sql(self) -> str:
        """The query for the fields of the events in `asked_events`."""
        return (
            f"SELECT event_id, {self.fields} FROM {self.source} WHERE event_id IN (SELECT event_id FROM asked_events)"
        )

    @property
    def fields(self) -> str:
        """The fields as SQL, each as it is and in lower case."""
        return ", ".join(f"{column}, lower({column})" for column in self.columns)

    def held(self, rows: Sequence[Sequence[Any]]) -> list[list[dict[str, Any]]]:
        """Of each event, given by its `fields`, the tests that it passes, as `Explanation.sql` would give them."""
        some = (rows[begin : begin + _AT_ONCE] for begin in range(0, len(rows), _AT_ONCE))
        return [held for part in some for held in _Told(self, part).held()]


class _Told:
    """What some events pass: each test is asked about all of them, one after another."""

    def __init__(self, plain: Plain, rows: Sequence[Sequence[Any]]) -> None:
        self._plain = plain
        self._count = len(rows)
        # A field without a value holds no text; no leaf's is empty.
        self._texts, self._lowered = (
            [[row[2 * column + more] or "" for row in rows] for column in range(len(plain.columns))] for more in (0, 1)
        )
        self._known: dict[int, Mask] = {}

    def held(self) -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = [[] for _ in range(self._count)]
        everything = np.ones(self._count, np.bool_)
        for selection in self._plain.selections:
            for number, passed in self._passed(selection, everything):
                _, column, literal = self._plain.leaves[self._plain.tests[number]]
                texts, lowered = self._texts[column], self._lowered[column]
                for event in np.flatnonzero(passed).tolist():
                    found[event].append({"test": number + 1, **cut(texts[event], lowered[event], literal)})
        return found

    def _passed(self, selection: Sequence[Any], among: Mask) -> Iterator[tuple[int, Mask]]:
        whole, parts = selection
        mine = among & self._holds(whole)
        if not mine.any():
            return
        for part in parts:
            if isinstance(part, list):
                yield from self._passed(part, mine)
            else:
                yield part, mine & self._holds(self._plain.tests[part])

    def _holds(self, tree: Tree) -> Mask:
        if isinstance(tree, list):
            joined: Mask = (np.logical_and if tree[0] == "and" else np.logical_or).reduce(
                [self._holds(part) for part in tree[1]]
            )
            return joined
        if tree not in self._known:
            kind, column, literal = self._plain.leaves[tree]
            told = map(_HOLDS[kind], self._lowered[column], repeat(literal))
            self._known[tree] = np.fromiter(told, np.bool_, self._count)
        return self._known[tree]


def cut(text: str, lowered: str, literal: str) -> dict[str, str | None]:
    """The value around a literal (not empty), and the literal as the value writes it."""
    at = lowered.find(literal)
    begin = 0 if len(text) <= VALUE_CHARS else max(at - BEFORE_CHARS, 0)
    found = text[at : at + min(len(literal), VALUE_CHARS)] if at >= 0 else None
    return {"value": text[begin : begin + VALUE_CHARS], "found": found}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The query of one search of a rule. `sql` gives `event_id, held, places`; NULL in `held`: no event of the rule.

    `held` lists `{test, value, found}` with the number of each test that the event passes; of keywords `places` lists
    `{test, name, value, found}`. `tests` holds selection, field, test and pattern by those numbers. `plain`, where the
    tests are plain, tells `held` of an event that is known to match.
    """

    dataset: str
    sql: str
    tests: tuple[tuple[str, str, str, str], ...]
    plain: Plain | None = None
