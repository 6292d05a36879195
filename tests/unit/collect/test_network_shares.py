"""Logs on network shares: errors in mid-read, shares that hang or are not mounted, new inode numbers, coarse times."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from breachwatch.collect import cutting, paths, shares
from tests.unit.collect.conftest import OLD, lines

_TROUBLE = [errno.ESTALE, errno.EIO, errno.ENOENT, errno.ETIMEDOUT, errno.EHOSTDOWN]


class _Failing:
    """A file that fails once so many bytes were read."""

    def __init__(self, file, after, number):
        self._file, self._left, self._number = file, after, number

    def read(self, size=-1):
        if self._left <= 0:
            raise OSError(self._number, os.strerror(self._number))
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data

    def __getattr__(self, name):
        return getattr(self._file, name)


@pytest.mark.parametrize("number", _TROUBLE)
@pytest.mark.parametrize("after", [0, 20, 3000, 40_000])
def test_an_error_in_mid_read_keeps_whole_records_and_is_read_on(site, monkeypatch, number, after):
    data = lines(1000)
    site.write("auth.log", data)
    real = paths._Here.open
    with monkeypatch.context() as patch:

        def failing(self, name):
            file, look = real(self, name)
            return _Failing(file, after, number), look

        patch.setattr(paths._Here, "open", failing)
        logs = site.by_log()
    assert all(data.startswith(kept) and kept.endswith(b"\n") for kept in logs.values())
    assert os.strerror(number) in site.lost()[0].what
    assert "auth.log" in site.lost()[0].where
    assert list(site.by_log().values()) == [data]
    assert not site.lost()


@pytest.mark.parametrize("number", _TROUBLE)
def test_an_error_when_opening_is_said_and_the_others_go_on(site, monkeypatch, number):
    site.write("auth.log", lines(10))
    site.write("auth.log.1", lines(10, 100))
    real = os.open

    def failing(path, *more):
        if str(path).endswith("auth.log.1"):
            raise OSError(number, os.strerror(number), path)
        return real(path, *more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", failing)
        assert list(site.by_log().values()) == [lines(10)]
        (said,) = site.problems()
        assert said.lost_data == (number != errno.ENOENT)
    assert sorted(site.by_log().values()) == sorted([lines(10), lines(10, 100)])


def test_a_folder_whose_handle_is_stale_gives_nothing_up(site, monkeypatch):
    site.write("auth.log", lines(10))
    site.collect()

    def stale(path):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", stale)
        site.collect()
        assert "Stale file handle" in site.lost()[0].what
    site.append("auth.log", lines(10, 10), at=OLD + 60)
    assert list(site.by_log().values()) == [lines(20)]
    assert not site.lost()


@pytest.fixture
def two_shares(make_site):
    site = make_site()
    for name in ("one", "two"):
        (site.logs / name).mkdir()
    site.source = site.source.model_copy(
        update={"paths": (str(site.logs / "one/*.log*"), str(site.logs / "two/*.log*"))}
    )
    return site


def test_an_unmounted_share_is_an_empty_folder_and_no_rotation(two_shares):
    site = two_shares
    site.write("one/a.log", lines(10))
    site.write("two/b.log", lines(10, 100))
    site.collect()
    (site.logs / "two").rename(site.logs / "away")
    (site.logs / "two").mkdir()
    site.collect()
    (said,) = site.lost()
    assert "where 1 log(s) had been collected. Is the share mounted?" in said.what
    (site.logs / "two").rmdir()
    (site.logs / "away").rename(site.logs / "two")
    site.append("two/b.log", lines(10, 110), at=OLD + 60)
    assert sorted(site.by_log().values()) == sorted([lines(10), lines(20, 100)])
    assert not site.problems()


def test_a_share_unmounted_after_a_killed_run_loses_no_promise(two_shares, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    site = two_shares
    site.write("one/a.log", lines(10))
    site.collect()
    site.write("two/b.log", lines(10, 100))
    with monkeypatch.context() as patch:
        patch.setattr(cutting, "SegmentWriter", kill)
        with pytest.raises(Killed):
            site.collect()
    (site.logs / "two").rename(site.logs / "away")
    (site.logs / "two").mkdir()
    site.collect()
    assert not any("were gone before they could be copied" in problem.what for problem in site.problems())
    (site.logs / "two").rmdir()
    (site.logs / "away").rename(site.logs / "two")
    assert sorted(site.by_log().values()) == sorted([lines(10), lines(10, 100)])
    assert not site.problems()


def test_other_inode_numbers_collect_nothing_twice(site, tmp_path):
    site.write("auth.log", lines(100))
    site.collect()
    before = [item.segment_id for item in site.stored()]
    other = tmp_path / "copy"
    other.write_bytes((site.logs / "auth.log").read_bytes())  # the same path, size and time, another inode
    os.utime(other, (OLD, OLD))
    other.replace(site.logs / "auth.log")
    site.collect()
    assert [item.segment_id for item in site.stored()] == before
    site.append("auth.log", lines(10, 100), at=OLD + 60)
    assert list(site.by_log().values()) == [lines(110)]
    assert not site.problems()


def test_a_change_within_the_same_second_is_noticed(site):
    """A file system that keeps whole seconds: what is written after the look has the same time and, here, size."""
    now = float(int(site.ws.clock.now().timestamp()))
    path = site.write("auth.log", lines(10), at=now)
    site.collect()
    inode = path.stat().st_ino
    with path.open("r+b") as file:
        file.write(lines(10, 20))
    os.utime(path, (now, now))
    assert path.stat().st_ino == inode
    assert sorted(site.by_log().values()) == sorted([lines(10), lines(10, 20)])


_MOUNTINFO = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:50 / {root} rw,relatime shared:2 - nfs4 files01:/logs rw,vers=4.2
41 40 8:2 / {root}/local rw,relatime - xfs /dev/sdb1 rw
"""


