"""How fast logs become Parquet: the whole way from files to the lake, beside what else reads the same bytes.

    BREACHWATCH_SHARED=../shared .venv/bin/python -m benchmarks.ingest --size 100 --large 2000 \\
        --write docs/performance-ingest.md

Each line of the table is a process of its own. "ingest" is what a night does with a source (`run.ingest`): recognise,
cut into segments, hash, compress, parse, land; its database is there already. The floor is the least that keeps the
same bytes: read them (unpacked), SHA-256, zstd at the level of the segment store. lnav (Debian package) loads the same
syslog and counts its lines; the `evtx` library, and Zircolite where `--zircolite` names it, read the same EVTX files.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ingest_corpus as corpus
from benchmarks import ingest_evtx
from benchmarks.ingest_page import Line, Part, page, table
from benchmarks.measure import Measured, measured

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a run of ingestion gave; CPU seconds are those of the process and of all that it started."""

    bytes: int
    rows: int
    rejects: int
    seconds: float
    cpu_seconds: float
    problems: int
    helper_mib: float  # the largest peak among the processes that helped, 0 where none did


def ingest(root: Path, folders: list[Path], cores: int) -> Ingested:
    """All files of each folder as a source, through `run.ingest`; with 0 on all cores."""
    from datetime import UTC, datetime

    from breachwatch import run
    from breachwatch.clock import FixedClock
    from breachwatch.workspace import open_workspace

    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    sources = "".join(
        f'[[sources]]\nname = "source{number}"\nkind = "files"\npaths = ["{folder}/*"]\nsettle_seconds = 0\n'
        for number, folder in enumerate(folders)
    )
    city = f'[city]\ntime_zone = "America/Chicago"\n[run]\ncores = {cores}\n'
    (root / "breachwatch.toml").write_text(city + sources, encoding="utf-8")
    ws = open_workspace(root, FixedClock(datetime(2026, 11, 22, 10, 15, tzinfo=UTC)))
    ws.database.engine.connect().close()  # made once in the life of a workspace, not every night
    before, began = _cpu(), time.perf_counter()
    reports = [run.ingest(ws, source.name) for source in ws.settings.sources]
    cpu, seconds = _cpu() - before, time.perf_counter() - began
    ws.database.engine.dispose()
    return Ingested(
        sum(report.bytes for report in reports),
        sum(report.rows for report in reports),
        sum(report.rejects for report in reports),
        seconds,
        cpu,
        sum(len(report.problems) for report in reports),
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    )


