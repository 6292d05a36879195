"""The page of `benchmarks.lake`: tables of what each layout costs and what each question takes in it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from benchmarks.lake import Answer, Written

BY_HAND = "\n<!-- what stands above is written by benchmarks/lake.py; below it by hand -->\n"
_MB = 1e6


def page(
    week_rows: int,
    year_rows: int,
    made: Sequence[Written],
    answers: Mapping[tuple[str, bool], Mapping[str, Answer]],
    python: str,
) -> str:
    """The page as Markdown."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [
        "# How the lake is laid out, and what it is worth",
        "",
        "Measured by `.venv/bin/python -m benchmarks.lake --write docs/performance-lake.md` in one run:",
        f"{os.cpu_count()} cores, Python {python}, pyarrow {pa.__version__}, DuckDB {duckdb.__version__}; load {load}.",
        "With other work on the machine compare CPU seconds and bytes, not seconds.",
        "",
        f"Invented sign-ins of one log host: a week of {week_rows:,} rows a day, and a year of {year_rows:,} a day,",
        "a file a day (`linux.auth`). Bytes and requests are what an object store is asked for; CPU seconds are of",
        "files on a local disk.",
        "",
        "## Writing",
        "",
        "| layout | bytes a row | CPU seconds per million rows |",
        "|---|---:|---:|",
    ]
    rows = 7 * week_rows + 365 * year_rows
    lines += [f"| {item.name} | {item.bytes / rows:.1f} | {item.cpu_seconds / rows * 1e6:.2f} |" for item in made]
    for (words, _), by_layout in answers.items():
        found = next(iter(by_layout.values())).rows
        lines += [
            "",
            f"## {words[0].upper()}{words[1:]}",
            "",
            f"{found:,} rows found.",
            "",
            "| layout | MB read | requests | row groups looked into | CPU seconds | seconds |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        lines += [
            f"| {name} | {item.bytes / _MB:.2f} | {item.requests:,} | {item.groups[0]:,} of {item.groups[1]:,} "
            f"| {item.cpu_seconds:.3f} | {item.seconds:.3f} |"
            for name, item in by_layout.items()
        ]
    return "\n".join([*lines, ""])
