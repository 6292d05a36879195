"""Audit events: records that tell about each other, in any order, across the end of a segment, in bounded memory."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachwatch.parse.auditd import events as auditd_events
from tests.unit.parse.support import parsed


def execve(serial: int, command: str = "cat /etc/shadow", *, success: str = "yes") -> list[str]:
    head = f"msg=audit(1795336500.123:{serial}):"
    words = command.split(" ")
    arguments = " ".join(f'a{number}="{word}"' for number, word in enumerate(words))
    call = (
        f"type=SYSCALL {head} arch=c000003e syscall=59 success={success} exit=0 a0=1 ppid=10 pid=11 auid=1000 uid=0 "
        f'ses=3 comm="{words[0]}" exe="/usr/bin/{words[0]}" key="commands"'
    )
    return [
        call,
        f"type=EXECVE {head} argc={len(words)} {arguments}",
        f'type=CWD {head} cwd="/root"',
        f'type=PATH {head} item=0 name="/usr/bin/{words[0]}" nametype=NORMAL',
        f"type=PROCTITLE {head} proctitle={command.replace(' ', chr(0)).encode().hex().upper()}",
        f"type=EOE {head} ",
    ]


def call(serial: int, name: int, *records: str, success: str = "yes", exit_: str = "0") -> list[str]:
    head = f"msg=audit(1795336500.123:{serial}):"
    first = (
        f"type=SYSCALL {head} arch=c000003e syscall={name} success={success} exit={exit_} ppid=10 pid=11 uid=33 "
        'auid=4294967295 comm="sh" exe="/usr/bin/dash" key=(null)'
    )
    return [first, *(record.replace("HEAD", head) for record in records)]


def rows(lines: list[str], **segment: Any) -> list[dict[str, Any]]:
    result = parsed("auditd", "\n".join(lines).encode() + b"\n", **segment)
    assert len(result.events) + len(result.rejects) == len(lines)
    assert not result.rejects
    return result.events


def deeds(lines: list[str]) -> list[dict[str, Any]]:
    return [row for row in rows(lines) if "action" in row]


def test_a_started_process_is_one_row_with_all_that_is_known() -> None:
    (row,) = deeds(execve(1))
    assert (row["type"], row["action"]) == ("SYSCALL", "process-started")
    assert (row["Image"], row["CommandLine"]) == ("/usr/bin/cat", "cat /etc/shadow")
    assert (row["CurrentDirectory"], row["User"], row["key"]) == ("/root", "root", "commands")


def test_records_keep_their_own_fields_and_place() -> None:
    found = rows(execve(1))
    assert [row["type"] for row in found] == ["SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE", "EOE"]
    assert [row["record_number"] for row in found] == [1, 2, 3, 4, 5, 6]
    assert [row["process_id"] for row in found] == [11] * 6
    assert ["CommandLine" in row for row in found] == [True, True, False, False, False, False]
    assert "exe" not in found[1]  # a rule for exe finds the event once, at its SYSCALL
    assert found[1]["Image"] == "/usr/bin/cat"


def test_a_program_that_could_not_be_started_is_none() -> None:
    assert deeds(execve(1, success="no")) == []


def test_without_arguments_the_title_is_the_command() -> None:
    lines = [line for line in execve(1) if not line.startswith("type=EXECVE")]
    assert deeds(lines)[0]["CommandLine"] == "cat /etc/shadow"


def test_an_event_cut_by_the_end_of_a_segment_is_found_on_both_sides() -> None:
    lines = execve(1)
    (before,) = deeds(lines[:1])
    (after,) = deeds(lines[1:])
    assert (before["type"], before["Image"]) == ("SYSCALL", "/usr/bin/cat")
    assert "CommandLine" not in before
    assert (after["type"], after["CommandLine"]) == ("EXECVE", "cat /etc/shadow")
    assert after["CurrentDirectory"] == "/root"


def test_files_made_and_removed() -> None:
    made, removed = deeds(
        call(
            1,
            82,  # rename
            'type=CWD HEAD cwd="/etc/cron.d"',
            'type=PATH HEAD item=0 name="." nametype=PARENT',
            'type=PATH HEAD item=1 name="../cron.d/./new" nametype=CREATE',
            'type=PATH HEAD item=2 name="/tmp/old" objtype=DELETE',
        )
    )
    assert (made["action"], made["TargetFilename"]) == ("file-created", "/etc/cron.d/new")
    assert (removed["action"], removed["TargetFilename"]) == ("file-deleted", "/tmp/old")
    assert (made["Image"], made["User"], made["name"]) == ("/usr/bin/dash", "33", "../cron.d/./new")


def test_a_file_that_could_not_be_made_is_none() -> None:
    assert deeds(call(1, 257, 'type=PATH HEAD item=1 name="/etc/x" nametype=CREATE', success="no")) == []


SADDR = "type=SOCKADDR HEAD saddr=020001BBCB0071090000000000000000"


def test_connections_outward() -> None:
    (row,) = deeds(call(1, 42, SADDR, success="no", exit_="-115"))  # in progress: no failure
    assert (row["type"], row["action"], row["Initiated"]) == ("SOCKADDR", "connection-started", "true")
    assert (row["DestinationIp"], row["DestinationPort"], row["Image"]) == ("203.0.113.9", "443", "/usr/bin/dash")
    assert "source_ip" not in row


def test_connections_inward_come_from_the_address() -> None:
    (row,) = deeds(call(1, 288, SADDR))
    assert (row["action"], row["Initiated"], row["source_ip"]) == ("connection", "false", "203.0.113.9")
    assert (row["SourceIp"], row["SourcePort"]) == ("203.0.113.9", "443")
    assert "DestinationIp" not in row


@pytest.mark.parametrize("number", [49, 51])  # bind, getsockname
def test_other_uses_of_an_address_are_no_connections(number: int) -> None:
    assert deeds(call(1, number, SADDR)) == []


def test_refused_connections_are_none() -> None:
    assert deeds(call(1, 42, SADDR, success="no", exit_="-111")) == []


def test_a_sign_in_by_number_gets_the_name_of_the_steps_before_it() -> None:
    head = "pid=812 uid=0 auid=1000 ses=3"
    lines = [
        f"type=USER_ACCT msg=audit(1.0:1): {head} msg='op=PAM:accounting acct=\"jmeyer\" res=success'",
        f"type=USER_LOGIN msg=audit(1.0:2): {head} msg='op=login id=1000 addr=203.0.113.9 res=success'",
        f"type=USER_LOGIN msg=audit(1.0:3): {head.replace('812', '813')} msg='op=login id=1000 res=success'",
    ]
    assert [row.get("user") for row in rows(lines)] == ["jmeyer", "jmeyer", None]


def test_events_of_two_hosts_with_one_serial_stay_apart() -> None:
    lines = [f"node={host} {line}" for host in ("a", "b") for line in execve(1, f"{host}cmd x")]
    lines.sort(key=lambda line: line.split(" ")[1])
    assert sorted((row["host"], row["CommandLine"]) for row in deeds(lines)) == [("a", "acmd x"), ("b", "bcmd x")]


def test_records_far_apart_are_not_joined_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditd_events, "WINDOW", 5)
    first, second = execve(1)[:2]
    between = [line for serial in range(2, 8) for line in execve(serial)[:1]]
    found = deeds([first, *between, second])
    assert [row["type"] for row in found] == ["SYSCALL"] * 7 + ["EXECVE"]
    assert "CommandLine" not in found[0]
    assert [row["record_number"] for row in found] == list(range(1, 9))


@given(seed=st.integers(0, 2**32), events=st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_the_order_of_records_does_not_matter(seed: int, events: int) -> None:
    lines = [line for serial in range(events) for line in execve(serial, f"cmd{serial} --x {serial}")]
    random.Random(seed).shuffle(lines)
    found = {row["audit_id"]: row for row in deeds(lines)}
    assert len(found) == events
    assert {row["CommandLine"] for row in found.values()} == {f"cmd{n} --x {n}" for n in range(events)}


def _joined(folder: Path, name: str) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    result = parsed("auditd", (folder / name).read_bytes())
    assert not result.rejects
    joined = ("action", "Image", "CommandLine", "CurrentDirectory", "User", "DestinationIp")
    return {
        (row["audit_id"], row["type"], row.get("item", "")): tuple(row.get(name) for name in joined)
        for row in result.events
    }


def test_real_records_out_of_order_are_joined_alike(shared_logs: Path) -> None:
    folder = shared_logs / "linux-auditd" / "go-libaudit" / "reassembly"
    normal = _joined(folder, "normal.log")
    assert _joined(folder, "out_of_order.log") == normal
    assert normal["1492037291.036:59", "SYSCALL", ""] == (
        *("process-started", "/usr/bin/grep", "grep --color=auto mapping", "/home/andrew_kroh", "1000", None),
    )
    assert normal["1492037289.295:58", "SOCKADDR", ""][0] == "connection-started"
    for name in ("lost_messages.log", "rollover.log"):
        assert _joined(folder, name)


def test_real_records_of_anomalies_and_refusals(shared_logs: Path) -> None:
    text = (shared_logs / "linux-auditd" / "wazuh-ruleset" / "auditd.ini").read_text(encoding="utf-8")
    lines = re.findall(r"^log \d+ pass = (.*)$", text, re.MULTILINE)
    found = rows(lines)
    assert {row["dataset"] for row in found} == {"linux.auditd"}
    assert [row["type"] for row in found] == [re.search(r"type=(\w+)", line)[1] for line in lines]  # type: ignore[index]
    assert next(row for row in found if row["type"] == "AVC")["outcome"] == "failure"
    assert found[-1]["host"] == "localhost"
