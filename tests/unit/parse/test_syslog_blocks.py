"""Syslog read in blocks gives the same rows, column by column, as syslog read line by line."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breachwatch.model.formats import HEAD_BYTES, recognise
from breachwatch.model.segment import Segment
from breachwatch.parse.batches import Batches
from breachwatch.parse.driver import parse, read_records
from breachwatch.parse.programs.dispatch import read_message, reader_of
from breachwatch.parse.registry import parser_for
from breachwatch.parse.screens import BY_MESSAGE_ALONE, NEEDED_WORDS
from breachwatch.parse.syslog_block import line_bounds
from breachwatch.parse.syslog_times import years_of
from breachwatch.parse.syslogtime import SyslogClock
from breachwatch.settings import Limits

_ZONE = "America/Chicago"
_LIMITS = Limits(record_bytes=1024, segment_bytes=65_536)


def _segment(text: bytes, modified_at: datetime = datetime(2026, 11, 20, 3, tzinfo=UTC)) -> Segment:
    planned = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    size = len(text)
    return Segment("s" * 32, "web", "f" * 32, "p", "syslog", 70, 70 + size, 7, modified_at, planned, _ZONE, "own", 0)


def _by_dataset(batches: list[tuple[str, pa.Table]]) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {}
    for name, table in batches:
        parts.setdefault(name, []).append(table)
    return {name: pa.concat_tables(tables).combine_chunks().sort_by("record_number") for name, tables in parts.items()}


def _line_by_line(text: bytes, limits: Limits) -> dict[str, pa.Table]:
    segment = _segment(text)
    batches = Batches(segment)
    found = []
    for record in read_records(parser_for("syslog"), segment, io.BytesIO(text), limits):
        batch = batches.add(record)
        found.extend([batch] if batch is not None else [])
    return _by_dataset([(batch.dataset, batch.table) for batch in (*found, *batches.rest())])


def _in_blocks(text: bytes, limits: Limits, rows: int) -> dict[str, pa.Table]:
    found = [(batch.dataset, batch.table) for batch in parse(_segment(text), io.BytesIO(text), limits, batch_rows=rows)]
    assert all(0 < table.num_rows <= rows for _, table in found)
    return _by_dataset(found)


def _same(text: bytes, limits: Limits, rows: int) -> None:
    expected, found = _line_by_line(text, limits), _in_blocks(text, limits, rows)
    assert found.keys() == expected.keys()
    for name, table in expected.items():
        for column in table.column_names:
            assert found[name][column].to_pylist() == table[column].to_pylist(), (name, column)


_TIMES = st.sampled_from(
    [
        *(
            "Nov 20 22:15:00",
            "Nov 20 22:15:59",
            "Nov 20 22:15:60",
            "Nov  1 01:30:00",
            "Nov  1 01:05:00",
            "Dec 31 23:59:59",
        ),
        *(
            "Jan  1 00:00:01",
            "Feb 29 10:00:00",
            "Feb 30 10:00:00",
            "Foo 20 10:00:00",
            "Nov 20 25:00:00",
            "Mar  8 02:30:00",
        ),
        *(
            "2026-11-22T04:15:00.123456-06:00",
            "2026-11-22T04:15:00Z",
            "2026-11-22T04:15:00+05:30",
            "2026-02-30T00:00:00Z",
        ),
        *(
            "2026-11-22T04:15:00.123Z",
            "2026-11-22T04:15:60Z",
            "2026-11-22T04:15:00",
            "2026-11-22 04:15:00",
            "Nov 5 1:02:03",
        ),
        *(
            "1960-01-01T00:00:00Z",
            "2300-01-01T00:00:00Z",
            "2026-11-22T04:15:00.5-06:00",
            "<38>Nov 20 22:15:00",
            "",
            "x",
        ),
    ]
)
_TAGS = st.sampled_from(
    [
        *(
            "sshd[7192]: ",
            "sshd: ",
            "CRON[1]: ",
            "sudo: ",
            "kernel: ",
            "postfix/smtpd[12]: ",
            "systemd[1]: ",
            "app: ",
            "app[x]: ",
        ),
        *(
            "app[]: ",
            "app[12345678901234567890]: ",
            "app[999999999999999999]: ",
            "app:",
            "app",
            "(systemd)[3]: ",
            "%ASA-6-1: ",
        ),
        *(
            "sshd(pam_unix)[2]: ",
            "openvpn[5]: ",
            "audispd: ",
            "dhcpd[4]: ",
            "ä[3]: ",
            f"{'p' * 128}: ",
            f"{'p' * 129}: ",
            "last ",
        ),
    ]
)
_MESSAGES = st.sampled_from(
    [
        "Accepted publickey for jmeyer from 10.0.0.1 port 40022 ssh2: ED25519 SHA256:abc",
        "Failed password for invalid user root from 203.0.113.9 port 99999 ssh2",
        "pam_unix(sshd:session): session opened for user jmeyer(uid=1000) by (uid=0)",
        *(
            "message repeated 3 times: [ Failed password for root from 203.0.113.9 port 4 ssh2]",
            "last message repeated 2 times",
        ),
        *(
            "--- last message repeated 4 times ---",
            "(root) CMD (true)",
            "%ASA-6-302013: Built",
            "",
            " ",
            "ä ö",
            "\udcff",
        ),
        "jmeyer : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
        "[1.5] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=192.0.2.7 LEN=40 PROTO=TCP SPT=1 DPT=23 SYN",
        "[ 77.123] [UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.77 LEN=60 SPT=99999 DPT=22",
        "[1.5] % x IN=eth0 OUT= SRC=203.0.113.9 ",
        "[1.5] [2.5] IN=eth0 OUT= SRC=203.0.113.9 ",
        "[1.5] pam_unix(sshd:session): IN=eth0 OUT= SRC=203.0.113.9 ",
        "message repeated 2 times: [ IN=eth0 OUT= SRC=203.0.113.9 ]",
        "warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: x, sasl_username=jmeyer",
        "AUTH-PAM: BACKGROUND: user 'jmeyer' failed to authenticate: Authentication failure",
        "203.0.113.9:40022 TLS Auth Error: Auth Username/Password verification failed for peer",
        'type=SYSCALL msg=audit(1363782206.824:37): arch=c000003e syscall=59 success=yes exit=0 uid=0 exe="/bin/ls"',
        'type=EXECVE msg=audit(1363782206.824:37): argc=1 a0="ls"',
        *(
            "date=2026-11-22 time=04:15:00 devname=fw logid=1",
            "x" * 1000,
            "y" * 1100,
            "pam_unix(",
            "New session 4 of user root.",
        ),
    ]
)
_HOSTS = st.sampled_from(["web01", "db01", "fe80::1", "h[1]", "date=x", "host\u00e4", "-"])
_LINES = st.one_of(
    st.tuples(_TIMES, _HOSTS, _TAGS, _MESSAGES).map(lambda parts: f"{parts[0]} {parts[1]} {parts[2]}{parts[3]}"),
    st.sampled_from(["", " ", "\t", "no syslog at all", "\ufeffNov 20 22:15:00 web01 app: x", "<34>1 - - - - - -"]),
)
_ENDINGS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", "\r\r\n"])


@settings(max_examples=80, deadline=None)
@given(
    lines=st.lists(st.tuples(_LINES, _ENDINGS), max_size=40),
    rows=st.sampled_from([1, 3, 16, 8192]),
    last=st.sampled_from(["", "Nov 20 22:15:09 web01 app: no line feed", "Nov 20 22:15:09 web01 app: returned\r", " "]),
)
@example(lines=[], rows=3, last="")
def test_blocks_and_lines_give_the_same_rows(lines: list[tuple[str, str]], rows: int, last: str) -> None:
    text = "".join(line + ending for line, ending in lines) + last
    _same(text.encode("utf-8", "surrogateescape"), _LIMITS, rows)


@settings(max_examples=40, deadline=None)
@given(text=st.binary(max_size=300), rows=st.sampled_from([1, 4, 64]))
def test_any_bytes_give_the_same_rows(text: bytes, rows: int) -> None:
    _same(text.replace(b"\x07", b"\n"), _LIMITS, rows)


@pytest.mark.parametrize("folder", ["linux", "network"])
def test_real_logs_give_the_same_rows(shared_logs: Path, folder: str) -> None:
    texts = [path.read_bytes()[:200_000] for path in sorted(shared_logs.glob(f"**/{folder}*/**/*")) if path.is_file()]
    logs = [text for text in texts if (form := recognise(text[:HEAD_BYTES])) is not None and form.name == "syslog"]
    for text in logs[:20]:
        _same(text, Limits(), 512)


def test_messages_without_the_needed_words_mean_nothing_to_their_parser() -> None:
    programs = {
        "postfix/smtpd": "connect from mail.example[203.0.113.9]",
        "kernel": "EXT4-fs (dm-1): re-mounted",
        "ufw": "x",
    }
    for program, message in programs.items():
        reader, service, default = reader_of(program)
        assert reader in NEEDED_WORDS
        assert service is None
        values: dict[str, object] = {}
        extra: dict[str, object] = {}
        assert read_message(program, message, values, extra) == default
        assert values == extra == {}


def test_parsers_that_look_at_the_message_alone_give_the_same_beside_other_values() -> None:
    messages = {
        "sshd": "Failed password for root from 203.0.113.9 port 4 ssh2",
        "cron": "(root) CMD (true)",
        "sudo": "jmeyer : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
        "systemd-logind": "New session 4 of user root.",
    }
    for program, message in messages.items():
        assert reader_of(program)[0] in BY_MESSAGE_ALONE
        alone: dict[str, object] = {}
        beside: dict[str, object] = {"time": datetime(2026, 11, 22), "time_text": "2026", "host": "h", "program": "p"}  # noqa: DTZ001
        known = dict(beside)
        assert read_message(program, message, alone, {}) == read_message(program, message, beside, {})
        assert beside == known | alone


_DAYS = st.sampled_from(
    [
        *(
            "Dec 31 23:59:59 web a: b",
            "Dec  1 00:00:00 web a: b",
            "Jan  1 00:00:01 web a: b",
            "Feb 29 10:00:00 web a: b",
        ),
        *("<38>Jan  2 00:00:01 web a: b", "<38> Jan 02 00:00:01", " Nov  3 00:00:01 x", "Foo  3 00:00:01 x", "Nov  3"),
        *("2026-11-22T04:15:00Z web a: b", "Mar" + " " * 80 + "3 00:00:01 x", "Apr 31 00:00:01.5 x", "", "\r", "Jun 0"),
        *("<1234>Jan  2 00:00:01 x", "Jul   4 00:00:01 x", "Aug 11 99:99:99 x", "x" * 70 + "Jan  1 00:00:01 x"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.tuples(_DAYS, st.integers(1, 9)), max_size=30), ending=st.sampled_from(["", "\n", "\r\n"]))
def test_the_years_of_a_segment_are_found_as_line_by_line(lines: list[tuple[str, int]], ending: str) -> None:
    text = ("\n".join(line for line, times in lines for _ in range(times)) + ending).encode()
    slow, quick = (SyslogClock(datetime(2026, 11, 20, 3, tzinfo=UTC), _ZONE) for _ in range(2))
    slow.look_ahead(io.BytesIO(text))
    quick.settle(years_of(text, *line_bounds(text)))
    assert quick._base_year == slow._base_year
