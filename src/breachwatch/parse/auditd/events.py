"""Audit events: what the records of one event tell about each other.

The kernel writes one event as several records with one time and serial number: SYSCALL (who, which program), EXECVE
(the arguments), CWD, PATH (one for each file), SOCKADDR, PROCTITLE. Each record stays a row of its own, under its own
fields; here it also gets what a detection needs of the others, under the names of Sigma's categories:

SYSCALL of execve     Image, CommandLine, CurrentDirectory, User            action `process-started`
PATH                  the same and TargetFilename, where one was made       action `file-created` or `file-deleted`
SOCKADDR              the same and the peer, for connect, send, accept      action `connection-started` or `connection`

so that each deed is one row with that action. Records of different events come mixed, hence a window: a record is
joined with those of its event among the next WINDOW records of its segment, and those before it while one of them is
still in the window. That takes bounded memory, and the same segment always gives the same rows.

An event that a segment's end cuts in two is joined on each side by itself. Where the EXECVE is on the far side, its row
is marked as the started process there, without what the SYSCALL would have told: found twice rather than missed.
"""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from breachwatch.model import actions
from breachwatch.parse.auditd.records import AUDITD
from breachwatch.parse.base import Rejected, Row

WINDOW: Final = 1000
_WINDOW_CHARACTERS: Final = 8 * 1024 * 1024
_LONGEST_COMMAND: Final = 32 * 1024

_EXEC: Final = frozenset({"execve", "execveat"})
_OUTWARD: Final = frozenset({"connect", "sendto", "sendmsg", "sendmmsg"})
_INWARD: Final = frozenset({"accept", "accept4", "recvfrom"})
_IN_PROGRESS: Final = frozenset({"-115", "EINPROGRESS(Operation now in progress)", "EINPROGRESS"})
_STEPS: Final = frozenset({"USER_AUTH", "USER_ACCT", "USER_START", "CRED_ACQ"})
_MOST_PROCESSES: Final = 4096
_FILE_ACTIONS: Final = {"CREATE": actions.FILE_CREATED, "DELETE": actions.FILE_DELETED}


@dataclass(slots=True)
class _Event:
    """What is known of an event so far, and how many of its rows wait."""

    waiting: int = 0
    syscall: dict[str, Any] | None = None
    commands: list[str] = field(default_factory=list)
    cwd: str | None = None
    proctitle: str | None = None
    started: bool = False


class _Accounts:
    """Who signs in through which process: USER_LOGIN often has the account's number only, the steps before its name."""

    def __init__(self) -> None:
        self._by_process: dict[tuple[str | None, int], str] = {}

    def name(self, values: dict[str, Any]) -> None:
        """Remember the account of a successful step, or name that of a sign-in."""
        process, kind = values.get("process_id"), values["type"]
        if process is None or values.get("outcome") != actions.SUCCESS:
            return
        key = (values.get("host"), process)
        if kind in _STEPS and values.get("acct"):
            self._by_process.pop(key, None)
            self._by_process[key] = values["acct"]
            if len(self._by_process) > _MOST_PROCESSES:
                del self._by_process[next(iter(self._by_process))]
        elif kind == "USER_LOGIN" and values.get("user") is None:
            values["user"] = self._by_process.get(key)


def join_events(records: Iterable[Row | Rejected]) -> Iterator[Row | Rejected]:
    """The same records in the same order, those of linux.auditd with what the others of their event tell."""
    queue: deque[tuple[Row | Rejected, _Event | None]] = deque()
    events: dict[tuple[str | None, str], _Event] = {}
    accounts = _Accounts()
    held = 0
    for record in records:
        event = None
        if isinstance(record, Row) and record.dataset == AUDITD:
            event = events.setdefault(_key(record), _Event())
            _learn(event, record.values)
            accounts.name(record.values)
        elif not queue:
            yield record
            continue
        queue.append((record, event))
        held += record.byte_length
        while len(queue) > WINDOW or held > _WINDOW_CHARACTERS:
            first = _release(queue, events)
            held -= first.byte_length
            yield first
    while queue:
        yield _release(queue, events)


