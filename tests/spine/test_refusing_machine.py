"""A machine that refuses: permissions, a full disk, a damaged database; then what a clean run gives, once it allows."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from breachwatch import run
from breachwatch.errors import BreachwatchError
from breachwatch.workspace import Workspace
from tests.spine.site import WIDE, Site, clean_scratch, lines, what
from tests.spine.small_city import contents

WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--")


@pytest.fixture
def unprivileged() -> tuple[str, ...]:
    """A prefix of commands that makes root obey permissions, as any other account does."""
    if os.geteuid() != 0:
        return ()
    tried = subprocess.run([*WITHOUT_PRIVILEGE, "true"], capture_output=True, check=False) if _has("setpriv") else None
    if tried is None or tried.returncode:
        pytest.skip("root without setpriv(1) cannot be refused anything")
    return WITHOUT_PRIVILEGE


def _has(program: str) -> bool:
    return shutil.which(program) is not None


@pytest.fixture
def forbid() -> Iterator[Callable[[Path, int], None]]:
    """Take permissions away from a path (and from root's ownership of it), and give them back in the end."""
    taken: list[tuple[Path, os.stat_result]] = []

    def take(path: Path, mode: int) -> None:
        taken.append((path, path.stat()))
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534)
        path.chmod(mode)

    yield take
    for path, before in taken:
        path.chmod(before.st_mode)
        if os.geteuid() == 0:
            os.chown(path, before.st_uid, before.st_gid)


def give_back(path: Path, mode: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, os.geteuid(), os.getegid())
    path.chmod(mode)


def test_permission_denied_on_a_log(
    site: Site, unprivileged: tuple[str, ...], forbid: Callable[[Path, int], None]
) -> None:
    site.write("good.log", lines(0, 10))
    secret = site.write("secret.log", lines(10, 20))
    site.source("good", "good.log")
    site.source("secret", "secret.log")
    site.open()
    forbid(secret, 0)
    done = site.command("run", before=unprivileged)
    assert done.returncode == 5, done.stderr
    assert "permission denied" in done.stdout
    assert "group adm" in done.stdout
    assert set(site.records()) == {"good"}
    give_back(secret, 0o600)
    done = site.command("run")
    assert done.returncode == 0, done.stdout
    assert site.records() == {"good": lines(0, 10).splitlines(), "secret": lines(10, 20).splitlines()}


@pytest.mark.parametrize("name", ["lake", "segments", "state/scratch", "vault"])
def test_a_folder_of_the_workspace_that_may_not_be_written(
    site: Site, unprivileged: tuple[str, ...], forbid: Callable[[Path, int], None], name: str
) -> None:
    site.write("auth.log", lines(0, 20))
    site.source("auth", "auth.log")
    folder = site.open().root / name
    forbid(folder, 0o555)
    done = site.command("run", before=unprivileged)
    assert done.returncode in {3, 5}, done.stderr
    assert "Permission denied" in done.stdout + done.stderr
    give_back(folder, 0o700)
    done = site.command("run")
    assert done.returncode == 0, done.stdout
    assert site.records() == {"auth": lines(0, 20).splitlines()}
    assert site.command("evidence", "verify", "--all").returncode == 0
    clean_scratch(site.open())


