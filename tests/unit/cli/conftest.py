"""Calling the command line in this process, and a workspace with two incidents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from breachwatch import incidents
from breachwatch.cli.app import main
from breachwatch.model.finding import Entity, Finding, Level, Scan, Window, make_finding_key
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.unit.collect.far.servers import s3, sshd  # noqa: F401  fixtures of this folder
from tests.whole_tables import tables_are_whole  # noqa: F401  so is this

HOSTILE = "\x1b]0;owned\x07\x1b[2J[bold red]eve[/]\u202egnp.exe\r\n"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run `breachwatch ARGUMENTS` and tell how it ended."""
    for name in ("BREACHWATCH_WORKSPACE", "BREACHWATCH_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: object) -> Ended:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Ended(code, out, err)

    return run


@pytest.fixture
def busy_ws(ws: Workspace) -> Workspace:
    """A workspace with a sealed incident and one whose evidence could not be sealed."""
    at = ws.clock.now()
    findings = [
        Finding(
            key=make_finding_key("r1", user),
            rule_id="r1",
            rule_title="Sign-ins after a brute force",
            rule_revision="rev1",
            level=level,
            dataset="linux.auth",
            event_ids=(f"event-{user[:5]}",),
            first_time=at - timedelta(hours=3),
            last_time=at - timedelta(hours=2),
            event_count=24,
            entities=(Entity("user", user), Entity("source_ip", address)),
            why={"user": user},
        )
        for user, address, level in (("jmeyer", "203.0.113.7", Level.HIGH), (HOSTILE, "198.51.100.9", Level.CRITICAL))
    ]
    scan = Scan(Window(at - timedelta(days=1), at), tuple(findings), (), (), 2)
    for job in incidents.record(ws, scan, "run-1").to_preserve:
        with ws.database.write() as connection:
            (key,) = job.alert_keys
            if key == findings[0].key:
                connection.execute(
                    cases.evidence.insert().values(
                        number="EV-2026-000001",
                        incident=job.incident,
                        path="EV-2026-000001",
                        tagmanifest_sha256="ab" * 32,
                        events=24,
                        bytes=5000,
                        sealed_at=at,
                        run_id="run-1",
                    )
                )
                incidents.mark_sealed(
                    connection, incident=job.incident, alert_keys=(key,), evidence="EV-2026-000001", at=at
                )
            else:
                incidents.mark_failed(connection, incident=job.incident, reason=f"no space {HOSTILE}", at=at)
    return ws
