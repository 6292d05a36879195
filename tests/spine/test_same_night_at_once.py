"""Eight processes that do the same night at the same time leave what one leaves, in SQLite and in PostgreSQL."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from breachwatch import evidence, run
from breachwatch.clock import FixedClock
from breachwatch.evidence import custody
from breachwatch.model.summary import RunState
from breachwatch.records import audit, cases, catalog
from breachwatch.workspace import Workspace, open_workspace
from tests.postgresql.choosing import KINDS, POSTGRESQL
from tests.somebody import SOMEBODY
from tests.spine.small_city import NOW, contents, make_workspace

pytestmark = pytest.mark.slow

PROCESSES = 8
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["breachwatch.run", "breachwatch.notebook.session", "tests.spine.small_city"])


def _run(root: str) -> None:
    run.run(open_workspace(root, FixedClock(NOW)))


@pytest.fixture(params=KINDS)
def shared(request: pytest.FixtureRequest, tmp_path: Path, small_logs: Path) -> Workspace:
    """A workspace before its first night; its settings name the database, as a city's would."""
    ws = make_workspace(tmp_path / "ws", small_logs)
    if request.param == POSTGRESQL:
        (ws.root / "records.url").write_text(request.getfixturevalue("postgresql").blank())
        with (ws.root / "breachwatch.toml").open("a") as settings:
            settings.write('[database]\nurl_file = "records.url"\n')
    return open_workspace(ws.root, FixedClock(NOW))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, small_logs: Path) -> dict[str, Any]:
    """What one process leaves."""
    ws = make_workspace(tmp_path_factory.mktemp("alone") / "ws", small_logs)
    run.run(ws)
    return contents(ws)


def test_eight_processes_leave_what_one_leaves(shared: Workspace, alone: dict[str, Any]) -> None:
    processes = [_FORKS.Process(target=_run, args=(str(shared.root),)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES

    assert contents(shared) == alone
    assert alone["incidents"]
    bags = sorted(path.name for path in shared.vault.glob("EV-*"))
    assert bags == sorted(line.number for line in evidence.listing(shared, by=SOMEBODY))
    assert len(bags) == len(alone["incidents"])
    assert all(evidence.verify(shared, number).ok for number in bags)
    with shared.database.read() as connection:
        assert custody.check_chain(connection).ok
        assert audit.check_chain(connection).ok
        states = connection.execute(select(catalog.run.c.state)).scalars().all()
        deeds = [row.event for row in connection.execute(select(cases.custody.c.event))]
    assert states == [RunState.COMPLETED.value] * PROCESSES
    assert deeds.count("sealed") == len(bags)
    assert custody.check_lines((shared.vault / "custody.jsonl").read_text().splitlines()).ok
