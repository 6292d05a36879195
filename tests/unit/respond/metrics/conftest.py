"""Months of incidents, alerts, runs and decisions, written into the records in one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from breachwatch.model.finding import Level
from breachwatch.model.people import program
from breachwatch.records import audit, cases, casework, catalog
from breachwatch.workspace import Workspace


@dataclass
class Past:
    """What happened in a city; `at` is when an incident was opened."""

    ws: Workspace
    count: int = 0
    alerts: int = 0
    first: dict[str, datetime] = field(default_factory=dict)

    def incident(
        self,
        at: datetime,
        *,
        verdict: str = "true positive",
        severity: Level = Level.HIGH,
        merged_into: str = "",
        began: timedelta = timedelta(hours=2),
        **after: timedelta | None,
    ) -> str:
        """Open one; `after` names moments (taken_up, contained, decided, recovered) by how long after detection."""
        self.count += 1
        number = f"INC-{at.year}-{self.count:04d}"
        moments = {name: at + long for name, long in after.items() if long is not None}
        with self.ws.database.write() as connection:
            connection.execute(
                cases.incident.insert().values(
                    number=number, state="merged" if merged_into else "closed" if verdict else "investigating",
                    level=int(severity), severity=int(severity), title="of jmeyer", first_time=at - began, last_time=at,
                    opened_at=at, opened_by_run="run", verdict=verdict, merged_into=merged_into or None,
                )
            )  # fmt: skip
            for anchor in ("contained", "recovered"):
                if anchor in moments:
                    connection.execute(
                        casework.anchor.insert().values(
                            incident=number, anchor=anchor, at=moments[anchor], zone="UTC", set_by="ana",
                            set_at=moments[anchor], reason="x",
                        )
                    )  # fmt: skip
            if "taken_up" in moments:
                taken, who = moments["taken_up"], program()
                audit.append(connection, at=taken, by=who, entity=number, change="new -> triage", reason="x")
            if "decided" in moments:
                connection.execute(
                    casework.decision.insert().values(
                        incident=number, kind="notice", subject="", outcome="not-required", reason="x",
                        decided_by="cole", recorded_by="cole", at=moments["decided"],
                    )
                )  # fmt: skip
        return number

    def alert(
        self, at: datetime, rule: str, *, incident: str | None = None, verdict: str = "", run: str = "", count: int = 1
    ) -> None:
        rows = [
            {
                "key": f"{self.alerts + number:032x}", "rule_id": rule, "rule_title": f"Rule {rule}",
                "rule_revision": "r", "level": 3, "dataset": "linux.auth", "first_time": at, "last_time": at,
                "event_count": 1, "entities": "[]", "tags": "[]", "why": '{"source": "mail"}', "detected_at": at,
                "run_id": run, "incident": incident, "verdict": verdict,
            }
            for number in range(count)
        ]  # fmt: skip
        self.alerts += count
        if rows:
            with self.ws.database.write() as connection:
                connection.execute(cases.alert.insert(), rows)

    def run(self, at: datetime, *, state: str = "completed", failed: str = "") -> str:
        run_id = f"run-{at:%Y%m%d%H%M}"
        night = at.astimezone(self.ws.settings.city.zone).date().isoformat()
        sources = '{"sources": [{"source": "vpn", "failed": %s}]}' % (f'"{failed}"' if failed else "null")
        with self.ws.database.write() as connection:
            connection.execute(
                catalog.run.insert().values(
                    run_id=run_id, night=night, until=at, state=state, started_at=at, finished_at=at, summary=sources
                )
            )
        return run_id


@pytest.fixture
def past(make_ws: Callable[..., Workspace]) -> Past:
    return Past(make_ws(now=datetime(2026, 12, 5, 12, tzinfo=UTC)))
