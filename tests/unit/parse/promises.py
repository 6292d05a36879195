"""What every parser promises, whatever the bytes: nothing raises, nothing is lost, nothing changes on a second reading.

rows + rejects = records, and each record's place cuts exactly its original bytes out of the log.
"""

from __future__ import annotations

import io
import re
from itertools import pairwise
from typing import Any

from breachwatch.model.formats import RECORD_SIZES, format_named
from breachwatch.parse import parse
from breachwatch.settings import Limits
from tests.unit.parse.support import make_segment

START = 4096
FIRST = 17
LIMITS = Limits(record_bytes=2048)
_BLANKS = b" \t\r\n\x0b\x0c"


def check(form: str, data: bytes) -> list[dict[str, Any]]:
    """Parse the bytes as a segment in the middle of a log and see that each promise holds; gives the records."""
    segment = make_segment(form, data, start=START, first_record=FIRST)
    first = list(parse(segment, io.BytesIO(data), LIMITS))
    again = list(parse(segment, io.BytesIO(data), LIMITS))
    assert [(batch.dataset, batch.table) for batch in first] == [(batch.dataset, batch.table) for batch in again]
    rows: list[dict[str, Any]] = [
        {**row, "dataset": batch.dataset} for batch in first for row in batch.table.to_pylist()
    ]
    rows.sort(key=lambda row: (row["record_number"], row["byte_offset"]))
    for row in rows:
        begin = row["byte_offset"] - START
        cut = data[begin : begin + row["byte_length"]]
        assert begin >= 0
        assert len(cut) == row["byte_length"] > 0
        if row["dataset"] == "rejects":
            assert row["raw"] == cut
            assert "the parser failed" not in row["reason"], row["reason"]
    places = sorted((row["byte_offset"], row["byte_length"]) for row in rows)
    assert all(a + length <= b for (a, length), (b, _) in pairwise(places))
    _check_numbers(form, data, [row["record_number"] for row in rows])
    return rows


def _check_numbers(form: str, data: bytes, numbers: list[int]) -> None:
    """Each record has one row or one reject; which records there are is counted here anew, from the bytes alone."""
    framing = format_named(form).framing
    if framing == "lines":
        lines = [(number, line) for number, line in enumerate(data.split(b"\n"), FIRST) if line.strip(_BLANKS)]
        if form == "m365-csv":
            lines = [(number, line) for number, line in lines if number in numbers or not _heading(line)]
        assert numbers == [number for number, _ in lines]
    elif framing in RECORD_SIZES:
        size = RECORD_SIZES[framing]
        parts = [data[at : at + size] for at in range(0, len(data), size)]
        sparse = form.startswith("lastlog")  # an account that never signed in is no record
        used = [number for number, part in enumerate(parts, FIRST) if not sparse or len(part) < size or any(part)]
        assert numbers == used
    else:
        assert numbers == list(range(FIRST, FIRST + len(numbers)))


def _heading(line: bytes) -> bool:
    """The heading of a table, and what UTF-16 leaves of a last line feed, are no records."""
    text = line.replace(b"\0", b"")
    names = {name.strip(b' "\r') for name in re.split(rb"[,;\t]", text)}
    return not text.strip(_BLANKS) or (b"AuditData" in names and len(names) > 1)
