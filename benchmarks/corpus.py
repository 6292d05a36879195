"""A lake of invented process-creation events (Sysmon 1), the same for the same seed.

Shaped like those of an office: a few programs make most events; arguments carry paths, numbers and identifiers, so that
about three in four command lines are like no other; long browser command lines among short ones (`commands.tsv`: how
often a program runs of a thousand, from where, after what, and how; 0: what detection rules look for, one event in five
hundred).
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

UNTIL = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
SEGMENT = 100_000
DATASET = "windows.sysmon"
_HOSTS = [f"WS-{number:03d}" for number in range(140)] + [f"SRV-{number:02d}" for number in range(20)]
_PEOPLE = [f"staff{number:03d}" for number in range(260)]
_FOLDERS = ["Documents", "Downloads", "Desktop", r"AppData\Local\Temp", r"OneDrive\Permits", r"OneDrive\Council"]
_WORDS = [
    "permit",
    "invoice",
    "agenda",
    "minutes",
    "budget",
    "roster",
    "parcel",
    "zoning",
    "payroll",
    "ledger",
    "survey",
]
_SITES = ["intranet", "gis", "payments", "records", "library", "courts"]
SOUGHT_ONE_IN = 500


def make_lake(root: Path, events: int, seed: int, until: datetime = UNTIL, hours: float = 20.0) -> int:
    """Land so many events of the `hours` before `until` in a workspace's lake. Gives the bytes of its files."""
    from breachwatch import lake
    from breachwatch.model.segment import Batch
    from breachwatch.workspace import open_workspace

    ws = open_workspace(root)
    for number, start in enumerate(range(0, events, SEGMENT)):
        count = min(SEGMENT, events - start)
        segment = _segment(ws, f"{seed}-{number}-{until.isoformat()}")
        begin = until - timedelta(hours=hours * (1 - start / events))
        step = timedelta(hours=hours) / events
        lake.land(ws, segment, [Batch(DATASET, _table(segment.segment_id, seed + number, count, begin, step))])
    size = sum(path.stat().st_size for path in ws.lake.rglob("*.parquet"))
    ws.database.engine.dispose()
    return size


def _segment(ws: Any, name: str) -> Any:
    """A stored segment in the catalog, as collecting it would have left it."""
    from sqlalchemy import insert

    from breachwatch.model.segment import Segment, SegmentState, make_segment_id
    from breachwatch.records import catalog

    file_id = hashlib.sha256(name.encode()).hexdigest()[:32]
    made = Segment(
        segment_id=make_segment_id("benchmark", file_id, 0, 1), source="benchmark", file_id=file_id, path=name,
        format="syslog", start=0, end=1, first_record=1, modified_at=UNTIL, planned_at=UNTIL, time_zone="UTC", host="",
        after=0, state=SegmentState.STORED,
    )  # fmt: skip
    columns = [column.name for column in catalog.segment.columns]
    row = {key: getattr(made, key) for key in columns if hasattr(made, key)}
    log_file = {"file_id": file_id, "source": "benchmark", "path": name, "format": "syslog", "identity_bytes": 0,
                "identity_sha256": "", "end": 1, "records": 0}  # fmt: skip
    with ws.database.write() as connection:
        connection.execute(insert(catalog.log_file).values(**log_file))
        connection.execute(insert(catalog.segment).values(**{**row, "state": "stored"}))
    return made


def _table(segment_id: str, seed: int, count: int, begin: datetime, step: timedelta) -> Any:
    import pyarrow as pa

    from breachwatch.model.datasets import DATASETS

    schema = DATASETS[DATASET].schema
    rows = list(_rows(random.Random(seed), count))
    first = begin.replace(tzinfo=None)
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["time"] = [first + number * step for number in range(count)]
    columns["event_id"] = [f"{segment_id[:12]}-{number:06d}" for number in range(count)]
    columns["record_number"] = list(range(1, count + 1))
    fixed = {
        "observed_at": UNTIL.replace(tzinfo=None),
        "source": "benchmark",
        "segment_id": segment_id,
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "repeat_count": 1,
        "byte_offset": 0,
        "byte_length": 1,
        "IntegrityLevel": "Medium",
        "action": "process-started",
    }
    arrays = []
    for field in schema:
        value = columns.get(field.name)
        if value is None:
            arrays.append(pa.repeat(pa.scalar(fixed.get(field.name), field.type), count))
        else:
            arrays.append(pa.array(value, field.type))
    return pa.table(arrays, schema=schema)


class _Command(NamedTuple):
    """A line of commands.tsv. In braces: n, o numbers, h hex, g GUID, b base64, u account, p path, s site."""

    share: str
    program: str
    folder: str
    parent: str
    command: str


def _commands() -> list[_Command]:
    text = (Path(__file__).parent / "commands.tsv").read_text(encoding="utf-8")
    return [_Command(*line.split("\t")) for line in text.splitlines()[1:]]


def _rows(dice: random.Random, count: int) -> Iterator[dict[str, Any]]:
    usual, sought = [], []
    for command in _commands():
        (usual if int(command.share) else sought).append(command)
    lines = ["explorer.exe"]
    for chosen in dice.choices(usual, [int(item.share) for item in usual], k=count):
        made = dice.choice(sought) if dice.randrange(SOUGHT_ONE_IN) == 0 else chosen
        host, person = dice.choice(_HOSTS), dice.choice(_PEOPLE)
        number, bits = dice.randrange(1, 10**7), dice.getrandbits(64)
        parts = {
            "n": number,
            "h": f"{bits & 0xFFFFFFFF:08x}",
            "g": f"{{{bits:016X}-{number:08d}}}",
            "u": person,
            "p": f"C:\\Users\\{person}\\{dice.choice(_FOLDERS)}\\{dice.choice(_WORDS)}-{number % 4000}",
            "s": dice.choice(_SITES),
            "o": number % 250 + 1,
            "b": f"SQBFAFgA{bits:016X}==",
        }
        image = f"{made.folder.format(**parts)}\\{made.program}"
        line = made.command.format(image=image, **parts)
        parent = rf"C:\Windows\System32\{made.parent}"
        yield {
            "host": host,
            "Computer": f"{host}.city.example",
            "user": person,
            "User": f"CITY\\{person}",
            "Image": image,
            "CommandLine": line,
            "ParentImage": parent,
            # Half of the parents have arguments of their own, here those of some command before.
            "ParentCommandLine": dice.choice(lines) if bits & 1 else f'"{parent}"',
            "OriginalFileName": made.program,
            "program": made.program,
            "process_id": number,
            "ProcessId": str(number),
            "ParentProcessId": str(number % 9000),
            "CurrentDirectory": f"C:\\Users\\{person}\\",
            "Company": "Vendor",
            "Description": made.program.split(".")[0],
            "Product": "Product",
            "FileVersion": "10.0.1",
            "Hashes": f"SHA256={bits:016X}{bits:016X}",
            "LogonId": f"0x{number:x}",
            "TerminalSessionId": "1",
            "ProcessGuid": f"{{{bits:016X}}}",
        }
        lines.append(line)
        del lines[:-200]
