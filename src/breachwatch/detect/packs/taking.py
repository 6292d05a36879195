"""Taking a file, folder or zip of rules as one archive of our own, before anything in it is looked at.

A zip is copied byte for byte, so that its hash stays that of the download. Of a folder or file the rules are packed,
with the files that state licence and version; links are not followed. Everything is bounded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from breachwatch.detect.archives import ARCHIVE_BYTES, ARCHIVE_MEMBERS, DAMAGE, printable
from breachwatch.detect.packs import version
from breachwatch.detect.packs.licence import LICENCE_BYTES, NOT_STATED, Licence, is_licence_file, licence_in
from breachwatch.detect.packs.version import VERSION_BYTES, Version, is_version_file
from breachwatch.detect.texts import FILE_BYTES, SUFFIXES, LoadProblem
from breachwatch.errors import DataError, EnvironmentFault, LimitError, UsageError

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can name; the same contents give the same archive


@dataclass(frozen=True, slots=True)
class Taken:
    """A place as an archive: where it is, its hash, the hash of its contents, and what it says of itself.

    `sha256` is over lines as `sha256sum` writes them, one for each rule file, sorted by name.
    """

    archive: Path
    archive_sha256: str
    sha256: str
    licence: Licence
    version: Version | None
    problems: tuple[LoadProblem, ...] = ()


def take(place: Path, target: Path) -> Taken:
    """Copy or pack `place` into the new file `target` (0600).

    Raises UsageError where there is nothing, DataError for a zip that cannot be read, LimitError for one beyond all
    bounds, EnvironmentFault.
    """
    problems: list[LoadProblem] = []
    of_folder = None
    try:
        if place.is_dir():
            _pack(target, _files(place, problems))
            of_folder = version.of_checkout(place)
        elif place.is_file() and place.suffix.lower() == ".zip":
            _copy(place, target)
        elif place.is_file():
            _pack(target, [(place.name, place)])
        else:
            msg = f"there is no file or folder {place}."
            raise UsageError(msg)
        with target.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        msg = f"cannot take the rules of {place}: {error.strerror} ({error.filename})."
        raise EnvironmentFault(msg) from error
    found = _look_through(target, place.name)
    said = found.stated or of_folder or found.comment or version.of_name(place.name)
    return Taken(target, digest, found.digest, found.licence, said, tuple(problems))


@dataclass(slots=True)
class _Found:
    digest: str = ""
    licence: Licence = field(default_factory=lambda: Licence(NOT_STATED, "there is no licence file in it"))
    stated: Version | None = None
    comment: Version | None = None


def _look_through(path: Path, name: str) -> _Found:
    """Hash the rule files; read licence and version, the shortest path first."""
    found = _Found()
    lines: list[str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > ARCHIVE_MEMBERS:
                msg = f"{name} holds {len(members)} members, more than {ARCHIVE_MEMBERS}. Nothing was added."
                raise LimitError(msg)
            found.comment = version.of_comment(archive.comment)
            total = 0
            for member in sorted(members, key=lambda item: (item.filename.count("/"), item.filename)):
                if member.is_dir():
                    continue
                if member.filename.lower().endswith(SUFFIXES):
                    data = _member(archive, member, FILE_BYTES)
                    total += len(data)
                    if total > ARCHIVE_BYTES:
                        msg = f"{name} holds more than {ARCHIVE_BYTES} bytes of rules. Nothing was added."
                        raise LimitError(msg)
                    lines.append(f"{member.filename}\0{hashlib.sha256(data).hexdigest()}")
                elif is_licence_file(member.filename) and found.licence.name == NOT_STATED:
                    text = _member(archive, member, LICENCE_BYTES).decode("utf-8", "replace")
                    found.licence = licence_in(member.filename, text)
                elif is_version_file(member.filename) and found.stated is None:
                    text = _member(archive, member, VERSION_BYTES).decode("utf-8", "replace")
                    found.stated = version.stated(member.filename, text)
    except (*DAMAGE, OSError) as error:
        msg = f"{name} is no readable zip archive: {error}. Nothing was added."
        raise DataError(msg) from error
    listed = (line.split("\0") for line in sorted(lines))
    found.digest = hashlib.sha256("".join(f"{sha}  {path}\n" for path, sha in listed).encode()).hexdigest()
    return found


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    """The first bytes of a member; none where it cannot be read, which is told when its rules are."""
    try:
        with archive.open(member) as stream:
            return stream.read(most)
    except (*DAMAGE, OSError):  # a damaged directory points before the file's start
        return b""


def _files(folder: Path, problems: list[LoadProblem]) -> Iterator[tuple[str, Path]]:
    """The files of a folder that belong into a pack, by name."""
    for root, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(item for item in folders if item != ".git")
        names += [item for item in folders if Path(root, item).is_symlink()]
        for name in sorted(names):
            path = Path(root, name)
            inside = path.relative_to(folder).as_posix()
            if path.is_symlink() and path.is_dir():
                problems.append(LoadProblem(printable(inside), "is a link to a folder; links are not followed"))
                continue
            if not (name.lower().endswith(SUFFIXES) or is_licence_file(inside) or is_version_file(inside)):
                continue
            if path.is_symlink():
                problems.append(LoadProblem(printable(inside), "is a link; links are not followed"))
            elif not _is_utf8(inside):
                problems.append(LoadProblem(printable(inside), "has a name that is not UTF-8"))
            elif path.is_file():
                yield inside, path


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pack(target: Path, files: Iterator[tuple[str, Path]] | list[tuple[str, Path]]) -> None:
    total = 0
    with _fresh(target) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for count, (name, path) in enumerate(files, 1):
            with path.open("rb") as source:
                data = source.read(FILE_BYTES + 1)  # one byte too many is kept, so that reading refuses it by name
            total += len(data)
            if total > ARCHIVE_BYTES or count > ARCHIVE_MEMBERS:
                msg = f"more than {ARCHIVE_BYTES} bytes or {ARCHIVE_MEMBERS} files of rules. Nothing was added."
                raise LimitError(msg)
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)


def _copy(source: Path, target: Path) -> None:
    size = source.stat().st_size
    if size > ARCHIVE_BYTES:
        msg = f"{source} has {size} bytes, more than {ARCHIVE_BYTES}. Nothing was added."
        raise LimitError(msg)
    with source.open("rb") as stream, _fresh(target) as copy:
        shutil.copyfileobj(stream, copy)


def _fresh(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
