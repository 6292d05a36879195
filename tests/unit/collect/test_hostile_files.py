from __future__ import annotations

import errno
import gzip
import lzma
import os
import random
import socket
import zlib
from pathlib import Path

import pytest
import zstandard

from breachwatch.collect import paths, stream
from tests.unit.collect.conftest import OLD, lines
from tests.unit.collect.test_growing_logs import RECENT


def test_an_empty_file_is_no_trouble(site):
    site.write("auth.log", b"")
    site.write("auth.log.1.gz", gzip.compress(b""))
    assert site.segments() == []
    assert site.problems() == ()
    assert site.last.files == 2


def test_nul_bytes_and_binary_rubbish_are_kept(make_site):
    site = make_site(format="auto")
    data = bytes(100) + lines(3) + b"\xff\xfe\x00 rubbish \x1b[2J\n" + lines(2)
    site.write("auth.log", data)
    assert site.by_log().popitem()[1] == data
    assert site.stored()[0].format == "syslog"


def test_what_is_no_log_is_said(make_site):
    site = make_site(format="auto")
    site.write("auth.log", b"\x7fELF" + bytes(range(256)) * 10)
    assert site.segments() == []
    [problem] = site.lost()
    assert "format is not recognised" in problem.what


@pytest.mark.parametrize("kind", ["folder", "pipe", "socket", "dead link", "device"])
def test_what_is_no_regular_file_is_said_and_the_others_go_on(make_site, kind, monkeypatch):
    site = make_site()
    path = site.logs / "auth.log"
    site.source = site.source.model_copy(update={"paths": (str(path), str(site.logs / "auth.log.1"))})
    site.write("auth.log.1", lines(3))
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        monkeypatch.chdir(site.logs)
        socket.socket(socket.AF_UNIX).bind("auth.log")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to(site.logs / "nowhere")
    assert len(site.segments()) == 1
    [problem] = site.problems()
    assert problem.where == str(path)
    assert "paths" in problem.what


def test_links_to_regular_files_are_followed(site):
    (site.logs / "real").write_bytes(lines(3))
    (site.logs / "auth.log").symlink_to(site.logs / "real")
    assert site.by_log().popitem()[1] == lines(3)


