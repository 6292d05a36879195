"""A city that takes in reports, and what its people say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from breachwatch.clock import FixedClock
from breachwatch.evidence import create_key
from breachwatch.model.intake import Channel, Relation, Report
from breachwatch.model.people import Role
from breachwatch.workspace import Workspace
from tests.conftest import NOW
from tests.postgresql.choosing import KINDS
from tests.somebody import a

HELPDESK, ANALYST, COUNSEL, CLERK = (
    a(Role.HELPDESK, "hal"),
    a(Role.ANALYST, "ana"),
    a(Role.COUNSEL, "cole"),
    a(Role.RECORDS_OFFICER, "rio"),
)
AUDITOR = a(Role.AUDITOR, "audrey")


both = pytest.mark.parametrize("records_kind", KINDS)
"""Marks a test that is run with both kinds of databases."""


@pytest.fixture
def make_city(make_ws: Callable[..., Workspace]) -> Callable[..., Workspace]:
    def make(toml: str = "") -> Workspace:
        ws = make_ws(toml)
        create_key(ws.keys)
        return ws

    return make


@pytest.fixture
def city(make_city: Callable[..., Workspace]) -> Workspace:
    """A workspace with a signing key."""
    return make_city()


def later(ws: Workspace, **time: float) -> Workspace:
    return replace(ws, clock=FixedClock(ws.clock.now() + timedelta(**time)))


def mailbox(**values: object) -> Report:
    """What a clerk of the billing office says."""
    said = {
        "what": "Someone reads my mail\nRules forward it to an address that I do not know.",
        "relation": Relation.EMPLOYEE,
        "channel": Channel.TELEPHONE,
        "name": "Clerk of the billing office",
        "contact": "extension 4411",
        "noticed_at": NOW - timedelta(hours=5),
        "occurred_from": NOW - timedelta(days=2),
        "accounts": ("bclerk@city.example",),
        "systems": ("mail01", "the shared mailbox"),
        "records": ("utility accounts",),
        "people": 600,
        "discovered": "A resident asked about a strange answer.",
    }
    return Report(**{**said, **values})  # type: ignore[arg-type]
