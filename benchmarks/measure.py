"""Measuring one piece of work in a process of its own, so that its peak memory is its own; the floors; the table."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_PROCESSES = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a piece of work took and gave. Imports are not counted as time; they are in the memory."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mib: float
    value: Any


def measured(name: str, work: Callable[..., Any], *args: Any) -> Measured:
    """Do `work(*args)` in a fresh process. `work` and all values must be picklable; what it raises ends the program."""
    ours, theirs = _PROCESSES.Pipe()
    process = _PROCESSES.Process(target=_child, args=(theirs, name, work, args))
    process.start()
    theirs.close()
    try:
        result: Measured = ours.recv()
    except EOFError:
        raise SystemExit(f"{name} broke off, see above") from None
    except BaseException:  # interrupted or stopped: so is the work
        process.terminate()
        raise
    finally:
        process.join()
    return result


def _child(pipe: Connection, name: str, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    import pandas  # noqa: F401, ICN001 - pyarrow imports it as soon as it makes an array, and so does every stage

    from breachwatch import run  # noqa: F401 - what every stage imports

    began, cpu = time.perf_counter(), time.process_time()
    value = work(*args)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send(Measured(name, seconds, cpu_seconds, peak, value))


def count_lines(paths: Iterable[Path]) -> int:
    """The floor of reading logs: the same bytes read, their line ends counted."""
    lines = 0
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(1024 * 1024):
                lines += chunk.count(b"\n")
    return lines


def read_parquet(lake: Path) -> int:
    """The floor of searching: DuckDB reads every column of the same files into memory, nothing else."""
    import duckdb

    rows = 0
    with duckdb.connect() as connection:
        for folder in sorted(path for path in lake.iterdir() if any(path.rglob("*.parquet"))):
            # Empty in one file, a column would have another type in the next: read by name.
            source = f"read_parquet('{folder}/*/*.parquet', union_by_name = true)"
            connection.execute(f"CREATE OR REPLACE TEMP TABLE whole AS SELECT * FROM {source}")
            rows += connection.execute("SELECT count(*) FROM whole").fetchall()[0][0]
    return rows


def table(rows: Iterable[tuple[Measured, str, str]]) -> str:
    """A Markdown table of (measurement, rate, ratio to the floor)."""
    lines = ["| step | seconds | CPU seconds | rate | to the floor | peak MiB |", "|---|---:|---:|---:|---:|---:|"]
    lines += [
        f"| {item.name} | {item.seconds:.2f} | {item.cpu_seconds:.2f} | {rate} | {ratio} | {item.peak_mib:.0f} |"
        for item, rate, ratio in rows
    ]
    return "\n".join(lines)


def rate(count: int, item: Measured, unit: str) -> str:
    """So many a second."""
    return f"{count / item.seconds:,.0f} {unit}/s" if item.seconds else ""


def ratio(item: Measured, floor: Measured) -> str:
    """How many times the floor, by CPU seconds: what else the machine does counts less in them."""
    return f"{item.cpu_seconds / floor.cpu_seconds:.1f}" if floor.cpu_seconds else ""
