"""Each service from its answers to rows in the lake: all pages, late records, pages repeated, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from breachwatch.collect.api import pages
from breachwatch.run import ingest
from breachwatch.workspace import Workspace
from tests.unit.collect.api import vendors
from tests.unit.collect.api.conftest import Time
from tests.unit.collect.api.server import NOW, Reply, Service

Make = Callable[..., Workspace]
Rows = Callable[[Workspace, str, str], list[tuple[Any, ...]]]
DAYS_AGO = ["2026-11-21T08:00:00Z", "2026-11-20T09:00:00Z", "2026-11-21T23:30:00Z", "2026-11-22T01:00:00Z"]
LATE = "2026-11-22T09:00:00Z"


@dataclass
class Case:
    """One service: how it is served, what its source says, and where its records land."""

    kind: str
    dataset: str
    record: Callable[[int, str], dict[str, Any]]
    serve: Callable[[Service, list[dict[str, Any]]], None]
    settings: str
    page: str  # where its pages are


@cache
def _pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _google_key(folder: Path) -> str:
    pem = _pem()
    account = {"client_email": "reader@project.example", "private_key": pem, "private_key_id": "k1"}
    (folder / "google.json").write_text(json.dumps(account))
    return str(folder / "google.json")


def _management(service: Service, records: list[dict[str, Any]]) -> None:
    """Each record in a blob of its own, and one more blob that holds them all again."""
    blobs: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for number, record in enumerate(records):
        blobs[f"blob{number}"] = (record["CreationTime"], [record])
    blobs["again"] = ("2026-11-22T08:00:00", list(records))
    vendors.management(service, blobs)


CASES = {
    "entra": Case(
        "entra",
        "entra.signin",
        vendors.signin,
        lambda s, r: vendors.graph(s, {"signIns": r}),
        f'[sources.entra]\ntenant = "{vendors.TENANT}"\nclient_id = "app"\nendpoint = "URL"\nlogin_endpoint = "URL"\n'
        'client_secret_file = "secret"\nstreams = ["sign-ins"]',
        "/v1.0/auditLogs/signIns",
    ),
    "m365": Case(
        "m365",
        "m365.audit",
        vendors.m365_record,
        _management,
        f'[sources.m365]\ntenant = "{vendors.TENANT}"\nclient_id = "app"\nendpoint = "URL"\nlogin_endpoint = "URL"\n'
        'client_secret_file = "secret"\ncontent = ["Audit.SharePoint"]',
        f"/api/v1.0/{vendors.TENANT}/activity/feed/audit/",
    ),
    "okta": Case(
        "okta",
        "okta.system",
        vendors.okta_event,
        vendors.okta,
        '[sources.okta]\nurl = "URL"\ntoken_file = "secret"',
        "/api/v1/logs",
    ),
    "google-workspace": Case(
        "google-workspace",
        "google.workspace",
        vendors.activity,
        vendors.reports,
        '[sources.google_workspace]\nsubject = "admin@city.example"\napplications = ["login"]\nkey_file = "KEY"\n'
        'endpoint = "URL"\nlogin_endpoint = "URL"',
        "/admin/reports/",
    ),
    "cloudtrail": Case(
        "cloudtrail",
        "aws.cloudtrail",
        vendors.trail_event,
        vendors.trail,
        '[sources.cloudtrail]\nregions = ["us-east-1"]\naccess_key_id = "AKIA"\nsecret_access_key_file = "secret"\n'
        'endpoint = "URL"',
        "/",
    ),
}
ALL = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


def source(case: Case, make_ws: Make, service: Service, tmp_path: Path, **more: Any) -> Workspace:
    text = case.settings.replace("URL", service.url)
    if "KEY" in text:
        text = text.replace("KEY", _google_key(tmp_path))
    (tmp_path / "secret").write_text("sesame\n")
    text = text.replace('"secret"', f'"{tmp_path / "secret"}"')
    return make_ws(f'[[sources]]\nname = "cloud"\nkind = "{case.kind}"\nsince_hours = 72\n{text}\n', **more)


def records(case: Case, times: list[str]) -> list[dict[str, Any]]:
    return [case.record(number, at) for number, at in enumerate(times)]


@ALL
def test_every_record_lands_once_with_its_bytes(
    case: Case, make_ws: Make, service: Service, tmp_path: Path, rows: Rows
) -> None:
    case.serve(service, records(case, DAYS_AGO))
    ws = source(case, make_ws, service, tmp_path)
    report = ingest(ws, "cloud")
    assert [problem.what for problem in report.problems] == []
    assert (report.rows, report.rejects, report.by_dataset) == (4, 0, ((case.dataset, 4),))
    landed = rows(ws, case.dataset, "event_id, strftime(time, '%Y-%m-%dT%H:%M:%SZ') AS t, source_ip")
    assert sorted(at for _, at, _ in landed) == sorted(DAYS_AGO)
    from breachwatch.lake.originals import original_bytes

    served = [json.dumps(record).encode() for record in records(case, DAYS_AGO)]
    assert sorted(original_bytes(ws, name) for name, _, _ in landed) == sorted(served)


@ALL
def test_the_next_night_adds_what_is_new_and_what_came_late(
    case: Case, make_ws: Make, service: Service, tmp_path: Path, rows: Rows
) -> None:
    case.serve(service, records(case, DAYS_AGO))
    ws = source(case, make_ws, service, tmp_path)
    ingest(ws, "cloud")
    service.now = NOW + timedelta(days=1)
    times = [*DAYS_AGO, LATE, "2026-11-22T20:00:00Z"]
    case.serve(service, records(case, times))
    ws = source(case, make_ws, service, tmp_path, now=service.now)
    report = ingest(ws, "cloud")
    assert [problem.what for problem in report.problems] == []
    assert report.rows == 2
    landed = rows(ws, case.dataset, "strftime(time, '%Y-%m-%dT%H:%M:%SZ')")
    assert [at for (at,) in landed] == sorted(times)
    assert ingest(ws, "cloud").rows == 0


@ALL
def test_errors_that_pass_change_nothing(
    case: Case, make_ws: Make, service: Service, tmp_path: Path, rows: Rows, time: Time
) -> None:
    """Throttled, down, not whole JSON, broken off in the middle of the body: one after the other."""
    case.serve(service, records(case, DAYS_AGO))
    throttled = Reply({"error": "slow down"}, 429, {"Retry-After": "7"})
    cut = Reply({"value": []}, truncated=True)
    service.inject(case.page, throttled, Reply({"message": "down"}, 503), Reply(raw=b'{"value": [{"id"'), cut)
    ws = source(case, make_ws, service, tmp_path)
    report = ingest(ws, "cloud")
    assert [problem.what for problem in report.problems] == []
    assert report.rows == 4
    assert service.errors == []
    assert [wait for wait in time.waits if wait >= 1] == [7, 2, 4, 8]


class Killed(BaseException):
    """The process ends here."""


class Killer:
    """Ends the process at the nth step between fetching a page and the checkpoint: before it, or after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls, self.at = 0, 1
        for name, after in (("plan", True), ("mark_stored", False), ("save_log", True), ("SegmentWriter", False)):
            monkeypatch.setattr(pages, name, self._step(getattr(pages, name), after=after))

    def _step(self, real: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
        def step(*args: Any) -> Any:
            self.calls += 1
            killed = self.calls == self.at
            if killed and not after:
                raise Killed
            done = real(*args)
            if killed:
                raise Killed
            return done

        return step

    def killed(self, ws: Workspace, at: int) -> bool:
        """Whether the run came so far."""
        self.calls, self.at = 0, at
        try:
            ingest(ws, "cloud")
        except Killed:
            return True
        return False


@ALL
def test_killed_again_and_again_it_is_finished_in_the_end(
    case: Case, make_ws: Make, service: Service, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.serve(service, records(case, DAYS_AGO))
    ws = source(case, make_ws, service, tmp_path)
    killer = Killer(monkeypatch)
    broken = [at for at in (1, 2, 3, 4, 5, 6) if killer.killed(ws, at)]
    assert len(broken) >= 3
    monkeypatch.undo()
    assert ingest(ws, "cloud").problems == ()
    landed = rows(ws, case.dataset, "strftime(time, '%Y-%m-%dT%H:%M:%SZ')")
    assert [at for (at,) in landed] == sorted(DAYS_AGO)


def test_killed_at_every_step_the_lake_is_that_of_one_clean_run(
    make_ws: Make, service: Service, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES["okta"]
    vendors.okta(service, records(case, DAYS_AGO), page=3)
    columns = "event_id, time, user, record_number, byte_offset, byte_length, segment_id"
    clean = source(case, make_ws, service, tmp_path, folder="clean")
    ingest(clean, "cloud")
    expected = rows(clean, case.dataset, columns)
    killer = Killer(monkeypatch)
    for at in range(1, 100):
        ws = source(case, make_ws, service, tmp_path, folder=f"ws{at}")
        if not killer.killed(ws, at):
            break
        killer.killed(ws, 1000)
        assert rows(ws, case.dataset, columns) == expected, at
    assert at > 6
