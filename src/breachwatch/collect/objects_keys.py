"""Which objects of a store a source means: patterns of keys, and the fewest listings that find them.

A listing gives everything below a folder, a thousand keys at a time, and is never held whole. Where a pattern carries a
date, only the folders of days that can still bring something new are listed: a year of CloudTrail is a million keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from breachwatch.collect.globs import matches

_MAGIC = re.compile(r"[*?[]")
EVERYTHING = ("**",)

ListFolders = Callable[[str], Iterable[str]]
"""The names of the folders right below a folder."""


def patterns_of(paths: Iterable[str], since: datetime, until: datetime) -> list[str]:
    """The patterns with %Y, %m, %d, %H replaced by every UTC day (and hour) between two times, each once."""
    found: dict[str, None] = {}
    for path in paths:
        if "%" not in path:
            found[path] = None
            continue
        step = timedelta(hours=1) if "%H" in path else timedelta(days=1)
        at = since.replace(hour=since.hour if "%H" in path else 0, minute=0, second=0, microsecond=0)
        while at <= until:
            found[re.sub(r"%[YmdH]", lambda code: f"{at:{code[0]}}", path)] = None  # noqa: B023  used at once
            at += step
    return list(found)


def fits(key: str, pattern: str) -> bool:
    """Whether a key fits a pattern: `*` stays between slashes, `**` stands for any depth."""
    names, parts = key.split("/"), pattern.split("/")
    if parts[-1] == "**":
        parts.append("*")
    if "**" in parts:
        at = parts.index("**")
        head, tail = parts[:at], parts[at + 1 :]
        if len(names) < len(head) + len(tail):
            return False
        names = names[: len(head)] + names[len(names) - len(tail) :]
        parts = head + tail
    return len(names) == len(parts) and all(map(matches, names, parts))


def folders_of(path: str, patterns: list[str], list_folders: ListFolders) -> Iterator[tuple[str, list[str]]]:
    """Folders to list, each with the patterns that its keys may fit; `path` is what the patterns were before dates.

    Where a date stands below folders that a wildcard names (accounts, regions), these are looked up level by level.
    """
    if "%" not in path or not _MAGIC.search(path.partition("%")[0]):
        for pattern in patterns:
            yield _literal(pattern.split("/")), [pattern]
        return
    yield from _below("", patterns, list_folders)


def _literal(parts: list[str]) -> str:
    """The folder that all keys of a pattern are in."""
    taken = []
    for part in parts[:-1]:
        if _MAGIC.search(part):
            break
        taken.append(part)
    return "/".join(taken)


def _below(folder: str, patterns: list[str], list_folders: ListFolders) -> Iterator[tuple[str, list[str]]]:
    """Go down where the next part of the patterns is a wildcard and what follows differs (the dates)."""
    depth = folder.count("/") + 1 if folder else 0
    by_part: dict[str, list[str]] = {}
    for pattern in patterns:
        by_part.setdefault(pattern.split("/")[depth], []).append(pattern)
    for part, those in by_part.items():
        if len(those) == 1 and not _MAGIC.search(part):
            rest = those[0].split("/")[depth:]
            yield f"{folder}/{_literal(rest)}".strip("/"), those
        elif len(those[0].split("/")) == depth + 1 or part == "**":
            yield folder, those
        elif _MAGIC.search(part):
            for name in sorted(set(list_folders(folder))):
                if matches(name, part):
                    yield from _below(f"{folder}/{name}".strip("/"), those, list_folders)
        else:
            yield from _below(f"{folder}/{part}".strip("/"), those, list_folders)
