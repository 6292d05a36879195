"""Reading the texts of rules from zip archives, whose contents are as hostile as their makers.

What an archive holds is kept from run to run under the hash of its bytes: the next run reads and hashes the file, and
unpacks a text only when somebody asks for it.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from breachwatch.detect.cache import NO_CACHE, Cache
from breachwatch.detect.texts import FILE_BYTES, SUFFIXES, LoadProblem, RuleText, documents

ARCHIVE_MEMBERS = 50_000
ARCHIVE_BYTES = 256 * 1024 * 1024  # of all rules in one archive, expanded
HELD_BYTES = 32 * 1024 * 1024  # SigmaHQ's archive has 4 MB
ARCHIVE_RATIO = 100.0  # of a member beyond 64 KiB
# What zipfile raises for archives that are damaged, encrypted or packed in a way it does not know.
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, ValueError)


def read_archive(path: Path, place: str, kept: Cache = NO_CACHE) -> Iterator[RuleText | LoadProblem]:
    """The rule texts of a zip, in order of their names; `place` names it in their origins.

    `kept` keeps what the archive holds.
    """
    try:
        if path.stat().st_size <= HELD_BYTES:
            yield from _listed(path.read_bytes(), place, kept)
        else:
            yield from (found for _, _, found in _contents(path, place))
    except OSError as error:
        yield LoadProblem(place, f"is no readable zip archive: {error}")


def _listed(data: bytes, place: str, kept: Cache) -> Iterator[RuleText | LoadProblem]:
    """The texts by the listing of an earlier run, if it is one of these bytes; else as they are read."""
    name = f"{hashlib.sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()}.archive"
    digest = hashlib.sha256(data).hexdigest()
    listing = kept.get(name)
    if listing is not None and listing[0] == digest:
        archive = _Held(data)
        for origin, *said in listing[1]:
            if len(said) == 1:
                yield LoadProblem(origin, said[0])
            else:
                member, number, revision = said
                yield RuleText(origin, partial(archive.text, member, number), revision=revision)
        return
    rows: list[list[str | int]] = []
    for member, number, found in _contents(io.BytesIO(data), place):
        if isinstance(found, RuleText):
            rows.append([found.origin, member, number, found.revision])
        else:
            rows.append([found.origin, found.reason])
        yield found
    kept.put(name, [digest, rows])


class _Held:
    """An archive in memory, opened when the first of its texts is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._archive: zipfile.ZipFile | None = None

    def text(self, member: int, number: int) -> str:
        """One document of a member; both are counted from 0."""
        if self._archive is None:
            self._archive = zipfile.ZipFile(io.BytesIO(self._data))
        data = self._archive.read(self._archive.infolist()[member])
        return [found.text for found in documents("", data) if isinstance(found, RuleText)][number]


def _contents(source: Path | io.BytesIO, place: str) -> Iterator[tuple[int, int, RuleText | LoadProblem]]:
    """Texts and problems, each with the number of its member in the archive and its own in that member."""
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
            if len(members) > ARCHIVE_MEMBERS:
                yield 0, 0, LoadProblem(place, f"holds {len(members)} members, more than {ARCHIVE_MEMBERS}")
                return
            yield from _members(archive, members, place)
    except (*DAMAGE, OSError) as error:
        yield 0, 0, LoadProblem(place, f"is no readable zip archive: {error}")


def _members(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], place: str
) -> Iterator[tuple[int, int, RuleText | LoadProblem]]:
    budget = ARCHIVE_BYTES
    for at, member in sorted(enumerate(members), key=lambda item: item[1].filename):
        if member.is_dir() or not member.filename.lower().endswith(SUFFIXES):
            continue
        origin = f"{place}/{printable(member.filename)}"
        data = _data(archive, member)
        if isinstance(data, str):
            yield at, 0, LoadProblem(origin, data)
            continue
        budget -= len(data)
        if budget < 0:
            yield at, 0, LoadProblem(place, f"holds more than {ARCHIVE_BYTES} bytes of rules; the rest was left out")
            return
        for number, found in enumerate(documents(origin, data)):
            yield at, number, found


def _data(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | str:
    """The bytes of a member, or why they are not read."""
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link; links are not followed"
    if member.file_size > FILE_BYTES:
        return f"is larger than {FILE_BYTES} bytes"
    if member.file_size > 64 * 1024 and member.file_size / max(member.compress_size, 1) > ARCHIVE_RATIO:
        return f"expands more than {ARCHIVE_RATIO:.0f} times"
    try:
        with archive.open(member) as stream:
            data = stream.read(FILE_BYTES + 1)  # the size in the directory may lie
    except (*DAMAGE, OSError) as error:
        return f"cannot be read from the archive: {error}"
    return data if len(data) <= FILE_BYTES else f"is larger than {FILE_BYTES} bytes"


def printable(name: str) -> str:
    """A file's name from outside as a label: nothing invisible in it, and of bounded length."""
    shown = name if name.isprintable() else "".join(char if char.isprintable() else "?" for char in name)
    return shown[:300]
