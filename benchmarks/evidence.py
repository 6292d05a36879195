"""Sealing and verifying one large snapshot, beside the least that the same bytes could take.

    .venv/bin/python -m benchmarks.evidence --write docs/performance-evidence.md      # 1000 MB, 100,000 events
    .venv/bin/python -m benchmarks.evidence --megabytes 100 --events 10000

One invented log is collected, landed and searched by a rule whose one finding has the asked number of events; then its
evidence is sealed with every byte of the log. The floor of sealing reads the log, hashes it while it writes it, syncs
it, and reads and hashes the copy again; the floor of verifying is `sha256sum -c` over the bag's two manifests. Each is
done in a process of its own, several times; the least counts. The peak of memory is a process's own.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured, measured

END = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
CHUNK = 1024 * 1024
LIMITS = {"seal": 2.5, "verify": 1.3}
"""What is promised, as times of the floor."""
SETTINGS = """\
[city]
name = "Benchmark"
time_zone = "UTC"
[detect]
rules = ["rule.yml"]
max_findings_per_rule = 1000000
[evidence]
whole_segment_bytes = 1073741824
[evidence.verify]
nightly_share = 0.0
[lake]
compact = false
[[sources]]
name = "auth"
paths = ["{log}"]
host = "vpn01"
"""
RULE = """\
title: A password refused
id: 6f1f1c2e-6ed2-4c8e-9d7d-2d34a6c1a001
name: bench_refused
logsource:
  product: linux
  service: sshd
detection:
  selection:
    action: logon
    outcome: failure
    source_ip: 203.0.113.9
  condition: selection
level: informational
---
title: Very many passwords refused
id: 6f1f1c2e-6ed2-4c8e-9d7d-2d34a6c1a002
level: high
correlation:
  type: event_count
  rules:
    - bench_refused
  group-by:
    - source_ip
  timespan: 1d
  condition:
    gte: 10
"""
_MARK = "<!-- what stands above is written by benchmarks/evidence.py; below it by hand -->"


def write_log(path: Path, size: int, events: int) -> int:
    """An sshd log of about `size` bytes over twenty hours, `events` of its lines refused passwords; its size."""
    other = "sshd[{pid}]: Connection closed by authenticating user u{pid} 198.51.100.{low} port {port} [preauth] {fill}"
    refused = "sshd[{pid}]: Failed password for jdoe from 203.0.113.9 port {port} ssh2"
    lines = max(events, (size - events * 90) // 210 + events)
    every = lines // events
    begin, span = END - timedelta(hours=21), timedelta(hours=20)
    fill = hashlib.sha256(b"fill").hexdigest() * 2
    stamp = ""
    with path.open("w", encoding="ascii") as file:
        for number in range(lines):
            if number % 512 == 0:
                stamp = f"{begin + span * (number / lines):%b %d %H:%M:%S} vpn01 "
            text = refused if number % every == 0 and number // every < events else other
            file.write(stamp)
            file.write(
                text.format(pid=number % 30000 + 1, low=number % 250, port=number % 60000, fill=fill[number % 31 :])
            )
            file.write("\n")
    os.utime(path, (END.timestamp() - 3600, END.timestamp() - 3600))
    return path.stat().st_size


def open_ws(root: Path) -> Any:
    from breachwatch.clock import FixedClock
    from breachwatch.workspace import open_workspace

    return open_workspace(root, FixedClock(END))


def prepare(root: Path, log: Path) -> tuple[Any, str]:
    """Collect, land and search; the one job that waits for its evidence, and the run's id."""
    from breachwatch import run as pipeline
    from breachwatch.evidence import create_key

    (root / "breachwatch.toml").write_text(SETTINGS.format(log=log), encoding="utf-8")
    (root / "rule.yml").write_text(RULE, encoding="utf-8")
    ws = open_ws(root)
    create_key(ws.keys)
    begun = pipeline.begin(ws)
    pipeline.ingest(ws, "auth")
    searched = pipeline.search(ws, begun)
    ws.database.engine.dispose()
    [job] = searched.to_preserve
    return job, begun.run_id


def seal(root: Path, job: Any, run_id: str) -> tuple[str, int, int]:
    """Seal the evidence; the bag's folder, its events and its bytes of payload."""
    from breachwatch import evidence
    from breachwatch.model.incident import Snapshot

    ws = open_ws(root)
    sealed = evidence.preserve(ws, job, run_id)
    if not isinstance(sealed, Snapshot):
        raise SystemExit(f"sealing failed: {sealed.reason}")
    return sealed.path, sealed.events, sealed.bytes


def floor_of_sealing(log: Path, target: Path) -> int:
    """Read, hash and write, sync, read and hash again."""
    first = hashlib.sha256()
    with log.open("rb") as source, target.open("wb") as copy:
        while chunk := source.read(CHUNK):
            first.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    with target.open("rb") as copy:
        second = hashlib.file_digest(copy, "sha256")
    assert first.digest() == second.digest()
    return target.stat().st_size


