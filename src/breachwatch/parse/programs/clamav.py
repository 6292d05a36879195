"""ClamAV: clamd, clamscan and clamonacc tell `/path/file: Signature FOUND`. Source: ClamAV clamd/scanner.c."""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.programs.meaning import SYSLOG, Values, pattern

_FOUND = pattern(r"(?:.{0,64}[ ]->[ ])?(?P<file>.{1,4096}?):[ ](?P<signature>[^ ()]{1,256})(?:\([^)]*\))?[ ]FOUND")


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message; the fields have the names of Sigma's category antivirus."""
    found = _FOUND.fullmatch(message)
    if found is not None:
        values["action"] = actions.THREAT_FOUND
        extra["Filename"], extra["Signature"] = found["file"], found["signature"]
    return SYSLOG


READERS: Final = dict.fromkeys(("clamd", "clamav", "clamscan", "clamonacc"), read)
