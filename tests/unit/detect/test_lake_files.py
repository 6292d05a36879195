"""Lake files read straight: the events that DuckDB would read, whatever their time, columns and number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from breachwatch.detect import lake_files, scan
from breachwatch.detect.lake_files import Wanted, batches
from breachwatch.errors import EnvironmentFault
from breachwatch.lake.parquet import writing_options
from breachwatch.model.datasets import DATASETS
from breachwatch.model.finding import Window
from breachwatch.workspace import Workspace
from tests.unit.detect import making
from tests.unit.detect.making import at, pack

SYSMON = DATASETS["windows.sysmon"]
COLUMNS = ("event_id", "CommandLine", "process_id", "Image")


def written(path: Path, rows: list[dict[str, Any]], without: tuple[str, ...] = ()) -> Path:
    """A file of events as the lake writes them, three in a row group, maybe without some columns."""
    fields = [(name, SYSMON.schema.field(name).type) for name in (*COLUMNS, "time") if name not in without]
    table = pa.table({name: pa.array([row.get(name) for row in rows], kind) for name, kind in fields})
    options = writing_options(table.column_names, len(rows))
    pq.write_table(table, path, row_group_size=3, **{**options, "bloom_filter_options": {}})
    return path


def events(count: int) -> list[dict[str, Any]]:
    """So many events, one a minute, the last one without a time."""
    return [
        {
            "event_id": f"e{number}",
            "time": None if number == count - 1 else at(number).replace(tzinfo=None),
            "CommandLine": None if number % 4 == 0 else f"tool /{number % 2}",
            "process_id": number,
            "Image": "Ä.exe",
        }
        for number in range(count)
    ]


def read(paths: list[Path], *, untimed: bool, window: Window | None = None) -> list[list[dict[str, Any]]]:
    wanted = Wanted(SYSMON, COLUMNS, window or Window(at(2), at(8)), untimed)
    found = []
    for batch in batches(paths, wanted):
        plain = {name: batch[name].cast(SYSMON.schema.field(name).type) for name in batch.column_names}
        found.append(pa.table(plain).to_pylist())
    return found


def expected(count: int, *numbers: int) -> list[dict[str, Any]]:
    made = events(count)
    return [{name: made[number][name] for name in COLUMNS} for number in numbers]


def test_events_of_the_window_and_those_without_a_time(tmp_path: Path) -> None:
    path = written(tmp_path / "one.parquet", events(11))
    assert read([path], untimed=False) == [expected(11, *range(2, 8))]
    assert read([path], untimed=True) == [expected(11, *range(2, 8), 10)]
    assert read([path], untimed=True, window=Window(at(0), at(60))) == [expected(11, *range(11))]
    assert read([path], untimed=False, window=Window(at(60), at(70))) == []
    only_untimed = written(tmp_path / "untimed.parquet", events(1))
    assert read([only_untimed], untimed=False) == []
    assert read([only_untimed], untimed=True) == [expected(1, 0)]


def test_batches_of_several_files_and_a_column_that_one_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = written(tmp_path / "whole.parquet", events(9))
    less = written(tmp_path / "less.parquet", events(4), without=("CommandLine",))
    lacking = [{**event, "CommandLine": None} for event in expected(4, 2)]
    assert read([whole, less], untimed=False) == [[*expected(9, *range(2, 8)), *lacking]]
    monkeypatch.setattr(lake_files, "BATCH_ROWS", 4)
    assert read([whole, less], untimed=False) == [expected(9, *range(2, 6)), [*expected(9, 6, 7), *lacking]]
    monkeypatch.setattr(lake_files, "_BATCH_BYTES", 1)
    assert [len(batch) for batch in read([whole, less], untimed=False)] == [1, 3, 2, 1]


def test_texts_are_the_dictionaries_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "one.parquet", events(9))
    (batch,) = batches([path], Wanted(SYSMON, COLUMNS, Window(at(0), at(60)), True))
    assert [len(chunk.dictionary) for chunk in batch["Image"].chunks] == [1, 1, 1]
    assert batch["event_id"].type == pa.string()
    assert batch["process_id"].type == SYSMON.schema.field("process_id").type


def test_texts_that_are_all_different_are_read_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_files, "_LEARN_ROWS", 3)
    made = [{**event, "CommandLine": f"tool {event['event_id']}"} for event in events(9)]
    short, path = written(tmp_path / "short.parquet", made[:2]), written(tmp_path / "one.parquet", made[2:])
    first, rest = batches([short, path], Wanted(SYSMON, COLUMNS, Window(at(0), at(60)), True))
    assert (first.num_rows, rest.num_rows) == (2, 7)
    assert pa.types.is_dictionary(first["CommandLine"].type)
    assert rest["CommandLine"].type == pa.string()
    assert rest["CommandLine"].to_pylist() == [event["CommandLine"] for event in made[2:]]
    assert pa.types.is_dictionary(rest["Image"].type)


def test_a_file_that_is_damaged_or_gone_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    for path in (damaged, tmp_path / "gone.parquet"):
        with pytest.raises(EnvironmentFault, match=path.name):
            read([path], untimed=True)


RULES = """
title: one
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\\\tool.exe', CommandLine|contains: SEVEN}, condition: s}
---
title: two
logsource: {product: windows, category: process_creation}
detection: {s: {CommandLine|re: 'S[ev]{3}n'}, condition: s}
---
title: three
logsource: {product: windows, category: process_creation}
detection: {s: {CommandLine: null}, condition: s}
---
title: four
logsource: {product: windows, category: process_creation}
detection: {s: {ParentImage: never}, condition: s}
"""


def test_read_straight_or_by_duckdb_the_findings_are_the_same(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["Seven", None, "seven", "six", "SEVEN"]
    rows = [
        {"id": f"e{n}", "time": at(n), "EventID": 1, "Image": r"C:\Tool.exe", "CommandLine": line}
        for n, line in enumerate(lines)
    ]
    making.land(ws, "windows.sysmon", [*rows, {**rows[0], "id": "untimed", "time": None}])
    straight = scan(ws, at(4), pack=pack(RULES))
    monkeypatch.setattr("breachwatch.detect.sources.LocalStorage", type(None))  # as if it rested in a store
    assert scan(ws, at(4), pack=pack(RULES)) == straight
    found = {(item.rule_title, event) for item in straight.findings for event in item.event_ids}
    assert found == {
        ("one", "e0"),
        ("one", "e2"),
        ("one", "untimed"),
        ("two", "e0"),
        ("two", "untimed"),
        ("three", "e1"),
    }
