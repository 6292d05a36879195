r"""Log content made harmless for a table that people open in a spreadsheet or print to a terminal.

A cell that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, "CSV Injection"), and characters
that steer a terminal or turn the writing direction are written as `\x1b`, `\u202e`. The exact values are in the
Parquet file beside it, the exact bytes in data/raw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# What starts a formula, after white space that spreadsheets skip; also in the full-width forms.
_FORMULA = r"^\s*[=+\-@＝＋－＠]"  # noqa: RUF001  the full-width forms are meant
_FORMULA_START = re.compile(_FORMULA)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .:_/-]*")
# C0 and C1 controls, line and paragraph separators, marks and overrides of writing direction, zero-width characters.
_STEERING_CLASS = "[\\x00-\\x1f\\x7f-\\x{9f}\\x{200b}-\\x{200f}\\x{2028}-\\x{202e}\\x{2060}-\\x{2069}\\x{feff}]"
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def escape(text: str) -> str:
    """Text with every steering character written out."""
    return _STEERING.sub(lambda match: _written_out(ord(match[0])), text)


def csv_line(cells: Iterable[str]) -> str:
    """A line of CSV (RFC 4180) of texts made harmless, each in quotation marks."""
    return ",".join(map(_cell, cells)) + "\n"


def _cell(text: str) -> str:
    if _PLAIN.fullmatch(text):  # nearly all: names, numbers, times
        return f'"{text}"'
    shown = escape(text)
    marked = f"'{shown}" if _FORMULA_START.match(shown) else shown
    return '"' + marked.replace('"', '""') + '"'


def _written_out(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def harmless(column: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """A column for CSV: text made harmless, times as ISO 8601 with Z, numbers as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type):
        # What strftime(format="%Y-%m-%dT%H:%M:%SZ") gives, in a tenth of its time.
        written = pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1)
        times: pa.ChunkedArray[Any] = pc.binary_join_element_wise(written, pa.scalar("Z"), pa.scalar(""))  # type: ignore[call-overload]
        return times
    if not pa.types.is_string(column.type):
        return column
    steering = pc.match_substring_regex(column, _STEERING_CLASS)
    if pc.any(steering).as_py():
        texts = [text if text is None else escape(text) for text in column.to_pylist()]
        column = pa.chunked_array([pa.array(texts, pa.string())])
    formula = pc.match_substring_regex(column, _FORMULA)
    if not pc.any(formula).as_py():
        return column
    marked = pc.binary_join_element_wise(pa.scalar("'"), column, pa.scalar(""))  # type: ignore[call-overload]
    harmless_now: pa.ChunkedArray[Any] = pc.if_else(formula, marked, column)
    return harmless_now