def verify(root: Path, number: str) -> bool:
    from breachwatch import evidence

    report = evidence.verify(open_ws(root), number)
    if not report.ok:
        raise SystemExit(f"does not verify: {[check for check in report.checks if not check.ok]}")
    return report.ok


def floor_of_verifying(bag: Path) -> Measured:
    """`sha256sum -c` over both manifests, as VERIFY.txt has it."""
    import resource

    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for manifest in ("tagmanifest-sha256.txt", "manifest-sha256.txt"):
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", manifest], cwd=bag, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured("sha256sum -c", time.perf_counter() - began, cpu, 0.0, None)  # its peak is not told apart


def least(items: Sequence[Measured]) -> Measured:
    return min(items, key=lambda item: item.seconds)


def measure(folder: Path, megabytes: int, events: int, rounds: int) -> tuple[list[Measured], tuple[int, int, int, int]]:
    """Floor and sealing, floor and verifying; bytes of log, events, bytes of payload, files."""
    log = folder / "auth.log"
    size = write_log(log, megabytes * 1_000_000, events)
    original = folder / "original"
    original.mkdir()
    job, run_id = measured("prepare", prepare, original, log).value
    sealing, copying, verifying, summing = [], [], [], []
    found: tuple[str, int, int] = ("", 0, 0)
    for number in range(rounds):
        root = folder / f"ws{number}"
        shutil.copytree(original, root)
        copying.append(measured("read, hash, write, hash", floor_of_sealing, log, folder / "copy.log"))
        (folder / "copy.log").unlink()
        sealing.append(measured("seal", seal, root, job, run_id))
        found = sealing[-1].value
        summing.append(floor_of_verifying(Path(found[0])))
        verifying.append(measured("verify", verify, root, Path(found[0]).name))
        if number < rounds - 1:
            remove(root)
    files = sum(path.is_file() for path in Path(found[0]).rglob("*"))
    return [least(copying), least(sealing), least(summing), least(verifying)], (size, found[1], found[2], files)


def remove(root: Path) -> None:
    for place, _, _ in os.walk(root):
        Path(place).chmod(0o700)
    shutil.rmtree(root)


def table(items: Sequence[Measured], size: int) -> str:
    """A Markdown table; MB are millions of the log's bytes."""
    copying, sealing, summing, verifying = items
    rows = [
        "| step | seconds | MB/s | CPU seconds | to the floor (seconds) | to the floor (CPU) | promised | peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for item, floor, promised in (
        (copying, None, ""),
        (sealing, copying, f"{LIMITS['seal']}"),
        (summing, None, ""),
        (verifying, summing, f"{LIMITS['verify']}"),
    ):
        times = ("", "") if floor is None else (
            f"{item.seconds / floor.seconds:.2f}", f"{item.cpu_seconds / max(floor.cpu_seconds, 1e-3):.2f}",
        )  # fmt: skip
        rows.append(
            f"| {item.name} | {item.seconds:.2f} | {size / 1e6 / item.seconds:.0f} | {item.cpu_seconds:.2f} "
            f"| {times[0]} | {times[1]} | {promised} | {f'{item.peak_mib:.0f}' if item.peak_mib else ''} |"
        )
    return "\n".join(rows)


def facts(load: str) -> Iterator[str]:
    yield f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, load {load}"
    names = ("breachwatch", "pyarrow", "duckdb", "zstandard", "cryptography")
    yield f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names)


def page(text: str, shape: tuple[int, int, int, int], load: str, command: str) -> str:
    size, events, payload, files = shape
    return f"""# How fast evidence is sealed and verified

Written by `{command}`. One snapshot of {events:,} events with {size / 1e6:,.0f} MB of original bytes; the bag has
{files} files and {payload / 1e6:,.0f} MB. The floor of sealing reads the log, hashes it while it writes it, syncs it,
and reads and hashes the copy; the floor of verifying is `sha256sum -c` over the bag's two manifests.

{text}

{chr(10).join(f"- {fact}" for fact in facts(load))}

{_MARK}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000, help="millions of bytes of the log (default 1000)")
    parser.add_argument("--events", type=int, default=100_000, help="events that match (default 100000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is done (default 3)")
    parser.add_argument(
        "--folder", type=Path, help="where to work: some five times the log's size (default: temporary)"
    )
    parser.add_argument("--write", type=Path, help="the page to write, like docs/performance-evidence.md")
    chosen = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}"
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        try:
            items, shape = measure(folder, chosen.megabytes, chosen.events, chosen.rounds)
        finally:
            for place, _, _ in os.walk(folder):
                Path(place).chmod(0o700)
    text = table(items, shape[0])
    print(f"{shape[1]:,} events, {shape[0] / 1e6:,.0f} MB of log, {shape[3]} files in the bag, load {load}\n\n{text}")
    if chosen.write:
        kept = chosen.write.read_text(encoding="utf-8").partition(_MARK)[2] if chosen.write.exists() else ""
        command = f"python -m benchmarks.evidence --megabytes {chosen.megabytes} --events {chosen.events}"
        text = page(text, shape, load, command).rstrip("\n")
        chosen.write.write_text(text + (kept or "\n"), encoding="utf-8")


if __name__ == "__main__":
    main()