def floor(folders: list[Path]) -> int:
    """Read, SHA-256, zstd (level 3, frames of 1 MiB): what keeping the bytes takes, whatever they mean."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
    size = 0
    for path in _files(folders):
        digest = hashlib.sha256()
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
                compressor.compress(piece)
                size += len(piece)
    return size


def evtx_alone(folders: list[Path]) -> int:
    """Every record by the `evtx` library, with as many threads as it likes, flattened to names and values."""
    import json

    from evtx import PyEvtxParser

    records = 0
    for path in _files(folders):
        found = PyEvtxParser(str(path)).records_json()
        while True:
            try:
                flat: dict[str, Any] = {}
                _flatten(flat, "", json.loads(next(found)["data"]))
                records += 1
            except StopIteration:
                break
            except (RuntimeError, ValueError, OSError):
                continue  # a damaged record; the iterator goes on behind it
    return records


def _flatten(flat: dict[str, Any], name: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(flat, key, inner)
    else:
        flat[name] = value


def command(words: list[str]) -> float:
    """Run a program to its end; gives the CPU seconds it took. Raises where it fails."""
    before = _cpu()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return _cpu() - before


def _cpu() -> float:
    kinds = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(kind.ru_utime + kind.ru_stime for kind in kinds)


def _files(folders: list[Path]) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.iterdir())]


def _part(
    work: Path, name: str, folders: list[Path], peers: list[tuple[str, Callable[..., Any], Any]], target: str
) -> Part:
    """Measure one kind of log; `peers` are (name, work, argument) beside the floor; see `ingest_page.Part.target`."""
    lines, done = _ingested(work, name, folders, 0)
    least: Measured = measured(f"{name}: floor", floor, folders)
    lines.append(Line("floor: read, SHA-256, zstd", least.seconds, least.cpu_seconds, least.peak_mib))
    if target != "memory":
        lines += _ingested(work, name, folders, 1)[0]
    for peer, run_peer, argument in peers:
        other = measured(f"{name}: {peer}", run_peer, argument)
        cpu = other.value if isinstance(other.value, float) else other.cpu_seconds
        lines.append(Line(peer, other.seconds, cpu, other.peak_mib if cpu == other.cpu_seconds else None))
    return Part(name, done.bytes, done.rows, done.rejects, tuple(lines), target)


def _ingested(work: Path, name: str, folders: list[Path], cores: int) -> tuple[list[Line], Ingested]:
    took = measured(f"{name}: ingest", ingest, work / "ws", folders, cores)
    done: Ingested = took.value
    helpers = len(os.sched_getaffinity(0)) - 1 if done.helper_mib else 0
    peak = took.peak_mib + done.helper_mib * helpers  # at most: not all peak at once
    shutil.rmtree(work / "ws")
    program = f"breachwatch: files to Parquet{', one core' if cores else ', all cores'}"
    return [Line(program, done.seconds, done.cpu_seconds, peak)], done


def _lnav(folder: Path) -> list[tuple[str, Callable[..., Any], Any]]:
    if shutil.which("lnav") is None:
        return []
    words = ["lnav", "-n", "-N", "-c", ";SELECT count(*) FROM all_logs", *map(str, sorted(folder.iterdir()))]
    return [("lnav loads and counts them", command, words)]


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write the page where asked to."""
    shared = os.environ.get("BREACHWATCH_SHARED")
    parser = argparse.ArgumentParser(description="Measures ingestion beside the floor, lnav and the evtx library.")
    parser.add_argument(
        "--size",
        type=int,
        default=100,
        help="MB of each kind of log (default 100: some ten minutes; below 51 only one core is used)",
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--evtx", type=Path, default=Path(shared) / "data/logs/windows-evtx" if shared else None)
    parser.add_argument("--zircolite", help="command line to which a folder of EVTX files is added")
    parser.add_argument("--large", type=int, default=0, help="MB of one large syslog for memory (10000: 15 minutes)")
    parser.add_argument("--write", type=Path, help="page to write, with its plot beside it")
    asked = parser.parse_args(arguments)
    size = asked.size * MB
    notes, parts = [], []
    with tempfile.TemporaryDirectory(prefix="breachwatch-ingest-") as scratch:
        work = Path(scratch)
        corpus.make_syslog(work / "syslog", size, asked.seed)
        lnav = _lnav(work / "syslog")
        if not lnav:
            notes.append("lnav is not installed (Debian: `apt-get install lnav`), so it was not measured.")
        parts.append(_part(work, "syslog, a log host", [work / "syslog"], lnav, "text"))
        corpus.make_syslog(work / "half", size // 2, asked.seed)
        parts.append(_part(work, "syslog, a log host, half as much", [work / "half"], [], "text"))
        if asked.large:
            corpus.make_large(work / "large", asked.large * MB, asked.seed)
            parts.append(_part(work, "syslog, a log host, large", [work / "large"], [], "memory"))
            shutil.rmtree(work / "large")
        corpus.make_sign_ins(work / "sign-ins", size, asked.seed)
        parts.append(_part(work, "syslog, sign-ins of the simulated city", [work / "sign-ins"], [], "text"))
        corpus.make_journal(work / "journal", size, asked.seed)
        parts.append(_part(work, "journal JSON", [work / "journal"], [], "text"))
        corpus.make_cloudtrail(work / "cloudtrail", size, asked.seed)
        parts.append(_part(work, "CloudTrail, gzip", [work / "cloudtrail"], [], "text"))
        if asked.evtx and asked.evtx.is_dir():
            ingest_evtx.make_logs(work / "evtx-logs", size, asked.evtx)
            ingest_evtx.copy_logs(work / "evtx", size, asked.evtx)
            for name, top, folders in (
                ("EVTX, logs of a server", work / "evtx-logs", [work / "evtx-logs"]),
                ("EVTX, many small files", work / "evtx", sorted((work / "evtx").iterdir())),
            ):
                peers: list[tuple[str, Callable[..., Any], Any]] = [
                    ("the `evtx` library alone, flattened", evtx_alone, folders)
                ]
                if asked.zircolite:
                    peers.append(("Zircolite", command, [*shlex.split(asked.zircolite), str(top)]))
                parts.append(_part(work, name, folders, peers, "evtx"))
        else:
            notes.append("No folder of EVTX files was given (`--evtx`), so EVTX was not measured.")
    sys.stdout.write(table(parts) + "\n" + "\n".join(notes) + "\n")
    if asked.write:
        page(asked.write, parts, notes)


if __name__ == "__main__":
    main()
