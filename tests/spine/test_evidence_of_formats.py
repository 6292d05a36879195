"""Evidence of every kind of log: the rows in the bag are the rows in the lake, column by column."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from breachwatch import evidence, lake, run
from breachwatch.evidence import create_key
from breachwatch.lake.sql import column_names
from breachwatch.model.datasets import DATASETS
from breachwatch.model.summary import RunState
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
AT = NOW - timedelta(hours=5)

RULE = """
title: Every record of {product} {service}
id: {id}
status: test
level: high
logsource:
    product: {product}
    service: {service}
detection:
    selection:
        {field}: {value}
    condition: selection
"""


def sysmon(number: int) -> dict[str, Any]:
    """A process creation whose native `User` differs from the `user` that is taken from it."""
    system = {
        "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
        "EventID": 1,
        "Level": 4,
        "Task": 1,
        "Opcode": 0,
        "Keywords": "0x8000000000000000",
        "TimeCreated": {"#attributes": {"SystemTime": f"{AT + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S.%f}Z"}},
        "EventRecordID": 100 + number,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Computer": "fin07.testville.example",
    }
    data = {
        "UtcTime": f"{AT + timedelta(seconds=number):%Y-%m-%d %H:%M:%S.000}",
        "ProcessGuid": f"{{00000000-0000-0000-0000-00000000000{number}}}",
        "ProcessId": str(4000 + number),
        "Image": "C:\\Windows\\System32\\cmd.exe",
        "CommandLine": f"cmd.exe /c echo {number}",
        "User": f"TESTVILLE\\akim{number}",
        "ParentImage": "C:\\Windows\\explorer.exe",
        "Protocol": "none",
    }
    return {"Event": {"System": system, "EventData": data}}


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))
    stamp = (NOW - timedelta(hours=1)).timestamp()
    os.utime(path, (stamp, stamp))


@pytest.fixture
def city(tmp_path: Path, make_ws: Callable[..., Workspace]) -> Workspace:
    """One incident over Sysmon, firewall and sign-in records of one host, all three with the same entity."""
    logs, rules = tmp_path / "logs", tmp_path / "rules"
    write(logs / "sysmon.jsonl", [json.dumps(sysmon(number)) for number in range(5)])
    say = [f"{AT + timedelta(seconds=n):%b %d %H:%M:%S} fin07.testville.example " for n in range(5)]
    write(
        logs / "syslog.log",
        [
            f"{head}kernel: [UFW BLOCK] IN=eth0 OUT= MAC=00 SRC=203.0.113.7 DST=10.0.0.{n} LEN=60 TOS=0x00 TTL=50 ID=1 "
            f"PROTO=TCP SPT=4444{n} DPT=22 WINDOW=1024 RES=0x00 SYN URGP=0"
            for n, head in enumerate(say)
        ]
        + [
            f"{head}sshd[77]: Failed password for akim{n} from 203.0.113.7 port 5{n} ssh2" for n, head in enumerate(say)
        ],
    )
    wanted = (
        ("windows", "sysmon", "EventID", "1"),
        ("linux", "auth", "action", "logon"),
    )
    for number, (product, service, field, value) in enumerate(wanted):
        text = RULE.format(
            id=f"00000000-0000-4000-8000-00000000000{number}",
            product=product,
            service=service,
            field=field,
            value=value,
        )
        write(rules / f"{service}.yml", [text])
    text = (
        "title: Blocked\nid: 00000000-0000-4000-8000-000000000009\nstatus: test\nlevel: high\n"
        "logsource:\n    category: firewall\ndetection:\n    selection:\n        source_ip: 203.0.113.7\n"
        "    condition: selection\n"
    )
    write(rules / "firewall.yml", [text])
    ws = make_ws(
        f'[detect]\nrules = ["{rules}"]\n'
        f'[[sources]]\nname = "windows"\npaths = ["{logs}/sysmon.jsonl"]\n'
        f'[[sources]]\nname = "linux"\npaths = ["{logs}/syslog.log"]\ntime_zone = "UTC"\n'
    )
    create_key(ws.keys)
    return ws


def bags(ws: Workspace) -> Iterator[Path]:
    for line in evidence.listing(ws, by=SOMEBODY):
        assert evidence.verify(ws, line.number).ok
        yield Path(line.path)


def lake_rows(ws: Workspace) -> dict[str, dict[str, Any]]:
    """Every event of the lake by its id, under the names that its columns have there; empty columns left out."""
    rows: dict[str, dict[str, Any]] = {}
    with lake.connect(ws) as connection:
        for dataset in DATASETS.values():
            table = connection.sql(f'SELECT * FROM "{dataset.view}"').to_arrow_table()
            assert table.column_names == column_names(dataset.schema)
            for row in table.to_pylist():
                rows[row["event_id"]] = {"dataset": dataset.name} | {k: v for k, v in row.items() if v is not None}
    return rows


def folded(row: dict[str, Any]) -> dict[str, str]:
    """A row whose names are compared as SQL compares them, its values as text."""
    return {name.lower(): str(value) for name, value in row.items() if value is not None}


def test_what_is_sealed_is_what_the_lake_holds(city: Workspace) -> None:
    summary = run.run(city)
    assert summary.state is RunState.COMPLETED, summary
    assert summary.snapshots
    held = lake_rows(city)
    seen: dict[str, set[str]] = {}
    for bag in bags(city):
        table = pq.read_table(bag / "data/events.parquet")
        assert len({name.lower() for name in table.column_names}) == len(table.column_names)
        rows = table.to_pylist()
        for row in rows:
            assert folded(row) == folded(held[row["event_id"]])
            seen.setdefault(row["dataset"], set()).add(row["event_id"])
        # A stranger reads the file with DuckDB: the same names, the same values.
        with duckdb.connect() as connection:
            found = connection.execute("FROM read_parquet(?)", [str(bag / "data/events.parquet")])
            names = [item[0] for item in found.description or ()]
            assert names == table.column_names
            assert found.fetchall() == [tuple(row.values()) for row in rows]
    assert {name: len(ids) for name, ids in seen.items()} == {
        "windows.sysmon": 5,
        "linux.auth": 5,
        "network.firewall": 5,
    }


def test_sysmon_keeps_its_user_beside_the_account_taken_from_it(city: Workspace) -> None:
    run.run(city)
    found: dict[str, tuple[str, str]] = {}
    for bag in bags(city):
        with (bag / "data/events.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["dataset"] == "windows.sysmon":
                    found[row["event_id"]] = row["user"], row["User_1"]
    assert sorted(found.values()) == [(f"akim{n}", f"TESTVILLE\\akim{n}") for n in range(5)]
