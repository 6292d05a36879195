"""The stages of one nightly run over a simulated city, one after the other, each in a process of its own.

    .venv/bin/python -m benchmarks.nightly --days 14 --scale 1

Sources are ingested one at a time here, so that the seconds of a stage are its own.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from benchmarks.measure import Measured, count_lines, measured, rate, ratio, read_parquet, table

END = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


def simulate(target: Path, days: int, seed: int, scale: float) -> int:
    from breachwatch.simulate import simulate as make_city

    make_city(target, days=days, seed=seed, scale=scale, absolute_paths=True)
    return sum(path.stat().st_size for path in logs_of(target))


def logs_of(city: Path) -> list[Path]:
    return sorted(path for path in city.rglob("*") if path.is_file() and path.suffix not in {".toml", ".md"})


def open_ws(root: Path) -> Any:
    from breachwatch.workspace import open_workspace

    return open_workspace(root)


def prepare(root: Path, city: Path) -> None:
    from breachwatch.evidence import create_key

    sources = (city / "sources.toml").read_text(encoding="utf-8")
    head = '[city]\nname = "Benchmark"\ntime_zone = "America/Chicago"\n\n'
    (root / "breachwatch.toml").write_text(head + sources, encoding="utf-8")
    ws = open_ws(root)
    create_key(ws.keys)
    ws.database.engine.dispose()


def collect_all(root: Path) -> int:
    from breachwatch import collect

    ws = open_ws(root)
    return sum(len(collect.collect(ws, source).segment_ids) for source in ws.settings.sources)


def _stored(ws: Any) -> list[str]:
    from sqlalchemy import select

    from breachwatch.records import catalog

    with ws.database.read() as connection:
        return list(connection.scalars(select(catalog.segment.c.segment_id).order_by(catalog.segment.c.segment_id)))


def parse_all(root: Path) -> int:
    from breachwatch import collect, parse

    ws = open_ws(root)
    records = 0
    for segment_id in _stored(ws):
        segment = collect.segment(ws, segment_id)
        with collect.open_segment(ws, segment) as data:
            records += sum(batch.table.num_rows for batch in parse.parse(segment, data, ws.settings.limits))
    return records


def land_all(root: Path) -> int:
    from breachwatch import landing

    ws = open_ws(root)
    return sum(landing.land(ws, segment_id).records for segment_id in _stored(ws))


def search(root: Path) -> tuple[Any, Any]:
    from breachwatch import run
    from breachwatch.model.night import Night

    ws = open_ws(root)
    zone = ws.settings.city.zone
    begun = run.begin(ws, Night.on(END.astimezone(zone).date(), time(4, 15), zone))
    return begun, run.search(ws, begun)


def preserve(root: Path, begun: Any, searched: Any) -> int:
    from breachwatch import run
    from breachwatch.model.incident import Snapshot

    ws = open_ws(root)
    return sum(isinstance(run.preserve(ws, begun, job), Snapshot) for job in searched.to_preserve)


def measure(folder: Path, days: int, seed: int, scale: float) -> tuple[str, str]:
    """(what it ran over, the table)."""
    city, root = folder / "city", folder / "ws"
    root.mkdir()
    made = measured("simulate (not a stage)", simulate, city, days, seed, scale)
    prepare(root, city)
    lines = measured("floor: read the logs, count lines", count_lines, logs_of(city))
    collected = measured("collect", collect_all, root)
    parsed = measured("parse alone", parse_all, root)
    landed = measured("parse and land", land_all, root)
    parquet = measured("floor: DuckDB reads the Parquet", read_parquet, root / "lake")
    found = measured("search", search, root)
    begun, searched = found.value
    sealed = measured("preserve", preserve, root, begun, searched)
    again = measured("search again (nothing new)", search, root)
    records = landed.value
    rows: Sequence[tuple[Measured, str, str]] = [
        (made, rate(lines.value, made, "lines"), ""),
        (lines, rate(made.value // 1_000_000, lines, "MB"), "1"),
        (collected, rate(made.value // 1_000_000, collected, "MB"), ratio(collected, lines)),
        (parsed, rate(records, parsed, "records"), ratio(parsed, lines)),
        (landed, rate(records, landed, "records"), ratio(landed, lines)),
        (parquet, rate(parquet.value, parquet, "rows"), "1"),
        (found, rate(searched.events, found, "events"), ratio(found, parquet)),
        (sealed, f"{sealed.seconds / max(sealed.value, 1):.2f} s each", ""),
        (again, rate(again.value[1].events, again, "events"), ratio(again, parquet)),
    ]
    about = (
        f"{days} days at scale {scale:g}, seed {seed}: {records:,} records, {made.value / 1e6:.0f} MB; "
        f"{len(searched.outcomes)} rules, {sealed.value} incidents sealed"
    )
    return about, table(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="breachwatch-bench-") as folder:
        about, shown = measure(Path(folder), asked.days, asked.seed, asked.scale)
        # The vault is read-only; the folder goes with it.
        for path in Path(folder).rglob("*"):
            if path.is_dir():
                path.chmod(0o700)
    print(f"{about}\n\n{shown}")


if __name__ == "__main__":
    main()
