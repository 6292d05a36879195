"""The journal read in blocks gives the same rows, column by column, as the journal read entry by entry."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.model.segment import Batch
from breachwatch.parse.batches import Batches
from breachwatch.parse.driver import parse, read_records
from breachwatch.parse.registry import parser_for
from breachwatch.settings import Limits
from tests.unit.parse.support import make_segment

_LIMITS = Limits(record_bytes=2048)
_PROGRAMS = [
    "sshd",
    "CRON",
    "sudo",
    "kernel",
    "postfix/smtpd",
    "systemd",
    "openvpn",
    "audisp",
    "",
    "x" * 129,
    "(sd-pam)",
    "ä",
]
_MESSAGES = [
    *("Failed password for root from 203.0.113.9 port 40022 ssh2", "Invalid user a b from 203.0.113.9 port 7"),
    *("Accepted publickey for jmeyer from 10.0.0.1 port 40022 ssh2: RSA SHA256:abc", "(root) CMD (true)"),
    *("pam_unix(sshd:session): session opened for user jmeyer(uid=1000) by (uid=0)", "Server listening on :: port 22."),
    *(
        "message repeated 3 times: [ Failed password for root from 203.0.113.9 port 4 ssh2]",
        "last message repeated 2 times",
    ),
    *(
        "jmeyer : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
        "[1.5] [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.9 LEN=40",
        "[ 77.123] [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.77 LEN=60 SPT=99999 DPT=22",
        "DROP: IN=eth0 OUT= SRC=203.0.113.77 LEN=60 SPT=9 DPT=99999 ",
        "[1.5] % x IN=eth0 OUT= SRC=203.0.113.9 ",
        "[1.5] [2.5] IN=eth0 OUT= SRC=203.0.113.9 ",
        "[1.5] pam_unix(sshd:session): IN=eth0 OUT= SRC=203.0.113.9 ",
        "message repeated 2 times: [ IN=eth0 OUT= SRC=203.0.113.9 ]",
    ),
    *(
        "warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: x, sasl_username=jmeyer",
        "%ASA-6-302013: Built",
    ),
    *(
        "audit: type=1400 audit(1363782206.824:37): apparmor",
        "SYSCALL arch=c000003e syscall=59",
        "",
        "ä ö\n\x01",
        "x" * 9000,
    ),
]
_TEXT = st.one_of(
    st.sampled_from(["0", "7", "99", "12345", "123456789012345678", "9" * 19, "9" * 20, "٣", "x", ""]),
    st.text(max_size=5),
)
_ANY = st.one_of(
    _TEXT,
    st.none(),
    st.just(["a", "b"]),
    st.just([104, 105]),
    st.just([255]),
    st.just([]),
    st.integers(),
    st.just({"a": 1}),
)


def _mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, usual, _ANY)


_ENTRIES = st.fixed_dictionaries(
    {
        "__REALTIME_TIMESTAMP": _mostly(
            st.sampled_from(["1763785140000000", "1763785140000001", "0", "9" * 17, "8" * 18])
        ),
        "MESSAGE": _mostly(st.sampled_from(_MESSAGES)),
        "SYSLOG_IDENTIFIER": _mostly(st.sampled_from(_PROGRAMS)),
    },
    optional={
        "__CURSOR": _mostly(st.sampled_from([f"s={'a' * 32};i=ff;b=x", "s=1;i=2", "ä"])),
        "_HOSTNAME": _mostly(st.sampled_from(["web01", "db01", ""])),
        "_COMM": _mostly(st.sampled_from(["sshd", "cron"])),
        "_PID": _mostly(st.sampled_from(["7", "4000000"])),
        "SYSLOG_PID": _TEXT,
        "PRIORITY": _mostly(st.sampled_from(["6", "4", "9"])),
        "SYSLOG_FACILITY": _mostly(st.sampled_from(["10", "3", "99"])),
        "_TRANSPORT": st.sampled_from(["syslog", "audit", "kernel"]),
        "_AUDIT_ID": st.just("37"),
        "__SEQNUM": st.just("5"),
        "reason": _TEXT,
        "key": _ANY,
    },
)
_LINES = st.one_of(
    *[_ENTRIES.map(json.dumps)] * 8,
    st.sampled_from(["", " ", "no JSON", "[]", '{"MESSAGE": "\\ud800"}', "{}", '{"A": "' + "x" * 3000 + '"}']),
)


def _as_journald_writes(entry: dict[str, Any]) -> str:
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False)


# Entries with the same fields in the same order: these are cut into columns together.
_CURSORS = [f"s={'a' * 32};i=ff;b=x", f"s={'0' * 32};i={'f' * 15};", f"s={'0' * 32};i={'f' * 16};", "s=1;i=2", "ä", ""]
_ALIKE = st.fixed_dictionaries(
    {
        "__CURSOR": st.one_of(
            st.just(_CURSORS[0]), st.sampled_from([*_CURSORS, f"s={'g' * 32};i=1;", _CURSORS[0][:-4]])
        ),
        "__REALTIME_TIMESTAMP": st.sampled_from(["1763785140000000", "1763785140000001", "0", "9" * 17, "x", ""]),
        "reason": _TEXT,
        "_HOSTNAME": st.sampled_from(["web01", "db01", ""]),
        "PRIORITY": st.sampled_from(["6", "4", "4", "9", "99999"]),
        "SYSLOG_IDENTIFIER": st.sampled_from(_PROGRAMS),
        "_PID": st.sampled_from(["7", "7", "4000000", "", "-1"]),
        "MESSAGE": st.one_of(
            st.sampled_from(_MESSAGES), st.sampled_from(['a "b" c', "C:\\d", "\\u0041", "\ud800", "x"])
        ),
        "_COMM": st.sampled_from(["sshd", "cron\u2028"]),
    }
)


def _rows(batches: list[Batch]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for batch in batches:
        rows.setdefault(batch.dataset, []).extend(batch.table.to_pylist())
    return {name: sorted(found, key=lambda row: int(row["record_number"])) for name, found in rows.items()}


def _same(text: bytes, rows: int, host: str = "") -> None:
    segment = make_segment("journald-json", text, host=host)
    plain = Batches(segment)
    read = [
        plain.add(record) for record in read_records(parser_for("journald-json"), segment, io.BytesIO(text), _LIMITS)
    ]
    found = list(parse(segment, io.BytesIO(text), _LIMITS, batch_rows=rows))
    assert all(0 < batch.table.num_rows <= rows for batch in found)
    assert _rows(found) == _rows([*filter(None, read), *plain.rest()])


@settings(max_examples=120, deadline=None)
@given(
    lines=st.lists(_LINES, max_size=30),
    repeated=st.integers(1, 4),
    rows=st.sampled_from([1, 3, 16, 8192]),
    host=st.sampled_from(["", "own"]),
)
def test_blocks_and_entries_give_the_same_rows(lines: list[str], repeated: int, rows: int, host: str) -> None:
    _same("".join(f"{line}\n" for line in lines * repeated).encode(), rows, host)


@settings(max_examples=80, deadline=None)
@given(
    entries=st.lists(_ALIKE, min_size=4, max_size=24),
    others=st.lists(_LINES, max_size=4),
    transport=st.sampled_from(
        [{}, {"_TRANSPORT": "syslog"}, {"_TRANSPORT": "audit", "__SEQNUM_ID": "a"}, {"__SEQNUM": ""}]
    ),
    rows=st.sampled_from([1, 7, 8192]),
    host=st.sampled_from(["", "own"]),
)
def test_entries_with_the_same_fields_give_the_same_rows(
    entries: list[dict[str, str]], others: list[str], transport: dict[str, str], rows: int, host: str
) -> None:
    lines = [_as_journald_writes(entry | transport) for entry in entries]
    for place, other in enumerate(others):
        lines.insert(place * 5, other)
    _same("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"), rows, host)
    _same("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass"), rows, host)


def test_names_of_the_same_lengths_are_told_apart() -> None:
    lines = [
        f'{{"MESSAGE":"m{count}","SYSLOG_IDENTIFIER":"x","__REALTIME_TIMESTAMP":"1763785140000000","{name}":"1"}}\n'
        for name in ("AB", "CD", "AB", "MESSAGE")
        for count in range(5)
    ]
    _same("".join(lines).encode(), 8192)
