"""Which files a source means: patterns expanded, in the order their records were written, opened safely.

Names of files may be hostile: they are shown escaped and never go to a shell. Only regular files are read; symbolic
links are followed to regular files.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from breachwatch.errors import DataError
from breachwatch.model.segment import Problem
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

_MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True, slots=True)
class Expanded:
    """The files that a source's patterns match, oldest of each family first, and what stood in the way."""

    paths: tuple[str, ...]
    problems: tuple[Problem, ...]


class UnreadableError(DataError):
    """One file cannot be read; the others can. `lost_data` says whether records are known or likely to be in it."""

    def __init__(self, message: str, *, lost_data: bool) -> None:
        super().__init__(message)
        self.lost_data = lost_data


def shown(path: str) -> str:
    """A path as text for people: bytes that are not UTF-8 and characters that steer a terminal are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def expand(ws: Workspace, source: Source, *, folders: bool = False) -> Expanded:
    """Expand the patterns of a source; relative ones start at the workspace. `**` stands for any depth of folders.

    Patterns match files; folders only where they are asked for. A path without wildcards names whatever is there.
    """
    found: dict[str, None] = {}
    problems: list[Problem] = []
    for pattern in source.paths:
        text = str(ws.path(pattern))
        if os.path.lexists(text):  # a name may contain brackets
            found[text] = None
            continue
        matched = False
        for item in _walk("/", [part for part in text.split("/") if part], folders):
            if isinstance(item, str):
                found[item] = None
                matched = True
            else:
                where = shown(str(item.filename))
                what = f"cannot list the folder: {item.strerror}. Let the account that runs breachwatch read it."
                problems.append(Problem(source.name, where, what, lost_data=not source.optional))
        if not matched:
            problems.append(Problem(source.name, shown(text), "no file matches this path"))
    if not found:
        what = "there is nothing to collect: no file matches any of its paths. Correct paths, or set enabled = false."
        problems.append(Problem(source.name, ", ".join(source.paths), what, lost_data=not source.optional))
    return Expanded(tuple(sorted(found, key=age_order)), tuple(problems))


def _walk(folder: str, parts: list[str], folders: bool) -> Iterator[str | OSError]:
    """Paths below `folder` that match the parts of a pattern, and the errors of folders that could not be listed."""
    part, rest = parts[0], parts[1:]
    try:
        if part == "**":
            yield from _walk(folder, rest or ["*"], folders)
            for entry in _entries(folder, "*"):
                if entry.is_dir(follow_symlinks=False):  # a link could lead round in a circle
                    yield from _walk(entry.path, parts, folders)
        elif _MAGIC.search(part):
            for entry in _entries(folder, part):
                if rest and entry.is_dir():
                    yield from _walk(entry.path, rest, folders)
                elif not rest and (folders or not entry.is_dir()):
                    yield entry.path
        else:
            path = Path(folder, part)
            path.stat(follow_symlinks=bool(rest))
            if rest:
                yield from _walk(str(path), rest, folders)
            else:
                yield str(path)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTDIR}:
            yield error


def _entries(folder: str, pattern: str) -> list[os.DirEntry[str]]:
    """What matches in one folder, by name; hidden names only where the pattern says so."""
    with os.scandir(folder) as entries:
        return sorted(
            (
                entry
                for entry in entries
                if fnmatch.fnmatchcase(entry.name, pattern)
                and (pattern.startswith(".") or not entry.name.startswith("."))
            ),
            key=lambda entry: entry.name,
        )


_PACKED = re.compile(r"\.(gz|bz2|xz|zst)$")
_NUMBER = re.compile(r"\.(\d{1,4})$")
_DATE = re.compile(r"[-._](\d{4}-?\d\d-?\d\d(?:[-_T.]?\d{2,6})?)$")


def age_order(path: str) -> tuple[str, str, int, str]:
    """Sort key: the members of a rotated family together, oldest first (`.3.gz`, `.2.gz`, `.1`, the log itself).

    Names decide, not modification times, which copying changes: logrotate(8) counts up with age or appends dates.
    """
    stem = _PACKED.sub("", path)
    if dated := _DATE.search(stem):
        return stem[: dated.start()], dated[1], 0, path
    if numbered := _NUMBER.search(stem):
        return stem[: numbered.start()], "~", -int(numbered[1]), path
    return stem, "~", 0, path


def is_rotated_name(path: str) -> bool:
    """Whether the name says that the log was put aside: packed, numbered or dated."""
    return _PACKED.search(path) is not None or _NUMBER.search(path) is not None or _DATE.search(path) is not None


_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def open_regular(path: str) -> int:
    """A file descriptor to read a regular file with; opening never blocks. Raises UnreadableError with the remedy."""
    try:
        # Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _explained(error) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
        raise UnreadableError(
            f"it is {kind}, not a log file. Correct the source's paths to name files.", lost_data=kind == "a folder"
        )
    return descriptor


def _explained(error: OSError) -> UnreadableError:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return UnreadableError(
            "permission denied. Let the account that runs breachwatch read it "
            "(on Debian most logs belong to the group adm), then run again.",
            lost_data=True,
        )
    if error.errno == errno.ENOENT:
        return UnreadableError(
            "it vanished after it was listed, or is a link to nothing. If it was rotated, it is found under its new "
            "name where the source's paths match that.",
            lost_data=False,
        )
    if error.errno == errno.ENXIO:
        return UnreadableError("it is a socket or a pipe, not a log file. Correct the source's paths.", lost_data=False)
    return UnreadableError(
        f"it cannot be opened: {error.strerror}. Check the disk or the mount, then run again.", lost_data=True
    )
