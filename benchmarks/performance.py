"""The result of `benchmarks.detect`: as a table on the terminal, as docs/performance.md, and as a plot."""

from __future__ import annotations

import os
import platform
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.measure import Measured
from benchmarks.profiling import Spent

if TYPE_CHECKING:
    from rich.table import Table

_INGEST = (
    "How fast logs are taken in, and where that time goes, stands in [performance-ingest.md](performance-ingest.md)."
)
_PROFILE = (
    "The functions of the main thread that take most in a search of {events:,} events, by cProfile, which makes "
    "Python's own code slower than it is. Beside them two threads look for the texts of all rules in the next events."
)
HEAD = ("", "rules run", "seconds", "CPU seconds", "rules x events / s", "times the floor", "peak MiB")


class _Took(Protocol):
    @property
    def seconds(self) -> float: ...
    @property
    def cpu_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One way to search, and what all rules took (computed from those that ran, where only some did)."""

    name: str
    ran: int
    rules: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @classmethod
    def of(cls, item: Measured, took: _Took, ran: int, rules: int) -> Line:
        factor = rules / ran if ran else 1.0
        return cls(item.name, ran, rules, took.seconds * factor, took.cpu_seconds * factor, item.peak_mib)

    @property
    def computed(self) -> bool:
        return self.ran < self.rules


@dataclass(frozen=True, slots=True)
class Size:
    """One lake: its events and bytes, our engine first and the floor second, then the peers."""

    events: int
    bytes: int
    lines: list[Line]
    differences: dict[str, list[str]]  # by peer: rules of which it found other events than we did
    matches: int  # of events with rules, by our engine

    def cells(self, line: Line) -> tuple[str, ...]:
        about = "about " if line.computed else ""
        ours, floor = self.lines[:2]
        rate = f"{about}{line.rules * self.events / line.seconds:,.0f}" if line.rules else ""
        times = f"{line.cpu_seconds / floor.cpu_seconds:,.1f}" if line.rules else "1"
        if line.rules and line is not ours:
            times += f" ({line.cpu_seconds / ours.cpu_seconds:,.0f} times ours)"
        return (
            line.name,
            f"{line.ran:,} of {line.rules:,}" if line.computed else f"{line.rules:,}" if line.rules else "",
            f"{about}{line.seconds:,.2f}",
            f"{about}{line.cpu_seconds:,.2f}",
            rate,
            times,
            f"{line.peak_mib:,.0f}",
        )


@dataclass(frozen=True, slots=True)
class Series:
    """CPU seconds of our engine by events, and by rules over `events` events."""

    by_events: list[tuple[int, float]]
    by_rules: list[tuple[int, float]]
    events: int


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that one run of the benchmark measured."""

    asked: Any
    starts: list[Measured]
    loaded: int
    applicable: int
    sizes: list[Size]
    series: Series
    profile: list[Spent]  # of a search of `series.events` events
    tenfold: Measured | None
    load: tuple[float, float]  # load average of the machine before and after


