"""Sources of kind "journal": the systemd journal of this machine, or journal files and folders that paths name.

`journalctl -o export` (journalctl(1), systemd.journal-export-format) is run from the last cursor on; its output is the
log, and the place in the log is the place in everything it ever gave. The journal itself is no file with a stable text,
so its segments have a hash of their own bytes but none of the whole log.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from breachwatch.collect.checkpoints import Log, mark_lost
from breachwatch.collect.compression import PIECE
from breachwatch.collect.cutting import cut
from breachwatch.collect.paths import expand, shown
from breachwatch.collect.store import explained
from breachwatch.collect.stream import LogFile
from breachwatch.collect.work import Harvest, Work
from breachwatch.errors import EnvironmentFault, TransientError
from breachwatch.model.formats import format_named
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

RUN_SECONDS = 1800.0
"""How long one reading of the journal may take, at most (max_minutes may say less); what came by then is kept."""

_EXPORT = format_named("journald-export")
_STDERR_BYTES = 16 * 1024
_ANSWER_SECONDS = 60.0


class JournalError(EnvironmentFault, TransientError):
    """journalctl failed or hangs: a journal that is being rotated or a busy disk may be well a minute later."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """One journal: journalctl's arguments that choose it, a name that tells it from others, and a text for people."""

    arguments: tuple[str, ...]
    name: str
    shown: str


def collect_journal(ws: Workspace, source: Source) -> Harvest:
    """Collect what is new in the journal. Raises JournalError; EnvironmentFault where the store is full."""
    work = Work(ws, source)
    if shutil.which("journalctl") is None:
        what = "there is no program journalctl here. Where no systemd journal is kept, set enabled = false."
        work.say("journal", what, lost_data=not source.optional)
        return work.harvest
    for origin in _origins(work):
        for trial in work.patience.tries(JournalError):
            with trial:
                _collect(work, origin)
    return work.harvest


def _origins(work: Work) -> list[_Origin]:
    if not work.source.paths:
        return [_Origin((), f"machine {_machine_id()}", "journal of this machine")]
    found = expand(work.ws, work.source, folders=True)
    for problem in found.problems:
        work.say(problem.where, problem.what, lost_data=problem.lost_data)
    folders = [path for path in found.paths if Path(path).is_dir()]
    files = [path for path in found.paths if not Path(path).is_dir()]
    origins = [_Origin((f"--directory={path}",), path, shown(path)) for path in folders]
    if files:  # one journal: rotated files are read together, in the order of their entries
        origins.append(_Origin(tuple(f"--file={path}" for path in files), "files", shown(files[0])))
    return origins


def _machine_id() -> str:
    """machine-id(5); empty where the machine has none."""
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _collect(work: Work, origin: _Origin) -> None:
    work.harvest.files.add(origin.shown)
    if not _looks_readable(work, origin):
        return
    seed = f"journal\0{work.source.name}\0".encode() + os.fsencode(origin.name)
    file_id = hashlib.sha256(seed).hexdigest()[:32]
    since = work.now - timedelta(hours=work.source.since_hours)
    log = work.logs.get(file_id) or Log(
        file_id, work.source.name, origin.shown, _EXPORT.name, 0, "", notes={"since": max(0, int(since.timestamp()))}
    )
    start = f"--after-cursor={log.position}" if log.position else f"--since=@{log.notes['since']}"
    if log.position and not _remembers(origin, log.position):
        what = (
            "its entry that was collected last is gone: entries after it may have been removed before they were read."
        )
        work.say(origin.shown, f"{what} Let the journal keep more (journald.conf: SystemMaxUse=).", lost_data=True)
    spool = work.ws.scratch / f"journal-{file_id}.export"
    try:
        stopped, lost = _export(work, [*origin.arguments, start], spool)
        with LogFile(str(spool), work.ws.settings.limits, base=log.end) as file:
            _store(work, file, log, origin)
    finally:
        spool.unlink(missing_ok=True)
    if stopped:
        work.say(origin.shown, stopped, lost_data=lost)


