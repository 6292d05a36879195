"""A small workspace with sign-ins, a rejected line and one incident; and one with nothing in it."""

# ruff: noqa: DTZ001  (times in the lake are UTC without a zone)
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from breachwatch import lake
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.unit.lake.making import batch, logon, stored_segment

START = datetime(2026, 11, 20, 6, 0)
HOSTILE = "<script src='https://evil.example/x.js'></script><img src=x onerror=alert(1)>\x1b]0;owned\x07\u202e"


@pytest.fixture
def full_ws(make_ws: Callable[..., Workspace]) -> Workspace:
    ws = make_ws()
    segment = stored_segment(ws, source="web01-auth")
    quiet = [logon(START + timedelta(minutes=20 * n), f"user{n % 7}", "success", source_ip=None) for n in range(60)]
    attack = [logon(START + timedelta(hours=9, seconds=n), "mira", "failure", message=HOSTILE) for n in range(40)]
    entry = [logon(START + timedelta(hours=9, minutes=1), r"CITY\Mira", "success", host="db01")]
    auth = batch(segment, "linux.auth", [*quiet, *attack, *entry])
    job = {
        "time": START + timedelta(hours=9, minutes=30),
        "user": "mira",
        "host": "db01",
        "action": "scheduled-job-run",
    }
    cron = batch(segment, "linux.cron", [job, {"time": START, "user": "mira"}], first=200)
    lake.land(ws, segment, [auth, cron, batch(segment, "rejects", [{"raw": b"\x00"}], first=300)])
    matched = auth.table.slice(len(quiet), len(attack) + 1)
    _incident(ws, matched["event_id"].to_pylist())
    return ws


def _incident(ws: Workspace, event_ids: list[str]) -> None:
    first, last = START + timedelta(hours=9), START + timedelta(hours=9, minutes=1)
    times = {"first_time": first.replace(tzinfo=UTC), "last_time": last.replace(tzinfo=UTC)}
    entities = [["user", "mira"], ["source_ip", "203.0.113.7"]]
    with ws.database.write() as connection:
        connection.execute(
            insert(cases.incident).values(
                number="INC-2026-0001",
                state="new",
                level=3,
                title=f"Password guessing {HOSTILE}",
                opened_at=ws.clock.now(),
                opened_by_run="run-1",
                **times,
            )
        )
        connection.execute(
            insert(cases.incident_entity),
            [
                {"incident": "INC-2026-0001", "kind": kind, "value": value, "last_time": times["last_time"]}
                for kind, value in entities
            ],
        )
        connection.execute(
            insert(cases.alert).values(
                key="a" * 32,
                rule_id="rule-1",
                rule_title="Many failures, then a success",
                rule_revision="r" * 64,
                level=3,
                dataset="linux.auth",
                event_count=len(event_ids),
                entities=json.dumps(entities),
                tags="[]",
                why='{"user": "mira"}',
                detected_at=ws.clock.now(),
                run_id="run-1",
                incident="INC-2026-0001",
                **times,
            )
        )
        connection.execute(
            insert(cases.alert_event), [{"alert_key": "a" * 32, "event_id": event_id} for event_id in event_ids]
        )
