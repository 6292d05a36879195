"""Patterns of paths expanded over any tree of folders, this machine's or another's. `**` stands for any depth."""

from __future__ import annotations

import errno
import fnmatch
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from breachwatch.collect.places import Look

_MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder. `is_folder` follows links; `look` is None where looking was not asked for."""

    name: str
    path: str
    is_folder: bool
    is_link: bool
    look: Look | None = None


class Tree(Protocol):
    """Folders that can be listed. Both raise OSError, with errno and the path as filename."""

    def entries(self, folder: str, pattern: str) -> Iterable[Entry]:
        """What `matches` the pattern in a folder."""

    def entry(self, path: str, *, follow: bool) -> Entry:
        """What is at a path."""


def matches(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern; hidden names only where the pattern says so."""
    return fnmatch.fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))


def walk(tree: Tree, path: str, *, folders: bool) -> Iterator[Entry | OSError]:
    """What matches an absolute pattern, in the order of names, and the errors of folders that could not be listed."""
    yield from _walk(tree, "/", [part for part in path.split("/") if part], folders)


def _walk(tree: Tree, folder: str, parts: list[str], folders: bool) -> Iterator[Entry | OSError]:
    part, rest = parts[0], parts[1:]
    try:
        if part == "**":
            yield from _walk(tree, folder, rest or ["*"], folders)
            for entry in _sorted(tree, folder, "*"):
                if entry.is_folder and not entry.is_link:  # a link could lead round in a circle
                    yield from _walk(tree, entry.path, parts, folders)
        elif _MAGIC.search(part):
            for entry in _sorted(tree, folder, part):
                if rest and entry.is_folder:
                    yield from _walk(tree, entry.path, rest, folders)
                elif not rest and (folders or not entry.is_folder):
                    yield entry
        else:
            found = tree.entry(f"{folder.rstrip('/')}/{part}", follow=bool(rest))
            if rest:
                yield from _walk(tree, found.path, rest, folders)
            else:
                yield found
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTDIR}:
            yield error


def _sorted(tree: Tree, folder: str, pattern: str) -> list[Entry]:
    return sorted(tree.entries(folder, pattern), key=lambda entry: entry.name)
