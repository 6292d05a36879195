"""Reading the texts of rules: from what comes with breachwatch, folders, files and zip archives.

Nothing is unpacked to disk and no name from an archive becomes a path; names only label a rule. Archives, files and
documents are bounded. What cannot be read becomes a `LoadProblem`; it never stops the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from breachwatch.detect.archives import read_archive
from breachwatch.detect.builtin import builtin_folder
from breachwatch.detect.cache import NO_CACHE, Cache
from breachwatch.detect.packs import Pack, PackFault, installed, pack_at
from breachwatch.detect.texts import FILE_BYTES, SUFFIXES, LoadProblem, RuleText, documents

__all__ = ["BUILTIN", "FILE_BYTES", "PACKS", "LoadProblem", "RuleText", "documents", "read_archive", "read_rules"]

BUILTIN = "builtin"
PACKS = "packs"
"""All rule packs that `breachwatch rules add` installed in the workspace."""


def read_rules(place: str, root: Path, kind: str = "rules", kept: Cache = NO_CACHE) -> Iterator[RuleText | LoadProblem]:
    """All rule texts of one place of the settings, in order of their names.

    `place` is "builtin" (whose folder `kind` is read: rules or filters), "packs" (the installed rule packs) or a
    folder, file or zip, relative to `root`. `kept` keeps what zips hold from run to run.
    """
    if place == PACKS:
        for found in installed(root) if kind == "rules" else ():
            yield from _pack(found, kept)
        return
    path = builtin_folder() / kind if place == BUILTIN else root / Path(place).expanduser()
    try:
        pack = pack_at(path)
        if pack is not None:
            yield from _pack(pack, kept)
        elif path.is_dir():
            yield from _folder(path, place)
        elif path.is_file():  # never a named pipe, which would be waited for
            yield from read_archive(path, place, kept) if path.suffix.lower() == ".zip" else _file(path, place)
        elif place != BUILTIN:
            yield LoadProblem(place, f"there is no file or folder {path}")
    except OSError as error:
        yield LoadProblem(place, f"cannot read {path}: {error.strerror}")


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


def _pack(pack: Pack | PackFault, kept: Cache) -> Iterator[RuleText | LoadProblem]:
    """The texts of an installed pack; none where its archive is not what was added."""
    if isinstance(pack, PackFault):
        yield LoadProblem(pack.origin, pack.reason)
        return
    fault = pack.fault()
    if fault:
        yield LoadProblem(pack.name, fault)
        return
    for text in read_archive(pack.archive, pack.name, kept):
        yield text.of_pack(pack.name, pack.manifest) if isinstance(text, RuleText) else text
