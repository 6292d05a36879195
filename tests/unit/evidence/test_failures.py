"""What happens where a snapshot cannot be sealed: the incident says why, nothing half-made stays."""

from __future__ import annotations

import errno
import itertools
import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from breachwatch import evidence
from breachwatch.collect.store import SegmentWriter, segment_path
from breachwatch.evidence import bag as bags
from breachwatch.evidence import create_key
from breachwatch.records import cases
from breachwatch.workspace import Workspace
from tests.somebody import SOMEBODY
from tests.unit.evidence.making import LINES, NIGHT, City, Log


def broken(city: City, reason: str) -> None:
    """The incident is loud, nothing is left behind, and no snapshot exists."""
    with city.ws.database.read() as connection:
        [row] = connection.execute(cases.incident.select())
    assert row.state == "new"
    assert row.failure == reason
    assert evidence.listing(city.ws, by=SOMEBODY) == []
    assert [path.name for path in city.ws.vault.iterdir()] == []
    assert list(city.ws.scratch.glob("evidence-*")) == []


def test_a_missing_segment(city: City) -> None:
    log = city.log()
    [job] = city.waiting(city.finding(log.event_ids[:3]))
    path = segment_path(city.ws, log.segment)
    content = path.read_bytes()
    path.unlink()
    reason = city.fail(job)
    assert log.segment.segment_id in reason
    broken(city, reason)
    path.write_bytes(content)
    assert city.waiting() == (job,)
    city.seal(job)
    assert city.state(job.incident) == "new"


def test_bytes_that_are_not_those_that_were_collected(city: City) -> None:
    log = city.log()
    [job] = city.waiting(city.finding(log.event_ids[:3]))
    path = segment_path(city.ws, log.segment)
    path.unlink()
    other = [line.replace("jdoe", "kdoe") for line in LINES]
    city_writer(city, log, "".join(other).encode())
    reason = city.fail(job)
    assert "not those that were collected" in reason
    broken(city, reason)


def city_writer(city: City, log: Log, data: bytes) -> None:
    with SegmentWriter(city.ws, log.segment) as writer:
        writer.write(data)
        writer.finish()


def test_no_key_and_a_key_that_others_can_read(ws: Workspace) -> None:
    city = City(ws)
    job = city.job()
    reason = city.fail(job)
    assert "breachwatch init" in reason
    broken(city, reason)
    create_key(ws.keys)
    (ws.keys / "signing.key").chmod(0o644)
    assert "chmod 600" in city.fail(job)
    (ws.keys / "signing.key").chmod(0o600)
    city.seal(job)


def test_an_event_that_the_lake_lacks(city: City) -> None:
    log = city.log()
    [job] = city.waiting(city.finding([*log.event_ids[:3], "f" * 32]))
    reason = city.fail(job)
    assert "1 of 4 events are not in the lake" in reason
    assert "f" * 32 in reason
    broken(city, reason)


def test_an_event_outside_the_time_of_its_alert_is_found_all_the_same(city: City) -> None:
    log = city.log()
    late = replace(city.finding(log.event_ids[:5]), last_time=NIGHT + timedelta(seconds=2))
    assert city.seal(city.waiting(late)[0]).events == 5


def test_a_damaged_lake_file(city: City) -> None:
    job = city.job()
    for path in city.ws.lake.rglob("*.parquet"):
        path.chmod(0o600)
        path.write_bytes(b"PAR1 this is none")
    reason = city.fail(job)
    assert "lake" in reason
    broken(city, reason)


@pytest.mark.parametrize("at", [1, 2, 5, 9, 14])
def test_a_full_disk(city: City, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    job = city.job()
    calls, original = itertools.count(1), os.fsync

    def full(handle: int) -> None:
        if next(calls) == at:
            raise OSError(errno.ENOSPC, "No space left on device")
        original(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        reason = city.fail(job)
    assert "disk is full" in reason
    broken(city, reason)
    city.seal(job)


@pytest.mark.slow
@pytest.mark.parametrize("after", [0, 3, 9, 16, 25])
def test_a_disk_that_fills_at_any_write(city: City, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    job = city.job()
    calls, original = itertools.count(), bags.HashingFile.write

    def full(file: bags.HashingFile, data: Any) -> int:
        if next(calls) >= after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(bags.HashingFile, "write", full)
        reason = city.fail(job)
    assert "disk is full" in reason
    broken(city, reason)
    assert evidence.verify(city.ws, city.seal(job).number).ok


def test_a_disk_that_reads_back_something_else(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    job = city.job()
    with monkeypatch.context() as patch:
        patch.setattr(bags, "hash_file", lambda _: bags.Written("0" * 64, 1))
        reason = city.fail(job)
    assert "read back" in reason
    broken(city, reason)


def test_a_fault_of_the_program_is_told_on_the_incident(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    job = city.job()
    with monkeypatch.context() as patch:
        patch.setattr(bags.BagWriter, "hash_again", lambda _: 1 / 0)
        reason = city.fail(job)
    assert "error in breachwatch itself (ZeroDivisionError in test_failures.py, line" in reason
    broken(city, reason)
    city.seal(job)
