"""The nightly flow: the same as `run`, with retries, partial ends, an artifact, and nothing of the logs in Prefect."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from breachwatch import run
from breachwatch.clock import SystemClock
from breachwatch.errors import DataError, TransientError
from breachwatch.model.night import Night
from breachwatch.model.segment import Collected
from breachwatch.model.summary import RunState, RunSummary
from breachwatch.workspace import Workspace, open_workspace
from tests.spine.small_city import ALL, ATTACKER, CLOCK_TIMES, contents, make_workspace, write_logs

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("prefect_server"),
]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    write_logs(folder)
    return folder


def _flow(ws: Workspace, **parameters: Any) -> RunSummary:
    from pipelines.nightly import nightly

    state: Any = nightly(str(ws.root), return_state=True, **parameters)
    summary: RunSummary = state.result()
    return summary


def test_flow_and_plain_run_leave_the_same_lake_and_incidents(tmp_path: Path, logs: Path) -> None:
    by_flow = make_workspace(tmp_path / "flow", logs, ALL)
    plain = open_workspace(make_workspace(tmp_path / "plain", logs, ALL).root, SystemClock())
    from_flow = _flow(by_flow)
    from_run = run.run(plain)
    assert contents(by_flow, CLOCK_TIMES) == contents(plain, CLOCK_TIMES)
    assert contents(plain)["incidents"]
    assert from_flow.outcomes == from_run.outcomes
    assert from_flow.new_incidents == from_run.new_incidents


def test_no_log_content_reaches_prefect(tmp_path: Path, logs: Path) -> None:
    ws = make_workspace(tmp_path / "ws", logs)
    _flow(ws)
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

    url: Any = PREFECT_API_DATABASE_CONNECTION_URL.value()
    path = Path(str(getattr(url, "get_secret_value", lambda: url)()).split("///", 1)[1].split("?")[0])
    assert path.is_file()
    with sqlite3.connect(path) as database:
        kept = "\n".join(database.iterdump())
    assert "nightly-summary" in kept
    assert [word for word in (ATTACKER, "jmeyer", "helper2", "Failed password", "akim") if word in kept] == []


def test_summary_is_kept_as_an_artifact(tmp_path: Path, logs: Path) -> None:
    from prefect.artifacts import Artifact

    summary = _flow(make_workspace(tmp_path / "ws", logs))
    artifact: Any = Artifact.get("nightly-summary")
    text = artifact.data.replace("\\", "")
    assert summary.run_id in text
    assert all(number in text for number in summary.new_incidents)


def test_one_failing_source_makes_the_run_partial(tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = make_workspace(tmp_path / "ws", logs)
    real = run.collect.collect

    def broken(ws: Workspace, source: Any) -> Collected:
        if source.name == "dc01-security":
            raise DataError("the share is gone. Mount it again.")
        return real(ws, source)

    monkeypatch.setattr(run.collect, "collect", broken)
    from pipelines.nightly import nightly

    state: Any = nightly(str(ws.root), return_state=True)
    summary = state.result()
    assert (state.name, state.is_completed()) == ("Partial", True)
    assert summary.state is RunState.PARTIAL
    failed = {report.source: report.failed for report in summary.sources}
    assert failed["web01-auth"] is None
    assert "the share is gone" in str(failed["dc01-security"])
    assert summary.new_incidents


def test_transient_errors_are_tried_again_and_others_are_not(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import nightly as module

    monkeypatch.setattr(module, "ingest", module.ingest.with_options(retry_delay_seconds=0))
    ws = make_workspace(tmp_path / "ws", logs)
    real, calls = run.collect.collect, []

    class Flaky(DataError, TransientError):
        pass

    def flaky(ws: Workspace, source: Any) -> Collected:
        calls.append(source.name)
        if source.name == "web01-auth" and calls.count("web01-auth") < 3:
            raise Flaky("the disk is busy")
        if source.name == "dc01-security":
            raise DataError("nothing to be done")
        return real(ws, source)

    monkeypatch.setattr(run.collect, "collect", flaky)
    summary = _flow(ws)
    assert (calls.count("web01-auth"), calls.count("dc01-security")) == (3, 1)
    assert {report.source: report.failed is None for report in summary.sources} == {
        "web01-auth": True,
        "dc01-security": False,
    }


def test_an_unexpected_error_is_told_without_its_text(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = make_workspace(tmp_path / "ws", logs)

    def explode(*_: Any) -> None:
        raise ValueError("Failed password for jmeyer")

    monkeypatch.setattr(run, "search", explode)
    from pipelines.nightly import nightly

    state: Any = nightly(str(ws.root), return_state=True)
    assert state.is_failed()
    assert "jmeyer" not in str(state.message)
    assert "jmeyer" in (ws.state / "last-error.txt").read_text()


def test_a_named_night_is_done_instead_of_the_scheduled_one(tmp_path: Path, logs: Path) -> None:
    ws = make_workspace(tmp_path / "ws", logs)
    summary = _flow(ws, night="2026-11-21")
    assert summary.night == Night(date(2026, 11, 21), datetime(2026, 11, 21, 10, 15, tzinfo=UTC))
    later = _flow(ws, night="2026-11-22")
    assert later.new_incidents
    assert not any(ATTACKER in str(outcome) for outcome in summary.outcomes)


def test_a_secret_may_come_from_a_prefect_block(tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.blocks.system import Secret

    from pipelines._flowkit import _take_secrets, open_for_flow

    root = str(make_workspace(tmp_path / "ws", logs).root)
    Secret(value="http://127.0.0.1:9/from-a-block").save("breachwatch-alarm-webhook-url")
    monkeypatch.setenv("BREACHWATCH_ALARM__WEBHOOK_URL", "http://127.0.0.1:9/from-the-environment")
    _take_secrets.cache_clear()
    assert open_for_flow(root).settings.alarm.webhook_url.get_secret_value().endswith("from-the-environment")
    monkeypatch.delenv("BREACHWATCH_ALARM__WEBHOOK_URL")
    _take_secrets.cache_clear()
    alarm = open_for_flow(root).settings.alarm
    assert alarm.webhook_url.get_secret_value().endswith("from-a-block")
    assert "from-a-block" not in repr(alarm)
