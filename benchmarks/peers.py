"""What detection is measured against: the floor, one query per rule in DuckDB and in SQLite, and Zircolite itself.

Each function runs in a process of its own (`measure.measured`). What a rule found goes by its `Hits`, so that the
results can be compared without keeping them.
"""

from __future__ import annotations

import hashlib
import json
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.corpus import DATASET, UNTIL

VIEW = DATASET.replace(".", "_")
Hits = tuple[int, str]
"""How many events a rule matched, and a hash of their ids."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Work over some rules: seconds of the rules alone (wall and CPU), and what each found."""

    seconds: float
    cpu_seconds: float
    hits: dict[str, Hits]
    refused: dict[str, str]


def hits_of(event_ids: Iterable[str]) -> Hits:
    found = sorted(set(event_ids))
    return len(found), hashlib.sha256("\n".join(found).encode()).hexdigest()


def floor(root: Path, columns: Sequence[str]) -> int:
    """The least that any search must do: read the columns that the rules touch from Parquet, and lower-case them."""
    from breachwatch.lake.sql import name

    with _lake(root) as connection:
        lowered = ", ".join(f"sum(strlen(lower(CAST({name(column)} AS VARCHAR))))" for column in columns)
        return sum(int(value or 0) for value in connection.execute(f"SELECT {lowered} FROM {VIEW}").fetchall()[0])


def one_query_each(root: Path, queries: dict[str, str]) -> Timed:
    """One DuckDB query for each rule, over the events in memory: our SQL as it is, nothing pruned."""
    hits: dict[str, Hits] = {}
    with _lake(root) as connection:
        connection.execute("CREATE SCHEMA events")
        connection.execute(f"CREATE TABLE events.{VIEW} AS SELECT * FROM {VIEW}")
        connection.execute("SET search_path = 'events'")
        began, cpu = time.perf_counter(), time.process_time()
        for rule_id, sql in queries.items():
            rows = connection.execute(f"SELECT event_id FROM (\n{sql}\n)").fetchall()
            hits[rule_id] = hits_of(row[0] for row in rows)
        return Timed(time.perf_counter() - began, time.process_time() - cpu, hits, {})


def one_sqlite_query_each(root: Path, rules: dict[str, str], columns: Sequence[str]) -> Timed:
    """One SQLite query for each rule, through pysigma-backend-sqlite, on a NOCASE table in memory: Zircolite's way."""
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    backend = sqliteBackend()
    backend.table = "logs"
    hits: dict[str, Hits] = {}
    refused: dict[str, str] = {}
    queries = {}
    for rule_id, text in rules.items():
        try:
            queries[rule_id] = backend.convert(SigmaCollection.from_yaml(text))[0]
        except Exception as error:  # noqa: BLE001 - counted and shown; the backend raises of its own kinds
            refused[rule_id] = str(error)
    database = sqlite3.connect(":memory:")
    database.create_function("regexp", 2, _regexp, deterministic=True)
    _fill(database, root, columns)
    began, cpu = time.perf_counter(), time.process_time()
    for rule_id, sql in queries.items():
        try:
            hits[rule_id] = hits_of(row[0] for row in database.execute(_ids_only(sql)))
        except sqlite3.Error as error:
            refused[rule_id] = str(error)
    return Timed(time.perf_counter() - began, time.process_time() - cpu, hits, refused)


def zircolite(root: Path, command: Sequence[str], rules: dict[str, str], columns: Sequence[str]) -> Timed:
    """Zircolite 3 over the same events as JSON lines, with rules converted beforehand (its own ruleset format).

    It runs in the folder of its script, where it looks for its configuration; it writes to a temporary one.
    """
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    backend = sqliteBackend()
    converted: list[Any] = []
    refused: dict[str, str] = {}
    ids: dict[str, str] = {}
    for rule_id, text in rules.items():
        try:
            made = backend.convert(SigmaCollection.from_yaml(text), output_format="zircolite")
        except Exception as error:  # noqa: BLE001 - as above
            refused[rule_id] = str(error)
            continue
        made = json.loads(made) if isinstance(made, str) else made
        converted += made
        ids |= {item["title"]: rule_id for item in made}
    with tempfile.TemporaryDirectory(prefix="breachwatch-zircolite-") as name:
        folder = Path(name)
        (folder / "rules.json").write_text(json.dumps(converted), encoding="utf-8")
        with (folder / "events.json").open("w", encoding="utf-8") as file:
            for row in _rows(root, ["event_id", *columns]):
                file.write(json.dumps({key: value for key, value in row.items() if value is not None}) + "\n")
        # With --nolog it would not write what it found either.
        paths = {"--events": "events.json", "--ruleset": "rules.json", "--outfile": "found.json", "--logfile": "log"}
        arguments = [text for option, file in paths.items() for text in (option, str(folder / file))]
        began, cpu = time.perf_counter(), _children()
        ended = subprocess.run(
            [*command, *arguments, "--json-input", "--no-event-filter", "--quiet"], cwd=_home(command), check=False
        )
        seconds, cpu_seconds = time.perf_counter() - began, _children() - cpu
        if ended.returncode:
            sys.exit(f"Zircolite ended with {ended.returncode}")
        found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    hits = dict.fromkeys(ids.values(), hits_of(()))
    hits |= {ids[item["title"]]: hits_of(match["event_id"] for match in item["matches"]) for item in found}
    return Timed(seconds, cpu_seconds, hits, refused)


def _home(command: Sequence[str]) -> Path:
    """The folder of the last file that a command names: of the script rather than of the interpreter."""
    files = [Path(word) for word in command if Path(word).is_file()]
    return files[-1].resolve().parent if files else Path.cwd()


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _lake(root: Path) -> Any:
    from breachwatch import lake
    from breachwatch.workspace import open_workspace

    return lake.connect(open_workspace(root), until=UNTIL)


def _rows(root: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    from breachwatch.lake.sql import name

    with _lake(root) as connection:
        result = connection.execute(f"SELECT {', '.join(map(name, columns))} FROM {VIEW}")
        while rows := result.fetchmany(10_000):
            for row in rows:
                yield dict(zip(columns, row, strict=True))


def _fill(database: sqlite3.Connection, root: Path, columns: Sequence[str]) -> None:
    names = ["event_id", *columns]
    quoted = ", ".join('"' + name.replace('"', '""') + '" TEXT COLLATE NOCASE' for name in names)
    database.execute(f"CREATE TABLE logs ({quoted})")
    marks = ", ".join("?" * len(names))
    database.executemany(f"INSERT INTO logs VALUES ({marks})", (tuple(row.values()) for row in _rows(root, names)))
    database.commit()


def _regexp(pattern: str, value: object) -> bool:
    return value is not None and re.search(pattern, str(value)) is not None


def _ids_only(sql: str) -> str:
    """The same search, but only the ids handed out: SQLite would otherwise spend its time on the other columns."""
    return sql.replace("SELECT *", "SELECT event_id", 1).replace("<TABLE_NAME>", "logs")
