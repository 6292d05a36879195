"""However a command fails: one calm sentence on standard error, an exit code, and no traceback for a user's mistake."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from breachwatch import errors, incidents
from breachwatch.workspace import Workspace

Call = Callable[..., Any]


def fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def raising(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(incidents, "queue", raising)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.DataError("damaged"), 1),
        (errors.UsageError("wrong"), 2),
        (errors.SettingsError("wrong"), 2),
        (errors.UnknownNameError("incident", "x", []), 2),
        (errors.EnvironmentFault("no space"), 3),
        (errors.BusyError("held"), 3),
        (errors.EvidenceError("altered"), 4),
        (OSError(errno.ENOSPC, "No space left on device", "/ws/state"), 3),
        (PermissionError(errno.EACCES, "Permission denied", "/ws/lake"), 3),
        (OperationalError("SELECT secret", {}, Exception("database is locked")), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_a_sentence(
    call: Call, ws: Workspace, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    fail(monkeypatch, error)
    ended = call("-w", ws.root, "queue")
    assert ended.code == code
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "secret" not in ended.err
    assert 1 <= len(ended.err.splitlines()) <= 2


def test_an_unexpected_error_is_written_where_only_the_owner_reads_it(
    call: Call, ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, RuntimeError("a log line with a name"))
    ended = call("-w", ws.root, "queue")
    place = ws.state / "last-error.txt"
    assert ended.code == 70
    assert str(place) in ended.err
    assert "a log line" not in ended.err
    assert "Traceback" not in ended.err
    assert "a log line with a name" in place.read_text()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_traceback_is_shown_when_asked_for(
    call: Call, ws: Workspace, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    fail(monkeypatch, RuntimeError("details"))
    if how == "variable":
        monkeypatch.setenv("BREACHWATCH_TRACEBACK", "1")
    with pytest.raises(RuntimeError, match="details"):
        call(*(["--traceback"] if how == "option" else []), "-w", ws.root, "queue")


def test_without_a_workspace_the_details_go_to_standard_error(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from breachwatch import layout

    def raising(*_: object, **__: object) -> None:
        raise RuntimeError("details")

    monkeypatch.setattr(layout, "lay_out", raising)
    ended = call("init", tmp_path / "ws")
    assert ended.code == 70
    assert "RuntimeError: details" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["quee"], "Did you mean 'queue'"),
        (["queue", "--jsn"], "--json"),
        (["incident", "show"], "NUMBER"),
        (["run", "--night", "yesterday"], "2026-11-22"),
        (["simulate", "x", "--days", "0"], "--days"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_right(call: Call, ws: Workspace, arguments: list[str], said: str) -> None:
    ended = call("-w", ws.root, *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_no_workspace_is_explained(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = call("queue")
    assert ended.code == 2
    assert "breachwatch init" in ended.err


def test_wrong_settings_are_explained_line_by_line(call: Call, ws: Workspace) -> None:
    (ws.root / "breachwatch.toml").write_text("[city]\ntimezone = 'UTC'\n[run]\nparallel_sources = 0\n")
    ended = call("-w", ws.root, "queue")
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 3


def test_hostile_text_in_an_error_is_harmless(call: Call, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, errors.DataError("\x1b]0;owned\x07 \u202e"))
    assert call("-w", ws.root, "queue").err == "breachwatch: \\x1b]0;owned\\x07 \\u202e\n"


def run_alone(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "breachwatch.cli.app", *(str(argument) for argument in arguments)]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60, **more)


def test_a_reader_that_stops_reading_is_no_error(ws: Workspace) -> None:
    read, write = os.pipe()
    os.close(read)
    program = [sys.executable, "-m", "breachwatch.cli.app", "-w", str(ws.root), "sql", "--csv", "FROM range(100000)"]
    done = subprocess.run(program, stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(write)
    assert done.stderr == ""


def test_an_encoding_that_lacks_a_character_is_no_error(ws: Workspace) -> None:
    done = run_alone(
        "-w",
        ws.root,
        "sql",
        "SELECT 'Жанна' AS name",
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0, done.stderr
    assert "\\u0416" in done.stdout


def test_interrupted_ends_with_130(ws: Workspace) -> None:
    program = [sys.executable, "-m", "breachwatch.cli.app", "-w", str(ws.root), "sql", "-"]
    running = subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert running.stdin is not None
        # More than a pipe holds: once this is written, the command reads, and waits for the rest of its query.
        running.stdin.write("SELECT 1" + " " * 200_000)
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
