"""Reading the texts of rules: from what comes with breachwatch, folders, files and zip archives.

Nothing is unpacked to disk and no name from an archive becomes a path; names only label a rule. Archives, files and
documents are bounded. What cannot be read becomes a `LoadProblem`; it never stops the rest.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.packs import Manifest, Pack, PackFault, installed, pack_at

BUILTIN = "builtin"
PACKS = "packs"
"""All rule packs that `breachwatch rules add` installed in the workspace."""
FILE_BYTES = 1024 * 1024  # SigmaHQ's largest rule file has 60 KiB
ARCHIVE_MEMBERS = 50_000
ARCHIVE_BYTES = 256 * 1024 * 1024  # of all rules in one archive, expanded
HELD_BYTES = 32 * 1024 * 1024  # SigmaHQ's archive has 4 MB
ARCHIVE_RATIO = 100.0  # of a member beyond 64 KiB
DOCUMENTS = 1000  # in one file
SUFFIXES = (".yml", ".yaml")
# What zipfile raises for archives that are damaged, encrypted or packed in a way it does not know.
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError, ValueError)

# A line of --- begins a document even inside a block scalar (YAML 1.2.2, 9.1.2), so that texts can be told apart
# without parsing: one broken document leaves the others of its file whole.
_MARKER = re.compile(r"^---(?:[ \t]+#.*|[ \t]*)\r?$\n?", re.MULTILINE)
# A line that is neither blank nor a comment nor the end of a document. YAML 1.1 has more line breaks than one.
_SAYS_SOMETHING = re.compile(r"(?:^|[\r\x85\u2028\u2029])[^\S\n]*(?!#|\.\.\.)\S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RuleText:
    """One YAML document as read. `origin` says where it came from, for people; `pack` names the rule pack it is of.

    `manifest` is what the workspace knows of that pack.
    """

    origin: str
    text: str
    pack: str = ""
    manifest: Manifest | None = field(default=None, compare=False, repr=False)

    @property
    def revision(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LoadProblem:
    """A file or archive, or a part of one, that could not be read, and why."""

    origin: str
    reason: str


def read_rules(place: str, root: Path, kind: str = "rules") -> Iterator[RuleText | LoadProblem]:
    """All rule texts of one place of the settings, in order of their names.

    `place` is "builtin" (whose folder `kind` is read: rules or filters), "packs" (the installed rule packs) or a
    folder, file or zip, relative to `root`.
    """
    if place == PACKS:
        for found in installed(root) if kind == "rules" else ():
            yield from _pack(found)
        return
    path = builtin_folder() / kind if place == BUILTIN else root / Path(place).expanduser()
    try:
        pack = pack_at(path)
        if pack is not None:
            yield from _pack(pack)
        elif path.is_dir():
            yield from _folder(path, place)
        elif path.is_file():  # never a named pipe, which would be waited for
            yield from (read_archive if path.suffix.lower() == ".zip" else _file)(path, place)
        elif place != BUILTIN:
            yield LoadProblem(place, f"there is no file or folder {path}")
    except OSError as error:
        yield LoadProblem(place, f"cannot read {path}: {error.strerror}")


def documents(origin: str, data: bytes) -> Iterator[RuleText | LoadProblem]:
    """The YAML documents of one file's bytes."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield LoadProblem(origin, f"is not UTF-8 text: {error.reason} at byte {error.start}")
        return
    pieces = [piece for piece in (_MARKER.split(text) if "---" in text else [text]) if _says_something(piece)]
    if len(pieces) > DOCUMENTS:
        yield LoadProblem(origin, f"holds {len(pieces)} documents, more than {DOCUMENTS}")
        return
    for number, piece in enumerate(pieces, 1):
        yield RuleText(origin if len(pieces) == 1 else f"{origin}, document {number}", piece)


def _folder(folder: Path, place: str) -> Iterator[RuleText | LoadProblem]:
    for path in sorted(folder.rglob("*"), key=lambda found: found.relative_to(folder).as_posix()):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            yield from _file(path, f"{place}/{path.relative_to(folder).as_posix()}")


def _file(path: Path, origin: str) -> Iterator[RuleText | LoadProblem]:
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES + 1)
    except OSError as error:
        yield LoadProblem(origin, f"cannot be read: {error.strerror}")
        return
    if len(data) > FILE_BYTES:
        yield LoadProblem(origin, f"is larger than {FILE_BYTES} bytes")
        return
    yield from documents(origin, data)


def _pack(pack: Pack | PackFault) -> Iterator[RuleText | LoadProblem]:
    """The texts of an installed pack; none where its archive is not what was added."""
    if isinstance(pack, PackFault):
        yield LoadProblem(pack.origin, pack.reason)
        return
    fault = pack.fault()
    if fault:
        yield LoadProblem(pack.name, fault)
        return
    for text in read_archive(pack.archive, pack.name):
        yield replace(text, pack=pack.name, manifest=pack.manifest) if isinstance(text, RuleText) else text


def read_archive(path: Path, place: str) -> Iterator[RuleText | LoadProblem]:
    """The rule texts of a zip, in order of their names; `place` names it in their origins."""
    try:
        with zipfile.ZipFile(_held(path)) as archive:
            members = archive.infolist()
            if len(members) > ARCHIVE_MEMBERS:
                yield LoadProblem(place, f"holds {len(members)} members, more than {ARCHIVE_MEMBERS}")
                return
            yield from _members(archive, members, place)
    except (*DAMAGE, OSError) as error:
        yield LoadProblem(place, f"is no readable zip archive: {error}")


def _held(path: Path) -> io.BytesIO | Path:
    """The archive, read once into memory where it is as small as such archives are: members are then cheap to reach."""
    return io.BytesIO(path.read_bytes()) if path.stat().st_size <= HELD_BYTES else path


def _members(
    archive: zipfile.ZipFile, members: Iterable[zipfile.ZipInfo], place: str
) -> Iterator[RuleText | LoadProblem]:
    budget = ARCHIVE_BYTES
    for member in sorted(members, key=lambda item: item.filename):
        if member.is_dir() or not member.filename.lower().endswith(SUFFIXES):
            continue
        origin = f"{place}/{printable(member.filename)}"
        if stat.S_ISLNK(member.external_attr >> 16):
            yield LoadProblem(origin, "is a link; links are not followed")
            continue
        packed = max(member.compress_size, 1)
        if member.file_size > FILE_BYTES:
            yield LoadProblem(origin, f"is larger than {FILE_BYTES} bytes")
            continue
        if member.file_size > 64 * 1024 and member.file_size / packed > ARCHIVE_RATIO:
            yield LoadProblem(origin, f"expands more than {ARCHIVE_RATIO:.0f} times")
            continue
        try:
            with archive.open(member) as stream:
                data = stream.read(FILE_BYTES + 1)  # the size in the directory may lie
        except (*DAMAGE, OSError) as error:
            yield LoadProblem(origin, f"cannot be read from the archive: {error}")
            continue
        budget -= len(data)
        if budget < 0:
            yield LoadProblem(place, f"holds more than {ARCHIVE_BYTES} bytes of rules; the rest was left out")
            return
        if len(data) > FILE_BYTES:
            yield LoadProblem(origin, f"is larger than {FILE_BYTES} bytes")
            continue
        yield from documents(origin, data)


def printable(name: str) -> str:
    """A file's name from outside as a label: nothing invisible in it, and of bounded length."""
    shown = name if name.isprintable() else "".join(char if char.isprintable() else "?" for char in name)
    return shown[:300]


def _says_something(piece: str) -> bool:
    return _SAYS_SOMETHING.search(piece) is not None
