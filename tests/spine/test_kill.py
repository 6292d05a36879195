"""Promise 1: kill the process anywhere, run again, and lake and incidents are what one clean run gives."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from breachwatch import evidence, run
from breachwatch.clock import FixedClock
from breachwatch.workspace import open_workspace
from tests.somebody import SOMEBODY
from tests.spine.small_city import NOW, contents, make_workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["breachwatch.run", "breachwatch.notebook.session", "tests.spine.small_city"])
KILLED = 137


def _run_until_step(root: str, step: int, counted: Any) -> None:
    """Run, but die without warning just before the `step`-th step that lasts: a flush, a rename, a commit."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    done = 0

    def count(*_: Any) -> None:
        nonlocal done
        done += 1
        if done == step:
            os._exit(KILLED)
        counted.value = done

    for name in ("fsync", "replace", "rename", "chmod"):
        original = getattr(os, name)

        def wrapped(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            count()
            return _original(*args, **kwargs)

        setattr(os, name, wrapped)
    event.listen(Engine, "commit", count)
    run.run(open_workspace(root, FixedClock(NOW)))


def _plain_run(root: str) -> None:
    run.run(open_workspace(root, FixedClock(NOW)))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, small_logs: Path) -> tuple[dict[str, Any], int]:
    ws = make_workspace(tmp_path_factory.mktemp("clean") / "ws", small_logs)
    counted = _FORKS.Value("i", 0)
    process = _FORKS.Process(target=_run_until_step, args=(str(ws.root), -1, counted))
    process.start()
    process.join()
    assert process.exitcode == 0
    return contents(ws), counted.value


def _check_repeated(root: Path, wanted: dict[str, Any]) -> None:
    ws = open_workspace(root, FixedClock(NOW))
    run.run(ws)
    assert contents(ws) == wanted
    bags = sorted(path.name for path in ws.vault.glob("EV-*"))
    assert bags == sorted(item.number for item in evidence.listing(ws, by=SOMEBODY))
    assert all(evidence.verify(ws, number).ok for number in bags)
    assert not [path for path in ws.scratch.rglob("*") if path.is_file()]
    catalogued = {path.relative_to(ws.lake).as_posix() for path in ws.lake.rglob("*.parquet")}
    with ws.database.read() as connection:
        from sqlalchemy import select

        from breachwatch.records.catalog import lake_file

        assert catalogued == set(connection.execute(select(lake_file.c.path)).scalars())


def test_killed_before_any_lasting_step(
    tmp_path: Path, small_logs: Path, undisturbed: tuple[dict[str, Any], int]
) -> None:
    wanted, steps = undisturbed
    assert steps > 30
    chosen = sorted({1, 2, 3, steps, *random.Random(7).sample(range(1, steps + 1), k=min(6, steps))})
    counted = _FORKS.Value("i", 0)  # held here: the child looks it up by name
    for step in chosen:
        ws = make_workspace(tmp_path / f"step-{step}", small_logs)
        process = _FORKS.Process(target=_run_until_step, args=(str(ws.root), step, counted))
        process.start()
        process.join()
        assert process.exitcode == KILLED, f"step {step}"
        _check_repeated(ws.root, wanted)


def test_killed_at_random_moments(tmp_path: Path, small_logs: Path, undisturbed: tuple[dict[str, Any], int]) -> None:
    wanted, _ = undisturbed
    moments = random.Random(11)
    for attempt in range(4):
        ws = make_workspace(tmp_path / f"moment-{attempt}", small_logs)
        process = _FORKS.Process(target=_plain_run, args=(str(ws.root),))
        process.start()
        time.sleep(moments.uniform(0.05, 2.5))
        if process.pid and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        _check_repeated(ws.root, wanted)


def test_two_runs_at_once_do_not_harm_each_other(
    tmp_path: Path, small_logs: Path, undisturbed: tuple[dict[str, Any], int]
) -> None:
    wanted, _ = undisturbed
    ws = make_workspace(tmp_path / "twice", small_logs)
    both = [_FORKS.Process(target=_plain_run, args=(str(ws.root),)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    _check_repeated(ws.root, wanted)
