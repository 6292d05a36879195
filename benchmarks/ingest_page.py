"""The result of `benchmarks.ingest`: a table, and docs/performance-ingest.md with its plot."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

TEXT_MB_PER_SECOND = 60
TEXT_TIMES_THE_FLOOR = 6
EVTX_SHARE = 0.5  # of what the `evtx` library alone yields
MOST_MIB = 1536
LINEAR_WITHIN = 1.25  # by how much a byte of the largest log may cost more than one of the smallest of the same kind

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
    """One kind of log: its bytes as text, the records that came of it, ingestion first and the floor second.

    `target`: which of the targets it is measured by: "text", "evtx", "memory" or none.
    """

    name: str
    bytes: int
    rows: int
    rejects: int
    lines: tuple[Line, ...]
    target: str = ""


def verdict(part: Part) -> str:
    """The targets of a kind of log on all cores, and whether they are met."""
    own, least = part.lines[0], part.lines[1]
    if part.target == "text":
        rate = part.bytes / 1e6 / max(own.seconds, 1e-3)
        times = own.cpu_seconds / max(least.cpu_seconds, 1e-3)
        return (
            f"{TEXT_MB_PER_SECOND} MB/s: {_met(met=rate >= TEXT_MB_PER_SECOND)}; "
            f"{TEXT_TIMES_THE_FLOOR} times the floor: {_met(met=times <= TEXT_TIMES_THE_FLOOR)}"
        )
    alone = next((line for line in part.lines if line.name.startswith("the `evtx` library")), None)
    if part.target == "evtx" and alone is not None:
        share = alone.seconds / max(own.seconds, 1e-3)
        return f"half the library's MB/s: {_met(met=share >= EVTX_SHARE)} ({share:.0%})"
    if part.target == "memory" and own.peak_mib is not None:
        return f"{MOST_MIB} MiB: {_met(met=own.peak_mib <= MOST_MIB)}"
    return ""


def linear(parts: Sequence[Part]) -> str:
    """Whether a byte of syslog costs no more in the largest log than in the smallest, in CPU seconds on all cores.

    Between them the cost of a byte may rise once: where a log is large enough for a second process to be started.
    """
    found = sorted(
        (part.bytes, part.lines[0].cpu_seconds) for part in parts if part.name.startswith("syslog, a log host")
    )
    if len(found) < 2:
        return ""
    costs = [(size, seconds / size * 1e9) for size, seconds in found]
    said = ", ".join(f"{cost:.0f} at {size / 1e6:,.0f} MB" for size, cost in costs)
    met = costs[-1][1] <= LINEAR_WITHIN * costs[0][1]
    return f"CPU nanoseconds a byte of syslog: {said}. Linear in bytes: {_met(met=met)}."


def _met(*, met: bool) -> str:
    return "met" if met else "**not met**"


def table(parts: Sequence[Part]) -> str:
    """A Markdown table; rates are of the uncompressed bytes, MB are millions."""
    names = ["log", "program", "seconds", "MB/s", "CPU seconds", "MB per CPU second"]
    names += ["times the floor (CPU)", "peak MiB", "target"]
    rows = [f"| {' | '.join(names)} |", "|---|---|---:|---:|---:|---:|---:|---:|---|"]
    for part in parts:
        least = part.lines[1].cpu_seconds
        for number, line in enumerate(part.lines):
            name = f"{part.name}: {part.bytes / 1e6:.0f} MB, {part.rows:,} rows, {part.rejects} rejects"
            peak = "" if line.peak_mib is None else f"{line.peak_mib:.0f}"
            rates = [part.bytes / 1e6 / max(took, 1e-3) for took in (line.seconds, line.cpu_seconds)]
            rows.append(
                f"| {'' if number else name} | {line.name} | {line.seconds:.2f} | {rates[0]:.1f} "
                f"| {line.cpu_seconds:.2f} | {rates[1]:.1f} | {line.cpu_seconds / max(least, 1e-3):.1f} | {peak} "
                f"| {'' if number else verdict(part)} |"
            )
    return "\n".join([*rows, "", linear(parts)])


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
