"""Where the files of a source are: on this machine, on another host, in an object store.

A place finds files and opens them for reading from any offset; everything after that (recognising, cutting, storing,
checkpoints) is the same everywhere. What is far is read once and only where it is new; see `breachwatch.collect.spool`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from breachwatch.errors import DataError, TransientError
from breachwatch.model.segment import Problem


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looked like: enough to tell that nothing happened to it since.

    `identity` names the thing behind the name where the place has such: the inode, an object's etag. Else it is empty.
    """

    size: int
    mtime_ns: int
    identity: int | str

    def as_list(self) -> list[int | str]:
        return [self.size, self.mtime_ns, self.identity]


@dataclass(frozen=True, slots=True)
class Found:
    """The files that a source's patterns match, oldest of each family first, and what stood in the way.

    `looks` has what the listing told about them, by path; nothing for files of this machine, where looking is cheap.
    """

    paths: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    looks: Mapping[str, Look] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()  # patterns that match nothing
    whole: bool = True  # False: some folder could not be listed, so a file that is not here may be there


class Place(Protocol):
    """Opens the files of one place."""

    @property
    def near(self) -> bool:
        """Whether reading is cheap enough to read a file again from its start, as often as that helps."""

    def show(self, path: str) -> str:
        """The path as text for people, with its place; nothing in it steers a terminal."""

    def open(self, path: str) -> tuple[BinaryIO, Look]:
        """A file to read and seek in, and how it looks. Raises UnreadableError (of one file), LostError (of all)."""


class UnreadableError(DataError):
    """One file cannot be read; the others can. `lost_data` says whether records are known or likely to be in it."""

    def __init__(self, message: str, *, lost_data: bool) -> None:
        super().__init__(message)
        self.lost_data = lost_data


class CutOffError(DataError):
    """Reading ended before the end of a log, and the rest is still there: a later run reads on.

    `lost_data` says whether the night is without records that it should have had.
    """

    def __init__(self, message: str, *, lost_data: bool = True) -> None:
        super().__init__(message)
        self.lost_data = lost_data


class PausedError(CutOffError):
    """Enough was read at once; the same run goes on when that is stored."""

    def __init__(self) -> None:
        super().__init__("reading paused", lost_data=False)


class ShrunkError(DataError):
    """A file was cut or replaced while it was read."""


class LostError(TransientError):
    """The connection to a place broke, or it does not answer: asking again may help."""


class RefusedError(DataError):
    """A place does not let us in: asking again does not help, somebody has to mend something."""
