"""Every error that breachwatch raises on purpose.

    BreachwatchError            the root; `str(error)` is a sentence for a person: what happened, where, what to do
    ├── UsageError              the caller asked for something that cannot be (exit code 2)
    │   ├── SettingsError       a setting is missing, unknown or wrong
    │   ├── NotPermittedError   the role of who asks does not permit it
    │   └── UnknownNameError    no source, rule, incident, dataset ... of that name
    ├── DataError               the input is damaged, hostile or gone; trying again does not help
    │   └── LimitError          the input is larger than a limit in the settings allows
    ├── EvidenceError           evidence is missing, altered or could not be sealed
    ├── EnvironmentFault        the machine lacks something: permission, space, a program
    ├── ChangedMeanwhileError   somebody else changed the thing since it was read; look at it again
    └── BusyError               another process holds what is needed; trying again helps

`TransientError` is mixed in where a retry may succeed (the flows retry only those).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import PurePath


class BreachwatchError(Exception):
    """Root of all errors that are explained to the user instead of shown as a traceback."""

    exit_code = 1


class TransientError(BreachwatchError):
    """Mixed into errors that may vanish when the same call is made again later."""


class UsageError(BreachwatchError):
    """The request itself is wrong."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting is missing, unknown or has a value that cannot be used; names the key, the value and the fix."""


class NotPermittedError(UsageError):
    """The role of who asks does not permit it; the message says which roles do."""

    exit_code = 77  # EX_NOPERM of sysexits.h


class UnknownNameError(UsageError):
    """No thing of this kind has this name; the message lists what there is, or gives `hint` where that is no help."""

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), *, hint: str = "") -> None:
        self.kind = kind
        self.name = name
        self.known = sorted(known)
        near = get_close_matches(name, self.known, n=3)
        if hint:
            pass
        elif near:
            hint = f"Did you mean {', '.join(near)}?"
        elif self.known:
            shown = ", ".join(self.known[:12])
            more = f" and {len(self.known) - 12} more" if len(self.known) > 12 else ""
            hint = f"Known: {shown}{more}."
        else:
            hint = f"There is no {kind} yet."
        super().__init__(f"no {kind} is named {name!r}. {hint}")


class DataError(BreachwatchError):
    """Input that is damaged, hostile or gone."""


class LimitError(DataError):
    """Input beyond a limit of the settings, such as an archive that expands too far."""


class EvidenceError(BreachwatchError):
    """Evidence is missing, altered or could not be sealed."""

    exit_code = 4


class EnvironmentFault(BreachwatchError):
    """The machine refuses or lacks something: permission, disk space, a program."""

    exit_code = 3


class ChangedMeanwhileError(BreachwatchError):
    """Somebody else changed the thing since it was read; the message says who, when and what."""

    exit_code = 3


class BusyError(TransientError):
    """Another process holds the lock that this call needs."""

    exit_code = 3


def explain(error: BaseException) -> str:
    """One sentence for a person about any error, for the places that report an error and go on.

    Of an error in breachwatch itself it names the kind and the place, not the words: those may be a log's.
    """
    if isinstance(error, BreachwatchError):
        return str(error)
    if isinstance(error, OSError):
        return f"the machine refuses: {error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
    if type(error).__module__.startswith("sqlalchemy.") and type(error).__name__ in {
        "OperationalError",
        "DatabaseError",
    }:
        return f"the machine refuses: records database: {getattr(error, 'orig', error)}"
    frames = traceback.extract_tb(error.__traceback__)
    at = f" in {PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"an error in breachwatch itself ({type(error).__name__}{at})"
