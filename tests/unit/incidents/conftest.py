"""Findings to record, made in one line each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from breachwatch.model.finding import CompiledRule, Entity, Finding, Level, Scan, Window, make_finding_key
from tests.postgresql.choosing import KINDS

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

MakeFinding = Callable[..., Finding]


def make_finding(
    hours: float = 0.0,
    *,
    rule: str = "rule-a",
    title: str = "Many failed sign-ins",
    level: Level = Level.HIGH,
    user: str | None = "jmeyer",
    ip: str | None = None,
    host: str | None = None,
    lasts: float = 0.0,
    events: tuple[str, ...] | None = None,
    more: tuple[Entity, ...] = (),
) -> Finding:
    """A finding `hours` after the start; its key comes from the rule and the first event, as in detection."""
    first = START + timedelta(hours=hours)
    events = events or (hashlib.sha256(f"{rule}-{hours}-{user}-{ip}-{host}".encode()).hexdigest()[:32],)
    named = [("user", user), ("source_ip", ip), ("host", host)]
    return Finding(
        key=make_finding_key(rule, events[0]),
        rule_id=rule,
        rule_title=title,
        rule_revision="r1-" + rule,
        level=level,
        dataset="linux.auth",
        event_ids=events,
        first_time=first,
        last_time=first + timedelta(hours=lasts),
        event_count=len(events),
        entities=(*(Entity(kind, value) for kind, value in named if value is not None), *more),
        why={"user": user or ""},
    )


def make_scan(*findings: Finding, files: tuple[str, ...] = ()) -> Scan:
    rules = {item.rule_revision: item for item in findings}
    return Scan(
        window=Window(START - timedelta(days=7), START + timedelta(days=7)),
        findings=findings,
        outcomes=(),
        rules=tuple(
            CompiledRule(item.rule_id, item.rule_title, revision, "title: x", "SELECT 1", item.dataset)
            for revision, item in rules.items()
        ),
        events_in_window=len(findings),
        scanned_files=files,
    )


@pytest.fixture(scope="session", params=KINDS)
def records_kind(request: pytest.FixtureRequest) -> str:
    """Each test that opens a workspace runs with both kinds of databases."""
    return str(request.param)


@pytest.fixture(scope="session")
def finding() -> MakeFinding:
    return make_finding


@pytest.fixture(scope="session")
def scan() -> Callable[..., Scan]:
    return make_scan
