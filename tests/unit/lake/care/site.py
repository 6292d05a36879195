"""A small lake with the original bytes of its events in the store, made by the real line: collect, parse, land."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from breachwatch import lake, run
from breachwatch.clock import FixedClock
from breachwatch.records import catalog
from breachwatch.workspace import Workspace, open_workspace

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
SOURCES = ("web01", "db01")
TOML = """
[city]
name = "Testville"
time_zone = "UTC"
""" + "".join(
    f'[[sources]]\nname = "{name}"\nhost = "{name}"\npaths = ["logs/{name}.log*"]\n'
    'format = "syslog"\nsettle_seconds = 0\n'
    for name in SOURCES
)


class Killed(BaseException):
    """Stands for the process being killed: no handler for errors runs after it."""


def lines(host: str, start: datetime, count: int, user: str) -> bytes:
    """Sign-ins over SSH, one an hour."""
    text = []
    for number in range(count):
        at = start + timedelta(hours=number)
        said = f"Failed password for {user}{number % 3} from 203.0.113.{number} port {40000 + number} ssh2"
        text.append(f"{at:%Y-%m-%dT%H:%M:%S}+00:00 {host} sshd[{number}]: {said}")
    return ("\n".join(text) + "\n").encode()


def make_site(root: Path, more: str = "") -> None:
    """A workspace that has collected two batches of two logs over three days: several small files a day."""
    root.mkdir(exist_ok=True)
    logs = root / "logs"
    logs.mkdir()
    (root / "breachwatch.toml").write_text(TOML + more)
    ws = open_workspace(root, FixedClock(NOW))
    for batch in range(2):
        for name in SOURCES:
            with (logs / f"{name}.log").open("ab") as log:
                start = datetime(2026, 11, 18, batch * 12, tzinfo=UTC)
                log.write(lines(name, start, 27, "mira" if name == "web01" else "omar"))
            os.utime(logs / f"{name}.log", (NOW.timestamp() - 60, NOW.timestamp() - 60))
            report = run.ingest(ws, name)
            assert not report.problems
    ws.database.engine.dispose()  # folds the write-ahead log into the file


def with_settings(ws: Workspace, toml: str) -> Workspace:
    """The same workspace with further settings."""
    (ws.root / "breachwatch.toml").write_text(TOML + toml)
    return open_workspace(ws.root, ws.clock)


def later(ws: Workspace, days: float) -> Workspace:
    """The same workspace, opened some days later."""
    return replace(ws, clock=FixedClock(ws.clock.now() + timedelta(days=days)))


def searched(ws: Workspace, paths: Iterable[str] | None = None) -> None:
    """Mark files as searched by a detection run; all of them without `paths`."""
    with ws.database.write() as connection:
        change = catalog.lake_file.update().values(scanned_at=ws.clock.now())
        if paths is not None:
            change = change.where(catalog.lake_file.c.path.in_(list(paths)))
        connection.execute(change)


def all_rows(ws: Workspace) -> list[dict[str, Any]]:
    """All events of linux.auth by their ids, with every column."""
    with lake.connect(ws, empty_views=False) as connection:
        return connection.sql("SELECT * FROM linux_auth ORDER BY event_id").to_arrow_table().to_pylist()


def segments(ws: Workspace) -> list[Any]:
    with ws.database.read() as connection:
        return list(connection.execute(select(catalog.segment).order_by(catalog.segment.c.segment_id)))


def dies_at(monkeypatch: pytest.MonkeyPatch, where: Any, what: str, after: int = 0) -> None:
    """Let the call after `after` calls of a function be the last that this process makes."""
    real, calls = getattr(where, what), 0

    def called(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return real(*arguments, **named)

    monkeypatch.setattr(where, what, called)
