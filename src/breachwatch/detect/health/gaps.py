"""Numbers that are missing from a log: which runs of numbers there are, and what is missing between them.

A night's records of one stream (source, host and what the rule names) fall into *islands*, runs of numbers without a
hole, which DuckDB finds. What lies between two islands is missing, unless

- the later numbers were written earlier: then it is a fresh start (a log that was cleared, a reboot, a new counter);
- more than the rule's `history_days` lie between them: nobody listened;
- other files of the stream hold them: rotated logs, copies, what came late;
- as many records of the pieces around could not be parsed: those are told as rejects;
- the stream is full of holes anyway: it was filtered before it came here.

The stream's last records before the night are looked up, so that a gap between two nights is found, in the second one.
A gap is named by the record after it, so that it is the same one in every run that sees it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from breachwatch.detect.health.kinds import Gap
from breachwatch.detect.health.logs import At

Stream = tuple[str, ...]
"""Source, host and the values of the rule's `by`."""

_HOLES = 20  # a numbered stream has at most one step in so many that leaves out numbers
_JITTER = timedelta(seconds=2)  # records of several processors are not written in the order of their times
_AROUND = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Island:
    """Numbers from `first` to `last` without a hole; `run` is the log they are in and which start of its counter."""

    stream: Stream
    run: tuple[str, int]
    first: int
    last: int
    records: int
    begin: At
    end: At
    new: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Numbers of [first, last] that `count` records should have, between the records `before` and `after`."""

    stream: Stream
    first: int
    last: int
    count: int
    before: At
    after: At


def islands_sql(records: str, keys: Sequence[str], slack: int, *, wanted: bool) -> str:
    """The islands of all streams in `records` (see `logs.records_sql`), in rows for `read_islands`.

    A log whose numbers have no hole costs one aggregation; only others are looked at record by record. With `wanted`
    only the streams of a table of that name count.
    """
    stream = ", ".join(keys)
    log = f"{stream}, file_id"
    only = f"\nSEMI JOIN wanted USING ({stream})" if wanted else ""
    ends = ", ".join(
        f"{pick}({name}, number) AS {side}_{name}"
        for side, pick in (("begin", "arg_min"), ("end", "arg_max"))
        for name in ("time", "event_id", "segment_id", "dataset")
    )
    return f"""WITH records AS (
SELECT found.*, file_id FROM (
{records}
) AS found JOIN logs_now USING (segment_id){only} WHERE number IS NOT NULL
), logs AS (
SELECT {log}, 0::BIGINT AS epoch, min(number) AS first, max(number) AS last, count(*) AS records,
       sum(number::HUGEINT) AS total, {ends}
FROM records GROUP BY {log}
), broken AS (
SELECT {log} FROM logs WHERE records <> last - first + 1 OR 2 * total <> (first::HUGEINT + last) * records
), stepped AS (
SELECT records.*, lag(number) OVER (PARTITION BY {log} ORDER BY record_number) AS before
FROM records SEMI JOIN broken USING ({log})
), started AS (
SELECT *, (sum(CASE WHEN number < before - {slack} THEN 1 ELSE 0 END) OVER
       (PARTITION BY {log} ORDER BY record_number ROWS UNBOUNDED PRECEDING))::BIGINT AS epoch FROM stepped
), once AS (
SELECT {log}, epoch, number, arg_min(time, record_number) AS time, arg_min(event_id, record_number) AS event_id,
       arg_min(segment_id, record_number) AS segment_id, arg_min(dataset, record_number) AS dataset
FROM started GROUP BY {log}, epoch, number
), placed AS (
SELECT *, number - row_number() OVER (PARTITION BY {log}, epoch ORDER BY number) AS island FROM once
), islands AS (
SELECT {log}, epoch, min(number) AS first, max(number) AS last, count(*) AS records, {ends}
FROM placed GROUP BY {log}, epoch, island
UNION ALL BY NAME SELECT * EXCLUDE (total) FROM logs ANTI JOIN broken USING ({log})
)
SELECT [{stream}], file_id, epoch, first, last, records,
       begin_time, begin_event_id, begin_segment_id, begin_dataset, end_time, end_event_id, end_segment_id, end_dataset
