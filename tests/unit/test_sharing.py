"""A large Windows event log that several processes parse lands as one process lands it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from breachwatch import run, sharing
from breachwatch.parse import parts
from breachwatch.workspace import Workspace
from tests.unit.parse.evtx_writer import evtx_file

_SETTINGS = """
[city]
time_zone = "America/Chicago"
[run]
cores = 3
[[sources]]
name = "logs"
kind = "files"
paths = ["{folder}/*.evtx"]
settle_seconds = 0
"""
_CHUNKS = 7
_FIRST = 1_795_000_000


def _file() -> bytes:
    """Seven chunks of twenty records; of the fourth the signature is broken, in the last a record."""
    files = [
        evtx_file(
            [
                (
                    _FIRST + 1000 * chunk + record,
                    {"Provider": "Test", "EventID": "4624", "Channel": "Security", "Computer": "dc01"},
                    {"TargetUserName": f"user{chunk}-{record}", "IpAddress": "203.0.113.9"},
                )
                for record in range(20)
            ]
        )
        for chunk in range(_CHUNKS)
    ]
    chunks = [bytearray(file[4096:]) for file in files]
    chunks[3][:8] = b"broken!!"
    middle = chunks[6].find(b"**\0\0", 2000)
    chunks[6][middle + 4 : middle + 8] = b"\xff\xff\xff\xff"
    return files[0][:4096] + b"".join(chunks)


def _landed(ws: Workspace) -> tuple[dict[str, str], tuple[int, int]]:
    report = run.ingest(ws, "logs")
    files = {
        path.relative_to(ws.lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(ws.lake.rglob("*.parquet"))
    }
    ws.database.engine.dispose()
    shutil.rmtree(ws.root)
    return files, (report.rows, report.rejects)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "security.evtx").write_bytes(_file())
    return logs


def test_parts_land_as_the_whole(
    make_ws: Callable[[str], Workspace], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _SETTINGS.format(folder=folder)
    whole, counts = _landed(make_ws(settings))
    assert counts[0] > 100
    assert counts[1] >= 2
    monkeypatch.setattr(sharing, "SHARED_BYTES", 0)
    answered = []
    answer = sharing._answer
    monkeypatch.setattr(sharing, "_answer", lambda process: answered.append(answer(process)) or answered[-1])
    assert _landed(make_ws(settings)) == (whole, counts)
    assert len(answered) == 2
    assert all(sum(batch.table.num_rows for batch in found) > 5 for found in answered)


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        'print(\'{"dataset": "windows.security", "bytes": 5}\\nabcde\')',
        'print(\'{"dataset": "windows.security", "bytes": 1000}\\nabc\')',
    ],
)
def test_a_process_that_does_not_answer_costs_nothing(
    make_ws: Callable[[str], Workspace], folder: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    settings = _SETTINGS.format(folder=folder)
    whole = _landed(make_ws(settings))
    monkeypatch.setattr(sharing, "SHARED_BYTES", 0)
    monkeypatch.setattr(
        sharing,
        "_process",
        lambda: subprocess.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE),
    )
    assert _landed(make_ws(settings)) == whole


def test_a_parser_that_breaks_on_a_part_costs_nothing(
    make_ws: Callable[[str], Workspace], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _SETTINGS.format(folder=folder)
    whole = _landed(make_ws(settings))
    monkeypatch.setattr(sharing, "SHARED_BYTES", 0)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(parts, "parse_chunks", breaks)
    monkeypatch.setattr(
        sharing,
        "_process",
        lambda: subprocess.Popen([sys.executable, "-S", "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE),
    )
    assert _landed(make_ws(settings)) == whole
