"""Which files a source means: patterns expanded, in the order their records were written, opened safely.

Names of files may be hostile: they are shown escaped and never go to a shell. Only regular files are read; symbolic
links are followed to regular files.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from breachwatch.collect.globs import Entry, Tree, matches, walk
from breachwatch.collect.places import Found, Look, Place, UnreadableError
from breachwatch.model.segment import Problem
from breachwatch.settings_sources import Source
from breachwatch.workspace import Workspace

MOST_PATHS = 100_000
"""How many files of one source are looked at: more is a mistake in its paths, or a listing made to exhaust us."""


def shown(path: str) -> str:
    """A path as text for people: bytes that are not UTF-8 and characters that steer a terminal are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def expand(ws: Workspace, source: Source, *, folders: bool = False, patterns: Iterable[str] | None = None) -> Found:
    """Expand the patterns of a source on this machine, or those of them that are given.

    Patterns match files; folders only where they are asked for. A path without wildcards names whatever is there.
    """
    return find(_HereTree(), source, absolute(ws, source) if patterns is None else patterns, folders=folders)


def absolute(ws: Workspace, source: Source) -> list[str]:
    """The patterns of a source on this machine; relative ones start at the workspace."""
    return [str(ws.path(pattern)) for pattern in source.paths]


def find(
    tree: Tree,
    source: Source,
    patterns: Iterable[str],
    *,
    folders: bool = False,
    show: Callable[[str], str] = shown,
) -> Found:
    """Expand absolute patterns over a tree, and say what stood in the way; `show` turns paths into text for people."""
    found: dict[str, Look] = {}
    problems: list[Problem] = []
    unmatched: list[str] = []
    whole = True
    for pattern in patterns:
        matched = False
        for item in _matching(tree, pattern, folders):
            if isinstance(item, OSError):
                whole = False
                what = f"cannot list the folder: {item.strerror}. {_remedy(item.errno)}"
                problems.append(Problem(source.name, show(str(item.filename)), what, lost_data=not source.optional))
                continue
            matched = True
            found[item.path] = item.look or _UNSEEN
            if len(found) > MOST_PATHS:
                what = f"it matches more than {MOST_PATHS} files; the others are left out. Make the paths narrower."
                problems.append(Problem(source.name, show(pattern), what, lost_data=True))
                whole = False
                break
        if not matched:
            unmatched.append(pattern)
            problems.append(Problem(source.name, show(pattern), "no file matches this path"))
    if not found:
        what = "there is nothing to collect: no file matches any of its paths. Correct paths, or set enabled = false."
        problems.append(Problem(source.name, ", ".join(source.paths), what, lost_data=not source.optional))
    looks = {path: look for path, look in found.items() if look is not _UNSEEN}
    return Found(tuple(sorted(found, key=age_order)), tuple(problems), looks, tuple(unmatched), whole)


_UNSEEN = Look(-1, 0, "")


def _matching(tree: Tree, pattern: str, folders: bool) -> Iterator[Entry | OSError]:
    try:
        named = tree.entry(pattern, follow=False)  # a name may contain brackets
    except (OSError, ValueError):
        yield from walk(tree, pattern, folders=folders)
    else:
        yield named


def _remedy(number: int | None) -> str:
    if number in {errno.EACCES, errno.EPERM}:
        return "Let the account that runs breachwatch read it."
    return "Check the disk or the mount; the next run tries again."


class _HereTree:
    """The folders of this machine, network shares among them."""

    def entries(self, folder: str, pattern: str) -> list[Entry]:
        with os.scandir(folder) as entries:
            return [
                Entry(entry.name, entry.path, _is_folder(entry), entry.is_symlink())
                for entry in entries
                if matches(entry.name, pattern)
            ]

    def entry(self, path: str, *, follow: bool) -> Entry:
        status = os.stat(path, follow_symlinks=follow)  # noqa: PTH116  Path refuses what is no path at all
        link = stat.S_ISLNK(status.st_mode)
        return Entry(Path(path).name, path, Path(path).is_dir(), link)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a file handle that the share no longer knows, a link in a circle: opening it says so
        return False


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


class _Here:
    """The files of this machine, network shares among them."""

    near = True

    def show(self, path: str) -> str:
        return shown(path)

    def open(self, path: str) -> tuple[BinaryIO, Look]:
        """Open a regular file; never blocks. Raises UnreadableError with the remedy."""
        try:
            # Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise _explained(error) from error
        try:
            status = os.fstat(descriptor)
        except OSError as error:  # a file handle on a share that the server no longer knows
            os.close(descriptor)
            raise _explained(error) from error
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            kind = next((name for test, name in _KINDS if test(status.st_mode)), "no regular file")
            raise UnreadableError(
                f"it is {kind}, not a log file. Correct the source's paths to name files.", lost_data=kind == "a folder"
            )
        look = Look(status.st_size, status.st_mtime_ns, status.st_ino)
        return os.fdopen(descriptor, "rb", buffering=0), look


HERE: Place = _Here()
"""This machine."""


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
        f"it cannot be opened: {error.strerror}. Check the disk or the mount; the next run tries again.", lost_data=True
    )
