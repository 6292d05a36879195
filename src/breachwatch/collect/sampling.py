"""The beginnings of a source's newest files, copied to look at: what a dry run reads instead of everything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from heapq import nlargest
from itertools import islice
from pathlib import Path

from breachwatch.collect.paths import HERE, expand
from breachwatch.collect.patience import Patience
from breachwatch.collect.places import CutOffError, Found, LostError, Place, RefusedError
from breachwatch.collect.stream import LogFile
from breachwatch.errors import BreachwatchError
from breachwatch.model.segment import Problem
from breachwatch.settings_sources import Source
from breachwatch.workspace import PRIVATE_DIR, Workspace

KINDS = frozenset({"files", "ssh", "objects"})
"""Kinds of sources that consist of files."""

_FILES = 3  # so many of the newest files are looked into
_FILE_BYTES = 512 * 1024
_LISTED = 20_000  # so many objects are listed
_MINUTES = 2.0


def copy_beginnings(ws: Workspace, source: Source, folder: Path) -> tuple[tuple[str, ...], list[Problem]]:
    """Copy them to `folder`/0, 1, 2; returns how people call them, and what stood in the way.

    Each is uncompressed and ends at a line's end where there is one. Raises SettingsError, EnvironmentFault.
    """
    folder.mkdir(mode=PRIVATE_DIR)
    copied: list[str] = []
    problems: list[Problem] = []
    try:
        with _opened(ws, source) as (place, found):
            problems += found.problems
            for path in nlargest(_FILES, found.paths, key=lambda path: _modified(found, path)):
                try:
                    _copy_beginning(ws, place, path, folder / f"{len(copied)}")
                    copied.append(place.show(path))
                except (LostError, CutOffError):
                    raise
                except BreachwatchError as error:
                    problems.append(Problem(source.name, place.show(path), str(error), lost_data=True))
    except (LostError, RefusedError, CutOffError) as error:
        problems.append(Problem(source.name, source.name, str(error), lost_data=True))
    return tuple(copied), problems


@contextmanager
def _opened(ws: Workspace, source: Source) -> Iterator[tuple[Place, Found]]:
    patience = Patience(_MINUTES)
    if source.ssh is not None:
        from breachwatch.collect.ssh import SftpPlace, found_on
        from breachwatch.collect.ssh_connection import Connection

        connection = Connection(source.ssh, ws.path, patience)
        try:
            yield SftpPlace(ws, connection), found_on(connection, source)
        finally:
            connection.close()
    elif source.objects is not None:
        from breachwatch.collect.objects import listed_objects
        from breachwatch.collect.objects_place import ObjectsPlace

        place = ObjectsPlace(ws, source.objects, patience)
        looks = dict(islice(listed_objects(place, source, ws.clock.now()), _LISTED))
        place.listed = looks
        found = Found(tuple(looks), looks=looks)
        if not looks:
            what = "no object fits. Correct the url or the paths; is the time span right?"
            found = replace(found, problems=(Problem(source.name, place.show(""), what, lost_data=True),))
        yield place, found
    else:
        yield HERE, expand(ws, source)


def _modified(found: Found, path: str) -> int:
    if path in found.looks:
        return found.looks[path].mtime_ns
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - the name may be no text
    except OSError:
        return 0


def _copy_beginning(ws: Workspace, place: Place, path: str, target: Path) -> None:
    with LogFile(path, ws.settings.limits, place=place) as file:
        stream = file.stream()
        held = bytearray()
        while len(held) <= _FILE_BYTES and (piece := stream.read()):
            held += piece
        if not held and stream.broken:
            raise stream.broken
        if len(held) > _FILE_BYTES:
            end = held.rfind(b"\n", 0, _FILE_BYTES) + 1
            del held[end or _FILE_BYTES :]
        target.write_bytes(held)
        os.utime(target, ns=(file.look.mtime_ns, file.look.mtime_ns))
