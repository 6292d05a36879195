"""`add_file`: any file becomes evidence, with its hash at receipt. Screenshots, mails, disk images; incident or none.

The bytes are streamed into a bag of kind "file", hashed while they are copied and again when copy and original are read
back. What a file is called, and what it holds, is said in data/item.json and never trusted with anything.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from breachwatch.errors import EnvironmentFault, EvidenceError, UnknownNameError, UsageError
from breachwatch.evidence import custody, mirror, recording, sealing
from breachwatch.evidence.bag import CHUNK, BagWriter, Written
from breachwatch.evidence.instructions import ABOUT_FILES
from breachwatch.evidence.items import ReceivedFile, acquisition, file_name, item
from breachwatch.evidence.keyring.current import signing_key
from breachwatch.evidence.on_disk import ITEM
from breachwatch.evidence.sealing import Subject
from breachwatch.evidence.surroundings import environment
from breachwatch.model.incident import Snapshot
from breachwatch.model.people import Actor, Permission
from breachwatch.people import require
from breachwatch.records import cases
from breachwatch.records.received import FILE
from breachwatch.workspace import Workspace

_MOST_FILES = 1000
_LONGEST_TEXT = 10_000  # characters of what is said about a file


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it comes from elsewhere than the disk: a name, which may be anything, and its bytes."""

    name: str
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class Receipt:
    """The circumstances under which files were received. `received_at` is aware; None: now."""

    received_from: str
    purpose: str
    source: str = ""  # where they were before: a mailbox, a phone, a computer
    received_at: datetime | None = None


def add_file(
    ws: Workspace,
    files: Sequence[Path | Given],
    *,
    by: Actor,
    receipt: Receipt,
    incident: str | None = None,
) -> Snapshot:
    """Seal files as one piece of evidence; custody tells of receipt and sealing.

    Raises NotPermittedError, UsageError (no file, not a plain file, nothing said of where it is from), UnknownNameError
    for the incident, EvidenceError where a file changes while it is read, EnvironmentFault where it cannot be read or
    written.
    """
    require(by, Permission.HANDLE_EVIDENCE)
    return take_in(ws, files, by=by, receipt=receipt, incident=incident)


def take_in(
    ws: Workspace,
    files: Sequence[Path | Given],
    *,
    by: Actor,
    receipt: Receipt,
    incident: str | None = None,
) -> Snapshot:
    """The same for what comes with a report or a letter: whoever may report hands files in, but handles no evidence.

    Raises as `add_file` does.
    """
    require(by, Permission.REPORT)
    at = ws.clock.now()
    _check(ws, files, receipt, incident, at)
    with ws.lock("evidence"):
        sealing.sweep(ws)
        mirror.update(ws)
        key = signing_key(ws)
        number = recording.free_number(ws, at)
        try:
            with sealing.scratch_bag(ws, number) as bag:
                kept = [_copy(given, count, bag) for count, given in enumerate(files, 1)]
                said = item(number, incident, by, receipt.received_from, _texts(receipt, at), kept)
                bag.add_json(ITEM, said)
                bag.add_json("data/environment.json", environment(""))
                bag.add_json("data/acquisition.json", acquisition(ws, number, by, at, said))
                subject = Subject(number, FILE, incident, at, "", None, 0)
                digest = sealing.finish(ws, subject, key, bag, ABOUT_FILES)
                recording.install(bag.folder, ws, number)
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            msg = (
                f"the files cannot be sealed: the machine refuses{where}: {error.strerror or error}. Nothing was added."
            )
            raise EnvironmentFault(msg) from error
        snapshot = Snapshot(number, incident or "", str(ws.vault / number), at, digest, 0, bag.octets)
        recording.record_files(ws, snapshot, said, custody.by(by))
    return snapshot


def _check(ws: Workspace, files: Sequence[Path | Given], receipt: Receipt, incident: str | None, at: datetime) -> None:
    if not 1 <= len(files) <= _MOST_FILES:
        msg = f"name 1 to {_MOST_FILES} files, not {len(files)}. A folder of many is better added as one archive."
        raise UsageError(msg)
    for text in (receipt.received_from, receipt.purpose):
        if not text.strip():
            msg = "say from whom the files were received, and what for: the chain of custody begins with that."
            raise UsageError(msg)
    if max(map(len, (receipt.received_from, receipt.purpose, receipt.source))) > _LONGEST_TEXT:
        msg = f"what is said about a file has at most {_LONGEST_TEXT} characters."
        raise UsageError(msg)
    if receipt.received_at is not None and (receipt.received_at.tzinfo is None or receipt.received_at > at):
        msg = f"{receipt.received_at} is no time at which these can have been received: it needs a zone, and is past."
        raise UsageError(msg)
    if incident is not None:
        with ws.database.read() as connection:
            numbers = list(connection.scalars(select(cases.incident.c.number)))
        if incident not in numbers:
            raise UnknownNameError("incident", incident, numbers)


def _texts(receipt: Receipt, at: datetime) -> dict[str, str]:
    received = (receipt.received_at or at).astimezone(UTC)
    return {"received_at": received.isoformat(), "source": receipt.source.strip(), "purpose": receipt.purpose.strip()}


def _copy(given: Path | Given, count: int, bag: BagWriter) -> ReceivedFile:
    """Copy one file into the bag, as many bytes as it has now, then read the original once more and compare."""
    if isinstance(given, Given):
        name = file_name(count, given.name)
        written = _stream(given.content, None, bag, name)
        return ReceivedFile(name, given.name, written.sha256, written.size, None, again=False)
    with _opened(given) as (file, status):
        name = file_name(count, given.name)
        written = _stream(file, status.st_size, bag, name)
        file.seek(0)
        again = sealing.hash_first(file, written.size)
        after = os.fstat(file.fileno())
        if again != written or after.st_size < status.st_size:
            msg = f"{given} changed while it was read. Copy it to a quiet place first, and add the copy."
            raise EvidenceError(msg)
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return ReceivedFile(name, given.name, written.sha256, written.size, modified.isoformat(), again=True)


def _stream(file: BinaryIO, size: int | None, bag: BagWriter, name: str) -> Written:
    """Copy `size` bytes (None: all that come); a file that goes on growing is copied as far as it was when opened."""
    with bag.open(name) as out:
        left = size
        while chunk := file.read(CHUNK if left is None else min(CHUNK, left)):
            out.write(chunk)
            left = None if left is None else left - len(chunk)
    return bag.payload[name]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    try:
        # Not blocking: a pipe without a writer would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise EnvironmentFault(msg) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        msg = f"{path} is no plain file. Folders and devices are added as an image or an archive of them."
        raise UsageError(msg)
    with os.fdopen(descriptor, "rb") as file:
        yield file, status
