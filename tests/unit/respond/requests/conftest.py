"""An incident with people's work in it, in a Texas or California city, ready to be asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from breachwatch import incidents
from breachwatch.clock import FixedClock
from breachwatch.evidence import create_key
from breachwatch.model.people import Role
from breachwatch.model.requests import RequestStep
from breachwatch.respond.requests.handling import note_step, submit
from breachwatch.respond.requests.reading import Request, request
from breachwatch.respond.requests.receiving import Incoming, link, receive
from breachwatch.respond.requests.redacting import PROPOSED, redact, standings
from breachwatch.respond.requests.releasing import Prepared, prepare, sign
from breachwatch.workspace import Workspace
from tests.postgresql.choosing import KINDS, SQLITE, chosen
from tests.somebody import a
from tests.unit.incidents.conftest import make_finding, make_scan

CLERK, COUNSEL, ANALYST = a(Role.RECORDS_OFFICER, "rio"), a(Role.COUNSEL, "cole"), a(Role.ANALYST, "ana")
INC, PR = "INC-2026-0001", "PR-2026-0001"


IN_BOTH = pytest.mark.parametrize("records_kind", KINDS, indirect=True)
"""For tests of what could differ between the two kinds of databases."""


@pytest.fixture(scope="session")
def records_kind(request: pytest.FixtureRequest) -> str:
    """SQLite, or the kind that a test asks for with `IN_BOTH`."""
    return str(getattr(request, "param", chosen() or SQLITE))


@dataclass
class Desk:
    """A workspace with one incident, INC-2026-0001, and the records officer's desk."""

    ws: Workspace

    def later(self, **time: float) -> Desk:
        return replace(self, ws=replace(self.ws, clock=FixedClock(self.ws.clock.now() + timedelta(**time))))

    def at(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=self.ws.settings.city.zone)

    def on(self, text: str) -> Desk:
        """The same desk at another time."""
        return replace(self, ws=replace(self.ws, clock=FixedClock(self.at(text))))

    def received(self, when: str = "2026-11-20T09:30", **more: str) -> Request:
        what = Incoming("All records of the incident.", "e-mail", self.at(when), "A. Resident", "a@example.org", **more)
        return receive(self.ws, what, by=CLERK)

    def linked(self, when: str = "2026-11-20T09:30") -> Request:
        number = self.received(when).number
        return link(self.ws, number, INC, by=CLERK, reason="it names the date")

    def read(self) -> Request:
        return request(self.ws, PR, by=CLERK)

    def withheld(self) -> int:
        """Take all proposals over, and clear what has none."""
        taken = redact(self.ws, PR, ["*"], by=CLERK, reason="as proposed", exemption=PROPOSED)
        for kind in ("*/people", "*/reason", "*/set_by", "*/because", "*/author", "*/by", "*/lead", "*/made_by"):
            self.cleared(kind)
        return taken

    def cleared(self, pattern: str) -> None:
        ids = [
            found.item.id
            for found in standings(self.ws, PR, by=CLERK)
            if found.decision is None and found.item.clearable and found.item.id.endswith(pattern.removeprefix("*"))
        ]
        if ids:
            redact(self.ws, PR, ids, by=CLERK, reason="read, and fit to leave", clear=True)

    def signed(self) -> Prepared:
        """Everything decided, prepared, and signed by counsel."""
        self.withheld()
        made = prepare(self.ws, PR, by=CLERK)
        return sign(self.ws, PR, made.sha256, by=COUNSEL, reason="reviewed line by line")

    def asked(self) -> None:
        """The Attorney General is asked, and the requester told."""
        now = self.ws.clock.now()
        submit(self.ws, PR, "tx-records-decision", by=CLERK, reason="letter of today", at=now)
        note_step(self.ws, PR, RequestStep.DETERMINED, by=CLERK, reason="copy of the letter to the requester")


def _desk(make_ws: Callable[..., Workspace], profile: str, zone: str) -> Desk:
    ws = make_ws(f'[city]\nname = "Testville"\ntime_zone = "{zone}"\njurisdiction = "{profile}"\n')
    create_key(ws.keys)
    incidents.record(ws, make_scan(make_finding()), "run-1")
    return Desk(ws)


@pytest.fixture
def texas(make_ws: Callable[..., Workspace]) -> Desk:
    return _desk(make_ws, "us-tx-city", "America/Chicago")


@pytest.fixture
def california(make_ws: Callable[..., Workspace]) -> Desk:
    return _desk(make_ws, "us-ca-city", "America/Los_Angeles")
