"""Times in ISO 8601 of many records at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from breachwatch.parse.columns import EARLIEST, LATEST

_USUAL: Final = frozenset({len("2026-11-22T10:15:00Z"), len("2026-11-22T10:15:00.000000Z")})


def times_of(texts: Sequence[str | None], read: Callable[[int], datetime | None]) -> pa.Array[Any]:
    """The column `time`: the times of the texts in UTC, empty where one is before 1970 or after 2199.

    `read` tells the time (naive, UTC) of a place whose text is not laid out as usual; for one that is, it must tell the
    same as ISO 8601.
    """
    usual = [text if text is not None and len(text) in _USUAL and text[-1] == "Z" else None for text in texts]
    times: Any = None
    try:
        times = pa.array(usual, pa.string()).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        pass  # one of them is no time: all one by one, then
    else:
        bounds: Any = pc.min_max(times).as_py()
        if bounds["min"] is None or bounds["min"] < EARLIEST or bounds["max"] >= LATEST:
            times = None
    if times is not None and not times.null_count:
        return times  # type: ignore[no-any-return]
    found = [None] * len(texts) if times is None else times.to_pylist()
    for at, known in enumerate(found):
        if known is None:
            moment = read(at)
            found[at] = moment if moment is not None and EARLIEST <= moment < LATEST else None
    return pa.array(found, pa.timestamp("us"))
