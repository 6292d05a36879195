"""Faults of the machine while the lake is written, told as a place and a remedy."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from breachwatch.errors import EnvironmentFault, TransientError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class NoSpaceFault(EnvironmentFault, TransientError):
    """The disk (or the quota) is full. Trying again helps once there is room; nothing half-written is visible."""


@contextmanager
def faults_at(place: Path) -> Iterator[None]:
    """Turn an OSError of the block into an EnvironmentFault that names `place` and what to do."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        if error.errno in _FULL:
            msg = (
                f"no space left while writing to {place}. Nothing of this segment is visible in the lake; "
                "free some space and run again."
            )
            raise NoSpaceFault(msg) from error
        if error.errno in _DENIED:
            msg = f"cannot write to {place}: {why}. Give the account that runs breachwatch write access to that folder."
        else:
            msg = f"cannot write to {place}: {why}. Check that disk, then run again."
        raise EnvironmentFault(msg) from error