FROM islands
QUALIFY count(*) OVER (PARTITION BY {stream}) * 10 <= sum(records) OVER (PARTITION BY {stream})
     OR count(*) OVER (PARTITION BY {stream}) <= 50
ORDER BY ALL"""


def read_islands(rows: Iterable[Sequence[object]], *, new: bool) -> Iterator[Island]:
    """Islands from the rows of `islands_sql`."""
    for row in rows:
        stream, file_id, epoch, first, last, records, *ends = row
        yield Island(
            tuple(stream),  # type: ignore[arg-type]
            (str(file_id), int(epoch)),  # type: ignore[call-overload]
            int(first),  # type: ignore[call-overload]
            int(last),  # type: ignore[call-overload]
            int(records),  # type: ignore[call-overload]
            At(*ends[:4]),  # type: ignore[arg-type]
            At(*ends[4:]),  # type: ignore[arg-type]
            new,
        )


def by_stream(islands: Iterable[Island]) -> dict[Stream, list[Island]]:
    """Islands by the stream that they are of."""
    found: defaultdict[Stream, list[Island]] = defaultdict(list)
    for island in islands:
        found[island.stream].append(island)
    return dict(found)


def first_of(islands: Sequence[Island]) -> Island:
    """The island that was written first."""
    return min(islands, key=lambda item: (item.begin.time, item.first))


def missing_in(islands: Sequence[Island], gap: Gap) -> list[Missing]:
    """What is missing from one stream next to new records."""
    runs = _runs(islands)
    holes = list(_neighbours(runs))
    if not _is_numbered(runs, len(holes), gap):
        return []
    found = []
    for before, after in holes:
        is_fresh_start = not -_JITTER <= after.begin.time - before.end.time <= gap.history
        if is_fresh_start or not (before.new or after.new):
            continue
        first, last = before.last + 1, after.first - 1
        count = last - first + 1 - _elsewhere(islands, first, last, before.end.time, after.begin.time)
        if count > 0:
            found.append(Missing(before.stream, first, last, count, before.end, after.begin))
    return found


def _runs(islands: Sequence[Island]) -> list[list[Island]]:
    """The islands of each run in the order of their numbers, the runs in the order of their times."""
    runs: defaultdict[tuple[str, int], list[Island]] = defaultdict(list)
    for island in sorted(islands, key=lambda item: item.first):
        runs[island.run].append(island)
    return sorted(runs.values(), key=lambda run: (min(item.begin.time for item in run), run[0].run))


def _is_numbered(runs: Sequence[Sequence[Island]], holes: int, gap: Gap) -> bool:
    """Whether hardly ever a number is left out, or comes before a lower one in the same log."""
    records = sum(island.records for run in runs for island in run)
    starts = len(runs) - len({run[0].run[0] for run in runs})
    return records >= gap.least_records and (holes + starts) * _HOLES <= records


def _neighbours(runs: Sequence[Sequence[Island]]) -> Iterator[tuple[Island, Island]]:
    """Islands with a hole between them: within a run, and from the end of one run to the start of the next."""
    for run in runs:
        yield from pairwise(run)
    for earlier, later in pairwise(runs):
        if later[0].first > earlier[-1].last + 1:
            yield earlier[-1], later[0]


def _elsewhere(islands: Sequence[Island], first: int, last: int, since: datetime, until: datetime) -> int:
    """How many of the numbers other islands of about that time hold."""
    spans = sorted(
        (max(island.first, first), min(island.last, last))
        for island in islands
        if island.begin.time <= until + _AROUND and island.end.time >= since - _AROUND
    )
    count, at = 0, first
    for begin, end in spans:
        if end >= max(begin, at):
            count += end - max(begin, at) + 1
            at = end + 1
    return count
