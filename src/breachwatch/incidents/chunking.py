"""Many values for one statement, in lists that every database takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

_BOUND = 500  # values in one IN (...): well below what SQLite and PostgreSQL take


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """The values in lists short enough for one statement."""
    rest = iter(values)
    while chunk := list(islice(rest, _BOUND)):
        yield chunk
