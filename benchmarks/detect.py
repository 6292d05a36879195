"""Detection, measured against the least it could take and against its peers, in one run on the same data.

    .venv/bin/python -m benchmarks.detect --sizes 1000000 100000 --tenfold --write docs/performance.md

Every applicable rule for process creation (SigmaHQ's where the development data is there, or `--rules`; else our own)
over invented events (`corpus.py`), each step in a process of its own. The peers run a sample of the rules where all
would take too long; their seconds for all rules are then computed from it, and marked. What our engine finds is
compared with what the peers find, event by event, for every rule that both ran: a difference is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.corpus import DATASET, UNTIL, make_lake
from benchmarks.measure import Measured, measured
from benchmarks.nightly import open_ws
from benchmarks.performance import Line, Result, Series, Size, document, plot, show
from benchmarks.profiling import profiled

SEED = 7
_READY = """
import time, json, sys
from pathlib import Path
from benchmarks.detect import ready
rules = ready(Path(sys.argv[1]))
import resource
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([rules, time.process_time(), peak]))
"""


@dataclass(frozen=True, slots=True)
class Applicable:
    """The rules that search the events: their texts, our SQL for each, and the columns that they touch."""

    texts: dict[str, str]
    queries: dict[str, str]
    columns: list[str]
    loaded: int  # rules of the pack, applicable or not


@dataclass
class Lake:
    """A workspace with so many events."""

    root: Path
    events: int
    size: int = 0
    ours: Measured | None = None
    hits: dict[str, peers.Hits] = field(default_factory=dict)


def prepare(root: Path, rules: str) -> None:
    root.mkdir(parents=True)
    text = f'[city]\nname = "Benchmark"\ntime_zone = "America/Chicago"\n\n[detect]\nrules = ["{rules}"]\n'
    # Results are compared event by event: no rule may stop at a limit.
    (root / "breachwatch.toml").write_text(text + "max_findings_per_rule = 1000000000\n", encoding="utf-8")


def ready(root: Path) -> int:
    """Load and compile every rule, as a run does at its start; what searches is loaded as well."""
    from breachwatch.detect import engine  # noqa: F401
    from breachwatch.detect.compiling import RuleError
    from breachwatch.detect.starting import compiler_for, load_rules

    ws = open_ws(root)
    pack = load_rules(ws)
    compiler, _ = compiler_for(ws, pack, UNTIL)
    for rule in pack.rules:
        try:
            compiler.correlation(rule) if rule.is_correlation else compiler.searches(rule)
        except RuleError:
            continue  # the scan counts it, with its reason
    compiler.save()
    return len(pack.rules)


def start(name: str, root: Path) -> Measured:
    """`ready` in a new Python: CPU seconds and memory from the start of the process, imports and all."""
    ended = subprocess.run([sys.executable, "-c", _READY, str(root)], capture_output=True, text=True, check=True)
    rules, cpu, peak = json.loads(ended.stdout)
    return Measured(name, cpu, cpu, peak, rules)


def applicable(root: Path) -> Applicable:
    from breachwatch.detect.compiling import RuleError
    from breachwatch.detect.starting import compiler_for, load_rules
    from breachwatch.model.datasets import DATASETS

    ws = open_ws(root)
    pack = load_rules(ws)
    compiler, _ = compiler_for(ws, pack, UNTIL)
    texts, queries = {}, {}
    columns: set[str] = set()
    known = set(DATASETS[DATASET].schema.names)
    for rule in pack.rules:
        said = rule.document.get("logsource") or {}
        if rule.is_correlation or not rule.reports or rule.custom or said.get("category") != "process_creation":
            continue
        try:
            searches = [search for search in compiler.searches(rule) if search.dataset == DATASET]
        except RuleError:
            continue
        if searches:
            texts[rule.id], queries[rule.id] = rule.source.text, searches[0].sql
            columns |= {search.name(name) for search in searches for name in search.fields} & known
    return Applicable(texts, queries, sorted(columns), len(pack.rules))


def search(root: Path, one_in: int = 1) -> dict[str, peers.Hits]:
    """Our engine over everything that is new in the lake, as in a night, with every rule (or one in so many)."""
    from breachwatch import detect

    ws = open_ws(root)
    pack = detect.load_rules(ws)
    pack.rules = pack.rules[::one_in]
    found: dict[str, list[str]] = {}
    for item in detect.scan(ws, UNTIL, pack=pack).findings:
        found.setdefault(item.rule_id, []).extend(item.event_ids)
    return {rule_id: peers.hits_of(ids) for rule_id, ids in found.items()}


def take_caches(of: Path, to: Path) -> None:
    """Let a workspace begin with the compiled rules of another."""
    for path in [*(of / "state").glob("*.cache"), of / "keys" / "cache.key"]:
        shutil.copyfile(path, to / path.relative_to(of))


def mark_searched(root: Path) -> None:
    """What is in the lake has been searched by the nights before."""
    from sqlalchemy import update

    from breachwatch.records import catalog

    with open_ws(root).database.write() as connection:
        connection.execute(update(catalog.lake_file).values(scanned_at=UNTIL - timedelta(days=1)))


def sampled(rules: Applicable, most: int) -> list[str]:
    chosen = sorted(rules.queries)
    random.Random(SEED).shuffle(chosen)
    return chosen[:most] if most else chosen


def different(ours: dict[str, peers.Hits], theirs: dict[str, peers.Hits]) -> list[str]:
    nothing = peers.hits_of(())
    return sorted(rule_id for rule_id, hits in theirs.items() if ours.get(rule_id, nothing) != hits)


def compare(lake: Lake, rules: Applicable, asked: Any) -> Size:
    """One size: our engine, the floor, and the peers."""
    lake.ours = measured("breachwatch, cache warm", search, lake.root)
    lake.hits = lake.ours.value
    lines = [Line.of(lake.ours, lake.ours, len(rules.queries), len(rules.queries))]
    least = measured("floor: read and lower-case the columns", peers.floor, lake.root, rules.columns)
    lines.append(Line.of(least, least, 0, 0))
    chosen = sampled(rules, asked.sample)
    texts = {name: rules.texts[name] for name in chosen}
    steps = [
        ("one DuckDB query per rule", peers.one_query_each, ({name: rules.queries[name] for name in chosen},)),
        ("one SQLite query per rule", peers.one_sqlite_query_each, (texts, rules.columns)),
    ]
    if asked.zircolite:
        steps.append(("Zircolite", peers.zircolite, (shlex.split(asked.zircolite), rules.texts, rules.columns)))
    differences: dict[str, list[str]] = {}
    for name, work, arguments in steps:
        ran = measured(name, work, lake.root, *arguments)
        timed: peers.Timed = ran.value
        lines.append(Line.of(ran, timed, len(timed.hits), len(rules.queries)))
        differences[name] = different(lake.hits, timed.hits)
        print(
            f"{name}: {len(timed.hits)} rules, {len(differences[name])} differ, {len(timed.refused)} refused",
            flush=True,
        )
    return Size(lake.events, lake.size, lines, differences, sum(count for count, _ in lake.hits.values()))


def measure(folder: Path, asked: Any) -> Result:
    before = os.getloadavg()[0]
    roots = []
    for events in asked.sizes:
        root = folder / f"events-{events}"
        prepare(root, asked.rules)
        size = measured("making the lake", make_lake, root, events, SEED).value
        roots.append(Lake(root, events, size))
    starts = [start("first start", roots[0].root), start("second start", roots[0].root)]
    rules = measured("rules", applicable, roots[0].root).value
    for lake in roots[1:]:
        take_caches(roots[0].root, lake.root)
    sizes = [compare(lake, rules, asked) for lake in roots]
    by_events = sorted((lake.events, lake.ours.cpu_seconds) for lake in roots if lake.ours)
    middle = roots[0]
    by_rules = []
    for one_in in (16, 8, 4, 2):
        some = measured(f"one rule in {one_in}", search, middle.root, one_in)
        by_rules.append((rules.loaded // one_in, some.cpu_seconds))
    if middle.ours:
        by_rules.append((rules.loaded, middle.ours.cpu_seconds))
    spent = measured("profile", profiled, search, middle.root).value
    tenfold = _tenfold(folder, asked, roots[0]) if asked.tenfold else None
    series = Series(by_events, by_rules, middle.events)
    load = before, os.getloadavg()[0]
    return Result(asked, starts, rules.loaded, len(rules.queries), sizes, series, spent, tenfold, load)


def _tenfold(folder: Path, asked: Any, night: Lake) -> Measured:
    """The same night in a lake ten times as large: what came before is searched already."""
    root = folder / "tenfold"
    prepare(root, asked.rules)
    for day in range(9):
        before = UNTIL - timedelta(days=10 + day)  # well before the look-back
        measured(f"older events, part {day + 1}", make_lake, root, night.events, SEED + 1000 * (day + 1), before)
    measured("searched already", mark_searched, root)
    measured("making the lake", make_lake, root, night.events, SEED)
    take_caches(night.root, root)
    name = f"the night of {night.events:,} events in a lake of {10 * night.events:,}"
    return measured(name, search, root)


def main() -> None:
    shared = Path(os.environ.get("BREACHWATCH_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
    public = shared / "sigmahq-rules.zip"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[100_000],
        help="events, one lake each; the first one is also searched with fewer rules",
    )
    parser.add_argument("--rules", default=str(public) if public.exists() else "builtin", help="a zip, folder or file")
    parser.add_argument("--sample", type=int, default=40, help="rules that the peers run (0: all)")
    parser.add_argument("--zircolite", metavar="COMMAND", help="such as 'python3 /opt/zircolite/zircolite.py'")
    parser.add_argument("--tenfold", action="store_true", help="also the first size in a lake ten times as large")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write the result as Markdown, and its plot beside it"
    )
    asked = parser.parse_args()
    # Stopped by a signal, it takes its folder with it all the same.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="breachwatch-bench-") as folder:
        result = measure(Path(folder), asked)
    show(result)
    if asked.write:
        asked.write.write_text(document(result, asked.write.with_suffix(".svg").name), encoding="utf-8")
        plot(result, asked.write.with_suffix(".svg"))


if __name__ == "__main__":
    main()
