"""What the layout of lake files is worth to the two questions that analysts ask.

    .venv/bin/python -m benchmarks.lake --write docs/performance-lake.md

All of one account (or host) over a week; one rule over a year. The same invented rows are written in several layouts,
and each question is put to each of them by DuckDB, through `breachwatch.lake.shapes` as everywhere. Bytes and requests
are counted by a file system in between, as an object store would be asked; seconds are of files on a local disk that
the machine has in memory, the least of several times. The floor is a scan of every column of the same files.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem

from benchmarks import lake_corpus as corpus
from benchmarks.lake_corpus import LAYOUTS, OURS, Layout
from breachwatch.lake.objects import RangeFile
from breachwatch.lake.shapes import Stored, dataset_select
from breachwatch.model.datasets import dataset

WEEK = 7


class Counting(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files of a folder, with every range that is read noted: (path, start, end)."""

    protocol = "counted"
    cachable = False

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.read: list[tuple[str, int, int]] = []

    def glob(self, path: str, **_: Any) -> list[str]:
        return [path]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": self._path(path).stat().st_size, "type": "file"}

    def modified(self, path: str) -> datetime:
        return datetime.fromtimestamp(self._path(path).stat().st_mtime, UTC)

    def open(self, path: str, _mode: str = "rb", **_: Any) -> RangeFile:
        name, size = str(self._path(path)), self._path(path).stat().st_size

        def read(start: int, end: int) -> bytes:
            self.read.append((name, start, end))
            with Path(name).open("rb") as file:
                return os.pread(file.fileno(), max(0, end - start), start)

        return RangeFile(lambda: size, read)

    def _path(self, path: str) -> Path:
        return self.folder / path.removeprefix("counted://")