def _store(work: Work, file: LogFile, log: Log, origin: _Origin) -> None:
    if log.planned:
        log, state = work.keep(log, file.stream(), _EXPORT, origin.shown)
        if state is None:
            mark_lost(work.ws, log.planned)
            what = "the journal gives other entries now than when a run broke off; what it gives now was collected"
            work.say(origin.shown, what)
    unhashed = hashlib.sha256()  # the hash of a whole journal is not kept
    cuts = cut(
        file.stream(log.end),
        _EXPORT.framing,
        unhashed,
        work.ws.settings.limits.segment_bytes,
        after_open_end=False,
        final=lambda: False,  # a last entry that is not complete is read again by the next run
    )
    segments = []
    records = log.records
    for piece in cuts.pieces:
        span = (piece.start, piece.end)
        promise = work.segment(log, origin.shown, _EXPORT, span, modified_at=work.now, first_record=records + 1)
        segments.append(replace(promise, sha256=piece.sha256))
        records += piece.records
    if segments:
        log = work.plan(log, segments)
        work.keep(log, file.stream(log.end), _EXPORT, origin.shown)


def _command(arguments: list[str]) -> list[str]:
    return ["journalctl", "--no-pager", "--output=export", *arguments]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}


def _looks_readable(work: Work, origin: _Origin) -> bool:
    """Ask for no entry at all, only for what journalctl says about the journal."""
    try:
        answer = subprocess.run(
            _command(["--lines=0", *origin.arguments]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise JournalError(
            f"journalctl did not answer within {_ANSWER_SECONDS:.0f} s. Try it by hand: journalctl --lines=0"
        ) from None
    said = answer.stderr[:_STDERR_BYTES].decode("utf-8", "replace")
    if "No journal files were found" in said:
        what = "there are no journal files. Where no systemd journal is kept, set enabled = false."
        work.say(origin.shown, what, lost_data=not work.source.optional)
        return False
    if "insufficient permissions" in said or "not seeing messages from other users" in said:
        what = "permission denied for all or part of it. Put the account that runs breachwatch into the group"
        work.say(origin.shown, f"{what} systemd-journal.", lost_data=not work.source.optional)
        return "insufficient permissions" not in said
    if answer.returncode != 0:
        raise JournalError(_failed(answer.returncode, said))
    return True


def _failed(code: int, said: str) -> str:
    line = next((text for text in reversed(said.splitlines()) if text.strip()), "it says nothing more")
    return f"journalctl failed with exit code {code}: {shown(line)[:300]}. Try it by hand: journalctl --output=export"


def _remembers(origin: _Origin, cursor: str) -> bool:
    """Whether the entry at a cursor is still there: else journalctl goes on, silently, at the nearest one."""
    with subprocess.Popen(
        _command(["--quiet", f"--cursor={cursor}", *origin.arguments]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as process:
        timer = threading.Timer(_ANSWER_SECONDS, process.kill)
        timer.start()
        try:
            known = f"__CURSOR={cursor}\n".encode()  # journalctl writes it first
            first = process.stdout.read(len(known)) if process.stdout else b""
        finally:
            timer.cancel()
            process.kill()
    return first in {known, b""}  # nothing at all: reading on will tell why


def _export(work: Work, arguments: list[str], spool: Path) -> tuple[str, bool]:
    """Write what journalctl gives to `spool`; returns why it ended early, if so, and whether entries are missing."""
    limit = work.ws.settings.limits.expanded_bytes
    seconds = min(RUN_SECONDS, work.patience.left)
    stopped = ""
    with (
        explained(f"write to {spool.parent}"),
        os.fdopen(os.open(spool, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as out,
        tempfile.TemporaryFile(dir=spool.parent) as errors,
        subprocess.Popen(
            _command(["--quiet", *arguments]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
        ) as process,
    ):
        overdue = threading.Event()

        def stop() -> None:
            overdue.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        written = 0
        try:
            while process.stdout and (data := process.stdout.read(PIECE)):
                out.write(data)
                written += len(data)
                if written > limit:
                    stopped = f"reading stopped after {written} bytes (limits.expanded_bytes); the next run goes on"
                    process.kill()
                    break
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
        if overdue.is_set():
            stopped = f"reading was stopped after {seconds:.0f} s; the next run goes on"
        errors.seek(0)
        said = errors.read(_STDERR_BYTES).decode("utf-8", "replace")
        out.flush()
    # Some versions end with 1 and say nothing where no entry is new.
    if code == 0 or stopped or not (said.strip() or written):
        return stopped, False
    if not written:
        raise JournalError(_failed(code, said))
    return f"{_failed(code, said)}. The entries that it gave before are kept", True
