"""From Python values to Arrow columns, without ever losing a row to one value.

A column whose values all fit is made in one step. Where one does not, the values are tried one by one: numbers become
text in a text column and plain digits a number in a number column, lone surrogates are written out visibly, a time
outside 1970 to 2200 becomes empty (its text stays in `time_text`), and what still does not fit goes to `extra` under
the column's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.parse import quick_json
from breachwatch.parse.base import Row

EARLIEST = datetime(1970, 1, 1)  # noqa: DTZ001 - naive by design: all times of rows are UTC
LATEST = datetime(2200, 1, 1)  # noqa: DTZ001

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIGITS = re.compile(r"-?[0-9]{1,19}")
_INT_BOUNDS: dict[pa.DataType, tuple[int, int]] = {pa.int32(): (-(2**31), 2**31 - 1), pa.int64(): (-(2**63), 2**63 - 1)}


class _UnfitError(Exception):
    """The value has no place in its column."""


def make_column(name: str, kind: pa.DataType, values: list[Any], rows: Sequence[Row]) -> pa.Array[Any]:
    """The Arrow array of one column; a value that does not fit moves to its row's `extra`."""
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, UnicodeError, TypeError, ValueError, OverflowError):
        return pa.array([_fit_or_move(name, kind, value, rows[index]) for index, value in enumerate(values)], kind)


def make_time(values: list[Any], rows: Sequence[Row]) -> pa.Array[Any]:
    """The column `time`; aware times are brought to UTC, those out of range or of no known kind become empty."""
    try:
        times = pa.array(values, pa.timestamp("us"))
        bounds: Any = pc.min_max(times).as_py()
        if bounds["min"] is None or (bounds["min"] >= EARLIEST and bounds["max"] < LATEST):
            return times
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass  # some value is no time: one by one, then
    return pa.array([_time(value, rows[index]) for index, value in enumerate(values)], pa.timestamp("us"))


def make_extra(rows: Sequence[Row]) -> pa.Array[Any]:
    """The column `extra`: one JSON object a row, empty where there is nothing."""
    return pa.array([extra_text(row.extra) if row.extra else None for row in rows], pa.string())


def extra_text(extra: dict[str, Any]) -> str:
    """The extra fields as JSON text; what JSON cannot say is written as text, so that no row is lost to it."""
    with suppress(quick_json.NotQuickError):
        return quick_json.write(extra)
    try:
        text = json.dumps(extra, ensure_ascii=False, allow_nan=False, default=_plain, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        safe = {str(key): _plain(value) for key, value in extra.items()}
        text = json.dumps(safe, ensure_ascii=False, separators=(",", ":"))
    if text.isascii():
        return text
    # Outside its strings JSON is ASCII, so a lone surrogate stands inside one: there it becomes the visible six
    # characters of its escape, with the backslash itself escaped as JSON wants it.
    return text if _encodes(text) else _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)


def visible(text: str) -> str:
    r"""The text with lone surrogates, which no column can hold, written out as \udXXX."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _time(value: Any, row: Row) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        row.extra["time"] = value
        return None
    if value.tzinfo is not None:
        try:
            value = value.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            return None
    return value if EARLIEST <= value < LATEST else None


def _fit_or_move(name: str, kind: pa.DataType, value: Any, row: Row) -> Any:
    if value is None:
        return None
    try:
        return _text(value) if kind == pa.string() else _integer(kind, value)
    except _UnfitError:
        row.extra[name] = value
        return None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    raise _UnfitError


def _integer(kind: pa.DataType, value: Any) -> int:
    if (isinstance(value, str) and _DIGITS.fullmatch(value)) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    low, high = _INT_BOUNDS.get(kind, (0, -1))
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise _UnfitError


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    try:
        return str(value)
    except (ValueError, RecursionError):
        return f"a value that cannot be written as text ({type(value).__name__})"