@dataclass(frozen=True, slots=True)
class Question:
    """A question: its words, and its SQL over {events}."""

    words: str
    sql: str
    year: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question took; `groups` is how many row groups were looked into, of how many."""

    rows: int
    seconds: float
    cpu_seconds: float
    bytes: int
    requests: int
    groups: tuple[int, int]


def ask(question: Question, paths: Sequence[Path], times: int) -> Answer:
    """Put a question to some files."""
    data = dataset(corpus.DATASET)
    best: tuple[float, float] = (1e9, 1e9)
    with duckdb.connect() as connection:
        for _ in range(times):
            began, cpu = time.perf_counter(), time.process_time()
            rows = len(connection.execute(question.sql.format(events=dataset_select(data, paths))).fetchall())
            best = min(best, (time.process_time() - cpu, time.perf_counter() - began))
    files = Counting(paths[0].parent)
    with duckdb.connect() as connection:
        connection.register_filesystem(files)
        counted = dataset_select(data, [Stored(f"counted://{path.name}") for path in paths])
        connection.execute(question.sql.format(events=counted)).fetchall()
    return Answer(rows, best[1], best[0], sum(e - s for _, s, e in files.read), len(files.read), _groups(files, paths))


def _groups(files: Counting, paths: Sequence[Path]) -> tuple[int, int]:
    """How many row groups had any column read, of how many there are."""
    looked, there = 0, 0
    for path in paths:
        meta = pq.read_metadata(path)
        there += meta.num_row_groups
        begins = [_begin(meta.row_group(number)) for number in range(meta.num_row_groups)]
        end = max((_end(meta.row_group(number)) for number in range(meta.num_row_groups)), default=0)
        asked = [(start, stop) for name, start, stop in files.read if name == str(path) and start < end]
        looked += len({bisect_right(begins, start) for start, _ in asked})
    return looked, there


def _begin(group: Any) -> int:
    return min(_first(group.column(number)) for number in range(group.num_columns))


def _end(group: Any) -> int:
    columns = (group.column(number) for number in range(group.num_columns))
    return max(_first(column) + column.total_compressed_size for column in columns)


def _first(column: Any) -> int:
    return int(column.dictionary_page_offset or column.data_page_offset)


def questions(table: pa.Table) -> list[Question]:
    """The questions, about an account and a host that are no robots and a name that is in no file."""
    people = [f"user{number}" for number in range(400, 900)]
    account, host = (
        corpus.quiet(people, table, "user"),
        corpus.quiet([f"host{n}" for n in range(60, 90)], table, "host"),
    )
    since = table["time"][0].as_py()
    return [
        Question(
            f"all of a quiet account ({account}) in a week", f"SELECT * FROM ({{events}}) WHERE user = '{account}'"
        ),
        Question("all of a busy account (user3) in a week", "SELECT * FROM ({events}) WHERE user = 'user3'"),
        Question(f"all of a host ({host}) in a week", f"SELECT * FROM ({{events}}) WHERE host = '{host}'"),
        Question("an address that is in no file, a week", "SELECT * FROM ({events}) WHERE source_ip = '10.20.12.251'"),
        Question(
            "one hour of a day, all of it",
            f"SELECT * FROM ({{events}}) WHERE time >= TIMESTAMP '{since}' "
            f"AND time < TIMESTAMP '{since}' + INTERVAL 1 HOUR",
        ),
        Question(
            "a rule over a year (accounts made)",
            "SELECT event_id, time, user, host FROM ({events}) "
            "WHERE lower(action) = 'user-created' AND lower(outcome) = 'success'",
            year=True,
        ),
        Question(
            "a rule over a year (words in a text)",
            "SELECT event_id, time, user, host FROM ({events}) "
            "WHERE contains(lower(message), 'for user2999 from 10.20.1.')",
            year=True,
        ),
    ]


SCAN = "SELECT {columns} FROM ({{events}})"


def scan(year: bool) -> Question:
    """The floor: every column of every row, and nothing kept."""
    columns = ", ".join(f'max("{item.name}")' for item in dataset(corpus.DATASET).schema)
    return Question(f"floor: every column of a {'year' if year else 'week'}", SCAN.format(columns=columns), year)


@dataclass
class Written:
    """The files of one layout."""

    name: str
    week: list[Path] = field(default_factory=list)
    year: list[Path] = field(default_factory=list)
    cpu_seconds: float = 0.0

    @property
    def bytes(self) -> int:
        return sum(path.stat().st_size for path in self.week + self.year)


def write_all(folder: Path, week_rows: int, year_rows: int, layouts: Sequence[Layout | None]) -> list[Written]:
    """Every layout of the same rows: a week of full days, and a year of thinner ones."""
    made = [Written(layout.name if layout else OURS) for layout in layouts]
    for span, days, rows in (("week", WEEK, week_rows), ("year", 365, year_rows)):
        for number in range(days):
            table = corpus.day(number, rows)
            for layout, written in zip(layouts, made, strict=True):
                path = folder / f"{made.index(written)}-{span}" / f"{number:03}.parquet"
                began = time.process_time()
                corpus.write(table, layout, path)
                written.cpu_seconds += time.process_time() - began
                getattr(written, span).append(path)
    return made


def main() -> None:
    """Measure and print, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--week-rows", type=int, default=150_000, help="rows of each day of the week")
    parser.add_argument("--year-rows", type=int, default=3_000, help="rows of each day of the year")
    parser.add_argument("--times", type=int, default=2, help="how often each question is asked; the least counts")
    parser.add_argument("--write", type=Path, help="the page to write")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="breachwatch-lake-") as name:
        made = write_all(Path(name), chosen.week_rows, chosen.year_rows, [*LAYOUTS, None])
        from benchmarks.lake_page import page

        asked = [*questions(corpus.day(0, chosen.week_rows)), scan(year=False), scan(year=True)]
        answers = {
            (question.words, question.year): {
                written.name: ask(question, written.year if question.year else written.week, chosen.times)
                for written in made
            }
            for question in asked
        }
        text = page(chosen.week_rows, chosen.year_rows, made, answers, platform.python_version())
    if chosen.write:
        kept = chosen.write.read_text(encoding="utf-8") if chosen.write.exists() else ""
        from benchmarks.lake_page import BY_HAND

        chosen.write.write_text(text + BY_HAND + kept.partition(BY_HAND)[2], encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
