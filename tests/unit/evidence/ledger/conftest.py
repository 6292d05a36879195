"""A city with three nights of logs and their ledgers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from breachwatch.clock import FixedClock
from breachwatch.evidence import create_key
from breachwatch.evidence.ledger.making import make
from breachwatch.evidence.ledger.reading import Entry
from breachwatch.model.night import Night
from breachwatch.model.people import program
from breachwatch.workspace import Workspace, open_workspace
from tests.conftest import NOW
from tests.postgresql.choosing import SQLITE, chosen, records_in
from tests.unit.evidence.making import LINES, City

SIZE = 1_000
"""Bytes of log a night."""


def night(ws: Workspace) -> Entry:
    """The ledger of the night that the workspace's clock tells."""
    return make(ws, Night.scheduled_at(ws.clock.now(), ws.settings.city.zone), "run-1", by=program())


def next_day(ws: Workspace, days: int = 1) -> Workspace:
    return open_workspace(ws.root, FixedClock(ws.clock.now() + timedelta(days=days)))


@dataclass
class Nights:
    """A workspace after three nights, with what each ledger's page was when it was made."""

    ws: Workspace
    city: City
    pages: dict[str, bytes]

    def file(self, name: str, ending: str = ".json") -> Path:
        return self.ws.vault / "ledger" / f"{name}{ending}"


@pytest.fixture(scope="session")
def records_kind() -> str:
    """SQLite, or what is asked for (see `tests/postgresql/choosing.py`)."""
    return chosen() or SQLITE


@pytest.fixture(scope="session")
def nights_once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, records_kind: str) -> Nights:
    root = tmp_path_factory.mktemp("nights") / "ws"
    root.mkdir()
    (root / "breachwatch.toml").write_text('[city]\nname = "Testville"\ntime_zone = "America/Chicago"\n')
    with records_in(request, records_kind, keep=True):
        ws = open_workspace(root, FixedClock(NOW))
        create_key(ws.keys)
        pages, rules = {}, {}
        for count in range(3):
            city = City(ws, rules)
            city.log(path="/var/log/auth.log", start=count * SIZE, lines=_lines(count))
            if count == 1:
                city.snapshot(source="vpn", path="/var/log/vpn.log")
            made = night(ws)
            pages[made.name] = (ws.vault / "ledger" / f"{made.name}.json").read_bytes()
            rules = city.rules
            ws.database.engine.dispose()
            ws = next_day(ws)
        made_of_it = Nights(ws, City(ws, rules), pages)
        ws.database.engine.dispose()
    return made_of_it


@pytest.fixture
def nights(nights_once: Nights, tmp_path: Path) -> Nights:
    """Three nights; each test has its own copy."""
    root = tmp_path / "nights"
    shutil.copytree(nights_once.ws.root, root)
    ws = open_workspace(root, nights_once.ws.clock)
    return Nights(ws, City(ws, dict(nights_once.city.rules)), dict(nights_once.pages))


def _lines(night: int) -> list[bytes]:
    """SIZE bytes of log, exactly, another for each night."""
    text = b"".join(line.replace("jdoe", f"jdoe{night}").encode() for line in LINES)[: SIZE - 1] + b"\n"
    return text.splitlines(keepends=True)
