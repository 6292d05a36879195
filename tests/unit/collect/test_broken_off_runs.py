"""Killed, full, rotated while reading: the next run finishes, and says what is gone."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from breachwatch.collect import DiskFullError, checkpoints, cutting, store, work
from breachwatch.errors import EnvironmentFault, TransientError
from breachwatch.model.segment import SegmentState
from breachwatch.records import catalog
from tests.unit.collect.conftest import lines

SMALL = "[limits]\nsegment_bytes = 65536\n"


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def files_of(site) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(site.ws.segments.rglob("*.zst"))}


def states(site) -> list[str]:
    with site.ws.database.read() as connection:
        query = select(catalog.segment.c.state).order_by(catalog.segment.c.start, catalog.segment.c.end)
        return list(connection.execute(query).scalars())


def kill_at(monkeypatch, target: object, name: str, call: int) -> None:
    real = getattr(target, name)
    seen = 0

    def guarded(*args, **kwargs):
        nonlocal seen
        seen += 1
        if seen == call:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(target, name, guarded)


def _what_matters(segment):
    return segment.segment_id, segment.start, segment.first_record, segment.sha256, segment.file_sha256


def kill_while_storing(site, monkeypatch) -> None:
    """Kill a run before it enters the second segment; the others stay promised."""
    with monkeypatch.context() as patch:
        kill_at(patch, cutting, "mark_stored", 2)
        with pytest.raises(Killed):
            site.collect()
    assert "planned" in states(site)


@pytest.mark.parametrize("call", [1, 2, 5])
@pytest.mark.parametrize(
    ("target", "name"),
    [
        (store.SegmentWriter, "finish"),
        (store.SegmentWriter, "write"),
        (cutting, "mark_stored"),
        (work, "save_log"),
        (work, "load_log"),
        (store.os, "fsync"),
    ],
)
def test_killed_anywhere_and_run_again_gives_the_same_files(make_site, monkeypatch, target, name, call):
    clean, site = make_site(SMALL, folder="clean"), make_site(SMALL)
    for each in (clean, site):
        each.write("auth.log.1", lines(2000))
        each.write("auth.log", lines(1000, 5000))
    expected = [_what_matters(segment) for segment in clean.segments()]
    with monkeypatch.context() as patch, suppress(Killed):
        kill_at(patch, target, name, call)
        site.collect()
    assert [_what_matters(segment) for segment in site.segments()] == expected
    assert files_of(site) == files_of(clean)
    assert site.problems() == ()
    assert list(site.ws.scratch.iterdir()) == []


def test_promises_of_a_killed_run_are_kept_although_the_log_grew_and_was_rotated(make_site, monkeypatch):
    site = make_site(SMALL)
    site.write("auth.log", lines(2000))
    kill_while_storing(site, monkeypatch)
    site.append("auth.log", lines(100, 2000))
    (site.logs / "auth.log").rename(site.logs / "auth.log.1")
    site.write("auth.log", lines(5, 9000))
    assert sorted(site.by_log().values(), key=len) == [lines(5, 9000), lines(2100)]
    assert set(states(site)) == {"stored"}
    assert site.problems() == ()


def test_what_was_promised_and_is_gone_is_lost_loudly_and_welcome_when_it_comes_back(make_site, monkeypatch):
    site = make_site(SMALL)
    data = lines(2000)
    site.write("auth.log", data)
    kill_while_storing(site, monkeypatch)
    (site.logs / "auth.log").unlink()
    site.write("auth.log.2", lines(3, 7000))
    site.collect()
    assert "lost" in states(site)
    assert "planned" not in states(site)
    [problem] = site.lost()
    assert f"to {len(data)} of it were gone" in problem.what
    assert site.collect().problems == ()
    site.write("auth.log.1", data)
    assert data in site.by_log().values()
    assert set(states(site)) == {"stored"}


def test_an_unreadable_file_does_not_turn_promises_into_losses(make_site, monkeypatch):
    site = make_site(SMALL)
    site.write("auth.log", lines(2000))
    kill_while_storing(site, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", _refuse(os.open, "auth.log"))
        site.collect()
    assert "planned" in states(site)
    assert any("wait" in problem.what for problem in site.problems())
    assert site.by_log().popitem()[1] == lines(2000)


def _refuse(real, name):
    def guarded(path, *args, **kwargs):
        if str(path).endswith(name):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *args, **kwargs)

    return guarded


def test_a_log_rotated_between_plan_and_reading_is_read_on(site, monkeypatch):
    """The open file stays the same file; its new name does not matter."""
    site.write("auth.log", lines(100))
    real = work.plan

    def rotate(ws, log, segments):
        real(ws, log, segments)
        if not (site.logs / "auth.log.1").exists():
            (site.logs / "auth.log").rename(site.logs / "auth.log.1")
            site.write("auth.log", lines(3, 500))

    monkeypatch.setattr(work, "plan", rotate)
    site.collect()
    monkeypatch.undo()
    assert sorted(site.by_log().values(), key=len) == [lines(3, 500), lines(100)]
    assert site.lost() == []


def test_a_log_cut_between_plan_and_reading_is_found_under_its_rotated_name(site, monkeypatch):
    site.write("auth.log", lines(100))
    real = work.plan

    def copytruncate(ws, log, segments):
        real(ws, log, segments)
        if not (site.logs / "auth.log.1").exists():
            shutil.copy2(site.logs / "auth.log", site.logs / "auth.log.1")
            os.truncate(site.logs / "auth.log", 0)

    monkeypatch.setattr(work, "plan", copytruncate)
    assert site.by_log().popitem()[1] == lines(100)
    assert site.lost() == []
    assert states(site) == ["stored"]


def test_a_log_cut_between_plan_and_reading_with_no_copy_is_lost(site, monkeypatch):
    site.write("auth.log", lines(100))
    real = work.plan

    def truncate(ws, log, segments):
        real(ws, log, segments)
        os.truncate(site.logs / "auth.log", len(lines(10)))

    monkeypatch.setattr(work, "plan", truncate)
    assert site.segments() == []
    assert states(site) == [SegmentState.LOST.value]
    assert "were gone before they could be copied" in site.lost()[0].what
    assert files_of(site) == {}
    monkeypatch.undo()
    assert site.by_log().popitem()[1] == lines(10)  # what is left comes with the next run


def test_other_bytes_at_the_same_place_are_not_stored_for_the_promised_ones(site, monkeypatch):
    site.write("auth.log", lines(100))
    real = work.plan

    def overwrite(ws, log, segments):
        real(ws, log, segments)
        path = site.logs / "auth.log"
        with path.open("r+b") as file:
            file.seek(500)
            file.write(b"EVIL")
        monkeypatch.setattr(work, "plan", real)

    monkeypatch.setattr(work, "plan", overwrite)
    site.collect()
    stored = [site.bytes_of(segment) for segment in site.stored()]
    changed = lines(100)[:500] + b"EVIL" + lines(100)[504:]
    assert stored in ([], [changed])
    assert states(site).count("lost") == 1


def test_a_full_disk_leaves_nothing_half_written_and_the_next_run_finishes(make_site, monkeypatch):
    site = make_site(SMALL)
    site.write("auth.log", lines(3000))
    real = store.SegmentWriter._put
    calls = 0

    class Full:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            nonlocal calls
            calls += 1
            if calls > 4:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(data)

    def put(self, data):
        if not isinstance(self._file, Full):
            self._file = Full(self._file)
        real(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(store.SegmentWriter, "_put", put)
        with pytest.raises(DiskFullError, match="Free space and run again") as caught:
            site.collect()
    assert isinstance(caught.value, EnvironmentFault)
    assert isinstance(caught.value, TransientError)
    assert caught.value.exit_code == 3
    assert list(site.ws.scratch.iterdir()) == []
    assert len(files_of(site)) == states(site).count("stored")
    assert "planned" in states(site)
    assert site.by_log().popitem()[1] == lines(3000)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root to mount a small disk")
def test_a_disk_that_is_really_full(make_site):
    site = make_site(SMALL)
    site.write("auth.log", random.Random(5).randbytes(6_000_000))
    assert site.ws.database
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(site.ws.segments)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("cannot mount here")
    try:
        # A rename from another file system is refused, so scratch lies on the small disk too.
        small = site.ws.segments / "scratch"
        small.mkdir()
        site.ws.scratch.rmdir()
        site.ws.scratch.symlink_to(small)
        with pytest.raises(DiskFullError):
            site.collect()
        assert list(small.iterdir()) == []
        kept = list((site.ws.segments / "auth").glob("*.zst"))
        assert len(kept) == states(site).count("stored")
        assert "planned" in states(site)
    finally:
        subprocess.run(["umount", str(site.ws.segments)], check=True)


def test_a_store_that_may_not_be_written_is_explained(site, monkeypatch):
    site.write("auth.log", lines(3))
    real = os.open

    def guarded(path, *args, **kwargs):
        if str(path).endswith(".part"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(store.os, "open", guarded)
    with pytest.raises(EnvironmentFault, match="Permission denied") as caught:
        site.collect()
    assert not isinstance(caught.value, TransientError)


def test_scratch_left_by_a_killed_run_is_no_obstacle(site):
    site.write("auth.log", lines(3))
    [segment] = site.segments()
    other = Path(site.ws.scratch) / f"{segment.segment_id}.zst.part"
    other.write_bytes(b"half")
    other.chmod(0o400)
    store.segment_path(site.ws, segment).unlink()
    with store.SegmentWriter(site.ws, segment) as writer:
        writer.write(lines(3))
        writer.finish()
    assert site.bytes_of(segment) == lines(3)
    assert not other.exists()


def test_an_unknown_segment_is_named(site):
    with pytest.raises(checkpoints.UnknownNameError, match="nope"):
        checkpoints.segment(site.ws, "nope")
