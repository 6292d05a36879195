"""How the text logs of hosts, network devices and web servers are recognised by their first lines."""

from __future__ import annotations

import re
from typing import Final

_AUDITD: Final = re.compile(rb"(node=\S{1,255} )?type=[\w\[\]]{1,64} (msg=audit\(|msg=\?)")
_AUSEARCH: Final = (b"----", b"time->")


def is_auditd(head: bytes) -> bool:
    """audit.log, or what ausearch prints."""
    line = next((line for line in head.split(b"\n") if line.strip() and not line.startswith(_AUSEARCH)), b"")
    return _AUDITD.match(line) is not None
