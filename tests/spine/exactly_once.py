"""What the tests of exactly-once ingestion share: a small site, one ingestion, and faults at any point of it.

A fault is put at the n-th event that `sys.setprofile` tells of: a call or a return, of Python or of C. The same code
over the same logs has the same events, so that a point chosen by a seeded dice is the same point on every machine.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from breachwatch import collect, run
from breachwatch.clock import FixedClock
from breachwatch.errors import EnvironmentFault, TransientError
from breachwatch.records import catalog
from breachwatch.workspace import Workspace, open_workspace

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
SOURCES = ("web01-auth", "okta")
SETTINGS = """
[city]
name = "Testville"
time_zone = "America/Chicago"
[limits]
segment_bytes = 65536
[[sources]]
name = "web01-auth"
paths = ["logs/auth.log*"]
host = "web01"
settle_seconds = 0
[[sources]]
name = "okta"
paths = ["logs/okta*.json"]
format = "cloud-json"
settle_seconds = 0
"""
LASTING = frozenset({"fsync", "replace", "rename", "commit", "mkdir", "unlink", "chmod", "fchmod", "write"})
"""What changes a disk; points around these are worth more than others."""


def lines(first: int, count: int) -> bytes:
    """Lines of an auth log: one a minute from a fixed start, every fortieth no record at all."""
    start = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
    text = []
    for number in range(first, first + count):
        at = start + timedelta(minutes=number)
        said = f"Failed password for invalid user user{number} from 203.0.113.{number % 250} port {40000 + number} ssh2"
        padding = "x" * 380  # segments of 64 KiB in few lines
        text.append(f"{at:%b} {at.day:2d} {at:%H:%M:%S} web01 sshd[{number}]: {said} {padding}")
        if number % 40 == 0:
            text.append("\x00\x01 no record")
    return ("\n".join(text) + "\n").encode()


def make_site(root: Path) -> None:
    """A workspace with its logs: a rotated and packed log, one of several segments, a list of JSON records."""
    logs = root / "logs"
    logs.mkdir(parents=True)
    (root / "breachwatch.toml").write_text(SETTINGS)
    (logs / "auth.log.1.gz").write_bytes(gzip.compress(lines(0, 40), mtime=0))
    (logs / "auth.log").write_bytes(lines(40, 200))
    records = ",".join(
        f'{{"uuid": "{number:032x}", "published": "2026-11-21T1{number % 10}:00:00.000Z", "eventType": '
        f'"user.session.start", "actor": {{"alternateId": "user{number}@testville.example"}}}}'
        for number in range(12)
    )
    (logs / "okta.json").write_text(f"[{records}]")
    for path in logs.iterdir():
        os.utime(path, (NOW.timestamp() - 3600, NOW.timestamp() - 3600))
    ws = open_workspace(root, FixedClock(NOW))
    ws.database.engine.dispose()


def grow(root: Path) -> None:
    """The log goes on, and is then rotated: its name is another's."""
    log = root / "logs" / "auth.log"
    log.write_bytes(log.read_bytes() + lines(240, 30))
    log.rename(log.with_name("auth.log.1"))
    log.write_bytes(lines(270, 20))
    for path in (log, log.with_name("auth.log.1")):
        os.utime(path, (NOW.timestamp() - 1800, NOW.timestamp() - 1800))


def ingest(root: Path, now: datetime = NOW) -> list[str]:
    """One ingestion of all sources; returns what went wrong in words."""
    ws = open_workspace(root, FixedClock(now))
    said = []
    for name in SOURCES:
        report = run.ingest(ws, name)
        said += [problem.what for problem in report.problems]
    ws.database.engine.dispose()
    return said


@dataclass(frozen=True)
class Fault:
    """What happens at an event: SIGKILL, or an error of the operating system from the next call that lasts."""

    event: int
    error: int = 0


def with_fault(fault: Fault, work: Callable[[], Any]) -> None:
    """Do some work under a fault. An error must come out as the fault of the machine that it is."""
    seen = 0

    def watch(_frame: Any, what: str, argument: Any) -> None:
        nonlocal seen
        seen += 1
        if seen < fault.event:
            return
        if not fault.error:
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "c_call" and getattr(argument, "__name__", "") in LASTING and _writes_files(argument):
            sys.setprofile(None)
            raise OSError(fault.error, os.strerror(fault.error))

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)


