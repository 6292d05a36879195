"""Killed at any point and run again: exactly one bag, recorded once, an unbroken chain, nothing left over."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from breachwatch import evidence, incidents
from breachwatch.evidence import bag as bags
from breachwatch.evidence import custody, mirror, recording, sealing
from breachwatch.evidence.on_disk import BagOnDisk
from breachwatch.model.incident import ToPreserve
from tests.somebody import SOMEBODY
from tests.unit.evidence.making import City, loosen


class Killed(BaseException):
    """Stands for a signal: nothing catches it."""


def one_good_bag(city: City, job: ToPreserve) -> None:
    """What must hold once a killed job was done again."""
    number = city.seal(job).number
    assert [line.number for line in evidence.listing(city.ws, by=SOMEBODY)] == [number]
    assert sorted(path.name for path in city.ws.vault.iterdir()) == [number, "custody.jsonl"]
    assert list(city.ws.scratch.glob("evidence-*")) == []
    assert city.state(job.incident) == "new"
    assert city.waiting() == ()
    assert evidence.verify(city.ws, number).ok
    with city.ws.database.read() as connection:
        chain = custody.check_chain(connection)
    assert (chain.ok, chain.count) == (True, 2), "sealed once, verified once"


STEPS: list[tuple[Any, str]] = [
    (sealing, "copy_segments"),
    (sealing, "write_content"),
    (bags.BagWriter, "write_manifests"),
    (bags.BagWriter, "hash_again"),
    (bags.BagWriter, "make_durable"),
    (recording, "install"),
    (bags, "make_read_only"),
    (Path, "rename"),
    (bags, "sync_folder"),
    (recording, "sync_folder"),
    (recording, "record"),
    (custody, "append"),
    (incidents, "mark_sealed"),
    (mirror, "update"),
]


@pytest.mark.parametrize("when", ["before", pytest.param("after", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("place", "name"), STEPS, ids=[name for _, name in STEPS])
def test_killed_at_a_step(city: City, monkeypatch: pytest.MonkeyPatch, place: Any, name: str, when: str) -> None:
    job = city.job()
    original: Callable[..., Any] = getattr(place, name)

    def kill(*args: Any, **more: Any) -> None:
        if when == "after":
            original(*args, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(place, name, kill)
        # A killed process does not tidy up.
        patch.setattr(bags, "remove", lambda _: None)
        with pytest.raises(Killed):
            evidence.preserve(city.ws, job, "run-1")
    one_good_bag(city, job)


def test_killed_at_many_lines_of_the_program(city: City) -> None:
    """Killed at one line after the other, without a good run in between."""
    job = city.job()
    folder = str(Path(evidence.__file__).parent)
    kills = 0
    for at in range(20, 4000, 317):
        left = at

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.startswith(folder):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    raise Killed
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            evidence.preserve(city.ws, job, "run-1")
            break
        except Killed:
            kills += 1
        finally:
            sys.settrace(before)
    assert kills > 5
    one_good_bag(city, job)


@pytest.mark.parametrize("points", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_killed_by_a_signal(city: City, tmp_path: Path, points: int) -> None:
    """SIGKILL at points all over the program, each in a process of its own, on a copy of the same workspace."""
    job = city.job()
    city.ws.database.engine.dispose()
    worker = Path(__file__).with_name("kill_worker.py")
    command = [sys.executable, worker, city.ws.root, tmp_path / "copies", str(points), job.incident, *job.alert_keys]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    assert f"{points} killed" in done.stdout


def orphan(city: City, monkeypatch: pytest.MonkeyPatch) -> ToPreserve:
    """A job whose bag lies in the vault, unrecorded."""
    job = city.job()

    def kill(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(recording, "record", kill)
        with pytest.raises(Killed):
            evidence.preserve(city.ws, job, "run-1")
    assert (city.ws.vault / "EV-2026-000001").is_dir()
    return job


def test_an_orphan_is_adopted_as_it_is(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    job = orphan(city, monkeypatch)
    before = BagOnDisk(city.ws.vault / "EV-2026-000001").hash("tagmanifest-sha256.txt")
    assert city.seal(job).tagmanifest_sha256 == before.sha256
    one_good_bag(city, job)


def test_an_orphan_is_adopted_and_what_came_since_becomes_a_supplement(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = city.log(source="other", path="/var/log/other")
    orphan(city, monkeypatch)
    [job] = city.waiting(city.finding(log.event_ids[:4], key="later"), run_id="run-2")
    assert len(job.alert_keys) == 2
    assert city.seal(job).number == "EV-2026-000002"
    assert [(line.number, line.supplements) for line in evidence.listing(city.ws, by=SOMEBODY)] == [
        ("EV-2026-000001", None),
        ("EV-2026-000002", "EV-2026-000001"),
    ]
    assert all(report.ok for report in evidence.verify_all(city.ws))
    assert city.waiting() == ()


def test_a_damaged_orphan_is_set_aside_and_its_number_not_used_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = orphan(city, monkeypatch)
    loosen(city.ws.vault / "EV-2026-000001")
    (city.ws.vault / "EV-2026-000001" / "data" / "events.csv").unlink()
    assert city.seal(job).number == "EV-2026-000002"
    assert sorted(path.name for path in city.ws.vault.iterdir()) == ["EV-2026-000002", "custody.jsonl"]
    assert (city.ws.state / "set-aside" / "EV-2026-000001" / "VERIFY.txt").is_file()


def test_a_bag_from_before_a_restored_database_is_never_deleted(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    job = orphan(city, monkeypatch)
    bag = city.ws.vault / "EV-2026-000001"
    stranger = city.ws.root / "stranger"
    shutil.copytree(bag, stranger)
    loosen(bag)
    shutil.rmtree(bag)
    city.seal(job)
    stranger.chmod(0o700)
    stranger.rename(city.ws.vault / "EV-2026-000005")
    log = city.log(source="other", path="/var/log/other")
    [more] = city.waiting(city.finding(log.event_ids[:4], key="later"), run_id="run-2")
    assert city.seal(more).number == "EV-2026-000006"
    assert (city.ws.state / "set-aside" / "EV-2026-000005" / "VERIFY.txt").is_file()
    assert all(report.ok for report in evidence.verify_all(city.ws))
