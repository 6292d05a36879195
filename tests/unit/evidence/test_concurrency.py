"""Several processes sealing at once: every job one bag, every bag its own number, one unbroken chain."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from breachwatch import evidence
from breachwatch.evidence import custody
from breachwatch.evidence.bag import hash_file
from breachwatch.records import cases
from tests.somebody import SOMEBODY
from tests.unit.evidence.making import City

WORKER = """
import sys
from datetime import UTC, datetime
from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.model.incident import Snapshot, ToPreserve
from breachwatch.workspace import open_workspace

ws = open_workspace(sys.argv[1], FixedClock(datetime(2026, 11, 22, 10, 15, tzinfo=UTC)))
for argument in sys.argv[2:]:
    incident, *keys = argument.split(",")
    result = evidence.preserve(ws, ToPreserve(incident, tuple(keys)), "run-1")
    assert isinstance(result, Snapshot), result
    assert evidence.verify(ws, result.number).ok
"""


BESIDE = """
import io, sys
from datetime import UTC, datetime
from pathlib import Path
from breachwatch import evidence
from breachwatch.clock import FixedClock
from breachwatch.evidence.adding import Given, Receipt
from breachwatch.workspace import open_workspace
from tests.somebody import SOMEBODY

ws = open_workspace(sys.argv[1], FixedClock(datetime(2026, 11, 22, 10, 15, tzinfo=UTC)))
for count in range(3):
    if sys.argv[2] == "add":
        given = Given("shot.png", io.BytesIO(b"%d" % count))
        evidence.add_file(ws, [given], by=SOMEBODY, receipt=Receipt("J. Doe", "kept"))
    else:
        evidence.export(ws, "EV-2026-000001", Path(sys.argv[3]) / f"{count}.tar", by=SOMEBODY)
"""


def test_two_processes_seal_the_same_and_other_jobs(city: City) -> None:
    findings = []
    for number in range(3):
        log = city.log(source=f"host{number}", path=f"/var/log/{number}")
        findings.append(city.finding(log.event_ids[:5], user=f"user{number}"))
    jobs = [",".join((job.incident, *job.alert_keys)) for job in city.waiting(*findings)]
    assert len(jobs) == 3
    city.ws.database.engine.dispose()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, city.ws.root, *order],
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            text=True,
        )
        for order in (jobs, jobs[1:] + jobs[:1])
    ]
    for worker in workers:
        _, told = worker.communicate(timeout=120)
        assert worker.returncode == 0, told
    lines = evidence.listing(city.ws, by=SOMEBODY)
    assert [line.number for line in lines] == [f"EV-2026-{number:06d}" for number in range(1, 4)]
    assert len({line.incident for line in lines}) == 3
    with city.ws.database.read() as connection:
        chain = custody.check_chain(connection)
    assert (chain.ok, chain.count) == (True, 9), "three sealed, six verified"
    assert all(report.ok for report in evidence.verify_all(city.ws))
    assert city.waiting() == ()


@pytest.mark.slow
def test_files_are_added_and_evidence_exported_beside_sealing(city: City, tmp_path: Path) -> None:
    first = city.snapshot()
    findings = []
    for number in range(3):
        log = city.log(source=f"host{number}", path=f"/var/log/{number}")
        findings.append(city.finding(log.event_ids[:5], user=f"user{number}"))
    jobs = [",".join((job.incident, *job.alert_keys)) for job in city.waiting(*findings)]
    city.ws.database.engine.dispose()
    out = tmp_path / "out"
    out.mkdir()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", *order], stderr=subprocess.PIPE, cwd=Path(__file__).parents[3], text=True
        )
        for order in (
            (WORKER, city.ws.root, *jobs),
            (BESIDE, city.ws.root, "add"),
            (BESIDE, city.ws.root, "export", out),
        )
    ]
    for worker in workers:
        _, told = worker.communicate(timeout=120)
        assert worker.returncode == 0, told
    lines = evidence.listing(city.ws, by=SOMEBODY)
    assert [line.number for line in lines] == [f"EV-2026-{number:06d}" for number in range(1, 8)]
    assert sorted(path.name for path in city.ws.vault.iterdir()) == [*(line.number for line in lines), "custody.jsonl"]
    assert all(report.ok for report in evidence.verify_all(city.ws))
    with city.ws.database.read() as connection:
        assert custody.check_chain(connection).ok
        bodies = [json.loads(body) for body in connection.scalars(select(cases.custody.c.body))]
    told_of = {body["archive"]: body["archive_sha256"] for body in bodies if body["event"] == "exported"}
    assert told_of == {path.name: hash_file(path).sha256 for path in out.iterdir()}
    assert {body["evidence"] for body in bodies if body["event"] == "exported"} == {first.number}
    assert list(city.ws.scratch.glob("evidence-*")) == []
