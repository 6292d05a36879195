"""The custody log's mirror in the vault: `vault/custody.jsonl`, brought up to the database after each commit.

It can be made anew from the database at any time. It is also a witness: where the two differ, one of them was tampered
with, so the mirror is then kept aside under another name and never overwritten.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, func, select

from breachwatch.errors import BusyError
from breachwatch.evidence import custody
from breachwatch.records import cases
from breachwatch.records.chain import line_hash
from breachwatch.workspace import Workspace

MIRROR_NAME = "custody.jsonl"
_TAIL = 64 * 1024  # bytes looked through for the last line; a link is some hundred bytes long
_log = logging.getLogger(__name__)


def path(ws: Workspace) -> Path:
    """Where the mirror lies."""
    return ws.vault / MIRROR_NAME


def update(ws: Workspace) -> None:
    """Append what the mirror lacks. Called after a commit.

    A mirror that cannot be written is logged and no error: the database holds the chain, and the next custody event
    writes what is missing.
    """
    try:
        with ws.lock("custody-mirror"), ws.database.read() as connection:
            if not _append_missing(connection, path(ws)):
                aside = _aside(path(ws))
                path(ws).rename(aside)
                _log.error("%s contradicts the database and is kept as %s. Verify the evidence.", path(ws), aside.name)
                _append_missing(connection, path(ws))
    except (OSError, BusyError) as error:
        _log.warning("cannot write the custody mirror %s: %s", path(ws), error)


def contradiction(ws: Workspace) -> str:
    """How the mirror contradicts the database, empty when it does not. A mirror that lags behind is no contradiction.

    Raises OSError where the mirror cannot be read.
    """
    with ws.lock("custody-mirror"), ws.database.read() as connection:
        kept = sorted(item.name for item in ws.vault.glob(f"{MIRROR_NAME}.*"))
        if kept:
            return f"an earlier mirror contradicted the database and is kept as {kept[0]}"
        try:
            with path(ws).open("rb") as file:
                pairs = zip_longest(_whole_lines(file), custody.lines(connection))
                for seq, (mirrored, stored) in enumerate(pairs, 1):
                    if stored is None:
                        return f"{MIRROR_NAME} has a link {seq}, the database has not: its tail was cut off"
                    if mirrored is not None and mirrored != stored.encode():
                        return f"link {seq} differs between {MIRROR_NAME} and the database"
        except FileNotFoundError:
            return ""
    return ""


def _append_missing(connection: Connection, target: Path) -> bool:
    """Write the links after the mirror's last; False where that last one is not in the database."""
    if not target.exists() and connection.scalar(select(func.count()).select_from(cases.custody)) == 0:
        return True
    with os.fdopen(os.open(target, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b") as file:
        last = _last_line(file)
        after = 0
        if last:
            digest = line_hash(last.decode(errors="replace"))
            found = connection.scalar(select(cases.custody.c.seq).where(cases.custody.c.hash == digest))
            if found is None:
                return False
            after = found
        file.writelines(line.encode() + b"\n" for line in custody.lines(connection, after=after))
        file.flush()
        os.fsync(file.fileno())
    return True


def _last_line(file: BinaryIO) -> bytes:
    """The last whole line. A line torn by a kill is cut off; the file is left positioned where the next one goes."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _TAIL)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(b"\n") + 1
    file.truncate(start + end)
    file.seek(start + end)
    return tail[:end].rstrip(b"\n").rpartition(b"\n")[2]


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    for line in file:
        if line.endswith(b"\n"):
            yield line[:-1]


def _aside(target: Path) -> Path:
    number = 1
    while (aside := target.with_name(f"{target.name}.{number}")).exists():
        number += 1
    return aside
