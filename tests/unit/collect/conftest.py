"""A folder of logs beside a workspace, and what the tests of collecting ask of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from breachwatch import collect
from breachwatch.model.segment import Collected, Problem, Segment
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

OLD = datetime(2026, 11, 1, 12, 0, tzinfo=UTC).timestamp()  # long before the workspace's clock: settled


class Site:
    """One source over a folder of logs."""

    def __init__(self, ws: Workspace, logs: Path, source: Source) -> None:
        self.ws = ws
        self.logs = logs
        self.source = source
        self.last: Collected | None = None

    def write(self, name: str, data: bytes, *, at: float = OLD) -> Path:
        path = self.logs / name
        path.write_bytes(data)
        os.utime(path, (at, at))
        return path

    def append(self, name: str, data: bytes, *, at: float = OLD) -> None:
        with (self.logs / name).open("ab") as file:
            file.write(data)
        os.utime(self.logs / name, (at, at))

    def collect(self, source: Source | None = None) -> Collected:
        self.last = collect.collect(self.ws, source or self.source)
        return self.last

    def segments(self) -> list[Segment]:
        """Collect, then every stored segment in the order in which they are handed out."""
        return [collect.segment(self.ws, item) for item in self.collect().segment_ids]

    def stored(self) -> list[Segment]:
        assert self.last is not None
        return [collect.segment(self.ws, item) for item in self.last.segment_ids]

    def bytes_of(self, segment: Segment) -> bytes:
        with collect.open_segment(self.ws, segment) as data:
            return data.read()

    def by_log(self) -> dict[str, bytes]:
        """What is stored of each log, in the order of its positions; asserts that no byte is missing or double.

        One byte may be missing: the line ending that came only after its record had been taken for complete.
        """
        logs: dict[str, bytes] = {}
        for segment in sorted(self.segments(), key=lambda item: item.start):
            before = logs.get(segment.file_id, b"")
            if segment.start == len(before) + 1 and not before.endswith(b"\n"):
                before += b"\n"
            assert segment.start == len(before)
            logs[segment.file_id] = before + self.bytes_of(segment)
        return logs

    def problems(self) -> tuple[Problem, ...]:
        assert self.last is not None
        return self.last.problems

    def lost(self) -> list[Problem]:
        return [problem for problem in self.problems() if problem.lost_data]


@pytest.fixture
def make_site(make_ws: Callable[..., Workspace], tmp_path: Path) -> Callable[..., Site]:
    def make(toml: str = "", *, folder: str = "ws", **settings: object) -> Site:
        logs = tmp_path / f"{folder}-logs"
        logs.mkdir(exist_ok=True)
        ws = make_ws(toml, folder=folder)
        values = {"name": "auth", "paths": (str(logs / "auth.log*"),), "format": "syslog"} | settings
        return Site(ws, logs, Source.model_validate(values))

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


def lines(count: int, first: int = 0) -> bytes:
    return b"".join(
        b"Nov  1 12:%02d:%02d web1 sshd[%d]: Failed password for root from 203.0.113.7 port %d ssh2\n"
        % (n // 60 % 60, n % 60, 1000 + n, 40000 + n % 20000)
        for n in range(first, first + count)
    )