@pytest.fixture
def mounted(two_shares, tmp_path, monkeypatch):
    table = tmp_path / "mountinfo"
    root = str(two_shares.logs / "one").replace(" ", r"\040")
    table.write_text(_MOUNTINFO.format(root=root))
    monkeypatch.setattr(shares, "_MOUNTS", table)
    return two_shares


def test_a_share_that_hangs_holds_up_nothing(mounted, monkeypatch):
    site = mounted
    site.write("one/a.log", lines(10))
    site.write("two/b.log", lines(10, 100))
    asked = []
    real = subprocess.Popen

    def hang(command, **more):
        asked.append(command[-1])
        return real(["sleep", "60"], **more)

    listed = []
    real_scandir = os.scandir
    with monkeypatch.context() as patch:
        patch.setattr(shares, "ANSWER_SECONDS", 0.05)
        patch.setattr(shares.subprocess, "Popen", hang)
        patch.setattr(os, "scandir", lambda path: (listed.append(str(path)), real_scandir(path))[1])
        assert list(site.by_log().values()) == [lines(10, 100)]
    assert asked == [str(site.logs / "one")]
    assert not any(path.startswith(str(site.logs / "one")) for path in listed)
    assert "does not answer within" in site.lost()[0].what
    assert sorted(site.by_log().values()) == sorted([lines(10), lines(10, 100)])
    assert not site.problems()


def test_only_shares_are_asked(mounted):
    assert shares._share_of(str(mounted.logs / "one")) == str(mounted.logs / "one")
    assert shares._share_of(str(mounted.logs / "one/deep/er")) == str(mounted.logs / "one")
    assert shares._share_of(str(mounted.logs / "one/local/x")) == ""
    assert shares._share_of(str(mounted.logs / "two")) == ""
    assert shares._share_of(str(mounted.logs / "one-more")) == ""
    assert shares._answers(str(mounted.logs / "one"))


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [("/a/b/*.log", "/a/b"), ("/a/b/c.log", "/a/b"), ("/a/*/c.log", "/a"), ("/*", "/"), ("/a/**/x", "/a")],
)
def test_the_fixed_folder_of_a_pattern(pattern, folder):
    assert shares.fixed_folder(pattern) == folder
