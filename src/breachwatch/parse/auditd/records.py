"""One audit record as a row of linux.auditd, whatever brought it: the daemon's own file, syslog or the journal.

type=SYSCALL msg=audit(1600000000.123:456): arch=c000003e syscall=59 ...      audit.log, raw or enriched
node=web01 type=SYSCALL msg=audit(1600000000.123:456): ...                     the same with the host's name
type=SYSCALL msg=audit(11/10/2020 08:19:44.965:93777) : arch=x86_64 ...        `ausearch -i`, local time
type=1400 audit(1600000000.123:456): apparmor="DENIED" ...                     the kernel's own message, by number
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from breachwatch.model.datasets import DATASETS
from breachwatch.model.events import CORE, EXTRA, PROVENANCE
from breachwatch.parse.auditd.addresses import peer
from breachwatch.parse.auditd.fields import Fields, read_arguments, read_fields
from breachwatch.parse.auditd.meaning import put_meaning
from breachwatch.parse.auditd.syscalls import SYSCALLS
from breachwatch.parse.lines import UnreadableError

AUDITD: Final = "linux.auditd"

_HEAD: Final = re.compile(
    r"(?:node=(?P<node>\S{1,255}) )?type=(?P<type>[\w\[\]]{1,64}) (?:msg=)?"
    r"audit\((?P<stamp>[^()]{1,48}):(?P<serial>\d{1,20})\) ?:? ?(?P<body>.*)",
    re.DOTALL,
)
_LOCAL: Final = re.compile(r"(\d\d)/(\d\d)/(\d{4}|\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive by design: all times of rows are UTC
_SECONDS: Final = re.compile(r"(\d{1,11})\.(\d{1,6})")
_TYPES: Final = {
    "1006": "LOGIN",
    "1100": "USER_AUTH",
    "1101": "USER_ACCT",
    "1102": "USER_MGMT",
    "1103": "CRED_ACQ",
    "1104": "CRED_DISP",
    "1105": "USER_START",
    "1106": "USER_END",
    "1107": "USER_AVC",
    "1108": "USER_CHAUTHTOK",
    "1109": "USER_ERR",
    "1110": "CRED_REFR",
    "1112": "USER_LOGIN",
    "1113": "USER_LOGOUT",
    "1114": "ADD_USER",
    "1115": "DEL_USER",
    "1116": "ADD_GROUP",
    "1117": "DEL_GROUP",
    "1123": "USER_CMD",
    "1127": "SYSTEM_BOOT",
    "1128": "SYSTEM_SHUTDOWN",
    "1130": "SERVICE_START",
    "1131": "SERVICE_STOP",
    "1132": "GRP_MGMT",
    "1300": "SYSCALL",
    "1302": "PATH",
    "1305": "CONFIG_CHANGE",
    "1306": "SOCKADDR",
    "1307": "CWD",
    "1309": "EXECVE",
    "1319": "TTY",
    "1320": "EOE",
    "1325": "NETFILTER_CFG",
    "1326": "SECCOMP",
    "1327": "PROCTITLE",
    "1400": "AVC",
}
"""Names of the commoner record types by number (linux/audit.h, libaudit.h)."""

# Columns that a record's own field of that name fills; the others are core, or belong to the whole event.
_OF_EVENTS: Final = frozenset(
    ("Image", "CommandLine", "CurrentDirectory", "User", "TargetFilename", "Protocol", "Initiated")
) | {"DestinationIp", "DestinationPort", "SourceIp", "SourcePort", "audit_id", "type"}
_COLUMNS: Final = (
    frozenset(DATASETS[AUDITD].schema.names) - {*CORE.names, *PROVENANCE.names, EXTRA.name} - _OF_EVENTS
) - {"auth_method", "failure_reason", "target_user", "session_id", "facility", "severity", "msgid", "structured_data"}
_MOST_ARGUMENTS: Final = 10  # have a column of their own

Read = tuple[str, dict[str, Any], dict[str, Any]]


class AuditReader:
    """Reads records as text. `zone` is that of times which name none (`ausearch -i`)."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._stamp = ""
        self._time: datetime | None = None

    def read(self, text: str) -> Read:
        """One line as (dataset, values, extra). Raises UnreadableError for a line that is no audit record."""
        found = _HEAD.match(text)
        if found is None:
            if text.startswith(("----", "time->")):
                msg = "a line that ausearch puts between events"
                raise UnreadableError(msg)
            msg = "the line is no audit record: it has no type, time and serial number"
            raise UnreadableError(msg)
        node, kind, stamp, serial, body = found.groups()
        if stamp != self._stamp:
            self._stamp, self._time = stamp, self._time_of(stamp)
        values: dict[str, Any] = {"time": self._time, "time_text": stamp, "host": node, "message": text}
        extra: dict[str, Any] = {}
        put_record(_TYPES.get(kind, kind), f"{stamp}:{serial}", body, values, extra)
        return AUDITD, values, extra

    def _time_of(self, stamp: str) -> datetime | None:
        seconds = _SECONDS.fullmatch(stamp)
        if seconds is not None:
            return _EPOCH + timedelta(seconds=int(seconds[1]), microseconds=int(seconds[2].ljust(6, "0")))
        local = _LOCAL.fullmatch(stamp)
        try:
            if local is not None:
                month, day, year, clock = local.groups()
                year = year if len(year) == 4 else f"20{year}"
                moment = datetime.fromisoformat(f"{year}-{month}-{day} {clock}")
            else:
                moment = datetime.fromisoformat(stamp)
            return moment.replace(tzinfo=moment.tzinfo or self._zone).astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None


def put_record(kind: str, audit_id: str, body: str, values: dict[str, Any], extra: dict[str, Any]) -> None:
    """Fill in the fields of one record and what they mean; `values` holds its `message` already."""
    fields = read_fields(kind, body)
    values["program"], values["type"], values["audit_id"] = "auditd", kind, audit_id
    if kind == "EXECVE":
        arguments = read_arguments(body)
        fields = {name: value for name, value in fields.items() if not name.startswith("a") or name == "argc"}
        for number, text in arguments:
            (values if number < _MOST_ARGUMENTS else extra)[f"a{number}"] = text
        values["CommandLine"] = " ".join(text for _, text in arguments)
    elif kind in {"SYSCALL", "SECCOMP"}:
        _name_syscall(fields)
    elif kind == "SOCKADDR" and (other := peer(fields, body)) is not None:
        values["DestinationIp"], values["DestinationPort"] = other
    process = fields.pop("pid", "")
    for name, value in fields.items():
        if name in _COLUMNS:
            values[name] = value
        else:
            extra[name] = value
    values["process_id"] = int(process) if process.isdecimal() and len(process) < 19 else None
    _tidy(values)
    put_meaning(kind, fields, values, extra)


def _name_syscall(fields: Fields) -> None:
    """Give the call its name where the record has the number alone."""
    call = fields.get("syscall")
    if call is None or "SYSCALL" in fields:
        return
    name = SYSCALLS.get(fields.get("arch", ""), {}).get(call)
    if name is not None or not call.isdecimal():
        fields["SYSCALL"] = name or call


def _tidy(values: dict[str, Any]) -> None:
    """Bring fields of older kernels and of lists to one form."""
    if "nametype" not in values and "objtype" in values:
        values["nametype"] = values["objtype"]  # as Red Hat Enterprise Linux 7 calls it
    if "proctitle" in values:
        values["proctitle"] = values["proctitle"].replace("\0", " ").rstrip(" ")
    if "key" in values:
        values["key"] = values["key"].replace("\x01", "\n")  # several keys of one rule
