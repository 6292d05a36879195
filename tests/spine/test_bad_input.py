"""Bad input through the whole line: a clear word or a reject, and once the fault is gone, what a clean run gives."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breachwatch.collect import work
from breachwatch.model.summary import RunState
from tests.spine.site import PACKERS, Site, clean_scratch, line, lines, what

# --- what is in the files ----------------------------------------------------------------------------------------


def test_files_of_every_bad_kind_beside_good_ones(site: Site) -> None:
    good = lines(0, 20)
    site.write("good", good)
    site.write("empty", b"")
    site.write("binary", random.Random(6).randbytes(300_000).replace(b"\x1f\x8b", b"xx"))
    site.write("binary-syslog", bytes(range(256)) * 400)
    site.write("latin1", lines(0, 5) + line(5).replace(b"jmeyer", b"j\xe9\xff\xfer") + lines(6, 10))
    site.write("nul", lines(0, 5) + line(5).replace(b"jmeyer", b"j\0\0r") + b"\0" * 5000 + b"\n" + lines(6, 10))
    site.write("long", lines(0, 5) + b"Nov 22 01:00:00 web01 sshd[1]: " + b"A" * 10_000_000 + b"\n" + lines(6, 10))
    site.write("unfinished", lines(0, 5) + line(5)[:-20])
    entry = b"Nov 22 04:15:00 web01 sshd[8]: Connection closed by 203.0.113.9 port 1\n"
    site.write("bomb", gzip.compress(entry + b"\0" * 300_000_000, 6))
    (site.logs / "folder").mkdir()
    os.mkfifo(site.logs / "pipe")
    (site.logs / "device").symlink_to("/dev/zero")
    (site.logs / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        short = Path("/proc/self/cwd") if len(str(site.logs)) > 90 else site.logs
        listening.bind(str(short / "socket"))
    for name in ("good", "empty", "binary", "latin1", "nul", "long", "unfinished", "bomb", "folder", "pipe", "device"):
        site.source(name)
    site.source("dangling")
    site.source("socket")
    site.source("binary-syslog", more='format = "syslog"')
    began = time.monotonic()
    summary, reports = site.run()
    assert time.monotonic() - began < 90
    assert summary.state is RunState.PARTIAL
    assert summary.new_incidents
    assert summary.snapshots
    counts = {name: (item.records, item.rows, item.rejects) for name, item in reports.items() if not item.failed}
    assert all(records == kept + rejected for records, kept, rejected in counts.values())
    assert {name: item.failed for name, item in reports.items() if item.failed} == {}
    assert counts["good"] == (20, 20, 0)
    assert counts["empty"] == (0, 0, 0)
    assert reports["empty"].problems == ()
    assert counts["latin1"] == (10, 10, 0)
    assert counts["nul"][:2] == (11, 10)
    assert counts["long"] == (10, 9, 1)
    assert counts["unfinished"] == (6, 6, 0)
    assert counts["binary-syslog"][1] == 0
    assert counts["binary-syslog"][2] > 300
    assert "not recognised" in what(reports["binary"])
    assert "250-fold" in what(reports["bomb"])
    for name, kind in (
        ("folder", "a folder"),
        ("pipe", "a named pipe"),
        ("device", "a device"),
        ("socket", "a socket"),
    ):
        assert kind in what(reports[name]), name
        assert counts[name] == (0, 0, 0)
    assert "vanished" in what(reports["dangling"])
    # Not a byte of a record is lost, whatever it holds.
    kept = site.records()
    for name in ("good", "latin1", "nul", "long", "unfinished", "binary-syslog"):
        data = (site.logs / name).read_bytes()
        assert kept[name] == [part.removesuffix(b"\r") for part in data.split(b"\n") if part.strip()], name
    again, _ = site.run()
    assert (again.new_alerts, again.new_incidents) == (0, ())
    assert site.records() == kept
    done = site.command("run")
    assert done.returncode == 5
    for said in ("250-fold", "a named pipe", "not recognised"):
        assert said in done.stdout
    clean_scratch(site.open())


def test_truncated_archives_are_read_as_far_as_they_go_and_finished_later(site: Site) -> None:
    data = lines(0, 3000).replace(b"Failed", b"Accepted")  # no alerts: this is about bytes
    for ending, pack in PACKERS.items():
        packed = pack(data)
        site.write(f"auth.{ending}", packed[: len(packed) * 2 // 3])
        site.source(ending, f"auth.{ending}")
    summary, reports = site.run()
    assert summary.state is RunState.PARTIAL
    for ending in PACKERS:
        assert "ends early" in what(reports[ending])
        assert re.search("Fetch an undamaged copy|Nothing of it could be read", what(reports[ending]))
    part = site.records()
    whole = data.splitlines()
    for kept in part.values():
        assert kept[:-1] == whole[: len(kept) - 1]
        assert whole[len(kept) - 1].startswith(kept[-1])
    assert {"gz", "xz"} <= set(part)  # bzip2 and zstd give whole blocks only: here, nothing
    for ending, pack in PACKERS.items():
        site.write(f"auth.{ending}", pack(data))
    summary, reports = site.run()
    after = site.records()
    for ending in PACKERS:
        assert reports[ending].failed is None
        # The record at the place of the damage was kept as it was found, so it is there in two parts.
        cut = set(whole) - set(after[ending])
        assert len(cut) <= 1
        assert sum(map(len, after[ending])) == sum(map(len, whole))
        assert len(after[ending]) == len(whole) + len(cut)


# --- files that change while they are read -----------------------------------------------------------------------


def between_plan_and_reading(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen once, after the promise is in the catalog and before the bytes are copied."""
    plan = work.plan
    waiting = [happens]

    def planned(*arguments: Any) -> None:
        plan(*arguments)
        while waiting:
            waiting.pop()()

    monkeypatch.setattr(work, "plan", planned)


