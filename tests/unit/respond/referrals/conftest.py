"""A city with an incident that was opened from a report, with its evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from breachwatch.evidence import create_key
from breachwatch.respond.intake import receiving, triage
from breachwatch.workspace import Workspace
from tests.unit.respond.intake.conftest import ANALYST, HELPDESK, mailbox


@dataclass(frozen=True)
class Case:
    ws: Workspace
    incident: str
    evidence: str


@pytest.fixture
def case(make_ws: Callable[..., Workspace]) -> Case:
    ws = make_ws()
    create_key(ws.keys)
    number = receiving.receive(ws, mailbox(), by=HELPDESK).number
    incident = triage.open_incident(ws, number, by=ANALYST, reason="rules that nobody made")
    return Case(ws, incident, "EV-2026-000002")
