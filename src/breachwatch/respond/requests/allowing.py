"""What an entry of the allow-list says: the columns that leave by themselves, and the parts that do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Table

from breachwatch.model.requests import Why
from breachwatch.respond.requests.shapes import Shape


@dataclass(frozen=True, slots=True)
class Field:
    """A column that leaves by itself, with the words above it in the release."""

    column: str
    title: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Part:
    """Columns that are withheld together. `sealed`: nobody clears them here, and nobody is shown them for it."""

    name: str
    columns: tuple[str, ...]
    title: str  # what it is, for the index that leaves: fixed words
    why: Why
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """One kind of record. `restricted` says why a whole record is withheld, None where it is not."""

    name: str
    title: str  # one such record, in the index
    table: Table
    date: str  # the column whose day stands in the index
    released: tuple[Field, ...]
    parts: tuple[Part, ...]
    keys: frozenset[str]
    restricted: Callable[[Row[Any]], Why | None] = lambda row: None  # noqa: ARG005
    sealed_if: Mapping[str, Callable[[Row[Any]], bool]] = field(default_factory=dict)  # by name of the part
