"""A handful of log files with one break-in over SSH and one cleared Windows log, and how to compare two workspaces."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from breachwatch import lake, run
from breachwatch.clock import FixedClock
from breachwatch.model.datasets import DATASETS, REJECTS_DATASET
from breachwatch.records import cases
from breachwatch.workspace import Workspace, open_workspace

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
ATTACKER = "203.0.113.7"
ALL = ("builtin",)
"""All rules that come with breachwatch."""

SETTINGS = """
[city]
name = "Testville"
time_zone = "America/Chicago"
[evidence]
custodian = "Test custodian"
[[sources]]
name = "web01-auth"
paths = ["{logs}/web01/auth.log*"]
host = "web01"
time_zone = "UTC"
settle_seconds = 0
[[sources]]
name = "dc01-security"
paths = ["{logs}/dc01/Security.jsonl"]
settle_seconds = 0
"""


FEW = tuple(
    str(Path(__file__).resolve().parents[2] / "detections" / "rules" / f"{stem}.yml")
    for stem in (
        "any_authentication_brute_force_one_address",
        "any_authentication_outside_hours",
        "any_authentication_success_after_failures",
        "linux_auth_account_created",
        "linux_auth_new_privileged_account",
        "linux_auth_privileged_group",
        "linux_sudo_root_shell",
        "windows_records_missing",
        "windows_security_log_cleared",
    )
)
"""The rules that find something here: the same alerts and incidents as all give, in a fifth of the time."""


def write_logs(folder: Path) -> None:
    """web01: ordinary days, a rotated file, a brute force that succeeds and a new account; dc01: the log is cleared."""
    web, dc = folder / "web01", folder / "dc01"
    web.mkdir(parents=True)
    dc.mkdir(parents=True)
    lines: list[tuple[datetime, str]] = []

    def say(at: datetime, program: str, pid: int, text: str) -> None:
        lines.append((at, f"{at:%b} {at.day:2d} {at:%H:%M:%S} web01 {program}[{pid}]: {text}"))

    for day in range(4):
        morning = datetime(2026, 11, 18 + day, 14, 0, tzinfo=UTC)
        for n in range(10):
            at = morning + timedelta(minutes=7 * n)
            say(at, "sshd", 1000 + n, f"Accepted publickey for deploy from 10.1.0.{n + 10} port {50000 + n} ssh2")
            say(at, "sshd", 1000 + n, "pam_unix(sshd:session): session opened for user deploy(uid=1001) by (uid=0)")
            say(
                at + timedelta(minutes=3),
                "CRON",
                2000 + n,
                "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
            )
    attack = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    for n in range(30):
        at = attack + timedelta(seconds=4 * n)
        say(at, "sshd", 3000 + n, f"Failed password for jmeyer from {ATTACKER} port {40000 + n} ssh2")
    at = attack + timedelta(minutes=3)
    say(at, "sshd", 3100, f"Accepted password for jmeyer from {ATTACKER} port 41000 ssh2")
    say(
        at + timedelta(seconds=40),
        "sudo",
        3101,
        "  jmeyer : TTY=pts/0 ; PWD=/home/jmeyer ; USER=root ; COMMAND=/bin/bash",
    )
    say(
        at + timedelta(seconds=70),
        "useradd",
        3102,
        "new user: name=helper2, UID=1500, GID=1500, home=/home/helper2, shell=/bin/bash, from=/dev/pts/0",
    )
    say(at + timedelta(seconds=80), "usermod", 3103, "add 'helper2' to group 'sudo'")
    say(at + timedelta(seconds=80), "usermod", 3103, "add 'helper2' to shadow group 'sudo'")
    _write(web / "auth.log.1", lines[:60])
    _write(web / "auth.log", lines[60:])
    events = [_event(n, 4624, NOW - timedelta(hours=20) + timedelta(minutes=n), _SIGN_IN) for n in range(20)]
    events.append(_event(21, 1102, NOW - timedelta(hours=6), {}, provider="Microsoft-Windows-Eventlog", user_data=True))
    target = dc / "Security.jsonl"
    target.write_text("".join(json.dumps(event) + "\n" for event in events))
    stamp = (NOW - timedelta(hours=1)).timestamp()
    os.utime(target, (stamp, stamp))


_SIGN_IN = {
    "TargetUserName": "akim",
    "TargetDomainName": "TESTVILLE",
    "LogonType": "2",
    "IpAddress": "10.1.0.44",
    "IpPort": "50123",
    "SubjectUserName": "DC01$",
    "LogonProcessName": "User32",
    "AuthenticationPackageName": "Negotiate",
}


def _write(path: Path, lines: list[tuple[datetime, str]]) -> None:
    path.write_text("".join(text + "\n" for _, text in lines))
    stamp = lines[-1][0].timestamp()
    os.utime(path, (stamp, stamp))


def _event(
    record: int, event_id: int, at: datetime, data: dict[str, str], provider: str = "", user_data: bool = False
) -> dict[str, Any]:
    system = {
        "Provider": {"#attributes": {"Name": provider or "Microsoft-Windows-Security-Auditing"}},
        "EventID": event_id,
        "Version": 2,
        "Level": 0,
        "Task": 12544,
        "Opcode": 0,
        "Keywords": "0x8020000000000000",
        "TimeCreated": {"#attributes": {"SystemTime": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"}},
        "EventRecordID": record,
        "Channel": "Security",
        "Computer": "dc01.testville.example",
    }
    if user_data:
        cleared = {"SubjectUserName": "hdesk", "SubjectDomainName": "TESTVILLE"}
        return {"Event": {"System": system, "UserData": {"LogFileCleared": cleared}}}
    return {"Event": {"System": system, "EventData": data}}


def make_workspace(root: Path, logs: Path, rules: tuple[str, ...] = FEW) -> Workspace:
    """A workspace over these logs; laid out like `breachwatch init` does, with its own signing key.

    Its rules are compiled already, as on every night but the first: that takes longer than all the rest of the run.
    """
    ws = _new_workspace(root, logs, rules)
    for path, content in _compiled_rules(rules).items():
        target = root / path
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o600)
    return ws


def _new_workspace(root: Path, logs: Path, rules: tuple[str, ...]) -> Workspace:
    from breachwatch.evidence import create_key

    root.mkdir(parents=True)
    detect = f"[detect]\nrules = {json.dumps(rules)}\n"
    (root / "breachwatch.toml").write_text(detect + SETTINGS.format(logs=logs))
    ws = open_workspace(root, FixedClock(NOW))
    create_key(ws.keys)
    return ws


@cache
def _compiled_rules(rules: tuple[str, ...]) -> dict[str, bytes]:
    """The caches that a run leaves, by their paths in the workspace."""
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        write_logs(logs)
        ws = _new_workspace(Path(folder) / "ws", logs, rules)
        run.run(ws)
        compiled = [*ws.state.glob("*.cache"), ws.keys / "cache.key"]
        found = {path.relative_to(ws.root).as_posix(): path.read_bytes() for path in compiled}
        ws.database.engine.dispose()
    return found


CLOCK_TIMES = {"observed_at", "detected_at", "opened_at"}
"""Columns that say when breachwatch did something, not what it found."""


def contents(ws: Workspace, leave_out: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    """All that must be equal between an undisturbed run and a killed and repeated one: rows, alerts, incidents."""
    found: dict[str, Any] = {}

    def plain(rows: Iterable[Mapping[str, Any]], *without: str) -> list[dict[str, Any]]:
        return [{k: v for k, v in row.items() if k not in leave_out and k not in without} for row in rows]

    filled = {file.dataset for file in lake.files(ws)}
    with lake.connect_bare(ws) as connection:
        for dataset in (*DATASETS.values(), REJECTS_DATASET):
            if dataset.name in filled:
                events = lake.select_between(ws, dataset, None, None)
                table = connection.sql(f"SELECT * FROM ({events}) ORDER BY event_id").to_arrow_table()
                found[dataset.view] = plain(table.to_pylist())
    with ws.database.read() as database:
        alerts = database.execute(select(cases.alert).order_by(cases.alert.c.key)).mappings()
        found["alerts"] = plain(alerts, "run_id", "evidence")
        pairs = database.execute(select(cases.alert_event.c.alert_key, cases.alert_event.c.event_id)).all()
        found["alert_events"] = sorted(tuple(pair) for pair in pairs)
        incidents = database.execute(select(cases.incident).order_by(cases.incident.c.number)).mappings()
        found["incidents"] = plain(incidents, "opened_by_run", "version")
    return found
