"""What can be filled in, and how it reads in a paper: as text for people, never markup, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from breachwatch.errors import LimitError, UsageError
from breachwatch.papers.words import Language

Value = str | int | date | datetime | Sequence[str] | Sequence[Mapping[str, str]] | None
"""None, an empty text and an empty list leave a visible blank where they are printed."""

MOST_ITEMS = 5000
LONGEST_TEXT = 100_000


@dataclass(frozen=True, slots=True)
class Blank:
    """A field without a value. As the list of a loop it is one row of blanks, so that the gap is seen."""

    field: str
    what: str


Shown = str | tuple[str, ...] | tuple[Mapping[str, str], ...] | bool | Blank
"""A value as templates see it: text, a list of texts, rows, a yes or no, or a blank."""


def shown(field: str, what: str, value: object, zone: ZoneInfo, words: Language) -> Shown:
    """A value as templates see it. Raises UsageError for what is no value, LimitError for one that is too large."""
    match value:
        case bool():
            return value
        case None | "":
            return Blank(field, what)
        case str():
            return _text(field, value) or Blank(field, what)
        case int() | date():
            return _said(field, value, zone, words)
        case Sequence():
            return _several(field, value)
    msg = f"{field}: a {type(value).__name__} cannot be filled in; give text, a number, a date, a time or a list."
    raise UsageError(msg)


def _said(field: str, value: int | date, zone: ZoneInfo, words: Language) -> str:
    """A number, a day or a time in words. Raises UsageError for a time without a zone."""
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, datetime):
        return words.date(value)
    if value.tzinfo is None:
        msg = f"{field}: the time {value.isoformat()} has no zone."
        raise UsageError(msg)
    return words.time(value.astimezone(zone))


def _text(field: str, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        msg = f"{field}: {len(value)} characters are more than a paper takes ({LONGEST_TEXT}). Attach it instead."
        raise LimitError(msg)
    return value.strip()


def _several(field: str, value: Sequence[object]) -> tuple[str, ...] | tuple[Mapping[str, str], ...]:
    if len(value) > MOST_ITEMS:
        msg = f"{field}: {len(value)} entries are more than a paper takes ({MOST_ITEMS}). Attach the list instead."
        raise LimitError(msg)
    texts = tuple(_text(field, item) for item in value if isinstance(item, str))
    if len(texts) == len(value):
        return tuple(text for text in texts if text)
    rows = tuple(
        {str(name): _text(field, str(cell)) for name, cell in item.items()}
        for item in value
        if isinstance(item, Mapping)
    )
    if len(rows) != len(value):
        msg = f"{field}: a list holds either texts or rows (tables of names and texts), and nothing else."
        raise UsageError(msg)
    return rows


def in_words(value: Shown, words: Language) -> str:
    """A value within a sentence, on one line. Rows have no such form: raises TypeError."""
    match value:
        case Blank(_, what):
            return words.missing(what)
        case bool():
            return words.yes if value else words.no
        case str():
            return " ".join(value.split())
    texts = [" ".join(item.split()) for item in value if isinstance(item, str)]
    if len(texts) != len(value):
        msg = "rows are printed by a loop"
        raise TypeError(msg)
    return words.several(texts)
