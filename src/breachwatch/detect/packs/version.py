"""Which version of a rule pack this is: what its maker says, else its commit, else its newest rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

VERSION_BYTES = 4096

_FILE = re.compile(r"version(\.txt)?", re.IGNORECASE)
_STATED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_IN_NAME = re.compile(r"(?<![0-9a-z])(r?20\d\d-\d\d-\d\d|v?\d+\.\d+(?:\.\d+)*|[0-9a-f]{40})(?![0-9a-z])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Version:
    """A version and how it is known."""

    name: str
    read_from: str


def is_version_file(name: str) -> bool:
    """Whether a file of that path states a version: VERSION or version.txt, at most one folder deep."""
    path = PurePosixPath(name)
    return len(path.parts) <= 2 and _FILE.fullmatch(path.name) is not None


def stated(name: str, text: str) -> Version | None:
    """The version on the first line of a version file; None where that is none."""
    line = (text.strip().splitlines() or [""])[0].strip()
    return Version(line, name) if _STATED.fullmatch(line) else None


def of_comment(comment: bytes) -> Version | None:
    """The commit that `git archive` (and so the download of a GitHub repository) writes as the comment of a zip."""
    text = comment.decode("ascii", "replace").strip()
    return Version(text[:12], f"commit {text} of the archive") if _COMMIT.fullmatch(text) else None


def of_checkout(folder: Path) -> Version | None:
    """The commit that is checked out in a folder, read without running git."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="ascii")[:500].strip()
        if head.startswith("ref: refs/") and ".." not in head:
            head = _reference(git, head.removeprefix("ref: "))
    except (OSError, UnicodeDecodeError):
        return None
    return Version(head[:12], f"commit {head} of the folder") if _COMMIT.fullmatch(head) else None


def of_name(name: str) -> Version | None:
    """A version, date or commit in the name of a file or folder, like `rules-2026-08-05.zip`."""
    found = _IN_NAME.search(PurePosixPath(name).stem if name.lower().endswith(".zip") else name)
    return Version(found[1][:40], f"the name {name}") if found else None


def without_version(name: str) -> str:
    """The name without the version in it: what stays the same from release to release."""
    return _IN_NAME.sub("", name).strip(" ._-") or name


def of_newest(documents: Iterable[Mapping[str, Any]], sha256: str) -> Version:
    """The date of the newest rule; where none has one, the beginning of the hash of the contents."""
    dates = [
        found[0].replace("/", "-")
        for document in documents
        for key in ("modified", "date")
        if (found := _DATE.match(str(document.get(key) or "").replace("/", "-")))
    ]
    return Version(max(dates), "its newest rule") if dates else Version(sha256[:12], "the hash of its contents")


def _reference(git: Path, name: str) -> str:
    loose = git / name
    if loose.is_file():
        return loose.read_text(encoding="ascii")[:100].strip()
    for line in (git / "packed-refs").read_text(encoding="ascii", errors="replace").splitlines():
        if line.endswith(f" {name}"):
            return line.split(" ", maxsplit=1)[0]
    return ""
