"""Files of another host over SFTP, from a real sshd: only new bytes travel, and cut connections lose nothing."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from breachwatch.collect import spool
from tests.unit.collect.conftest import OLD, lines

_OVERHEAD = 40_000  # bytes of a connection's set-up, listing, the heads of files and the proof that they are the same


def _whole(site, *parts: bytes) -> None:
    assert sorted(site.by_log().values()) == sorted(parts)
    assert not site.lost(), site.lost()


def test_bytes_and_ids_are_those_of_the_same_files_here(ssh_site, make_site):
    for place in (ssh_site, make_site(folder="here")):
        place.write("auth.log", lines(400, 1000))
        place.write("auth.log.2.gz", gzip.compress(lines(300), mtime=0))
        place.write("auth.log.1", lines(500, 400))
    here = make_site(folder="here")
    _whole(ssh_site, lines(300), lines(500, 400), lines(400, 1000))
    _whole(here, lines(300), lines(500, 400), lines(400, 1000))
    assert [item.file_id for item in ssh_site.stored()] == [item.file_id for item in here.stored()]


def test_only_new_bytes_are_transferred(ssh_site, sshd):
    first = lines(30_000)
    ssh_site.write("auth.log", first)
    ssh_site.collect()
    assert len(first) < sshd.sent < len(first) + _OVERHEAD
    before = sshd.sent
    ssh_site.collect()
    assert sshd.sent - before < _OVERHEAD / 2  # nothing changed: not even opened
    before = sshd.sent
    ssh_site.append("auth.log", lines(2_000, 30_000), at=OLD + 60)
    _whole(ssh_site, first + lines(2_000, 30_000))
    new = len(lines(2_000, 30_000))
    assert new < sshd.sent - before < new + _OVERHEAD


def test_a_log_rotated_by_renaming_is_read_on_under_its_new_name(ssh_site, sshd):
    ssh_site.write("auth.log", lines(20_000))
    ssh_site.collect()
    before = sshd.sent
    ssh_site.append("auth.log", lines(10, 20_000))
    (ssh_site.logs / "auth.log").rename(ssh_site.logs / "auth.log.1")
    ssh_site.write("auth.log", lines(10, 30_000), at=OLD + 60)
    _whole(ssh_site, lines(20_010), lines(10, 30_000))
    assert sshd.sent - before < _OVERHEAD * 2


def test_a_log_copied_and_cut_is_read_on_in_the_copy(ssh_site):
    ssh_site.write("auth.log", lines(1000))
    ssh_site.collect()
    ssh_site.append("auth.log", lines(10, 1000))
    ssh_site.write("auth.log.1", (ssh_site.logs / "auth.log").read_bytes())
    ssh_site.write("auth.log", lines(10, 2000), at=OLD + 60)
    _whole(ssh_site, lines(1010), lines(10, 2000))


def test_a_log_that_was_packed_is_known_by_its_content(ssh_site):
    ssh_site.write("auth.log", lines(1000))
    ssh_site.collect()
    (ssh_site.logs / "auth.log").unlink()
    ssh_site.write("auth.log.1.gz", gzip.compress(lines(1000)))
    _whole(ssh_site, lines(1000))


@pytest.mark.parametrize("cuts", [[30_000], [9_000, 9_000, 700_000]])
def test_a_connection_that_is_cut_is_made_again_and_read_on(ssh_site, sshd, cuts, monkeypatch):
    monkeypatch.setattr(spool, "AHEAD_BYTES", 64 * 1024)
    data = lines(12_000)
    ssh_site.write("auth.log", data)
    sshd.cut_after = list(cuts)
    _whole(ssh_site, data)
    assert sshd.connections == len(cuts) + 1


def test_a_file_replaced_while_the_connection_was_cut_is_not_taken_for_it(ssh_site, sshd, monkeypatch):
    old, new = lines(12_000), lines(12_000, 500_000)
    path = ssh_site.write("auth.log", old)
    sshd.cut_after = [400_000]
    real = spool.Spool._compare

    def rotate_first(self, at):
        if path.read_bytes() == old:
            path.rename(path.with_name("auth.log.1"))
            ssh_site.write("auth.log", new)
            self._remote.reopen()
        real(self, at)

    monkeypatch.setattr(spool.Spool, "_compare", rotate_first)
    ssh_site.collect()
    logs = ssh_site.by_log()
    assert sorted(logs.values()) == sorted([old, new])


def test_a_host_that_stays_away_loses_nothing(ssh_site, sshd):
    ssh_site.write("auth.log", lines(100))
    ssh_site.collect()
    ssh_site.append("auth.log", lines(10, 100), at=OLD + 60)
    sshd.cut_after = [10_000] * 30  # every connection breaks soon after its set-up
    ssh_site.collect()
    said = ssh_site.lost()
    assert len(said) == 1
    assert "connection broke" in said[0].what or "cannot connect" in said[0].what
    sshd.cut_after = []
    _whole(ssh_site, lines(110))


def test_a_host_that_does_not_answer_is_given_up(make_site, sshd):
    import stamina

    sshd.mute = True
    site = make_site(kind="ssh", ssh=sshd.settings(timeout_seconds=1))
    with stamina.set_testing(True, attempts=2):
        site.collect()
    assert sshd.connections == 2
    assert "no answer within 1 s" in site.lost()[0].what


def test_the_time_of_a_source_is_bounded_and_the_next_run_goes_on(make_site, sshd):
    site = make_site(kind="ssh", ssh=sshd.settings(max_minutes=1e-9))
    site.write("auth.log", lines(10))
    site.collect()
    assert "the time of this source is over" in site.problems()[0].what
    assert not site.lost()
    site.source = site.source.model_copy(update={"ssh": site.source.ssh.model_copy(update={"max_minutes": 60.0})})
    _whole(site, lines(10))


def test_links_folders_and_pipes(ssh_site):
    logs = ssh_site.logs
    ssh_site.write("real", lines(5))
    (logs / "auth.log").symlink_to(logs / "real")
    (logs / "auth.log.dead").symlink_to(logs / "nothing")
    (logs / "auth.log.loop").symlink_to(logs / "auth.log.loop")
    (logs / "auth.log.folder").mkdir()
    os.mkfifo(logs / "auth.log.pipe")
    (logs / "auth.log.device").symlink_to("/dev/zero")
    assert list(ssh_site.by_log().values()) == [lines(5)]
    said = {Path(problem.where).name: problem.what for problem in ssh_site.problems()}
    assert set(said) == {"auth.log.dead", "auth.log.loop", "auth.log.pipe", "auth.log.device"}
    assert "no regular file" in said["auth.log.pipe"]
    assert "no regular file" in said["auth.log.device"]


def test_names_that_steer_terminals_or_are_no_text(ssh_site):
    logs = os.fsencode(ssh_site.logs)
    name = b"auth.log\x1b[2J\xff\n'; rm -rf ~"
    path = Path(os.fsdecode(logs + b"/" + name))
    path.write_bytes(lines(5))
    os.utime(path, (OLD, OLD))
    _whole(ssh_site, lines(5))
    shown = ssh_site.stored()[0].path
    assert shown.isprintable()
    assert shown.endswith(r"auth.log\x1b[2J\xff\n'; rm -rf ~")
    ssh_site.collect()
    assert not ssh_site.problems()


def test_patterns_reach_into_folders(make_site, sshd, tmp_path):
    site = make_site(kind="ssh", ssh=sshd.settings(), paths=(str(tmp_path / "ws-logs/**/*.log"),))
    (site.logs / "a/b").mkdir(parents=True)
    site.write("one.log", lines(5))
    site.write("a/b/two.log", lines(5, 100))
    (site.logs / "a/b/up").symlink_to(site.logs)
    _whole(site, lines(5), lines(5, 100))


def test_a_disk_that_is_not_mounted_there_is_no_deletion(make_site, sshd, tmp_path):
    folder = tmp_path / "ws-logs"
    paths = (str(folder / "*.log"), str(folder / "disk/*.log"))
    site = make_site(kind="ssh", ssh=sshd.settings(), paths=paths)
    (site.logs / "disk").mkdir()
    site.write("a.log", lines(5))
    site.write("disk/b.log", lines(5, 100))
    site.collect()
    (site.logs / "disk/b.log").unlink()
    site.collect()
    (said,) = site.lost()
    assert "Is the share mounted?" in said.what
    assert said.where == f"sftp://127.0.0.1:{sshd.port}{paths[1]}"


def test_a_folder_that_may_not_be_read_is_said(make_site, sshd, tmp_path):
    site = make_site(kind="ssh", ssh=sshd.settings(), paths=("/proc/1/nothing*", str(tmp_path / "ws-logs/auth.log")))
    site.write("auth.log", lines(5))
    assert list(site.by_log().values()) == [lines(5)]
    assert [problem.what for problem in site.problems()] == ["no file matches this path"]


def test_a_large_new_log_is_taken_in_parts(ssh_site, monkeypatch):
    from breachwatch.collect import growing

    monkeypatch.setattr(growing, "SPOOL_BYTES", 300_000)
    data = lines(12_000)
    ssh_site.write("auth.log", data)
    _whole(ssh_site, data)
    assert len(ssh_site.stored()) >= 3


def test_a_name_changed_to_a_shorter_log_says_so(ssh_site):
    ssh_site.write("auth.log", lines(1000))
    ssh_site.collect()
    ssh_site.write("auth.log", lines(500), at=OLD + 60)
    ssh_site.collect()
    assert any("shrank" in problem.what for problem in ssh_site.problems())


@pytest.mark.parametrize("step", ["cutting.SegmentWriter", "cutting.mark_stored", "work.save_log"])
def test_a_run_that_was_killed_is_finished_with_the_same_segments(ssh_site, sshd, make_site, monkeypatch, step):
    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    for site in (ssh_site, clean := make_site(folder="clean")):
        site.write("auth.log", lines(500))
    with monkeypatch.context() as patch:
        patch.setattr(f"breachwatch.collect.{step}", kill)
        with pytest.raises(Killed):
            ssh_site.collect()
    ssh_site.append("auth.log", lines(10, 500), at=OLD + 60)
    _whole(ssh_site, lines(510))
    clean.collect()
    assert ssh_site.stored()[0].segment_id == clean.stored()[0].segment_id


def test_an_event_log_comes_whole_and_once(make_site, sshd, shared_logs):
    event_log = min(shared_logs.rglob("*.evtx"), key=lambda path: (path.stat().st_size, path))
    site = make_site(kind="ssh", ssh=sshd.settings(), format="auto")
    data = event_log.read_bytes()
    site.write("auth.log.evtx", data)
    _whole(site, data)
    assert sshd.sent < 2 * _OVERHEAD + len(data)
    sent = sshd.sent
    site.collect()
    assert sshd.sent - sent < _OVERHEAD