def test_a_file_that_shrinks_is_told_and_collected_when_it_is_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site.write("auth.log", lines(0, 200))
    site.source("auth", "auth.log")
    with monkeypatch.context() as patch:
        between_plan_and_reading(patch, lambda: os.truncate(path, 777))
        summary, reports = site.run()
    assert summary.state is RunState.PARTIAL
    assert "If a backup has the file" in what(reports["auth"]) or "shrank" in what(reports["auth"])
    clean_scratch(site.open())
    site.write("auth.log", lines(0, 200))
    summary, _ = site.run()
    assert site.records()["auth"] == lines(0, 200).splitlines()
    assert summary.new_incidents or summary.extended_incidents


@pytest.mark.parametrize("how", ["renamed", "copied and cut", "packed"])
def test_a_file_rotated_while_it_is_read_loses_and_doubles_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    path = site.write("auth.log", lines(0, 200))
    site.source("auth", "auth.log*")

    def rotate() -> None:
        aside = site.logs / "auth.log.1"
        if how == "renamed":
            path.rename(aside)
        elif how == "packed":
            aside = site.write("auth.log.1.gz", gzip.compress(lines(0, 200)))
            path.unlink()
        else:
            shutil.copy2(path, aside)
        site.write("auth.log", lines(200, 230))

    with monkeypatch.context() as patch:
        between_plan_and_reading(patch, rotate)
        site.run()
    summary, _ = site.run()
    assert summary.state is RunState.COMPLETED
    assert sorted(site.records()["auth"]) == sorted(lines(0, 230).splitlines())


def test_copy_and_truncate_between_two_runs(site: Site) -> None:
    path = site.write("auth.log", lines(0, 100))
    site.source("auth", "auth.log*")
    site.run()
    site.write("auth.log", lines(0, 150))
    shutil.copy2(path, site.logs / "auth.log.1")
    site.write("auth.log", lines(150, 180))
    summary, _ = site.run()
    assert summary.state is RunState.COMPLETED
    assert sorted(site.records()["auth"]) == sorted(lines(0, 180).splitlines())