class Joiner:
    """`join_events` for callers that hand over the records of linux.auditd alone and count the others."""

    def __init__(self) -> None:
        self._queue: deque[tuple[Row, _Event, int, int]] = deque()
        self._events: dict[tuple[str | None, str], _Event] = {}
        self._accounts = _Accounts()

    def add(self, record: Row, number: int, before: int) -> Iterator[Row]:
        """Take record `number` of the segment, before which its other records have `before` bytes; gives those done."""
        yield from self._release(number - 1, before)
        event = self._events.setdefault(_key(record), _Event())
        _learn(event, record.values)
        self._accounts.name(record.values)
        self._queue.append((record, event, number, before))
        yield from self._release(number, before + record.byte_length)

    def rest(self) -> Iterator[Row]:
        """What is left when the segment ends."""
        while self._queue:
            yield self._first()

    def _release(self, number: int, end: int) -> Iterator[Row]:
        while self._queue and (number - self._queue[0][2] >= WINDOW or end - self._queue[0][3] > _WINDOW_CHARACTERS):
            yield self._first()

    def _first(self) -> Row:
        record, event, _, _ = self._queue.popleft()
        _tell(event, record.values)
        event.waiting -= 1
        if not event.waiting:
            del self._events[_key(record)]
        return record


def _key(row: Row) -> tuple[str | None, str]:
    return row.values.get("host"), row.values["audit_id"]


def _learn(event: _Event, values: dict[str, Any]) -> None:
    event.waiting += 1
    kind = values["type"]
    if kind == "SYSCALL":
        event.syscall = values
    elif kind == "EXECVE":
        event.commands.append(values["CommandLine"])
    elif kind == "CWD":
        event.cwd = values.get("cwd")
    elif kind == "PROCTITLE":
        event.proctitle = values.get("proctitle")


def _release(
    queue: deque[tuple[Row | Rejected, _Event | None]], events: dict[tuple[str | None, str], _Event]
) -> Row | Rejected:
    record, event = queue.popleft()
    if event is not None and isinstance(record, Row):
        _tell(event, record.values)
        event.waiting -= 1
        if not event.waiting:
            del events[_key(record)]
    return record


def _tell(event: _Event, values: dict[str, Any]) -> None:
    """Give a row what its event knows."""
    kind, call = values["type"], event.syscall or {}
    for name in ("ppid", "process_id", "user"):
        if values.get(name) is None:
            values[name] = call.get(name)
    if kind == "SYSCALL" or (kind == "EXECVE" and not call):
        _tell_process(event, call, values)
    elif kind == "PATH":
        _tell_file(event, call, values)
    elif kind == "SOCKADDR":
        _tell_connection(call, values)
    if values.get("action") is not None or kind in {"SYSCALL", "EXECVE"}:
        _tell_surroundings(event, call, values)


def _tell_surroundings(event: _Event, call: dict[str, Any], values: dict[str, Any]) -> None:
    """Which program of whom did it, where. Rows of no deed go without: a word would be found once for each of them."""
    values["Image"], values["User"] = call.get("exe") or values.get("exe"), _process_user(call or values)
    values["CurrentDirectory"] = event.cwd or values.get("CurrentDirectory")
    command = " ".join(event.commands) or event.proctitle
    if command is not None:
        values["CommandLine"] = command[:_LONGEST_COMMAND]
    for name in ("uid", "ses"):
        if values.get(name) is None:
            values[name] = call.get(name)


def _tell_process(event: _Event, call: dict[str, Any], values: dict[str, Any]) -> None:
    if event.started or (call and (call.get("SYSCALL") not in _EXEC or call.get("success") == "no")):
        return
    event.started = True
    values["action"] = actions.PROCESS_STARTED


def _tell_file(event: _Event, call: dict[str, Any], values: dict[str, Any]) -> None:
    action = _FILE_ACTIONS.get(values.get("nametype", ""))
    name = values.get("name")
    if action is not None and name is not None and call.get("success") != "no":
        values["action"] = action
        values["TargetFilename"] = posixpath.normpath(posixpath.join(event.cwd or "", name))


def _tell_connection(call: dict[str, Any], values: dict[str, Any]) -> None:
    name = call.get("SYSCALL")
    address, port = values.get("DestinationIp"), values.get("DestinationPort")
    if address is None or (call.get("success") == "no" and call.get("exit") not in _IN_PROGRESS):
        return
    if name in _OUTWARD:
        values["action"], values["Initiated"] = actions.CONNECTION_STARTED, "true"
    elif name in _INWARD:
        # Then the address is that of whoever called.
        del values["DestinationIp"], values["DestinationPort"]
        values["action"], values["Initiated"] = actions.CONNECTION, "false"
        values["SourceIp"], values["SourcePort"], values["source_ip"] = address, port, address


def _process_user(call: dict[str, Any]) -> str | None:
    """The account that the process runs as: its name, or root for 0, or else the number."""
    uid = call.get("UID") or call.get("uid")
    return "root" if uid == "0" else uid
