"""A night whose lake rests in an object store ends as one on a local disk does, also after faults of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import breachwatch
from breachwatch import evidence, lake, run
from breachwatch.clock import FixedClock
from breachwatch.lake import objects
from breachwatch.lake.storage import storage
from breachwatch.model.summary import RunSummary
from breachwatch.objectstore import RETRY, StoreUnreachableError
from breachwatch.workspace import Workspace, open_workspace
from tests.s3_server import SECRET, S3Server
from tests.somebody import SOMEBODY
from tests.spine.site import RULES
from tests.spine.small_city import NOW, SETTINGS, contents

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("s3")]


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    s3_server.clear()
    monkeypatch.setitem(RETRY, "max_retries", 0)
    objects.opened.cache_clear()
    return s3_server


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory, small_logs: Path) -> dict[str, Any]:
    ws = a_workspace(tmp_path_factory.mktemp("disk") / "ws", small_logs)
    run.run(ws)
    found = contents(ws)
    assert len(found["linux_auth"]) > 50
    assert found["incidents"]
    return found


def a_workspace(root: Path, logs: Path, more: str = "") -> Workspace:
    (root / "rules").mkdir(parents=True)
    (root / "rules/failed.yml").write_text(RULES)
    (root / "breachwatch.toml").write_text(SETTINGS.format(logs=logs) + '[detect]\nrules = ["rules"]\n' + more)
    ws = open_workspace(root, FixedClock(NOW))
    evidence.create_key(ws.keys)
    return ws


def in_store(root: Path, logs: Path, s3: S3Server, cache_bytes: int) -> Workspace:
    ws = a_workspace(root, logs, s3.lake_settings(cache_bytes=cache_bytes))
    (root / "keys/s3").write_text(SECRET)
    return ws


@pytest.mark.parametrize("cache_bytes", [0, 10**9])
def test_the_same_night(
    tmp_path: Path, small_logs: Path, s3: S3Server, on_disk: dict[str, Any], cache_bytes: int
) -> None:
    ws = in_store(tmp_path / "ws", small_logs, s3, cache_bytes)
    summary = run.run(ws)
    assert summary.state.value == "completed"
    assert contents(ws) == on_disk
    assert not list(ws.lake.iterdir())
    assert {item.name for item in storage(ws).names()} == {file.path for file in lake.files(ws)}
    assert all(storage(ws).sha256(file.path) == file.sha256 for file in lake.files(ws))
    assert all(evidence.verify(ws, item.number).ok for item in evidence.listing(ws, by=SOMEBODY))
    read = [asked for asked in s3.asked if asked.method == "GET" and asked.range]
    assert bool(read) == (cache_bytes == 0)  # the night's own files are read from this machine's copies
    again = run.run(ws)
    assert (again.new_alerts, again.new_incidents) == (0, ())

    with breachwatch.open(ws.root) as session:
        (count,) = session.sql("SELECT count(*) FROM linux_auth").fetchall()[0]
        assert count == len(on_disk["linux_auth"])
        assert session.events("linux.auth", "2026-11-21").fetchall()
        assert session.authentication().fetchall()
    event = on_disk["linux_auth"][0]["event_id"]
    assert lake.original_bytes(ws, event)


def test_a_store_that_refuses_breaks_off_and_stays_away(
    tmp_path: Path, small_logs: Path, s3: S3Server, on_disk: dict[str, Any]
) -> None:
    """Each fault is said in words, nothing counts that is not whole, and the night after ends as if there was none."""
    ws = in_store(tmp_path / "ws", small_logs, s3, 0)
    s3.fault = lambda _: (403, "InvalidAccessKeyId")
    summary = run.run(ws)
    assert summary.state.value == "partial"
    assert "refuses (status 403" in _said(summary)
    assert SECRET not in _said(summary)

    puts = iter(range(1000))
    s3.fault = lambda environ: (500, "InternalError") if environ["REQUEST_METHOD"] == "PUT" and next(puts) else None
    summary = run.run(ws)
    assert summary.state.value == "partial"
    assert "the store does not answer" in _said(summary)
    strays = {item.name for item in storage(ws).names()} - {file.path for file in lake.files(ws)}
    assert strays

    # No rule counts as run, and nothing as searched.
    s3.fault = lambda environ: (503, "SlowDown") if "HTTP_RANGE" in environ else None
    with pytest.raises(StoreUnreachableError, match="status 503"):
        run.run(ws)
    assert all(file.scanned_at is None for file in lake.files(ws))

    s3.fault = lambda _: None
    assert run.run(ws).state.value == "completed"
    assert contents(ws) == on_disk
    assert {item.name for item in storage(ws).names()} == {file.path for file in lake.files(ws)}
    assert not [path for path in ws.scratch.rglob("*") if path.is_file()]


def _said(summary: RunSummary) -> str:
    problems = [problem.what for report in summary.sources for problem in report.problems]
    return " ".join(problems + [report.failed or "" for report in summary.sources])
