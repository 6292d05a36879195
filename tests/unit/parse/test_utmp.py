"""utmp, wtmp and btmp, checked against the output of utmpdump where it is at hand."""

from __future__ import annotations

import ipaddress
import re
import struct
from datetime import datetime
from pathlib import Path

import pytest

from tests.unit.parse.support import one_event, parsed


def record(
    kind: int, *, user: bytes = b"jmeyer", host: bytes = b"", address: bytes = b"", line: bytes = b"pts/0"
) -> bytes:
    fields = (kind, 812, line, b"ts/0", user, host, 0, 0, 7, 1795342500, 250_000, address)
    return struct.pack("<h2xi32s4s32s256shhiII16s20x", *fields)


def test_a_session_is_a_successful_sign_in() -> None:
    event = one_event(
        "utmp", record(7, host=b"203.0.113.9", address=bytes([203, 0, 113, 9])), path="/var/log/wtmp", host="web01"
    )
    assert (event["action"], event["outcome"], event["user"]) == ("logon", "success", "jmeyer")
    assert (event["record_type"], event["tty"], event["terminal_id"]) == ("USER_PROCESS", "pts/0", "ts/0")
    assert (event["source_ip"], event["session_id"], event["process_id"]) == ("203.0.113.9", "7", 812)
    assert event["time"] == datetime(2026, 11, 22, 10, 15, 0, 250_000)  # noqa: DTZ001
    assert event["host"] == "web01"
    assert event["message"] == "USER_PROCESS jmeyer pts/0 203.0.113.9"


def test_a_record_in_btmp_is_a_failed_sign_in() -> None:
    event = one_event("utmp", record(6, host=b"scanner.example"), path="/var/log/btmp.1")
    assert (event["action"], event["outcome"], event["user"]) == ("logon", "failure", "jmeyer")
    assert event["extra"] == {"source_host": "scanner.example"}


@pytest.mark.parametrize(
    ("kind", "action"),
    [(2, "system-started"), (8, "logoff"), (6, None), (5, None), (0, None), (1, None)],
)
def test_other_records_are_no_sign_ins(kind: int, action: str | None) -> None:
    assert one_event("utmp", record(kind), path="/var/log/wtmp").get("action") == action


@pytest.mark.parametrize(
    ("address", "host", "expected"),
    [
        ("2001:db8::5", "2001:db8::5", "2001:db8::5"),
        ("1337:1::", "1337:1::", "1337:1::"),  # ends in zeros like an IPv4 address does; its name tells
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("::", "", None),
    ],
)
def test_addresses(address: str, host: str, expected: str | None) -> None:
    event = one_event("utmp", record(7, host=host.encode(), address=ipaddress.IPv6Address(address).packed))
    assert event.get("source_ip") == expected


def test_unknown_types_and_cut_records_are_rejects() -> None:
    result = parsed("utmp", record(7) + record(77) + record(8)[:100], start=3840, first_record=11)
    assert [event["record_number"] for event in result.events] == [11]
    assert [(reject["record_number"], reject["byte_offset"], reject["byte_length"]) for reject in result.rejects] == [
        (12, 4224, 384),
        (13, 4608, 100),
    ]


# Written by a 64-bit little-endian glibc; the rest of the folder is lastlog and an archive.
FILES = {
    "dissect.target/btmp/btmp-ipv6": 6,
    "dissect.target/wtmp/wtmp-ipv6": 13,
    "plaso/utmp": 14,
    "plaso/utmp_x86_64": 6,
    "plaso/wtmp.1": 4,
    "velociraptor/wtmp.1": 26,
}
_DUMPED = re.compile(
    r"\[(\d)\] \[(\d+)\] \[(.{4})\] \[(.{8,}?)\] \[(.{12,}?)\] \[(.{20,}?)\] \[(\S+) *\] \[(\S+),(\d{6})\+00:00\]"
)


@pytest.mark.parametrize("name", FILES)
def test_records_are_what_utmpdump_says(shared_logs: Path, name: str) -> None:
    truth = (shared_logs / "_truth/utmpdump.txt").read_text(encoding="utf-8").split("## ")
    dumped = next(part for part in truth if part.startswith(f"utmp/{name}\n")).splitlines()[1:]
    result = parsed("utmp", (shared_logs / "utmp" / name).read_bytes(), path=name)
    lines = [found for found in map(_DUMPED.match, dumped) if found]
    assert len(result.events) == len(lines) == FILES[name]
    for event, line in zip(result.events, lines, strict=True):
        kind, pid, ident, user, tty, host, address, second, micros = line.groups()
        types = (
            "EMPTY",
            "RUN_LVL",
            "BOOT_TIME",
            "NEW_TIME",
            "OLD_TIME",
            "INIT_PROCESS",
            "LOGIN_PROCESS",
            "USER_PROCESS",
        )
        assert event["record_type"] == (*types, "DEAD_PROCESS")[int(kind)]
        assert event["process_id"] == int(pid)
        assert event.get("terminal_id", "").strip() == ident.strip()
        assert event.get("user", "") == user.strip()
        assert event.get("tty", "") == tty.strip()
        moment = datetime.fromisoformat(second).replace(microsecond=int(micros))
        assert event.get("time", datetime(1970, 1, 1)) == moment  # noqa: DTZ001
        if ":" in host.strip() and not host.startswith(":"):
            assert event["source_ip"] == host.strip()  # utmpdump shows 1337:1:: as the IPv4 address 19.55.0.1
        else:
            assert event.get("source_ip", "0.0.0.0") == address


def test_a_real_lastlog(shared_logs: Path) -> None:
    data = (shared_logs / "utmp/dissect.target/lastlog/lastlog").read_bytes()
    slots = [data[at : at + 292] for at in range(0, len(data), 292)]
    expected = [
        (number, int.from_bytes(slot[:4], "little"), slot[4:36].rstrip(b"\0").decode())
        for number, slot in enumerate(slots)
        if any(slot)
    ]
    found = parsed("lastlog", data)
    assert found.rejects == []
    assert [(event["extra"]["uid"], int(event["time_text"]), event["tty"]) for event in found.events] == expected
    assert len(expected) == 3
    assert all("action" not in event for event in found.events)
