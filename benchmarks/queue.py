"""How long the queue and an incident take over the records of years.

    .venv/bin/python -m benchmarks.queue --write docs/performance-incidents.md

A database of 100,000 incidents and 1,000,000 alerts (SQLite, as delivered), made by `queue_records`; each question is
put a number of times, the least and the middle of CPU seconds and seconds count. The process's first question, which
prepares statements, is told by itself.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy

from benchmarks.queue_records import NOW, Made, make
from breachwatch import incidents
from breachwatch.clock import FixedClock
from breachwatch.incidents.casework import advancing, alerts, timeline
from breachwatch.incidents.casework.case import case
from breachwatch.model.incident import IncidentState
from breachwatch.model.people import Actor, Role
from breachwatch.workspace import Workspace, open_workspace

BY_HAND = "\n<!-- what stands above is written by benchmarks/queue.py; below it by hand -->\n"
QUEUE_MS, INCIDENT_MS = 50, 100
_ANALYST = Actor(name="ana", login="ana", roles=frozenset({Role.ANALYST}))
_SETTINGS = '[city]\nname = "Testville"\ntime_zone = "America/Chicago"\n'


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question took: CPU and wall clock, in milliseconds; `bound` where one is promised."""

    name: str
    first_ms: float
    cpu_ms: float
    middle_ms: float
    wall_ms: float
    rows: int
    bound: int | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the records, ask, print the table; with --write also the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="breachwatch-queue-") as folder:
        ws, made, seconds = _filled(Path(folder), chosen.incidents, chosen.alerts)
        answers = ask(ws, made, chosen.times)
    text = page(made, answers, seconds, chosen.times)
    print(text)
    if chosen.write:
        kept = chosen.write.read_text(encoding="utf-8") if chosen.write.exists() else ""
        chosen.write.write_text(text + BY_HAND + kept.partition(BY_HAND)[2], encoding="utf-8")
    return int(any(item.bound is not None and item.cpu_ms > item.bound for item in answers))


def _filled(folder: Path, count: int, of_alerts: int) -> tuple[Workspace, Made, float]:
    (folder / "breachwatch.toml").write_text(_SETTINGS, encoding="utf-8")
    ws = open_workspace(folder, FixedClock(NOW))
    ws.database.engine.dispose()
    begun = time.process_time()
    made = make(ws.state / "records.db", count, of_alerts)
    return replace(ws), made, time.process_time() - begun


def ask(ws: Workspace, made: Made, times: int) -> list[Answer]:
    """Put each question a number of times."""
    page_2 = incidents.queue(ws, limit=50, by=_ANALYST)[-1].number
    new = incidents.Only(states=(IncidentState.NEW,))
    questions: list[tuple[str, Callable[[], Any], int | None]] = [
        ("the queue: its first 50", lambda: incidents.queue(ws, limit=50, by=_ANALYST), QUEUE_MS),
        ("the queue: the next 50", lambda: incidents.queue(ws, limit=50, after=page_2, by=_ANALYST), QUEUE_MS),
        ("the queue: only what is new", lambda: incidents.queue(ws, limit=50, only=new, by=_ANALYST), QUEUE_MS),
        (
            "the queue: of one host that every tenth incident has",
            lambda: incidents.queue(ws, limit=50, only=incidents.Only(entity="host1"), by=_ANALYST),
            QUEUE_MS,
        ),
        ("the queue: how many stand in it", lambda: [incidents.count_open(ws)], QUEUE_MS),
        (
            "an incident opens: the incident",
            lambda: incidents.incident(ws, made.typical, by=_ANALYST).alerts,
            INCIDENT_MS,
        ),
        ("an incident opens: the case", lambda: case(ws, made.typical, by=_ANALYST).anchors, INCIDENT_MS),
        ("a large incident: the incident", lambda: incidents.incident(ws, made.large, by=_ANALYST).alerts, None),
        ("a large incident: the case", lambda: case(ws, made.large, by=_ANALYST).anchors, None),
        ("the steps that lead on", lambda: advancing.ways(ws, made.typical, by=_ANALYST), INCIDENT_MS),
        ("its timeline", lambda: timeline.timeline(ws, made.typical, by=_ANALYST), INCIDENT_MS),
        ("alerts that stand alone: the first 50", lambda: alerts.alerts(ws, by=_ANALYST, limit=50), QUEUE_MS),
    ]
    return [_asked(name, question, bound, times) for name, question, bound in questions]


def _asked(name: str, question: Callable[[], Any], bound: int | None, times: int) -> Answer:
    cpu, wall, rows = [], [], 0
    for _ in range(times + 1):
        before, began = time.process_time(), time.perf_counter()
        rows = len(question())
        cpu.append((time.process_time() - before) * 1e3)
        wall.append((time.perf_counter() - began) * 1e3)
    return Answer(name, cpu[0], min(cpu[1:]), statistics.median(cpu[1:]), min(wall[1:]), rows, bound)


def page(made: Made, answers: Sequence[Answer], seconds: float, times: int) -> str:
    """The page as Markdown."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    machine = f"{os.cpu_count()} cores, {versions}, SQLAlchemy {sqlalchemy.__version__}"
    lines = [
        "# How long the queue and an incident take",
        "",
        "Measured by `.venv/bin/python -m benchmarks.queue --write docs/performance-incidents.md` in one run:",
        f"{machine}; load {load}.",
        "With other work on the machine compare CPU time, not seconds.",
        "",
        f"{made.incidents:,} incidents, one in five of them open, and {made.alerts:,} alerts, invented by",
        f"`benchmarks/queue_records.py` in {seconds:.0f} CPU seconds. Each question {times} times; the first, which",
        "prepares its statements, by itself. The large incident has a thousand alerts.",
        "",
        "| question | rows | first, CPU ms | least, CPU ms | middle, CPU ms | least, ms | promised |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for item in answers:
        promised = "" if item.bound is None else f"{item.bound} ms: {'kept' if item.cpu_ms <= item.bound else 'MISSED'}"
        lines.append(
            f"| {item.name} | {item.rows:,} | {item.first_ms:.1f} | {item.cpu_ms:.1f} | {item.middle_ms:.1f} "
            f"| {item.wall_ms:.1f} | {promised} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
