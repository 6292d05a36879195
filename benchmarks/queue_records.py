"""Records of a city that has had a hundred thousand incidents: invented, seeded, written into SQLite in bulk.

Skewed as real ones are: some hosts stand in every tenth incident, most accounts in a few; one incident in five waits,
the others are closed; one alert in fifty stands alone.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
RULES = 300
_BATCH = 20_000
_WAITING = ("new", "triage", "contained", "investigating", "assessing", "remediating")


@dataclass(frozen=True, slots=True)
class Made:
    """How much was written, and a typical and a large incident to open."""

    incidents: int
    alerts: int
    typical: str
    large: str


class _Table:
    """Rows of one table, written in batches."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection, self._name = connection, name
        self._rows: list[dict[str, Any]] = []

    def add(self, **row: Any) -> None:
        self._rows.append(row)
        if len(self._rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if not self._rows:
            return
        names = list(self._rows[0])
        places = ", ".join(f":{name}" for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        self._connection.executemany(
            f'INSERT INTO "{self._name}" ({columns}) VALUES ({places})',
            self._rows,
        )
        self._rows.clear()


def make(database: Path, incidents: int, alerts: int, seed: int = 20261122) -> Made:
    """Fill a database that the migrations have made. The last incident has a thousand alerts."""
    chance = random.Random(seed)
    connection = sqlite3.connect(database)
    for pragma in ("synchronous=OFF", "journal_mode=OFF", "cache_size=-400000"):  # it is made anew, not kept safe
        connection.execute(f"PRAGMA {pragma}")
    tables = {
        name: _Table(connection, name)
        for name in ("incident", "incident_entity", "alert", "alert_event", "evidence", "audit", "detection")
    }
    for rule in range(RULES):
        tables["detection"].add(
            rule_revision=f"rev-{rule}",
            rule_id=f"rule-{rule}",
            title=f"Rule {rule}",
            text=f"title: Rule {rule}\nid: rule-{rule}\nauthor: Somebody\nlicense: DRL-1.1\n",
            sql="SELECT 1",
            dataset="linux.auth",
            origins=json.dumps(
                [{"title": f"Rule {rule}", "rule_id": f"rule-{rule}", "author": "Somebody", "licence": "DRL-1.1"}]
            ),
            first_used_at=_text(NOW),
        )
    large = min(1000, alerts // 4)
    loose = alerts // 50
    each = (alerts - large - loose) / max(incidents - 1, 1)
    owed = 0.0
    for order in range(1, incidents + 1):
        owed += each
        count = large if order == incidents else int(owed)
        owed -= count if order < incidents else 0
        _incident(tables, chance, order, max(count, 1), incidents)
    for number in range(loose):
        _alert(tables, chance, f"loose-{number}", None, NOW - timedelta(minutes=number), ["kdoe", "web01"])
    for table in tables.values():
        table.flush()
    connection.commit()
    [[there]] = connection.execute("SELECT count(*) FROM alert").fetchall()
    connection.close()
    return Made(incidents, there, f"INC-2026-{incidents // 2:04d}", f"INC-2026-{incidents:04d}")


def _incident(tables: dict[str, _Table], chance: random.Random, order: int, count: int, total: int) -> None:
    number = f"INC-2026-{order:04d}"
    opened = NOW - timedelta(minutes=5 * (total - order))
    waits = chance.random() < 0.2
    state = chance.choice(_WAITING) if waits else chance.choice(("closed", "false positive"))
    user = f"user{int(chance.paretovariate(0.7)) % 20_000}"
    host = f"host{int(chance.paretovariate(0.9)) % 2_000}"
    address = f"203.0.{chance.randrange(256)}.{chance.randrange(256)}"
    level = chance.choice((2, 2, 2, 3, 3, 4))
    tables["incident"].add(
        number=number,
        state=state,
        level=level,
        severity=level,
        title=f"Sign-ins after a brute force: {user} from {address}",
        first_time=_text(opened - timedelta(hours=2)),
        last_time=_text(opened - timedelta(hours=1)),
        opened_at=_text(opened),
        opened_by_run="run-1",
        failure="",
        version=3,
        ordinal=2026 * 10**9 + order,
        verdict="" if waits else "false positive" if state != "closed" else "true positive",
        verdict_reason="" if waits else "asked the owner",
        closed_at=None if waits else _text(opened + timedelta(hours=9)),
        closed_by="" if waits else "ana",
    )
    for kind, value in (("user", user), ("host", host), ("source_ip", address)):
        tables["incident_entity"].add(
            incident=number, kind=kind, value=value, last_time=_text(opened - timedelta(hours=1))
        )
    evidence = f"EV-2026-{order:06d}"
    tables["evidence"].add(
        number=evidence,
        incident=number,
        path=evidence,
        tagmanifest_sha256="0" * 64,
        events=count,
        bytes=1000,
        sealed_at=_text(opened),
        run_id="run-1",
        verified_at=_text(opened),
        verified_ok=1,
    )
    for place in range(count):
        at = opened - timedelta(hours=2) + timedelta(seconds=place)
        _alert(tables, chance, f"{number}-{place}", number, at, [user, host], evidence)
    for change in ("none -> preserving", "preserving -> new", "new -> triage"):
        key = hashlib.sha256(f"{number}{change}".encode()).hexdigest()
        tables["audit"].add(
            at=_text(opened), actor="ana", entity=number, change=change, reason="work", prev=key, hash=key, body="{}"
        )


def _alert(
    tables: dict[str, _Table],
    chance: random.Random,
    name: str,
    incident: str | None,
    at: datetime,
    who: list[str],
    evidence: str | None = None,
) -> None:
    key = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    rule = int(chance.paretovariate(0.8)) % RULES
    tables["alert"].add(
        key=key,
        rule_id=f"rule-{rule}",
        rule_title=f"Rule {rule}",
        rule_revision=f"rev-{rule}",
        level=chance.choice((0, 1, 2, 2, 3)),
        dataset="linux.auth",
        first_time=_text(at),
        last_time=_text(at),
        event_count=1,
        entities=json.dumps([["user", who[0]], ["host", who[1]]]),
        tags='["attack.t1110"]',
        why='{"user": "x"}',
        matched="{}",
        detected_at=_text(at),
        run_id="run-1",
        incident=incident,
        evidence=evidence,
    )
    tables["alert_event"].add(alert_key=key, event_id=key, sealed_in=evidence)


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")
