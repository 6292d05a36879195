"""A city with channels that lead to servers of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from breachwatch.clock import FixedClock
from breachwatch.model.finding import Level
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.conftest import NOW
from tests.unit.notify.servers import Post, http_server

TOKEN = "s3cr3t-token-0123456789"  # part of the channel's address
SETTINGS = """
[[people]]
login = "ann"
name = "Ann Analyst"
roles = ["analyst"]
[[people]]
login = "dora"
name = "Dora Director"
roles = ["it_director"]
[notify]
quiet = {analyst = [3, 7]}
digest = ["analyst"]
[notify.high]
roles = ["analyst", "it_director"]
acknowledge_minutes = 30
escalate = [["it_director"], ["counsel"]]
[[notify.channels]]
name = "room"
roles = ["analyst", "it_director"]
[[notify.channels]]
name = "pager"
people = ["dora"]
roles = ["counsel"]
"""


@dataclass
class Town:
    """A workspace, and the server that both of its channels lead to."""

    ws: Workspace
    post: Post

    def later(self, minutes: float) -> Workspace:
        return replace(self.ws, clock=FixedClock(self.ws.clock.now() + timedelta(minutes=minutes)))

    def incident(self, number: str = "INC-2026-0001", level: Level = Level.HIGH, **values: object) -> str:
        known = {
            "number": number,
            "state": "new",
            "level": int(level),
            "title": "Many failed sign-ins, then a success",
            "first_time": NOW - timedelta(hours=8),
            "last_time": NOW - timedelta(hours=7),
            "opened_at": NOW,
            "opened_by_run": "run-1",
        }
        with self.ws.database.write() as connection:
            connection.execute(insert(cases.incident).values({**known, **values}))
        return number

    def change(self, number: str, **values: object) -> None:
        with self.ws.database.write() as connection:
            connection.execute(update(cases.incident).where(cases.incident.c.number == number).values(values))

    def entity(self, number: str, kind: str, value: str) -> None:
        with self.ws.database.write() as connection:
            values = {"incident": number, "kind": kind, "value": value, "last_time": NOW}
            connection.execute(insert(cases.incident_entity).values(values))


@pytest.fixture
def post() -> Iterator[Post]:
    with http_server() as found:
        yield found


@pytest.fixture
def make_town(make_ws: Callable[..., Workspace], post: Post, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Town]:
    def make(settings: str = SETTINGS) -> Town:
        for name in ("ROOM", "PAGER"):
            address = f"json://bot:p4ssw0rd-of-bot@127.0.0.1:{post.port}/{name.lower()}/{TOKEN}"
            monkeypatch.setenv(f"BREACHWATCH_SECRET_NOTIFY_{name}_URL", address)
        return Town(make_ws(settings), post)

    return make


@pytest.fixture
def town(make_town: Callable[..., Town]) -> Town:
    return make_town()
