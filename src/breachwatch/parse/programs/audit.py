"""Records of the Linux audit system that arrive in syslog or the journal.

audispd, audisp-syslog  the daemon's plugins pass its lines on: `node=web01 type=SYSCALL msg=audit(1.234:456): ...`
kernel                  without a running daemon: `audit: type=1400 audit(1.234:456): apparmor="DENIED" ...`
the journal             reads the kernel's socket itself (_TRANSPORT=audit): `SYSCALL arch=c000003e syscall=59 ...`
"""

from __future__ import annotations

import re
from typing import Final

from breachwatch.parse.auditd.records import AuditReader, put_record
from breachwatch.parse.lines import UnreadableError
from breachwatch.parse.programs import netfilter
from breachwatch.parse.programs.meaning import SYSLOG, Values

_KERNEL = re.compile(r"(?:\[[ ]*\d+\.\d+\] )?audit: (?=type=\d)")
_JOURNAL = re.compile(r"([A-Z][A-Z0-9_]{1,63})(?: (.*))?", re.DOTALL)


def read(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one line of the audit daemon."""
    try:
        dataset, record, more = AuditReader("UTC").read(message)
    except UnreadableError:
        return SYSLOG
    values.update({name: value for name, value in record.items() if value is not None})
    extra.update(more)
    return dataset


def read_kernel(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of the kernel: an audit record or a packet."""
    found = _KERNEL.match(message)
    if found is None:
        return netfilter.read(message, values, extra)
    dataset = read(message[found.end() :], values, extra)
    values["message"] = message
    return dataset


def read_journal(message: str, serial: str, microseconds: str, values: Values, extra: Values) -> str | None:
    """The meaning of one audit message of the journal; the time is microseconds since 1970, UTC."""
    found = _JOURNAL.fullmatch(message)
    if found is None or not (microseconds.isascii() and microseconds.isdecimal()):
        return None
    seconds, rest = divmod(int(microseconds), 1_000_000)
    put_record(found[1], f"{seconds}.{rest // 1000:03}:{serial}", found[2] or "", values, extra)
    return "linux.auditd"


READERS: Final = {"kernel": read_kernel, **dict.fromkeys(("audispd", "audisp-syslog", "auditd"), read)}
