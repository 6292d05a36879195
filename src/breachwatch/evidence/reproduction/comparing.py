"""Comparing what was sealed with what comes out today: the rows, and what the stored queries find in them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import duckdb

from breachwatch.detect.analytics import analytic_of
from breachwatch.detect.correlation import OBSERVED_UNTIL, READ_FROM
from breachwatch.detect.health.kinds import is_about_logs
from breachwatch.detect.nesting import refuse_deep
from breachwatch.errors import EvidenceError, UsageError
from breachwatch.evidence.detections import FOLDER
from breachwatch.evidence.on_disk import BagOnDisk
from breachwatch.evidence.rows import ROWS_PARQUET
from breachwatch.lake import ReadingConnection, sql
from breachwatch.model.datasets import DATASETS, dataset
from breachwatch.model.evidence import RowDifference, RuleAgain

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_TOLD = 100  # rows that differ and are named; the others are counted


def stored_rows(connection: duckdb.DuckDBPyConnection, bag: BagOnDisk) -> int:
    """Make data/events.parquet the table `stored`; how many rows it has."""
    path = bag.folder / ROWS_PARQUET
    connection.execute(f"CREATE TEMP TABLE stored AS SELECT * FROM read_parquet({sql.text(str(path))})")
    [(count,)] = connection.execute("SELECT count(*) FROM stored").fetchall()
    return int(count)


def differing_rows(
    connection: duckdb.DuckDBPyConnection, filled: Iterable[str]
) -> tuple[int, tuple[RowDifference, ...]]:
    """How many stored rows do not come out the same, and the first of them with the columns that differ."""
    found: list[tuple[str, list[str]]] = []
    names = {str(row[0]) for row in connection.execute("SELECT DISTINCT dataset FROM stored").fetchall()}
    types = {str(row[0]): str(row[1]) for row in connection.execute("DESCRIBE stored").fetchall()}
    for name in sorted(names):
        if name not in DATASETS or name not in set(filled):
            missing = connection.execute("SELECT event_id FROM stored WHERE dataset = ?", [name]).fetchall()
            found += [(str(row[0]), ["event_id"]) for row in missing]
            continue
        own = {column.lower(): column for column in sql.column_names(dataset(name).schema)}
        tests = [
            f"CASE WHEN s.{sql.name(column)} IS DISTINCT FROM CAST(p.{sql.name(own[column.lower()])} AS {kind}) "
            f"THEN {sql.text(column)} END"
            for column, kind in types.items()
            if column.lower() in own and column != "event_id"
        ]
        columns = f"[x FOR x IN [{', '.join(tests)}] IF x IS NOT NULL]"
        differs = f"CASE WHEN p.event_id IS NULL THEN ['event_id'] ELSE {columns} END"
        query = (
            f"SELECT event_id, columns FROM (SELECT s.event_id, {differs} AS columns FROM stored s "
            f"LEFT JOIN {sql.name(dataset(name).view)} p ON p.event_id = s.event_id "
            f"WHERE s.dataset = {sql.text(name)}) WHERE len(columns) > 0 ORDER BY event_id"
        )
        found += [(str(row[0]), list(row[1])) for row in connection.execute(query).fetchall()]
    told = tuple(RowDifference(event, tuple(columns)) for event, columns in found[:_MOST_TOLD])
    return len(found), told


def rules_again(connection: duckdb.DuckDBPyConnection, bag: BagOnDisk) -> tuple[RuleAgain, ...]:
    """Run each stored query over what was parsed again, and look for the events of its alerts in what it finds."""
    folders = sorted(
        str(PurePosixPath(name).parent)
        for name in bag.files
        if name.startswith(f"{FOLDER}/") and name.endswith("/query.sql")
    )
    connection.execute(f"SET VARIABLE {READ_FROM} = TIMESTAMP '0001-01-01'")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return tuple(_again(ReadingConnection(connection), bag, folder) for folder in folders)


def observe_until(connection: duckdb.DuckDBPyConnection, until: str | None) -> None:
    """Tell correlations that wait for what does not come until when the night looked."""
    if until is not None:
        connection.execute(f"SET VARIABLE {OBSERVED_UNTIL} = CAST(? AS TIMESTAMPTZ) AT TIME ZONE 'UTC'", [until])


def _again(connection: ReadingConnection, bag: BagOnDisk, folder: str) -> RuleAgain:
    said = bag.json(f"{folder}/finding.json")
    rule_id, revision = str(said.get("rule_id")), str(said.get("revision"))
    alerts = _alerts(bag, folder)
    expected = {event for events in alerts.values() for event in events}
    reason = _asks_for_more(bag.small(f"{folder}/rule.yml"))
    if reason:
        return RuleAgain(rule_id, revision, len(expected), not_run=reason)
    try:
        groups = [group for query in _queries(bag, folder) for group in _found(connection, query)]
    except (duckdb.Error, UsageError, ValueError) as error:
        first = str(error).strip().splitlines()[0][:300]
        return RuleAgain(rule_id, revision, len(expected), failed=f"the stored query cannot be run: {first}")
    missing = [event for events in alerts.values() for event in _missing(events, groups)]
    found = set().union(*groups) if groups else set()
    return RuleAgain(
        rule_id,
        revision,
        len(expected),
        found=len(expected & found),
        missing=tuple(sorted(missing)[:_MOST_TOLD]),
        beyond=len(found - expected),
    )


def _missing(events: set[str], groups: Sequence[set[str]]) -> set[str]:
    """What the best group of a result lacks of an alert's events; single events are groups of one."""
    if len(events) == 1:
        return set() if any(events <= group for group in groups) else events
    return min((events - group for group in groups), key=len, default=events)


