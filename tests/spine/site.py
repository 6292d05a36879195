"""A workspace over a folder of log files that a test writes, run in this process or through the command line."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pytest
import zstandard

from breachwatch import collect, lake, run
from breachwatch.cli.app import main
from breachwatch.clock import FixedClock
from breachwatch.evidence import create_key
from breachwatch.model.datasets import DATASETS, REJECTS_DATASET
from breachwatch.model.summary import RunSummary, SourceReport
from breachwatch.workspace import Workspace, open_workspace
from tests.spine.small_city import NOW

RULES = """
title: Failed sign-in
id: 00000000-0000-4000-8000-000000000001
status: test
level: high
logsource:
    product: linux
    service: auth
detection:
    selection:
        action: logon
        outcome: failure
    condition: selection
"""
OLD = (NOW.timestamp() - 7200,) * 2
"""Times of a file that nobody writes to any more."""


def line(number: int, text: str = "Failed password for jmeyer from 203.0.113.7 port 4000 ssh2") -> bytes:
    return (
        f"Nov 22 {number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d} web01 sshd[{number}]: {text}\n".encode()
    )


def lines(first: int, last: int) -> bytes:
    return b"".join(line(number) for number in range(first, last))


WIDE = {**os.environ, "COLUMNS": "1000"}


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


@dataclass
class Site:
    """A workspace whose sources are files of one folder, a source for each name that is written."""

    root: Path
    logs: Path
    settings: str = ""

    def write(self, name: str, data: bytes) -> Path:
        path = self.logs / name
        path.write_bytes(data)
        os.utime(path, OLD)
        return path

    def source(self, name: str, *paths: str, more: str = "") -> None:
        listed = json.dumps([str(self.logs / path) for path in paths or (name,)])
        self.settings += f'[[sources]]\nname = "{name}"\npaths = {listed}\ntime_zone = "UTC"\n{more}\n'

    def open(self) -> Workspace:
        head = f'[city]\nname = "Testville"\n[detect]\nrules = ["{self.root}/rules"]\n'
        (self.root / "rules").mkdir(parents=True, exist_ok=True)
        (self.root / "rules/failed.yml").write_text(RULES)
        (self.root / "breachwatch.toml").write_text(head + self.settings)
        ws = open_workspace(self.root, FixedClock(NOW))
        if not (ws.keys / "signing.key").exists():
            create_key(ws.keys)
        return ws

    def run(self) -> tuple[RunSummary, dict[str, SourceReport]]:
        summary = run.run(self.open())
        return summary, {report.source: report for report in summary.sources}

    def records(self) -> dict[str, list[bytes]]:
        """The original bytes of every record in the lake, by source and in order of place."""
        ws = self.open()
        found: dict[str, list[bytes]] = {}
        with lake.connect_bare(ws) as connection:
            datasets = (DATASETS["linux.auth"], DATASETS["linux.syslog"], REJECTS_DATASET)
            everything = " UNION ALL ".join(
                f"SELECT source, segment_id, byte_offset, byte_length FROM ({select})"
                for select in (lake.select_between(ws, dataset, None, None) for dataset in datasets)
            )
            order = f"FROM ({everything}) ORDER BY source, segment_id, byte_offset"
            for name, group in groupby(connection.execute(order).fetchall(), key=lambda row: row[:2]):
                segment = collect.segment(ws, name[1])
                with collect.open_segment(ws, segment) as data:
                    content = data.read()
                for _, _, offset, length in group:
                    found.setdefault(name[0], []).append(content[offset - segment.start :][:length])
        return found

    def command(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """The command line; in a process of its own where something stands `before` it."""
        if before:
            program = [*before, sys.executable, "-m", "breachwatch.cli.app", *arguments, "-w", str(self.root)]
            done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=120, env=WIDE)
        else:
            done = _in_this_process([*arguments, "-w", str(self.root)])
        assert "Traceback" not in done.stdout + done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        return done


def _in_this_process(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """What the command line gives, without the second that a new process spends on imports."""
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with redirect_stdout(output), redirect_stderr(errors), pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", WIDE["COLUMNS"])
        code = main(arguments)
    output.seek(0)
    errors.seek(0)
    return subprocess.CompletedProcess(arguments, code, output.read(), errors.read())


def clean_scratch(ws: Workspace) -> None:
    assert [path for path in ws.scratch.rglob("*") if path.is_file()] == []


def what(report: SourceReport) -> str:
    return " ".join(problem.what for problem in report.problems)