def show(result: Result) -> None:
    """Print the tables."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
        made = Table(*head, box=box.SIMPLE_HEAD, show_edge=False)
        for column in made.columns[1:]:
            column.justify = "right"
        for row in rows:
            made.add_row(*row)
        return made

    console = Console(width=max(Console().width, 150))
    for size in result.sizes:
        console.print(f"\n{size.events:,} events, {size.bytes / 1e6:,.0f} MB of Parquet, {size.matches:,} matches")
        console.print(table(HEAD, [size.cells(line) for line in size.lines]))
        for told in _differences(size):
            console.print(told, markup=False)
    console.print(table(("", "seconds", "peak MiB"), _others(result)))
    console.print(table(_SPENT, _spent(result)))


def _differences(size: Size) -> Iterator[str]:
    for peer, rules in size.differences.items():
        ran = next(line.ran for line in size.lines if line.name == peer)
        ids = f": {', '.join(rules[:20])}" if rules else ""
        yield f"{peer}: the same events as ours for {ran - len(rules):,} of {ran:,} rules{ids}"


def _others(result: Result) -> list[tuple[str, ...]]:
    rows = [(f"{item.name}, {result.loaded:,} rules (CPU seconds, imports included)", f"{item.cpu_seconds:.2f}",
             f"{item.peak_mib:,.0f}") for item in result.starts]  # fmt: skip
    if result.tenfold:
        item, alone = result.tenfold, result.sizes[0]
        ours = alone.lines[0]
        name = f"the night of {alone.events:,} events in a lake of its own (CPU seconds)"
        rows.append((name, f"{ours.cpu_seconds:.2f}", f"{ours.peak_mib:,.0f}"))
        rows.append((f"{item.name} (CPU seconds)", f"{item.cpu_seconds:.2f}", f"{item.peak_mib:,.0f}"))
    return rows


_SPENT = ("function", "calls", "seconds in it", "and in what it calls")


def _spent(result: Result) -> list[tuple[str, ...]]:
    return [(item.name, f"{item.calls:,}", f"{item.own:.2f}", f"{item.whole:.2f}") for item in result.profile]


_SMALL = """\
A night of few events costs what its queries take DuckDB to plan, and its files to open, not what is read: a query is
some milliseconds to tens of them, however few events it finds. So rules that no event can match run no query, several
networks of one field are one test, and where the files hold fewer than 100,000 values each on average (25 million
together), a table is copied into memory once for all rules (`detect/stock.py`). What is found is the same."""

_LARGE = """\
A night of many events costs what its texts take to read and to search. Values are searched, not events; values that
differ in nothing but digits are searched once (`detect/prune/templates.py`), which leaves about an eighth of the bytes
of these command lines; columns in which nearly every text is another one are read without a dictionary; what one batch
of events has freed in memory serves for the next."""


def document(result: Result, image: str) -> str:
    """The result as docs/performance.md."""
    parts = [
        "# Performance of detection",
        "Made by this command, on one machine, in one run; run it again on yours:",
        f"    .venv/bin/python -m benchmarks.detect {shlex.join(sys.argv[1:])}",
        _INGEST,
        _machine(result),
        _about(result),
    ]
    for size in result.sizes:
        parts.append(f"## {size.events:,} events ({size.bytes / 1e6:,.0f} MB of Parquet, {size.matches:,} matches)")
        parts.append(_markdown(HEAD, [size.cells(line) for line in size.lines]))
        parts.append("\n".join(f"- {told}" for told in _differences(size)))
    parts += [
        "## Start, and a lake ten times as large" if result.tenfold else "## Start",
        _markdown(("", "seconds", "peak MiB"), _others(result)),
        "The second start reads no YAML, compiles nothing and loads no pySigma (`state/*.cache`).",
        _SMALL,
        _LARGE,
        "## Where the time goes",
        _PROFILE.format(events=result.series.events),
        _markdown(_SPENT, [(f"`{name}`", *rest) for name, *rest in _spent(result)]),
        "## Growth",
        f"![CPU seconds by events and by rules]({image})",
        _markdown(("events", "CPU seconds"), [(f"{n:,}", f"{cpu:.2f}") for n, cpu in result.series.by_events]),
        _markdown(
            (f"rules, over {result.series.events:,} events", "CPU seconds"),
            [(f"{n:,}", f"{cpu:.2f}") for n, cpu in result.series.by_rules],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _about(result: Result) -> str:
    return (
        f"{result.loaded:,} rules were loaded; {result.applicable:,} of them search process creation on Windows and "
        "are applicable. The events are invented (`benchmarks/corpus.py`): three in four have their own command line, "
        "one in five hundred of a kind that rules look for. The peers search events that lie in memory already; ours "
        "are read from the lake, and its seconds include the rules that are not applicable, the findings, and why each "
        "matched. Seconds are wall time; *about* marks what was computed from a sample of the rules; the floor is "
        "compared by CPU seconds. Every step ran in a process of its own, whose imports count in the memory alone."
    )


def _markdown(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _machine(result: Result) -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    model = next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "pysigma", "pysigma-backend-sqlite")
    )
    before, after = result.load
    busy = (
        f" Other work was going on (load {before:.1f} before, {after:.1f} after): wall seconds are much longer than on "
        "an idle machine, CPU seconds somewhat. Compare CPU seconds."
        if max(before, after) > 1.5
        else ""
    )
    return (
        f"{model or platform.processor() or platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"{platform.system()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {libraries}.{busy}"
    )


def plot(result: Result, path: Path) -> None:
    """CPU seconds by events and by rules, and rules x events a second of every engine, as SVG."""
    import altair as alt

    def line(points: list[tuple[int, float]], what: str) -> Any:
        values = [{what: number, "CPU seconds": cpu} for number, cpu in points]
        chart = alt.Chart(alt.Data(values=values)).mark_line(point=True)
        return chart.encode(
            x=alt.X(f"{what}:Q", scale=alt.Scale(zero=True)), y=alt.Y("CPU seconds:Q", scale=alt.Scale(zero=True))
        ).properties(width=260, height=180)

    largest = max(result.sizes, key=lambda size: size.events)
    rates = [
        {"engine": item.name, "rules x events a second": item.rules * largest.events / item.seconds}
        for item in largest.lines
        if item.rules
    ]
    bars = (
        alt.Chart(alt.Data(values=rates))
        .mark_point(filled=True, size=120, opacity=1)
        .encode(
            x=alt.X("rules x events a second:Q", scale=alt.Scale(type="log")),
            y=alt.Y("engine:N", sort=None, title=None),
        )
        .properties(width=260, height=180, title=f"{largest.events:,} events")
    )
    by_rules = line(result.series.by_rules, "rules").properties(title=f"{result.series.events:,} events")
    chart = line(result.series.by_events, "events") | by_rules | bars
    chart.save(str(path))