def _writes_files(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    return getattr(owner, "__name__", "") == "posix" or type(owner).__name__ in {"FileIO", "BufferedWriter"}


def count_events(work: Callable[[], Any]) -> tuple[int, list[int]]:
    """How many events some work has, and at which of them it changes a disk."""
    seen = 0
    lasting = []

    def watch(_frame: Any, what: str, argument: Any) -> None:
        nonlocal seen
        seen += 1
        if what == "c_call" and getattr(argument, "__name__", "") in LASTING:
            lasting.append(seen)

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen, lasting


def in_child(work: Callable[[], Any]) -> int:
    """Do some work in a fork of this process; returns its exit code, or minus the signal that ended it."""
    return wait_for(start_child(work))


def start_child(work: Callable[[], Any]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except (EnvironmentFault, TransientError):
            code = 3
        finally:
            os._exit(code)
    return child


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


PROVENANCE = (
    *("segment_id", "source", "file_id", "path", "format", "start", "end", "first_record", "modified_at", "sha256"),
    *("records", "rows", "rejects"),
)
"""What the catalog says of a segment, but for the times at which runs worked on it."""

MOVES = ("segment_id", "observed_at")
"""Columns that tell in which segment a record was read: where a log grew meanwhile, that may be another one."""


def rows(root: Path, without: tuple[str, ...] = ()) -> dict[str, pa.Table]:
    """All rows of the lake, by dataset, in order of their ids, and the segments they came from.

    Nothing but what the catalog lists may be there, and every segment's bytes must be those that were promised.
    """
    ws = open_workspace(root, FixedClock(NOW))
    tables: dict[str, list[pa.Table]] = {}
    with ws.database.read() as connection:
        listed = connection.execute(select(catalog.lake_file).order_by(catalog.lake_file.c.path)).all()
        segments = connection.execute(select(catalog.segment).order_by(catalog.segment.c.segment_id)).mappings().all()
    assert {segment["state"] for segment in segments} == {"landed"}
    assert all(segment["records"] == segment["rows"] + segment["rejects"] for segment in segments)
    for segment in segments:
        with collect.open_segment(ws, collect.segment(ws, segment["segment_id"])) as data:
            assert hashlib.sha256(data.read()).hexdigest() == segment["sha256"]
    _check_nothing_else(ws, {row.path for row in listed})
    for row in listed:
        table = pq.read_table(ws.lake / row.path, partitioning=None)
        assert table.num_rows == row.rows
        tables.setdefault(row.dataset, []).append(table.drop_columns(list(without)) if without else table)
    ws.database.engine.dispose()
    found = {name: pa.concat_tables(parts).sort_by("event_id") for name, parts in sorted(tables.items())}
    if not without:
        plain = [{name: segment[name] for name in PROVENANCE} for segment in segments]
        found["segments"] = pa.Table.from_pylist([{**item, "path": Path(item["path"]).name} for item in plain])
    return found


def _check_nothing_else(ws: Workspace, listed: set[str]) -> None:
    assert {path.relative_to(ws.lake).as_posix() for path in ws.lake.rglob("*") if path.is_file()} == listed
    assert not [path for path in ws.scratch.rglob("*") if path.is_file()]


def trial(root: Path, template: Path, dice: random.Random, points: tuple[int, list[int]], wanted: Any) -> int:
    """One site that is killed up to five times; returns how often. Asserts that it ends as if it was not."""
    shutil.copytree(template, root)
    kills = 0
    for attempt in range(dice.choice((1, 2, 3, 5))):
        # What an earlier attempt has done need not be done again: a later one comes to fewer events.
        fault = Fault(choose(dice, points) if attempt == 0 else dice.randint(1, points[0] // (attempt + 1)))
        code = in_child(lambda chosen=fault: with_fault(chosen, lambda: ingest(root)))
        assert code in {0, -signal.SIGKILL}, (fault, code)  # a later attempt has fewer events and may get through
        kills += code == -signal.SIGKILL
    grown = dice.random() < 0.25
    if grown:
        grow(root)
    # Every fourth finisher's clock has gone back by three hours.
    now = NOW - timedelta(hours=3) if dice.random() < 0.25 and not grown else NOW
    assert in_child(lambda: ingest(root, now)) == 0
    found = rows(root, MOVES if grown or now != NOW else ())
    calm = wanted[grown, grown or now != NOW]
    assert found.keys() == calm.keys()
    for name, table in calm.items():
        assert found[name].equals(table), name
    shutil.rmtree(root)
    return kills


def choose(dice: random.Random, points: tuple[int, list[int]]) -> int:
    """A point anywhere, or, two times of three, close to something that lasts."""
    total, lasting = points
    if dice.random() < 1 / 3:
        return dice.randint(1, total)
    return max(1, dice.choice(lasting) + dice.randint(-25, 25))


def calm_rows(folder: Path, template: Path) -> dict[tuple[bool, bool], dict[str, pa.Table]]:
    """What undisturbed runs give: (the log grew, without the columns that move) -> rows."""
    found = {}
    for grown in (False, True):
        root = folder / f"calm-{grown}"
        shutil.copytree(template, root)
        if grown:
            grow(root)
        assert in_child(lambda chosen=root: ingest(chosen)) == 0
        found |= {(grown, moved): rows(root, MOVES if moved else ()) for moved in (False, True)}
    return found


ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
