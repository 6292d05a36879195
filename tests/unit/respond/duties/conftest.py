"""An incident of a Texas city, ready to be assessed, in both kinds of databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from breachwatch import incidents
from breachwatch.clock import FixedClock
from breachwatch.model.people import Role
from breachwatch.workspace import Workspace
from tests.postgresql.choosing import KINDS
from tests.somebody import a
from tests.unit.incidents.conftest import make_finding, make_scan

ANALYST, COUNSEL = a(Role.ANALYST), a(Role.COUNSEL)
MAILBOX = {
    "breach_confirmed": True,
    "good_faith": False,
    "data_elements": ["ssn"],
    "with_name": True,
    "encrypted": False,
    "public_information": False,
    "individuals": 612,
    "residents": {"TX": 612},
    "incident_type": ["breach"],
    "regulated_data": True,
    "utility_reporting": False,
}


@pytest.fixture(scope="session", params=KINDS)
def records_kind(request: pytest.FixtureRequest) -> str:
    """Each test runs with both kinds of databases."""
    return str(request.param)


@pytest.fixture
def city(make_ws: Callable[..., Workspace]) -> Workspace:
    """A workspace of a Texas city with one incident, INC-2026-0001."""
    head = '[city]\nname = "T"\ntime_zone = "America/Chicago"\njurisdiction = "us-tx-city"\n'
    ws = make_ws(head)
    incidents.record(ws, make_scan(make_finding()), "run-1")
    return ws


def later(ws: Workspace, **time: float) -> Workspace:
    """The same workspace some time later."""
    return replace(ws, clock=FixedClock(ws.clock.now() + timedelta(**time)))


def at(ws: Workspace, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ws.settings.city.zone)
