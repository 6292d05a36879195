"""Public Sigma rules over real Windows events: loading, compiling (cold and from the cache), searching.

    BREACHWATCH_SHARED=../shared .venv/bin/python -m benchmarks.rules --copies 1 10

The rules are a zip of SigmaHQ's (`--rules`), the events the EVTX files of the development data (`--logs`), each copy
of them a source of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured, measured, rate, ratio, read_parquet, table
from benchmarks.nightly import collect_all, land_all, open_ws

UNTIL = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


def prepare(root: Path, rules: Path, logs: Path, copies: int) -> None:
    text = f'[city]\nname = "Benchmark"\ntime_zone = "America/Chicago"\n\n[detect]\nrules = ["{rules}"]\n'
    for number in range(copies):
        text += f'\n[[sources]]\nname = "windows-{number}"\npaths = ["{logs}/**/*.evtx"]\nsettle_seconds = 0\n'
    (root / "breachwatch.toml").write_text(text, encoding="utf-8")


def load(root: Path) -> int:
    from breachwatch import detect

    return len(detect.load_rules(open_ws(root)).rules)


def compile_all(root: Path) -> int:
    """Load and compile; keeps the cache, as a run does."""
    from breachwatch import detect
    from breachwatch.detect.compiling import RuleError
    from breachwatch.detect.starting import compiler_for

    ws = open_ws(root)
    pack = detect.load_rules(ws)
    compiler, _ = compiler_for(ws, pack, UNTIL)
    compiled = 0
    for rule in pack.rules:
        try:
            compiler.correlation(rule) if rule.is_correlation else compiler.searches(rule)
            compiled += 1
        except RuleError:
            continue  # counted by the scan, with its reason
    compiler.save()
    return compiled


def scan(root: Path) -> tuple[int, dict[str, int], int]:
    from breachwatch import detect

    done = detect.scan(open_ws(root), UNTIL)
    outcomes = Counter(str(outcome.outcome) for outcome in done.outcomes)
    return done.events_in_window, dict(outcomes), len(done.findings)


def measure(root: Path, rules: Path, logs: Path, copies: int) -> tuple[str, str]:
    """(what it ran over, the table)."""
    prepare(root, rules, logs, copies)
    measured("collect", collect_all, root)
    landed = measured("parse and land", land_all, root)
    floor = measured("floor: DuckDB reads the Parquet", read_parquet, root / "lake")
    loaded = measured("load", load, root)
    cold = measured("load, compile cold", compile_all, root)
    warm = measured("load, compile from the cache", compile_all, root)
    found = measured("whole search, cache warm", scan, root)
    events, outcomes, findings = found.value
    rows: list[tuple[Measured, str, str]] = [
        (landed, rate(landed.value, landed, "records"), ""),
        (floor, rate(floor.value, floor, "rows"), "1"),
        (loaded, rate(loaded.value, loaded, "rules"), ""),
        (cold, rate(cold.value, cold, "rules"), ""),
        (warm, rate(warm.value, warm, "rules"), ""),
        (found, rate(events, found, "events"), ratio(found, floor)),
    ]
    ended = ", ".join(f"{name} {count:,}" for name, count in sorted(outcomes.items()))
    about = f"{copies} x the events: {events:,} events, {loaded.value:,} rules ({ended}), {findings:,} findings"
    return about, table(rows)


def main() -> None:
    shared = Path(os.environ.get("BREACHWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=Path, default=shared / "sigmahq-rules.zip")
    parser.add_argument("--logs", type=Path, default=shared / "logs" / "windows-evtx")
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 10])
    asked: Any = parser.parse_args()
    for needed in (asked.rules, asked.logs):
        if not needed.exists():
            sys.exit(f"{needed} is not there; name the rules with --rules and the event logs with --logs")
    for copies in asked.copies:
        with tempfile.TemporaryDirectory(prefix="breachwatch-bench-") as folder:
            about, shown = measure(Path(folder), asked.rules.absolute(), asked.logs.absolute(), copies)
        print(f"{about}\n\n{shown}\n", flush=True)


if __name__ == "__main__":
    main()
