r"""The fields of an audit record, decoded.

A record is `name=value` after `name=value`, with words between them. Text that a user could have chosen is in double
quotes, or in upper-case hexadecimal where it holds a blank, a quote or a byte beyond ASCII: there a quote cannot be
faked. Programs put their own fields into `msg='...'`. The enriched format (auditd.conf(5), log_format) appends, behind
the byte 0x1D, what the numbers mean: `SYSCALL=execve AUID="jmeyer"`. `ausearch -i` writes meanings in place of the
values and quotes nothing.

Sources: audit-documentation, "Audit Event Parsing"; audit-userspace lib/audit_logging.c and auparse/interpret.c.
"""

from __future__ import annotations

import re
from typing import Final

Fields = dict[str, str]

_FIELD: Final = re.compile(r"""(?<![\w-])([A-Za-z][\w-]{0,63})=(?:"([^"]*)"?|([^\s"]\S*))""")
_ARGUMENT: Final = re.compile(
    r' a(\d{1,6})(?:\[(\d{1,6})\])?=("[^"]*"|.*?)(?= a\d{1,6}(?:\[\d{1,6}\]|_len)?=|$)', re.DOTALL
)
_HEX: Final = re.compile(r"(?:[0-9A-F]{2})+")
_ENCODED: Final = (
    *("acct", "cmd", "comm", "cwd", "data", "dir", "exe", "file", "grp", "key", "name", "new_group", "ocomm", "path"),
    *("profile", "proctitle", "unit", "vm", "watch"),
)
_UNQUOTED: Final = frozenset(_ENCODED)
"""Fields whose value is in hexadecimal where it is not in quotes."""
_LISTED: Final = frozenset({"addr", "hostname", "terminal"})  # old records put commas between them
_WHOLE: Final = {"PROCTITLE": "proctitle=", "CWD": "cwd=", "USER_TTY": "data="}
"""Records of one text, which `ausearch -i` writes without quotes, blanks and all."""
_UNSET: Final = frozenset({"?", "?,", "(null)", ""})
_SEPARATOR: Final = "\x1d"


def read_fields(kind: str, body: str) -> Fields:
    """The fields of a record of that type; one without a value is left out, of two with one name the first counts."""
    body, _, meanings = body.partition(_SEPARATOR)
    inner = body.find("msg='")
    if inner >= 0:
        # The program's own fields come last; what closes them may be followed by a bracket in old records.
        body = f"{body[:inner]} {body[inner + 5 :].rstrip().removesuffix(chr(39)).removesuffix(')')}"
    elif kind == "LOGIN":
        body = body.replace("old ", "old-").replace("new ", "")
    fields: Fields = {}
    for name, quoted, plain in _FIELD.findall(body):
        if name in fields:
            continue
        if quoted:
            fields[name] = quoted
        elif plain not in _UNSET:
            fields[name] = decoded(plain) if name in _UNQUOTED else plain
    for name, quoted, plain in _FIELD.findall(meanings) if meanings else ():
        if name not in fields and (quoted or plain) not in _UNSET:
            fields[name] = quoted or plain
    if kind in _WHOLE:
        _read_whole(body, _WHOLE[kind], fields)
    for name in fields.keys() & _LISTED:
        fields[name] = fields[name].rstrip(",")
    return fields


def decoded(value: str) -> str:
    r"""The text of a value that may be quoted or in hexadecimal; bytes that are no UTF-8 written as \xNN."""
    if value.startswith('"'):
        return value[1:-1] if len(value) > 1 and value.endswith('"') else value[1:]
    value = value.removesuffix('"')
    if len(value) % 2 == 0 and _HEX.fullmatch(value):
        return bytes.fromhex(value).decode("utf-8", "backslashreplace")
    return value


def read_arguments(body: str) -> list[tuple[int, str]]:
    """The arguments of an EXECVE record by number; a long one comes in pieces, `a1[0]=... a1[1]=...`, joined here."""
    pieces: dict[int, list[str]] = {}
    for number, _, value in _ARGUMENT.findall(" " + body.partition(_SEPARATOR)[0]):
        pieces.setdefault(int(number), []).append(decoded(value.rstrip()))
    return [(number, "".join(texts)) for number, texts in pieces.items()]


def _read_whole(body: str, start: str, fields: Fields) -> None:
    """Read the record's one text up to the end of the record, unless it is quoted."""
    at = body.find(start)
    if at >= 0 and not body.startswith('"', at + len(start)):
        fields[start[:-1]] = decoded(body[at + len(start) :].rstrip())
