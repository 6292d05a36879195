"""How logs of fixed records are recognised: utmp and lastlog, in both byte orders.

Layouts: glibc bits/utmp.h, utmp(5), lastlog.h. Fields of text are padded with NUL; the last byte of a terminal's
name is NUL in every real record.
"""

from __future__ import annotations

import re
from typing import Final

_KINDS: Final = range(1, 10)  # EMPTY, 0, is what the padding of a record of another size looks like
_TERMINAL: Final = re.compile(rb"[!-~]{1,31}\0{1,31}")
_HOST: Final = re.compile(rb"[!-~]{0,255}\0+")


def is_utmp(head: bytes, size: int) -> bool:
    """wtmp, btmp or utmp in records of `size` bytes (384 or 400); `head` are the first 4 KiB, less where it ends."""
    share, other = _share(head, size), _share(head, 784 - size)
    if not share or share != other:
        return share > other
    # One record tells nothing of its size, but the file's own size may.
    return len(head) % size == 0 if size == 400 else bool(len(head) % 400) or not len(head) % size


def _share(head: bytes, size: int) -> float:
    """How many of the records would be some, if they had that size."""
    records = [head[at : at + size] for at in range(0, len(head) - size + 1, size)]
    if not records or not (_is_record(records[0]) or not any(records[0][:4])):
        return 0.0
    return sum(map(_is_record, records)) / len(records)


def _is_record(record: bytes) -> bool:
    low, high = record[0], record[1]
    typed = (low in _KINDS and not high) or (high in _KINDS and not low)
    return typed and record[2:4] == b"\0\0" and record[39] == 0


def is_lastlog(head: bytes, time_size: int) -> bool:
    """A lastlog with times of 4 or 8 bytes: what is not empty in it names a terminal and a host."""
    size = time_size + 32 + 256
    used = [record for at in range(0, len(head) - size + 1, size) if any(record := head[at : at + size])]
    return bool(used) and all(
        any(record[:time_size])
        and _TERMINAL.fullmatch(record[time_size : time_size + 32]) is not None
        and _HOST.fullmatch(record[time_size + 32 :]) is not None
        for record in used
    )
