"""Time going backwards within a log: a record that tells a much earlier time than the one before it.

Clocks are set, and now and then somebody writes into a log what did not happen. A log whose times jump all the time has
several writers with different clocks under one host's name; that is no news, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from breachwatch.detect.health.kinds import Backwards
from breachwatch.detect.health.logs import At, Held

_MIXED = 50  # more than one step back in so many records is a mixture of clocks


@dataclass(frozen=True, slots=True)
class StepBack:
    """The first step back of one host in one log, how many there are, and how far the farthest goes."""

    stream: tuple[str, ...]
    before: At
    after: At
    steps: int
    farthest: timedelta


def steps_sql(records: str, keys: Sequence[str], asked: Backwards) -> str:
    """One row for each host of each log with a step back at a new record (see `logs.records_sql`)."""
    log = f"{', '.join(keys)}, file_id"
    order = "number, record_number" if asked.order else "record_number"
    only = " WHERE number IS NOT NULL" if asked.order else ""
    sides = ", ".join(
        f"arg_min({prefix}{name}, place) AS {prefix}{name}"
        for prefix in ("before_", "")
        for name in ("time", "event_id", "segment_id", "dataset")
    )
    lags = ", ".join(f"lag({name}) OVER log AS before_{name}" for name in ("time", "event_id", "segment_id", "dataset"))
    return f"""WITH ordered AS (
SELECT found.*, file_id, new, count(*) OVER (PARTITION BY {log}) AS records,
       row_number() OVER log AS place, {lags}
FROM (
{records}
) AS found JOIN logs_now USING (segment_id){only}
WINDOW log AS (PARTITION BY {log} ORDER BY {order})
)
SELECT [{", ".join(keys)}], {sides}, count(*), any_value(records),
       max(date_diff('second', time, before_time)) FROM ordered
WHERE new AND time < before_time - INTERVAL {int(asked.step.total_seconds())} SECONDS
GROUP BY {log} ORDER BY ALL"""


def read_steps(rows: Iterable[Sequence[object]]) -> list[StepBack]:
    """Steps back from the rows of `steps_sql`; logs with a mixture of clocks are left out."""
    found = []
    for row in rows:
        stream, *ends = row[:9]
        steps, records, seconds = (int(value) for value in row[9:])  # type: ignore[call-overload]
        if steps == 1 or steps * _MIXED <= records:
            before, after = At(*ends[:4]), At(*ends[4:])  # type: ignore[arg-type]
            found.append(StepBack(tuple(stream), before, after, steps, timedelta(seconds=seconds)))  # type: ignore[arg-type]
    return found


def just_before(new: Iterable[Held], known: Iterable[Held]) -> list[Held]:
    """Of each log with new segments the one that lies before them, so that a step between two nights is seen."""
    listed = list(new)
    fresh = {item.segment_id for item in listed}
    first: dict[str, tuple[datetime, int]] = {}
    for item in listed:
        first[item.file_id] = min(first.get(item.file_id, (item.planned_at, item.start)), (item.planned_at, item.start))
    last: dict[str, Held] = {}
    for item in known:
        place = item.planned_at, item.start
        if item.segment_id not in fresh and place < first.get(item.file_id, place):
            held = last.get(item.file_id)
            if held is None or (held.planned_at, held.start) < place:
                last[item.file_id] = item
    return list(last.values())
