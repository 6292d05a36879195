"""Entries of the journal that become columns, read one by one: of a few each is laid out in another way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from breachwatch.parse import journald, quick_json
from breachwatch.parse.journal_lots import LONGEST_TIME, MEANT, MOST_DIGITS, NOT_ALONE, PAM, Lot
from breachwatch.parse.program_kinds import program_kind
from breachwatch.parse.repeated import Messages

_TEXT_ONLY: Final = frozenset({str})


class Entry(NamedTuple):
    """What an entry says; `dataset` is None where its message is to be understood."""

    line: int
    time: str
    cursor: str | None
    host: str | None
    program: str
    process: int | None
    severity: str | None
    facility: str | None
    message: str
    extra: bytes | None
    dataset: str | None


def entry_of(line: int, raw: bytes, messages: Messages) -> Entry | None:
    """An entry that goes into columns; None for one that `journald` must read."""
    fields = _texts(raw)
    if fields is None:
        return None
    get = fields.get
    message, time, program = get("MESSAGE"), get("__REALTIME_TIMESTAMP"), get("SYSLOG_IDENTIFIER") or get("_COMM")
    if not message or not program or not time or get("_TRANSPORT") == "audit":
        return None
    kind = program_kind(program)
    meant = kind.read or message.startswith(PAM)
    if (meant and not kind.alone) or message.startswith(NOT_ALONE):
        return None
    process, severity, facility = get("SYSLOG_PID") or get("_PID"), get("PRIORITY"), get("SYSLOG_FACILITY")
    severity_name = None if severity is None else journald.severity_of(severity)
    facility_name = None if facility is None else journald.facility_of(facility)
    if (severity_name is None) is not (severity is None) or (facility_name is None) is not (facility is None):
        return None
    numbers = _is_decimal(time, LONGEST_TIME) and (not process or _is_decimal(process, MOST_DIGITS))
    if not numbers or (kind.words and any(word.decode() in message for word in kind.words)):
        return None
    cursor, host = get("__CURSOR"), get("_HOSTNAME")
    messages.previous[host] = program, message
    for name in journald.READ:
        if name in fields:
            del fields[name]
    if cursor is not None and "__SEQNUM" not in fields:
        fields.update(journald.numbers_of(cursor))
    return Entry(
        line,
        time,
        cursor,
        host,
        program,
        int(process) if process else None,
        severity_name,
        facility_name,
        message,
        orjson.dumps(fields) if fields else None,
        None if meant else kind.dataset,
    )


def lot_of_entries(entries: list[Entry], code_of: Callable[[str], int]) -> Lot:
    """The entries as columns; `code_of` numbers datasets."""
    lines, times, cursors, hosts, programs, processes, severities, facilities, messages, extras, datasets = zip(
        *entries, strict=True
    )

    def texts(values: Any) -> pa.Array[Any]:
        return pa.array(values, pa.string())

    return Lot(
        np.array(lines, np.int64),
        np.array(list(map(int, times)), np.int64),
        np.array([MEANT if name is None else code_of(name) for name in datasets], np.int64),
        texts(cursors),
        texts(times),
        texts(hosts),
        texts(programs),
        pa.array(processes, pa.int64()),
        texts(severities),
        texts(facilities),
        texts(messages),
        texts(extras),
    )


def _texts(raw: bytes) -> dict[str, str] | None:
    """The fields of an entry of which each is a text."""
    try:
        fields = quick_json.read(raw)
    except quick_json.NotQuickError:
        return None
    return fields if type(fields) is dict and set(map(type, fields.values())) == _TEXT_ONLY else None


def _is_decimal(text: str, most: int) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= most