def test_permission_denied_is_said_with_the_remedy(site, monkeypatch):
    site.write("auth.log", lines(3))
    site.write("auth.log.1", lines(3, 10))
    real = os.open

    def guarded(path, *args, **kwargs):
        if str(path).endswith("auth.log"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr(paths.os, "open", guarded)
    assert len(site.segments()) == 1
    [problem] = site.lost()
    assert problem.where == str(site.logs / "auth.log")
    assert "group adm" in problem.what
    site.collect(site.source.model_copy(update={"optional": True}))
    assert site.lost() == []
    assert site.problems() != ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied_for_real(site):
    site.write("auth.log", lines(3)).chmod(0)
    assert site.segments() == []
    assert "permission denied" in site.lost()[0].what


def test_a_folder_that_cannot_be_listed_is_said(site, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied", path)

    assert site.ws.database  # made before the folders are closed
    monkeypatch.setattr(paths.os, "scandir", refuse)
    site.collect()
    assert any("cannot list the folder" in problem.what for problem in site.lost())


def test_nothing_there_is_said_not_fatal(make_site):
    site = make_site()
    site.collect()
    assert [problem.lost_data for problem in site.problems()] == [False, True]
    assert "nothing to collect" in site.problems()[1].what
    site.collect(site.source.model_copy(update={"optional": True}))
    assert site.lost() == []
    site.write("auth.log", lines(1))
    site.source = site.source.model_copy(update={"paths": (*site.source.paths, str(site.logs / "secure*"))})
    site.collect()
    [problem] = site.problems()
    assert (problem.what, problem.lost_data) == ("no file matches this path", False)


def test_paths_start_at_the_workspace_and_may_reach_deep(make_site):
    site = make_site(paths=("logs/**/*.log", "in[box]/x.log"))
    deep = site.ws.root / "logs" / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "one.log").write_bytes(lines(2))
    (site.ws.root / "logs" / "two.log").write_bytes(lines(2, 5))
    (site.ws.root / "in[box]").mkdir()
    (site.ws.root / "in[box]" / "x.log").write_bytes(lines(2, 9))
    (site.ws.root / "logs" / "round").symlink_to(site.ws.root / "logs")
    assert len(site.segments()) == 3
    assert site.last.files == 3


def test_names_that_are_no_text_are_shown_escaped(site):
    folder = os.fsencode(site.logs)
    with Path(os.fsdecode(folder + b"/auth.log.\xff\x1b[2J\n")).open("wb") as file:
        file.write(lines(3))
    [segment] = site.segments()
    assert segment.path.endswith("auth.log.\\xff\\x1b[2J\\n")


def test_a_file_that_vanishes_after_listing_is_said(site, monkeypatch):
    path = site.write("auth.log", lines(3))
    site.write("auth.log.1", lines(3, 10))
    real = paths._Here.open

    def vanish(self, name):
        path.unlink(missing_ok=True)
        return real(self, name)

    monkeypatch.setattr(paths._Here, "open", vanish)
    assert len(site.segments()) == 1
    assert "vanished" in site.problems()[0].what


def test_an_unreadable_sector_is_said_and_what_came_before_is_kept(make_site, monkeypatch):
    site = make_site()
    data = lines(30_000)
    site.write("auth.log", data)
    real = stream.LogStream._plain

    def failing(self, start):
        yield next(real(self, start))
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(stream.LogStream, "_plain", failing)
    [segment] = site.segments()
    kept = site.bytes_of(segment)
    assert data.startswith(kept)
    assert kept.endswith(b"\n")
    assert len(kept) > 1_000_000
    assert "Input/output error" in site.lost()[0].what


def test_a_bomb_is_refused_and_said(site):
    site.write("auth.log.2.gz", gzip.compress(bytes(100 * 1024 * 1024)))
    site.write("auth.log", lines(3))
    assert site.by_log() == {site.stored()[-1].file_id: lines(3)}
    [problem] = site.lost()
    assert "expansion_ratio" in problem.what
    assert site.collect().problems == (problem,)  # and again, until somebody takes it away


def test_an_archive_that_is_too_large_gives_whole_lines_up_to_the_limit(make_site):
    site = make_site("[limits]\nexpanded_bytes = 1048576\nsegment_bytes = 65536\n")
    data = lines(20_000)
    site.write("auth.log.gz", gzip.compress(data))
    kept = site.by_log().popitem()[1]
    assert data.startswith(kept)
    assert kept.endswith(b"\n")
    assert 900_000 < len(kept) <= 1_048_576
    assert "limits.expanded_bytes" in site.lost()[0].what


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.ZstdCompressor().compress])
def test_a_truncated_archive_is_kept_as_far_as_it_goes_and_completed_later(site, pack):
    noise = random.Random(3)
    data = b"".join(noise.randbytes(30).hex().encode() + b"\n" for _ in range(6000))
    packed = pack(data)
    site.write("auth.log.1.x", packed[: len(packed) // 2])
    kept = b"".join(site.by_log().values())
    assert data.startswith(kept)
    assert len(kept) > 100_000
    assert "ends early" in site.lost()[0].what
    again = site.collect()
    assert again.bytes == 0
    assert [problem.lost_data for problem in again.problems] == [False]  # said again, without making it worse
    site.write("auth.log.1.x", packed)
    assert b"".join(site.by_log().values()) == data
    assert site.problems() == ()


@pytest.mark.parametrize("missing", range(3))
def test_an_archive_that_ended_at_a_line_ending_is_completed_without_an_empty_record(site, missing):
    packer = zlib.compressobj(wbits=31)
    early = lines(500)[: -missing or None]
    part = packer.compress(early) + packer.flush(zlib.Z_FULL_FLUSH)
    site.write("auth.log.1.gz", part)
    assert b"".join(site.by_log().values()) == early
    rest = lines(510)[len(early) :]
    site.write("auth.log.1.gz", part + packer.compress(rest) + packer.flush())
    assert b"".join(site.by_log().values()) == lines(510)
    assert [item.first_record for item in site.stored()] == [1, 501]
    assert sum(site.bytes_of(item).count(b"\n") for item in site.stored()) == 510 - (missing == 1)
    assert site.stored()[1].start == len(early) + (missing == 1)


def test_an_archive_that_is_being_written_is_left_to_its_writer(site):
    noise = random.Random(4)
    data = b"".join(noise.randbytes(30).hex().encode() + b"\n" for _ in range(5000))
    packed = gzip.compress(data)
    site.write("auth.log.1.gz", packed[:-5000], at=RECENT)
    kept = b"".join(site.by_log().values())
    assert kept.endswith(b"\n")
    assert site.lost() == []
    assert "the next run looks again" in site.problems()[0].what
    site.write("auth.log.1.gz", packed, at=OLD)
    assert b"".join(site.by_log().values()) == data