def _alerts(bag: BagOnDisk, folder: str) -> Mapping[str, set[str]]:
    """The events of each alert, as data/detection/*/result.csv tells them."""
    text = bag.small(f"{folder}/result.csv").decode("utf-8", errors="replace")
    found: dict[str, set[str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        found.setdefault(row.get("alert") or "", set()).add(row.get("event_id") or "")
    return found


def _queries(bag: BagOnDisk, folder: str) -> Iterator[str]:
    """The searches of a rule: one for each table that its log source maps to."""
    text = bag.small(f"{folder}/query.sql").decode("utf-8", errors="replace")
    yield from (statement.query for statement in duckdb.extract_statements(text))


def _found(connection: ReadingConnection, query: str) -> Iterator[set[str]]:
    """The events of each row of a result: of an episode all, else the one."""
    result = connection.execute(query)
    columns = [str(column[0]) for column in result.description or ()]
    at = columns.index("event_ids") if "event_ids" in columns else columns.index("event_id")
    while rows := result.fetchmany(10_000):
        for row in rows:
            yield set(row[at]) if columns[at] == "event_ids" else {str(row[at])}


def _asks_for_more(text: bytes) -> str:
    """Why a rule cannot be judged by what the bag holds; empty where it can."""
    import yaml

    with suppress(yaml.YAMLError, ValueError):
        refuse_deep(text.decode())
        for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
            custom = document.get("breachwatch") if isinstance(document, dict) else None
            if isinstance(custom, dict) and is_about_logs(custom):
                return "it judges when logs came in, which the logs themselves do not tell"
            if isinstance(custom, dict) and analytic_of(custom) is not None:
                return "it asks what happened long before, of which the bag holds the matching records only"
    return ""


def versions_changed(bag: BagOnDisk, now: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Name, version then and version now of every program that is another one now."""
    then = bag.json("data/environment.json")
    packages = then.get("packages")
    if not isinstance(packages, dict):
        raise EvidenceError("data/environment.json does not tell the versions")
    old = {"python": then.get("python"), **packages}
    new = {"python": now["python"], **now["packages"]}
    told = json.loads(json.dumps({name: [old.get(name), new.get(name)] for name in sorted(old.keys() | new.keys())}))
    return tuple((name, str(was), str(is_now)) for name, (was, is_now) in told.items() if was != is_now)
