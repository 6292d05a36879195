"""What is known of a program's messages before any is read: for those who read many at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from breachwatch.parse.programs.dispatch import reader_of
from breachwatch.parse.programs.meaning import SYSLOG
from breachwatch.parse.screens import BY_MESSAGE_ALONE, NEEDED_WORDS

_LONGEST_PROGRAM: Final = 128


class ProgramKind(NamedTuple):
    """How the messages of a program are read."""

    dataset: str  # of messages that nobody understands
    read: bool  # whether a parser must see all of its messages
    words: tuple[bytes, ...]  # or else those with one of these words
    alone: bool  # whether its messages mean the same whatever stands around them


@lru_cache(maxsize=8192)
def program_kind(name: str) -> ProgramKind:
    """The kind of a program by its tag or identifier as logged; PAM's own messages are anybody's."""
    reader, service, dataset = reader_of(name)
    screened = reader in NEEDED_WORDS and service is None
    device = not name[:1].isalpha()
    return ProgramKind(
        SYSLOG if len(name) > _LONGEST_PROGRAM else dataset,
        device or service is not None or (reader is not None and not screened),
        NEEDED_WORDS[reader] if screened and reader is not None else (),
        not device and (service is not None or reader is None or reader in BY_MESSAGE_ALONE),
    )
