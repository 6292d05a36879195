"""The result of `benchmarks.ingest`: a table, and docs/performance-ingest.md with its plot."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_MARK = "<!-- what stands above is written by benchmarks/ingest.py; below it by hand -->"


@dataclass(frozen=True, slots=True)
class Line:
    """What one program took for a kind of log. `peak_mib` is None for a program that is not ours."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mib: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of log: its bytes as text, the records that came of it, ingestion first and the floor second."""

    name: str
    bytes: int
    rows: int
    rejects: int
    lines: tuple[Line, ...]


def table(parts: Sequence[Part]) -> str:
    """A Markdown table; rates are of the uncompressed bytes, MB are millions."""
    rows = [
        "| log | program | seconds | MB/s | CPU seconds | MB per CPU second | times the floor (CPU) | peak MiB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for part in parts:
        least = part.lines[1].cpu_seconds
        for number, line in enumerate(part.lines):
            name = f"{part.name}: {part.bytes / 1e6:.0f} MB, {part.rows:,} rows, {part.rejects} rejects"
            peak = "" if line.peak_mib is None else f"{line.peak_mib:.0f}"
            rates = [part.bytes / 1e6 / max(took, 1e-3) for took in (line.seconds, line.cpu_seconds)]
            rows.append(
                f"| {'' if number else name} | {line.name} | {line.seconds:.2f} | {rates[0]:.1f} "
                f"| {line.cpu_seconds:.2f} | {rates[1]:.1f} | {line.cpu_seconds / max(least, 1e-3):.1f} | {peak} |"
            )
    return "\n".join(rows)


def page(path: Path, parts: Sequence[Part], notes: Sequence[str]) -> None:
    """Write the page and `<name>.svg` beside it; what stands below the mark is kept."""
    plot = path.with_suffix(".svg")
    kept = path.read_text(encoding="utf-8").partition(_MARK)[2] if path.exists() else "\n"
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    text = f"""# How fast logs are taken in

Measured by `.venv/bin/python -m benchmarks.ingest`, in one run on one machine: {os.cpu_count()} cores, Python
{platform.python_version()}, pyarrow {version("pyarrow")}, DuckDB {version("duckdb")}; load at the end {load}.
With other work on the machine compare CPU seconds, not seconds.

{table(parts)}

![MB per CPU second by kind of log]({plot.name})

{chr(10).join(notes)}

{_MARK}"""
    path.write_text(text + kept, encoding="utf-8")
    _plot(plot, parts)


def _plot(path: Path, parts: Sequence[Part]) -> None:
    """Bars of MB per CPU second on a logarithmic scale."""
    import altair as alt

    values = [
        {"log": part.name, "program": line.name, "MB per CPU second": part.bytes / 1e6 / max(line.cpu_seconds, 1e-3)}
        for part in parts
        for line in part.lines
    ]
    chart = (
        alt.Chart(alt.Data(values=values), width=560)
        .mark_bar()
        .encode(
            x=alt.X("MB per CPU second:Q", scale=alt.Scale(type="log", domain=[1, 1000])),
            y=alt.Y("program:N", title=None, sort=None),
            color=alt.Color("program:N", legend=None),
            row=alt.Row("log:N", title=None, sort=None, header=alt.Header(labelAngle=0, labelAlign="left")),
        )
        .resolve_scale(y="independent")
    )
    chart.save(str(path))