def refuse_from(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], int]:
    """From the `step`-th step on that is to last (a flush, a rename), the disk is full; gives the steps counted."""
    done = 0

    def watched(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal done
            done += 1
            if done >= step:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return original(*args, **kwargs)

        return call

    for name in ("fsync", "replace", "rename"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    return lambda: done


def refusals(ws: Workspace) -> str:
    """What a run that cannot do everything says."""
    try:
        summary = run.run(ws)
    except (BreachwatchError, OSError) as error:
        return str(error)
    told = [report.failed or what(report) for report in summary.sources] + [item.reason for item in summary.failures]
    return " ".join(told)


@pytest.mark.slow
def test_a_disk_that_fills_up_at_any_moment(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("auth.log", lines(0, 40))
    site.source("auth", "auth.log")
    clean = Site(tmp_path / "clean", site.logs, site.settings)
    with monkeypatch.context() as patch:
        steps = refuse_from(patch, sys.maxsize)
        clean.run()
        most = steps()
    assert most > 10
    wanted = contents(clean.open())
    for step in sorted({1, 2, 3, *range(4, most, max(1, most // 6)), most}):
        now = Site(tmp_path / f"full-{step}", site.logs, site.settings)
        ws = now.open()
        with monkeypatch.context() as patch:
            refuse_from(patch, step)
            said = refusals(ws)
        # Silence is right only where nothing is missing: the copy of the custody log is written anew by the next run.
        assert re.search("disk is full|[Nn]o space", said) or contents(ws) == wanted, f"step {step}: {said}"
        summary, reports = now.run()
        assert contents(now.open()) == wanted, f"step {step}"
        assert not summary.failures
        assert reports["auth"].problems == ()
        clean_scratch(now.open())


_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=$1k,mode=700 tmpfs "$2" && cp -a "$3/." "$2/" || exit 99
"$5" -m breachwatch.cli.app run -w "$2"; echo "code=$?"
mount -o remount,size=65536k "$2" || exit 99
"$5" -m breachwatch.cli.app run -w "$2"; echo "code=$?"
cp -a "$2/." "$4/"
"""


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 120])
def test_a_disk_that_is_really_full(tmp_path: Path, site: Site, room: int) -> None:
    """`room` KiB are free after the workspace is laid out."""
    if os.geteuid() != 0 or not _has("unshare") or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("only root with unshare(1) can mount a small disk")
    noise = random.Random(8)
    data = b"".join(
        line.replace(b"jmeyer", b"invalid user " + noise.randbytes(100).hex().encode())
        for line in lines(0, 3000).splitlines(keepends=True)
    )
    site.write("auth.log", data)
    site.source("auth", "auth.log")
    site.open()
    assert site.command("queue").returncode == 0
    used = sum(-(-path.stat().st_size // 4096) * 4 for path in site.root.rglob("*") if path.is_file())
    disk, result = tmp_path / "disk", tmp_path / "result"
    disk.mkdir()
    result.mkdir()
    places = (str(used + room), str(disk), str(site.root), str(result), sys.executable)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", _ON_A_SMALL_DISK, "sh", *places],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=WIDE,
    )
    if done.returncode == 99:
        pytest.skip("cannot mount here")
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    first, second = (int(text.split()[0]) for text in said.split("code=")[1:])
    assert first in {3, 5}, said
    assert re.search("disk is full|[Nn]o space|disk I/O error", said), (
        said
    )  # the last: SQLite, where its log cannot grow
    assert second == 0, said
    after = Site(result, site.logs, site.settings)
    assert after.records() == {"auth": data.splitlines()}
    assert after.command("evidence", "verify", "--all").returncode == 0
    clean_scratch(after.open())


@pytest.mark.parametrize("damage", ["rubbish", "cut", "overwritten", "a folder"])
def test_a_damaged_database_is_told_and_a_copy_put_back_goes_on(site: Site, damage: str) -> None:
    site.write("auth.log", lines(0, 20))
    site.source("auth", "auth.log")
    site.run()
    wanted = site.records()
    database = site.root / "state/records.db"
    site.open().database.engine.dispose()
    subprocess.run(["sqlite3", database, "PRAGMA wal_checkpoint(TRUNCATE)"], check=False) if _has("sqlite3") else None
    kept = [(path, path.read_bytes()) for path in sorted(database.parent.glob("records.db*"))]
    good = database.read_bytes()
    for path, _ in kept:
        path.unlink()
    if damage == "rubbish":
        database.write_bytes(b"no database " * 5000)
    elif damage == "cut":
        database.write_bytes(good[:5000])
    elif damage == "overwritten":
        database.write_bytes(good[:4096] + b"\xa5" * (len(good) - 4096))
    else:
        database.mkdir()
    for command in (["run"], ["queue"], ["sql", "SELECT 1"], ["evidence", "list"]):
        done = site.command(*command)
        assert done.returncode == 3, (command, done)
        assert str(database) in done.stderr
        assert len(done.stderr.splitlines()) <= 2
    if database.is_dir():
        database.rmdir()
    for path in database.parent.glob("records.db*"):
        path.unlink()
    for path, content in kept:
        path.write_bytes(content)
    summary, _ = site.run()
    assert (summary.new_alerts, summary.new_incidents) == (0, ())
    assert site.records() == wanted


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[city\n", "breachwatch.toml"),
        (b"\xff\xfe\0", "UTF-8"),
        (b"[detect]\nlookback_days = 'seven'\n", "detect.lookback_days"),
        (b"[[sources]]\nname = '../x'\npaths = ['/x']\n", "sources"),
        (b"[[sources]]\nname = 'x'\nformat = 'sylog'\npaths = ['/x']\n", "syslog"),
        (b"[limits]\nrecord_byts = 5\n", "record_bytes"),
        (None, "breachwatch.toml"),
    ],
)
def test_mistakes_in_the_settings_are_named(site: Site, content: bytes | None, said: str) -> None:
    site.open()
    settings = site.root / "breachwatch.toml"
    if content is None:
        settings.unlink()
        settings.mkdir()
    else:
        settings.write_bytes(content)
    for command in ("run", "queue"):
        done = site.command(command)
        assert done.returncode in {2, 3}, done
        assert said in done.stderr
        assert done.stdout == ""
