"""Why events matched, as it is kept of a rule: a query, or plain tests that are told from the values themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

VALUE_CHARS = 200
BEFORE_CHARS = 60
"""How much of a long value is shown before the part that matched."""

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
        fields = ", ".join(f"{column}, lower({column})" for column in self.columns)
        return f"SELECT event_id, {fields} FROM {self.source} WHERE event_id IN (SELECT event_id FROM asked_events)"

    def held(self, row: Sequence[Any]) -> list[dict[str, Any]]:
        """The tests that an event passes, of a row of `sql`, as `Explanation.sql` would give them."""
        return list(_Told(self, row[1::2], row[2::2]))


class _Told:
    """What one event passes."""

    def __init__(self, plain: Plain, texts: Sequence[str | None], lowered: Sequence[str | None]) -> None:
        self._plain = plain
        self._texts = texts
        self._lowered = lowered
        self._known: dict[int, bool] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for selection in self._plain.selections:
            for number in self._passed(selection):
                _, column, literal = self._plain.leaves[self._plain.tests[number]]
                yield {"test": number + 1, **cut(self._texts[column] or "", self._lowered[column] or "", literal)}

    def _passed(self, selection: Sequence[Any]) -> Iterator[int]:
        whole, parts = selection
        if self._holds(whole):
            for part in parts:
                if isinstance(part, list):
                    yield from self._passed(part)
                elif self._holds(self._plain.tests[part]):
                    yield part

    def _holds(self, tree: Tree) -> bool:
        if isinstance(tree, list):
            return (all if tree[0] == "and" else any)(map(self._holds, tree[1]))
        if tree not in self._known:
            kind, column, literal = self._plain.leaves[tree]
            text = self._lowered[column]
            self._known[tree] = text is not None and _HOLDS[kind](text, literal)
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
