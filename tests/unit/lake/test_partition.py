"""Cutting tables into days: whatever order rows come in, each day is sorted by time, then by record number."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from breachwatch.lake.partition import by_day

_TIMES = st.one_of(st.none(), st.integers(-3, 3).map(lambda hours: hours * 18 * 3_600_000_000))
_ROWS = st.lists(st.tuples(_TIMES, st.integers(0, 4), st.integers(0, 4)), max_size=12)


def _table(rows: list[tuple[int | None, int, int]]) -> pa.Table:
    times, numbers, offsets = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "time": pa.array(times, pa.timestamp("us")),
            "record_number": pa.array(numbers, pa.int64()),
            "byte_offset": pa.array(offsets, pa.int64()),
        }
    )


def _key(row: tuple[int | None, int, int]) -> tuple[bool, int, int, int]:
    return row[0] is None, row[0] or 0, row[1], row[2]


@given(rows=_ROWS, ordered=st.booleans(), chunks=st.booleans())
def test_days_hold_all_rows_in_order(rows: list[tuple[int | None, int, int]], ordered: bool, chunks: bool) -> None:
    rows = sorted(rows, key=_key) if ordered else rows
    table = _table(rows)
    if chunks:
        table = pa.concat_tables([table.slice(0, 3), table.slice(3)])
    found: list[tuple[int | None, int, int]] = []
    for part in by_day("linux.syslog", table):
        micros = part.table["time"].cast(pa.int64()).to_pylist()
        mine = list(
            zip(micros, *(part.table[name].to_pylist() for name in ("record_number", "byte_offset")), strict=True)
        )
        assert part.date == ("unknown" if micros[0] is None else _date(micros[0]))
        assert mine == sorted(mine, key=_key)
        found.extend(mine)
    assert sorted(found, key=_key) == sorted(rows, key=_key)


def _date(micros: int) -> str:
    return date.fromordinal(date(1970, 1, 1).toordinal() + micros // 86_400_000_000).isoformat()
