"""Numbers of rules against columns of numbers, and against texts that may hold one, as SQL.

Whole numbers compare exactly, however long; what a text holds counts as a number where it is one in the usual decimal
notation, never `nan`, `inf` or a word.
"""

from __future__ import annotations

from collections.abc import Sequence

from breachwatch.detect.backend.tables import Column, Kind

_WHOLE = "[-+]?[0-9]{1,38}"
_DECIMAL = r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?"
_EXACT = 10**28
"""Below it a DECIMAL(38, 9) holds the number."""


def is_one_of(column: Column, numbers: Sequence[int | float]) -> str:
    """SQL that is true where the value is one of the numbers."""
    listed = f"= {numbers[0]}" if len(numbers) == 1 else f"IN ({', '.join(map(str, numbers))})"
    if column.kind is Kind.NUMBER or all(isinstance(item, int) and abs(item) < _EXACT for item in numbers):
        return f"{column.number} {listed}"
    return _as_number(column.text, listed)


def compared(column: Column, operator: str, number: float) -> str:
    """SQL that is true where the value is below, above ... a number; NULL where it is none."""
    if column.kind is Kind.NUMBER:
        return f"{column.sql} {operator} {number}"
    return _as_number(column.text, f"{operator} {number}")


def _as_number(text: str, comparison: str) -> str:
    return (
        f"CASE WHEN regexp_full_match({text}, '{_WHOLE}') THEN TRY_CAST({text} AS HUGEINT) {comparison} "
        f"WHEN regexp_full_match({text}, '{_DECIMAL}') AND isfinite(TRY_CAST({text} AS DOUBLE)) "
        f"THEN TRY_CAST({text} AS DOUBLE) {comparison} END"
    )
